#include "log/log_extent.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"

namespace anabranch::log {
namespace {

constexpr uint32_t format_version = 1;
constexpr size_t partition_bytes = 40;

// Each batch has a header, so events take bytes.
bool can_be(const PartitionExtent& extent) {
  return extent.first_offset >= 0 && extent.first_offset <= extent.end_offset &&
         extent.first_position <= extent.end_position &&
         (extent.first_offset == extent.end_offset || extent.first_position < extent.end_position);
}

}  // namespace

std::string encode(const LogExtent& extent) {
  ANABRANCH_ASSERT(extent.partitions.size() <= extent_partitions_max);
  std::string bytes;
  put(bytes, format_version);
  put(bytes, extent.writer);
  put(bytes, extent.schema_version);
  put(bytes, static_cast<uint32_t>(extent.partitions.size()));
  for (const PartitionExtent& partition : extent.partitions) {
    put(bytes, partition.first_offset);
    put(bytes, partition.first_position);
    put(bytes, partition.end_offset);
    put(bytes, partition.end_position);
    put(bytes, partition.removals);
  }
  return bytes;
}

Result<LogExtent> parse_log_extent(std::string_view bytes) {
  ByteReader reader(bytes);
  if (const auto version = reader.get<uint32_t>(); version != format_version)
    return fail(Code::bad_input, fmt::format("not the extent of a log, or one of version {}", version));
  LogExtent extent;
  extent.writer = reader.get<uint64_t>();
  extent.schema_version = reader.get<uint32_t>();
  const auto count = reader.get<uint32_t>();
  if (!reader.ok() || count > extent_partitions_max || reader.rest().size() != count * partition_bytes)
    return fail(Code::bad_input,
                fmt::format("the extent of a log has {} bytes for {} partitions", bytes.size(), count));
  for (uint32_t number = 0; number < count; ++number) {
    PartitionExtent partition;
    partition.first_offset = reader.get<model::Offset>();
    partition.first_position = reader.get<uint64_t>();
    partition.end_offset = reader.get<model::Offset>();
    partition.end_position = reader.get<uint64_t>();
    partition.removals = reader.get<uint64_t>();
    if (!can_be(partition))
      return fail(Code::bad_input,
                  fmt::format("the extent of partition {} cannot be: offsets {} to {} in bytes {} to {}",
                              number, partition.first_offset, partition.end_offset, partition.first_position,
                              partition.end_position));
    extent.partitions.push_back(partition);
  }
  return extent;
}

}  // namespace anabranch::log
