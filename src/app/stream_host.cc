#include "app/stream_host.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/engine_answers.h"
#include "log/log_extent.h"

namespace anabranch::app {

namespace {

// How far it may be read: its events first, then the schemas that decode them.
std::string durable_of(const OpenStream& stream) {
  log::LogExtent extent = stream.log->extent();
  if (const auto schema = stream.schemas->latest()) extent.schema_version = schema->version;
  return log::encode(extent);
}

}  // namespace

StreamHost::StreamHost(Streams& streams, LocalStreamWriter& writer)
    : streams_(streams), writer_(writer), thread_([this] { run(); }) {}

StreamHost::~StreamHost() {
  {
    Lock lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void StreamHost::tell_to(std::shared_ptr<processes::Link> engine) {
  Lock lock(mutex_);
  engine_ = std::move(engine);
  is_woken_ = true;
  changed_.notify_all();
}

void StreamHost::wake() {
  Lock lock(mutex_);
  is_woken_ = true;
  changed_.notify_all();
}

// What many commits have brought is told once.
void StreamHost::run() {
  while (true) {
    {
      Lock lock(mutex_);
      while (!is_woken_ && !is_over_) lock.wait(changed_);
      if (is_over_) return;
      is_woken_ = false;
    }
    tell_now();
  }
}

void StreamHost::tell_now() {
  const Lock telling(telling_);
  std::shared_ptr<processes::Link> engine;
  {
    const Lock lock(mutex_);
    engine = engine_;
  }
  if (engine != told_to_) told_.clear();
  told_to_ = engine;
  if (!engine) return;
  for (const OpenStream* stream : streams_.all()) {
    std::string durable = durable_of(*stream);
    std::string& before = told_[stream->name];
    if (durable == before) continue;
    wire::Writer message;
    message(stream->name, durable);
    engine->tell(engine_topics::durable, message.take());
    before = std::move(durable);
  }
}

std::map<std::string, Error> StreamHost::damaged() const {
  Lock lock(mutex_);
  return damaged_;
}

Result<OpenStream*> StreamHost::find(const std::string& name) {
  if (OpenStream* open = streams_.find(name)) return open;
  return fail(Code::unavailable, fmt::format("the stream {} is not open", name));
}

// An engine that begins again finds most of them open, by the schemas that they have.
Result<StreamsOpened> StreamHost::open(const std::vector<project::StreamFile>& streams) {
  Lock opening(opening_);
  StreamsOpened answer;
  std::vector<project::StreamFile> closed;
  for (const project::StreamFile& stream : streams) {
    if (!streams_.find(stream.name)) closed.push_back(stream);
  }
  for (OpenStream& opened : TRY(writer_.open(closed, answer.damaged))) {
    opened.log->on_durable([this] { wake(); });
    streams_.add(std::move(opened));
  }
  for (const project::StreamFile& stream : streams) {
    OpenStream* open = streams_.find(stream.name);
    if (!open) continue;
    const bool was_open = std::ranges::none_of(
        closed, [&](const project::StreamFile& other) { return other.name == stream.name; });
    if (was_open) TRY(writer_.declare(*open, stream));
    answer.opened.push_back({stream.name, open->refused, durable_of(*open)});
  }
  Lock lock(mutex_);
  for (const project::StreamFile& stream : streams) damaged_.erase(stream.name);
  for (const auto& [name, error] : answer.damaged) damaged_[name] = error;
  return answer;
}

Result<std::string> StreamHost::handle(const processes::IncomingCall& call) {
  namespace methods = engine_methods;
  if (auto done = answer(methods::open_streams, call, [&](const auto& streams) { return open(streams); }))
    return *std::move(done);
  if (auto done = answer(methods::change_schema, call,
                         [&](const std::string& name, const std::string& schema) -> Result<uint32_t> {
                           OpenStream* open = TRY(find(name));
                           TRY(writer_.change_schema(*open, TRY(model::Schema::from_json(schema))));
                           return open->schemas->latest()->version;
                         }))
    return *std::move(done);
  if (auto done = answer(methods::set_key, call,
                         [&](const std::string& name, const std::vector<std::string>& key) -> Status {
                           writer_.set_key(*TRY(find(name)), key);
                           return {};
                         }))
    return *std::move(done);
  if (auto done = answer(methods::close_stream, call, [&](const std::string& name) -> Status {
        Lock opening(opening_);
        if (OpenStream* open = streams_.find(name)) TRY(writer_.close(*open));
        streams_.close(name);
        const Lock telling(telling_);  // who tells of it has done so
        told_.erase(name);
        return {};
      }))
    return *std::move(done);
  if (auto done =
          answer(methods::accept, call,
                 [&](const std::string& name, const ingest::Arrival& arrival) -> Result<ingest::Accepted> {
                   return writer_.accept(*TRY(find(name)), arrival);
                 }))
    return *std::move(done);
  if (auto done = answer(methods::remove_before, call,
                         [&](const std::string& name, model::Partition partition, model::Offset end,
                             int64_t last_ingested_before_us) -> Result<log::Removed> {
                           auto removed =
                               TRY(find(name))->log->remove_before(partition, end, last_ingested_before_us);
                           wake();
                           return removed;
                         }))
    return *std::move(done);
  if (auto done = answer(methods::remove_quarantined, call,
                         [&](const std::string& name, int64_t before_us) -> Result<uint64_t> {
                           auto removed = TRY(find(name))->log->remove_quarantined_before(before_us);
                           wake();
                           return removed;
                         }))
    return *std::move(done);
  return fail(Code::internal, fmt::format("nothing answers the call {}", call.method()));
}

}  // namespace anabranch::app
