#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/engine_builds.h"
#include "app/engine_messages.h"
#include "app/intake.h"
#include "app/local_stream_writer.h"
#include "app/slots.h"
#include "app/stream_host.h"
#include "app/streams.h"
#include "app/tasks.h"
#include "base/mutex.h"
#include "base/result.h"
#include "front/ports.h"
#include "front/remote/engine_state.h"
#include "front/remote/remote_reads.h"
#include "front/remote/remote_table_copies.h"
#include "processes/supervisor.h"

namespace anabranch::app {

/// A project's data as the server has it: the logs in this process, which takes events in whatever happens,
/// and all that needs the SQL engine in another one (engine_process.h), which is started again when it ends.
/// Owner: the server; open() and start() by one thread, then any thread.
class EngineHost final : public front::Ports, public IntakeTerms {
 public:
  struct Options {
    std::string owner;  // what the lock file says of us
    bool builds_by_itself = true;
    std::string target;
    std::function<void(double)> on_replay;
    std::shared_ptr<const security::Policy> policy = security::allow_all();
    io::Path program;  // anabranch itself; empty: the program that is running
  };
  /// The logs are open and take events when it returns. bad_input with every mistake of the project's files;
  /// conflict: another process has the project open.
  static Result<std::unique_ptr<EngineHost>> open(const io::Path& root, const Options& options);
  ~EngineHost() override;  // stop()

  /// Waits until reads are answered.
  Status start();
  /// Ends the engine and what it does, then closes the logs. What was acknowledged stays.
  void stop() EXCLUDES(mutex_);

  const project::Settings& settings() const { return settings_; }
  /// Views that could not be compiled at the start, with why.
  const std::vector<Error>& left_out() const { return left_out_; }

  // front::Ports
  std::string project_name() const override EXCLUDES(mutex_);
  int64_t started_at_us() const override { return started_at_us_; }
  bool is_ready() const override;
  bool takes_events() const override { return takes_events_; }
  front::Events& events() override { return *intake_; }
  front::Builds& builds() override { return *builds_; }
  front::TableCopies& tables() override { return *tables_; }
  serve::Reads& reads() override { return *reads_; }
  std::vector<front::ProcessState> processes() const override;

  // IntakeTerms
  bool has_stream(const std::string& name) const override EXCLUDES(mutex_);
  std::optional<Error> damage_of(const std::string& stream) const override EXCLUDES(mutex_);
  model::Offsets archived() const override EXCLUDES(mutex_);
  Status may_ingest() const override EXCLUDES(mutex_);

 private:
  EngineHost(io::Path root, Options options, project::Project project);
  // `readable`: the project but for its models.
  Status open_data(const Status& readable);
  void start_supervisor();
  Status open_intake();
  // Of one engine; unavailable when it ends meanwhile.
  Status load(processes::Link& link, bool is_as_applied) EXCLUDES(mutex_);
  Status open_with(const std::shared_ptr<processes::Link>& link) EXCLUDES(mutex_);
  Result<std::vector<Error>> start_on(processes::Link& link);
  template <typename Answer, typename... Arguments>
  static Result<Answer> ask(processes::Link& link, const front::remote::Method<Answer, Arguments...>& method,
                            const std::type_identity_t<Arguments>&... arguments);
  Result<std::vector<Error>> wait_until_ready(const processes::Link& link, std::vector<Error> left_out)
      EXCLUDES(mutex_);
  void run_opener() EXCLUDES(mutex_);
  // On the supervisor's thread and the link's.
  void follow(const std::shared_ptr<processes::Link>& link) EXCLUDES(mutex_);
  void ended(const processes::ProcessEnd& end) EXCLUDES(mutex_);
  Result<std::string> handle(processes::IncomingCall& call);
  void told(std::string_view topic, std::string_view bytes) EXCLUDES(mutex_);
  std::optional<Error> trouble() const EXCLUDES(mutex_);

  const io::Path root_;
  const Options options_;
  const project::Settings settings_;
  const io::Path data_folder_;
  io::FileSystem& files_ = io::local_file_system();
  io::Clock& clock_ = io::system_clock();
  int64_t started_at_us_ = 0;
  std::vector<Error> left_out_;
  std::atomic<bool> takes_events_ = false;  // from the first engine on that has said which streams there are
  std::unique_ptr<io::FileLock> lock_;
  std::unique_ptr<Tasks> tasks_;
  OpenLog open_log_;
  Streams streams_;
  std::unique_ptr<LocalStreamWriter> writer_;
  std::unique_ptr<StreamHost> stream_host_;
  std::unique_ptr<Intake> intake_;
  front::remote::EngineState told_;
  std::unique_ptr<EngineBuilds> builds_;
  std::unique_ptr<front::TableCopies> tables_;
  std::unique_ptr<serve::Reads> reads_;

  mutable Mutex mutex_;
  std::string project_name_ GUARDED_BY(mutex_);
  IntakeState intake_state_ GUARDED_BY(mutex_);
  serve::ReadState reads_then_ GUARDED_BY(mutex_);                 // of the engine before
  std::optional<Error> trouble_ GUARDED_BY(mutex_);                // why an engine could not begin
  std::shared_ptr<processes::Link> following_ GUARDED_BY(mutex_);  // of the engine that there is
  std::shared_ptr<processes::Link> opened_;  // that has the data folder open; by who starts, then the opener
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::condition_variable changed_;
  std::thread opener_;
  std::unique_ptr<processes::Supervisor> supervisor_;  // last: its threads use the others
};

}  // namespace anabranch::app
