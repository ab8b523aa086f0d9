#include "app/remote_stream_writer.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "app/engine_messages.h"

namespace anabranch::app {

RemoteStreamWriter::RemoteStreamWriter(front::remote::CurrentLink link, io::FileSystem& files,
                                       io::Path data_folder)
    : server_(std::move(link)),
      files_(files),
      data_folder_(std::move(data_folder)),
      thread_([this] { run(); }) {}

RemoteStreamWriter::~RemoteStreamWriter() {
  {
    Lock lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void RemoteStreamWriter::told(const std::string& stream, std::string durable) {
  Lock lock(mutex_);
  streams_[stream].told = std::move(durable);
  ++told_count_;
  changed_.notify_all();
}

// The schemas first: an event is never there before the one that decodes it.
Status RemoteStreamWriter::advance(const Followed& followed) {
  const auto extent = TRY(log::parse_log_extent(followed.told));
  TRY(followed.schemas->refresh(extent.schema_version));
  return followed.log->advance(extent);
}

void RemoteStreamWriter::catch_up() {
  Lock lock(mutex_);
  const int64_t due = told_count_;
  while (taken_count_ < due && !is_over_) lock.wait(changed_);
}

void RemoteStreamWriter::run() {
  while (true) {
    {
      Lock lock(mutex_);
      while (!is_over_ && taken_count_ == told_count_) lock.wait(changed_);
      if (is_over_) return;
    }
    Lock advancing(advancing_);
    std::vector<Followed> due;
    int64_t count = 0;
    {
      Lock lock(mutex_);
      count = told_count_;
      for (auto& [name, followed] : streams_) {
        if (!followed.log || followed.told.empty()) continue;
        due.push_back(followed);
        followed.told.clear();
      }
    }
    for (const Followed& followed : due) {
      if (const Status advanced = advance(followed); !advanced)
        spdlog::error("a log cannot be followed: {}", advanced.error().describe());
    }
    Lock lock(mutex_);
    taken_count_ = count;
    changed_.notify_all();
  }
}

Result<std::vector<OpenStream>> RemoteStreamWriter::open(const std::vector<project::StreamFile>& streams,
                                                         std::map<std::string, Error>& damaged) {
  auto answer = TRY(server_.order(engine_methods::open_streams, streams));
  damaged.merge(answer.damaged);
  std::vector<OpenStream> all;
  for (StreamOpened& opened : answer.opened) {
    const std::string name = opened.name;
    auto followed = follow(std::move(opened));
    if (followed) {
      all.push_back(std::move(*followed));
    } else if (followed.error().code == Code::corrupt) {
      damaged[name] = std::move(followed).error();
    } else {
      return fail(std::move(followed).error());
    }
  }
  return all;
}

Result<OpenStream> RemoteStreamWriter::follow(StreamOpened opened) {
  OpenStream open;
  open.name = opened.name;
  open.folder = data_folder_ / "log" / opened.name;
  open.refused = std::move(opened.refused);
  const auto extent = TRY(log::parse_log_extent(opened.durable));
  open.schemas = TRY(log::SchemaStore::follow(files_, open.folder / "schema", extent.schema_version));
  log::FollowedLog::Writer writer;
  writer.name = "the server";
  writer.remove_before = [this, name = opened.name](model::Partition partition, model::Offset end,
                                                    int64_t last_ingested_before_us) {
    return server_.order(engine_methods::remove_before, name, partition, end, last_ingested_before_us);
  };
  writer.remove_quarantined_before = [this, name = opened.name](int64_t before_us) {
    return server_.order(engine_methods::remove_quarantined, name, before_us);
  };
  // Who sends events asks the server, which knows of producers; the engine has no use for it.
  writer.partition_of = [](const log::Producer&) { return std::nullopt; };
  writer.next_sequence = [](std::string_view, std::optional<model::Partition>) -> uint64_t { return 0; };
  auto log = TRY(log::FollowedLog::open(files_, open.folder, std::move(writer), extent, {}));
  Lock lock(mutex_);
  Followed& followed = streams_[open.name];
  followed.log = log.get();
  followed.schemas = open.schemas.get();
  ++told_count_;  // what was told before it was open
  changed_.notify_all();
  open.log = std::move(log);
  return open;
}

Status RemoteStreamWriter::change_schema(OpenStream& stream, const model::Schema& declared) {
  const uint32_t version = TRY(server_.order(engine_methods::change_schema, stream.name, declared.to_json()));
  return stream.schemas->refresh(version);
}

void RemoteStreamWriter::set_key(OpenStream& stream, const std::vector<std::string>& key) {
  if (const auto set = server_.order(engine_methods::set_key, stream.name, key); !set)
    spdlog::error("{}: the key of its partitions is the one before: {}", stream.name, set.error().describe());
}

Status RemoteStreamWriter::close(OpenStream& stream) {
  TRY(server_.order(engine_methods::close_stream, stream.name));
  // Nothing more is told of it: another one may come by its name.
  const Lock advancing(advancing_);
  const Lock lock(mutex_);
  streams_.erase(stream.name);
  return {};
}

Result<ingest::Accepted> RemoteStreamWriter::accept(OpenStream& stream, const ingest::Arrival& arrival) {
  return server_.order(engine_methods::accept, stream.name, arrival);
}

}  // namespace anabranch::app
