#include "project/problem.h"

#include <gtest/gtest.h>

namespace anabranch::project {
namespace {

TEST(Problem, ShowsTheLineWithACaret) {
  const Problem problem{Severity::error,
                        {"streams/a.yml", 3, 12},
                        "'intt' is not a type",
                        "did you mean 'int'?",
                        "  - {type: intt}"};
  EXPECT_EQ(problem.describe(),
            "streams/a.yml:3:12: error: 'intt' is not a type (did you mean 'int'?)\n"
            "    3 |   - {type: intt}\n"
            "      |            ^");
}

TEST(Problem, CaretStandsUnderCharactersAndTabs) {
  const Problem problem{Severity::warning, {"a.sql", 1, 5}, "m", "", "\té–x"};
  EXPECT_EQ(problem.describe(), "a.sql:1:5: warning: m\n    1 | \té–x\n      | \t   ^");
}

TEST(Problem, LongLinesAreCutAroundTheCaret) {
  const std::string line = std::string(200, 'a') + "HERE" + std::string(200, 'b');
  const Problem problem{Severity::error, {"a.sql", 1, 201}, "m", "", line};
  const std::string text = problem.describe();
  const size_t shown = text.find("HERE") - text.find("    1 | ");
  const size_t caret = text.rfind('^') - text.find("      | ");
  EXPECT_EQ(shown - (std::string("…").size() - 1), caret) << text;
  EXPECT_LT(text.size(), 300u);
}

TEST(Problem, PlaceIsLeftOutAsFarAsItIsUnknown) {
  EXPECT_EQ((Problem{Severity::error, {"a.yml", 0, 0}, "m", "", ""}.describe()), "a.yml: error: m");
  EXPECT_EQ((Problem{Severity::error, {}, "m", "h", ""}.describe()), "error: m (h)");
}

TEST(Problems, AreSortedAndEachThereOnce) {
  Problems problems;
  problems.error({"b", 1, 1}, "1");
  problems.warning({"a", 10, 1}, "2");
  problems.error({"a", 9, 2}, "3");
  problems.error({"a", 9, 1}, "4");
  problems.error({"a", 9, 2}, "3");
  std::string order;
  const auto sorted = problems.take_sorted();
  for (const Problem& problem : sorted) order += problem.message;
  EXPECT_EQ(order, "4321");
  EXPECT_TRUE(problems.take_sorted().empty());
  EXPECT_NE(describe(sorted).find("\n3 errors, 1 warning\n"), std::string::npos);
}

TEST(Problems, BecomeJson) {
  const std::vector<Problem> problems = {{Severity::error, {"a.yml", 2, 3}, "say \"x\"", "do y", "line"},
                                         {Severity::warning, {"b", 0, 0}, "bad \xff byte", "", ""}};
  EXPECT_EQ(
      to_json(problems),
      R"([{"severity":"error","file":"a.yml","line":2,"column":3,"message":"say \"x\"","hint":"do y"},)"
      "{\"severity\":\"warning\",\"file\":\"b\",\"line\":null,\"column\":null,\"message\":\"bad \xef\xbf\xbd "
      "byte\",\"hint\":\"\"}]");
  EXPECT_EQ(to_json({}), "[]");
  EXPECT_EQ(describe(std::vector<Problem>()), "");
}

}  // namespace
}  // namespace anabranch::project
