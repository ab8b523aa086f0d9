#pragma once
// What the log stores: batches of consecutive events, with the rejects that came in the same request.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/offsets.h"

namespace anabranch::log {

/// How the payload of a batch is read. The values are in files: never reuse one.
enum class Encoding : uint8_t {
  json = 1,         // records: one JSON object each
  csv = 2,          // records: the first is the header line, every other one an event
  bulk = 3,         // records: exactly one, a JSON object that names a bulk file; count is its rows
  cloudevents = 4,  // records: one structured CloudEvent each; its `data` is the event
};

/// Input that could not become an event: why, and the bytes as they came.
struct Reject {
  std::string reason;
  std::string raw;
  bool operator==(const Reject&) const = default;
};

/// Who sent a batch, so that it is stored once however often it is sent: a producer that numbers its batches,
/// or one request with a key of its own.
struct Producer {
  static constexpr size_t id_bytes_max = 255;

  std::string id;                    // of the producer; or the key
  std::optional<uint64_t> sequence;  // of the batch, from 0 without gaps; none: `id` is a key
  uint32_t fingerprint = 0;          // of what was sent: the same id and sequence with another is a mistake
  /// Of a part of a request that is told apart in another partition: gaps are none here. Set by the log.
  bool is_part = false;
  bool operator==(const Producer&) const = default;
};

/// What a producer hands to the log, for one partition. The payload is a sequence of records (put_record),
/// see FORMAT.md.
struct NewBatch {
  uint32_t schema_version = 0;
  Encoding encoding = Encoding::json;
  uint32_t count = 0;  // events, thus offsets; may be 0 when there are only rejects
  std::string payload;
  std::vector<Reject> rejects;
  std::optional<Producer> producer = std::nullopt;
  model::Partition partition = 0;
};

/// A batch as it is in the log; immutable, shared between readers.
struct Batch {
  model::Partition partition = 0;
  model::Offset base_offset = 0;
  uint32_t count = 0;
  uint32_t schema_version = 0;
  Encoding encoding = Encoding::json;
  int64_t ingested_at_us = 0;  // given by the log, once
  std::shared_ptr<const std::string> payload;
  std::vector<Reject> rejects;

  model::Offset end_offset() const { return base_offset + count; }
};

using BatchPtr = std::shared_ptr<const Batch>;

/// Appends one record (u32 length, bytes) to a payload.
void put_record(std::string& payload, std::string_view record);
/// All records of a payload, as views into it; empty optional when the lengths do not add up.
std::optional<std::vector<std::string_view>> split_records(std::string_view payload);

}  // namespace anabranch::log
