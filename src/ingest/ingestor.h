#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "ingest/bulk_import.h"
#include "ingest/event_parser.h"
#include "ingest/partitioner.h"
#include "ingest/schema_plan.h"
#include "io/clock.h"
#include "io/file_system.h"
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
  bool is_repeat = false;  // all of it came before: nothing was stored now
};

/// Who sends something, by what the producer said of itself: see log::Producer, whose fingerprint is made
/// here.
struct Sender {
  std::string id;                    // of a producer, or the key of one request
  std::optional<uint64_t> sequence;  // none: `id` is a key
};

/// Events of one stream on their way in: parsed and checked on the caller's thread, then given to the log.
/// Owner: the application; log and schemas outlive it. Any thread may call.
class Ingestor {
 public:
  /// `key`: the fields by which events are spread over partitions; none: a request is not split.
  Ingestor(std::string stream, log::EventLog& log, log::SchemaStore& schemas,
           io::Clock& clock = io::system_clock(), std::vector<std::string> key = {})
      : stream_(std::move(stream)),
        log_(log),
        schemas_(schemas),
        clock_(clock),
        partitioner_(log, std::move(key)) {}

  using Done = std::function<void(Result<Accepted>)>;
  /// `done` is called once, when the events are durable or have failed; on this thread or the log's own. A
  /// body whose fields the stream does not declare gets a new schema version first, where the stream lets it.
  /// What a sender sends again is not stored again and has its first answer; conflict: log/event_log.h.
  /// `chosen`: all of it goes to this partition (not_found: there is none such); else the key decides.
  void accept(BodyFormat format, std::string_view body, const std::optional<Sender>& sender, Done done,
              std::optional<model::Partition> chosen = std::nullopt);
  void accept(BodyFormat format, std::string_view body, Done done) {
    accept(format, body, std::nullopt, std::move(done));
  }
  /// accept() and wait.
  Result<Accepted> accept_and_wait(BodyFormat format, std::string_view body,
                                   const std::optional<Sender>& sender = std::nullopt);

  /// Runs import_bulk() where it can hurt nobody.
  using Import = std::function<Result<BulkImportResult>(const BulkImportJob&)>;
  /// A Parquet file on this machine becomes one batch of the log, or with a key one a partition: copied to
  /// the partition's bulk folder in `stream_folder` (log/<stream>) and named by a record. Its columns that
  /// the stream does not declare are handled as those of accept(). Blocks. What is not named in the log when
  /// it returns does not lie in the folder either.
  Result<Accepted> accept_file(const std::string& path, const io::Path& stream_folder,
                               const std::optional<Sender>& sender, const Import& import,
                               std::optional<model::Partition> chosen = std::nullopt);

  /// What would become of the schema if the stream's file said this. Changes nothing.
  Result<SchemaPlan> plan_change(const model::Schema& declared) const;
  /// Makes it so: events that are parsed from now on go by the new version, which is durable when this
  /// returns; those that are there stay what they are. Nothing is done where nothing changes. bad_input, and
  /// the schema stays, when a field is changed in a way that is not compatible. Views that run by an older
  /// version go on, but a value that only a wider type holds fails in their ticks: hand over soon after.
  Result<SchemaPlan> change_schema(const model::Schema& declared) EXCLUDES(mutex_);

  /// The fields by which events are spread over partitions from now on.
  void set_key(std::vector<std::string> key) { partitioner_.set_key(std::move(key)); }

  const std::string& stream() const { return stream_; }
  log::EventLog& log() { return log_; }
  log::SchemaStore& schemas() { return schemas_; }

 private:
  void append(std::vector<log::NewBatch> parts, Done done);
  Result<BulkImportResult> import_evolving(BulkImportJob& job, const Import& import) EXCLUDES(mutex_);
  Result<ParsedBody> parse(BodyFormat format, std::string_view body) EXCLUDES(mutex_);
  Result<model::SchemaPtr> evolve(const model::Schema& from, const std::vector<model::Field>& fields)
      EXCLUDES(mutex_);
  std::unique_ptr<EventParser> take_parser(uint32_t version) EXCLUDES(mutex_);

  const std::string stream_;
  log::EventLog& log_;
  log::SchemaStore& schemas_;
  io::Clock& clock_;
  Partitioner partitioner_;
  Mutex mutex_;
  uint32_t parsers_version_ GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<EventParser>> parsers_
      GUARDED_BY(mutex_);  // idle ones; they keep their buffers
};

}  // namespace anabranch::ingest
