#include "app/plan_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace anabranch::app {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

json view(const std::string& name) {
  return {{"name", name},
          {"change", "changed"},
          {"columns_added", json::array()},
          {"notes", json::array()},
          {"columns_removed", json::array()},
          {"columns_retyped", json::array()},
          {"rows_before", 3},
          {"rows_after", 4},
          {"only_before", 1},
          {"only_after", 7},
          {"columns", {"sku", "n"}},
          {"not_compared", nullptr},
          {"sample",
           {{{"side", "before"}, {"count", 1}, {"row", {"s0", nullptr}}},
            {{"side", "after"}, {"count", 6}, {"row", {"s\x1b[0\n0", "42"}}}}}};
}

json diff(const json& views) {
  json changes = json::array();
  for (const auto& each : views)
    changes.push_back({{"kind", "view"},
                       {"name", each["name"]},
                       {"change", "changed"},
                       {"breaking", false},
                       {"computed", true},
                       {"events", 60},
                       {"notes", {"reads | <b> @all"}}});
  return {
      {"different", !views.empty()}, {"offsets", {{"orders", {1234}}}}, {"changes", changes}, {"events", 60},
      {"estimated_ms", nullptr},     {"warnings", {"a *warning*"}},     {"views", views}};
}

TEST(PlanText, ShowsRowsOfAView) {
  const std::string text = diff_text(diff(json::array({view("gold.a")})), "main");
  EXPECT_THAT(text, HasSubstr("compared with main, both over the same events (orders 1,234)"));
  EXPECT_THAT(text, HasSubstr("gold.a  3 rows before, 4 after: 1 only before, 7 only after\n"
                              "     sku         n\n"
                              "  -  s0          NULL\n"
                              "  +  s\\x1b[0\\n0  42    (6 times)\n"
                              "  and 1 row more\n"));
  EXPECT_EQ(diff_text(diff(json::array()), "main"), "nothing differs from main\n");
}

TEST(PlanText, SaysWhatBecameOfAView) {
  json gone = view("gold.a");
  gone["rows_after"] = nullptr;
  EXPECT_THAT(diff_text(diff(json::array({gone})), "main"), HasSubstr("gone, with 3 rows"));
  json fresh = view("gold.a");
  fresh["rows_before"] = nullptr;
  EXPECT_THAT(diff_text(diff(json::array({fresh})), "main"), HasSubstr("new, with 4 rows"));
  json same = view("gold.a");
  same["only_before"] = same["only_after"] = 0;
  same["sample"] = json::array();
  same["columns_added"].push_back({{"name", "x"}, {"type", "DATE"}});
  EXPECT_THAT(diff_text(diff(json::array({same})), "main"),
              HasSubstr("3 rows before, 4 after: all the same\n  columns: + x DATE\n"));
  json unknown = view("gold.a");
  unknown["not_compared"] = "it overflows";
  unknown["sample"] = json::array();
  unknown["rows_before"] = unknown["only_before"] = unknown["only_after"] = nullptr;
  EXPECT_THAT(diff_text(diff(json::array({unknown})), "main"), HasSubstr("not compared: it overflows"));
}

TEST(PlanText, NothingInMarkdownIsTakenForMarkdown) {
  json odd = view("gold.a_b");
  odd["sample"][0]["row"][0] = "```\n# x";
  const std::string text = diff_markdown(diff(json::array({odd})), "a_b");
  EXPECT_THAT(text, HasSubstr("Compared with a\\_b, both"));
  EXPECT_THAT(text, HasSubstr("reads \\| &#60;b&#62; &#64;all"));
  EXPECT_THAT(text, HasSubstr("> **Warning:** a \\*warning\\*"));
  EXPECT_THAT(text, HasSubstr("\n````diff\n"));
  EXPECT_THAT(text, HasSubstr("\n````\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(PlanText, MarkdownFitsIntoAComment) {
  json many = json::array();
  for (int i = 0; i < 2000; ++i) many.push_back(view("gold.v" + std::to_string(i)));
  const json all = diff(many);
  const std::string text = diff_markdown(all, "main");
  EXPECT_LT(text.size(), 65'536u);
  EXPECT_THAT(text, HasSubstr(" more views: run anabranch diff"));
}

}  // namespace
}  // namespace anabranch::app
