// Types that only views have: what an expression gives is the same before and after slices, builds and
// restarts, or is refused with the reason.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/corpus_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/platform_reads.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

struct ViewType {
  std::string name;
  std::string type;
  std::vector<std::string> values;  // SQL
  bool is_in_delta = true;          // whether all of them have a place in a Delta table
  bool has_order = true;            // takes part in min, max and GROUP BY
};

const std::vector<ViewType>& view_types() {
  static const std::vector<ViewType> types = {
      {"ts_s", "TIMESTAMP_S", {"'2013-01-31 05:06:07'", "'1969-12-31 23:59:59'", "'infinity'"}},
      {"ts_ms", "TIMESTAMP_MS", {"'2013-01-31 05:06:07.123'", "'1969-12-31 23:59:59.999'"}},
      {"ts_us", "TIMESTAMP", {"'2013-01-31 05:06:07.123456'", "'-infinity'"}},
      {"ts_whole", "TIMESTAMP_NS", {"'2013-01-31 05:06:07.123456'", "'2013-01-31 05:06:07'"}},
      {"ts_ns",
       "TIMESTAMP_NS",
       {"'2013-01-31 05:06:07.123456789'", "'1969-12-31 23:59:59.999999999'"},
       false},
      {"time_tz", "TIMETZ", {"'05:06:07+02:30'", "'23:59:59.999999-15:59'"}},
      {"time_ns", "TIME_NS", {"'05:06:07.123456789'", "'00:00:00'"}},
      {"span", "INTERVAL", {"'1 year 2 days 00:00:00.000001'", "'-5 months'"}},
      {"huge",
       "HUGEINT",
       {"170141183460469231731687303715884105727", "-170141183460469231731687303715884105727"},
       false},
      {"unsigned_huge", "UHUGEINT", {"340282366920938463463374607431768211455", "0"}, false},
      {"bits", "BIT", {"'0101'", "'1'"}},
      {"enums", "ENUM('b', 'a', 'HUGEINT')", {"'a'", "'HUGEINT'"}},
      {"fixed", "INTEGER[3]", {"'[1, NULL, 3]'", "'[4, 5, 6]'"}},
      {"texts", "VARCHAR[2]", {"'[a text of some length, NULL]'", "'[\"\", thirteen byte]'"}},
      {"big", "BIGNUM", {"'123456789012345678901234567890123456789012345'", "'-5'"}},
      {"deep_ns",
       "STRUCT(m TIMESTAMP_NS, l UHUGEINT[])[]",
       {"[{'m': '2013-01-31 05:06:07.000000001', 'l': [340282366920938463463374607431768211455, NULL]}, "
        "NULL]",
        "[]"},
       false},
      {"zeros", "DOUBLE", {"'-0.0'", "0", "'nan'", "'-inf'", "1e-300"}},
      {"floats", "FLOAT", {"'-0.0'", "0.1", "'nan'"}},
      {"bytes", "BLOB", {"'\\xFF\\x00'", "''", "'\\xFE'"}},
      {"either",
       "UNION(n INTEGER, s VARCHAR)",
       {"union_value(n := 5)::UNION(n INTEGER, s VARCHAR)",
        "union_value(s := 'a text of some length')::UNION(n INTEGER, s VARCHAR)"},
       false,
       false},
  };
  return types;
}

constexpr int rows_per_round = 30;

