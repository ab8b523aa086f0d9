// The plan compiler against plain DuckDB: for every view of the corpus, random events are cut into random
// ranges, the states of each range are merged in random order, and what is finalised must equal the canonical
// SELECT over all events; the canonical SELECT in turn must equal the SELECT as written wherever order does
// not matter.

#include "views/compiler.h"

#include <cstdlib>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/random.h"
#include "sql/parser.h"
#include "tests/support/view_corpus.h"
#include "views/exposed.h"
#include "views/functions.h"
#include "views/maintain/aggregates.h"

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

model::Schema event_schema() {
  model::Schema schema;
  for (const auto& [name, type] : std::vector<std::pair<const char*, const char*>>{{"id", "bigint"},
                                                                                   {"k", "varchar"},
                                                                                   {"g", "integer"},
                                                                                   {"x", "integer"},
                                                                                   {"y", "double"},
                                                                                   {"d", "decimal(10,2)"},
                                                                                   {"flag", "boolean"},
                                                                                   {"ts", "timestamp"},
                                                                                   {"s", "varchar"},
                                                                                   {"tags", "varchar[]"}}) {
    schema.fields.push_back({name, model::Type::parse(type).value(), false, ""});
  }
  return schema;
}

Compiler corpus_compiler() {
  auto compiler = Compiler::create().value();
  compiler.add_relation(stream_relation("bronze.events", event_schema()));
  compiler.add_relation(
      table_relation("bronze.dim", {{"k", "VARCHAR"}, {"name", "VARCHAR"}, {"weight", "DOUBLE"}}));
  compiler.add_relation(table_relation("bronze.lookup", {{"g", "INTEGER"}, {"label", "VARCHAR"}}));
  return compiler;
}

// Events, tables and states as plain tables of one engine.
class Bench {
 public:
  Bench() : database_(sql::Database::open({}).value()), session_(database_->connect().value()) {}

