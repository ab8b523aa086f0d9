#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "app/event_sources.h"
#include "app/project_snapshots.h"
#include "app/slots.h"
#include "app/streams.h"
#include "app/tables.h"
#include "app/tasks.h"
#include "base/mutex.h"
#include "base/result.h"
#include "batch/batch_engine.h"
#include "catalog/catalog.h"
#include "front/ports.h"
#include "history/archiver.h"
#include "history/history.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "lake/delta_copies.h"
#include "lake/manifest.h"
#include "lake/table_versions.h"
#include "project/environment.h"
#include "project/project.h"
#include "quality/verifier.h"
#include "serve/engine_reads.h"
#include "serve/query_service.h"
#include "speed/speed_layer.h"
#include "sql/database.h"
#include "sql/database_folder.h"
#include "views/world.h"

namespace anabranch::app {

/// An error as others may see it: files of the project are named from its folder on.
Error in_project(Error error, const io::Path& root);

/// Removes what a build that is not published has written for other readers. Any thread.
void remove_copies(io::FileSystem& files, const io::Path& data_folder, const std::string& build_id);

/// A project's data, open, with all stations connected. One program at a time holds it (a lock file); it is
/// used by the server, and by commands when no server runs.
class Platform final : public front::Ports,
                       public front::Events,
                       public front::Builds,
                       public front::TableCopies {
 public:
  struct Options {
    std::string owner;              // what the lock file says of us, e.g. "process 42, http://127.0.0.1:8080"
    bool builds_by_itself = false;  // start builds and archive in the background
    std::function<void(double)> on_replay;
    speed::SpeedLayer::Options speed;
    io::Path program;  // anabranch itself, for child processes; empty: the program that is running
    bool verifies_in_process = false;   // for tests that plant mistakes
    std::string target;                 // which the project was loaded for; apply() loads it again
    std::optional<ProjectTexts> texts;  // what it was loaded from; none: its files as they are
    std::shared_ptr<const security::Policy> policy = security::allow_all();
  };
  /// conflict: another process has the project open; its message is what that one wrote into the lock file.
  static Result<std::unique_ptr<Platform>> open(project::Project project, const Options& options);
  ~Platform() override;

  /// Replays what was not built yet and begins to answer queries. Before it, events can come in already.
  Status start();
  /// Stops builds, ticks and logs, in this order. What was acknowledged stays.
  void stop();

  /// Views that cannot be compiled now, with why (a table that was never copied). Set by start().
  const std::vector<Error>& left_out() const { return left_out_; }
  /// What runs: apply() puts another in its place.
  std::shared_ptr<const project::Project> project() const EXCLUDES(mutex_);
  void on_build_change(std::function<void()> listener) { on_build_change_ = std::move(listener); }
  /// Told of the progress of builds, for progress bars.
  void on_build_progress(std::function<void(const batch::BuildProgress&)> listener) {
    on_build_progress_ = std::move(listener);
  }

  // front::Ports: what the doors get
  front::Events& events() override { return *this; }
  front::Builds& builds() override { return *this; }
  front::TableCopies& tables() override { return *this; }
  serve::Reads& reads() override { return *reads_; }

  // What the ports are made of; the doors reach none of it but through them.
  std::string project_name() const override { return project()->name; }
  int64_t started_at_us() const override { return started_at_us_; }
  bool is_ready() const override { return is_ready_; }
  ingest::Ingestor* stream(const std::string& name) override;
  std::vector<std::string> stream_names() const override;
  Status may_ingest() const override;
  model::Offsets archived() const override EXCLUDES(mutex_);
  serve::QueryService& queries() { return *queries_; }
  speed::SpeedLayer& speed() { return *speed_; }
  quality::Verifier& verifier() { return *verifier_; }
  catalog::Catalog& catalog() override { return *catalog_; }
  std::optional<Error> damage_of(const std::string& stream) const override EXCLUDES(mutex_);
  std::shared_ptr<const views::World> world() const override {
    return is_ready_ ? speed_->epochs().newest()->world : nullptr;
  }
  std::vector<front::ModelInfo> models() const override;
  std::vector<front::TableInfo> table_infos() override;
  std::vector<front::RunningTask> tasks() const override;
  Status cancel(const std::string& task) override;
  std::vector<front::Fault> faults() const override EXCLUDES(mutex_);
  front::Storage storage() override EXCLUDES(mutex_);
  std::optional<front::PublishedBuild> published_build() const override EXCLUDES(mutex_);
  std::optional<front::RunningBuild> running_build() const override EXCLUDES(mutex_);
  Result<std::string> build(const std::vector<std::string>& views, const std::string& reason) override;
  Result<front::ProjectPlan> apply(const front::ApplyRequest& request) override;
  Result<front::ProjectDiff> diff(const front::DiffRequest& request) override;
  Result<front::ProjectDrop> drop(const front::DropRequest& request) override;
  std::vector<std::string> changed_files(bool is_fresh) override EXCLUDES(mutex_);
  std::map<std::string, std::vector<std::string>> sources() const override;
  Result<std::vector<front::TableCopied>> copy(const std::vector<std::string>& sources) override;
  Result<ingest::Accepted> ingest_file(const std::string& stream, const std::string& path,
                                       const std::optional<ingest::Sender>& sender = std::nullopt,
                                       std::optional<model::Partition> partition = std::nullopt) override;
  Result<std::vector<quality::Verdict>> verify(const quality::Verifier::Request& request) override;

 private:
  // In serving/, beside the builds.
  static constexpr std::string_view slice_folder_name = "slices";
  static constexpr std::string_view answer_folder_name = "answers";
  static constexpr std::string_view verify_folder_name = "verify";

  static std::string build_id_of(int64_t now_us);
  static std::vector<catalog::BuildWarning> warnings_of(const lake::Manifest& manifest);

  // What a world is made of, beside the pins of the manifest.
  struct WorldSource {
    std::shared_ptr<const project::Project> project;
    bool is_newest = false;                        // of all tables and streams
    std::set<std::string> newest;                  // of these tables
    std::map<std::string, model::Schema> schemas;  // of streams as they will be, in place of what they are
  };

  // The last world, and all that it was made of.
  struct MadeWorld {
    std::shared_ptr<const project::Project> project;
    std::map<std::string, model::Schema> schemas;
    std::map<std::string, views::PinnedTable> tables;
    std::map<std::string, std::string> absent;
    std::vector<Error> left_out;
    std::shared_ptr<const views::World> world;
  };

  Platform(project::Project project, const Options& options);
  Status open_data();
  Result<std::shared_ptr<const views::World>> make_world(bool is_newest, std::vector<Error>& left_out);
  /// With what is wrong with its models in the end: mistakes, and what they wait for.
  Result<std::shared_ptr<const views::World>> make_world(const WorldSource& source,
                                                         std::vector<Error>& problems);
  std::map<std::string, model::Schema> schemas_of(const WorldSource& source) const EXCLUDES(mutex_);
  quality::VerifySources verify_sources(const project::Project& project) const;

  // platform_apply.cc
  struct Candidate;
  Result<front::ProjectPlan> apply_now(const front::ApplyRequest& request, Task& task);
  Result<Candidate> read_candidate(const front::ApplyRequest& request, ProjectSnapshots& snapshots);
  Status plan_streams(Candidate& candidate);
  Status open_new_streams(const Candidate& candidate);
  Status make_candidate_world(Candidate& candidate);
  Status find_builds(Candidate& candidate);
  Status copy_changed_tables(const Candidate& candidate, Task& task);
  Status change_schemas(Candidate& candidate);
  void take_back(const Candidate& candidate);
  Status swap(Candidate& candidate, front::ProjectPlan& plan, Task& task);
  Result<lake::Manifest> publish_without_build(const Candidate& candidate);
  void take_over(const Candidate& candidate, bool is_undo, ProjectSnapshots& snapshots);
  void keep_project();
  std::optional<int64_t> estimated_ms(int64_t events);
  // platform_diff.cc
  struct DiffSide;
  Result<front::ProjectDiff> diff_now(const front::DiffRequest& request, Task& task);
  project::Environment environment_for_others() const EXCLUDES(mutex_);
  void choose_streams(DiffSide& side);
  void make_diff_world(DiffSide& side, const Tables::Chosen& tables);
  // platform_drop.cc
  Result<front::ProjectDrop> drop_now(const front::DropRequest& request, Task& task);
  Result<std::vector<front::Droppable>> find_droppable(const std::vector<std::string>& names);
  void describe_droppable(std::vector<front::Droppable>& items);
  Status forget_in_manifests(const std::vector<front::Droppable>& items);
  Status wait_for_readers(const std::set<std::string>& names, const Task& task);
  void close_stream(const std::string& name);
  OpenStream* find_open(const std::string& name) EXCLUDES(streams_mutex_);
  /// What a start finds damaged and comes up without. See platform_faults.cc.
  Result<std::unique_ptr<catalog::Catalog>> readable_catalog() EXCLUDES(mutex_);
  Result<std::optional<lake::Manifest>> readable_manifest();
  void find_broken_builds(const lake::Manifest& manifest);
  std::map<std::string, history::Archive> readable_archives();
  void use_archives() EXCLUDES(mutex_);
  void forget_broken_builds(const lake::Manifest& manifest);
  void bring_copies_up_to(const lake::Manifest& manifest);
  void set_fault(const std::string& of, const Error& error) EXCLUDES(mutex_);
  void clear_fault(const std::string& of) EXCLUDES(mutex_);
  Result<speed::Handover> handover_of(const lake::Manifest& manifest,
                                      std::shared_ptr<const views::World> world,
                                      const std::shared_ptr<const project::Project>& project = nullptr);
  // What a build is of.
  struct BuildOrder {
    std::vector<std::string> views;  // empty: all, under the newest basis
    std::string reason;
    std::shared_ptr<const views::World> world = nullptr;  // null: the one in force, or the newest for all
    std::shared_ptr<const project::Project> project = nullptr;  // that world's
    std::map<std::string, lake::ViewBuild> adopted =
        {};  // of earlier builds, that this world's views take over
  };
  Result<std::string> begin_change(const std::string& stage) EXCLUDES(mutex_);
  void end_change() EXCLUDES(mutex_);
  Result<std::string> build_now(const BuildOrder& order, Task& task);
  Result<lake::Manifest> compute(const batch::BuildJob& job, const BuildOrder& order,
                                 batch::BuildResult& result, Task& task);
  static void set_basis(lake::Manifest& manifest, const views::World& world);
  static void adopt(const std::map<std::string, lake::ViewBuild>& adopted, lake::Manifest& manifest);
  Result<bool> wait_for_durable(const Task& task);
  Status include(const batch::BuildJob& job, batch::BuildResult& result, lake::Manifest& manifest);
  Result<front::TableCopied> copy_table(const project::TableFile& table, Task& task) EXCLUDES(mutex_);
  Status write_delta_of(const std::string& table);
  SlotGround slot_ground() { return {files_, clock_, project_.root, data_folder_, program_}; }
  void repin_if_due();
  Status repin_after_copy();
  Status check_views(const std::vector<std::string>& views) const;
  // platform_retention.cc
  void tidy() EXCLUDES(mutex_);
  Status remove_old_builds(const std::vector<lake::Manifest>& manifests);
  Status tidy_tables(const std::vector<lake::Manifest>& manifests, const project::Retention& keep,
                     int64_t removed_after_ms) EXCLUDES(delta_mutex_);
  Status tidy_archive(int64_t removed_after_ms);
  Status tidy_logs(const project::Retention& keep, int64_t now_us);
  void keep();

  const project::Project project_;  // as it was at the start: where it lies, and settings that need a restart
  const Options options_;
  const io::Path data_folder_;
  io::Path program_;
  io::FileSystem& files_ = io::local_file_system();
  io::Clock& clock_ = io::system_clock();
  int64_t started_at_us_ = 0;
  std::atomic<bool> is_ready_ = false;
  std::vector<Error> left_out_;
  MadeWorld made_;
  std::function<void()> on_build_change_;
  std::function<void(const batch::BuildProgress&)> on_build_progress_;

  // In the order in which they are made; destroyed in the reverse.
  std::unique_ptr<Tasks> tasks_;
  std::unique_ptr<io::FileLock> lock_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<security::SecretStore> secrets_;
  OpenLog open_log_;
  std::unique_ptr<lake::ObjectStore> store_;
  std::unique_ptr<lake::ManifestStore> manifests_;
  std::unique_ptr<lake::TableVersions> table_versions_;
  std::unique_ptr<lake::DeltaCopies> copies_;
  mutable Mutex streams_mutex_;
  std::deque<OpenStream> streams_;  // changed under streams_mutex_ and build_mutex_; read under either. One
                                    // without a name was dropped
  std::map<std::string, Error> damaged_streams_;      // of the project, and not among the above
  std::map<std::string, Error> broken_builds_;        // by their id, as the start found them
  std::optional<sql::DatabaseFolder> verify_folder_;  // where the engine may write one for verify
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<Tables> tables_;
  std::unique_ptr<history::History> history_;
  std::unique_ptr<history::Archiver> archiver_;
  std::unique_ptr<batch::BatchEngine> engine_;
  std::unique_ptr<speed::SpeedLayer> speed_;
  std::unique_ptr<serve::QueryService> queries_;
  std::unique_ptr<serve::EngineReads> reads_;
  std::unique_ptr<quality::Verifier> verifier_;

  Mutex build_mutex_;  // one build, handover or archive at a time
  Mutex delta_mutex_;  // of a table for other readers, while it is written
  std::atomic<bool> is_repin_due_ = false;
  mutable Mutex mutex_;
  std::shared_ptr<const project::Project> running_project_ GUARDED_BY(mutex_);
  std::shared_ptr<const ProjectTexts> texts_ GUARDED_BY(mutex_);  // of what runs; null: not known
  std::vector<std::string> changed_files_ GUARDED_BY(mutex_);
  int64_t looked_at_files_us_ GUARDED_BY(mutex_) = 0;
  front::Storage storage_ GUARDED_BY(mutex_);
  int64_t looked_at_storage_us_ GUARDED_BY(mutex_) = 0;
  std::optional<lake::Manifest> manifest_ GUARDED_BY(mutex_);
  std::optional<front::RunningBuild> running_ GUARDED_BY(mutex_);
  model::Offsets archived_ GUARDED_BY(mutex_);
  std::map<std::string, Error> faults_ GUARDED_BY(mutex_);  // beside those of the world in force
  std::string last_build_database_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::set<std::string> copying_ GUARDED_BY(mutex_);  // tables
  std::condition_variable copy_ended_;
  std::condition_variable stopping_;
  std::thread keeper_;
  std::unique_ptr<EventSources> event_sources_;
};

}  // namespace anabranch::app
