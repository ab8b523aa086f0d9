// Law L2 on the example project with real flights: random splits between batch and speed, late and repeated
// events, bulk files, tables that change and restarts; after every step every view equals plain DuckDB,
// running the models as they are written over the events that were sent, and `verify`.

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/flights_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/plain_engine.h"
#include "tests/support/platform_reads.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

const std::vector<std::string> table_names = {"airlines", "airports", "planes", "weather"};

class FlightsEquivalence : public ::testing::TestWithParam<int> {
 protected:
  void open() {
    platform_.reset();
    speed::SpeedLayer::Options options;
    // Many ticks and compactions for some thousand events.
    options.tick_rows_max = 60 + static_cast<size_t>(GetParam()) * 140;
    options.replay_rows_max = 300;
    options.compaction_rows = 250;
    options.tick_interval_us = 100;
    auto opened = test::open_platform(folder_.path(), options);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
  }

  void start() {
    const Status started = platform_->start();
    ASSERT_TRUE(started) << started.error().describe();
  }

  // The next flights of the sample; some of them, and some long gone, once more: those are events too.
  std::vector<size_t> next_flights(std::mt19937_64& random, size_t count) {
    std::vector<size_t> numbers;
    while (numbers.size() < count && next_ < sample_->size()) {
      numbers.push_back(random() % 12 == 0 && next_ > 0 ? random() % next_ : next_++);
    }
    return numbers;
  }

  void ingest(std::mt19937_64& random, size_t count) {
    std::string body;
    int64_t rubbish = 0;
    const auto numbers = next_flights(random, count);
    for (const size_t number : numbers) {
      body += sample_->json(number) + "\n";
      if (random() % 50 == 0) {  // belongs in quarantine, whatever comes before and after it
        body += random() % 2 == 0 ? "{\"carrier\":\"UA\",\"origin\":\"JFK\"}\n" : "{\"carrier\":17\n";
        ++rubbish;
      }
    }
    if (numbers.empty()) return;
    const auto accepted = platform_->stream("flights")->accept_and_wait(ingest::BodyFormat::ndjson, body);
    ASSERT_TRUE(accepted) << accepted.error().describe();
    ASSERT_EQ(accepted->accepted, static_cast<int64_t>(numbers.size()));
    ASSERT_EQ(accepted->quarantined, rubbish);
    sent_.insert(sent_.end(), numbers.begin(), numbers.end());
  }

  void ingest_file(std::mt19937_64& random, size_t count) {
    const auto numbers = next_flights(random, count);
    const io::Path file = scratch_.path() / "flights.parquet";
    ASSERT_NO_FATAL_FAILURE(sample_->write_parquet(numbers, file));
    const auto accepted = platform_->ingest_file("flights", file.string());
    ASSERT_TRUE(accepted) << accepted.error().describe();
    ASSERT_EQ(accepted->accepted, static_cast<int64_t>(numbers.size()));
    sent_.insert(sent_.end(), numbers.begin(), numbers.end());
  }

  // ---- tables ----

  // What a build pins: the tables' files as they were when they were copied last.
  void load_tables() {
    for (const project::TableFile& table : project_.sources.at(0).tables) {
      std::string types;
      for (const auto& column : table.columns) {
        types += fmt::format("{}{}: '{}'", types.empty() ? "" : ", ", sql::quote_identifier(column.name),
                             column.type.value().to_sql());
      }
      plain_.run(fmt::format(
          "CREATE OR REPLACE TABLE bronze.{} AS FROM read_csv({}, header = true, types = {{{}}})", table.name,
          sql::quote_literal((folder_.path() / table.paths.at(0).text).string()), types));
    }
  }

  // Planes and airlines with other content: some gone, some changed, an airline twice.
  void change_tables() {
    ++changes_;
    plain_.run(
        fmt::format("COPY (SELECT tailnum, year, type, manufacturer || ' {0}' AS manufacturer, nullif(model, "
                    "'A320-214') AS "
                    "model, engines, seats, speed, engine FROM read_csv({1}, all_varchar = true) WHERE "
                    "hash(tailnum, {0}) % 5 > 0) TO {2} (HEADER)",
                    changes_, sql::quote_literal((test::flights_example() / "data" / "planes.csv").string()),
                    sql::quote_literal((folder_.path() / "data" / "planes.csv").string())));
    plain_.run(fmt::format(
        "COPY (FROM read_csv({1}, all_varchar = true) WHERE carrier NOT IN ('AA', 'B6') UNION ALL SELECT "
        "'UA', "
        "'United once more {0}') TO {2} (HEADER)",
        changes_, sql::quote_literal((test::flights_example() / "data" / "airlines.csv").string()),
        sql::quote_literal((folder_.path() / "data" / "airlines.csv").string())));
    const auto copied = platform_->copy({"reference"});
    ASSERT_TRUE(copied) << copied.error().describe();
    for (const auto& table : *copied)
      EXPECT_EQ(table.has_changed, table.name == "planes" || table.name == "airlines") << table.name;
  }

  void build_all() {
    const auto built = platform_->build({}, "test");
    ASSERT_TRUE(built) << built.error().describe();
    ASSERT_NO_FATAL_FAILURE(load_tables());
  }

  // ---- steps ----

  enum class Step { events, bulk_file, build, build_some, change_tables, restart };

