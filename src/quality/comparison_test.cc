#include "quality/comparison.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace anabranch::quality {
namespace {

class Comparison : public ::testing::Test {
 protected:
  Comparison() : database_(sql::Database::open({}).value()), session_(database_->connect().value()) {}

  // Rows of one or more columns as `VALUES` lists, cast to types.
  ComparedRows compare(const std::string& expected, const std::string& actual,
                       const std::vector<std::string>& types, double tolerance = tolerance_of_sums) {
    const auto relation = [&](const std::string& values) {
      std::string casts, columns;
      for (size_t i = 0; i < types.size(); ++i) {
        casts += fmt::format("{}c{}::{} AS c{}", i ? ", " : "", i, types[i], i);
        columns += fmt::format("{}c{}", i ? ", " : "", i);
      }
      return fmt::format("(SELECT {} FROM (VALUES {}) AS v({}))", casts, values, columns);
    };
    auto compared = compare_rows(session_, relation(expected), relation(actual),
                                 std::vector<std::string>(types.size(), "name"), types, tolerance);
    EXPECT_TRUE(compared) << compared.error().describe();
    return compared ? std::move(*compared) : ComparedRows{};
  }
  bool is_equal(const std::string& expected, const std::string& actual, const std::vector<std::string>& types,
                double tolerance = tolerance_of_sums) {
    return compare(expected, actual, types, tolerance).different_rows == 0;
  }

