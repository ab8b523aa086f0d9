#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/project_for_tests.h"

namespace anabranch::project {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> problems_of(const std::string& folder) {
  return TestProject(Files{{"anabranch.yml", "name: shop\n"},
                           {"streams/orders.yml", "fields: [{name: a, type: integer}]\n"},
                           {"sources/a.yml",
                            fmt::format("kind: arriving_files\nstream: orders\nfolder: '{}'\n", folder)}})
      .problems();
}

// Files are moved away from where they arrive.
TEST(SourceReader, FilesArriveInNoFolderOfTheProjectsOwn) {
  for (const char* folder :
       {".", "./", "..", "../..", "streams", "x/../models/silver", ".anabranch/log", "./tests/in"}) {
    EXPECT_THAT(problems_of(folder),
                ElementsAre(HasSubstr(
                    fmt::format("sources/a.yml:3:9: error: '{}' cannot be where files arrive", folder))))
        << folder;
  }
  for (const char* folder : {"inbox", "../inbox", "data/in", "/var/inbox", "models_in"})
    EXPECT_THAT(problems_of(folder), ElementsAre()) << folder;
}

}  // namespace
}  // namespace anabranch::project
