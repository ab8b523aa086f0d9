#include "serve/caller_sight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace anabranch::serve {
namespace {

using security::Restriction;

class Rules final : public security::Policy {
 public:
  Restriction restriction(const security::Caller&, std::string_view relation) const override {
    const auto found = rules.find(relation);
    return found == rules.end() ? Restriction{} : found->second;
  }
  bool allows(const security::Caller&, security::Right, std::string_view) const override { return true; }
  std::map<std::string, Restriction, std::less<>> rules;
};

class Sight : public ::testing::Test {
 protected:
  Sight() {
    model::Schema schema;
    schema.version = 1;
    schema.fields = {{"k", model::Type::parse("varchar").value()},
                     {"v", model::Type::parse("integer").value()}};
    auto made =
        views::make_world({{"silver.clean", "SELECT k, v FROM bronze.e WHERE v > 0", "clean.sql"},
                           {"gold.sums", "SELECT k, sum(v) AS s FROM silver.clean GROUP BY k", "sums.sql"},
                           {"gold.other", "SELECT count(*) AS n FROM bronze.f", "other.sql"}},
                          {{"bronze.e", schema}, {"bronze.f", schema}}, {},
                          {{"bronze.lost", {Code::unavailable, "its file is gone", {}, {}}}});
    EXPECT_TRUE(made.errors.empty());
    world_ = std::move(made.world);
  }
  CallerSight sight() const { return {policy_, {}, world_}; }
  static std::vector<std::string> names(const std::vector<model::RelationColumn>& columns) {
    std::vector<std::string> names;
    for (const auto& column : columns) names.push_back(column.name);
    return names;
  }

  Rules policy_;
  views::World world_;
};

TEST_F(Sight, WhereNothingIsRestrictedItIsTheWorldItself) {
  EXPECT_EQ(&sight().relations(), &world_.relations);
  EXPECT_EQ(&sight().absent(), &world_.absent);
  EXPECT_TRUE(sight().sees_whole_below({"gold.sums", "gold.other"}));
}

TEST_F(Sight, LooksAtAllThatAViewIsComputedFrom) {
  for (const char* below : {"bronze.e", "silver.clean", "gold.sums"}) {
    policy_.rules = {{below, Restriction{.masks = {{"v", "0"}}}}};
    EXPECT_FALSE(sight().sees_whole_below({"gold.sums"})) << below;
    EXPECT_TRUE(sight().sees_whole_below({"gold.other"})) << below;
  }
}

TEST_F(Sight, TheRawTextGoesWithTheFirstColumnThatIsNotShown) {
  policy_.rules["bronze.e"].row_filter = "v > 1";
  EXPECT_THAT(names(sight().relations().at("bronze.e").hidden_columns), ::testing::Contains("_raw"));
  policy_.rules["bronze.e"].masks["k"] = "'x'";
  EXPECT_THAT(names(sight().relations().at("bronze.e").hidden_columns),
              ::testing::AllOf(::testing::Contains("_offset"), ::testing::Not(::testing::Contains("_raw"))));
  EXPECT_THAT(names(sight().relations().at("bronze.e").columns), ::testing::ElementsAre("k", "v"));
  policy_.rules["bronze.e"].hidden_columns = {"v"};
  EXPECT_THAT(names(sight().relations().at("bronze.e").columns), ::testing::ElementsAre("k"));
}

// An engine may try a query's condition before the filter; which one it tries first cannot be told from
// outside.
TEST_F(Sight, ARowThatIsKeptBackHasNoValuesWhereverItIsMet) {
  policy_.rules["bronze.e"].row_filter = "v > 1";
  policy_.rules["bronze.e"].masks["k"] = "left(k, 1)";
  sql::Meanings meanings{{views::visible_name("bronze.e"), sql::meaning("FROM events")}};
  sight().restrict({"bronze.e"}, meanings);
  EXPECT_THAT(
      meanings.at(views::visible_name("bronze.e"))->text,
      ::testing::AllOf(::testing::HasSubstr("CASE WHEN (v > 1) THEN TRY_CAST((left(k, 1)) AS VARCHAR) END"),
                       ::testing::HasSubstr("WHERE (v > 1)")));
}

TEST_F(Sight, WhatHasNoColumnLeftIsNotThere) {
  policy_.rules["bronze.e"].hidden_columns = {"k", "v"};
  policy_.rules["bronze.lost"].is_hidden = true;
  EXPECT_FALSE(sight().relations().contains("bronze.e"));
  EXPECT_FALSE(sight().sees("bronze.e"));
  EXPECT_TRUE(sight().sees("bronze.f"));
  EXPECT_FALSE(sight().absent().contains("bronze.lost"));
  EXPECT_EQ(sight().seen({{"e", {1}}, {"f", {2}}}), (model::Offsets{{"f", {2}}}));
}

}  // namespace
}  // namespace anabranch::serve
