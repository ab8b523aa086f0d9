// Every aggregate against plain DuckDB: over types, modifiers and values chosen to be awkward, events are cut
// into random ranges, the states of each are merged in random order, and what is finalised must equal the
// SELECT over all events. Values that the engine itself gets wrong or that depend on its threads are computed
// by hand.

#include "views/maintain/aggregates.h"

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/random.h"
#include "views/compiler.h"
#include "views/functions.h"

namespace anabranch::views {
namespace {

uint64_t seed() {
  static const uint64_t value = [] {
    const char* given = std::getenv("ANABRANCH_SEED");
    const uint64_t chosen = given ? std::strtoull(given, nullptr, 10) : io::random_u64();
    fmt::print("ANABRANCH_SEED={}\n", chosen);
    return chosen;
  }();
  return value;
}

struct Column {
  const char* name;
  const char* type;
  std::vector<const char*> values;  // ties are wanted: few of them
};

// The first letter of the name tells the kind.
const std::vector<Column>& columns() {
  static const std::vector<Column> all = {
      {"k", "VARCHAR", {"'a'", "'b'", "'c'", "NULL", "'one'", "'nulls'"}},
      {"flag", "BOOLEAN", {"true", "false", "NULL"}},
      {"i8", "TINYINT", {"-128", "127", "0", "5", "5", "NULL"}},
      {"i16", "SMALLINT", {"-32768", "32767", "1", "NULL"}},
      {"i32", "INTEGER", {"-2147483648", "2147483647", "7", "7", "12", "NULL"}},
      {"i64", "BIGINT", {"-9223372036854775808", "9223372036854775807", "12", "40", "NULL"}},
      {"u32", "UINTEGER", {"4294967295", "0", "17", "NULL"}},
      {"u64", "UBIGINT", {"18446744073709551615", "0", "3", "NULL"}},
      {"i128", "HUGEINT", {"100000000000000000000000000", "-100000000000000000000000000", "3", "99", "NULL"}},
      {"f32", "FLOAT", {"0.3", "1.5", "-2.25", "1e6", "NULL"}},
      {"f64", "DOUBLE", {"1e6 + 0.125", "0", "-17.25", "123456.789", "3", "3", "NULL"}},
      {"d4", "DECIMAL(4,1)", {"0.5", "-12.3", "999.9", "0.4", "NULL"}},
      {"d10", "DECIMAL(10,2)", {"0.05", "-12.34", "99999999.99", "1.01", "NULL"}},
      {"d18", "DECIMAL(18,0)", {"999999999999999999", "-5", "6", "NULL"}},
      {"d38",
       "DECIMAL(38,2)",
       {"123456789012345678901234567890123456.78", "-0.01", "5.55", "NULL",
        "-99999999999999999999999999999999999.99"}},
      {"s", "VARCHAR", {"'1'", "'x'", "''", "'a long text of more than 12 bytes'", "'x'", "NULL"}},
      {"ts",
       "TIMESTAMP",
       {"'2020-01-01 10:00:00'", "'1969-12-31 23:59:59.999999'", "'2020-01-01 10:00:00.000003'",
        "'2400-05-06'", "NULL"}},
      {"tz", "TIMESTAMPTZ", {"'2020-01-01 10:00:00+00'", "'1990-12-31 23:59:59.999999+00'", "NULL"}},
      {"dt", "DATE", {"'2020-01-01'", "'1969-12-31'", "'2020-01-04'", "NULL"}},
      {"tm", "TIME", {"'10:00:00'", "'00:00:00'", "'23:59:59.999999'", "NULL"}},
      {"iv", "INTERVAL", {"'1 day'", "'3 hours'", "'1 month'", "NULL"}},
      {"bits", "BIT", {"'101'", "'110'", "'000'", "NULL"}},
  };
  return all;
}

const std::vector<std::string> whole_numbers = {"i8", "i16", "i32", "i64", "u32", "u64", "i128"};
const std::vector<std::string> decimals = {"d4", "d10", "d18", "d38"};
const std::vector<std::string> floats = {"f32", "f64"};
const std::vector<std::string> instants = {"ts", "tz", "dt", "tm"};
const std::vector<std::string> others = {"s", "flag", "iv", "bits"};

std::vector<std::string> all_of(std::initializer_list<std::vector<std::string>> lists) {
  std::vector<std::string> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

struct Case {
  std::string call;
  ViewClass expected = ViewClass::read_time;
};

void add(std::vector<Case>& cases, ViewClass expected, const std::vector<std::string>& names,
         const std::vector<std::string>& types, const std::string& arguments = "{0}") {
  for (const std::string& name : names) {
    for (const std::string& type : types) {
      const std::string inside = fmt::format(fmt::runtime(arguments), type);
      cases.push_back({fmt::format("{}({})", name, inside), expected});
      cases.push_back({fmt::format("{}({}) FILTER (WHERE flag)", name, inside), expected});
    }
  }
}

// DISTINCT: whatever the aggregate, its values are counted.
void add_distinct(std::vector<Case>& cases, const std::vector<std::string>& names,
                  const std::vector<std::string>& types, const std::string& arguments = "{0}") {
  std::vector<std::string> distinct;
  for (const std::string& name : names) distinct.push_back(name);
  add(cases, ViewClass::holistic, distinct, types, "DISTINCT " + arguments);
}

std::vector<Case> cases() {
  const auto numbers = all_of({whole_numbers, decimals, floats});
  const auto everything = all_of({numbers, instants, others});
  std::vector<Case> all;
  add(all, ViewClass::distributive, {"count"}, everything);
  add(all, ViewClass::distributive, {"min", "max"}, everything);
  add(all, ViewClass::distributive, {"sum"}, numbers);
  add(all, ViewClass::distributive, {"fsum", "kahan_sum"}, {"f64", "i32"});
  add(all, ViewClass::distributive, {"bool_and", "bool_or", "count_if", "countif"}, {"flag"});
  add(all, ViewClass::distributive, {"bit_and", "bit_or", "bit_xor"},
      {"i8", "i16", "i32", "i64", "u32", "u64", "i128"});
  add(all, ViewClass::distributive, {"product"}, {"i8", "f32"});
  add(all, ViewClass::algebraic, {"avg", "mean"}, all_of({numbers, instants}));
  add(all, ViewClass::algebraic, {"favg"}, {"f64", "i32"});
  add(all, ViewClass::algebraic,
      {"var_pop", "var_samp", "variance", "stddev", "stddev_pop", "stddev_samp", "sem"}, numbers);
  add(all, ViewClass::algebraic,
      {"corr", "covar_pop", "covar_samp", "regr_count", "regr_avgx", "regr_avgy", "regr_sxx", "regr_syy",
       "regr_sxy", "regr_slope", "regr_intercept", "regr_r2"},
      {"i8", "d4"}, "{0}, i8");
  add(all, ViewClass::algebraic, {"first", "last", "any_value", "arbitrary"}, everything);
  add(all, ViewClass::algebraic, {"first", "last", "any_value"}, everything,
      "{0} ORDER BY i8 DESC NULLS FIRST, s");
  add(all, ViewClass::algebraic, {"first", "last"}, {"s"}, "DISTINCT {0}");
  add(all, ViewClass::algebraic,
      {"arg_min", "arg_max", "min_by", "max_by", "argmin", "argmax", "arg_min_null", "arg_max_null"},
      everything, "{0}, i8");
  add(all, ViewClass::algebraic, {"arg_min", "arg_max", "arg_max_null"}, everything,
      "i8, {0} ORDER BY s DESC, i32 NULLS FIRST");
  add(all, ViewClass::read_time, {"arg_min_nulls_last", "arg_max_nulls_last"}, {"f64"}, "i8, {0}");
  add(all, ViewClass::holistic, {"arg_min", "arg_max"}, {"i32", "s", "f64"}, "s, {0}, 3");
  add(all, ViewClass::holistic, {"min", "max"}, {"i32", "s", "f64", "ts"}, "{0}, 2");
  add(all, ViewClass::holistic, {"list", "array_agg"}, everything);
  add(all, ViewClass::holistic, {"list", "array_agg"}, everything, "{0} ORDER BY flag DESC NULLS LAST, i8");
  add(all, ViewClass::holistic, {"string_agg", "group_concat", "listagg"}, {"s"}, "{0}, '|'");
  add(all, ViewClass::holistic, {"string_agg"}, {"s"}, "{0} ORDER BY i8 DESC, {0} NULLS FIRST");
  add(all, ViewClass::holistic, {"median"}, everything);
  add(all, ViewClass::holistic, {"quantile_disc", "quantile"}, everything, "{0}, 0.55");
  add(all, ViewClass::holistic, {"quantile_disc"}, numbers, "{0}, -0.3");
  add(all, ViewClass::holistic, {"quantile_disc"}, {"i32"}, "{0}, 3e-1");
  add(all, ViewClass::holistic, {"quantile_disc"}, {"i32"}, "{0}, 1");
  add(all, ViewClass::holistic, {"quantile_disc"}, everything, "{0}, [0.9, 0.0, 0.55]");
  add(all, ViewClass::holistic, {"quantile_cont"}, all_of({numbers, instants}), "{0}, 0.3");
  add(all, ViewClass::holistic, {"quantile_cont"}, {"i32", "f64", "d10", "ts"}, "{0}, -0.3");
  add(all, ViewClass::holistic, {"quantile_cont"},
      {"i32", "f32", "f64", "d4", "d10", "d38", "ts", "dt", "tm"}, "{0}, [0.25, 1.0, 0.1]");
  add(all, ViewClass::holistic, {"mode"}, everything);
  add(all, ViewClass::holistic, {"histogram", "entropy"}, {"i8", "s", "flag", "d10", "f64", "ts", "dt"});
  add(all, ViewClass::holistic, {"mad"}, {"i8", "i32", "f32", "f64", "d4", "d10", "d38", "ts", "dt", "tm"});
  // Of integers: the engine adds powers of doubles, and of equal fractions they leave digits that are noise.
  add(all, ViewClass::holistic, {"skewness", "kurtosis", "kurtosis_pop"}, {"i8", "i16"});
  add(all, ViewClass::holistic, {"bit_and", "bit_or", "bit_xor"}, {"bits"});
  for (const char* call :
       {"percentile_cont(0.4) WITHIN GROUP (ORDER BY i32)",
        "percentile_cont(0.4) WITHIN GROUP (ORDER BY f64 DESC)",
        "percentile_disc(0.4) WITHIN GROUP (ORDER BY s DESC)", "mode() WITHIN GROUP (ORDER BY s)",
        "mode(i8 ORDER BY i8 DESC)", "percentile_cont([0.4, 0.1]) WITHIN GROUP (ORDER BY i32)"}) {
    all.push_back({call, ViewClass::holistic});
  }
  add_distinct(all, {"count", "list", "array_agg", "median"}, everything);
  add_distinct(all, {"sum", "avg"}, numbers);
  add_distinct(all, {"stddev", "var_pop", "entropy", "mad", "histogram", "kurtosis"}, {"i16", "f32", "d10"});
  add_distinct(all, {"bit_xor", "product"}, {"i8"});
  add_distinct(all, {"string_agg"}, {"s"}, "{0}, '|'");
  add_distinct(all, {"string_agg"}, {"s"}, "{0}, '|' ORDER BY {0} DESC");
  add_distinct(all, {"list"}, {"s", "i8", "f64"}, "{0} ORDER BY {0} DESC NULLS FIRST");
  add_distinct(all, {"quantile_disc"}, {"i32", "s"}, "{0}, 0.25");
  add_distinct(all, {"quantile_cont"}, {"i32"}, "{0}, [0.25, 0.5]");
  add_distinct(all, {"corr", "regr_slope"}, {"i8"}, "{0}, i16");
  add_distinct(all, {"count"}, {"i8", "s"}, "({0}, flag)");
  all.push_back({"geomean(abs(i16::INTEGER) + 1)", ViewClass::algebraic});
  all.push_back({"geometric_mean(abs(i16::INTEGER) + 1)", ViewClass::algebraic});
  all.push_back({"weighted_avg(i8, i16::INTEGER)", ViewClass::distributive});
  all.push_back({"wavg(d10, abs(i16::INTEGER))", ViewClass::distributive});
  all.push_back({"count(*)", ViewClass::distributive});
  all.push_back({"count()", ViewClass::distributive});
  return all;
}

// The values of a result as text. Doubles are compared by their first 9 digits.
class Bench {
 public:
  Bench() : database_(sql::Database::open({}).value()), session_(database_->connect().value()) {
    run("SET TimeZone = 'UTC'");
  }

  void run(const sql::Query& sql) {
    const Status status = session_.run(sql);
    ASSERT_TRUE(status) << status.error().describe() << "\n" << sql.text;
  }

  std::vector<std::string> rows(const sql::Query& select) {
    auto result = session_.query(select);
    if (!result) return {"error: " + result.error().describe()};
    std::vector<std::string> lines;
    for (size_t i = 0; i < result->row_count(); ++i) {
      std::string line;
      for (size_t c = 0; c < result->columns().size(); ++c) line += result->text(i, c).value_or("NULL") + "|";
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  std::unique_ptr<sql::Database> database_;
  sql::Session session_;
};

bool is_near(const std::string& a, const std::string& b) {
  if (a == b) return true;
  if ((a == "nan" || a == "-nan") && (b == "nan" || b == "-nan")) return true;
  char* end_a = nullptr;
  char* end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a);
  const double y = std::strtod(b.c_str(), &end_b);
  if (*end_a != '\0' || *end_b != '\0' || a.empty() || b.empty()) return false;
  if (a.find('.') == a.npos && b.find('.') == b.npos && a.find('e') == a.npos)
    return x == y && std::abs(x) < 1e15;
  return std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y)) || std::abs(x - y) < 1e-8;
}

// Digit by digit, but for the last ones of doubles.
bool are_near(const std::string& a, const std::string& b) {
  const auto split = [](const std::string& line) {
    std::vector<std::string> parts(1);
    for (const char c : line) {
      if (std::string_view("|[]{}, ").find(c) != std::string_view::npos) {
        parts.emplace_back(1, c);
        parts.emplace_back();
      } else {
        parts.back() += c;
      }
    }
    return parts;
  };
  const auto x = split(a);
  const auto y = split(b);
  return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(), is_near);
}

void expect_near(const std::vector<std::string>& found, const std::vector<std::string>& expected) {
  ASSERT_EQ(found.size(), expected.size())
      << (found.empty() ? "" : found[0]) << (expected.empty() ? "" : expected[0]);
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_TRUE(are_near(found[i], expected[i])) << found[i] << "\n" << expected[i];
}

Compiler compiler_for(const std::vector<Column>& list) {
  model::Schema schema;
  for (const Column& column : list) {
    schema.fields.push_back({column.name, model::Type::parse("bigint").value(), false, ""});
  }
  Relation stream = stream_relation("bronze.events", schema);
  for (size_t i = 0; i < list.size(); ++i) stream.columns[i].type = list[i].type;
  auto compiler = Compiler::create().value();
  compiler.add_relation(std::move(stream));
  return compiler;
}

// The view over the table all_events, its states made of `slices` ranges and merged on the way at random.
sql::Query merged(Bench& bench, const Plan& plan, int events, int slices, std::mt19937_64& random) {
  std::vector<int> cuts{0, events};
  for (int i = 1; i < slices; ++i)
    cuts.push_back(static_cast<int>(random() % static_cast<uint64_t>(events + 1)));
  std::sort(cuts.begin(), cuts.end());
  sql::Meanings states;
  for (const StatePart& part : plan.parts) {
    const std::string table = fmt::format("\"state {}\"", part.name);
    std::vector<sql::Query> partials;
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      sql::Meanings some;
      some["bronze.events"] = sql::meaning(
          fmt::format("FROM all_events WHERE _offset >= {} AND _offset < {}", cuts[i], cuts[i + 1]));
      partials.push_back(partial_query(plan, part, some, rows_query(plan, some)));
    }
    std::shuffle(partials.begin(), partials.end(), random);
    bench.run(sql::over(fmt::format("CREATE OR REPLACE TABLE {} AS FROM anabranch.states", table), "states",
                        partials[0]));
    for (size_t i = 1; i < partials.size(); ++i) {
      bench.run(sql::over(fmt::format("INSERT INTO {} FROM anabranch.states", table), "states", partials[i]));
      if (random() % 2 == 0) {
        bench.run(sql::over("CREATE TABLE compacted AS FROM anabranch.merged", "merged",
                            merge_query(part, "FROM " + table)));
        bench.run(fmt::format("DROP TABLE {}", table));
        bench.run(fmt::format("ALTER TABLE compacted RENAME TO {}", table));
      }
    }
    states[part.name] = sql::meaning(merge_query(part, "FROM " + table));
  }
  return finalise_query(plan, states);
}

