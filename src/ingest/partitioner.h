#pragma once
// To which partition of its stream an event goes.

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "log/batch.h"
#include "log/event_log.h"
#include "model/schema.h"

namespace anabranch::ingest {

/// The text of a key field's value, as the engine casts it to VARCHAR, made part of a key; NULL is one of its
/// own.
void add_to_key(std::string& key, std::optional<std::string_view> value);

/// The partition of a key. FNV-1a over its bytes, mixed by the finaliser of MurmurHash3 (Appleby): a stream's
/// events lie where this said, so it never changes.
model::Partition partition_of_key(std::string_view key, model::Partition partitions);

/// not_found: the stream has no such partition.
Status check_partition(const log::EventLog& log, model::Partition partition);

/// Spreads what comes in for one stream. With key fields, events of equal keys go to the same partition, so
/// that they keep their order; without, a request goes to one partition whole: the next one in turn, or the
/// one that knows its producer. Events are moved nowhere when partitions are added: equal keys may lie in two
/// partitions then.
/// Owner: an Ingestor; the log outlives it. Any thread may call.
class Partitioner {
 public:
  Partitioner(log::EventLog& log, std::vector<std::string> key) : log_(log), key_(std::move(key)) {}

  /// For what comes in from now on.
  void set_key(std::vector<std::string> key) EXCLUDES(mutex_);
  /// Where a schema has the key fields, by which events are spread; one that it lacks (nothing) is NULL.
  /// Nothing at all: there is no key, one partition, or a key field of a type that is none for a key.
  std::optional<std::vector<std::optional<size_t>>> key_fields(const model::Schema& schema) const
      EXCLUDES(mutex_);

  /// The parts of a request: the batch itself, or one for each partition that has events of it. Rejects are
  /// in the first one. Of a producer, the first part is where the request is told apart: where the producer
  /// is known, else in partition 0; a key, which comes once, in the first partition that has events of it.
  /// not_found: no such partition as is chosen.
  Result<std::vector<log::NewBatch>> split(log::NewBatch batch, const model::SchemaPtr& schema,
                                           std::optional<model::Partition> chosen);

  /// The partition in which a request by key is told apart; nothing where it is all the same.
  std::optional<model::Partition> home_of(const std::optional<log::Producer>& producer) const;

  /// Where a whole request goes that is not split.
  Result<model::Partition> whole(const std::optional<log::Producer>& producer,
                                 std::optional<model::Partition> chosen);

 private:
  log::EventLog& log_;
  mutable Mutex mutex_;
  std::vector<std::string> key_ GUARDED_BY(mutex_);
  std::atomic<uint64_t> turn_ = 0;
};

}  // namespace anabranch::ingest
