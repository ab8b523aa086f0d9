#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "app/slots.h"
#include "app/stream_writer.h"
#include "app/streams.h"
#include "app/tables.h"
#include "app/tasks.h"
#include "base/result.h"
#include "batch/batch_engine.h"
#include "catalog/catalog.h"
#include "history/archiver.h"
#include "history/history.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "lake/delta_copies.h"
#include "lake/manifest.h"
#include "lake/object_store.h"
#include "lake/table_versions.h"
#include "project/project.h"
#include "quality/verifier.h"
#include "security/secret_store.h"
#include "serve/query_service.h"
#include "speed/speed_layer.h"
#include "sql/database.h"
#include "sql/database_folder.h"

namespace anabranch::app {

/// One program at a time holds a data folder: its lock file says who. conflict: another does; the message is
/// what that one wrote.
Result<std::unique_ptr<io::FileLock>> lock_data(io::FileSystem& files, const io::Path& data_folder,
                                                const std::string& owner);

/// An error as others may see it: files of the project are named from its folder on.
Error in_project(Error error, const io::Path& root);

/// The stations of a project's data, in the order in which they are opened; they go in the reverse. It joins
/// nothing: whoever has a reference says what it uses of it.
/// Owner: the platform, which opens them by one thread before others come. Outlives all that has a reference.
struct Stations {
  // In serving/, beside the builds.
  static constexpr std::string_view slice_folder_name = "slices";
  static constexpr std::string_view answer_folder_name = "answers";
  static constexpr std::string_view verify_folder_name = "verify";

  Stations(project::Project started_with, std::string chosen_target);

  /// What people are told: as it is, with paths from the project's folder on.
  Error shown(Error error) const { return in_project(std::move(error), project.root); }
  std::string new_id() const { return new_task_id(clock); }
  SlotGround ground() const { return {files, clock, project.root, data_folder, program}; }
  /// Where a verify of this project looks for itself.
  quality::VerifySources verify_sources(const project::Project& of) const;

  const project::Project project;  // as it was at the start: where it lies, and settings that need a restart
  const std::string target;        // which it was loaded for
  const io::Path data_folder;
  io::Path program;  // anabranch itself, for child processes
  io::FileSystem& files = io::local_file_system();
  io::Clock& clock = io::system_clock();
  std::atomic<bool> is_ready = false;  // all of them work, and reads are answered

  std::unique_ptr<Tasks> tasks;
  std::unique_ptr<io::FileLock> lock;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<security::SecretStore> secrets;
  OpenLog open_log;
  std::unique_ptr<StreamWriter> stream_writer;
  std::unique_ptr<lake::ObjectStore> store;
  std::unique_ptr<lake::ManifestStore> manifests;
  std::unique_ptr<lake::TableVersions> table_versions;
  std::unique_ptr<lake::DeltaCopies> copies;
  Streams streams;
  std::optional<sql::DatabaseFolder> verify_folder;  // where the engine may write one for verify
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<Tables> tables;
  std::unique_ptr<history::History> history;
  std::unique_ptr<history::Archiver> archiver;
  std::unique_ptr<batch::BatchEngine> engine;
  std::unique_ptr<speed::SpeedLayer> speed;
  std::unique_ptr<serve::QueryService> queries;
  std::unique_ptr<quality::Verifier> verifier;
};

}  // namespace anabranch::app