// The view over all events at once.
sql::Query whole(const Plan& plan) {
  sql::Meanings all;
  all["bronze.events"] = all["bronze.events!"] = sql::meaning("FROM all_events");
  return canonical_query(plan, all);
}

void create_events(Bench& bench, const std::vector<Column>& list, int events, std::mt19937_64& random) {
  std::string definition;
  std::string rows;
  for (const Column& column : list)
    definition += fmt::format("{}{} {}", definition.empty() ? "" : ", ", column.name, column.type);
  for (int i = 0; i < events; ++i) {
    std::string row;
    // Some groups have one row, some only NULLs.
    std::string key;
    for (const Column& column : list) {
      std::string value = column.values[random() % column.values.size()];
      if (key.empty()) {
        if (value == "'one'" && rows.find("'one'") != rows.npos) value = "'a'";
        key = value;
      } else if (key == "'nulls'") {
        value = "NULL";
      }
      row += (row.empty() ? "" : ", ") + value;
    }
    rows += fmt::format("{}({})", i ? ", " : "", row);
  }
  bench.run(fmt::format("CREATE TABLE events ({})", definition));
  if (events > 0) bench.run("INSERT INTO events VALUES " + rows);
  bench.run(
      "CREATE TABLE all_events AS SELECT *, 0::INTEGER AS _partition, row_number() OVER () - 1 AS _offset, "
      "now() AS _ingested_at, 'raw' AS _raw FROM events");
}

