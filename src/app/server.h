#pragma once

#include <memory>
#include <string>

#include "app/platform.h"
#include "base/result.h"
#include "front/http_api/api.h"
#include "http/server.h"

namespace anabranch::app {

/// A platform behind HTTP: the server of `up` and of `demo`, and, on a port of its own for as long as it
/// takes, of a command that runs while no server does. Owner: a command; one thread.
class Server {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    uint16_t port = 8080;      // 0: any
    bool is_insecure = false;  // other addresses than this machine's own, without a login
    bool builds_by_itself = true;
    std::string target;                 // which the project was loaded for; apply loads it again
    std::optional<ProjectTexts> texts;  // what the project was loaded from; none: its files as they are
    std::function<void(double)> on_replay;
  };
  /// Listens, says where in `.anabranch/server.json`, then replays the log. refused: an address that others
  /// reach, without a login.
  static Result<std::unique_ptr<Server>> start(project::Project project, const Options& options);
  ~Server();
  void stop();

  Platform& platform() { return *platform_; }
  const std::string& host() const { return options_.host; }
  uint16_t port() const { return http_->port(); }
  std::string url() const;

 private:
  explicit Server(const Options& options) : options_(options) {}
  const Options options_;
  io::Path address_file_;
  std::unique_ptr<Platform> platform_;
  std::unique_ptr<front::http_api::Api> api_;
  std::unique_ptr<http::Server> http_;
};

/// Where the server of a data folder listens; nothing when there is no word of one.
struct ServerAddress {
  std::string host;
  uint16_t port = 0;
};
std::optional<ServerAddress> read_server_address(const io::Path& data_folder);

}  // namespace anabranch::app
