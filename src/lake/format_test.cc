// What FORMAT.md says is what the program does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file_system.h"
#include "lake/manifest.h"
#include "lake/type_mapping.h"

namespace anabranch::lake {
namespace {

using ::testing::HasSubstr;

std::string format_page() {
  return io::local_file_system().read_file(io::Path(ANABRANCH_SOURCE) / "src/lake/FORMAT.md").value();
}

TEST(Format, ExampleIsWhatIsWritten) {
  Manifest manifest;
  manifest.number = 7;
  manifest.build_id = "b7";
  manifest.published_at_us = 1'795'426'500'000'000;
  manifest.basis = {{{"airlines", 3}}, {{"flights", 1}}};
  manifest.archived = {{"flights", {8}}};
  ViewBuild view;
  view.view = "gold.delay_by_carrier";
  view.build_id = "b7";
  view.plan_hash = "5b0e6f";
  view.cutoff = {{"flights", {8}}};
  view.database_file = "serving/b7.duckdb";
  view.part_rows = {{"main", 2}};
  view.rows = 2;
  view.delta = DeltaCopy{"lake/gold/delay_by_carrier",
                         {{"part-00000-b7.parquet", 612, 2}},
                         {{"carrier", "VARCHAR"}, {"flights", "HUGEINT"}},
                         7};
  manifest.views[view.view] = view;
  EXPECT_THAT(format_page(), HasSubstr("```json\n" + manifest.to_json().value() + "```"));
}

TEST(Format, TableOfTypesIsTheOneInForce) {
  const std::string page = format_page();
  const std::string heading = "| SQL | Delta | Parquet file |\n| --- | --- | --- |\n";
  size_t at = page.find(heading);
  ASSERT_NE(at, std::string::npos);
  int rows = 0;
  for (at += heading.size(); page.substr(at, 2) == "| "; ++rows) {
    const size_t end = page.find(" |\n", at);
    const std::string line = page.substr(at + 2, end - at - 2);
    at = end + 3;
    const size_t first = line.find(" | ");
    const size_t second = line.find(" | ", first + 3);
    const std::string delta = line.substr(first + 3, second - first - 3);
    // One line may name several types.
    const std::string types = line.substr(0, first) + " · ";
    for (size_t begin = 0; begin < types.size();) {
      const size_t stop = types.find(" · ", begin);
      const auto type = lake_type(types.substr(begin, stop - begin));
      begin = stop + std::string(" · ").size();
      ASSERT_TRUE(type) << line;
      EXPECT_EQ(type->delta, "\"" + delta + "\"") << line;
      EXPECT_EQ(type->parquet, line.substr(second + 3)) << line;
    }
  }
  EXPECT_GT(rows, 10);
}

}  // namespace
}  // namespace anabranch::lake
