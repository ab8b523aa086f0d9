#pragma once

#include <memory>
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

/// The events of a stream that are in the lake: Parquet files, and how far they reach.
struct Archive {
  std::vector<std::string> files;     // absolute
  model::Offset end = 0;              // exclusive
  std::shared_ptr<const void> lease;  // whoever reads the files holds it: they stay as long
};

/// The error of who asks for events that the log forgot and the archive does not have: unavailable, until it
/// is restored.
std::unexpected<Error> fail_nowhere(const Stream& stream, model::OffsetRange missing);

}  // namespace anabranch::history
