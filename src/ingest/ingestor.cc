#include "ingest/ingestor.h"

#include <future>

#include <fmt/format.h>

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
  for (const model::Field& field : fields) next.fields.push_back(field);
  TRY(schemas_.add(next));
  return schemas_.latest();
}

Result<ParsedBody> Ingestor::parse(BodyFormat format, std::string_view body) {
  model::SchemaPtr schema = schemas_.latest();
  for (int i = 0; i < evolutions_max; ++i) {
    auto parser = take_parser(schema->version);
    if (!parser) parser = std::make_unique<EventParser>(*schema);
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

void Ingestor::accept(BodyFormat format, std::string_view body, Done done) {
  auto parsed = parse(format, body);
  if (!parsed) {
    done(fail(std::move(parsed).error()));
    return;
  }
  Accepted accepted;
  accepted.accepted = parsed->batch.count;
  accepted.quarantined = static_cast<int64_t>(parsed->batch.rejects.size());
  if (parsed->batch.count == 0 && parsed->batch.rejects.empty()) {
    done(accepted);  // an empty body: nothing to keep
    return;
  }
  log_.append(
      std::move(parsed->batch), [accepted, done = std::move(done)](Result<log::Appended> appended) mutable {
        if (!appended) {
          done(fail(std::move(appended).error()));
          return;
        }
        if (appended->range.size() > 0) {
          accepted.ranges.push_back({appended->partition, appended->range.first, appended->range.end - 1});
        }
        done(std::move(accepted));
      });
}

Result<Accepted> Ingestor::accept_and_wait(BodyFormat format, std::string_view body) {
  std::promise<Result<Accepted>> promise;
  accept(format, body, [&](Result<Accepted> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

void Ingestor::accept_bulk(const std::string& record_json, uint32_t rows, std::vector<log::Reject> rejects,
                           Done done) {
  log::NewBatch batch;
  batch.schema_version = schemas_.latest()->version;
  batch.encoding = log::Encoding::bulk;
  batch.count = rows;
  batch.rejects = std::move(rejects);
  Accepted accepted;
  accepted.accepted = rows;
  accepted.quarantined = static_cast<int64_t>(batch.rejects.size());
  if (rows == 0 && batch.rejects.empty()) {
    done(accepted);  // a file without rows: nothing to keep
    return;
  }
  log::put_record(batch.payload, record_json);
  log_.append(std::move(batch), [accepted, done = std::move(done)](Result<log::Appended> appended) mutable {
    if (!appended) {
      done(fail(std::move(appended).error()));
      return;
    }
    if (appended->range.size() > 0)
      accepted.ranges.push_back({appended->partition, appended->range.first, appended->range.end - 1});
    done(std::move(accepted));
  });
}

}  // namespace anabranch::ingest
