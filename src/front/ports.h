#pragma once
// The platform as every door sees it. The application implements it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "front/builds.h"
#include "front/events.h"
#include "front/table_copies.h"
#include "serve/reads.h"

namespace anabranch::front {

/// A process of the platform.
struct ProcessState {
  std::string kind;  // "server", "engine"
  int pid = 0;       // 0: none runs now
  uint64_t memory_bytes = 0;
  int64_t started_at_us = 0;
  int64_t restarts = 0;                 // of one that is kept running
  std::optional<std::string> last_end;  // how the one before it ended, to follow its name
};

/// Its ports, and what is true of it as a whole. A door asks a port for what it needs and says who asks; no
/// port gives a part of the platform away. Any thread may call.
class Ports {
 public:
  virtual ~Ports() = default;
  virtual std::string project_name() const = 0;
  virtual int64_t started_at_us() const = 0;
  /// False while the log is replayed: then nothing can be read, and a port says only what needs no read.
  virtual bool is_ready() const = 0;
  /// Whether events come in. They may while nothing can be read.
  virtual bool takes_events() const { return is_ready(); }

  /// The one that answers first.
  virtual std::vector<ProcessState> processes() const = 0;

  virtual Events& events() = 0;
  virtual Builds& builds() = 0;
  virtual TableCopies& tables() = 0;
  virtual serve::Reads& reads() = 0;  // only when ready
};

}  // namespace anabranch::front
