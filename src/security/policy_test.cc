#include "security/policy.h"

#include <set>

#include <gtest/gtest.h>

namespace anabranch::security {
namespace {

class OneRight final : public Policy {
 public:
  Restriction restriction(const Caller&, std::string_view) const override { return {}; }
  bool allows(const Caller& caller, Right right, std::string_view relation) const override {
    return caller.name == "builder" && right == Right::build && relation == "gold.daily";
  }
};

TEST(Policy, WhatIsMissingIsNamed) {
  const OneRight policy;
  EXPECT_TRUE(policy.check({"builder", {}}, Right::build, "gold.daily"));
  const Status other = policy.check({"builder", {}}, Right::build, "gold.hourly");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::refused);
  EXPECT_EQ(other.error().message, "the right 'build' of gold.hourly is missing");
  EXPECT_NE(other.error().hint, "");
  EXPECT_FALSE(policy.check({"builder", {}}, Right::verify, "gold.daily"));
  EXPECT_FALSE(policy.check({"somebody", {}}, Right::build, "gold.daily"));
}

TEST(Policy, ARightOfOneRelationIsNotOneOfTheWhole) {
  const Status whole = OneRight().check({"builder", {}}, Right::build);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().message, "the right 'build' of the whole project is missing");
}

TEST(Policy, TheLocalCallerMayDoAllThereIs) {
  std::set<std::string_view> names;
  for (const Right right : all_rights) {
    EXPECT_TRUE(allow_all()->check(local_caller(), right));
    EXPECT_TRUE(allow_all()->check(local_caller(), right, "bronze.flights"));
    names.insert(to_string(right));
  }
  EXPECT_EQ(names.size(), all_rights.size());
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace anabranch::security