constexpr size_t batch = 10;

class Aggregates : public ::testing::TestWithParam<int> {};

TEST_P(Aggregates, EqualTheEngineAtEverySplit) {
  const uint64_t run_seed = seed() + static_cast<uint64_t>(GetParam());
  std::mt19937_64 random(run_seed);
  const int events = GetParam() == 0 ? 0 : GetParam() == 1 ? 2 : 20 + static_cast<int>(random() % 60);
  Bench bench;
  create_events(bench, columns(), events, random);
  Compiler compiler = compiler_for(columns());
  // Several in one view, so that they share states; a random few of each class in one that is not grouped.
  std::vector<Case> all = cases();
  // Each with many events in one run of two, a few with hardly any.
  std::vector<Case> some;
  for (size_t i = 0; i < all.size(); ++i) {
    if (GetParam() < 2 ? random() % 8 == 0 : i % 2 == static_cast<size_t>(GetParam() % 2))
      some.push_back(all[i]);
  }
  all = std::move(some);
  std::shuffle(all.begin(), all.end(), random);
  std::stable_sort(all.begin(), all.end(),
                   [](const Case& a, const Case& b) { return a.expected < b.expected; });
  const auto is_of_a_group = [&](size_t i) { return i + batch >= all.size() || random() % 4 != 0; };
  for (size_t i = 0; i < all.size();) {
    std::string items;
    size_t end = i;
    for (; end < all.size() && end < i + batch && all[end].expected == all[i].expected; ++end)
      items += fmt::format(", {} AS v{}", all[end].call, end - i);
    const std::string sql = is_of_a_group(i) ? fmt::format("SELECT k{} FROM bronze.events GROUP BY k", items)
                                             : fmt::format("SELECT {} FROM bronze.events", items.substr(2));
    const auto compiled = compiler.compile(fmt::format("gold.v{}", i), sql);
    ASSERT_TRUE(compiled) << sql << "\n" << compiled.error().describe();
    const Plan& plan = compiled->plan;
    SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}\n{}\nfinalise: {}\ncanonical: {}",
                             run_seed - static_cast<uint64_t>(GetParam()), sql, plan.finalise,
                             plan.canonical));
    ASSERT_EQ(to_string(plan.view_class), to_string(all[i].expected))
        << (plan.reasons.empty() ? "" : plan.reasons[0].reason);
    if (plan.is_maintained()) {
      const sql::Query read = merged(bench, plan, events, 4, random);
      expect_near(bench.rows(read), bench.rows(whole(plan)));
    }
    if (HasFailure()) return;
    i = end;
  }
}

