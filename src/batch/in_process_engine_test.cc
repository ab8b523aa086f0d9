#include "batch/in_process_engine.h"

#include "batch/batch_engine_contract.h"

namespace anabranch::batch {
namespace {

TEST(InProcessEngine, PassesTheContract) {
  check_batch_engine_contract([] { return std::make_unique<InProcessEngine>(); });
}

}  // namespace
}  // namespace anabranch::batch
