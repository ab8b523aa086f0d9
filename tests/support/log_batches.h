#pragma once
// Batches for tests of whatever stands on the log.

#include <string>
#include <vector>

#include <fmt/format.h>

#include "log/batch.h"

namespace anabranch::test {

/// A JSON batch whose events are {"id":first}, {"id":first+1}, …, each padded to at least `event_bytes`.
inline log::NewBatch numbered_events(int64_t first, uint32_t count, size_t event_bytes = 0) {
  log::NewBatch batch;
  batch.schema_version = 1;
  batch.count = count;
  for (uint32_t i = 0; i < count; ++i) {
    std::string event = fmt::format(R"({{"id":{}}})", first + i);
    if (event.size() < event_bytes) event.insert(event.size() - 1, event_bytes - event.size(), ' ');
    log::put_record(batch.payload, event);
  }
  return batch;
}

/// A batch of rejects only.
inline log::NewBatch rejects_only(std::vector<log::Reject> rejects) {
  log::NewBatch batch;
  batch.schema_version = 1;
  batch.rejects = std::move(rejects);
  return batch;
}

}  // namespace anabranch::test