INSTANTIATE_TEST_SUITE_P(RandomEvents, Aggregates, ::testing::Range(0, 4));

// ---- Values at the ends of their types, one view at a time ----

struct Group {
  std::string type;
  std::vector<std::string> values;
};

// Answers about one group of values of one type; the engine and the compilers are kept from one to the next.
class AggregatesAtTheEnds : public ::testing::Test {
 protected:
  // The aggregates of x over the values, merged of `slices` ranges; or the error, or why not.
  std::string answer(const Group& group, const std::string& calls, int slices) {
    std::mt19937_64 random(seed());
    fill(group);
    auto found = compilers_.find(group.type);
    if (found == compilers_.end())
      found = compilers_.emplace(group.type, compiler_for({{"x", group.type.c_str(), {}}})).first;
    const auto plan = found->second.compile(fmt::format("gold.v{}", count_++),
                                            fmt::format("SELECT {} FROM bronze.events", calls));
    if (!plan) return plan.error().describe();
    if (!plan->plan.is_maintained()) return "not maintained: " + plan->plan.reasons[0].reason;
    return bench_.rows(merged(bench_, plan->plan, static_cast<int>(group.values.size()), slices, random))
        .at(0);
  }

  std::string of_the_engine(const Group& group, const std::string& calls) {
    fill(group);
    return bench_.rows(fmt::format("SELECT {} FROM all_events", calls)).at(0);
  }

