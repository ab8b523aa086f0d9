#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/fuzz/case.h"
#include "tests/fuzz/faults.h"

namespace anabranch::fuzz {

/// What a run has reached: counted where a view was compared or a step was done. Any thread.
class Coverage {
 public:
  void add(const std::string& kind, const std::string& name);
  void add_case(const Case& done, size_t compared);
  /// What was not reached, a line each, of all that a run of so many projects with these faults must reach.
  std::vector<std::string> missing(const Faults& faults, int64_t projects) const;
  std::string describe() const;
  int64_t cases() const { return cases_; }
  int64_t cases_with_processes() const { return cases_with_processes_; }
  int64_t median_views() const { return median(views_); }
  int64_t median_events() const { return median(events_); }

 private:
  static int64_t median(std::vector<int64_t> all);
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, int64_t>> counts_;
  std::vector<int64_t> views_;
  std::vector<int64_t> events_;
  int64_t cases_ = 0;
  int64_t cases_with_processes_ = 0;
  int64_t compared_ = 0;
};

}  // namespace anabranch::fuzz
