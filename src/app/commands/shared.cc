#include <csignal>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/terminal.h"
#include "project/loader.h"

namespace anabranch::app {

Result<io::Path> project_root(const CommonOptions& common) {
  const io::Path start = common.project.empty() ? std::filesystem::current_path() : io::Path(common.project);
  return project::find_project_root(io::local_file_system(),
                                    std::filesystem::absolute(start).lexically_normal());
}

int fail_command(const CommonOptions& common, const Error& error) {
  const bool is_usage = error.code == Code::bad_input || error.code == Code::not_found;
  if (common.is_json) {
    nlohmann::json document = {{"error", error.message}, {"code", to_string(error.code)}};
    if (!error.hint.empty()) document["hint"] = error.hint;
    if (error.place)
      document["place"] = {
          {"file", error.place->file}, {"line", error.place->line}, {"column", error.place->column}};
    fmt::print("{}\n", document.dump());
  } else {
    print_error(error);
  }
  return is_usage ? 2 : 1;
}

std::string url_part(const std::string& text) {
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '.' || c == '_' || c == '-') {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("%{:02X}", c);
    }
  }
  return out;
}

namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void block_signals() {
  const sigset_t set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  (void)::signal(SIGPIPE, SIG_IGN);  // whoever read what the server prints may go away
}

int wait_for_signal(const std::function<void()>& on_hangup) {
  const sigset_t set = ending_signals();
  while (true) {
    int signal = 0;
    sigwait(&set, &signal);
    if (signal != SIGHUP) return signal;
    on_hangup();
  }
}

}  // namespace anabranch::app
