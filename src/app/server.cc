#include "app/server.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "app/web_files.h"
#include "http/problem.h"
#include "http/static_files.h"

namespace anabranch::app {
namespace {

io::Path address_file_in(const io::Path& data_folder) { return data_folder / "server.json"; }

bool is_own_machine(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// On a full disk the place of the file that a killed server left is enough.
Status write_address(const io::Path& path, const std::string& text) {
  auto& files = io::local_file_system();
  Status written = files.write_atomically(path, text);
  if (written || written.error().code != Code::disk_full || !files.exists(path).value_or(false))
    return written;
  auto file = TRY(files.open(path, io::FileSystem::Open::append));
  TRY(file->truncate(0));
  return file->append(text);
}

// Others may reach it only where somebody wants that.
Status check_host(const Server::Options& options) {
  if (is_own_machine(options.host) || options.is_insecure) return {};
  return fail(Code::refused, fmt::format("{} can be reached by others, and there is no login", options.host),
              "listen on 127.0.0.1, or give --insecure if that is really wanted");
}

std::string owner_text() { return fmt::format("the project is open in process {}", ::getpid()); }

}  // namespace

Result<std::unique_ptr<Server>> Server::start(project::Project project, const Options& options) {
  TRY(check_host(options));
  std::unique_ptr<Server> server(new Server(options));
  Platform::Options of_platform;
  of_platform.owner = owner_text();
  of_platform.builds_by_itself = options.builds_by_itself;
  of_platform.target = options.target;
  of_platform.texts = options.texts;
  of_platform.on_replay = options.on_replay;
  const project::Settings settings = project.settings;
  const io::Path data_folder = project.root / settings.data_folder;
  server->platform_ = TRY(Platform::open(std::move(project), of_platform));
  TRY(server->listen(settings, data_folder));
  TRY(server->platform_->start());
  return server;
}

Result<std::unique_ptr<Server>> Server::start_with_engine_process(const io::Path& root, Options options) {
  EngineHost::Options of_engine;
  of_engine.owner = owner_text();
  of_engine.builds_by_itself = options.builds_by_itself;
  of_engine.target = options.target;
  of_engine.on_replay = options.on_replay;
  auto engine = TRY(EngineHost::open(root, of_engine));
  const project::Settings& settings = engine->settings();
  if (options.host.empty()) options.host = settings.server.host;
  if (!options.port) options.port = settings.server.port;
  TRY(check_host(options));
  std::unique_ptr<Server> server(new Server(std::move(options)));
  server->engine_ = std::move(engine);
  TRY(server->listen(settings, root / settings.data_folder));
  TRY(server->engine_->start());
  return server;
}

Status Server::listen(const project::Settings& settings, const io::Path& data_folder) {
  const project::Limits& limits = settings.limits;
  http::ServerOptions of_http;
  of_http.host = options_.host;
  of_http.port = options_.port.value_or(settings.server.port);
  of_http.body_bytes_max = limits.body_bytes_max;
  of_http.worker_threads = static_cast<int>(limits.queries_max) + 2;
  http_ = std::make_unique<http::Server>(of_http);
  front::http_api::ApiOptions of_api;
  of_api.body_bytes_max = limits.body_bytes_max;
  of_api.has_any_name = !is_own_machine(options_.host);
  of_api.own_hosts = {options_.host};
  api_ = std::make_unique<front::http_api::Api>(ports(), io::system_clock(), of_api);
  api_->register_routes(*http_);
  if (limits.requests_per_second_max > 0) {
    const auto most = static_cast<double>(limits.requests_per_second_max);
    http_->limit_all(most, most);
  }
  auto files = std::make_shared<http::StaticFiles>(http::web_files());
  http_->fallback(
      [files](http::Request request, http::Responder responder) { responder.answer(files->serve(request)); });
  TRY(http_->start());
  address_file_ = address_file_in(data_folder);
  const nlohmann::json address = {{"host", options_.host}, {"port", http_->port()}, {"process", ::getpid()}};
  if (const Status written = write_address(address_file_, address.dump() + "\n"); !written) {
    if (written.error().code != Code::disk_full) return written;
    spdlog::warn("commands will not find this server, which answers all the same: {}",
                 written.error().describe());
  }
  return {};
}

Server::~Server() { stop(); }

void Server::stop_work() {
  if (platform_) platform_->stop();  // ends a build that a client waits for
  if (engine_) engine_->stop();
}

void Server::stop() {
  stop_work();
  if (http_) http_->stop();
  if (api_) api_->stop();
  if (!address_file_.empty()) (void)io::local_file_system().remove(address_file_);
  address_file_.clear();
  http_.reset();
  api_.reset();
  platform_.reset();
  engine_.reset();
}

std::string Server::url() const {
  return fmt::format("http://{}:{}/",
                     options_.host.find(':') == std::string::npos ? options_.host : "[" + options_.host + "]",
                     http_->port());
}

std::optional<ServerAddress> read_server_address(const io::Path& data_folder) {
  const auto text = io::local_file_system().read_file(address_file_in(data_folder));
  if (!text) return std::nullopt;
  const auto document = nlohmann::json::parse(*text, nullptr, false);
  if (!document.is_object() || !document.contains("host") || !document.contains("port")) return std::nullopt;
  return ServerAddress{document["host"].get<std::string>(), document["port"].get<uint16_t>()};
}

}  // namespace anabranch::app
