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
  // Who listens, and as whom.
  struct Client {
    security::Caller caller;
    http::EventStream stream;
  };
  // What all clients of one caller have been told.
  struct Told {
    std::string signature;
    int64_t status_us = 0;
  };
  void add(security::Caller caller, const http::Responder& responder);
  std::vector<Client> take_new() EXCLUDES(mutex_);
  void tell_status(std::vector<Client>& fresh, bool is_round);
  void tell_builds();

  ApiContext& context_;

  // The thread's own.
  std::vector<Client> clients_;
  std::map<security::Caller, Told> told_;            // of those that listen
  std::map<std::string, std::string> build_states_;  // by id, of the newest builds
  bool has_build_states_ = false;

  Mutex mutex_;
  std::condition_variable wake_;
  std::vector<Client> new_clients_ GUARDED_BY(mutex_);
  size_t clients_count_ GUARDED_BY(mutex_) = 0;  // of clients_, as of the last round
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace anabranch::front::http_api
