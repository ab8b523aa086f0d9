#include "app/local_stream_writer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace anabranch::app {
namespace {

void warn_of_key(const OpenStream& open, const std::vector<std::string>& key) {
  if (open.log->partition_count() == 1) return;
  const model::SchemaPtr schema = open.schemas->latest();
  for (const std::string& name : key) {
    const auto field = schema->find(name);
    if (!field || model::is_partition_key(schema->fields[*field].type)) continue;
    spdlog::warn(
        "{}: the key field {} is {}, by which events cannot be spread over partitions: they go in turn",
        open.name, name, schema->fields[*field].type.to_sql());
  }
}

// Whether it came before, whole or as far as to this part.
bool is_stored(const log::EventLog& log, const ingest::Arrival& arrival) {
  if (log.partition_of({arrival.key, std::nullopt, 0})) return true;
  return arrival.number && *arrival.number < log.next_sequence(arrival.key, std::nullopt);
}

}  // namespace

Result<std::vector<OpenStream>> LocalStreamWriter::open(const std::vector<project::StreamFile>& streams,
                                                        std::map<std::string, Error>& damaged) {
  std::vector<OpenStream> all;
  for (const project::StreamFile& stream : streams) {
    auto opened = open_one(stream);
    if (opened) {
      all.push_back(std::move(*opened));
    } else if (opened.error().code == Code::corrupt) {
      damaged[stream.name] = std::move(opened).error();
    } else {
      return fail(std::move(opened).error());
    }
  }
  return all;
}

Result<OpenStream> LocalStreamWriter::open_one(const project::StreamFile& stream) {
  OpenStream open;
  open.name = stream.name;
  open.folder = data_folder_ / "log" / stream.name;
  TRY(files_.create_folders(open.folder));
  open.schemas = TRY(log::SchemaStore::open(files_, open.folder / "schema"));
  open.log = TRY(open_log_(open.folder, limits_, static_cast<model::Partition>(stream.partitions)));
  open.ingestor =
      std::make_unique<ingest::Ingestor>(stream.name, *open.log, *open.schemas, clock_, stream.key);
  TRY(declare(open, stream));
  warn_of_key(open, stream.key);
  return open;
}

// What the file says of the schema, as far as that is compatible with the one that was. If it is not, that
// one stays, and events come in by it.
Status LocalStreamWriter::declare(OpenStream& open, const project::StreamFile& stream) {
  open.refused.clear();
  open.ingestor->set_key(stream.key);
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

Status LocalStreamWriter::change_schema(OpenStream& stream, const model::Schema& declared) {
  const auto changed = stream.ingestor->change_schema(declared);
  return changed ? Status{} : std::unexpected(changed.error());
}

void LocalStreamWriter::set_key(OpenStream& stream, const std::vector<std::string>& key) {
  stream.ingestor->set_key(key);
}

Status LocalStreamWriter::close(OpenStream& stream) {
  stream.log->close();
  return {};
}

Result<ingest::Accepted> LocalStreamWriter::accept(OpenStream& stream, const ingest::Arrival& arrival) {
  if (is_stored(*stream.log, arrival)) return ingest::Accepted{};
  const ingest::Sender sender{arrival.key, arrival.number};
  if (!arrival.file.empty()) return import_(stream.name, arrival.file, sender);
  return stream.ingestor->accept_and_wait(arrival.format, arrival.body, sender);
}

}  // namespace anabranch::app