  void take(Step step, std::mt19937_64& random) {
    switch (step) {
      case Step::events:
        return ingest(random, 1 + random() % 300);
      case Step::bulk_file:
        return ingest_file(random, 1 + random() % 300);
      case Step::build:
        return build_all();
      case Step::build_some: {
        // Any views, each with its own cut-off from then on.
        std::vector<std::string> views;
        for (const auto& model : project_.models) {
          if (random() % 3 == 0) views.push_back(model.name);
        }
        if (views.empty()) views.push_back("gold.delay_by_carrier");
        const auto built = platform_->build(views, "test");
        ASSERT_TRUE(built) << built.error().describe();
        return;
      }
      case Step::change_tables:
        // Until the next build of all views, copied is not pinned; before the first one there is no pin yet.
        if (!platform_->published_build()) {
          ASSERT_NO_FATAL_FAILURE(build_all());
        }
        return change_tables();
      case Step::restart:
        ASSERT_NO_FATAL_FAILURE(open());
        return start();
    }
  }

  static const char* name_of(Step step) {
    const char* names[] = {"events",         "a bulk file", "a build of all views", "a build of some views",
                           "changed tables", "a restart"};
    return names[static_cast<size_t>(step)];
  }

  void check_all(const std::string& after) {
    const auto end = platform_->stream("flights")->log().durable_offsets();
    ASSERT_EQ(end[0], static_cast<int64_t>(sent_.size())) << "every event is there once";
    const Status waited = platform_->speed().wait_for({{"flights", end}}, 60'000'000);
    ASSERT_TRUE(waited) << waited.error().describe();
    ASSERT_NO_FATAL_FAILURE(sample_->load_stream(sent_));
    const auto epoch = platform_->speed().epochs().newest();
    EXPECT_TRUE(epoch->unmaintained.empty()) << epoch->unmaintained.begin()->second;
    for (const auto& model : project_.models) {
      SCOPED_TRACE(model.name + " after " + after);
      const std::string expected = test::sorted_rows(plain_.session(), "SELECT * FROM " + model.name);
      const std::string actual = test::platform_rows(*platform_, model.name);
      ASSERT_FALSE(expected.starts_with("error")) << expected;
      if (actual != expected) ADD_FAILURE() << first_difference(expected, actual);
      rows_[model.name] = expected.size();
    }
    quality::Verifier::Request all;
    for (const auto& model : project_.models) all.views.push_back(model.name);
    const auto verdicts = platform_->verifier().verify(all);
    ASSERT_TRUE(verdicts) << verdicts.error().describe();
    for (const auto& verdict : *verdicts) {
      EXPECT_EQ(verdict.outcome, quality::Verdict::Outcome::equal)
          << verdict.view << " after " << after << test::describe_differences(verdict);
    }
  }

  static std::string first_difference(const std::string& expected, const std::string& actual) {
    const auto [e, a] = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
    const auto line = [](const std::string& text, size_t at) {
      const size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
      return text.substr(begin, text.find('\n', at) - begin);
    };
    return fmt::format("expected: {}\nactual:   {}",
                       line(expected, static_cast<size_t>(e - expected.begin())),
                       line(actual, static_cast<size_t>(a - actual.begin())));
  }

  test::TemporaryFolder folder_;
  test::TemporaryFolder scratch_;
  test::PlainEngine plain_;
  project::Project project_;
  std::unique_ptr<test::FlightSample> sample_;
  std::unique_ptr<app::Platform> platform_;
  size_t next_ = 0;           // of the sample
  std::vector<size_t> sent_;  // numbers of the sample, by offset
  int changes_ = 0;
  std::map<std::string, size_t> rows_;  // bytes of text at the last check, by view
};

TEST_P(FlightsEquivalence, EveryViewEqualsPlainDuckDbAfterEveryStep) {
  const uint64_t run_seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", run_seed));
  RecordProperty("seed", std::to_string(run_seed));
  std::mt19937_64 random(run_seed + static_cast<uint64_t>(GetParam()));
  test::copy_flights_project(folder_.path());
  sample_ = std::make_unique<test::FlightSample>(plain_, random() % 1'000'000);
  ASSERT_GT(sample_->size(), 2000u);
  auto project = test::load_project(folder_.path());
  ASSERT_TRUE(project) << project.error().describe();
  project_ = std::move(*project);
  ASSERT_NO_FATAL_FAILURE(open());
  const auto copied = platform_->copy({});
  ASSERT_TRUE(copied) << copied.error().describe();
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(load_tables());
  ASSERT_NO_FATAL_FAILURE(sample_->load_stream({}));
  for (const auto& model : project_.models)
    ASSERT_NO_FATAL_FAILURE(plain_.run(fmt::format("CREATE VIEW {} AS {}", model.name, model.sql)));

  // Every kind of step, in a random order; each followed by events of a random number.
  std::vector<Step> steps = {Step::events,     Step::bulk_file,     Step::build,   Step::build,
                             Step::build_some, Step::change_tables, Step::restart, Step::restart};
  std::shuffle(steps.begin(), steps.end(), random);
  steps.push_back(Step::build);  // whatever was copied is pinned in the end
  std::string history = "the start";
  for (const Step step : steps) {
    history += fmt::format(", {}", name_of(step));
    SCOPED_TRACE(history);
    ASSERT_NO_FATAL_FAILURE(take(step, random));
    const size_t share = (sample_->size() - next_) / 4;
    for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(ingest(random, 1 + random() % (share + 1)));
    ASSERT_NO_FATAL_FAILURE(check_all(history));
  }
  ASSERT_NO_FATAL_FAILURE(ingest(random, 2 * sample_->size()));
  ASSERT_NO_FATAL_FAILURE(check_all(history + ", all events"));
  EXPECT_EQ(next_, sample_->size());
  for (const auto& [view, bytes] : rows_) EXPECT_GT(bytes, 0u) << view << " had nothing to compare";
}

INSTANTIATE_TEST_SUITE_P(RandomSchedules, FlightsEquivalence, ::testing::Range(0, 2));

}  // namespace
}  // namespace anabranch
