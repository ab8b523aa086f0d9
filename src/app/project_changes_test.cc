#include "app/project_changes.h"

#include <gtest/gtest.h>

#include "app/load_project.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::app {
namespace {

using Item = front::ProjectPlan::Item;
using Kind = front::ProjectPlan::Kind;
using Change = front::ProjectPlan::Change;

class ProjectChangesTest : public ::testing::Test {
 protected:
  struct Made {
    project::Project project;
    views::World world;
  };

  Made make(const ProjectTexts& texts) {
    Made made;
    made.project = load_texts(texts, folder_.path(), "").value();
    std::map<std::string, model::Schema> schemas;
    for (const auto& stream : made.project.streams) schemas["bronze." + stream.name] = stream.schema;
    std::vector<views::ModelSource> models;
    for (const auto& model : made.project.models)
      models.push_back({model.name, model.sql, model.file, model.is_materialized, model.select});
    auto result = views::make_world(models, schemas, {}, {});
    EXPECT_TRUE(result.errors.empty()) << result.errors.front().describe();
    made.world = std::move(result.world);
    return made;
  }

  // What differs between the project of a test and the one that `change` makes of it.
  front::ProjectPlan plan(const std::function<void(ProjectTexts&)>& change) {
    ProjectTexts texts = {
        {"anabranch.yml", "name: shop\n"},
        {"streams/orders.yml",
         "fields:\n  - {name: id, type: bigint, required: true}\n  - {name: sku, type: varchar}\n"},
        {"models/silver/orders.sql", "SELECT id, sku FROM bronze.orders\n"},
        {"models/gold/by_sku.sql", "SELECT sku, count(*) AS n FROM silver.orders GROUP BY sku\n"},
        {"models/gold/total.sql", "SELECT sum(n) AS n FROM gold.by_sku\n"}};
    const Made before = make(texts);
    change(texts);
    const Made after = make(texts);
    return compare_projects({before.project, before.world}, {after.project, after.world},
                            [&](const std::string& view) { return built_.contains(view); },
                            {{"orders", {70}}});
  }
  static const Item& item(const front::ProjectPlan& plan, const std::string& name) {
    static const Item none;
    for (const Item& each : plan.items) {
      if (each.name == name) return each;
    }
    ADD_FAILURE() << "nothing is said of " << name;
    return none;
  }

