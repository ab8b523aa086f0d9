#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace anabranch::io {

/// What a program of ours that was started by spawn() (spawned_process.h) does to itself first, because
/// whoever starts a program without copying itself cannot do it for it.
struct ProcessTerms {
  int parent = 0;               // process id; the child ends when that one has gone
  int nice = 0;                 // more than 0: waits for others that want the processor
  uint64_t data_bytes_max = 0;  // of memory that it asks for, used or not (RLIMIT_DATA); 0: no limit
  int oom_score_adj = 0;        // 0 to 1000: whom the system ends first when it has no memory left

  /// "NAME=value" for the environment of the child.
  std::string to_environment() const;
  /// Those of this process; they are taken out of the environment, so that its own children have none.
  /// bad_input: it was not started by spawn().
  static Result<ProcessTerms> take();
  /// From now on this process keeps to them. Called before there are other threads. unavailable: the parent
  /// has gone already.
  Status apply() const;
};

}  // namespace anabranch::io
