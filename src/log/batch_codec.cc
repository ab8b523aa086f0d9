#include "log/batch_codec.h"

#include <set>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "log/producer_table.h"

namespace anabranch::log {
namespace {

// Where the checksum of the header begins: after the magic and the checksum itself.
constexpr size_t summed_from = 8;
static_assert(batch_header_bytes == 4 + 4 + 4 + 4 + 8 + 4 + 4 + 8 + 4 + 4 + 4 + 2 + 1 + 1);

std::optional<uint64_t> count_records(std::string_view payload) {
  uint64_t count = 0;
  ByteReader reader(payload);
  while (!reader.rest().empty()) {
    reader.get_bytes();
    if (!reader.ok()) return std::nullopt;
    ++count;
  }
  return count;
}

bool is_record_count_right(const NewBatch& batch, uint64_t records) {
  switch (batch.encoding) {
    case Encoding::json:
    case Encoding::cloudevents:
      return records == batch.count;
    // Where every row was rejected, the header line or the name of the file may stay.
    case Encoding::csv:
      return batch.count == 0 ? records <= 1 : records == uint64_t{batch.count} + 1;
    case Encoding::bulk:
      return batch.count == 0 ? records <= 1 : records == 1;
  }
  return false;
}

}  // namespace

Result<PreparedBatch> prepare(NewBatch batch) {
  // A request whose events all go to other partitions is told apart by what it leaves in its own.
  if (batch.count == 0 && batch.rejects.empty() && !batch.producer) {
    return fail(Code::bad_input, "a batch with neither events nor rejects", "leave it out");
  }
  const auto records = count_records(batch.payload);
  if (!records || !is_record_count_right(batch, *records)) {
    return fail(Code::bad_input,
                fmt::format("a batch of {} events in encoding {} cannot hold {} records", batch.count,
                            static_cast<int>(batch.encoding), records ? fmt::to_string(*records) : "cut-off"),
                "write the payload with put_record, one call a record");
  }
  if (batch.producer && (batch.producer->id.empty() || batch.producer->id.size() > Producer::id_bytes_max)) {
    return fail(Code::bad_input,
                fmt::format("a producer's id or a key has {} bytes", batch.producer->id.size()),
                fmt::format("it has 1 to {}", Producer::id_bytes_max));
  }
  if (batch.producer && batch.producer->id.front() == '\0')
    return fail(Code::bad_input, "a producer's id or a key begins with a zero byte", "use text");
  PreparedBatch prepared;
  prepared.extension = encode_extension(batch.producer);
  prepared.rejects = encode_rejects(batch.rejects);
  if (batch.payload.size() + prepared.rejects.size() > batch_body_bytes_max) {
    return fail(Code::too_large,
                fmt::format("a batch of {} bytes; at most {} fit",
                            batch.payload.size() + prepared.rejects.size(), batch_body_bytes_max),
                "send it in smaller parts, or as a bulk file");
  }
  prepared.body_crc = crc32c(prepared.rejects, crc32c(batch.payload, crc32c(prepared.extension)));
  prepared.batch = std::move(batch);
  return prepared;
}

Result<std::vector<PreparedBatch>> prepare_request(std::vector<NewBatch> parts, model::Partition partitions,
                                                   size_t request_bytes_max) {
  if (parts.empty()) return fail(Code::bad_input, "a request without batches", "leave it out");
  std::set<model::Partition> named;
  for (size_t i = 0; i < parts.size(); ++i) {
    const model::Partition partition = parts[i].partition;
    if (partition < 0 || partition >= partitions)
      return fail(Code::not_found, fmt::format("no partition {}; this stream has {}", partition, partitions));
    if (!named.insert(partition).second)
      return fail(Code::bad_input, fmt::format("two batches for partition {}", partition));
    if (parts[i].producer != parts[0].producer)
      return fail(Code::bad_input, "the batches of one request are of different producers");
  }
  std::vector<PreparedBatch> prepared;
  size_t bytes = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && parts[i].producer) {
      // One that is split otherwise when it is sent again is not the same. A bulk file has another name then.
      NewBatch& part = parts[i];
      part.producer->is_part = true;
      part.producer->fingerprint =
          crc32c(part.encoding == Encoding::bulk ? fmt::to_string(part.count) : part.payload,
                 part.producer->fingerprint);
    }
    prepared.push_back(TRY(prepare(std::move(parts[i]))));
    bytes += prepared.back().bytes();
  }
  if (bytes <= request_bytes_max) return prepared;
  return fail(Code::too_large, fmt::format("a batch of {} bytes; at most {} fit", bytes, request_bytes_max),
              "send it in smaller parts, or as a bulk file");
}