 private:
  void fill(const Group& group) {
    std::string rows;
    for (const std::string& value : group.values)
      rows += fmt::format("{}({}::{})", rows.empty() ? "" : ", ", value, group.type);
    if (rows == filled_) return;
    filled_ = rows;
    bench_.run("SET threads = 1");
    bench_.run(fmt::format(
        "CREATE OR REPLACE TABLE all_events AS SELECT x::{} AS x, 0::INTEGER AS _partition, "
        "row_number() OVER () - 1 AS _offset, now() AS _ingested_at, 'raw' AS _raw FROM (VALUES {}) "
        "AS t(x)",
        group.type, rows));
  }

  Bench bench_;
  std::map<std::string, Compiler> compilers_;
  std::string filled_;
  int count_ = 0;
};

TEST_F(AggregatesAtTheEnds, InfinitiesAndNotANumber) {
  const std::string inf = "'inf'::DOUBLE";
  const std::string minus = "'-inf'::DOUBLE";
  const std::string nan = "'nan'::DOUBLE";
  const std::vector<Group> groups = {{"DOUBLE", {"1", inf, "2.5", "-3"}},
                                     {"DOUBLE", {inf, minus, "1"}},
                                     {"DOUBLE", {inf}},
                                     {"DOUBLE", {minus, minus}},
                                     {"DOUBLE", {nan, "1", "2"}},
                                     {"DOUBLE", {nan}},
                                     {"DOUBLE", {"1e308", "1e308", "1e308"}},
                                     {"DOUBLE", {"1e308", "-1e308", "0"}},
                                     {"DOUBLE", {"1e308", "1e308", inf}},
                                     {"DOUBLE", {nan, inf, minus, "NULL"}},
                                     {"FLOAT", {"1.5", inf, "0.3"}},
                                     {"FLOAT", {"3e38", "3e38", "-3e38"}},
                                     {"DOUBLE", {"1", "2", "NULL", inf, "1e-300", "-0.0", "5e-324"}}};
  for (const Group& group : groups) {
    // Where finite values overflow on the way, the engine's own answers depend on their order.
    const bool is_overflowing = group.values[0].find("e308") != std::string::npos;
    std::vector<std::string> calls = {
        "sum(x), avg(x), min(x), max(x), median(x), quantile_cont(x, 0.3), quantile_disc(x, 0.55), "
        "count(DISTINCT x), "
        "sum(DISTINCT x), avg(DISTINCT x), mode(x), arg_max(x, x), arg_min(x, x), list(x), max(x, 2), "
        "first(x ORDER BY "
        "x), regr_avgx(1, x), regr_avgy(x, 1)"};
    if (!is_overflowing) {
      for (const char* call :
           {"covar_pop(x, 1), product(x)", "stddev(x)", "var_pop(x)", "sem(x)", "stddev_pop(x)",
            "var_samp(x)", "regr_sxx(x, x)", "corr(x, x)", "stddev(DISTINCT x)"}) {
        calls.emplace_back(call);
      }
    }
    for (const std::string& call : calls) {
      for (const int slices : {1, 3}) {
        SCOPED_TRACE(fmt::format("ANABRANCH_SEED={} {} of {} in {} slices", seed(), call,
                                 fmt::join(group.values, ", "), slices));
        const std::string expected = of_the_engine(group, call);
        const std::string found = answer(group, call, slices);
        if (expected.starts_with("error: ")) {  // the group's, when it is read
          EXPECT_TRUE(found.starts_with("error: ") && found.find("out of range") != found.npos)
              << found << "\n"
              << expected;
        } else {
          EXPECT_TRUE(are_near(found, expected)) << found << "\n" << expected;
        }
      }
    }
  }
}

