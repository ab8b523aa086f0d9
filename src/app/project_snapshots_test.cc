#include "app/project_snapshots.h"

#include <gtest/gtest.h>

#include "app/load_project.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::app {
namespace {

class ProjectSnapshotsTest : public ::testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) {
    const io::Path path = root_ / file;
    ASSERT_TRUE(files_.create_folders(path.parent_path()));
    ASSERT_TRUE(files_.write_atomically(path, text));
  }
  ProjectTexts texts() { return read_project_texts(files_, root_).value(); }

  test::TemporaryFolder folder_;
  io::FileSystem& files_ = io::local_file_system();
  const io::Path root_ = folder_.path() / "project";
  ProjectSnapshots snapshots_{files_, folder_.path() / "data" / "projects"};
};

TEST_F(ProjectSnapshotsTest, WhatSaysWhatAProjectIsIsReadAndNothingElse) {
  write("anabranch.yml", "name: shop\n");
  write("streams/orders.yml", "fields:\n  - {name: id, type: bigint}\n");
  write("models/gold/total.sql", "SELECT count(*) AS n FROM bronze.orders\n");
  write("models/gold/.total.sql.swp", "editor");
  write("models/README.md", "not read");
  write("data/prices.yml", "data");
  const ProjectTexts before = texts();
  std::vector<std::string> names;
  for (const auto& [name, text] : before) names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"anabranch.yml", "models/gold/total.sql", "streams/orders.yml"}));

  write("models/gold/total.sql", "SELECT count(*) AS orders FROM bronze.orders\n");
  write("models/gold/more.sql", "SELECT 1 AS one\n");
  ASSERT_TRUE(files_.remove(root_ / "streams/orders.yml"));
  EXPECT_EQ(
      changed_files(before, texts()),
      (std::vector<std::string>{"models/gold/more.sql", "models/gold/total.sql", "streams/orders.yml"}));
  EXPECT_TRUE(changed_files(before, before).empty());
}

TEST_F(ProjectSnapshotsTest, TheNewestAndThoseBefore) {
  EXPECT_EQ(snapshots_.find(0).value(), std::nullopt);
  const ProjectTexts first = {{"anabranch.yml", "name: a\n"}};
  const ProjectTexts second = {{"anabranch.yml", "name: \"\\u00e9\" # \xc3\xa9\n"}};
  ASSERT_TRUE(snapshots_.keep(first));
  ASSERT_TRUE(snapshots_.keep(first));  // once
  ASSERT_TRUE(snapshots_.keep(second));
  EXPECT_EQ(snapshots_.find(0).value(), second);
  EXPECT_EQ(snapshots_.find(1).value(), first);
  EXPECT_EQ(snapshots_.find(2).value(), std::nullopt);
  ASSERT_TRUE(snapshots_.drop_newest());
  EXPECT_EQ(snapshots_.find(0).value(), first);
  EXPECT_EQ(snapshots_.find(1).value(), std::nullopt);
}

TEST_F(ProjectSnapshotsTest, NoMoreThanTwentyAreKept) {
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(snapshots_.keep({{"anabranch.yml", "name: p" + std::to_string(i) + "\n"}}));
  EXPECT_EQ(files_.list(folder_.path() / "data" / "projects").value().size(), 20u);
  EXPECT_EQ(snapshots_.find(19).value()->at("anabranch.yml"), "name: p30\n");
  EXPECT_EQ(snapshots_.find(0).value()->at("anabranch.yml"), "name: p49\n");
}

TEST_F(ProjectSnapshotsTest, ADamagedOneIsAnErrorThatNamesItsFile) {
  ASSERT_TRUE(snapshots_.keep({{"anabranch.yml", "name: a\n"}}));
  const io::Path file = folder_.path() / "data" / "projects" / "1.json";
  for (const char* text : {"", "{", "[]", R"({"format":1,"files":7})", R"({"format":1,"files":{"a":7}})"}) {
    ASSERT_TRUE(files_.write_atomically(file, text));
    const auto found = snapshots_.find(0);
    ASSERT_FALSE(found) << text;
    EXPECT_NE(found.error().message.find("1.json"), std::string::npos);
  }
  // It is in nobody's way.
  ASSERT_TRUE(snapshots_.keep({{"anabranch.yml", "name: b\n"}}));
  EXPECT_EQ(snapshots_.find(0).value()->at("anabranch.yml"), "name: b\n");
}

TEST_F(ProjectSnapshotsTest, AProjectIsLoadedFromTextsWithEveryMistakeInTheMessage) {
  ProjectTexts texts = {{"anabranch.yml", "name: shop\n"},
                        {"streams/orders.yml", "fields:\n  - {name: id, type: bigint}\n"},
                        {"models/gold/total.sql", "SELECT count(*) AS n FROM bronze.orders\n"}};
  const auto loaded = load_texts(texts, root_, "");
  ASSERT_TRUE(loaded) << loaded.error().describe();
  EXPECT_EQ(loaded->root, root_);
  EXPECT_EQ(loaded->models.size(), 1u);

  texts["models/gold/total.sql"] = "SELECT FROM\n";
  texts["streams/orders.yml"] = "fields:\n  - {name: id, type: bigger}\n";
  const auto broken = load_texts(texts, root_, "");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Code::bad_input);
  for (const char* part : {"2 mistakes", "models/gold/total.sql:2", "streams/orders.yml:2", "bigger"})
    EXPECT_NE(broken.error().message.find(part), std::string::npos) << broken.error().message;
  EXPECT_EQ(broken.error().message.find(folder_.path().string()), std::string::npos);
}

}  // namespace
}  // namespace anabranch::app
