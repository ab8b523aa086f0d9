#include "app/server_link.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/load_project.h"
#include "app/terminal.h"
#include "http/problem.h"

namespace anabranch::app {

Result<std::unique_ptr<ServerLink>> ServerLink::open(const io::Path& root, const std::string& target,
                                                     Project which) {
  auto connection = std::make_unique<ServerLink>();
  auto project = load_project(root, target, Printed::nothing);
  if (!project && project.error().code == Code::not_found) return fail(std::move(project).error());
  const io::Path data_folder = root / (project ? project->settings.data_folder : ".anabranch");
  // Held by a server, or by another command.
  bool is_held = false;
  if (io::local_file_system().exists(data_folder / "lock").value_or(false)) {
    const auto lock = io::local_file_system().lock(data_folder / "lock", "");
    is_held = !lock && lock.error().code == Code::conflict;
    if (is_held && !read_server_address(data_folder)) {
      return fail(Code::conflict, lock.error().message, "wait until it is done");
    }
  }
  if (is_held) {
    const auto address = read_server_address(data_folder);
    connection->host_ = address->host;
    connection->port_ = address->port;
  } else {
    Server::Options options;
    if (which == Project::as_applied) {
      auto applied = TRY(load_applied(root, data_folder, target, Printed::errors));
      project = std::move(applied.project);
      options.texts = std::move(applied.texts);
    } else if (!project) {
      project = load_project(root, target, Printed::errors);  // to say what is wrong
    }
    if (!project) return fail(std::move(project).error());
    options.target = target;
    options.port = 0;
    options.builds_by_itself = false;
    connection->own_ = TRY(Server::start(std::move(*project), options));
    connection->host_ = connection->own_->host();
    connection->port_ = connection->own_->port();
  }
  connection->client_ = TRY(connection->another());
  return connection;
}

Result<http::Client> ServerLink::another() const {
  http::ClientOptions options;
  options.silence_timeout = std::chrono::milliseconds(0);  // builds take as long as they take
  return http::Client::connect(host_, port_, options);
}

Result<std::string> ServerLink::body_of(Result<http::ClientResponse> response) {
  if (!response) return fail(std::move(response).error());
  if (response->status >= 400) return fail(http::error_of_problem(response->status, response->body));
  return std::move(response->body);
}

void ServerLink::warn_of_changed_files() {
  if (!is_remote()) return;
  const auto answer = get("/v1/project");
  if (!answer) return;
  const auto document = nlohmann::json::parse(*answer, nullptr, false);
  const auto files = document.value("changed_files", std::vector<std::string>());
  if (files.empty()) return;
  fmt::print(stderr, "{} {}{}; what runs is older: run anabranch apply\n",
             colored("changed files:", Color::yellow), files.front(),
             files.size() > 1 ? fmt::format(" and {} more", files.size() - 1) : "");
}

Result<std::string> ServerLink::get(const std::string& target) {
  return body_of(client_->request("GET", target));
}

Result<std::string> ServerLink::post(const std::string& target, const nlohmann::json& body) {
  return post_bytes(target, "application/json", body.dump());
}

Result<std::string> ServerLink::post_bytes(const std::string& target, const std::string& content_type,
                                           std::string_view body, http::Headers headers) {
  headers.add("content-type", content_type);
  return body_of(client_->request("POST", target, headers, body));
}

}  // namespace anabranch::app