void put_batch_header(std::string& out, const BatchHeader& header, uint32_t salt) {
  const size_t at = out.size();
  put(out, batch_magic);
  put(out, uint32_t{0});
  put(out, header.body_crc);
  put(out, header.body_bytes);
  put(out, header.base_offset);
  put(out, header.count);
  put(out, header.schema_version);
  put(out, header.ingested_at_us);
  put(out, header.payload_bytes);
  put(out, header.reject_count);
  put(out, header.group_bytes_before);
  put(out, header.extension_bytes);
  put(out, static_cast<uint8_t>(header.encoding));
  put(out, uint8_t{0});  // flags
  ANABRANCH_ASSERT(out.size() == at + batch_header_bytes);
  put_at(out, at + 4, crc32c(std::string_view(out).substr(at + summed_from), salt));
}

Result<BatchHeader> parse_batch_header(std::string_view bytes, uint32_t salt) {
  if (bytes.size() < batch_header_bytes) return fail(Code::corrupt, "the batch header is cut off");
  bytes = bytes.substr(0, batch_header_bytes);
  ByteReader reader(bytes);
  if (reader.get<uint32_t>() != batch_magic) return fail(Code::corrupt, "no batch begins here (wrong magic)");
  if (reader.get<uint32_t>() != crc32c(bytes.substr(summed_from), salt)) {
    return fail(Code::corrupt, "the checksum of the batch header is wrong");
  }
  BatchHeader header;
  header.body_crc = reader.get<uint32_t>();
  header.body_bytes = reader.get<uint32_t>();
  header.base_offset = reader.get<model::Offset>();
  header.count = reader.get<uint32_t>();
  header.schema_version = reader.get<uint32_t>();
  header.ingested_at_us = reader.get<int64_t>();
  header.payload_bytes = reader.get<uint32_t>();
  header.reject_count = reader.get<uint32_t>();
  header.group_bytes_before = reader.get<uint32_t>();
  header.extension_bytes = reader.get<uint16_t>();
  const uint8_t encoding = reader.get<uint8_t>();
  const uint8_t flags = reader.get<uint8_t>();
  if (encoding < 1 || encoding > static_cast<uint8_t>(Encoding::cloudevents) || flags != 0) {
    return fail(Code::refused,
                fmt::format("a batch of a later version (encoding {}, flags {})", encoding, flags),
                "start the version that wrote it, or a newer one");
  }
  header.encoding = static_cast<Encoding>(encoding);
  if (header.body_bytes > batch_body_bytes_max || header.base_offset < 0 ||
      uint64_t{header.payload_bytes} + header.extension_bytes > header.body_bytes) {
    return fail(Code::corrupt, "the lengths in the batch header do not fit each other");
  }
  return header;
}

std::string encode_rejects(const std::vector<Reject>& rejects) {
  std::string bytes;
  for (const Reject& reject : rejects) {
    put_bytes(bytes, reject.reason);
    put_bytes(bytes, reject.raw);
  }
  return bytes;
}

Status check_body(const BatchHeader& header, std::string_view body) {
  if (body.size() != header.body_bytes) return fail(Code::corrupt, "the batch is cut off");
  if (crc32c(body) != header.body_crc) return fail(Code::corrupt, "the checksum of the batch is wrong");
  return {};
}

Result<Batch> parse_batch(model::Partition partition, const BatchHeader& header, std::string_view body) {
  TRY(check_body(header, body));
  Batch batch;
  batch.partition = partition;
  batch.base_offset = header.base_offset;
  batch.count = header.count;
  batch.schema_version = header.schema_version;
  batch.encoding = header.encoding;
  batch.ingested_at_us = header.ingested_at_us;
  ByteReader reader(body);
  reader.get_bytes(header.extension_bytes);
  batch.payload = std::make_shared<const std::string>(reader.get_bytes(header.payload_bytes));
  for (uint32_t i = 0; i < header.reject_count && reader.ok(); ++i) {
    Reject reject;
    reject.reason = reader.get_bytes();
    reject.raw = reader.get_bytes();
    batch.rejects.push_back(std::move(reject));
  }
  if (!reader.ok() || !reader.rest().empty()) {
    return fail(Code::corrupt, "the rejects of the batch do not fill their place");
  }
  return batch;
}

}  // namespace anabranch::log
