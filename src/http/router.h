#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/responder.h"
#include "http/token_bucket.h"

namespace anabranch::http {

/// Gets a whole request and answers it, now or later. See RunOn for the thread.
using Handler = std::function<void(Request, Responder)>;

/// io: on the thread that serves other connections too, so it must not block. worker: may block.
enum class RunOn { io, worker };

struct Route {
  std::string method;
  std::string pattern;
  std::vector<std::string> segments;  // "{name}" takes any one segment that is not empty
  Handler handler;
  RunOn run_on = RunOn::worker;
  std::unique_ptr<TokenBucket> bucket;  // null: no limit
  bool keeps_place = false;             // answered however many connections there are
};

/// Which handler takes which path. Filled before the server starts, then only read, from any thread.
class Router {
 public:
  void add(std::string method, std::string pattern, Handler handler, RunOn run_on);
  /// Limits a route that was added.
  void limit(std::string_view method, std::string_view pattern, double requests_per_s, double burst);
  void keep_place(std::string_view method, std::string_view pattern);

  struct Match {
    const Route* route = nullptr;  // null: 404 when allow is empty, else 405
    NamedValues params;
    std::string allow;  // methods that the path has, as the Allow header wants them
  };
  /// Where two patterns match, the one with a literal segment first wins. HEAD goes to GET.
  Match match(std::string_view method, const std::vector<std::string>& segments) const;

 private:
  Route& find(std::string_view method, std::string_view pattern);

  std::vector<Route> routes_;
};

}  // namespace anabranch::http
