#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "io/clock.h"

namespace anabranch::http {

/// Every limit of an Server. Nothing grows without bound: each has a default.
struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;  // 0: any free one

  int io_threads = 2;
  int worker_threads = 4;
  size_t worker_queue_max = 192;  // more wait: 429

  /// More: the one that has been silent longest is closed; where none is, 503, but for routes that
  /// keep_place(). What may wait in all queues and listen to events is fewer, so that no kind of work takes
  /// all places.
  size_t connections_max = 512;
  size_t header_bytes_max = 16 << 10;         // more: 413
  size_t body_bytes_max = 64 << 20;           // more: 413
  size_t bodies_bytes_max = 512 << 20;        // of all requests that are not answered yet; more: 429
  size_t event_buffer_bytes_max = 256 << 10;  // for each EventStream; more: older messages are dropped

  // For each body that comes in parts: so much waits for its client, and as much is being written.
  size_t stream_buffer_bytes_max = 1 << 20;

  std::chrono::milliseconds idle_timeout{60'000};    // between requests: close
  std::chrono::milliseconds header_timeout{10'000};  // for a whole header: 408; of a first request: close
  std::chrono::milliseconds body_timeout{30'000};   // for a body, and more time as it arrives, see below: 408
  size_t body_bytes_per_s_min = 16 << 10;           // each so many bytes of a body buy one more second
  std::chrono::milliseconds write_timeout{60'000};  // for a client to take some of an answer: close
  std::chrono::milliseconds ping_interval{15'000};  // of silent EventStreams
  std::chrono::milliseconds stop_timeout{5'000};    // for running requests when the server stops

  io::Clock* clock = &io::system_clock();
};

}  // namespace anabranch::http
