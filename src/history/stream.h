#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/event_log.h"
#include "log/schema_store.h"
#include "model/names.h"

namespace anabranch::history {

/// A stream whose log is open: a value, copied freely. What it points to outlives every copy.
struct Stream {
  model::RelationName name;  // bronze.flights; nothing when the stream has gone
  log::EventLog* log = nullptr;
  log::SchemaStore* schemas = nullptr;
  io::Path folder;  // log/<stream>: bulk files lie there

  /// "flights": how offsets, folders and addresses call it.
  const std::string& bare_name() const { return name.name; }
};

/// One partition of a stream: a value, as Stream.
struct StreamPartition {
  Stream stream;
  model::Partition number = 0;

  /// The next offset; everything before it is durable.
  model::Offset durable_end() const;
  model::Offset first_offset() const { return stream.log->first_offset(number); }
  /// Its number where there are several, for who reads files that may hold events of others.
  std::optional<model::Partition> among_others() const {
    return stream.log->partition_count() == 1 ? std::nullopt : std::optional(number);
  }
  /// "bronze.flights, partition 3", or the stream's name where it has only one.
  std::string describe() const;
};
std::vector<StreamPartition> partitions_of(const Stream& stream);

/// The events of one partition that are in the lake: Parquet files, and how far they reach.
struct ArchivedPartition {
  std::vector<std::string> files;  // as SQL names them
  model::Offset end = 0;           // exclusive
};

/// The events of a stream that are in the lake.
struct Archive {
  std::vector<ArchivedPartition> partitions;  // may be fewer than the stream has
  std::shared_ptr<const void> lease;          // whoever reads the files holds it: they stay as long

  const ArchivedPartition& of(model::Partition partition) const {
    static const ArchivedPartition none;
    const auto index = static_cast<size_t>(partition);
    return index < partitions.size() ? partitions[index] : none;
  }
  std::vector<model::Offset> ends() const;
  /// Of all partitions.
  std::vector<std::string> files() const;
};

/// The error of who asks for events that the log forgot and the archive does not have: unavailable, until it
/// is restored.
std::unexpected<Error> fail_nowhere(const StreamPartition& partition, model::OffsetRange missing);

}  // namespace anabranch::history
