#include "app/streams.h"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace anabranch::app {
namespace {

// What the file says of the schema, as far as that is compatible with the one that was. If it is not, that
// one stays, and events come in by it.
Status declare(OpenStream& open, const project::StreamFile& stream) {
  const ingest::SchemaPlan plan = TRY(open.ingestor->plan_change(stream.schema));
  for (Error& error : schema_problems(plan, stream)) open.refused.push_back(std::move(error));
  if (!open.refused.empty()) {
    for (const Error& error : open.refused)
      spdlog::warn("{}; {} goes on with the fields that it had", error.describe(), stream.name);
    return {};
  }
  TRY(open.ingestor->change_schema(stream.schema));
  if (plan.next.version == 1) return {};
  for (const auto& change : plan.changes) spdlog::info("{}: field {}", stream.name, change.describe());
  return {};
}

Result<OpenStream> open_stream(const OpenLog& open_log, io::FileSystem& files, io::Clock& clock,
                               const io::Path& data_folder, const project::Limits& limits,
                               const project::StreamFile& stream) {
  OpenStream open;
  open.name = stream.name;
  open.folder = data_folder / "log" / stream.name;
  TRY(files.create_folders(open.folder));
  open.schemas = TRY(log::SchemaStore::open(files, open.folder / "schema"));
  open.log = TRY(open_log(open.folder, limits, static_cast<model::Partition>(stream.partitions)));
  open.ingestor =
      std::make_unique<ingest::Ingestor>(stream.name, *open.log, *open.schemas, clock, stream.key);
  TRY(declare(open, stream));
  for (const std::string& name : stream.key) {
    const model::SchemaPtr schema = open.schemas->latest();
    const auto field = schema->find(name);
    if (open.log->partition_count() == 1 || !field || model::is_partition_key(schema->fields[*field].type))
      continue;
    spdlog::warn(
        "{}: the key field {} is {}, by which events cannot be spread over partitions: they go in turn",
        stream.name, name, schema->fields[*field].type.to_sql());
  }
  return open;
}

}  // namespace

std::vector<Error> schema_problems(const ingest::SchemaPlan& plan, const project::StreamFile& stream) {
  std::vector<Error> problems;
  for (const auto& change : plan.changes) {
    if (change.kind != ingest::FieldChange::Kind::incompatible) continue;
    const bool has_place = change.declared_at && *change.declared_at < stream.field_places.size();
    problems.push_back({Code::bad_input,
                        fmt::format("field {} of stream {} cannot be changed so: {}", change.field,
                                    stream.name, change.detail),
                        change.hint, has_place ? stream.field_places[*change.declared_at] : stream.place});
  }
  return problems;
}

Result<std::vector<OpenStream>> open_streams(const OpenLog& open_log, io::FileSystem& files, io::Clock& clock,
                                             const io::Path& data_folder, const project::Project& project,
                                             std::map<std::string, Error>& damaged) {
  std::vector<OpenStream> streams;
  for (const project::StreamFile& stream : project.streams) {
    auto open = open_stream(open_log, files, clock, data_folder, project.settings.limits, stream);
    if (open) {
      streams.push_back(std::move(*open));
    } else if (open.error().code == Code::corrupt) {
      damaged[stream.name] = std::move(open).error();
    } else {
      return fail(std::move(open).error());
    }
  }
  return streams;
}

void Streams::add(OpenStream stream) {
  Lock lock(mutex_);
  streams_.push_back(std::move(stream));
}

OpenStream* Streams::find(const std::string& name) {
  Lock lock(mutex_);
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const OpenStream& stream) { return stream.name == name; });
  return found == streams_.end() || name.empty() ? nullptr : &*found;
}

std::vector<OpenStream*> Streams::all() const {
  std::vector<OpenStream*> all;
  Lock lock(mutex_);
  for (OpenStream& stream : streams_) {
    if (!stream.name.empty()) all.push_back(&stream);
  }
  return all;
}

void Streams::close(const std::string& name) {
  OpenStream* open = find(name);
  if (open) {
    open->log->close();
    Lock lock(mutex_);
    open->name.clear();
    open->refused.clear();
  }
  damaged_.erase(name);
}

void Streams::close_logs() {
  Lock lock(mutex_);
  for (OpenStream& stream : streams_) {
    if (stream.log) stream.log->close();
  }
}

}  // namespace anabranch::app
