#include "ingest/ingestor.h"

#include <algorithm>
#include <future>

#include <fmt/format.h>

#include "base/crc32c.h"
#include "ingest/bulk.h"
#include "io/random.h"

namespace anabranch::ingest {
namespace {

void remove_bulk_file(const io::Path& folder, const std::string& name) {
  (void)io::local_file_system().remove_all(folder / name);
  (void)io::local_file_system().remove_all(folder / (name + std::string(given_file_suffix)));
}

// Of a request that a crash had cut off, some parts may have come before and others not.
Accepted accepted_of(const std::vector<log::Appended>& parts) {
  Accepted accepted;
  accepted.is_repeat = !parts.empty();
  for (const log::Appended& part : parts) {
    accepted.is_repeat = accepted.is_repeat && part.is_repeat;
    accepted.accepted += part.range.size();
    accepted.quarantined += part.rejects;
    if (part.range.size() > 0)
      accepted.ranges.push_back({part.partition, part.range.first, part.range.end - 1});
  }
  return accepted;
}

constexpr int evolutions_max =
    3;  // in one body: each adds all fields that were new, so the second finds none

}  // namespace

std::unique_ptr<EventParser> Ingestor::take_parser(uint32_t version) {
  Lock lock(mutex_);
  if (parsers_version_ != version) {
    parsers_.clear();
    parsers_version_ = version;
  }
  if (parsers_.empty()) return nullptr;
  auto parser = std::move(parsers_.back());
  parsers_.pop_back();
  return parser;
}

Result<model::SchemaPtr> Ingestor::evolve(const model::Schema& from,
                                          const std::vector<model::Field>& fields) {
  Lock lock(mutex_);  // one at a time, so that no version is made twice
  const model::SchemaPtr latest = schemas_.latest();
  if (latest->version != from.version) return latest;  // somebody was first: look again with theirs
  model::Schema next = *latest;
  ++next.version;
  for (model::Field field : fields) {
    field.found_at_us = clock_.now_us();
    next.add(std::move(field));
  }
  TRY(schemas_.add(next));
  return schemas_.latest();
}

Result<SchemaPlan> Ingestor::plan_change(const model::Schema& declared) const {
  return plan_schema(schemas_.latest().get(), declared);
}

Result<SchemaPlan> Ingestor::change_schema(const model::Schema& declared) {
  Lock lock(mutex_);  // as for evolve()
  SchemaPlan plan = plan_schema(schemas_.latest().get(), declared);
  TRY(plan.check(stream_));
  if (plan.is_new) TRY(schemas_.add(plan.next));
  return plan;
}

Result<ParsedBody> Ingestor::parse(BodyFormat format, std::string_view body) {
  model::SchemaPtr schema = schemas_.latest();
  for (int i = 0; i < evolutions_max; ++i) {
    auto parser = take_parser(schema->version);
    if (!parser) parser = std::make_unique<EventParser>(*schema, clock_);
    ParsedBody parsed = TRY(parser->parse(format, body));
    {
      Lock lock(mutex_);
      if (parsers_version_ == schema->version) parsers_.push_back(std::move(parser));
    }
    if (parsed.new_fields.empty()) return parsed;
    schema = TRY(evolve(*schema, parsed.new_fields));
  }
  return fail(Code::retry, fmt::format("the schema of {} changes too fast", stream_),
              "send the events again");
}

void Ingestor::append(std::vector<log::NewBatch> parts, Done done) {
  log_.append_parts(std::move(parts),
                    [done = std::move(done)](Result<std::vector<log::Appended>> appended) mutable {
                      if (!appended) {
                        done(fail(std::move(appended).error()));
                        return;
                      }
                      done(accepted_of(*appended));
                    });
}

void Ingestor::accept(BodyFormat format, std::string_view body, const std::optional<Sender>& sender,
                      Done done, std::optional<model::Partition> chosen) {
  auto parsed = parse(format, body);
  if (!parsed) {
    done(fail(std::move(parsed).error()));
    return;
  }
  log::NewBatch& batch = parsed->batch;
  if (batch.count == 0 && batch.rejects.empty()) {
    done(Accepted{});  // nothing to keep, and nothing that a number could be of
    return;
  }
  if (sender) {
    const uint32_t fingerprint = crc32c(body, static_cast<uint32_t>(format));
    batch.producer = log::Producer{sender->id, sender->sequence, fingerprint};
  }
  auto schema = schemas_.get(batch.schema_version);
  auto parts = schema ? partitioner_.split(std::move(batch), *schema, chosen)
                      : Result<std::vector<log::NewBatch>>(std::unexpected(schema.error()));
  if (!parts) {
    done(fail(std::move(parts).error()));
    return;
  }
  append(std::move(*parts), std::move(done));
}

Result<Accepted> Ingestor::accept_and_wait(BodyFormat format, std::string_view body,
                                           const std::optional<Sender>& sender) {
  std::promise<Result<Accepted>> promise;
  accept(format, body, sender, [&](Result<Accepted> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

Result<BulkImportResult> Ingestor::import_evolving(BulkImportJob& job, const Import& import) {
  model::SchemaPtr schema = schemas_.latest();
  for (int i = 0; i < evolutions_max; ++i) {
    job.schema = *schema;
    BulkImportResult result = TRY(import(job));
    if (result.new_fields.empty()) return result;
    schema = TRY(evolve(*schema, result.new_fields));
  }
  return fail(Code::retry, fmt::format("the schema of {} changes too fast", stream_), "send the file again");
}

Result<Accepted> Ingestor::accept_file(const std::string& path, const io::Path& stream_folder,
                                       const std::optional<Sender>& sender, const Import& import,
                                       std::optional<model::Partition> chosen) {
  std::optional<log::Producer> producer;
  if (sender) producer = log::Producer{sender->id, sender->sequence, 0};
  BulkImportJob job;
  job.source = path;
  job.name = fmt::format("{:016x}.parquet", io::random_u64());
  const model::SchemaPtr schema = schemas_.latest();
  const auto keyed = chosen ? std::nullopt : partitioner_.key_fields(*schema);
  constexpr model::Partition no_home = -1;  // the first that is named is it
  const model::Partition home = keyed ? partitioner_.home_of(producer).value_or(no_home) : no_home;
  if (keyed) {
    for (const auto& field : *keyed) job.key.push_back(field ? schema->fields[*field].name : "");
    for (model::Partition number = 0; number < log_.partition_count(); ++number)
      job.folders.push_back(bulk_folder(stream_folder, number).string());
  } else {
    job.first_partition = TRY(partitioner_.whole(producer, chosen));
    job.folders.push_back(bulk_folder(stream_folder, job.first_partition).string());
  }
  const auto remove_copies = [&] {
    for (const std::string& folder : job.folders) remove_bulk_file(folder, job.name);
  };
  auto result = import_evolving(job, import);
  if (!result) {
    remove_copies();
    return fail(std::move(result).error());
  }
  int64_t rows = 0;
  for (const BulkFile& file : result->files) rows += file.rows;
  // The copies' bytes are the engine's: what was given is known by its name and what it holds.
  if (producer) producer->fingerprint = crc32c(fmt::format("{} {} {}", path, rows, result->rejects.size()));
  std::vector<log::NewBatch> parts;
  for (size_t i = 0; i < result->files.size(); ++i) {
    const BulkFile& file = result->files[i];
    if (file.rows > UINT32_MAX) {
      remove_copies();
      return fail(Code::too_large, "a bulk file holds at most 4 billion rows a partition", "split it");
    }
    const model::Partition partition = job.first_partition + static_cast<model::Partition>(i);
    const bool has_rejects = i == 0 && !result->rejects.empty();
    const bool is_named = file.rows > 0 || has_rejects;
    if (!is_named) remove_bulk_file(job.folders[i], job.name);
    if (!is_named && partition != home) continue;
    log::NewBatch part;
    part.schema_version = job.schema.version;
    part.encoding = is_named ? log::Encoding::bulk : log::Encoding::json;
    part.count = static_cast<uint32_t>(file.rows);
    part.partition = partition;
    part.producer = producer;
    if (is_named) log::put_record(part.payload, file.to_json());
    if (i == 0) part.rejects = std::move(result->rejects);
    parts.insert(partition == home ? parts.begin() : parts.end(), std::move(part));
  }
  const bool is_empty = std::all_of(parts.begin(), parts.end(), [](const log::NewBatch& part) {
    return part.count == 0 && part.rejects.empty();
  });
  if (is_empty) {
    remove_copies();
    return Accepted{};
  }
  std::promise<Result<std::vector<log::Appended>>> promise;
  log_.append_parts(std::move(parts), [&](Result<std::vector<log::Appended>> appended) {
    promise.set_value(std::move(appended));
  });
  const auto appended = promise.get_future().get();
  if (!appended) {
    const Code code = appended.error().code;
    if (code != Code::unknown_outcome && code != Code::retry) remove_copies();  // else the log may name them
    return fail(appended.error());
  }
  // What came before is named by the files that it had then.
  for (const log::Appended& part : *appended) {
    const auto folder = static_cast<size_t>(part.partition - job.first_partition);
    if (part.is_repeat && folder < job.folders.size()) remove_bulk_file(job.folders[folder], job.name);
  }
  return accepted_of(*appended);
}

}  // namespace anabranch::ingest
