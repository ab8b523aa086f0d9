#pragma once
// The platform as every door sees it. The application implements it.

#include "front/builds.h"
#include "front/events.h"
#include "front/table_copies.h"
#include "serve/reads.h"

namespace anabranch::front {

/// Its ports, and what is true of it as a whole. A door asks a port for what it needs and says who asks; no
/// port gives a part of the platform away. Any thread may call.
class Ports {
 public:
  virtual ~Ports() = default;
  virtual std::string project_name() const = 0;
  virtual int64_t started_at_us() const = 0;
  /// False while the log is replayed: then nothing can be read, and a port says only what needs no read.
  virtual bool is_ready() const = 0;

  virtual Events& events() = 0;
  virtual Builds& builds() = 0;
  virtual TableCopies& tables() = 0;
  virtual serve::Reads& reads() = 0;  // only when ready
};

}  // namespace anabranch::front
