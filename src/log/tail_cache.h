#pragma once

#include <deque>
#include <vector>

#include "log/batch.h"

namespace anabranch::log {

/// The most recent batches of a partition, so that a follower needs no disk. Consecutive, bounded by bytes.
/// Guarded by its owner; batches with count 0 never come in.
class TailCache {
 public:
  TailCache(size_t bytes_max, model::Offset next_offset) : bytes_max_(bytes_max), begin_(next_offset) {}

  void push(BatchPtr batch);
  /// Forgets all: the next batch to come begins here, or later.
  void restart(model::Offset next_offset);
  /// True when every batch from the one that contains this offset is here.
  bool covers(model::Offset offset) const { return offset >= begin_; }
  /// As EventLog::read(), for an offset that is covered.
  std::vector<BatchPtr> read(model::Offset from, model::Offset end, size_t bytes_max) const;

 private:
  const size_t bytes_max_;
  size_t bytes_ = 0;
  model::Offset begin_;
  std::deque<BatchPtr> batches_;
};

}  // namespace anabranch::log