  void fill(std::mt19937_64& random, int events) {
    run("CREATE TABLE dim AS SELECT *, row_number() OVER () - 1 AS \"anabranch:row\" FROM (VALUES ('a', "
        "'alpha', "
        "1.5::DOUBLE), ('b', 'beta', 2.5), "
        "('b', 'bravo', 0.25), ('c', 'gamma', -1), (NULL, 'null', 9)) t(k, name, weight)");
    run("CREATE TABLE lookup AS SELECT *, row_number() OVER () - 1 AS \"anabranch:row\" FROM (VALUES (1, "
        "'one'), (2, "
        "'two'), (3, NULL)) t(g, label)");
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<uint64_t>(n)); };
    std::string rows;
    const char* keys[] = {"'a'", "'b'", "'c'", "'d'", "NULL", "''"};
    const char* texts[] = {"'1'", "'7'", "'12'", "'x'", "NULL", "'99999999999'", "''", "' 5'"};
    const char* doubles[] = {"1e6::DOUBLE + 0.125", "-0.0", "0", "NULL", "1e-9", "123456.789", "-17.25", "3"};
    for (int i = 0; i < events; ++i) {
      rows += fmt::format(
          "{}({}, {}, {}, {}, {}, {}, {}, {}, {}, {})", i ? ", " : "", 1000 + i, keys[pick(6)],
          pick(8) == 0 ? "NULL" : fmt::format("{}", pick(5)),
          pick(9) == 0 ? "NULL" : fmt::format("{}", pick(100)), doubles[pick(8)],
          pick(7) == 0 ? "NULL" : fmt::format("{}.{:02}", pick(300), pick(100)),
          pick(6) == 0 ? "NULL"
          : pick(2)    ? "true"
                       : "false",
          pick(9) == 0 ? "NULL"
                       : fmt::format("TIMESTAMP '2013-{:02}-{:02} 10:00:00'", 1 + pick(12), 1 + pick(28)),
          texts[pick(8)], pick(3) ? fmt::format("['{}', 't{}']", pick(3), pick(2)) : "NULL");
    }
    run("CREATE TABLE events (id BIGINT, k VARCHAR, g INTEGER, x INTEGER, y DOUBLE, d DECIMAL(10,2), flag "
        "BOOLEAN, ts TIMESTAMP, s "
        "VARCHAR, tags VARCHAR[])");
    if (events > 0) run("INSERT INTO events VALUES " + rows);
    run("CREATE TABLE all_events AS SELECT *, 0::INTEGER AS _partition, row_number() OVER () - 1 AS _offset, "
        "now() AS _ingested_at, "
        "'raw' || id AS _raw FROM events");
  }

  void run(const sql::Query& sql) {
    const Status status = session_.run(sql);
    ASSERT_TRUE(status) << status.error().describe() << "\n" << sql.text;
  }

  // The rows as sorted text. Doubles keep 9 digits; the order of rows is not compared.
  std::string rows(const sql::Query& select, bool is_exact = false) {
    auto described = session_.describe(select);
    if (!described) return "error: " + described.error().describe() + "\n" + select.text;
    std::string columns;
    for (const auto& column : *described) {
      const std::string name = sql::quote_identifier(column.name);
      std::string text = fmt::format("coalesce({}::VARCHAR, 'NULL')", name);
      if (column.type == "DOUBLE" && !is_exact) {
        // The partial sums of doubles differ in the last digits.
        text = fmt::format(
            "CASE WHEN {0} IS NULL THEN 'NULL' WHEN isnan({0}) THEN 'nan' WHEN abs({0}) < 1e-6 THEN '0' ELSE "
            "printf('%.8g', {0} + sign({0}) * abs({0}) * 1e-12) END",
            name);
      }
      columns += fmt::format("{}{}", columns.empty() ? "" : " || '|' || ", text);
    }
    auto result = session_.query(
        sql::over(fmt::format("SELECT {} AS line FROM anabranch.side ORDER BY 1", columns), "side", select));
    if (!result) return "error: " + result.error().describe() + "\n" + select.text;
    std::string text;
    for (size_t i = 0; i < result->row_count(); ++i) text += result->text(i, 0).value_or("NULL") + "\n";
    return text;
  }

  std::unique_ptr<sql::Database> database_;
  sql::Session session_;
};

// The rows of a view with their places in its order.
sql::Query in_order(const Plan& plan, const sql::Query& rows) {
  std::string columns;
  std::string by;
  for (const auto& column : plan.columns) columns += sql::quote_identifier(column.name) + ", ";
  for (const auto& [key, type] : plan.order) {
    const sql::OrderItem item{sql::column(key.column), key.is_descending, key.nulls};
    by += (by.empty() ? "ORDER BY " : ", ") + sql::to_sql(item);
  }
  return sql::over(
      fmt::format("SELECT {} row_number() OVER ({}) AS \"place\" FROM anabranch.ordered", columns, by),
      "ordered", rows);
}

TEST(Compiler, ClassifiesTheCorpus) {
  Compiler compiler = corpus_compiler();
  for (const auto& view : test::read_view_corpus(ANABRANCH_SOURCE "/tests/equivalence/views.sql")) {
    const auto compiled = compiler.compile(view.name, view.sql);
    ASSERT_TRUE(compiled) << view.name << ": " << compiled.error().describe();
    const Plan& plan = compiled->plan;
    std::string reasons;
    for (const Reason& reason : plan.reasons) reasons += reason.clause + ": " + reason.reason + "; ";
    EXPECT_EQ(to_string(plan.view_class), view.expected_class) << view.name << " " << reasons;
    EXPECT_EQ(plan.reasons.empty(), plan.is_maintained()) << view.name << ": what is not maintained says why";
  }
}

class Corpus : public ::testing::TestWithParam<int> {};

