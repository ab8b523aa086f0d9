#include <array>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <termios.h>
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/load_project.h"
#include "app/slots.h"
#include "app/terminal.h"
#include "io/private_folder.h"
#include "io/standard_input.h"

namespace anabranch::app {
namespace {

// As the terminal was; what a handler of signals can put back.
termios shown_settings;

void show_and_end(int signal) {
  ::tcflush(STDIN_FILENO, TCIFLUSH);                    // half of a secret is nobody's next command
  ::tcsetattr(STDIN_FILENO, TCSANOW, &shown_settings);  // waits for no one who reads the terminal
  ::raise(signal);  // comes when this returns, and does then what it does to every command
}

// What is typed is not shown for as long as this lives, or until a signal ends the program: a terminal
// outlives it.
class Unseen {
 public:
  Unseen() : has_settings_(::tcgetattr(STDIN_FILENO, &shown_settings) == 0) {
    if (!has_settings_) return;
    struct sigaction once = {};
    once.sa_handler = show_and_end;
    once.sa_flags = static_cast<int>(SA_RESETHAND);
    for (size_t i = 0; i < signals.size(); ++i) {
      ::sigaction(signals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) ::sigaction(signals[i], &once, nullptr);
    }
    termios unseen = shown_settings;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
  }
  ~Unseen() {
    if (!has_settings_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown_settings);
    for (size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  static constexpr std::array signals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, signals.size()> before_ = {};
  const bool has_settings_;
};

// One line from a terminal, or all of standard input but for one end of line at its end.
Result<std::string> read_value(const std::string& name) {
  std::string value;
  if (is_terminal(STDIN_FILENO)) {
    {
      const Unseen unseen;
      fmt::print(stderr, "value of {}: ", name);
      std::getline(std::cin, value);
    }
    fmt::print(stderr, "\n");
    return value;
  }
  while (value.size() <= security::secret_bytes_max + 2) {
    const std::string more = TRY(io::read_standard_input(security::secret_bytes_max + 3));
    if (more.empty()) break;
    value += more;
  }
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  return value;
}

Result<std::unique_ptr<security::SecretStore>> secrets_of(const CommonOptions& common) {
  const auto root = TRY(project_root(common));
  const auto project = TRY(load_project(root, common.target, Printed::errors));
  io::keep_files_private();
  return open_secrets(
      project.settings,
      {io::local_file_system(), io::system_clock(), root, root / project.settings.data_folder, {}});
}

}  // namespace

int run_secret_set(const CommonOptions& common, const SecretOptions& options) {
  const auto secrets = secrets_of(common);
  if (!secrets) return fail_command(common, secrets.error());
  if (const Status named = security::check_secret_name(options.name); !named)
    return fail_command(common, named.error());
  const auto value = read_value(options.name);
  if (!value) return fail_command(common, value.error());
  if (const Status set = (*secrets)->set(options.name, *value); !set)
    return fail_command(common, set.error());
  if (common.is_json) {
    fmt::print("{}\n", nlohmann::json{{"name", options.name}}.dump());
  } else {
    fmt::print("{} {}: what names it uses the new value from its next use on\n", colored("set", Color::green),
               options.name);
  }
  return 0;
}

int run_secret_list(const CommonOptions& common) {
  const auto secrets = secrets_of(common);
  if (!secrets) return fail_command(common, secrets.error());
  const auto all = (*secrets)->list();
  if (!all) return fail_command(common, all.error());
  if (common.is_json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& info : *all) {
      nlohmann::json item = {{"name", info.name}};
      if (info.changed_at_us) item["changed_at"] = io::to_iso8601(*info.changed_at_us);
      list.push_back(std::move(item));
    }
    fmt::print("{}\n", nlohmann::json{{"secrets", list}}.dump());
    return 0;
  }
  if (all->empty()) fmt::print("there are no secrets: anabranch secret set NAME\n");
  std::vector<std::vector<std::string>> rows;
  for (const auto& info : *all)
    rows.push_back({info.name, info.changed_at_us ? io::to_iso8601(*info.changed_at_us) : ""});
  if (!rows.empty()) fmt::print("{}", table_text({"name", "changed at"}, rows, {false, false}));
  return 0;
}

int run_secret_remove(const CommonOptions& common, const SecretOptions& options) {
  const auto secrets = secrets_of(common);
  if (!secrets) return fail_command(common, secrets.error());
  if (const Status removed = (*secrets)->remove(options.name); !removed)
    return fail_command(common, removed.error());
  if (common.is_json) {
    fmt::print("{}\n", nlohmann::json{{"name", options.name}}.dump());
  } else {
    fmt::print("{} {}\n", colored("removed", Color::green), options.name);
  }
  return 0;
}

}  // namespace anabranch::app
