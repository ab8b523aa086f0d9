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

// Files are moved, so each would be taken in by one of the two, whichever comes first.
TEST(SourceReader, NoTwoSourcesHaveOneFolder) {
  const auto with = [](const std::string& first, const std::string& second) {
    return TestProject(Files{{"anabranch.yml", "name: shop\n"},
                             {"streams/orders.yml", "fields: [{name: a, type: integer}]\n"},
                             {"sources/a.yml",
                              fmt::format("kind: arriving_files\nstream: orders\nfolder: {}\n", first)},
                             {"sources/b.yml",
                              fmt::format("kind: arriving_files\nfolder: {}\nstream: orders\n", second)}})
        .problems();
  };
  using Folders = std::vector<std::pair<const char*, const char*>>;
  for (const auto& [first, second] :
       Folders{{"inbox", "inbox"}, {"inbox", "./inbox/"}, {"a/../inbox", "inbox"}, {"/in", "/in/"}}) {
    EXPECT_THAT(
        with(first, second),
        ElementsAre(fmt::format("sources/b.yml:2:9: error: in '{}' the files of the source a arrive "
                                "already (give each source a folder of its own: sources/a.yml:3 names '{}')",
                                second, first)));
  }
  for (const auto& [first, second] : Folders{{"inbox", "inbox/done"}, {"inbox/failed", "inbox"}})
    EXPECT_THAT(with(first, second), ElementsAre(HasSubstr("sources/b.yml:2:9: error: in ")));
  for (const auto& [first, second] : Folders{{"inbox", "inbox/b"}, {"inbox", "in"}, {"in", "/in"}})
    EXPECT_THAT(with(first, second), ElementsAre()) << first << " and " << second;
}

}  // namespace
}  // namespace anabranch::project
