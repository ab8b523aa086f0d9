#include "model/schema.h"

#include <gtest/gtest.h>

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

TEST(Schema, BrokenJsonIsAnError) {
  EXPECT_FALSE(Schema::from_json("{"));
  EXPECT_FALSE(Schema::from_json("{\"fields\": [{\"name\": \"a\"}]}"));
}

}  // namespace
}  // namespace anabranch::model
