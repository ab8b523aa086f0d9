#include "model/names.h"

#include <set>
#include <unordered_set>

#include <gmock/gmock.h>

namespace anabranch::model {
namespace {

TEST(RelationName, HasALayerAndAName) {
  const auto name = RelationName::parse("gold.delay_by_carrier");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->layer, "gold");
  EXPECT_EQ(name->name, "delay_by_carrier");
  EXPECT_EQ(name->text(), "gold.delay_by_carrier");
}

TEST(RelationName, KeepsWhateverComesAfterTheFirstDot) {
  for (const std::string text : {"gold.daily:1", "bronze.a.b", "bronze.2024.csv", "bronze..", "bronze.a b"}) {
    const auto name = RelationName::parse(text);
    ASSERT_TRUE(name) << text;
    EXPECT_EQ(name->text(), text);
    EXPECT_EQ(*name, RelationName::of(text));
    EXPECT_EQ(name_in_layer(text), text.substr(name->layer.size() + 1));
  }
  EXPECT_EQ(RelationName::of("bronze.a.b").name, "a.b");
  EXPECT_EQ(bronze("a.b"), RelationName::of("bronze.a.b"));
}

TEST(RelationName, ATextThatLacksAPartIsNone) {
  for (const char* text : {"", ".", "flights", ".flights", "bronze."}) {
    const auto name = RelationName::parse(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().code, Code::bad_input);
    EXPECT_THAT(name.error().message, testing::HasSubstr(std::string("'") + text + "'"));
  }
  EXPECT_DEATH(RelationName::of("flights"), "names.cc");
}

TEST(RelationName, IsComparedByBothParts) {
  EXPECT_NE(RelationName({"silver", "x"}), RelationName({"gold", "x"}));
  EXPECT_NE(RelationName({"gold", "x"}), RelationName({"gold", "y"}));
  EXPECT_LT(RelationName({"gold", "y"}), RelationName({"silver", "x"}));
  EXPECT_TRUE(RelationName().empty());
  EXPECT_FALSE(bronze("x").empty());
  const std::unordered_set<RelationName> all = {{"gold", "x"}, {"gold", "x"}, {"gold", "y"}, {"silver", "x"}};
  EXPECT_EQ(all.size(), 3u);
  // The border between the parts is part of the hash.
  EXPECT_NE(std::hash<RelationName>()({"ab", "c"}), std::hash<RelationName>()({"a", "bc"}));
}

}  // namespace
}  // namespace anabranch::model
