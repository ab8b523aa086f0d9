#pragma once

#include <array>
#include <map>
#include <string>
#include <tuple>

#include "base/mutex.h"
#include "base/result.h"
#include "front/metrics.h"
#include "front/ports.h"
#include "http/server.h"
#include "ingest/ingestor.h"

namespace anabranch::front::http_api {

class StreamRates;

/// What the API counts while it works. Any thread may call.
class ApiMetrics {
 public:
  ApiMetrics();

  Metrics& all() { return metrics_; }

  /// `stream` is a known one, never a client's word. `bytes`: of the body, decompressed.
  void count_events(const std::string& stream, const ingest::Accepted& accepted, size_t bytes);
  void count_refused_events(const std::string& stream);
  /// `code`: nothing when it was answered.
  void count_query(std::optional<Code> code, int64_t time_us);
  void count_build(std::string_view state);
  void count_request(const http::Access& access);

  /// Looks up what is cheaper to ask for than to keep.
  void collect(Ports& ports, const StreamRates& rates, int64_t now_us);

 private:
  struct StreamCounters {
    Counter accepted, quarantined, bytes, requests, refused;
  };
  StreamCounters counters_of(const std::string& stream) EXCLUDES(mutex_);
  void collect_streams(Events& events, const model::Offsets& applied, const StreamRates& rates);
  void collect_speed(const serve::ReadState& reads);

  Metrics metrics_;
  Histogram query_times_;
  Mutex mutex_;
  std::map<std::string, StreamCounters> streams_ GUARDED_BY(mutex_);
  std::map<std::tuple<std::string, std::string, int>, Counter> requests_ GUARDED_BY(mutex_);
  std::map<std::string, double> totals_ GUARDED_BY(mutex_);  // of counters that others count
};

}  // namespace anabranch::front::http_api
