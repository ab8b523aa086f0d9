// The second adapter of the contract: what it asks must not depend on keys being paths.
#include <gtest/gtest.h>

#include "lake/memory_store.h"
#include "lake/object_store_contract.h"

namespace anabranch::lake {
namespace {

TEST(ObjectStoreTest, AStoreInMemoryKeepsTheContract) {
  MemoryStore store;
  check_object_store_contract(store);
}

}  // namespace
}  // namespace anabranch::lake
