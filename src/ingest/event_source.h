#pragma once
// The port of the slot "event source": events that come by themselves, beside those that are sent over HTTP.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "ingest/event_parser.h"

namespace anabranch::ingest {

/// Events that came together, and go into the log together: all that came at once, or one part of it after
/// the other, so that what is large takes little memory.
struct Arrival {
  std::string name;  // for messages
  std::string key;   // the same for the same thing that came, and for no other (Sender::id)
  /// Of a part, from 0 (Sender::sequence): the parts of one key are a producer's requests. None: there is but
  /// this one.
  std::optional<uint64_t> number;
  uint64_t line = 1;  // of what came, where this begins
  BodyFormat format = BodyFormat::ndjson;
  std::string body;  // with an event or what was to be one, unless it is all that came
  std::string file;  // in place of the body: the absolute path of a Parquet file on this machine
};

/// Owner: the application, which asks and answers on one thread. An arrival is given again until it was taken
/// or refused, also after a restart, with the same key, number and body; so one that was stored when the
/// program ended is known and not stored twice. After a restart the parts begin with the first one again: the
/// application takes those that are stored without storing them. Every adapter passes
/// event_source_contract.h.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// What came, the oldest that was not yet answered; nothing when there is none now, or none is ready. Does
  /// not wait. After an error the next call may find it: say it and ask again later.
  virtual Result<std::optional<Arrival>> next() = 0;
  /// It, which next() gave last, is durable in the log, or was before.
  virtual Status taken(const Arrival& arrival) = 0;
  /// It, which next() gave last, can never become events. All that came with it is put where somebody finds
  /// it, with why, and where in it the parts end that were taken before.
  virtual Status refused(const Arrival& arrival, const Error& why) = 0;
};

}  // namespace anabranch::ingest
