#pragma once
// The slots of the platform and what fills them: the only place of the program that names adapters.
// Everything else knows the ports.

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "batch/batch_engine.h"
#include "ingest/event_source.h"
#include "ingest/table_copy.h"
#include "ingest/table_source.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "lake/object_store.h"
#include "log/event_log.h"
#include "project/known_adapters.h"
#include "project/project.h"
#include "security/secret_store.h"

namespace anabranch::app {

/// Opens the log of a stream in its folder, log/<stream>, with at least so many partitions.
using OpenLog = std::function<Result<std::unique_ptr<log::EventLog>>(
    const io::Path& folder, const project::Limits& limits, model::Partition partitions)>;

/// One adapter for each slot. Owner: the platform, which keeps it as long as anything that it opened.
struct Slots {
  std::unique_ptr<security::SecretStore> secrets;
  std::unique_ptr<lake::ObjectStore> lake;
  std::unique_ptr<batch::BatchEngine> batch_engine;
  OpenLog open_log;
};

/// What slots stand on; all of it outlives them.
struct SlotGround {
  io::FileSystem& files;
  io::Clock& clock;
  io::Path root;         // of the project
  io::Path data_folder;  // whole
  io::Path program;      // anabranch itself, for child processes
};

/// Fills every slot as the settings of a target say. refused: an adapter that this program has not; the place
/// is that of the choice, and the hint says what there is.
Result<Slots> open_slots(const project::Settings& settings, const SlotGround& ground);
/// The logs of streams alone, for the process that writes them; errors as above. What the ground names
/// outlives it.
Result<OpenLog> open_logs(const project::Settings& settings, const SlotGround& ground);
/// One slot alone, for commands that need no other.
Result<std::unique_ptr<security::SecretStore>> open_secrets(const project::Settings& settings,
                                                            const SlotGround& ground);
Result<std::unique_ptr<lake::ObjectStore>> open_lake(const project::Settings& settings,
                                                     const SlotGround& ground);

/// What a project may choose, for whoever reads its files.
const project::KnownAdapters& known_adapters();

/// The sources of tables that are to be copied together, by their kind, which they have in common: a database
/// shows all of them at one moment. In the process that copies.
Result<std::vector<std::unique_ptr<ingest::TableSource>>> open_table_sources(
    const std::vector<ingest::TableCopyJob>& jobs);
/// A source whose events come by themselves; null for one that has tables.
Result<std::unique_ptr<ingest::EventSource>> open_event_source(const project::SourceFile& source,
                                                               const project::Settings& settings,
                                                               const SlotGround& ground);

/// The other side of the batch engine, in a child process. Returns the exit code.
int build_in_child();

}  // namespace anabranch::app
