#pragma once
// Batches to bytes and back, as FORMAT.md has them. Pure functions: no files, no state.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "log/batch.h"

namespace anabranch::log {

inline constexpr uint32_t batch_magic = 0x746162A5;  // the bytes A5 'b' 'a' 't'
inline constexpr size_t batch_header_bytes = 56;
/// A body larger than this is not written and, when read, is damage.
inline constexpr uint32_t batch_body_bytes_max = 1u << 30;

/// The fixed part in front of every batch.
struct BatchHeader {
  uint32_t body_crc = 0;
  uint32_t body_bytes = 0;  // extension, payload and rejects
  model::Offset base_offset = 0;
  uint32_t count = 0;
  uint32_t schema_version = 0;
  int64_t ingested_at_us = 0;
  uint32_t payload_bytes = 0;
  uint32_t reject_count = 0;
  uint32_t group_bytes_before = 0;  // bytes of the same group commit in front of this batch
  uint16_t extension_bytes = 0;
  Encoding encoding = Encoding::json;

  model::Offset end_offset() const { return base_offset + count; }
  bool operator==(const BatchHeader&) const = default;
};

/// A batch that was checked and summed on its producer's thread and only wants its offset.
struct PreparedBatch {
  NewBatch batch;
  std::string extension;  // encoded, as the next one
  std::string rejects;
  uint32_t body_crc = 0;

  size_t bytes() const {
    return batch_header_bytes + extension.size() + batch.payload.size() + rejects.size();
  }
};

/// bad_input when the payload's records do not fit the count, or the producer has no id or a long one;
/// too_large past batch_body_bytes_max.
Result<PreparedBatch> prepare(NewBatch batch);

/// The batches of one request, prepared: the first is its home, and all others are parts of it
/// (Producer::is_part) with fingerprints of their own. Checked and summed on the producer's thread, so that
/// many share the work. As prepare(); bad_input when there are none, two for one partition, or different
/// producers; not_found: a partition that there is not; too_large past request_bytes_max.
Result<std::vector<PreparedBatch>> prepare_request(std::vector<NewBatch> parts, model::Partition partitions,
                                                   size_t request_bytes_max);

/// The salt of the segment goes into the checksum: bytes of another file or inside a payload are never taken
/// for a batch.
void put_batch_header(std::string& out, const BatchHeader& header, uint32_t salt);
/// Takes the first batch_header_bytes of bytes. corrupt says what is wrong; refused is a later version's
/// batch.
Result<BatchHeader> parse_batch_header(std::string_view bytes, uint32_t salt);

std::string encode_rejects(const std::vector<Reject>& rejects);
/// The batch of a header and its body; corrupt when checksum or lengths do not fit.
Result<Batch> parse_batch(model::Partition partition, const BatchHeader& header, std::string_view body);
/// The checksum alone.
Status check_body(const BatchHeader& header, std::string_view body);

}  // namespace anabranch::log