class TypesOfViews : public ::testing::Test {
 protected:
  void open() {
    speed::SpeedLayer::Options speed;
    speed.tick_rows_max = 7;
    speed.compaction_rows = 10;
    auto opened = test::open_platform(folder_.path(), speed);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
    const Status started = platform_->start();
    ASSERT_TRUE(started) << started.error().describe();
    for (const Error& error : platform_->left_out()) ADD_FAILURE() << error.describe();
  }
  static std::string expression(const ViewType& type) {
    // The engine has no CASE of fixed arrays: theirs is one of texts, cast as a whole.
    const bool is_array = type.type.ends_with("]") && !type.type.ends_with("[]");
    std::string cases;
    for (size_t i = 0; i < type.values.size(); ++i) {
      cases += fmt::format(" WHEN {} THEN ({}){}", i, type.values[i], is_array ? "" : "::" + type.type);
    }
    return fmt::format("(CASE id % {}{} END)::{}", type.values.size() + 1, cases, type.type);
  }
  std::string rows(const std::string& select) {
    const auto answer = platform_->queries().query(select, newest_);
    if (!answer) return answer.error().describe();
    std::string text;
    EXPECT_TRUE(answer->rows.append_json(text, sql::Numbers::string));
    return text;
  }
  std::string plain(const std::string& select) {
    const auto answer = engine_.session().query(select);
    if (!answer) return answer.error().describe();
    std::string text;
    EXPECT_TRUE(answer->append_json(text, sql::Numbers::string));
    return text;
  }
  void ingest() {
    std::string body;
    for (int i = 0; i < rows_per_round; ++i) body += fmt::format("{{\"id\":{}}}\n", events_ + i);
    const auto accepted = platform_->stream("e")->accept_and_wait(ingest::BodyFormat::ndjson, body);
    ASSERT_TRUE(accepted) << accepted.error().describe();
    events_ += rows_per_round;
    newest_.min_offsets["e"] = {events_};
  }
  void check(const std::string& after) {
    SCOPED_TRACE(after);
    for (const ViewType& type : view_types()) {
      SCOPED_TRACE(type.type);
      const std::string meant =
          fmt::format("(SELECT id, {} AS \"v, w\" FROM range({}) t(id))", expression(type), events_);
      for (const char* view : {"silver.{}", "gold.copy_{}", "gold.latest_{}"}) {
        const std::string name = fmt::format(fmt::runtime(view), type.name);
        const std::string column = name.starts_with("silver") ? "\"v, w\"" : "v";
        // The sign of a zero is kept in rows; which of two equal ones a state keeps is the engine's choice.
        const std::string value =
            name.starts_with("gold.latest") && (type.name == "zeros" || type.name == "floats") ? "({} + 0)"
                                                                                               : "{}";
        const auto read = [&](const std::string& what, const std::string& from) {
          return fmt::format("SELECT id, {0}::VARCHAR, typeof({1}) FROM {2} ORDER BY id",
                             fmt::format(fmt::runtime(value), what), what, from);
        };
        EXPECT_EQ(rows(read(column, name)), plain(read("\"v, w\"", meant))) << name;
        if (!type.has_order) continue;
        for (const std::string& wanted : type.values) {
          const auto filter = [&](const std::string& what, const std::string& from) {
            return fmt::format("SELECT count(*) FROM {} WHERE {} = ({})::{}", from, what, wanted, type.type);
          };
          EXPECT_EQ(rows(filter(column, name)), plain(filter("\"v, w\"", meant))) << name << " " << wanted;
        }
      }
      if (!type.has_order) continue;
      const std::string extremes =
          "SELECT max({0})::VARCHAR, min({0})::VARCHAR, count(DISTINCT {0}) FROM {1}";
      EXPECT_EQ(rows(fmt::format("SELECT high::VARCHAR, low::VARCHAR, n FROM gold.extremes_{}", type.name)),
                plain(fmt::format(fmt::runtime(extremes), "\"v, w\"", meant)));
    }
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<app::Platform> platform_;
  test::PlainEngine engine_;
  serve::ReadOptions newest_;
  int64_t events_ = 0;
};

TEST_F(TypesOfViews, KeepTheirValuesOrAreRefused) {
  test::write_text(folder_.path() / "anabranch.yml", "name: types\n");
  test::write_text(folder_.path() / "streams" / "e.yml", "fields:\n  - {name: id, type: bigint}\n");
  for (const ViewType& type : view_types()) {
    const auto model = [&](const std::string& name, const std::string& sql) {
      test::write_text(folder_.path() / "models" / fmt::format("{}{}.sql", name, type.name), sql + "\n");
    };
    // A name that Delta has no place for, which the rows of a view do not mind.
    model("silver/", fmt::format("SELECT id, {} AS \"v, w\" FROM bronze.e", expression(type)));
    model("gold/copy_", fmt::format("SELECT id, \"v, w\" AS v FROM silver.{}", type.name));
    model("gold/latest_",
          fmt::format("SELECT id, {} AS v FROM bronze.e QUALIFY row_number() OVER (PARTITION BY id "
                      "ORDER BY _offset DESC) = 1",
                      expression(type)));
    if (type.has_order)
      model("gold/extremes_",
            fmt::format("SELECT max(\"v, w\") AS high, min(\"v, w\") AS low, count(DISTINCT \"v, "
                        "w\") AS n FROM silver.{}",
                        type.name));
  }
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_NO_FATAL_FAILURE(ingest());
  check("the first events");
  ASSERT_NO_FATAL_FAILURE(ingest());
  check("slices");
  const auto built = platform_->build({}, "test");
  ASSERT_TRUE(built) << built.error().describe();
  check("a build");
  ASSERT_NO_FATAL_FAILURE(ingest());
  check("more events");
  platform_.reset();
  ASSERT_NO_FATAL_FAILURE(open());
  check("a restart");
  // Delta tables hold what they say, or are not written, with the reason.
  const auto builds = platform_->catalog().builds(1);
  ASSERT_TRUE(builds) << builds.error().describe();
  std::map<std::string, std::string> warnings;
  for (const auto& warning : builds->at(0).end->warnings) warnings[warning.view] = warning.message;
  for (const ViewType& type : view_types()) {
    SCOPED_TRACE(type.type);
    const io::Path table = folder_.path() / ".anabranch" / "lake" / "gold" / ("copy_" + type.name);
    EXPECT_EQ(std::filesystem::exists(table / "_delta_log"), type.is_in_delta);
    EXPECT_EQ(warnings.contains("gold.copy_" + type.name), !type.is_in_delta);
  }
  EXPECT_THAT(warnings["gold.copy_ts_ns"],
              ::testing::HasSubstr("TIMESTAMP_NS has digits below the microsecond"));
  EXPECT_THAT(warnings["gold.copy_huge"], ::testing::HasSubstr("DECIMAL(38,0)"));
  EXPECT_THAT(warnings["silver.either"], ::testing::HasSubstr("UNION(n INTEGER, s VARCHAR) has no place"));
}

}  // namespace
}  // namespace anabranch
