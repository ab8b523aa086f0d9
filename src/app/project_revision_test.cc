#include "app/project_revision.h"

#include <gtest/gtest.h>

namespace anabranch::app {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;
using namespace std::string_literals;

TEST(ProjectRevision, TakesTheFilesOfAProjectFromATree) {
  EXPECT_EQ(project_files_of_tree("100644 blob aa\tanabranch.yml\0"
                                  "100755 blob bb\tmodels/gold/with space\tand tab.sql\0"
                                  "120000 blob cc\tmodels/gold/link.sql\0"
                                  "160000 commit dd\tstreams/other.yml\0"
                                  "100644 blob ee\tREADME.md\0"
                                  "100644 blob ff\tdata/prices.yml\0"
                                  "100644 blob 11\tmodels/.hidden/x.sql\0"
                                  "100644 blob 12\tmodels/a/b/c/too_deep.sql\0"
                                  "100644 blob 13\tmodelsx/a.sql\0"
                                  "100644 blob 14\tstreams/clicks.yml\0"s),
            (Files{{"anabranch.yml", "aa"},
                   {"models/gold/with space\tand tab.sql", "bb"},
                   {"streams/clicks.yml", "14"}}));
  EXPECT_EQ(project_files_of_tree(""), Files());
  EXPECT_EQ(project_files_of_tree("100644 blob aa\tanabranch.yml"), Files());  // cut off
}

TEST(ProjectRevision, TakesTextsByTheirSizes) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts_of_batch("aa blob 4\nx\ny\n\nbb blob 0\n\ncc blob 13\naa blob 4\nx\ny\n", 3).value(),
            (Texts{"x\ny\n", "", "aa blob 4\nx\ny"}));
  EXPECT_EQ(texts_of_batch("", 0).value(), Texts());
  EXPECT_FALSE(texts_of_batch("", 1));
  EXPECT_FALSE(texts_of_batch("aa missing\n", 1));
  EXPECT_FALSE(texts_of_batch("aa blob 5\nx\n", 1));
}

}  // namespace
}  // namespace anabranch::app
