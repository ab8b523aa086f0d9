#include "base/join.h"

#include <vector>

#include <gtest/gtest.h>

namespace anabranch {
namespace {

using Texts = std::vector<std::string>;

TEST(Join, PutsTheSeparatorBetweenTheItemsOnly) {
  EXPECT_EQ(join(Texts{}), "");
  EXPECT_EQ(join(Texts{"a"}), "a");
  EXPECT_EQ(join(Texts{"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(join(Texts{"a", "b"}, " UNION ALL "), "a UNION ALL b");
}

TEST(Join, KeepsAnItemThatIsEmpty) { EXPECT_EQ(join(Texts{"", "a", ""}), ", a, "); }

TEST(Join, TakesTheTextThatItIsTold) {
  EXPECT_EQ(join(std::vector<int>{1, 2}, [](int number) { return std::to_string(number); }, "; "), "1; 2");
  EXPECT_EQ(join(Texts{"a", "b"}, [](const std::string& name) { return "\"" + name + "\""; }), R"("a", "b")");
}

TEST(Join, AListGrowsByOneItem) {
  std::string list;
  append_item(list, "a");
  EXPECT_EQ(list, "a");
  append_item(list, "b");
  append_item(list, "c", " AND ");
  EXPECT_EQ(list, "a, b AND c");
}

}  // namespace
}  // namespace anabranch