  std::set<std::string> built_;
  test::TemporaryFolder folder_;
};

TEST_F(ProjectChangesTest, NothingChangesNothing) {
  const auto same = plan([](ProjectTexts&) {});
  EXPECT_TRUE(same.items.empty());
  EXPECT_FALSE(same.is_breaking());
}

TEST_F(ProjectChangesTest, AViewThatIsWrittenOtherwiseAndMeansTheSameIsNotComputed) {
  const auto same = plan([](ProjectTexts& texts) {
    texts["models/gold/total.sql"] = "-- all\nSELECT sum(n) AS n FROM gold.by_sku\n";
  });
  ASSERT_EQ(same.items.size(), 1u);
  EXPECT_EQ(same.items[0].change, Change::changed);
  EXPECT_FALSE(same.items[0].is_computed);
  EXPECT_EQ(same.items[0].notes, std::vector<std::string>{"its result stays the same"});
}

TEST_F(ProjectChangesTest, WhoeverReadsAChangedViewIsComputedAnew) {
  const auto changed = plan([](ProjectTexts& texts) {
    texts["models/silver/orders.sql"] = "SELECT id, upper(sku) AS sku FROM bronze.orders\n";
  });
  EXPECT_EQ(item(changed, "silver.orders").change, Change::changed);
  EXPECT_EQ(item(changed, "gold.by_sku").change, Change::recomputed);
  EXPECT_EQ(item(changed, "gold.by_sku").notes, std::vector<std::string>{"reads silver.orders"});
  EXPECT_EQ(item(changed, "gold.total").notes, std::vector<std::string>{"reads gold.by_sku"});
  EXPECT_EQ(item(changed, "gold.total").events, 70);
  EXPECT_EQ(changed.events, 210);
  EXPECT_FALSE(changed.is_breaking());
}

TEST_F(ProjectChangesTest, WhatAnEarlierBuildHasIsNotComputed) {
  built_ = {"gold.by_sku", "gold.total"};
  const auto changed = plan([](ProjectTexts& texts) {
    texts["models/gold/by_sku.sql"] = "SELECT sku, 2 * count(*) AS n FROM silver.orders GROUP BY sku\n";
  });
  EXPECT_FALSE(item(changed, "gold.by_sku").is_computed);
  EXPECT_EQ(changed.events, 0);
}

TEST_F(ProjectChangesTest, ColumnsThatGoOrChangeTheirTypeBreakReaders) {
  const auto renamed = plan([](ProjectTexts& texts) {
    texts["models/gold/total.sql"] = "SELECT sum(n) AS orders FROM gold.by_sku\n";
  });
  EXPECT_TRUE(item(renamed, "gold.total").is_breaking);
  EXPECT_EQ(item(renamed, "gold.total").notes,
            (std::vector<std::string>{"column n is removed", "column orders HUGEINT is added"}));
  const auto typed = plan([](ProjectTexts& texts) {
    texts["models/gold/total.sql"] = "SELECT CAST(sum(n) AS BIGINT) AS n FROM gold.by_sku\n";
  });
  EXPECT_TRUE(item(typed, "gold.total").is_breaking);
  EXPECT_EQ(item(typed, "gold.total").notes, std::vector<std::string>{"column n: HUGEINT becomes BIGINT"});
  const auto wider = plan([](ProjectTexts& texts) {
    texts["models/gold/total.sql"] = "SELECT max(n) AS most, sum(n) AS n FROM gold.by_sku\n";
  });
  EXPECT_FALSE(wider.is_breaking());
  EXPECT_EQ(item(wider, "gold.total").notes, std::vector<std::string>{"column most BIGINT is added"});
}

TEST_F(ProjectChangesTest, RemovedViewsBreakTheirReadersAndNewOnesDoNot) {
  const auto changed = plan([](ProjectTexts& texts) {
    texts.erase("models/gold/total.sql");
    texts["models/gold/ids.sql"] = "SELECT count(DISTINCT id) AS ids FROM bronze.orders\n";
  });
  EXPECT_EQ(item(changed, "gold.total").change, Change::removed);
  EXPECT_TRUE(item(changed, "gold.total").is_breaking);
  EXPECT_EQ(item(changed, "gold.ids").change, Change::added);
  EXPECT_FALSE(item(changed, "gold.ids").is_breaking);
}

TEST_F(ProjectChangesTest, StreamsTablesAndSettings) {
  const auto changed = plan([&](ProjectTexts& texts) {
    texts["anabranch.yml"] = "name: shop\nlimits: {queries_max: 3}\nbuild: {auto_events: 7}\n";
    texts["streams/clicks.yml"] = "fields:\n  - {name: page, type: varchar}\n";
    texts["streams/orders.yml"] =
        "fields:\n  - {name: id, type: bigint}\n  - {name: sku, type: varchar}\n  - {name: at, type: date}\n";
    ASSERT_TRUE(io::local_file_system().write_atomically(folder_.path() / "prices.csv", "sku\na\n"));
    texts["sources/files.yml"] = "kind: files\ntables:\n  prices: {path: prices.csv}\n";
  });
  EXPECT_EQ(item(changed, "clicks").kind, Kind::stream);
  EXPECT_EQ(item(changed, "clicks").change, Change::added);
  EXPECT_EQ(item(changed, "orders").notes,
            (std::vector<std::string>{"field id is no longer required", "field at DATE is added"}));
  EXPECT_FALSE(item(changed, "orders").is_breaking);
  EXPECT_EQ(item(changed, "prices").kind, Kind::table);
  EXPECT_EQ(item(changed, "limits.queries_max").notes.front(), "8 becomes 3");
  EXPECT_TRUE(item(changed, "limits.queries_max").needs_restart);
  EXPECT_FALSE(item(changed, "build.auto_events").needs_restart);
}

}  // namespace
}  // namespace anabranch::app
