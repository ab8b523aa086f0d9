#include "app/engine_host.h"

#include <chrono>
#include <cstdio>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/engine_answers.h"
#include "app/load_project.h"
#include "app/stations.h"
#include "front/own_process.h"
#include "io/private_folder.h"
#include "io/process.h"

namespace anabranch::app {
namespace {

constexpr int64_t first_engine_within_us = 60'000'000;
constexpr int first_tries = 3;

// Of all that it holds, what the SQL engine counts is not the whole.
uint64_t memory_limit(const project::Limits& limits) {
  constexpr uint64_t share_percent = 60;
  return (limits.states_memory_bytes + limits.query_memory_bytes) / share_percent * 100 +
         (uint64_t{512} << 20);
}

}  // namespace

EngineHost::EngineHost(io::Path root, Options options, project::Project project)
    : root_(std::move(root)),
      options_(std::move(options)),
      settings_(std::move(project.settings)),
      data_folder_(root_ / settings_.data_folder),
      started_at_us_(clock_.now_us()),
      tasks_(std::make_unique<Tasks>(clock_)) {}

EngineHost::~EngineHost() { stop(); }

// ---- start and stop ----

Result<std::unique_ptr<EngineHost>> EngineHost::open(const io::Path& root, const Options& options) {
  // Where the rest of the project has mistakes the engine says them all.
  auto project = load_without_models(root, options.target);
  Options whole = options;
  if (whole.program.empty()) whole.program = TRY(io::own_program());
  std::unique_ptr<EngineHost> host(
      new EngineHost(root, std::move(whole), project ? std::move(*project) : project::Project()));
  TRY(host->open_data(project ? Status{} : std::unexpected(project.error())));
  return host;
}

Status EngineHost::open_data(const Status& readable) {
  io::keep_files_private();
  if (readable) {
    TRY(files_.create_folders(data_folder_));
    TRY(io::make_private(data_folder_));
    lock_ = TRY(lock_data(files_, data_folder_, options_.owner));
  }
  start_supervisor();
  Status done;
  for (int tried = 0; tried < first_tries; ++tried) {
    const auto link = TRY(supervisor_->wait_for_link(first_engine_within_us));
    done = load(*link, false);
    if (done) done = readable;  // the engine has said more of it
    if (done) done = open_with(link);
    if (done || link->is_open()) return done;
  }
  return done;
}

void EngineHost::start_supervisor() {
  processes::Supervisor::Options options;
  options.child.kind = "engine";
  options.child.program = options_.program;
  options.child.arguments = {"child", "engine"};
  options.child.memory_bytes_max = memory_limit(settings_.limits);
  options.child.on_line = [](std::string_view line) {
    std::fwrite((std::string(line) + "\n").data(), 1, line.size() + 1, stderr);
  };
  options.link = engine_link_options();
  processes::Supervisor::Listeners listeners;
  listeners.ready = [this](const std::shared_ptr<processes::Link>& link) { follow(link); };
  listeners.ended = [this](const processes::ProcessEnd& end) { ended(end); };
  supervisor_ = std::make_unique<processes::Supervisor>(
      std::move(options), [this](processes::IncomingCall& call) { return handle(call); },
      [this](std::string_view topic, std::string_view bytes) { told(topic, bytes); }, std::move(listeners));
  const auto link = [this] {
    if (stream_host_) stream_host_->tell_now();
    return supervisor_->link();
  };
  builds_ = std::make_unique<EngineBuilds>(link, *tasks_, options_.policy, [this] { return trouble(); });
  tables_ = std::make_unique<front::remote::RemoteTableCopies>(link);
  reads_ = std::make_unique<front::remote::RemoteReads>(link, told_);
  supervisor_->start();
}

Status EngineHost::start() {
  Status done;
  for (int tried = 0; tried < first_tries; ++tried) {
    const auto link = TRY(supervisor_->wait_for_link(first_engine_within_us));
    if (link != opened_) {
      done = load(*link, false);
      if (done) done = open_with(link);
      if (!done && link->is_open()) return done;
      if (!done) continue;
    }
    auto left_out = start_on(*link);
    if (left_out) left_out = wait_until_ready(*link, std::move(*left_out));
    if (left_out) {
      left_out_ = std::move(*left_out);
      opener_ = std::thread([this] { run_opener(); });
      return {};
    }
    done = std::unexpected(left_out.error());
    if (link->is_open()) return done;
  }
  return done;
}

// An engine that comes after one that ended runs what that one ran.
void EngineHost::run_opener() {
  while (true) {
    std::shared_ptr<processes::Link> link;
    {
      Lock lock(mutex_);
      while (!is_stopping_ && (!following_ || following_ == opened_)) lock.wait(changed_);
      if (is_stopping_) return;
      link = following_;
    }
    Status begun = load(*link, true);
    if (begun) begun = open_with(link);
    if (begun) {
      const auto started = start_on(*link);
      if (!started) begun = std::unexpected(started.error());
    }
    const Lock lock(mutex_);
    if (begun) {
      trouble_.reset();
      spdlog::info("the engine runs again: answers include what came in meanwhile");
    } else if (link->is_open() && !is_stopping_) {
      trouble_ = begun.error();
      spdlog::error("the engine cannot begin, and is started again: {}", begun.error().describe());
    }
    opened_ = link;
    if (!begun) link->close();  // it ends, and the next one tries
  }
}

template <typename Answer, typename... Arguments>
Result<Answer> EngineHost::ask(processes::Link& link,
                               const front::remote::Method<Answer, Arguments...>& method,
                               const std::type_identity_t<Arguments>&... arguments) {
  const front::remote::EngineCalls calls(
      [&link] { return std::shared_ptr<processes::Link>(std::shared_ptr<void>(), &link); });
  return calls.order(method, arguments...);
}

Status EngineHost::load(processes::Link& link, bool is_as_applied) {
  auto name = TRY(ask(link, engine_methods::load,
                      EngineOpening{root_.string(), options_.target, data_folder_.string(), is_as_applied,
                                    options_.builds_by_itself}));
  const Lock lock(mutex_);
  project_name_ = std::move(name);
  return {};
}

Status EngineHost::open_with(const std::shared_ptr<processes::Link>& link) {
  if (!stream_host_) TRY(open_intake());
  stream_host_->tell_to(link);
  TRY(ask(*link, engine_methods::open));
  opened_ = link;
  return {};
}

Status EngineHost::open_intake() {
  open_log_ = TRY(open_logs(settings_, {files_, clock_, root_, data_folder_, options_.program}));
  writer_ = std::make_unique<LocalStreamWriter>(open_log_, files_, clock_, data_folder_, settings_.limits);
  stream_host_ = std::make_unique<StreamHost>(streams_, *writer_);
  intake_ = std::make_unique<Intake>(options_.policy,
                                     Intake::Ground{streams_, *this, *tasks_, files_, clock_, data_folder_,
                                                    options_.program, settings_.limits.copy_timeout_ms});
  writer_->import_by(
      [this](const std::string& stream, const std::string& path, const ingest::Sender& sender) {
        return intake_->ingest_file(stream, path, sender, std::nullopt);
      });
  return {};
}

Result<std::vector<Error>> EngineHost::start_on(processes::Link& link) {
  return ask(link, engine_methods::start);
}

// It says so by itself, a moment after it has answered.
Result<std::vector<Error>> EngineHost::wait_until_ready(const processes::Link& link,
                                                        std::vector<Error> left_out) {
  Lock lock(mutex_);
  while (!told_.is_ready() && link.is_open() && !is_stopping_)
    lock.wait_for(changed_, std::chrono::milliseconds(50));
  if (!told_.is_ready()) return fail(Code::unavailable, "the engine ended as it began");
  return left_out;
}

void EngineHost::follow(const std::shared_ptr<processes::Link>& link) {
  const Lock lock(mutex_);
  following_ = link;
  changed_.notify_all();
}

void EngineHost::ended(const processes::ProcessEnd& end) {
  {
    const Lock lock(mutex_);
    if (told_.is_ready()) reads_then_ = told_.reads();
  }
  told_.forget();
  spdlog::error("the engine {}; it is started again, and events are taken in meanwhile", end.why);
}

void EngineHost::stop() {
  {
    const Lock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  tasks_->stop();
  if (supervisor_) supervisor_->stop();
  if (opener_.joinable()) opener_.join();
  io::kill_all_processes();
  streams_.close_logs();
}

// ---- what the engine says ----

Result<std::string> EngineHost::handle(processes::IncomingCall& call) {
  if (!stream_host_) return fail(Code::unavailable, "the server has not opened its logs yet");
  return stream_host_->handle(call);
}

void EngineHost::told(std::string_view topic, std::string_view bytes) {
  told_.take(topic, bytes);
  if (topic == front::remote::EngineState::topic) {
    const Lock lock(mutex_);
    changed_.notify_all();
  }
  if (topic == engine_topics::replayed && options_.on_replay) {
    if (const auto share = wire::decode<double>(bytes)) options_.on_replay(*share);
  }
  if (topic == engine_topics::intake) {
    if (auto state = wire::decode<IntakeState>(bytes)) {
      const Lock lock(mutex_);
      intake_state_ = std::move(*state);
      takes_events_ = true;
    }
  }
}

bool EngineHost::is_ready() const {
  const auto link = supervisor_->link();
  return told_.is_ready() && link && link->is_open();
}

std::string EngineHost::project_name() const {
  const Lock lock(mutex_);
  return project_name_;
}

std::optional<Error> EngineHost::trouble() const {
  const Lock lock(mutex_);
  return trouble_;
}

std::vector<front::ProcessState> EngineHost::processes() const {
  std::vector<front::ProcessState> all{front::own_process(started_at_us_)};
  if (!supervisor_) return all;
  const processes::ProcessReport report = supervisor_->report();
  front::ProcessState engine;
  engine.kind = report.kind;
  engine.pid = report.pid;
  engine.memory_bytes = report.memory_bytes;
  engine.started_at_us = report.started_at_us;
  engine.restarts = report.restarts;
  if (!report.last_ends.empty()) engine.last_end = report.last_ends.back().why;
  all.push_back(std::move(engine));
  return all;
}

// ---- what intake goes by ----

bool EngineHost::has_stream(const std::string& name) const {
  const Lock lock(mutex_);
  return intake_state_.streams.contains(name);
}

std::optional<Error> EngineHost::damage_of(const std::string& stream) const {
  const Lock lock(mutex_);
  const auto damage = intake_state_.damaged.find(stream);
  return damage == intake_state_.damaged.end() ? std::nullopt : std::optional(damage->second);
}

model::Offsets EngineHost::archived() const {
  const Lock lock(mutex_);
  return intake_state_.archived;
}

// What was applied is told; what was not counts too, so that it is bounded while there is no engine.
Status EngineHost::may_ingest() const {
  serve::ReadState reads = told_.reads();
  int64_t limit = 0;
  {
    const Lock lock(mutex_);
    if (!told_.is_ready()) reads = reads_then_;
    limit = intake_state_.ingest_limit_events;
  }
  int64_t unbuilt = reads.speed.slice_events;
  for (const OpenStream* stream : streams_.all()) {
    const auto applied = reads.applied.find(stream->name);
    if (applied == reads.applied.end()) continue;
    unbuilt += model::event_count(stream->log->durable_offsets()) - model::event_count(applied->second);
  }
  return check_backlog(reads.speed.failure.has_value(), unbuilt, limit);
}

}  // namespace anabranch::app
