#include "security/environment_secrets.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

namespace anabranch::security {
namespace {

constexpr std::string_view prefix = "ANABRANCH_SECRET_";

std::string variable_of(const std::string& name) { return std::string(prefix) + name; }

}  // namespace

EnvironmentSecrets::EnvironmentSecrets(project::Environment environment,
                                       std::function<std::vector<std::string>()> names)
    : environment_(std::move(environment)), names_(std::move(names)) {}

Result<std::string> EnvironmentSecrets::get(const std::string& name) {
  TRY(check_secret_name(name));
  if (auto value = environment_(variable_of(name)); value && !value->empty()) return std::move(*value);
  return fail(no_such_secret(
      name, fmt::format("give the program the variable {} when it is started", variable_of(name))));
}

Result<std::vector<SecretInfo>> EnvironmentSecrets::list() {
  std::vector<SecretInfo> all;
  for (const std::string& variable : names_()) {
    if (!variable.starts_with(prefix)) continue;
    const std::string name = variable.substr(prefix.size());
    if (get(name)) all.push_back({name, std::nullopt});
  }
  std::ranges::sort(all, {}, &SecretInfo::name);
  return all;
}

Status EnvironmentSecrets::set(const std::string& name, std::string_view value) {
  TRY(check_secret_name(name));
  TRY(check_secret_value(value));
  return fail(Code::refused, "secrets come from the environment here, and cannot be set by this program",
              fmt::format("give the program the variable {} when it is started", variable_of(name)));
}

Status EnvironmentSecrets::remove(const std::string& name) {
  TRY(get(name));
  return fail(Code::refused, "secrets come from the environment here, and cannot be removed by this program",
              fmt::format("start it without the variable {}", variable_of(name)));
}

std::vector<std::string> EnvironmentSecrets::process_variables() {
  std::vector<std::string> names;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

}  // namespace anabranch::security
