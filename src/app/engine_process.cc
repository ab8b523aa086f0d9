#include "app/engine_process.h"

#include <chrono>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "app/engine_answers.h"
#include "app/load_project.h"
#include "processes/own_link.h"

namespace anabranch::app {
namespace {

constexpr auto intake_interval = std::chrono::milliseconds(50);

Result<std::unique_ptr<io::FileLock>> wait_for_lock(const io::Path& path) {
  constexpr auto step = std::chrono::milliseconds(10);
  constexpr int steps = 1000;
  for (int tried = 1;; ++tried) {
    auto lock = io::local_file_system().lock(path, fmt::format("the engine in process {}", ::getpid()));
    if (lock || lock.error().code != Code::conflict || tried == steps) return lock;
    std::this_thread::sleep_for(step);
  }
}

}  // namespace

EngineProcess::~EngineProcess() { stop(); }

void EngineProcess::stop() {
  {
    const Lock lock(mutex_);
    is_stopped_ = true;
    stopped_.notify_all();
  }
  if (teller_.joinable()) teller_.join();
  if (!is_open_) return;
  platform_->stop();
  ports_->stop();
}

Result<std::string> EngineProcess::handle(processes::IncomingCall& call) {
  if (auto done = answer(engine_methods::load, call, [&](const auto& opening) { return load(opening); }))
    return *std::move(done);
  if (auto done = answer(engine_methods::open, call, [&] { return open(); })) return *std::move(done);
  if (!is_open_) return fail(Code::unavailable, "the engine has not begun yet", "try again in a moment");
  if (auto done = answer(engine_methods::start, call, [&] { return start(); })) return *std::move(done);
  // What is durable for who asks is so for what looks at the logs.
  const bool may_change = call.method().starts_with("builds.") || call.method().starts_with("tables.");
  if (may_change) writer_.load()->catch_up();
  auto done = ports_->answer(call);
  if (may_change) tell_intake();  // before the answer: a stream that an apply has added takes events
  return done;
}

void EngineProcess::told(std::string_view topic, std::string_view bytes) {
  if (topic != engine_topics::durable) return;
  auto durable = wire::decode<std::pair<std::string, std::string>>(bytes);
  RemoteStreamWriter* writer = writer_;
  if (durable && writer) writer->told(durable->first, std::move(durable->second));
}

Result<std::string> EngineProcess::load(const EngineOpening& opening) {
  if (is_open_) return fail(Code::internal, "the engine is open already");
  opening_ = opening;
  const io::Path root = opening.root;
  if (opening.is_as_applied) {
    const io::Path data_folder(opening.data_folder);
    loaded_ = TRY(load_applied(root, data_folder, opening.target, Printed::errors));
  } else {
    loaded_ = LoadedProject{TRY(load_project(root, opening.target, Printed::all)), std::nullopt};
  }
  return loaded_->project.name;
}

Status EngineProcess::open() {
  if (is_open_ || !loaded_) return fail(Code::internal, "the engine is open, or has no project");
  Platform::Options options;
  options.builds_by_itself = opening_.builds_by_itself;
  options.target = opening_.target;
  options.texts = std::move(loaded_->texts);
  options.on_replay = [this](double share) {
    if (const auto server = server_()) server->tell(engine_topics::replayed, wire::encode(share));
  };
  options.stream_writer = [this](Stations& stations) {
    auto writer = std::make_unique<RemoteStreamWriter>(server_, stations.files, stations.data_folder);
    writer_ = writer.get();
    return writer;
  };
  // A killed server's engine ends a moment after it.
  const io::Path data_folder = io::Path(opening_.root) / loaded_->project.settings.data_folder;
  lock_ = TRY(wait_for_lock(data_folder / "engine.lock"));
  platform_ = TRY(Platform::open(std::move(loaded_->project), options));
  ports_ = std::make_unique<front::remote::PortsHost>(front::remote::PortsHost::Ports{
      platform_->builds(), platform_->tables(),
      [this]() -> serve::Reads* { return platform_->is_ready() ? &platform_->reads() : nullptr; }});
  tell_intake();
  is_open_ = true;
  teller_ = std::thread([this] { run_teller(); });
  return {};
}

Result<std::vector<Error>> EngineProcess::start() {
  TRY(platform_->start());
  if (const auto server = server_()) ports_->tell(*server);
  return platform_->left_out();
}

IntakeState EngineProcess::intake_state() const {
  IntakeState state;
  const auto project = platform_->project();
  for (const project::StreamFile& stream : project->streams) {
    state.streams.insert(stream.name);
    if (auto damage = platform_->damage_of(stream.name)) state.damaged[stream.name] = std::move(*damage);
  }
  state.archived = platform_->archived();
  state.ingest_limit_events = static_cast<int64_t>(project->settings.build.ingest_limit_events);
  return state;
}

void EngineProcess::tell_intake() {
  const Lock telling(telling_);
  std::string now = wire::encode(intake_state());
  const auto server = server_();
  if (now == told_intake_) return;
  server->tell(engine_topics::intake, now);
  told_intake_ = std::move(now);
}

void EngineProcess::run_teller() {
  Lock lock(mutex_);
  while (!is_stopped_) {
    lock.unlock();
    tell_intake();
    lock.lock();
    if (!is_stopped_) lock.wait_for(stopped_, intake_interval);
  }
}

int engine_main() {
  auto own = processes::OwnLink::take();
  if (!own) {
    fmt::print(stderr, "{}\n", own.error().describe());
    return 1;
  }
  processes::OwnLink& server = **own;
  // The link is there before the server's first call, and goes after the engine.
  EngineProcess engine(
      [&server] { return std::shared_ptr<processes::Link>(std::shared_ptr<void>(), &server.link()); });
  server.begin([&engine](processes::IncomingCall& call) { return engine.handle(call); },
               [&engine](std::string_view topic, std::string_view bytes) { engine.told(topic, bytes); },
               engine_link_options());
  server.say_ready();
  server.wait_for_stop();
  engine.stop();
  server.link().close();  // no call comes any more, and none is at work
  return 0;
}

}  // namespace anabranch::app
