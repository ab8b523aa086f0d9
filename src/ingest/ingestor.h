#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "ingest/event_parser.h"
#include "log/event_log.h"
#include "log/schema_store.h"

namespace anabranch::ingest {

/// What became of a body.
struct Accepted {
  struct Range {
    model::Partition partition = 0;
    model::Offset first_offset = 0;
    model::Offset last_offset = 0;  // inclusive
  };
  int64_t accepted = 0;
  int64_t quarantined = 0;
  std::vector<Range> ranges;
};

/// Events of one stream on their way in: parsed and checked on the caller's thread, then given to the log.
/// Owner: the application; log and schemas outlive it. Any thread may call.
class Ingestor {
 public:
  Ingestor(std::string stream, log::EventLog& log, log::SchemaStore& schemas)
      : stream_(std::move(stream)), log_(log), schemas_(schemas) {}

  using Done = std::function<void(Result<Accepted>)>;
  /// `done` is called once, when the events are durable or have failed; on this thread or the log's own. A
  /// body whose fields the stream does not declare gets a new schema version first, where the stream lets it.
  void accept(BodyFormat format, std::string_view body, Done done);
  /// accept() and wait.
  Result<Accepted> accept_and_wait(BodyFormat format, std::string_view body);

  /// A bulk file that lies beside the log already, with the rows that could not become events. Where there
  /// are neither events nor rejects nothing is written to the log, and the file is the caller's to remove.
  void accept_bulk(const std::string& record_json, uint32_t rows, std::vector<log::Reject> rejects,
                   Done done);

  const std::string& stream() const { return stream_; }
  log::EventLog& log() { return log_; }
  log::SchemaStore& schemas() { return schemas_; }

 private:
  Result<ParsedBody> parse(BodyFormat format, std::string_view body) EXCLUDES(mutex_);
  Result<model::SchemaPtr> evolve(const model::Schema& from, const std::vector<model::Field>& fields)
      EXCLUDES(mutex_);
  std::unique_ptr<EventParser> take_parser(uint32_t version) EXCLUDES(mutex_);

  const std::string stream_;
  log::EventLog& log_;
  log::SchemaStore& schemas_;
  Mutex mutex_;
  uint32_t parsers_version_ GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<EventParser>> parsers_
      GUARDED_BY(mutex_);  // idle ones; they keep their buffers
};

}  // namespace anabranch::ingest
