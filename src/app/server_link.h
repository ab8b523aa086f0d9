#pragma once

#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "app/server.h"
#include "base/result.h"
#include "http/client.h"
#include "project/project.h"

namespace anabranch::app {

/// How a command reaches a project's data: through the server that runs on it, or else through one that it
/// starts for itself. One thread.
class ServerLink {
 public:
  /// What a server of its own begins with: the files as they are, or what was taken over last.
  enum class Project { of_files, as_applied };
  /// Loads the project only when no server runs. bad_input (with all problems in the message) for a broken
  /// project.
  static Result<std::unique_ptr<ServerLink>> open(const io::Path& root, const std::string& target,
                                                  Project which = Project::of_files);

  /// The answer's body. Problem documents become errors.
  Result<std::string> get(const std::string& target);
  Result<std::string> post(const std::string& target, const nlohmann::json& body);
  Result<std::string> post_bytes(const std::string& target, const std::string& content_type,
                                 std::string_view body, http::Headers headers = {});
  /// A second connection to the same server, for another thread.
  Result<http::Client> another() const;
  bool is_remote() const { return own_ == nullptr; }
  /// Says on standard error when files of the project are not as they run: the answer is of what runs.
  void warn_of_changed_files();

 private:
  Result<std::string> body_of(Result<http::ClientResponse> response);
  std::unique_ptr<Server> own_;
  std::string host_;
  uint16_t port_ = 0;
  std::optional<http::Client> client_;
};

}  // namespace anabranch::app