  std::unique_ptr<sql::Database> database_;
  sql::Session session_;
};

TEST_F(Comparison, TakesRowsInAnyOrderAndEachAsOftenAsItIsThere) {
  EXPECT_TRUE(is_equal("(1), (2), (2), (NULL)", "(2), (NULL), (1), (2)", {"INTEGER"}));
  EXPECT_FALSE(is_equal("(1), (2), (2)", "(1), (1), (2)", {"INTEGER"}));
  EXPECT_FALSE(is_equal("(1), (2)", "(1)", {"INTEGER"}));
  EXPECT_FALSE(is_equal("(1)", "(1), (NULL)", {"INTEGER"}));
}

TEST_F(Comparison, KnowsNoToleranceForWhatIsExact) {
  EXPECT_FALSE(is_equal("(9223372036854775807)", "(9223372036854775806)", {"BIGINT"}));
  EXPECT_FALSE(is_equal("('1.0000000001')", "('1.0000000002')", {"DECIMAL(20,10)"}));
  EXPECT_FALSE(is_equal("('2013-01-01 00:00:00.000001')", "('2013-01-01')", {"TIMESTAMP"}));
  EXPECT_FALSE(is_equal("('a')", "('A')", {"VARCHAR"}));
  EXPECT_FALSE(is_equal("(1.0)", "(1.0000000000000002)", {"DOUBLE"}, exact))
      << "rows that are not aggregated";
}

TEST_F(Comparison, KnowsAToleranceForDoubles) {
  EXPECT_TRUE(is_equal("(1.0)", "(1.0000000005)", {"DOUBLE"}));
  EXPECT_FALSE(is_equal("(1.0)", "(1.000000002)", {"DOUBLE"}));
  EXPECT_TRUE(is_equal("(1e300)", "(1.0000000005e300)", {"DOUBLE"}));
  EXPECT_FALSE(is_equal("(1e300)", "(1.000000002e300)", {"DOUBLE"}));
  EXPECT_TRUE(is_equal("(0.0)", "(1e-10)", {"DOUBLE"}));
  EXPECT_FALSE(is_equal("(0.0)", "(1e-8)", {"DOUBLE"}));
  EXPECT_TRUE(is_equal("(-2.0000000067501236)", "(-2.0)", {"DOUBLE"}, tolerance_of_powers));
  EXPECT_FALSE(is_equal("(-2.00001)", "(-2.0)", {"DOUBLE"}, tolerance_of_powers));
  EXPECT_TRUE(is_equal("(0.0)", "(-0.0)", {"DOUBLE"}, exact));
}

TEST_F(Comparison, TakesNanForNanOnlyAndAnInfinityForItself) {
  EXPECT_TRUE(is_equal("('nan'), ('inf'), ('-inf')", "('-inf'), ('nan'), ('inf')", {"DOUBLE"}));
  EXPECT_FALSE(is_equal("('nan')", "(1)", {"DOUBLE"}));
  EXPECT_FALSE(is_equal("('inf')", "('nan')", {"DOUBLE"}));
  EXPECT_FALSE(is_equal("('inf')", "('-inf')", {"DOUBLE"}));
  EXPECT_FALSE(is_equal("('inf')", "(1.7e308)", {"DOUBLE"}));
  EXPECT_FALSE(is_equal("('nan')", "(NULL)", {"DOUBLE"}));
  EXPECT_FALSE(is_equal("('nan')", "('inf')", {"FLOAT"}));
}

TEST_F(Comparison, LooksIntoNestedValues) {
  EXPECT_TRUE(is_equal("([1.0, NULL, 2.0])", "([1.0, NULL, 2.0000000001])", {"DOUBLE[]"}));
  EXPECT_FALSE(is_equal("([1.0, NULL, 2.0])", "([1.0, 2.0, NULL])", {"DOUBLE[]"}));
  EXPECT_FALSE(is_equal("([1.0, 2.0])", "([1.0, 2.0, 3.0])", {"DOUBLE[]"}));
  EXPECT_FALSE(is_equal("([1.0, 'nan'::DOUBLE])", "([1.0, 2.0])", {"DOUBLE[]"}));
  EXPECT_TRUE(is_equal("([[1.0], [0.1]])", "([[1.0], [0.1000000000001]])", {"DOUBLE[][]"}));
  const std::string type = "STRUCT(\"a b\" BIGINT, \"c\" STRUCT(d DOUBLE, e VARCHAR)[])";
  EXPECT_TRUE(is_equal("({'a b': 1, 'c': [{'d': 0.1, 'e': 'x'}]})",
                       "({'a b': 1, 'c': [{'d': 0.10000000001, 'e': 'x'}]})", {type}));
  EXPECT_FALSE(
      is_equal("({'a b': 9007199254740993, 'c': []})", "({'a b': 9007199254740992, 'c': []})", {type}));
  EXPECT_FALSE(is_equal("({'a b': 1, 'c': [{'d': 0.1, 'e': 'x'}]})",
                        "({'a b': 1, 'c': [{'d': 0.1, 'e': 'y'}]})", {type}));
  EXPECT_TRUE(is_equal("(MAP {'k': 0.1})", "(MAP {'k': 0.10000000001})", {"MAP(VARCHAR, DOUBLE)"}));
  EXPECT_FALSE(is_equal("(MAP {'k': 0.1})", "(MAP {'l': 0.1})", {"MAP(VARCHAR, DOUBLE)"}));
}

TEST_F(Comparison, PairsRowsWhoseDoublesChangePlaces) {
  // In the order of their doubles the rows of a group are paired crosswise.
  EXPECT_TRUE(is_equal("(1, 1.0, 7.0), (1, 1.00000000001, 5.0)", "(1, 1.0, 5.0), (1, 1.00000000001, 7.0)",
                       {"INTEGER", "DOUBLE", "DOUBLE"}));
  EXPECT_FALSE(is_equal("(1, 1.0, 7.0), (1, 1.0, 5.0)", "(1, 1.0, 7.0), (1, 1.0, 7.0)",
                        {"INTEGER", "DOUBLE", "DOUBLE"}))
      << "each row counts once";
}

// By hand: of two doubles the larger one's size times 1e-9 is what they may differ by, and 1e-9 below 1.
TEST_F(Comparison, MeasuresByTheLargerOne) {
  EXPECT_TRUE(is_equal("(1000)", "(1000.0000009)", {"DOUBLE"})) << "0.9e-6 of 1e-6";
  EXPECT_FALSE(is_equal("(1000)", "(1000.0000011)", {"DOUBLE"})) << "1.1e-6 of 1e-6";
  EXPECT_TRUE(is_equal("(-1000)", "(-1000.0000009)", {"DOUBLE"}));
  EXPECT_TRUE(is_equal("(4e-10)", "(-4e-10)", {"DOUBLE"})) << "0.8e-9 around zero";
  EXPECT_FALSE(is_equal("(6e-10)", "(-6e-10)", {"DOUBLE"})) << "1.2e-9 around zero";
  EXPECT_FALSE(is_equal("(1)", "(-1)", {"DOUBLE"}));
  EXPECT_TRUE(is_equal("(0.5)", "(0.5000000009)", {"DOUBLE"})) << "absolute below 1";
  EXPECT_FALSE(is_equal("(0.5)", "(0.5000000011)", {"DOUBLE"}));
  EXPECT_TRUE(is_equal("(2000)", "(2000.0019)", {"DOUBLE"}, tolerance_of_powers)) << "1.9e-3 of 2e-3";
  EXPECT_FALSE(is_equal("(2000)", "(2000.0021)", {"DOUBLE"}, tolerance_of_powers));
  EXPECT_FALSE(is_equal("([1000.0], 1)", "([1000.0000011], 1)", {"DOUBLE[]", "INTEGER"}));
}

TEST_F(Comparison, HelpsNoColumnBesideADouble) {
  EXPECT_TRUE(is_equal("('a', 1.0)", "('a', 1.0000000005)", {"VARCHAR", "DOUBLE"}));
  EXPECT_FALSE(is_equal("('a', 1.0)", "('b', 1.0)", {"VARCHAR", "DOUBLE"}));
  EXPECT_FALSE(is_equal("(10, 1.0)", "(11, 1.0000000005)", {"BIGINT", "DOUBLE"}));
  EXPECT_FALSE(is_equal("(NULL, 1.0)", "('a', 1.0)", {"VARCHAR", "DOUBLE"}));
  EXPECT_TRUE(is_equal("(NULL, 1.0)", "(NULL, 1.0000000005)", {"VARCHAR", "DOUBLE"})) << "NULL is NULL";
}

TEST_F(Comparison, ShowsARowThatOneSideLacks) {
  const auto lost = compare("('a', 1), ('b', 2)", "('b', 2)", {"VARCHAR", "BIGINT"});
  EXPECT_EQ(lost.expected_rows, 2);
  EXPECT_EQ(lost.actual_rows, 1);
  EXPECT_EQ(lost.different_rows, 1);
  ASSERT_EQ(lost.differences.size(), 1u);
  EXPECT_EQ(lost.differences[0].expected->at(0), "a");
  EXPECT_FALSE(lost.differences[0].actual);
  const auto made_up = compare("(1)", "(1), (NULL)", {"BIGINT"});
  ASSERT_EQ(made_up.differences.size(), 1u);
  EXPECT_FALSE(made_up.differences[0].expected);
  EXPECT_EQ(made_up.differences[0].actual->at(0), std::nullopt) << "a row whose value is NULL";
}

TEST_F(Comparison, CountsAllDifferencesAndShowsTheFirst) {
  std::string rows;
  for (int i = 0; i < 25; ++i) rows += fmt::format("{}({})", i ? ", " : "", i);
  const auto compared = compare(rows, "(100)", {"BIGINT"});
  EXPECT_EQ(compared.expected_rows, 25);
  EXPECT_EQ(compared.actual_rows, 1);
  EXPECT_EQ(compared.different_rows, 26);
  ASSERT_EQ(compared.differences.size(), 10u);
  EXPECT_EQ(compared.differences[0].expected->at(0), "0");
  EXPECT_EQ(compared.differences[0].actual->at(0), "100");
  EXPECT_EQ(compared.differences[9].expected->at(0), "9");
  EXPECT_FALSE(compared.differences[9].actual);
}

// What tells whether events that were recorded explain it: the keys, without the doubles.
TEST_F(Comparison, NamesTheRowsThatDifferByTheirExactColumns) {
  const auto compared = compare("('a', 1.0, 7), ('b', 2.0, 8)", "('a', 1.0, 7), ('b', 2.5, 8)",
                                {"VARCHAR", "DOUBLE", "BIGINT"});
  EXPECT_EQ(compared.exact_columns, "c0, c2");
  const auto rows = session_.query("SELECT DISTINCT * FROM (" + compared.different_select + ")");
  ASSERT_TRUE(rows) << rows.error().describe();
  ASSERT_EQ(rows->row_count(), 1u);
  EXPECT_EQ(rows->text(0, 0), "b");
  EXPECT_EQ(rows->integer(0, 1), 8);
  EXPECT_EQ(compare("(1)", "(1)", {"BIGINT"}).different_select, "") << "nothing differs";
}

TEST_F(Comparison, ShowsBothSides) {
  const auto compared = compare("('a', 1), ('b', 2)", "('a', 1), ('b', 3)", {"VARCHAR", "BIGINT"});
  EXPECT_EQ(compared.different_rows, 2);
  ASSERT_EQ(compared.differences.size(), 1u);
  EXPECT_EQ(compared.differences[0].expected->at(1), "2");
  EXPECT_EQ(compared.differences[0].actual->at(1), "3");
}

}  // namespace
}  // namespace anabranch::quality
