#include "project/environment.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace anabranch::project {
namespace {

constexpr std::string_view env = "${env:";
constexpr std::string_view secret = "${secret:";
// The key of secrets, and secrets themselves: what a file names is shown to who may see the file.
constexpr std::string_view secret_variables = "ANABRANCH_SECRET";
constexpr std::string_view escaped = "$${";

class Text {
 public:
  Text(const YamlNode& node, const Environment& environment, Problems& problems)
      : node_(node), environment_(environment), problems_(problems) {}

  SecretText filled() {
    std::string text = filled_text();
    return {std::move(text), std::move(secrets_)};
  }

 private:
  std::string filled_text() {
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
        const size_t end = rest.find('}');
        if (end == rest.npos) {
          problems_.error(node_.place, fmt::format("'{}' has no closing brace", rest),
                          "write ${secret:NAME}, or $${ where no secret is meant");
          return out;
        }
        const std::string name(rest.substr(secret.size(), end - secret.size()));
        if (!is_outside_name(name)) {
          problems_.error(node_.place, fmt::format("'{}' cannot name a secret", name),
                          "use letters, digits and _, first no digit");
        }
        secrets_.push_back({name, out.size(), end + 1});
        out += rest.substr(0, end + 1);
        at += end + 1;
      } else {
        out += text[at++];
      }
    }
    return out;
  }

  std::string value_of(std::string_view inside) {
    constexpr std::string_view else_sign = ":-";
    const size_t sign = inside.find(else_sign);
    const std::string name(inside.substr(0, sign));
    if (!is_outside_name(name)) {
      problems_.error(node_.place, fmt::format("'{}' cannot name an environment variable", name),
                      "use letters, digits and _, first no digit");
      return {};
    }
    if (name.starts_with(secret_variables)) {
      problems_.error(node_.place,
                      fmt::format("{} holds secrets, and cannot stand in a project's files", name),
                      "name a secret: ${secret:NAME}");
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
  std::vector<SecretName> secrets_;
};

void fill(YamlNode& node, const Environment& environment, Problems& problems,
          const std::vector<std::string>& secret_keys, bool may_name_secrets) {
  if (node.is_scalar() && node.text.find("${") != std::string::npos) {
    SecretText filled = Text(node, environment, problems).filled();
    if (filled.has_secrets() && !may_name_secrets) {
      problems.error(
          node.place,
          fmt::format("the secret {} cannot stand here: this value is shown to people",
                      filled.secrets.front().name),
          secret_keys.empty()
              ? "give what people may see in the environment: ${env:NAME}; or write $${ where none is meant"
              : fmt::format("it can stand in {}; what people may see can be ${{env:NAME}}",
                            fmt::join(secret_keys, " and ")));
    }
    node.text = std::move(filled.text);
    node.secrets = std::move(filled.secrets);
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    const bool is_secret_key =
        node.is_map() && std::ranges::find(secret_keys, node.keys[i].text) != secret_keys.end();
    const bool is_in_list = node.kind == YamlNode::Kind::sequence && may_name_secrets;
    fill(node.items[i], environment, problems, secret_keys, is_secret_key || is_in_list);
  }
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void put_in_environment(YamlNode& root, const Environment& environment, Problems& problems,
                        const std::vector<std::string>& secret_keys) {
  fill(root, environment, problems, secret_keys, false);
}

std::set<std::string> environment_names(std::string_view text) {
  std::set<std::string> names;
  for (size_t at = text.find(env); at != text.npos; at = text.find(env, at)) {
    at += env.size();
    names.emplace(text.substr(at, text.find_first_of(":}", at) - at));
  }
  return names;
}

}  // namespace anabranch::project