TEST_F(AggregatesAtTheEnds, SumsDoNotWrap) {
  const std::string nines = "99999999999999999999999999999999999999";
  const std::string with_point = "999999999999999999999999999999999999.99";
  const std::string most = "170141183460469231731687303715884105727";
  struct Expected {
    Group group;
    const char* call;
    std::string result;
  };
  for (const Expected& each : std::vector<Expected>{
           {{"DECIMAL(38,0)", {nines, nines}}, "sum(x)", "overflows"},
           {{"DECIMAL(38,0)", {"-" + nines, "-" + nines}}, "sum(x)", "overflows"},
           {{"DECIMAL(38,0)", {nines, nines, "-" + nines, "5"}},
            "sum(x)",
            "100000000000000000000000000000000000004|"},
           {{"DECIMAL(38,0)", {nines, nines, "-" + nines}}, "sum(x)", nines + "|"},
           {{"DECIMAL(38,0)", {nines, "-" + nines, "7", "NULL"}}, "sum(x)", "7|"},
           {{"DECIMAL(38,2)", {with_point, with_point}}, "sum(x)", "overflows"},
           {{"DECIMAL(38,2)", {with_point, with_point, "-" + with_point}}, "sum(x)", with_point + "|"},
           {{"DECIMAL(38,2)", {with_point, "-" + with_point, "-0.07", "0.02"}}, "sum(x)", "-0.05|"},
           {{"DECIMAL(38,2)", {with_point, "0.01"}}, "sum(x)", "1000000000000000000000000000000000000.00|"},
           {{"DECIMAL(38,38)", {"'0.99999999999999999999999999999999999999'", "-0.5"}},
            "sum(x)",
            ".49999999999999999999999999999999999999|"},
           {{"DECIMAL(38,38)", {"0.6", "0.5"}}, "sum(x)", "overflows"},
           {{"HUGEINT", {nines, nines}}, "sum(x)", "overflows"},
           {{"HUGEINT", {most, most, "-" + most}}, "sum(x)", most + "|"},
           {{"HUGEINT", {most, "1", "-1"}}, "sum(x)", most + "|"},
           {{"HUGEINT", {most, "1"}}, "sum(x)", "verflow"},
           {{"HUGEINT", {"-" + most, "-1"}}, "sum(x)", "-170141183460469231731687303715884105728|"},
           {{"HUGEINT",
             {"85070591730234615870000000000000000000", "85070591730234615870000000000000000000",
              "-9000000000000000000"}},
            "sum(x)",
            "170141183460469231731000000000000000000|"},
           {{"HUGEINT", {most, most}}, "avg(x)", "1.7014118346046923e+38|"},
           {{"DECIMAL(38,2)", {with_point, with_point}}, "avg(x)", "1e+36|"},
           {{"DECIMAL(38,2)", {with_point, "NULL", "-" + with_point}}, "avg(x)", "0.0|"},
           {{"DECIMAL(38,0)", {nines, nines, "99999999999999999999999999999999999998"}},
            "sum(DISTINCT x)",
            "overflows"},
           {{"DECIMAL(38,0)", {nines, nines, "5"}}, "avg(DISTINCT x)", "5e+37|"},
           {{"BIGINT", {"9223372036854775807", "9223372036854775807", "-1"}},
            "sum(x)",
            "18446744073709551613|"},
           {{"UBIGINT", {"18446744073709551615", "18446744073709551615"}}, "sum(x)", "36893488147419103230|"},
       }) {
    for (const int slices : {1, 2, 4}) {
      SCOPED_TRACE(fmt::format("ANABRANCH_SEED={} {} of {} {} in {} slices", seed(), each.call,
                               each.group.type, fmt::join(each.group.values, ", "), slices));
      const std::string found = answer(each.group, each.call, slices);
      if (each.result.back() == '|') {
        EXPECT_EQ(found, each.result);
      } else {
        EXPECT_TRUE(found.starts_with("error: ") && found.find(each.result) != found.npos) << found;
      }
    }
  }
}

