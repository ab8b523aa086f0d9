// The queries of two benchmarks as views: TPC-H's with lineitem, then orders too, as streams, and Nexmark's.
// Each equals plain DuckDB at random splits between batch and speed (law L2); how many are maintained is
// counted.

#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/corpus/corpus_run.h"

namespace anabranch {
namespace {

const io::Path corpus = io::Path(ANABRANCH_SOURCE) / "tests" / "corpus";

// ---- TPC-H ----

// ANABRANCH_TPCH_SF: 0.1 in the long mode.
std::string scale_factor() {
  const char* given = std::getenv("ANABRANCH_TPCH_SF");
  return given ? given : "0.01";
}

// Rows arrive in an order that has nothing to do with their keys.
std::vector<std::string> tpch(const std::string& scale, const std::vector<std::string>& streams) {
  std::vector<std::string> statements = {
      fmt::format("LOAD {}", sql::quote_literal(ANABRANCH_SOURCE "/.deps/tpch/tpch.duckdb_extension")),
      fmt::format("CALL dbgen(sf = {})", scale)};
  for (const std::string table :
       {"customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"}) {
    const bool is_stream = std::find(streams.begin(), streams.end(), table) != streams.end();
    statements.push_back(is_stream ? fmt::format("CREATE TABLE stream.{0} AS SELECT *, row_number() OVER "
                                                 "(ORDER BY hash(t)) - 1 AS _n FROM main.{0} AS t",
                                                 table)
                                   : fmt::format("CREATE TABLE reference.{0} AS FROM main.{0}", table));
    statements.push_back("DROP TABLE main." + table);
  }
  return statements;
}

struct Benchmark {
  std::string file;
  std::vector<std::string> streams;  // of TPC-H
  // Reached so far. Raise it when the compiler does more.
  size_t maintained_min;
  size_t without_events_min;
  size_t refused_max;
};

void PrintTo(const Benchmark& benchmark, std::ostream* out) { *out << benchmark.file; }

std::vector<std::string> statements(const Benchmark& benchmark, const std::string& scale) {
  return benchmark.streams.empty() ? test::Scene::statements_of(corpus / "scenes" / (benchmark.file + ".sql"))
                                   : tpch(scale, benchmark.streams);
}

class Benchmarks : public ::testing::TestWithParam<Benchmark> {};

TEST_P(Benchmarks, EveryQueryEqualsPlainDuckDb) {
  const auto entries = test::read_corpus_file(corpus / "benchmarks" / (GetParam().file + ".sql"));
  ASSERT_GE(entries.size(), 22u);
  test::Scene scene(statements(GetParam(), scale_factor()));
  if (HasFatalFailure()) return;
  size_t events = 0;
  for (const auto& stream : scene.streams()) events += stream.events.size();
  const uint64_t seed = test::seed();
  for (uint64_t run = 0; run < test::corpus_runs(); ++run) {
    auto options = test::small_steps(seed + run);
    options.speed.tick_rows_max = events / 60 + (seed + run) % (events / 10);
    options.speed.replay_rows_max = options.speed.tick_rows_max;
    options.speed.compaction_rows = events / 7;
    options.has_bulk_files = true;
    test::run_schedule(scene, entries, seed + run, options);
    if (HasFatalFailure()) return;
  }
}

TEST_P(Benchmarks, HasTheClassesThatItsFileSays) {
  const test::Scene scene(statements(GetParam(), "0.001"));
  const auto entries = test::read_corpus_file(corpus / "benchmarks" / (GetParam().file + ".sql"));
  const auto classes = test::check_classes(scene, entries, GetParam().file);
  std::cout << classes.report;
  EXPECT_GE(classes.maintained, GetParam().maintained_min);
  EXPECT_GE(classes.maintained + classes.merged, GetParam().without_events_min);
  EXPECT_LE(classes.refused, GetParam().refused_max);
}

// The queries are TPC-H's: plain DuckDB gives the answers that belong to the benchmark.
TEST(Tpch, QueriesGiveTheBenchmarksAnswers) {
  test::Scene scene(tpch("0.01", {"lineitem", "orders"}));
  if (HasFatalFailure()) return;
  for (auto& stream : scene.streams()) scene.arrive(stream, stream.events.size());
  test::TemporaryFolder folder;
  const auto entries = test::read_corpus_file(corpus / "benchmarks" / "tpch_orders.sql");
  for (size_t i = 0; i < entries.size(); ++i) {
    SCOPED_TRACE(entries[i].name);
    const auto found = scene.session().query(entries[i].sql);
    ASSERT_TRUE(found) << found.error().describe();
    const auto answer = scene.session().query(
        fmt::format("SELECT answer FROM tpch_answers() WHERE scale_factor = 0.01 AND query_nr = {}", i + 1));
    ASSERT_TRUE(answer) << answer.error().describe();
    ASSERT_EQ(answer->row_count(), 1u);
    test::write_text(folder / "answer.csv", answer->text(0, 0).value());
    std::string types;
    for (const auto& column : found->columns())
      types += fmt::format("{}'{}'", types.empty() ? "" : ", ", column.type);
    const auto expected = scene.session().query(fmt::format(
        "FROM read_csv({}, delim = '|', header = true, quote = '', types = [{}], hive_partitioning = false)",
        sql::quote_literal((folder / "answer.csv").string()), types));
    ASSERT_TRUE(expected) << expected.error().describe();
    EXPECT_EQ(test::comparable_rows(*found), test::comparable_rows(*expected));
  }
}

INSTANTIATE_TEST_SUITE_P(Queries, Benchmarks,
                         ::testing::Values(Benchmark{"tpch_lineitem", {"lineitem"}, 11, 16, 0},
                                           Benchmark{"tpch_orders", {"lineitem", "orders"}, 4, 7, 0},
                                           Benchmark{"nexmark", {}, 14, 16, 0}),
                         [](const auto& info) { return info.param.file; });

}  // namespace
}  // namespace anabranch
