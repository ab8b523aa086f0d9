#include "project/nearest.h"

#include <gtest/gtest.h>

namespace anabranch::project {
namespace {

TEST(Nearest, DistanceCountsInsertRemoveReplaceAndSwap) {
  EXPECT_EQ(edit_distance("flights", "flights"), 0u);
  EXPECT_EQ(edit_distance("flight", "flights"), 1u);
  EXPECT_EQ(edit_distance("flihgts", "flights"), 1u);
  EXPECT_EQ(edit_distance("FLIGHTS", "flights"), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Nearest, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(nearest("requird", {"name", "type", "required"}), "required");
  EXPECT_EQ(nearest("tpye", {"name", "type", "required"}), "type");
  EXPECT_EQ(nearest("colour", {"name", "type", "required"}), std::nullopt);
  EXPECT_EQ(nearest("", {"name"}), std::nullopt);
  EXPECT_EQ(nearest("x", {"a", "b"}), std::nullopt) << "one letter is like every other one";
}

TEST(Nearest, TiesGoToTheFirst) { EXPECT_EQ(nearest("cat", {"car", "can"}), "car"); }

TEST(Nearest, HintListsWhatThereIsWhenNothingIsNear) {
  EXPECT_EQ(suggest("flight", {"flights", "planes"}, "there are"), "did you mean 'flights'?");
  EXPECT_EQ(suggest("zzz", {"flights", "planes"}, "there are"), "there are flights, planes");
  EXPECT_EQ(suggest("zzz", {}, "there are"), "");
}

}  // namespace
}  // namespace anabranch::project
