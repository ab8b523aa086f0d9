#include "log/event_log_contract.h"
#include "log/memory_log.h"
#include "log/segmented_log.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

constexpr size_t batch_bytes_max = 1 << 20;

class SegmentedLogTest : public ::testing::TestWithParam<model::Partition> {};

TEST_P(SegmentedLogTest, KeepsTheContract) {
  const test::TemporaryFolder folder;
  io::Path newest;
  int logs = 0;
  check_event_log_contract(
      {[&](ContractClock& clock) -> std::unique_ptr<EventLog> {
         SegmentedLog::Options options;
         options.partitions = GetParam();
         options.segment_bytes = 2000;
         options.batch_bytes_max = batch_bytes_max;
         newest = folder / std::to_string(logs++);
         auto opened = SegmentedLog::open(io::local_file_system(), clock, newest, options);
         EXPECT_TRUE(opened) << opened.error().describe();
         return std::move(*opened);
       },
       [&](model::Partition partition) { return newest / std::to_string(partition) / "bulk"; }});
}

INSTANTIATE_TEST_SUITE_P(Partitions, SegmentedLogTest, ::testing::Values(1, 3));

class MemoryLogTest : public ::testing::TestWithParam<model::Partition> {};

TEST_P(MemoryLogTest, KeepsTheContract) {
  const test::TemporaryFolder folder;
  io::Path newest;
  int logs = 0;
  check_event_log_contract(
      {[&](ContractClock& clock) {
         MemoryLog::Options options;
         options.partitions = GetParam();
         options.batch_bytes_max = batch_bytes_max;
         options.folder = newest = folder / std::to_string(logs++);
         return std::make_unique<MemoryLog>(io::local_file_system(), clock, options);
       },
       [&](model::Partition partition) { return newest / std::to_string(partition) / "bulk"; }});
}

INSTANTIATE_TEST_SUITE_P(Partitions, MemoryLogTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace anabranch::log
