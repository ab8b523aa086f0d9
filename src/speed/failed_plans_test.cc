// A statement that cannot be planned when a step first runs it: its view is left out and says why, the others
// go on, and nothing is counted twice.

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/clock.h"
#include "speed/speed_layer.h"
#include "tests/support/stored_log.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::speed {
namespace {

constexpr int64_t wait_us = 60'000'000;

class FailedPlans : public ::testing::Test {
 protected:
  void SetUp() override {
    schemas_ = log::SchemaStore::open(io::local_file_system(), folder_.path() / "schema").value();
    const model::Schema schema{1, {ingest::field("id", "bigint")}, model::OnDrift::freeze};
    ASSERT_TRUE(schemas_->add(schema));
    auto made = views::make_world(
        {
            {"gold.odd", "SELECT id % 2 AS odd, count(*) AS n FROM bronze.e GROUP BY 1", "odd.sql"},
            {"gold.total", "SELECT count(*) AS n, sum(id) AS s FROM bronze.e", "total.sql"},
            {"silver.named", "SELECT e.id, t.name FROM bronze.e JOIN bronze.names AS t ON t.id = e.id % 2",
             "named.sql"},
            {"gold.by_name", "SELECT name, count(*) AS n FROM silver.named GROUP BY name", "by_name.sql"},
            {"silver.doubled", "SELECT id * 2 AS d FROM bronze.e", "doubled.sql"},
            {"gold.doubled", "SELECT count(*) AS n, sum(d) AS s FROM silver.doubled", "sums.sql"},
        },
        {{"bronze.e", schema}},
        {{"bronze.names", {"bronze.names", 1, "", {{"id", "BIGINT"}, {"name", "VARCHAR"}}, 2}}}, {});
    ASSERT_TRUE(made.errors.empty()) << made.errors[0].describe();
    handover_.world = std::make_shared<const views::World>(std::move(made.world));
    ASSERT_NO_FATAL_FAILURE(pin_names("names_1"));
    log_.allow_reads(1000);
    speed_ = SpeedLayer::create(database(), {{model::bronze("e"), &log_, schemas_.get(), folder_.path()}},
                                io::system_clock(), {})
                 .value();
    ASSERT_TRUE(speed_->start(handover_, nullptr));
  }
  void TearDown() override { speed_->stop(); }

  sql::Database& database() { return *database_; }

  // The version of the table that the next handover reads.
  void pin_names(const std::string& table) {
    ASSERT_TRUE(session_.run(
        fmt::format("CREATE TABLE {} (id BIGINT, name VARCHAR, \"{}\" BIGINT)", table, views::row_column)));
    ASSERT_TRUE(session_.run(fmt::format("INSERT INTO {} VALUES (0, 'even', 0), (1, 'odd', 1)", table)));
    handover_.pinned_tables = {{"bronze.names", table}};
  }

  // Events 1, 2, 3, … as their ids.
  Status take_in(uint32_t count) {
    log_.add(log::Encoding::json, 1, count);
    speed_->wake();
    return speed_->wait_for({{"e", {log_.end()}}}, wait_us);
  }

  void drop_state(const std::string& view) {
    const auto tables = speed_->epochs().newest()->slices.at(view).at("main");
    ASSERT_TRUE(session_.run("DROP TABLE " + tables.back()));
  }

  // The rows of a view, from its slices.
  std::string read(const std::string& view) {
    const EpochPtr epoch = speed_->epochs().newest();
    const views::Plan& plan = *epoch->world->plan(view);
    sql::Meanings states;
    for (const views::StatePart& part : plan.parts) {
      std::string all;
      for (const std::string& slice : epoch->slices.at(view).at(part.name))
        all += (all.empty() ? "FROM " : " UNION ALL FROM ") + slice;
      states[part.name] = sql::meaning(views::merge_query(part, sql::Query(all)));
    }
    const auto rows = session_.query(sql::over("SELECT x::VARCHAR FROM anabranch.it AS x ORDER BY 1", "it",
                                               views::finalise_query(plan, states)));
    if (!rows) return rows.error().describe();
    std::string text;
    for (size_t row = 0; row < rows->row_count(); ++row)
      text += (text.empty() ? "" : " ") + rows->text(row, 0).value();
    return text;
  }

  // Of the ids from 0 on.
  void expect_right(const std::vector<std::string>& views) {
    const int64_t n = log_.end();
    const int64_t sum = n * (n - 1) / 2;
    const std::map<std::string, std::string> answers = {
        {"gold.odd", fmt::format("{{'odd': 0, 'n': {}}} {{'odd': 1, 'n': {}}}", (n + 1) / 2, n / 2)},
        {"gold.total", fmt::format("{{'n': {}, 's': {}}}", n, sum)},
        {"gold.by_name",
         fmt::format("{{'name': even, 'n': {}}} {{'name': odd, 'n': {}}}", (n + 1) / 2, n / 2)},
        {"gold.doubled", fmt::format("{{'n': {}, 's': {}}}", n, 2 * sum)}};
    for (const std::string& view : views) EXPECT_EQ(read(view), answers.at(view)) << view;
  }