// Deviations of values far from zero: the engine's own have lost half of their digits there.
TEST_F(AggregatesAtTheEnds, VariancesOfValuesFarFromZero) {
  // Of i % 7 for 0 … 999: 142 of each, 6 more of 0 … 5. Sums 2997 and 12973 - 2 … in whole numbers below.
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < 1000; ++i) {
    sum += i % 7;
    squares += (i % 7) * (i % 7);
  }
  const double squared = squares - sum * sum / 1000;
  const std::vector<std::pair<std::string, std::string>> types = {{"DOUBLE", "1000000000"},
                                                                  {"BIGINT", "1000000000"},
                                                                  {"DECIMAL(18,2)", "1000000000"},
                                                                  {"DOUBLE", "-2097155"},
                                                                  {"DOUBLE", "2097150"},
                                                                  {"BIGINT", "4294967293"},
                                                                  {"BIGINT", "9223372036854775800"},
                                                                  {"BIGINT", "-9223372036854775808"},
                                                                  {"UBIGINT", "18446744073709551600"},
                                                                  {"UINTEGER", "4294967285"},
                                                                  {"DECIMAL(18,0)", "-999999999999999999"},
                                                                  {"DECIMAL(38,4)", "123456789"},
                                                                  {"HUGEINT", "12345678901"},
                                                                  {"DOUBLE", "100000000000000"},
                                                                  {"INTEGER", "2147483640"},
                                                                  {"DOUBLE", "0"}};
  for (const auto& [type, base] : types) {
    Group group{type, {}};
    for (int i = 0; i < 1000; ++i)
      group.values.push_back(fmt::format("({}::{} + {})", base,
                                         type == "UBIGINT" || type == "BIGINT" ? "HUGEINT" : type, i % 7));
    for (const int slices : {1, 5}) {
      SCOPED_TRACE(fmt::format("ANABRANCH_SEED={} {} {} in {} slices", seed(), base, type, slices));
      const auto expect = [&](const char* call, double expected) {
        const std::string found = answer(group, call, slices);
        EXPECT_NEAR(std::strtod(found.c_str(), nullptr), expected, 1e-10 * expected) << call << " " << found;
      };
      expect("stddev(x)", std::sqrt(squared / 999));
      expect("var_pop(x)", squared / 1000);
      expect("sem(x)", std::sqrt(squared / 1000) / std::sqrt(1000.0));
    }
  }
}

// Against exact arithmetic: for 1, 1, 1, 2 the central moments are 3/16, 3/32 and 21/256.
TEST_F(AggregatesAtTheEnds, SkewnessAndKurtosisFarFromZero) {
  for (const char* base : {"0", "1000000", "1000000000", "-8000000000"}) {
    Group group{"DOUBLE", {}};
    for (const int value : {1, 2, 1, 1})
      group.values.push_back(fmt::format("({}::DOUBLE + {})", base, value));
    for (const int slices : {1, 3}) {
      SCOPED_TRACE(fmt::format("ANABRANCH_SEED={} {} in {} slices", seed(), base, slices));
      EXPECT_TRUE(are_near(answer(group, "skewness(x)", slices), "2.0|"));
      EXPECT_TRUE(are_near(answer(group, "kurtosis(x)", slices), "4.0|"));
      EXPECT_TRUE(are_near(answer(group, "kurtosis_pop(x)", slices), fmt::format("{}|", 7.0 / 3 - 3)));
    }
  }
  // 1, 1, 2: the mean is no double there.
  for (const char* base : {"0", "1000000000", "1000000000000000"}) {
    Group group{"DOUBLE", {}};
    for (const int value : {1, 2, 1}) group.values.push_back(fmt::format("({}::DOUBLE + {})", base, value));
    const std::string found = answer(group, "skewness(x), kurtosis_pop(x)", 2);
    EXPECT_TRUE(are_near(found, fmt::format("{}|-1.5|", std::sqrt(3.0)))) << base << " " << found;
  }
  EXPECT_EQ(answer({"DOUBLE", {"5", "5", "5", "5"}}, "skewness(x)", 2), "nan|");
  EXPECT_EQ(answer({"DOUBLE", {"5", "5", "5", "5"}}, "kurtosis(x)", 2), "NULL|");
  EXPECT_EQ(answer({"DOUBLE", {"5", "6"}}, "skewness(x)", 2), "NULL|");
  EXPECT_NE(answer({"DOUBLE", {"5", "6", "'inf'::DOUBLE"}}, "skewness(x)", 2).find("SKEW is out of range"),
            std::string::npos);
}

