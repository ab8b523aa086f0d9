// Law L2 on the whole platform: random schedules of events, builds (of all views and of some), changes of
// tables and restarts; after every step every view read through the platform equals a recompute. The
// recompute is twofold: plain DuckDB, a database of its own, running the models as they are written over the
// accepted events (for views whose result does not depend on the order of rows); and `verify` for all of
// them.

#include <cstdlib>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sql/parser.h"
#include "sql/syntax.h"
#include "tests/support/corpus_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/plain_engine.h"
#include "tests/support/platform_reads.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"
#include "views/maintain/aggregates.h"

namespace anabranch {
namespace {

bool depends_on_order(const test::CorpusView& view) {
  if (view.expected_class == "keyed" || view.sql.find("LIMIT") != std::string::npos ||
      view.sql.find("QUALIFY") != std::string::npos)
    return true;
  bool is_ordered = false;
  sql::visit_selects(*sql::parse_select(view.sql), [&](const sql::Select& select) {
    for (const auto& item : select.items) {
      sql::visit_expr(item, [&](const sql::Expr& node) {
        is_ordered = is_ordered || views::depends_on_order(node);
        return true;
      });
    }
  });
  return is_ordered;
}

class Equivalence : public ::testing::TestWithParam<int> {
 protected:
  void open() {
    speed::SpeedLayer::Options options;
    // Small steps and early compaction, so that a few events meet all of the machinery.
    options.tick_rows_max = 1 + static_cast<size_t>(GetParam()) * 13;
    options.replay_rows_max = 17;
    options.compaction_rows = 25;
    options.tick_interval_us = 100;
    auto opened = test::open_platform(folder_.path(), options);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
  }

  // One; three by key; four in turn.
  size_t partitions() const { return GetParam() == 0 ? 1 : 2 + static_cast<size_t>(GetParam()); }
  void write_partitions() {
    if (partitions() == 1) return;
    const io::Path file = folder_.path() / "streams/events.yml";
    const auto text = io::local_file_system().read_file(file);
    ASSERT_TRUE(text);
    test::write_text(
        file, fmt::format("{}partitions: {}\n{}", *text, partitions(), partitions() == 3 ? "key: k\n" : ""));
  }

  void start() {
    const Status started = platform_->start();
    ASSERT_TRUE(started) << started.error().describe();
  }

  void ingest(std::mt19937_64& random, int events) {
    std::string body;
    for (int i = 0; i < events; ++i) {
      // Some events come twice: they are two events.
      const int64_t id = random() % 10 == 0 && next_id_ > 0 ? next_id_ - 1 : next_id_++;
      body += test::random_event(random, id) + "\n";
    }
    const auto accepted = platform_->stream("events")->accept_and_wait(ingest::BodyFormat::ndjson, body);
    ASSERT_TRUE(accepted) << accepted.error().describe();
    ASSERT_EQ(accepted->accepted + accepted->quarantined, events) << "nothing is lost";
  }

  // What the archive has goes from the log.
  void forget() {
    auto& log = platform_->stream("events")->log();
    const auto archived = platform_->archived();
    for (model::Partition number = 0; number < log.partition_count(); ++number) {
      model::Offset end = model::offset_of(archived, "events", number);
      for (const auto& epoch : platform_->speed().epochs().all())
        end = std::min(end, epoch->archive("bronze.events").of(number).end);
      const auto removed = log.remove_before(number, end, INT64_MAX);
      ASSERT_TRUE(removed) << removed.error().describe();
    }
    ASSERT_EQ(log.quarantine(std::nullopt, SIZE_MAX)->size(), log.quarantined_count());
  }

  // Every event, into the plain database.
  void fill_plain() {
    auto& log = platform_->stream("events")->log();
    const auto ends = log.durable_offsets();
    ASSERT_EQ(ends.size(), partitions());
    const Status waited = platform_->speed().wait_for({{"events", ends}}, 30'000'000);
    ASSERT_TRUE(waited) << waited.error().describe();
    auto events = platform_->queries().query("SELECT * FROM bronze.events", {});
    ASSERT_TRUE(events) << events.error().describe();
    ASSERT_EQ(static_cast<int64_t>(events->rows.row_count()), model::event_count(ends))
        << "bronze has every accepted event once";
    plain_ = std::make_unique<test::PlainEngine>();
    std::string json;
    std::string lines;
    const auto raw = platform_->queries().query(
        "SELECT _raw, _offset, _partition FROM bronze.events ORDER BY _offset, _partition", {});
    ASSERT_TRUE(raw) << raw.error().describe();
    std::vector<int64_t> next(partitions());
    for (size_t i = 0; i < raw->rows.row_count(); ++i) {
      ASSERT_EQ(raw->rows.integer(i, 1), next.at(static_cast<size_t>(raw->rows.integer(i, 2)))++)
          << "offsets are dense";
      lines += raw->rows.text(i, 0).value() + "\n";
    }
    const io::Path file = scratch_.path() / "events.ndjson";
    test::write_text(file, lines);
    const std::string columns =
        "id: 'BIGINT', k: 'VARCHAR', g: 'INTEGER', x: 'INTEGER', y: 'DOUBLE', d: 'DECIMAL(10,2)', flag: "
        "'BOOLEAN', ts: 'TIMESTAMP', s: "
        "'VARCHAR', tags: 'VARCHAR[]'";
    plain_->run(
        "CREATE TABLE bronze.events (id BIGINT, k VARCHAR, g INTEGER, x INTEGER, y DOUBLE, d DECIMAL(10,2), "
        "flag BOOLEAN, ts TIMESTAMP, s "
        "VARCHAR, tags VARCHAR[])");
    if (!lines.empty()) {
      plain_->run(
          fmt::format("INSERT INTO bronze.events SELECT * FROM read_json('{}', format = 'newline_delimited', "
                      "columns = {{{}}})",
                      file.string(), columns));
    }
    plain_->run(
        fmt::format("CREATE TABLE bronze.dim AS FROM read_csv('{}', types = {{'k': 'VARCHAR', 'name': "
                    "'VARCHAR', 'weight': 'DOUBLE'}})",
                    pinned_dim_.string()));
    plain_->run(fmt::format(
        "CREATE TABLE bronze.lookup AS FROM read_csv('{}', types = {{'g': 'INTEGER', 'label': 'VARCHAR'}})",
        (folder_.path() / "data/lookup.csv").string()));
  }

