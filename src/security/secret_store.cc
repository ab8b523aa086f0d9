#include "security/secret_store.h"

#include <fmt/format.h>

#include "project/secret_text.h"

namespace anabranch::security {

Status check_secret_name(const std::string& name) {
  constexpr size_t letters_max = 63;
  if (project::is_outside_name(name) && name.size() <= letters_max) return {};
  return fail(Code::bad_input, fmt::format("'{}' cannot name a secret", name.substr(0, letters_max)),
              fmt::format("use letters, digits and _, first no digit, at most {}", letters_max));
}

Status check_secret_value(std::string_view value) {
  if (value.empty()) return fail(Code::bad_input, "a secret cannot be empty", "give its value");
  if (value.size() <= secret_bytes_max) return {};
  return fail(Code::bad_input,
              fmt::format("a secret of {} bytes is longer than {}", value.size(), secret_bytes_max),
              "keep it in a file of its own");
}

Error no_such_secret(const std::string& name, std::string hint) {
  return {Code::not_found, fmt::format("there is no secret {}", name), std::move(hint), {}};
}

}  // namespace anabranch::security
