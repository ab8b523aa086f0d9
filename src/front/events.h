#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/binary_cloudevent.h"
#include "ingest/ingestor.h"
#include "model/offsets.h"
#include "security/policy.h"

namespace anabranch::front {

/// A body with events, as it was sent.
struct Delivery {
  ingest::BodyFormat format = ingest::BodyFormat::ndjson;
  ingest::EventAttributes attributes;  // not empty: a CloudEvent of which the body is the data
  std::string content_type;            // of that data
  std::optional<ingest::Sender> sender;
  std::optional<model::Partition> partition;  // all goes there; none: the key or the turn decides
};

/// How far a stream is. Offsets are exclusive, one a partition.
struct StreamState {
  std::vector<model::Offset> durable;
  std::optional<std::vector<model::Offset>> archived;
  std::optional<uint64_t> quarantined;  // nothing: not for who asks
  uint64_t log_bytes = 0;
};

/// A port of the platform, the same for every door: streams, what comes into them, and what could not.
/// What is asked below the line is for who implements it; no door can reach that. Any thread may call.
class Events {
 public:
  explicit Events(std::shared_ptr<const security::Policy> policy) : policy_(std::move(policy)) {}
  virtual ~Events() = default;
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  /// Those that there are for the caller.
  std::vector<std::string> streams(const security::Caller& caller) const;
  /// not_found, with those that there are for the caller; or the error of a stream that is damaged.
  Status check_stream(const security::Caller& caller, const std::string& name);
  /// Of all streams, whoever may see them: to wait for what is newest, and for the server's own figures, of
  /// which a door shows a caller those of its streams.
  model::Offsets durable_offsets();
  std::map<std::string, StreamState> all_states();
  /// Nothing: not there for the caller, or taken out of the project since it was named.
  std::optional<StreamState> state(const security::Caller& caller, const std::string& name);
  /// How long the oldest event has waited that is not before these offsets. It lies in the log's cache unless
  /// we are far behind; nothing where it cannot be told.
  std::optional<int64_t> waiting_us(const std::string& name, const std::vector<model::Offset>& applied,
                                    int64_t now_us);

  /// What stands before all intake: check_stream(), and the right to ingest into it (refused).
  Status check_ingest(const security::Caller& caller, const std::string& stream);
  /// An error (overloaded) when ingestion must wait for a build.
  virtual Status may_ingest() const = 0;
  /// What became of a body; where a producer's number was not the one that is due (conflict), that one.
  using Done = std::function<void(Result<ingest::Accepted>, std::optional<uint64_t> next_sequence)>;
  /// `done` is called once, on this thread or the log's own, when the events are durable or have failed.
  void accept(const security::Caller& caller, const std::string& stream, const Delivery& delivery,
              std::string_view body, Done done);
  /// Takes a Parquet file on this machine in as one log record. Blocks.
  Result<ingest::Accepted> ingest_file(const security::Caller& caller, const std::string& stream,
                                       const std::string& path, const std::optional<ingest::Sender>& sender,
                                       std::optional<model::Partition> partition);
  /// Of a producer: what is due (log/event_log.h); for who may ingest. not_found: no such partition.
  Result<uint64_t> next_sequence(const security::Caller& caller, const std::string& stream,
                                 const std::string& producer, std::optional<model::Partition> chosen);

  /// Entries after this one, at most `limit`; they and their number are there for who sees the stream whole:
  /// refused.
  Result<std::vector<log::QuarantineEntry>> quarantine(
      const security::Caller& caller, const std::string& stream,
      const std::optional<log::EventLog::QuarantinePosition>& after, size_t limit);
  bool shows(const security::Caller& caller, const std::string& stream) const;
  bool shows_quarantine(const security::Caller& caller, const std::string& stream) const;

 protected:
  // ---- what the application gives ----
  /// Null: unknown, or taken out of the project, also since stream_names() named it.
  virtual ingest::Ingestor* stream(const std::string& name) = 0;
  virtual std::vector<std::string> stream_names() const = 0;
  /// Why a stream of the project cannot be used; nothing where it can.
  virtual std::optional<Error> damage_of(const std::string& stream) const = 0;
  virtual model::Offsets archived() const = 0;
  virtual Result<ingest::Accepted> ingest_file(const std::string& stream, const std::string& path,
                                               const std::optional<ingest::Sender>& sender,
                                               std::optional<model::Partition> partition) = 0;

 private:
  StreamState state_of(const std::string& name, ingest::Ingestor& open, bool shows_quarantine) const;
  Result<ingest::Ingestor*> find(const std::string& name);
  const std::shared_ptr<const security::Policy> policy_;
};

}  // namespace anabranch::front
