#pragma once

#include <memory>
#include <string>

#include "app/engine_host.h"
#include "app/platform.h"
#include "base/result.h"
#include "front/http_api/api.h"
#include "http/server.h"

namespace anabranch::app {

/// A project behind HTTP: the server of `up`, whose engine is a process of its own, and of `demo` and, on a
/// port of its own for as long as it takes, of a command that runs while no server does, which have all in
/// one. Owner: a command; one thread.
class Server {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    std::optional<uint16_t> port = std::nullopt;  // 0: any; none: the project's
    bool is_insecure = false;                     // other addresses than this machine's own, without a login
    bool builds_by_itself = true;
    std::string target;                 // which the project was loaded for; apply loads it again
    std::optional<ProjectTexts> texts;  // what the project was loaded from; none: its files as they are
    std::function<void(double)> on_replay;
  };
  /// Listens, says where in `.anabranch/server.json`, then replays the log. refused: an address that others
  /// reach, without a login.
  static Result<std::unique_ptr<Server>> start(project::Project project, const Options& options);
  /// The same with the engine in a process of its own, which may end at any time: events are taken in all the
  /// same, and it is started again. bad_input with every mistake of the project's files. Where the
  /// options say no host, the project does.
  static Result<std::unique_ptr<Server>> start_with_engine_process(const io::Path& root, Options options);
  ~Server();
  void stop();
  /// Ends what works for clients and itself; answers go on until stop().
  void stop_work();

  /// Views that could not be compiled at the start, with why.
  const std::vector<Error>& left_out() const { return engine_ ? engine_->left_out() : platform_->left_out(); }
  front::Ports& ports() { return engine_ ? static_cast<front::Ports&>(*engine_) : *platform_; }
  /// Where all is in this process.
  Platform& platform() { return *platform_; }
  const std::string& host() const { return options_.host; }
  uint16_t port() const { return http_->port(); }
  std::string url() const;

 private:
  explicit Server(Options options) : options_(std::move(options)) {}
  Status listen(const project::Settings& settings, const io::Path& data_folder);

  const Options options_;
  io::Path address_file_;
  // One of them.
  std::unique_ptr<Platform> platform_;
  std::unique_ptr<EngineHost> engine_;
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
