// The real program, started as an operator starts it, and ended by signals.

#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/client.h"
#include "sql/syntax.h"
#include "tests/fuzz/subject.h"

namespace anabranch::fuzz {
namespace {

using nlohmann::json;

class ProgramSubject final : public Subject {
 public:
  explicit ProgramSubject(io::Path folder) : folder_(std::move(folder)) {}
  ~ProgramSubject() override { end(SIGKILL); }

  Status start(bool is_copying) override {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return fail(Code::io, "no pipe");
    const std::string folder = folder_.string();
    const std::string log = (folder_ / "server.log").string();
    process_ = ::fork();
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(out[1], STDOUT_FILENO);
      const int errors = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
      ::dup2(errors, STDERR_FILENO);
      ::execl(ANABRANCH_PROGRAM, ANABRANCH_PROGRAM, "up", "--port", "0", "--project", folder.c_str(),
              nullptr);
      ::_exit(127);
    }
    ::close(out[1]);
    // Its first line says where it listens; the end of the file that there is no server.
    std::string line;
    char c = 0;
    while (::read(out[0], &c, 1) == 1 && c != '\n') line += c;
    out_ = out[0];
    const size_t at = line.rfind(':');
    if (line.find("http://") == std::string::npos || at == std::string::npos) {
      const auto errors = io::local_file_system().read_file(log);
      return fail(Code::internal, "the server did not start: " + line + errors.value_or(""));
    }
    port_ = static_cast<uint16_t>(std::stoi(line.substr(at + 1)));
    client_ = std::make_unique<http::Client>(TRY(http::Client::connect("127.0.0.1", port_)));
    return is_copying ? copy() : Status{};
  }

  Status stop() override {
    client_.reset();
    const int status = end(SIGTERM);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
      return fail(Code::internal, fmt::format("the server ended with status {}", status));
    return {};
  }

  Status kill(bool is_building, int work_before) override {
    std::thread builder;
    if (is_building) {
      builder = std::thread([port = port_] {
        auto client = http::Client::connect("127.0.0.1", port);
        if (client) (void)client->request("POST", "/v1/builds", headers(), "{}");
      });
      // The more is asked first, the later in the build it dies.
      for (int i = 0; i < work_before; ++i) (void)client_->request("GET", "/v1/status");
    }
    client_.reset();
    end(SIGKILL);
    if (builder.joinable()) builder.join();
    return {};
  }

  Result<Accepted> ingest(const std::string& stream, const std::string& format,
                          const std::string& body) override {
    http::Headers type;
    type.add("Content-Type", format == "csv"           ? "text/csv"
                             : format == "json"        ? "application/json"
                             : format == "cloudevents" ? "application/cloudevents-batch+json"
                                                       : "application/x-ndjson");
    return accepted(TRY(ask_server("POST", "/v1/streams/" + stream + "/events", body, type)));
  }

  Result<Accepted> ingest_file(const std::string& stream, const io::Path& file) override {
    return accepted(
        TRY(ask_server("POST", "/v1/streams/" + stream + "/files", json{{"path", file.string()}}.dump())));
  }

  Status build(const std::vector<std::string>& views) override {
    TRY(ask_server("POST", "/v1/builds", json{{"views", views}}.dump()));
    return {};
  }

  Status copy() override {
    TRY(ask_server("POST", "/v1/copy", "{}"));
    return {};
  }

  Result<std::string> newest_build() override {
    const json status = TRY(ask_server("GET", "/v1/status", ""));
    return status["build"].is_object() ? status["build"]["id"].get<std::string>() : std::string();
  }

  Answer ask(const std::string& view, const std::vector<std::string>& columns) override {
    std::string list;
    for (const std::string& column : columns)
      list += fmt::format("{0}CAST({1} AS VARCHAR) AS {1}", list.empty() ? "" : ", ",
                          sql::quote_identifier(column));
    Answer answer;
    const auto got = ask_server(
        "POST", "/v1/query",
        json{{"sql", fmt::format("SELECT {} FROM {}", list, view)}, {"min_offset", "latest"}}.dump());
    if (!got) {
      answer.error = got.error().describe();
      return answer;
    }
    for (const json& column : (*got)["columns"]) answer.names.push_back(column["name"]);
    for (const json& row : (*got)["rows"]) {
      std::vector<std::optional<std::string>> values;
      for (const json& value : row)
        values.push_back(value.is_null() ? std::nullopt : std::optional(value.get<std::string>()));
      answer.rows.push_back(std::move(values));
    }
    return answer;
  }

  Result<std::map<std::string, std::string>> classes() override {
    std::map<std::string, std::string> classes;
    const json views = TRY(ask_server("GET", "/v1/views", ""));
    for (const json& view : views["views"]) classes[view["name"]] = view["class"];
    return classes;
  }

  bool is_as_text() const override { return true; }

 private:
  static http::Headers headers() {
    http::Headers headers;
    headers.add("Content-Type", "application/json");
    return headers;
  }

  Result<json> ask_server(const char* method, const std::string& target, const std::string& body,
                          http::Headers with = headers()) {
    const auto response = TRY(client_->request(method, target, with, body));
    json document = json::parse(response.body, nullptr, false);
    if (response.status >= 300)
      return fail(Code::internal,
                  fmt::format("{} {}: {} {}", method, target, response.status, response.body));
    return document;
  }

  static Accepted accepted(const json& answer) { return {answer["accepted"], answer["quarantined"]}; }

  // The status that waitpid gives; 0 when nothing runs.
  int end(int signal) {
    if (process_ <= 0) return 0;
    int status = 0;
    ::kill(process_, signal);
    ::waitpid(process_, &status, 0);
    process_ = 0;
    if (out_ >= 0) ::close(out_);
    out_ = -1;
    return status;
  }

  const io::Path folder_;
  pid_t process_ = 0;
  int out_ = -1;
  uint16_t port_ = 0;
  std::unique_ptr<http::Client> client_;
};

}  // namespace

std::unique_ptr<Subject> in_processes(io::Path folder) {
  return std::make_unique<ProgramSubject>(std::move(folder));
}

}  // namespace anabranch::fuzz