  // Which views are left out; each says that it could not be planned.
  std::vector<std::string> left_out() {
    std::vector<std::string> names;
    for (const auto& [view, why] : speed_->epochs().newest()->unmaintained) {
      names.push_back(view);
      EXPECT_NE(why.find("planning " + view), std::string::npos) << view << ": " << why;
    }
    return names;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<log::SchemaStore> schemas_;
  test::StoredLog log_;
  std::unique_ptr<sql::Database> database_ = sql::Database::open({}).value();
  sql::Session session_ = database_->connect().value();
  Handover handover_;
  std::unique_ptr<SpeedLayer> speed_;
};

using Names = std::vector<std::string>;

TEST_F(FailedPlans, NothingIsLeftOutWhereNothingFails) {
  ASSERT_TRUE(take_in(5));
  ASSERT_TRUE(speed_->begin_build());
  ASSERT_TRUE(take_in(4));
  EXPECT_EQ(left_out(), Names{});
  expect_right({"gold.odd", "gold.total", "gold.by_name", "gold.doubled"});
}

TEST_F(FailedPlans, AViewWhoseStatesAreGoneIsLeftOutAndComesBack) {
  ASSERT_TRUE(take_in(5));
  ASSERT_TRUE(speed_->begin_build());  // its states go on in new tables, and all plans are forgotten
  speed_->abandon_build();
  ASSERT_NO_FATAL_FAILURE(drop_state("gold.odd"));
  const int64_t ticks = speed_->stats().ticks;
  ASSERT_TRUE(take_in(4));
  EXPECT_EQ(left_out(), Names{"gold.odd"});
  EXPECT_EQ(speed_->stats().ticks, ticks + 1);
  expect_right({"gold.total", "gold.by_name", "gold.doubled"});
  ASSERT_TRUE(take_in(3));
  EXPECT_EQ(left_out(), Names{"gold.odd"});
  EXPECT_FALSE(speed_->stats().failure);
  expect_right({"gold.total", "gold.by_name", "gold.doubled"});
  ASSERT_TRUE(speed_->hand_over(handover_));
  EXPECT_EQ(left_out(), Names{});
  expect_right({"gold.odd", "gold.total", "gold.by_name", "gold.doubled"});
  ASSERT_TRUE(take_in(2));
  expect_right({"gold.odd", "gold.total", "gold.by_name", "gold.doubled"});
}

// Rows that several statements read are made by a statement of their own, which has no view to name.
TEST_F(FailedPlans, AStageThatCannotBePlannedTakesItsReadersWithItAndNoOthers) {
  ASSERT_TRUE(take_in(5));
  ASSERT_TRUE(speed_->begin_build());
  speed_->abandon_build();
  ASSERT_TRUE(session_.run("DROP TABLE names_1"));
  ASSERT_TRUE(take_in(4)) << speed_->stats().failure.value_or(Error{}).describe();
  EXPECT_EQ(left_out(), (Names{"gold.by_name", "silver.named"}));
  EXPECT_FALSE(speed_->stats().failure);
  expect_right({"gold.odd", "gold.total", "gold.doubled"});
  ASSERT_TRUE(take_in(3));
  expect_right({"gold.odd", "gold.total", "gold.doubled"});
  ASSERT_NO_FATAL_FAILURE(pin_names("names_2"));
  ASSERT_TRUE(speed_->hand_over(handover_));
  EXPECT_EQ(left_out(), Names{});
  ASSERT_TRUE(take_in(2));
  expect_right({"gold.odd", "gold.total", "gold.by_name", "gold.doubled"});
}

// The same where a world's statements are planned for the first time.
TEST_F(FailedPlans, AHandoverLeavesOutWhatItCannotPlan) {
  ASSERT_TRUE(take_in(5));
  handover_.pinned_tables = {{"bronze.names", "nowhere"}};
  ASSERT_TRUE(speed_->hand_over(handover_));
  EXPECT_EQ(left_out(), (Names{"gold.by_name", "silver.named"}));
  expect_right({"gold.odd", "gold.total", "gold.doubled"});
  ASSERT_TRUE(take_in(4));
  expect_right({"gold.odd", "gold.total", "gold.doubled"});
  ASSERT_NO_FATAL_FAILURE(pin_names("names_2"));
  ASSERT_TRUE(speed_->hand_over(handover_));
  EXPECT_EQ(left_out(), Names{});
  expect_right({"gold.odd", "gold.total", "gold.by_name", "gold.doubled"});
}

}  // namespace
}  // namespace anabranch::speed
