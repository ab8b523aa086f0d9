#include "model/schema.h"

#include <gtest/gtest.h>

#include "model/type_widening.h"

namespace anabranch::model {
namespace {

TEST(Type, RoundTripsThroughItsSqlName) {
  for (const char* name : {"BOOLEAN", "INTEGER", "DECIMAL(10,2)", "TIMESTAMP WITH TIME ZONE", "VARCHAR[]",
                           "STRUCT(a INTEGER, \"b c\" VARCHAR[][])", "MAP(VARCHAR, DOUBLE)", "JSON"}) {
    const auto type = Type::parse(name);
    ASSERT_TRUE(type) << name;
    EXPECT_EQ(type->to_sql(), name);
  }
}

TEST(Type, KnowsAliasesInAnyCase) {
  EXPECT_EQ(Type::parse("Int")->to_sql(), "INTEGER");
  EXPECT_EQ(Type::parse("double  precision")->to_sql(), "DOUBLE");
  EXPECT_EQ(Type::parse("text")->to_sql(), "VARCHAR");
  EXPECT_EQ(Type::parse("numeric(5)")->to_sql(), "DECIMAL(5,0)");
}

TEST(Type, RefusesWhatIsNoType) {
  for (const char* name :
       {"", "intt", "decimal(39,1)", "decimal(5,6)", "struct(a)", "integer[", "varchar junk("}) {
    EXPECT_FALSE(Type::parse(name)) << name;
  }
}

TEST(Schema, RoundTripsThroughJson) {
  Schema schema{3,
                {{"carrier", Type::parse("varchar").value(), true, "two letters"},
                 {"tags", Type::parse("varchar[]").value(), false, ""}},
                OnDrift::freeze};
  const auto again = Schema::from_json(schema.to_json());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, schema);
}

Field named(std::string name, std::string_view type = "varchar") {
  return {std::move(name), Type::parse(type).value()};
}

TEST(Schema, KeepsNamesColumnsAndBoundsInJson) {
  Schema schema{4, {named("url"), named("page")}, OnDrift::evolve, {7, 3}, {named("age", "integer")}};
  schema.fields[0].was = {"page", "address"};
  schema.fields[0].stored_as = "page";
  schema.fields[1].stored_as = "page~2";
  schema.fields[1].found_at_us = 5;
  const auto again = Schema::from_json(schema.to_json());
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(*again, schema);
}

TEST(Schema, WhatOnlyAddsFieldsIsWrittenShort) {
  const Schema before{4, {named("a"), named("b")}, OnDrift::evolve};
  Schema after = before;
  ++after.version;
  after.add(named("c", "json"));
  const std::string text = after.to_json_after(before);
  EXPECT_EQ(text.find("\"b\""), std::string::npos) << text;
  EXPECT_EQ(Schema::from_json(text, &before).value(), after);
  EXPECT_FALSE(Schema::from_json(text)) << "by itself it is no schema";
  EXPECT_FALSE(Schema::from_json(text, &after));
  Schema other = after;
  other.fields[0].required = true;
  EXPECT_EQ(Schema::from_json(other.to_json_after(before)).value(), other);
}

TEST(Schema, EveryFieldHasAColumnOfItsOwn) {
  Schema schema{1, {named("a"), named("b")}};
  schema.fields[0].name = "c";
  schema.fields[0].stored_as = "a";
  schema.dropped = {named("old")};
  schema.add(named("A"));
  schema.add(named("old"));
  schema.add(named("new"));
  EXPECT_EQ(schema.fields[2].stored_name(), "A~2") << "SQL does not tell a and A apart";
  EXPECT_EQ(schema.fields[3].stored_name(), "old~2");
  EXPECT_EQ(schema.fields[4].stored_name(), "new");
  EXPECT_EQ(schema.find_stored("a"), 0u);
  EXPECT_FALSE(schema.find("a"));
  EXPECT_FALSE(schema.is_dropped("old"));
  std::string names;
  for (const Field& field : schema.as_stored().fields) names += field.name + " ";
  EXPECT_EQ(names, "a b A~2 old~2 new old ");
}

TEST(Schema, AnOlderFileDoesNotSayWhatEventsBrought) {
  const std::string fields =
      R"("on_drift":"evolve","fields":[{"name":"a","type":"VARCHAR","required":true},{"name":"b","type":"VARCHAR"}]})";
  const auto first = Schema::from_json(R"({"version":1,)" + fields).value();
  EXPECT_TRUE(first.fields[1].is_declared());
  const auto later = Schema::from_json(R"({"version":2,)" + fields).value();
  EXPECT_TRUE(later.fields[0].is_declared());
  EXPECT_FALSE(later.fields[1].is_declared());
}

TEST(Type, WidensToWhatKeepsEveryValue) {
  const auto widens_to = [](std::string_view from, std::string_view to) {
    return widens(Type::parse(from).value(), Type::parse(to).value());
  };
  const std::pair<const char*, const char*> keep[] = {{"tinyint", "smallint"},
                                                      {"integer", "bigint"},
                                                      {"bigint", "hugeint"},
                                                      {"utinyint", "integer"},
                                                      {"uinteger", "bigint"},
                                                      {"ubigint", "hugeint"},
                                                      {"integer", "double"},
                                                      {"real", "double"},
                                                      {"integer", "decimal(12,2)"},
                                                      {"varchar", "varchar"},
                                                      {"decimal(10,2)", "decimal(12,3)"}};
  for (const auto& [from, to] : keep) EXPECT_TRUE(widens_to(from, to)) << from << " to " << to;
  const std::pair<const char*, const char*> lose[] = {
      {"bigint", "integer"},       {"bigint", "double"},         {"integer", "uinteger"},
      {"ubigint", "bigint"},       {"integer", "decimal(11,2)"}, {"double", "real"},
      {"integer", "real"},         {"integer", "varchar"},       {"decimal(10,2)", "double"},
      {"date", "timestamp"},       {"varchar", "json"},          {"decimal(10,2)", "decimal(12,1)"},
      {"hugeint", "decimal(38,0)"}};
  for (const auto& [from, to] : lose) EXPECT_FALSE(widens_to(from, to)) << from << " to " << to;
}

TEST(Schema, BrokenJsonIsAnError) {
  EXPECT_FALSE(Schema::from_json("{"));
  EXPECT_FALSE(Schema::from_json("{\"fields\": [{\"name\": \"a\"}]}"));
}

}  // namespace
}  // namespace anabranch::model
