#include "ingest/partitioner.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/hash.h"
#include "ingest/decoder.h"

namespace anabranch::ingest {
namespace {

using Layout = model::Type::Layout;

template <typename T>
std::string number_text(const model::Column& column, size_t row) {
  return fmt::to_string(column.at<T>(row));
}

// As the engine's cast gives it.
std::string value_text(const model::Type& type, const model::Column& column, size_t row) {
  switch (type.layout()) {
    case Layout::i8:
      return fmt::to_string(static_cast<int>(column.at<int8_t>(row)));
    case Layout::i16:
      return number_text<int16_t>(column, row);
    case Layout::i32:
      return number_text<int32_t>(column, row);
    case Layout::i64:
      return number_text<int64_t>(column, row);
    case Layout::u8:
      return fmt::to_string(static_cast<unsigned>(column.at<uint8_t>(row)));
    case Layout::u16:
      return number_text<uint16_t>(column, row);
    case Layout::u32:
      return number_text<uint32_t>(column, row);
    case Layout::u64:
      return number_text<uint64_t>(column, row);
    case Layout::text:
      return std::string(column.texts[row]);
    default:
      ANABRANCH_ASSERT(false);  // is_partition_key() lets no other type through
      return {};
  }
}

}  // namespace

void add_to_key(std::string& key, std::optional<std::string_view> value) {
  if (!value) {
    key += '0';
    return;
  }
  key += '1';
  key += *value;
  key += '\x1f';
}

model::Partition partition_of_key(std::string_view key, model::Partition partitions) {
  uint64_t hash = fnv1a(key);
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  hash ^= hash >> 33;
  return static_cast<model::Partition>(hash % static_cast<uint64_t>(partitions));
}

Status check_partition(const log::EventLog& log, model::Partition partition) {
  const model::Partition count = log.partition_count();
  if (partition >= 0 && partition < count) return {};
  return fail(Code::not_found, fmt::format("there is no partition {}", partition),
              count == 1 ? "the stream has one, 0" : fmt::format("the stream has 0 to {}", count - 1));
}

void Partitioner::set_key(std::vector<std::string> key) {
  Lock lock(mutex_);
  key_ = std::move(key);
}

std::optional<std::vector<std::optional<size_t>>> Partitioner::key_fields(const model::Schema& schema) const {
  std::vector<std::optional<size_t>> fields;
  Lock lock(mutex_);
  if (key_.empty() || log_.partition_count() == 1) return std::nullopt;
  for (const std::string& name : key_) {
    auto found = schema.find(name);
    for (size_t i = 0; i < schema.fields.size() && !found; ++i) {  // renamed, a moment ago
      const auto& was = schema.fields[i].was;
      if (std::find(was.begin(), was.end(), name) != was.end()) found = i;
    }
    if (found && !model::is_partition_key(schema.fields[*found].type)) return std::nullopt;
    fields.push_back(found);
  }
  return fields;
}

std::optional<model::Partition> Partitioner::home_of(const std::optional<log::Producer>& producer) const {
  if (!producer) return std::nullopt;
  if (const auto known = log_.partition_of(*producer)) return known;
  return producer->sequence ? std::optional<model::Partition>(0) : std::nullopt;
}

Result<model::Partition> Partitioner::whole(const std::optional<log::Producer>& producer,
                                            std::optional<model::Partition> chosen) {
  const model::Partition count = log_.partition_count();
  if (chosen) {
    TRY(check_partition(log_, *chosen));
    return *chosen;
  }
  if (count == 1) return 0;
  if (!producer) return static_cast<model::Partition>(turn_++ % static_cast<uint64_t>(count));
  if (const auto known = log_.partition_of(*producer)) return *known;
  return partition_of_key(producer->id, count);
}

Result<std::vector<log::NewBatch>> Partitioner::split(log::NewBatch batch, const model::SchemaPtr& schema,
                                                      std::optional<model::Partition> chosen) {
  std::vector<log::NewBatch> parts;
  const auto keyed = key_fields(*schema);
  if (chosen || !keyed) {
    batch.partition = TRY(whole(batch.producer, chosen));
    parts.push_back(std::move(batch));
    return parts;
  }
  const auto& fields = *keyed;
  log::Batch whole;
  whole.count = batch.count;
  whole.schema_version = batch.schema_version;
  whole.encoding = batch.encoding;
  whole.payload = std::make_shared<const std::string>(std::move(batch.payload));
  const auto events = batch.count == 0 ? model::ColumnBatch{} : TRY(decode(whole, schema, 0, batch.count));
  const auto records = log::split_records(*whole.payload);
  if (!records) return fail(Code::internal, "a parsed body has no records");
  const size_t header = batch.encoding == log::Encoding::csv && !records->empty() ? 1 : 0;

  std::map<model::Partition, log::NewBatch> by_partition;
  const auto part_of = [&](model::Partition partition) -> log::NewBatch& {
    const auto [found, is_new] = by_partition.try_emplace(partition);
    log::NewBatch& part = found->second;
    if (!is_new) return part;
    part.schema_version = batch.schema_version;
    part.encoding = batch.encoding;
    part.producer = batch.producer;
    part.partition = partition;
    if (header > 0) log::put_record(part.payload, records->front());
    return part;
  };
  const auto home = home_of(batch.producer);
  if (home) part_of(*home);
  std::string key;
  for (uint32_t row = 0; row < batch.count; ++row) {
    key.clear();
    for (const auto& field : fields) {
      std::optional<std::string> text;
      if (field && events.columns[*field].valid[row])
        text = value_text(schema->fields[*field].type, events.columns[*field], row);
      add_to_key(key, text);
    }
    log::NewBatch& part = part_of(partition_of_key(key, log_.partition_count()));
    log::put_record(part.payload, (*records)[header + row]);
    ++part.count;
  }
  const model::Partition first = home ? *home : by_partition.empty() ? 0 : by_partition.begin()->first;
  part_of(first).rejects = std::move(batch.rejects);
  parts.push_back(std::move(by_partition.at(first)));
  by_partition.erase(first);
  for (auto& [partition, part] : by_partition) parts.push_back(std::move(part));
  return parts;
}

}  // namespace anabranch::ingest
