#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/apply.h"
#include "app/basis.h"
#include "app/builds.h"
#include "app/changes.h"
#include "app/diff.h"
#include "app/drop.h"
#include "app/event_sources.h"
#include "app/faults.h"
#include "app/intake.h"
#include "app/keeper.h"
#include "app/project_snapshots.h"
#include "app/retention.h"
#include "app/running_project.h"
#include "app/stations.h"
#include "app/table_copying.h"
#include "base/result.h"
#include "front/guarded_builds.h"
#include "front/guarded_table_copies.h"
#include "front/own_process.h"
#include "front/ports.h"
#include "project/project.h"
#include "security/policy.h"
#include "serve/engine_reads.h"
#include "speed/speed_layer.h"

namespace anabranch::app {

/// A project's data, open, with all stations connected. One program at a time holds it (a lock file); it is
/// used by the server, and by commands when no server runs. It opens and closes, and hands what the ports ask
/// to the class whose it is.
class Platform final : public front::Ports,
                       public IntakeTerms,
                       public front::UnguardedBuilds,
                       public front::UnguardedTableCopies {
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
    /// Who writes the logs, in place of this process: then events come in elsewhere, and whoever opens this
    /// has the lock file.
    std::function<std::unique_ptr<StreamWriter>(Stations&)> stream_writer;
    /// Fills the slots in place of app::open_slots(), for tests that hold the platform against other
    /// adapters.
    std::function<Result<Slots>(const project::Settings&, const SlotGround&)> open_slots;
  };
  /// conflict: another process has the project open; its message is what that one wrote into the lock file.
  static Result<std::unique_ptr<Platform>> open(project::Project project, const Options& options);
  ~Platform() override;

  /// Replays what was not built yet and begins to answer queries. Before it, events can come in already.
  Status start();
  /// Stops builds, ticks and logs, in this order. What was acknowledged stays.
  void stop();

  /// Views that cannot be compiled now, with why (a table that was never copied). Set by start().
  const std::vector<Error>& left_out() const { return basis_.left_out(); }
  /// What runs: apply() puts another in its place.
  std::shared_ptr<const project::Project> project() const { return running_.get(); }
  void on_build_change(std::function<void()> listener) { changes_.on_change(std::move(listener)); }
  /// Told of the progress of builds, for progress bars.
  void on_build_progress(std::function<void(const batch::BuildProgress&)> listener) {
    changes_.on_progress(std::move(listener));
  }

  // front::Ports: what the doors get
  front::Events& events() override { return *intake_; }
  front::Builds& builds() override { return guarded_builds_; }
  front::TableCopies& tables() override { return guarded_tables_; }
  serve::Reads& reads() override { return *reads_; }

  // What the ports are made of; the doors reach none of it but through them.
  std::string project_name() const override { return project()->name; }
  int64_t started_at_us() const override { return started_at_us_; }
  bool is_ready() const override { return stations_.is_ready; }
  std::vector<front::ProcessState> processes() const override { return {front::own_process(started_at_us_)}; }
  // Of the intake, where this process writes the logs.
  ingest::Ingestor* stream(const std::string& name) { return intake_->stream(name); }
  std::vector<std::string> stream_names() const { return intake_->stream_names(); }
  Result<ingest::Accepted> ingest_file(const std::string& stream, const std::string& path,
                                       const std::optional<ingest::Sender>& sender = std::nullopt,
                                       std::optional<model::Partition> partition = std::nullopt) {
    return intake_->ingest_file(stream, path, sender, partition);
  }
  /// What an event source has; durable when it returns. Wherever the logs are written.
  Result<ingest::Accepted> accept(const std::string& stream, const ingest::Arrival& arrival);
  // What intake goes by.
  bool has_stream(const std::string& name) const override { return project()->find_stream(name) != nullptr; }
  Status may_ingest() const override;
  model::Offsets archived() const override { return basis_.archived(); }
  serve::QueryService& queries() { return *stations_.queries; }
  speed::SpeedLayer& speed() { return *stations_.speed; }
  quality::Verifier& verifier() { return *stations_.verifier; }
  catalog::Catalog& catalog() override { return *stations_.catalog; }
  std::optional<Error> damage_of(const std::string& stream) const override;
  std::shared_ptr<const views::World> world() const override {
    return stations_.is_ready ? stations_.speed->epochs().newest()->world : nullptr;
  }
  std::vector<front::ModelInfo> models() const override;
  std::vector<front::TableInfo> table_infos() override;
  std::vector<front::RunningTask> tasks() const override { return stations_.tasks->list(); }
  Status cancel(const std::string& task) override { return stations_.tasks->cancel(task); }
  std::vector<front::Fault> faults() const override;
  front::Storage storage() override { return retention_.storage(); }
  std::optional<front::PublishedBuild> published_build() const override;
  std::optional<front::RunningBuild> running_build() const override { return changes_.running(); }
  Result<std::string> build(const std::vector<std::string>& views, const std::string& reason) override {
    return builds_.build(views, reason);
  }
  Result<front::ProjectPlan> apply(const front::ApplyRequest& request) override {
    return apply_.run(request);
  }
  Result<front::ProjectDiff> diff(const front::DiffRequest& request) override { return diff_.run(request); }
  Result<front::ProjectDrop> drop(const front::DropRequest& request) override { return drop_.run(request); }
  std::map<std::string, std::vector<std::string>> sources() const override { return copying_.sources(); }
  std::vector<std::string> changed_files(bool is_fresh) override { return running_.changed_files(is_fresh); }
  Result<std::vector<front::TableCopied>> copy(const std::vector<std::string>& sources) override {
    return copying_.copy(sources);
  }
  Result<std::vector<quality::Verdict>> verify(const quality::Verifier::Request& request) override;

 private:
  Platform(project::Project project, const Options& options);
  Status open_data();
  Status open_stations();
  Status open_engine();
  Status open_logs();
  // What a start finds damaged and comes up without; see platform_faults.cc.
  Result<std::unique_ptr<catalog::Catalog>> readable_catalog();
  Result<std::optional<lake::Manifest>> readable_manifest();
  Status end_interrupted_builds();
  void bring_copies_up_to(const lake::Manifest& manifest);

  const Options options_;
  front::GuardedBuilds guarded_builds_{*this, options_.policy};
  front::GuardedTableCopies guarded_tables_{*this, options_.policy};
  int64_t started_at_us_ = 0;
  // Each stands on those before it.
  Stations stations_;
  Faults faults_;
  RunningProject running_;
  Changes changes_;
  Basis basis_;
  Retention retention_;
  TableCopying copying_;
  app::Builds builds_;
  Apply apply_;
  Diff diff_;
  Drop drop_;
  std::unique_ptr<Intake> intake_;  // null where another process writes the logs
  std::unique_ptr<serve::EngineReads> reads_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<EventSources> event_sources_;
};

}  // namespace anabranch::app
