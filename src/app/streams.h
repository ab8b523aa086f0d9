#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/slots.h"
#include "base/result.h"
#include "history/stream.h"
#include "ingest/ingestor.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "log/schema_store.h"
#include "model/names.h"
#include "project/project.h"

namespace anabranch::app {

/// A stream of the project with its log open.
struct OpenStream {
  std::string name;
  io::Path folder;  // log/<stream>
  std::unique_ptr<log::SchemaStore> schemas;
  std::unique_ptr<log::EventLog> log;
  std::unique_ptr<ingest::Ingestor> ingestor;
  std::vector<Error> refused;  // what its file says and cannot be; nothing of the file holds then

  history::Stream stream() const { return {model::bronze(name), log.get(), schemas.get(), folder}; }
};

/// What is incompatible in a plan, each with the place in the stream's file.
std::vector<Error> schema_problems(const ingest::SchemaPlan& plan, const project::StreamFile& stream);

/// Opens the logs of all streams and brings their schemas up to what the project declares, where that is
/// compatible with the events that are there (ingest/schema_plan.h). Where it is not, the stream goes on with
/// the schema that it had, and `refused` says why. A stream whose files are damaged is left out, and
/// `damaged` says why, by its name.
Result<std::vector<OpenStream>> open_streams(const OpenLog& open_log, io::FileSystem& files, io::Clock& clock,
                                             const io::Path& data_folder, const project::Project& project,
                                             std::map<std::string, Error>& damaged);

}  // namespace anabranch::app
