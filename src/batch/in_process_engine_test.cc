#include "batch/in_process_engine.h"

#include "batch/batch_engine_contract.h"
#include "lake/local_store.h"
#include "lake/memory_store.h"

namespace anabranch::batch {
namespace {

TEST(InProcessEngine, PassesTheContract) {
  const test::TemporaryFolder folder;
  lake::LocalStore store(io::local_file_system(), folder.path());
  InProcessEngine engine(store);
  check_batch_engine_contract(engine, store);
}

// Nothing of the lake is a file then.
TEST(InProcessEngine, PassesTheContractOverALakeInMemory) {
  lake::MemoryStore store;
  InProcessEngine engine(store);
  check_batch_engine_contract(engine, store);
}

}  // namespace
}  // namespace anabranch::batch
