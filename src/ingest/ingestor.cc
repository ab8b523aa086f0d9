#include "ingest/ingestor.h"

#include <future>

#include <fmt/format.h>

#include "base/crc32c.h"
#include "io/random.h"

namespace anabranch::ingest {
namespace {

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

void Ingestor::append(log::NewBatch batch, Done done) {
  Accepted accepted;
  accepted.accepted = batch.count;
  accepted.quarantined = static_cast<int64_t>(batch.rejects.size());
  if (batch.count == 0 && batch.rejects.empty()) {
    done(accepted);  // nothing to keep, and nothing that a number could be of
    return;
  }
  log_.append(std::move(batch), [accepted, done = std::move(done)](Result<log::Appended> appended) mutable {
    if (!appended) {
      done(fail(std::move(appended).error()));
      return;
    }
    accepted.is_repeat = appended->is_repeat;
    accepted.accepted = appended->range.size();
    accepted.quarantined = appended->rejects;
    if (appended->range.size() > 0)
      accepted.ranges.push_back({appended->partition, appended->range.first, appended->range.end - 1});
    done(std::move(accepted));
  });
}

void Ingestor::accept(BodyFormat format, std::string_view body, const std::optional<Sender>& sender,
                      Done done) {
  auto parsed = parse(format, body);
  if (!parsed) {
    done(fail(std::move(parsed).error()));
    return;
  }
  if (sender) {
    const uint32_t fingerprint = crc32c(body, static_cast<uint32_t>(format));
    parsed->batch.producer = log::Producer{sender->id, sender->sequence, fingerprint};
  }
  append(std::move(parsed->batch), std::move(done));
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

Result<Accepted> Ingestor::accept_file(const std::string& path, const io::Path& folder,
                                       const std::optional<Sender>& sender, const Import& import) {
  BulkImportJob job;
  job.source = path;
  job.folder = folder.string();
  job.name = fmt::format("{:016x}.parquet", io::random_u64());
  const auto remove_copy = [&] { (void)io::local_file_system().remove_all(folder / job.name); };
  auto result = import_evolving(job, import);
  if (!result || result->file.rows > UINT32_MAX) {
    remove_copy();
    if (!result) return fail(std::move(result).error());
    return fail(Code::too_large, "a bulk file holds at most 4 billion rows", "split it");
  }
  log::NewBatch batch;
  batch.schema_version = job.schema.version;
  batch.encoding = log::Encoding::bulk;
  batch.count = static_cast<uint32_t>(result->file.rows);
  batch.rejects = std::move(result->rejects);
  if (sender) {
    // The copy's bytes are the engine's: what was given is known by its name and what it holds.
    const std::string given = fmt::format("{} {} {}", path, batch.count, batch.rejects.size());
    batch.producer = log::Producer{sender->id, sender->sequence, crc32c(given)};
  }
  const bool is_empty = batch.count == 0 && batch.rejects.empty();
  log::put_record(batch.payload, result->file.to_json());
  std::promise<Result<Accepted>> promise;
  append(std::move(batch), [&](Result<Accepted> accepted) { promise.set_value(std::move(accepted)); });
  auto accepted = promise.get_future().get();
  const bool may_be_named =
      accepted ? !is_empty && !accepted->is_repeat : accepted.error().code == Code::unknown_outcome;
  if (!may_be_named) remove_copy();
  return accepted;
}

}  // namespace anabranch::ingest
