#include "app/faults.h"

#include <gtest/gtest.h>

namespace anabranch::app {
namespace {

TEST(Faults, AreToldUntilTheyAreCleared) {
  Faults faults("/data/shop");
  faults.set("bronze.planes",
             {Code::corrupt, "/data/shop/lake/x.parquet is damaged", "look at /data/shop/lake", {}});
  faults.set("the catalogue", {Code::corrupt, "cannot be read", "", {}});
  const auto all = faults.all();
  ASSERT_EQ(all.size(), 2u);
  const Error& planes = all.at("bronze.planes");
  EXPECT_EQ(planes.code, Code::unavailable) << "whoever asks is told that it is not there now";
  EXPECT_EQ(planes.message, "lake/x.parquet is damaged") << "from the project's folder on";
  EXPECT_EQ(planes.hint, "look at lake");
  faults.set("bronze.planes", {Code::corrupt, "another reason", "", {}});
  EXPECT_EQ(faults.all().at("bronze.planes").message, "another reason");
  faults.clear("bronze.planes");
  faults.clear("what never was");
  EXPECT_EQ(faults.all().size(), 1u);
}

}  // namespace
}  // namespace anabranch::app