TEST_P(Corpus, MergedStatesEqualRecompute) {
  const uint64_t run_seed = seed() + static_cast<uint64_t>(GetParam());
  std::mt19937_64 random(run_seed);
  const int events = GetParam() == 0 ? 0 : GetParam() == 1 ? 3 : 40 + static_cast<int>(random() % 200);
  Bench bench;
  bench.fill(random, events);
  std::vector<int> cuts{0, events};
  for (int i = 0; i < 4; ++i)
    cuts.push_back(events == 0 ? 0 : static_cast<int>(random() % static_cast<uint64_t>(events + 1)));
  std::sort(cuts.begin(), cuts.end());

  Compiler compiler = corpus_compiler();
  sql::Meanings whole;   // canonical meaning of each relation
  sql::Meanings merged;  // what reads see
  const auto add = [](sql::Meanings& meanings, const Compiler& from, const std::string& name,
                      const sql::Query& query) { add_meaning(meanings, from.relations().at(name), query); };
  for (auto* meanings : {&whole, &merged}) {
    add(*meanings, compiler, "bronze.events", "FROM all_events");
    add(*meanings, compiler, "bronze.dim", "FROM dim");
    add(*meanings, compiler, "bronze.lookup", "FROM lookup");
  }
  std::vector<Plan> linear;

  for (const auto& view : test::read_view_corpus(ANABRANCH_SOURCE "/tests/equivalence/views.sql")) {
    const auto compiled = compiler.compile(view.name, view.sql);
    ASSERT_TRUE(compiled) << view.name << ": " << compiled.error().describe();
    std::vector<Plan> plans = compiled->blocks;
    plans.push_back(compiled->plan);
    std::vector<Relation> relations = compiled->block_relations;
    relations.push_back(compiled->relation);
    for (size_t at = 0; at < plans.size(); ++at) {
      const Plan& plan = plans[at];
      SCOPED_TRACE(fmt::format("ANABRANCH_SEED={} view {} events {}\nrows: {}\nfinalise: {}\ncanonical: {}",
                               run_seed - static_cast<uint64_t>(GetParam()), plan.view, events, plan.rows,
                               plan.finalise, plan.canonical));
      const std::string visible = visible_name(plan.view);
      if (!plan.is_maintained()) {
        for (auto* meanings : {&merged, &whole}) {
          (*meanings)[visible] = sql::meaning(canonical_query(plan, *meanings));
          (*meanings)[plan.view] = sql::meaning(ordered_query(plan, *meanings));
        }
        EXPECT_EQ(bench.rows(*merged[visible]), bench.rows(*whole[visible]));
        EXPECT_EQ(bench.rows(in_order(plan, *merged[plan.view])),
                  bench.rows(in_order(plan, *whole[plan.view])));
        continue;
      }
      sql::Meanings states;
      for (const StatePart& part : plan.parts) {
        const std::string table = fmt::format("\"{}#{}\"", plan.view, part.name);
        std::vector<sql::Query> slices;
        for (size_t i = 0; i + 1 < cuts.size(); ++i) {
          sql::Meanings some = whole;
          add(some, compiler, "bronze.events",
              fmt::format("FROM all_events WHERE _offset >= {} AND _offset < {}", cuts[i], cuts[i + 1]));
          for (const Plan& below : linear)
            some[below.view] = sql::meaning(inlined_query(below, rows_query(below, some)));
          slices.push_back(partial_query(plan, part, some, rows_query(plan, some)));
        }
        std::shuffle(slices.begin(), slices.end(), random);
        bench.run(
            sql::over(fmt::format("CREATE TABLE {} AS FROM anabranch.states", table), "states", slices[0]));
        for (size_t i = 1; i < slices.size(); ++i) {
          bench.run(
              sql::over(fmt::format("INSERT INTO {} FROM anabranch.states", table), "states", slices[i]));
          if (random() % 2 == 0) {  // compaction on the way must not show
            bench.run(sql::over("CREATE TABLE compacted AS FROM anabranch.merged", "merged",
                                merge_query(part, "FROM " + table)));
            bench.run(fmt::format("DROP TABLE {}", table));
            bench.run(fmt::format("ALTER TABLE compacted RENAME TO {}", table));
          }
        }
        states[part.name] = sql::meaning(merge_query(part, "FROM " + table));
      }
      const sql::Query read = finalise_query(plan, states);
      merged[visible] = sql::meaning(read);
      merged[plan.view] = sql::meaning(ordered_finalise_query(plan, states));

      // The SELECT over everything, without the events that were recorded as failed.
      auto without_failed = whole;
      if (states.contains(errors_part)) {
        add(without_failed, compiler, "bronze.events",
            {"FROM all_events WHERE (_partition, _offset) NOT IN (SELECT (_partition, _offset) FROM "
             "anabranch.recorded)",
             {{"recorded", states[errors_part]}}});
      }
      const sql::Query expected = canonical_query(plan, without_failed);
      EXPECT_EQ(bench.rows(read), bench.rows(expected));
      whole[visible] = sql::meaning(expected);
      whole[plan.view] = sql::meaning(ordered_query(plan, without_failed));
      if (plan.inlined.empty()) {
        EXPECT_EQ(bench.rows(in_order(plan, *merged[plan.view])),
                  bench.rows(in_order(plan, *whole[plan.view])))
            << plan.ordered_finalise << "\n"
            << plan.ordered;
      }
      if (relations[at].kind == Relation::Kind::linear_view) {
        linear.push_back(plan);
        // Canonical views above it are evaluated over its rows with their hidden columns.
        whole[plan.view] = sql::meaning(inlined_query(plan, rows_query(plan, without_failed)));
      }
      if (plan.is_hidden) continue;
      // Nothing but order was spelled out: where it does not matter, the view as written gives the same.
      const auto written = expose(*sql::parse_select(view.sql), compiler.relations(), view.sql);
      const bool has_errors = states.contains(errors_part);
      bool is_ordered = view.sql.find("LIMIT") != std::string::npos ||
                        view.sql.find("QUALIFY") != std::string::npos || plan.view_class == ViewClass::keyed;
      sql::visit_selects(*sql::parse_select(view.sql), [&](const sql::Select& select) {
        for (const auto& item : select.items) {
          sql::visit_expr(item, [&](const sql::Expr& node) {
            is_ordered = is_ordered || depends_on_order(node) || node.kind == sql::Expr::Kind::window;
            return true;
          });
        }
      });
      if (!is_ordered && !has_errors) {
        auto plain = whole;
        for (const auto& [name, known] : compiler.relations()) {
          if (plain.contains(known.name)) add_meaning(plain, known, *plain.at(known.name));
        }
        EXPECT_EQ(bench.rows(expected), bench.rows({written->sql, plain}));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(RandomEvents, Corpus, ::testing::Range(0, 6));

TEST(Functions, KnowsTheEnginesAggregates) {
  Bench bench;
  auto names = bench.session_.query(
      "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate' AND "
      "function_name NOT IN (SELECT "
      "DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'window')");
  ASSERT_TRUE(names) << names.error().describe();
  const std::set<std::string> windows = {
      "cume_dist", "dense_rank", "fill",         "first_value", "lag",        "last_value", "lead",
      "nth_value", "ntile",      "percent_rank", "rank",        "rank_dense", "row_number"};
  for (size_t i = 0; i < names->row_count(); ++i) {
    const std::string name = names->text(i, 0).value();
    EXPECT_TRUE(windows.contains(name) || is_aggregate_name(name)) << name;
  }
}

// A compiler that gets a view of tables from another one has not met those tables.
TEST(Compiler, TakesViewsOfTablesFromAnother) {
  Compiler first = corpus_compiler();
  const sql::Select below =
      sql::parse_select("SELECT k, max(name) AS name FROM bronze.dim GROUP BY k").value();
  const auto names = first.compile("silver.names", below, "");
  ASSERT_TRUE(names) << names.error().describe();
  Compiler second = corpus_compiler();
  second.add_view(*names);
  const auto joined =
      second.compile("gold.joined", "SELECT e.id, n.name FROM bronze.events e JOIN silver.names n USING (k)");
  ASSERT_TRUE(joined) << joined.error().describe();
  EXPECT_EQ(to_string(joined->plan.view_class), "linear");
}

TEST(Compiler, MistakesHaveAPlace) {
  Compiler compiler = corpus_compiler();
  const auto unknown_table = compiler.compile("gold.a", "SELECT *\nFROM bronze.evnts");
  ASSERT_FALSE(unknown_table);
  EXPECT_EQ(unknown_table.error().place->line, 2);
  EXPECT_EQ(unknown_table.error().place->column, 6);
  const auto unknown_column = compiler.compile("gold.b", "SELECT\n  nope\nFROM bronze.events");
  ASSERT_FALSE(unknown_column);
  EXPECT_EQ(unknown_column.error().place->line, 2);
  EXPECT_EQ(unknown_column.error().place->column, 3);
  EXPECT_FALSE(compiler.compile("gold.c", "SELECT k, x FROM bronze.events GROUP BY k"));
  EXPECT_FALSE(compiler.compile("gold.d", "SELECT k, g AS K FROM bronze.events"));
  const auto unnamed = compiler.compile("gold.e", "SELECT (k, g) AS pair FROM bronze.events");
  ASSERT_FALSE(unnamed);
  EXPECT_NE(unnamed.error().describe().find("column pair is a row whose values have no names"),
            std::string::npos);
  EXPECT_TRUE(compiler.compile("gold.f", "SELECT {'k': k, 'between': g} AS pair FROM bronze.events"));
  EXPECT_FALSE(compiler.compile("gold.g", "SELECT k AS \"Anabranch:ord\" FROM bronze.events"));
}

// Rows of a table that lies in its file are no part of any state.
TEST(Compiler, ATableInPlaceIsReadWhenAViewIs) {
  auto compiler = corpus_compiler();
  compiler.add_relation(table_relation("bronze.large", {{"k", "VARCHAR"}, {"name", "VARCHAR"}}, true));
  ASSERT_TRUE(compiler.compile("silver.large", "SELECT k, upper(name) AS name FROM bronze.large"));
  for (const char* sql :
       {"SELECT e.k, l.name FROM bronze.events AS e LEFT JOIN bronze.large AS l ON l.k = e.k",
        "SELECT l.name, count(*) AS n FROM bronze.events AS e JOIN bronze.large AS l ON l.k = e.k GROUP BY 1",
        "SELECT count(*) AS n FROM bronze.events WHERE k IN (SELECT k FROM bronze.large)",
        "SELECT k, (SELECT max(name) FROM bronze.large) AS most FROM bronze.events",
        "SELECT e.k, l.name FROM bronze.events AS e JOIN (SELECT k, name FROM bronze.large) AS l ON l.k = "
        "e.k",
        "SELECT e.k, l.name FROM bronze.events AS e JOIN silver.large AS l ON l.k = e.k"}) {
    const auto compiled = compiler.compile("gold.v", sql);
    ASSERT_TRUE(compiled) << sql << ": " << compiled.error().describe();
    EXPECT_EQ(compiled->plan.view_class, ViewClass::read_time) << sql;
    EXPECT_FALSE(compiled->plan.reasons.empty()) << sql;
    EXPECT_TRUE(compiled->plan.tables.contains("bronze.large")) << sql;
    EXPECT_TRUE(compiled->blocks.empty()) << sql;
  }
  const auto joined =
      compiler.compile("gold.v", "SELECT e.k FROM bronze.events AS e JOIN bronze.large AS l ON l.k = e.k");
  EXPECT_NE(joined->plan.reasons.front().reason.find("limits.tables_memory_bytes"), std::string::npos);
}

}  // namespace
}  // namespace anabranch::views
