#include "model/column_name.h"

#include <gtest/gtest.h>

#include "model/schema.h"

namespace anabranch::model {
namespace {

TEST(ColumnName, MayBeNearlyAnything) {
  for (const char* name : {"a", "A b", "x'--", "\"", "\"@bronze.e\"", "_ord", "@main", "anabranch",
                           "anabranc:h", "select", "\xC3\xA4", "1", "%41", "${HOME}", "a.b", "\\u0000"}) {
    EXPECT_EQ(column_name_objection(name), "") << name;
  }
  EXPECT_EQ(column_name_objection(std::string(255, 'x')), "");
}

TEST(ColumnName, IsRefusedWhereNoColumnCanHaveIt) {
  for (const std::string& name : {std::string(), std::string(256, 'x'), std::string("a\nb"),
                                  std::string("a\0b", 3), std::string("\x7f")}) {
    EXPECT_NE(column_name_objection(name).find("1 to 255 bytes"), std::string::npos) << name;
  }
  for (const char* name : {"anabranch:ord", "Anabranch:x", "ANABRANCH:"}) {
    EXPECT_NE(column_name_objection(name).find("anabranch:"), std::string::npos) << name;
  }
}

TEST(ColumnName, OfALakeTableHasNothingThatItsReadersRefuse) {
  EXPECT_EQ(lake_column_name_objection("x'--"), "");
  for (const char* name : {"a b", "a,b", "a;", "{", "}", "f(x)", "a=b"}) {
    EXPECT_EQ(column_name_objection(name), "") << name;
    EXPECT_NE(lake_column_name_objection(name), "") << name;
  }
  EXPECT_NE(lake_column_name_objection("anabranch:ord"), "");
}

TEST(ColumnName, OfTheSystemIsTheSameInAnyCase) {
  for (const char* name : {"_offset", "_OFFSET", "_Partition", "_raw", "_ingested_At"})
    EXPECT_TRUE(is_system_column(name));
  for (const char* name : {"_offset_", "offset", "_of", ""}) EXPECT_FALSE(is_system_column(name)) << name;
}

}  // namespace
}  // namespace anabranch::model
