#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/clock.h"

namespace anabranch::processes {

/// That a child ended.
struct ProcessEnd {
  io::TimeUs at_us = 0;
  int64_t ran_us = 0;
  std::string why;  // to follow the name of the child
};

/// What there is to say about a process that is kept running. A plain value.
struct ProcessReport {
  std::string kind;
  int pid = 0;  // 0: none runs
  bool is_ready = false;
  uint64_t memory_bytes = 0;        // its own, resident
  io::TimeUs started_at_us = 0;     // of the one that runs
  io::TimeUs next_start_at_us = 0;  // when none runs: of the next; 0: there will be none
  int64_t restarts = 0;
  std::vector<ProcessEnd> last_ends;  // a few, the newest last

  /// For people: "the engine used more than 800 MB of memory and was ended; it runs again since
  /// 2026-11-27T10:00:00Z".
  std::string describe() const;
};

}  // namespace anabranch::processes
