#pragma once
// The port of the slot "event source": events that come by themselves, beside those that are sent over HTTP.

#include <optional>
#include <string>

#include "base/result.h"
#include "ingest/event_parser.h"

namespace anabranch::ingest {

/// Events that came together, and go into the log together.
struct Arrival {
  std::string name;  // for messages
  std::string key;   // the same for the same arrival, and for no other: the log stores it once (Sender::id)
  BodyFormat format = BodyFormat::ndjson;
  std::string body;
};

/// Owner: the application, which asks and answers on one thread. An arrival is given again until it was taken
/// or refused, also after a restart, with the same key; so one that was stored when the program ended is
/// known by its key and not stored twice. Every adapter passes event_source_contract.h.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// What came, the oldest that was not yet answered; nothing when there is none now. Does not wait.
  /// After an error the next call may find it: say it and ask again later.
  virtual Result<std::optional<Arrival>> next() = 0;
  /// It is durable in the log, or was before.
  virtual Status taken(const Arrival& arrival) = 0;
  /// It can never become events. It is put where somebody finds it, with why.
  virtual Status refused(const Arrival& arrival, const Error& why) = 0;
};

}  // namespace anabranch::ingest