  void check_all(const std::string& after) {
    fill_plain();
    if (HasFatalFailure()) return;
    quality::Verifier::Request all;
    for (const auto& view : views_) all.views.push_back(view.name);
    const auto verdicts = platform_->verifier().verify(all);
    ASSERT_TRUE(verdicts) << verdicts.error().describe();
    for (size_t i = 0; i < views_.size(); ++i) {
      const auto& view = views_[i];
      const auto& verdict = (*verdicts)[i];
      SCOPED_TRACE(view.name + " after " + after);
      EXPECT_EQ(verdict.outcome, quality::Verdict::Outcome::equal) << test::describe_differences(verdict);
      // Plain DuckDB, the model as it is written.
      const bool is_created =
          plain_->session().run(fmt::format("CREATE VIEW {} AS {}", view.name, view.sql)).has_value();
      if (!is_created || depends_on_order(view) || view.sql.find("_offset") != std::string::npos ||
          verdict.note.find("recorded") != std::string::npos) {
        continue;
      }
      const auto read = platform_->queries().query("SELECT * FROM " + view.name, {});
      if (!read) {
        EXPECT_FALSE(plain_->session().query("SELECT * FROM " + view.name)) << read.error().describe();
        continue;
      }
      EXPECT_EQ(test::platform_rows(*platform_, view.name),
                test::sorted_rows(plain_->session(), "SELECT * FROM " + view.name));
      ++compared_;
    }
  }

  test::TemporaryFolder folder_;
  test::TemporaryFolder scratch_;
  std::vector<test::CorpusView> views_;
  std::unique_ptr<app::Platform> platform_;
  std::unique_ptr<test::PlainEngine> plain_;
  io::Path pinned_dim_;
  int64_t next_id_ = 0;
  int compared_ = 0;
};

TEST_P(Equivalence, EveryViewEqualsARecomputeAfterEveryStep) {
  const uint64_t run_seed = test::seed() + static_cast<uint64_t>(GetParam());
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", run_seed - static_cast<uint64_t>(GetParam())));
  std::mt19937_64 random(run_seed);
  views_ = test::write_corpus_project(folder_.path(), ANABRANCH_SOURCE "/tests/equivalence/views.sql");
  ASSERT_GE(views_.size(), 40u);
  ASSERT_NO_FATAL_FAILURE(write_partitions());
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(platform_->copy({}));
  int dim_state = 0;
  int copied_dim = 0;
  const auto pin = [&](int state) {
    pinned_dim_ = scratch_.path() / fmt::format("dim-{}.csv", state);
    std::filesystem::copy_file(folder_.path() / "data/dim.csv", pinned_dim_,
                               std::filesystem::copy_options::overwrite_existing);
  };
  pin(0);
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(check_all("the start, with no event"));
  ASSERT_NO_FATAL_FAILURE(ingest(random, 30));
  ASSERT_NO_FATAL_FAILURE(check_all("the first events"));
  for (int step = 0; step < 7; ++step) {
    std::string what;
    switch (random() % 5) {
      case 0: {
        const auto built = platform_->build({}, "test");
        ASSERT_TRUE(built) << built.error().describe();
        if (copied_dim != dim_state) copied_dim = dim_state;
        pin(dim_state);
        what = "a build of all views";
        break;
      }
      case 1: {
        const auto built = platform_->build({"gold.sums", "gold.joined", "silver.clean"}, "test");
        ASSERT_TRUE(built) << built.error().describe();
        what = "a build of three views";
        break;
      }
      case 2: {
        test::write_dim(folder_.path(), ++dim_state);
        ASSERT_TRUE(platform_->copy({"reference"}));
        const auto built = platform_->build({}, "test");
        ASSERT_TRUE(built) << built.error().describe();
        pin(dim_state);
        what = "a new version of a table and a build";
        break;
      }
      case 3: {
        platform_.reset();
        ASSERT_NO_FATAL_FAILURE(open());
        ASSERT_NO_FATAL_FAILURE(start());
        what = "a restart";
        break;
      }
      default:
        what = "more events";
    }
    if (GetParam() > 0 && random() % 2 == 0) {
      ASSERT_NO_FATAL_FAILURE(forget());
      what += ", after which the log forgot";
    }
    for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(ingest(random, 5 + static_cast<int>(random() % 60)));
    ASSERT_NO_FATAL_FAILURE(check_all(fmt::format("step {}: {}", step, what)));
  }
  EXPECT_GT(compared_, 100) << "plain DuckDB was asked too";
}

INSTANTIATE_TEST_SUITE_P(RandomSchedules, Equivalence, ::testing::Range(0, 3));

}  // namespace
}  // namespace anabranch
