#include "app/streams.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace anabranch::app {
namespace {

Status declare(log::SchemaStore& schemas, const project::StreamFile& stream) {
  const model::SchemaPtr latest = schemas.latest();
  model::Schema next = latest ? *latest : model::Schema{};
  next.on_drift = stream.schema.on_drift;
  for (const model::Field& field : stream.schema.fields) {
    const auto known = next.find(field.name);
    if (!known) {
      next.fields.push_back(field);
      continue;
    }
    if (next.fields[*known].type != field.type) {
      return fail_at(
          stream.place, Code::bad_input,
          fmt::format("field {} of stream {} is {} now and was {} when events were taken in", field.name,
                      stream.name, field.type.to_sql(), next.fields[*known].type.to_sql()),
          "keep the type and cast in a model, or add a field with another name");
    }
    next.fields[*known] = field;
  }
  next.version = latest ? latest->version : 0;
  if (latest && next == *latest) return {};
  ++next.version;
  return schemas.add(next);
}

}  // namespace

namespace {

Result<OpenStream> open_stream(io::FileSystem& files, io::Clock& clock, const io::Path& data_folder,
                               const project::Limits& limits, const project::StreamFile& stream) {
  OpenStream open;
  open.name = stream.name;
  open.folder = data_folder / "log" / stream.name;
  TRY(files.create_folders(open.folder));
  open.schemas = TRY(log::SchemaStore::open(files, open.folder / "schema"));
  TRY(declare(*open.schemas, stream));
  log::SegmentedLog::Options options;
  options.producers.producers_max = limits.producers_max;
  options.producers.keys_max = limits.idempotency_keys_max;
  options.producers.kept_us = static_cast<int64_t>(limits.producer_memory_hours) * 3600 * 1'000'000;
  open.log = TRY(log::SegmentedLog::open(files, clock, open.folder, options));
  for (const auto& torn : open.log->torn_tails()) {
    spdlog::warn(
        "{}: {} bytes at the end of {} were no whole write and are cut; nothing of them was acknowledged",
        stream.name, torn.bytes, torn.path.string());
  }
  open.ingestor = std::make_unique<ingest::Ingestor>(stream.name, *open.log, *open.schemas);
  return open;
}

}  // namespace

Result<std::vector<OpenStream>> open_streams(io::FileSystem& files, io::Clock& clock,
                                             const io::Path& data_folder, const project::Project& project,
                                             std::map<std::string, Error>& damaged) {
  std::vector<OpenStream> streams;
  for (const project::StreamFile& stream : project.streams) {
    auto open = open_stream(files, clock, data_folder, project.settings.limits, stream);
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

}  // namespace anabranch::app
