#include "project/secret_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::project {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  if (what.empty()) return;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

}  // namespace

bool is_outside_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

Result<std::string> SecretText::filled(const Secrets& holds) const {
  std::string out;
  size_t at = 0;
  for (const SecretName& secret : secrets) {
    out += text.substr(at, secret.begin - at);
    out += TRY(holds(secret.name));
    at = secret.begin + secret.bytes;
  }
  return out + text.substr(at);
}

Error SecretText::hidden(Error error, const Secrets& holds) const {
  for (const SecretName& secret : secrets) {
    const auto value = holds(secret.name);
    if (!value) continue;
    const std::string name = fmt::format("${{secret:{}}}", secret.name);
    replace_all(error.message, *value, name);
    replace_all(error.hint, *value, name);
    if (error.place) replace_all(error.place->file, *value, name);
  }
  return error;
}

}  // namespace anabranch::project