TEST_F(AggregatesAtTheEnds, QuantilesByExactRank) {
  Group group{"BIGINT", {}};
  for (int i = 1; i <= 100; ++i) group.values.push_back(fmt::format("{}", i));
  for (int percent = 0; percent <= 100; ++percent) {
    if (percent % 5 && percent != 29 && percent != 57 && percent != 58)
      continue;  // floating point misses these
    const std::string call = fmt::format("quantile_disc(x, 0.{:02})", percent);
    if (percent == 100) continue;
    EXPECT_EQ(answer(group, call, 3), fmt::format("{}|", std::max(1, percent))) << call;
  }
  EXPECT_EQ(answer(group, "quantile_disc(x, [0.55, 1.0, 0.07])", 3), "[55, 100, 7]|");
  EXPECT_EQ(answer(group, "quantile_disc(x, -0.55)", 3), "46|");
  EXPECT_EQ(answer({"FLOAT", {"0.3", "1.5"}}, "median(x)", 2),
            of_the_engine({"FLOAT", {"0.3", "1.5"}}, "median(x)"));
  EXPECT_EQ(answer({"FLOAT", {"0.3", "1.5"}}, "typeof(median(x))", 2), "FLOAT|");
  EXPECT_EQ(answer({"DECIMAL(4,1)", {"0.1", "0.4"}}, "median(x)", 2), "0.2|");
  EXPECT_EQ(answer({"DATE", {"'2020-01-01'", "'2020-01-02'"}}, "median(x)", 2), "2020-01-01 12:00:00|");
}

TEST_F(AggregatesAtTheEnds, BitStringsOfDifferentLengthsFailWhenTheyAreRead) {
  EXPECT_EQ(answer({"BIT", {"'101'", "'110'"}}, "bit_xor(x)", 2), "011|");
  EXPECT_EQ(answer({"BIT", {"'101'", "'101'"}}, "bit_xor(x)", 2), "000|");
  EXPECT_TRUE(answer({"BIT", {"'101'", "'11'"}}, "bit_and(x)", 2).starts_with("error: "));
}

// Against the SELECT as written: the canonical one has them spelled out already.
TEST_F(AggregatesAtTheEnds, MacrosAndWithinGroupMeanWhatTheEngineMeans) {
  const Group group{"DOUBLE", {"2", "8", "NULL", "4", "0.5"}};
  const std::string calls =
      "geomean(x), geometric_mean(x + 1), weighted_avg(x, x + 1), wavg(x, 2), percentile_cont(0.4) WITHIN "
      "GROUP (ORDER "
      "BY x DESC), percentile_cont([0.4, 0.0]) WITHIN GROUP (ORDER BY x), percentile_disc([0.3, 0.9]) WITHIN "
      "GROUP "
      "(ORDER BY x DESC), percentile_disc(0.0) WITHIN GROUP (ORDER BY x DESC), mode() WITHIN GROUP (ORDER BY "
      "x)";
  const std::string expected = of_the_engine(group, calls);
  const std::string found = answer(group, calls, 3);
  EXPECT_TRUE(are_near(found, expected)) << found << "\n" << expected;
}

TEST_F(AggregatesAtTheEnds, MacrosAreTheEngines) {
  Bench bench;
  EXPECT_EQ(
      bench.rows(
          "SELECT function_name, parameters, macro_definition FROM duckdb_functions() WHERE function_name "
          "IN ('geomean', 'geometric_mean', 'weighted_avg', 'wavg', 'json_group_array') ORDER BY 1"),
      (std::vector<std::string>{"geomean|[x]|exp(avg(ln(x)))|", "geometric_mean|[x]|geomean(x)|",
                                "json_group_array|[x]|CAST((('[' || string_agg(CASE  WHEN ((x IS NULL)) "
                                "THEN (CAST('null' AS \"JSON\")) ELSE to_json(x) END, ',')) || ']') AS "
                                "\"JSON\")|",
                                "wavg|[value, weight]|weighted_avg(\"value\", weight)|",
                                "weighted_avg|[value, weight]|(sum((\"value\" * weight)) / sum(CASE  WHEN "
                                "((\"value\" IS NOT NULL)) THEN "
                                "(weight) ELSE 0 END))|"}));
}

}  // namespace
}  // namespace anabranch::views
