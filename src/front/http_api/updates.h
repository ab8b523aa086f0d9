#pragma once

#include <condition_variable>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "front/http_api/api_context.h"

namespace anabranch::front::http_api {

/// Tells the clients of GET /v1/updates what happens, from a thread of its own, which also measures how fast
/// streams grow and counts builds that end. Any thread may call.
class Updates {
 public:
  explicit Updates(ApiContext& context);
  ~Updates();  // stop()

  void add_routes(RouteList& routes);
  void stop();

 private:
  void run();
  void add(http::Responder responder);
  std::vector<http::EventStream> take_new() EXCLUDES(mutex_);
  void tell_status(std::vector<http::EventStream>& fresh, bool is_round);
  void tell_builds();
  void tell_all(std::string_view event, const std::string& data);

  ApiContext& context_;

  // The thread's own.
  std::vector<http::EventStream> clients_;
  std::string last_signature_;
  int64_t last_status_us_ = 0;
  std::map<std::string, std::string> build_states_;  // by id, of the newest builds
  bool has_build_states_ = false;

  Mutex mutex_;
  std::condition_variable wake_;
  std::vector<http::EventStream> new_clients_ GUARDED_BY(mutex_);
  size_t clients_count_ GUARDED_BY(mutex_) = 0;  // of clients_, as of the last round
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace anabranch::front::http_api
