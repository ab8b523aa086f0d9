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

TEST_F(Comparison, ShowsBothSides) {
  const auto compared = compare("('a', 1), ('b', 2)", "('a', 1), ('b', 3)", {"VARCHAR", "BIGINT"});
  EXPECT_EQ(compared.different_rows, 2);
  ASSERT_EQ(compared.differences.size(), 1u);
  EXPECT_EQ(compared.differences[0].expected->at(1), "2");
  EXPECT_EQ(compared.differences[0].actual->at(1), "3");
}

}  // namespace
}  // namespace anabranch::quality
