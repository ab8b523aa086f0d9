#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/stream.h"
#include "ingest/ingestor.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "log/schema_store.h"
#include "log/segmented_log.h"
#include "project/project.h"

namespace anabranch::app {

/// A stream of the project with its log open.
struct OpenStream {
  std::string name;
  io::Path folder;  // log/<stream>
  std::unique_ptr<log::SchemaStore> schemas;
  std::unique_ptr<log::SegmentedLog> log;
  std::unique_ptr<ingest::Ingestor> ingestor;

  history::Stream stream() const { return {"bronze." + name, log.get(), schemas.get(), folder}; }
};

/// Opens the logs of all streams and brings their schemas up to what the project declares: new fields are
/// added as a new version; a field whose type changed is refused, as the events in the log were taken in with
/// the old one. A stream whose files are damaged is left out, and `damaged` says why, by its name.
Result<std::vector<OpenStream>> open_streams(io::FileSystem& files, io::Clock& clock,
                                             const io::Path& data_folder, const project::Project& project,
                                             std::map<std::string, Error>& damaged);

}  // namespace anabranch::app
