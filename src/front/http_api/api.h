#pragma once
// The HTTP API of docs/api.md, on top of the generic server.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "front/metrics.h"
#include "front/ports.h"
#include "http/server.h"
#include "io/clock.h"

namespace anabranch::front::http_api {

struct ApiOptions {
  std::string version = "0.1.0";
  size_t body_bytes_max = 64 << 20;  // of events, after decompression

  /// For a server that only this machine reaches and that asks for no login: refuses requests under foreign
  /// names and from pages of other sites.
  bool has_origin_guard = true;
  bool has_any_name = false;  // others reach it under names that we do not know: pages of other sites only
  std::vector<std::string> own_hosts;  // names that are ours too, e.g. the configured host

  /// Threads of the API's own, so that neither events nor short answers wait behind queries, which run on the
  /// server's workers (give it as many as there may be queries, and some for those that wait for an offset).
  int intake_threads = 2;  // large or compressed bodies of events
  int read_threads = 2;    // status, views, builds, quarantine
  int task_threads = 8;    // builds, verify, copy, files: each holds one until it is done

  http::AccessListener on_access;  // hears of every request, after the metrics
  /// Who sends a request; none: the one local caller.
  std::function<security::Caller(const http::Request&)> caller_of;
};

/// Owner: the application. One thread sets up: construct, register_routes() once, server.start(); and ends:
/// server.stop(), then stop() or the destructor, then what the ports are of. A build or copy that an
/// HTTP client waits for must be told to end by the application before stop(), which waits for it.
class Api {
 public:
  Api(Ports& ports, io::Clock& clock, ApiOptions options);
  ~Api();  // stop()
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Routes, the guard and the access listener.
  void register_routes(http::Server& server);
  void stop();

  /// The application may add its own; any thread, as long as the Api lives.
  Metrics& metrics();
  /// Method and pattern of every route that was registered.
  std::vector<std::pair<std::string, std::string>> routes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace anabranch::front::http_api
