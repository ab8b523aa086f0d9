#include "project/environment.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace anabranch::project {
namespace {

constexpr std::string_view env = "${env:";
constexpr std::string_view secret = "${secret:";
constexpr std::string_view escaped = "$${";

bool is_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

class Text {
 public:
  Text(const YamlNode& node, const Environment& environment, Problems& problems)
      : node_(node), environment_(environment), problems_(problems) {}

  std::string filled() {
    const std::string_view text = node_.text;
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const std::string_view rest = text.substr(at);
      if (rest.starts_with(escaped)) {
        out += "${";
        at += escaped.size();
      } else if (rest.starts_with(env)) {
        const size_t end = rest.find('}');
        if (end == rest.npos) {
          problems_.error(node_.place, fmt::format("'{}' has no closing brace", rest),
                          "write ${env:NAME}, or $${ where no variable is meant");
          return out;
        }
        out += value_of(rest.substr(env.size(), end - env.size()));
        at += end + 1;
      } else if (rest.starts_with(secret)) {
        problems_.error(node_.place, "secrets cannot be named yet",
                        "give it in the environment: ${env:NAME}, or write $${ where none is meant");
        return out;
      } else {
        out += text[at++];
      }
    }
    return out;
  }

 private:
  std::string value_of(std::string_view inside) {
    constexpr std::string_view else_sign = ":-";
    const size_t sign = inside.find(else_sign);
    const std::string name(inside.substr(0, sign));
    if (!is_name(name)) {
      problems_.error(node_.place, fmt::format("'{}' cannot name an environment variable", name),
                      "use letters, digits and _, first no digit");
      return {};
    }
    const auto value = environment_(name);
    if (sign != inside.npos && (!value || value->empty()))
      return std::string(inside.substr(sign + else_sign.size()));
    if (value) return *value;
    problems_.error(node_.place, fmt::format("the environment variable {} is not set", name),
                    fmt::format("set it, or write what holds without it: ${{env:{}:-…}}", name));
    return {};
  }

  const YamlNode& node_;
  const Environment& environment_;
  Problems& problems_;
};

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void put_in_environment(YamlNode& root, const Environment& environment, Problems& problems) {
  if (root.is_scalar() && root.text.find("${") != std::string::npos)
    root.text = Text(root, environment, problems).filled();
  for (YamlNode& item : root.items) put_in_environment(item, environment, problems);
}

}  // namespace anabranch::project
