// What the example project promises: which of its views are kept up to date, and that reading those never
// goes back to events, however many there are.

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/flights_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/scanned_rows.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

class FlightsReads : public ::testing::Test {
 protected:
  void SetUp() override {
    test::copy_flights_project(folder_.path());
    speed::SpeedLayer::Options options;
    options.tick_rows_max = 200;
    options.compaction_rows = 500;
    auto opened = test::open_platform(folder_.path(), options);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
    const auto copied = platform_->copy({});
    ASSERT_TRUE(copied) << copied.error().describe();
    const Status started = platform_->start();
    ASSERT_TRUE(started) << started.error().describe();
  }

  void wait() {
    const auto end = platform_->stream("flights")->log().durable_offsets();
    const Status waited = platform_->speed().wait_for({{"flights", end}}, 60'000'000);
    ASSERT_TRUE(waited) << waited.error().describe();
  }

  // Flights [from, end) of the sample as events.
  void ingest(const test::FlightSample& sample, size_t from, size_t end) {
    std::string body;
    for (size_t i = from; i < end; ++i) body += sample.json(i) + "\n";
    const auto accepted = platform_->stream("flights")->accept_and_wait(ingest::BodyFormat::ndjson, body);
    ASSERT_TRUE(accepted) << accepted.error().describe();
    ASSERT_EQ(accepted->accepted, static_cast<int64_t>(end - from));
    wait();
  }

  test::TemporaryFolder folder_;
  test::TemporaryFolder scratch_;
  std::unique_ptr<app::Platform> platform_;
};

TEST_F(FlightsReads, EveryViewHasTheClassThatTheExampleShows) {
  const std::map<std::string, std::string> expected = {
      {"silver.flights", "linear"},           {"gold.airports_served", "holistic"},
      {"gold.busiest_day", "merged"},         {"gold.carrier_rank", "algebraic"},
      {"gold.daily_traffic", "distributive"}, {"gold.delay_bands", "distributive"},
      {"gold.delay_by_carrier", "algebraic"}, {"gold.delay_by_weather", "algebraic"},
      {"gold.delay_quantiles", "holistic"},   {"gold.knock_on_delay", "read_time"},
      {"gold.last_flight_of_plane", "keyed"}, {"gold.long_haul", "linear"},
      {"gold.planes_in_service", "holistic"}, {"gold.worst_routes", "algebraic"},
  };
  std::map<std::string, std::string> compiled;
  const auto epoch = platform_->speed().epochs().newest();
  for (const auto& plan : epoch->world->plans) {
    compiled[plan.view] = views::to_string(plan.view_class);
    // Whoever asks why a view has no state of its own gets an answer.
    EXPECT_EQ(plan.reasons.empty(), plan.is_maintained()) << plan.view;
  }
  EXPECT_EQ(compiled, expected);
  EXPECT_TRUE(epoch->unmaintained.empty());
  EXPECT_TRUE(platform_->left_out().empty());
}

TEST_F(FlightsReads, MaintainedViewsNeverGoBackToEvents) {
  test::PlainEngine engine;
  test::FlightSample sample(engine, 17);
  const size_t history = sample.size() / 2;
  const size_t bulk = sample.size() / 4;
  std::vector<size_t> numbers;
  for (size_t i = history; i < history + bulk; ++i) numbers.push_back(i);

  // History in a build, a bulk file and events in slices after it.
  ASSERT_NO_FATAL_FAILURE(ingest(sample, 0, history));
  const auto built = platform_->build({}, "test");
  ASSERT_TRUE(built) << built.error().describe();
  const io::Path file = scratch_.path() / "more.parquet";
  sample.write_parquet(numbers, file);
  const auto imported = platform_->ingest_file("flights", file.string());
  ASSERT_TRUE(imported) << imported.error().describe();
  ASSERT_NO_FATAL_FAILURE(ingest(sample, history + bulk, sample.size()));

  // What a read-time view reads of silver.flights is a row for each event; of the stream, the events.
  const std::map<std::string, std::string> others = {{"gold.knock_on_delay", "silver.flights"},
                                                     {"gold.busiest_day", "gold.daily_traffic"}};
  const auto epoch = platform_->speed().epochs().newest();
  EXPECT_EQ(std::count_if(epoch->world->plans.begin(), epoch->world->plans.end(),
                          [](const auto& plan) { return !plan.is_hidden; }),
            14);
  for (const auto& plan : epoch->world->plans) {
    if (plan.is_hidden) continue;  // nobody can read a part of a view
    SCOPED_TRACE(plan.view);
    const auto other = others.find(plan.view);
    ASSERT_EQ(plan.is_maintained(), other == others.end());
    const std::string& read = plan.is_maintained() ? plan.view : other->second;
    const auto scanned = test::scanned_rows(*platform_, "SELECT * FROM " + plan.view);
    EXPECT_EQ(scanned.events(), 0);
    EXPECT_EQ(scanned.tables, 0) << "tables were joined when the events came";
    ASSERT_EQ(scanned.states.size(), 1u);
    EXPECT_EQ(scanned.states.begin()->first, read);
    EXPECT_GT(scanned.states.begin()->second, 0);
    if (read == "silver.flights") {
      EXPECT_EQ(scanned.states.begin()->second, static_cast<int64_t>(sample.size()));
    }
  }

  // The same window over the stream itself: all events, from each of the three places where they lie.
  const auto scanned =
      test::scanned_rows(*platform_,
                         "SELECT carrier, lag(dep_delay) OVER (PARTITION BY tailnum ORDER BY time_hour) FROM "
                         "bronze.flights");
  EXPECT_EQ(scanned.archived, static_cast<int64_t>(history));
  EXPECT_EQ(scanned.bulk, static_cast<int64_t>(bulk));
  EXPECT_EQ(scanned.logged, static_cast<int64_t>(sample.size() - history - bulk));
  EXPECT_TRUE(scanned.states.empty());

  // What people ask of maintained views does not go back either.
  EXPECT_EQ(test::scanned_rows(*platform_,
                               "SELECT c.name, r.place FROM gold.delay_by_carrier AS c JOIN "
                               "gold.carrier_rank AS r USING (carrier) WHERE r.origin = 'JFK'")
                .events(),
            0);
  EXPECT_EQ(test::scanned_rows(*platform_, "SELECT max(dep_delay) FROM silver.flights").events(), 0);
}

}  // namespace
}  // namespace anabranch
