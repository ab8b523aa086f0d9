// The example project is what a newcomer copies from: it must be without fault.
#include <gtest/gtest.h>

#include "project/loader.h"
#include "project/sql_select_reader.h"
#include "sql/parser.h"

namespace anabranch::project {
namespace {

io::Path example_folder() {
  return io::Path(__FILE__).parent_path().parent_path().parent_path() / "examples" / "flights";
}

TEST(FlightsExample, EachModelIsParsedOnceAndItsTreeKept) {
  SqlSelectReader selects;
  const uint64_t before = sql::statements_parsed();
  const Loaded loaded = load(io::local_file_system(), example_folder(), selects);
  const uint64_t parsed = sql::statements_parsed() - before;
  size_t expressions = 0;  // conditions of expectations are SQL too
  for (const Model& model : loaded.project.models) {
    ASSERT_TRUE(model.select) << model.name;
    EXPECT_FALSE(sql::table_names(*model.select).empty()) << model.name;
    for (const Expectation& rule : model.expectations) expressions += rule.expression.empty() ? 0 : 1;
  }
  EXPECT_EQ(parsed, loaded.project.models.size() + expressions);
}

TEST(FlightsExample, LoadsWithoutProblems) {
  SqlSelectReader selects;
  const Loaded loaded = load(io::local_file_system(), example_folder(), selects);
  EXPECT_EQ(describe(loaded.problems), "");
  const Project& flights = loaded.project;
  EXPECT_EQ(flights.name, "flights");
  ASSERT_EQ(flights.streams.size(), 1u);
  EXPECT_EQ(flights.streams[0].schema.fields.size(), 17u);
  EXPECT_EQ(flights.sources.at(0).tables.size(), 4u);
  EXPECT_EQ(flights.models.size(), 14u);
  EXPECT_EQ(flights.models[0].name, "silver.flights");
  EXPECT_EQ(flights.find_model("gold.busiest_day")->depends_on,
            std::vector<std::string>{"gold.daily_traffic"});
  EXPECT_EQ(flights.find_model("gold.delay_by_weather")->depends_on,
            (std::vector<std::string>{"silver.flights", "bronze.weather"}));
  EXPECT_EQ(flights.dashboards.size(), 1u);
  EXPECT_EQ(flights.tests.size(), 9u);
  for (const Model& model : flights.models) {
    EXPECT_FALSE(model.description.empty()) << model.name;
    EXPECT_FALSE(model.columns.empty()) << model.name;
    EXPECT_FALSE(model.expectations.empty()) << model.name;
  }
}

}  // namespace
}  // namespace anabranch::project
