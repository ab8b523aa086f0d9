#pragma once
// Values in which secrets are named. What a secret holds is never a part of a project: it is put in by
// whoever uses the value, at the moment of use, and is not kept.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace anabranch::project {

/// What a secret holds; not_found says how to give it one.
using Secrets = std::function<Result<std::string>(const std::string& name)>;

/// ${secret:NAME} in a text, by the bytes that it takes.
struct SecretName {
  std::string name;
  size_t begin = 0;
  size_t bytes = 0;
  bool operator==(const SecretName&) const = default;
};

/// [A-Za-z_][A-Za-z0-9_]*: a name of a secret, or of an environment variable.
bool is_outside_name(std::string_view text);

/// A text of a project's file that may name secrets.
struct SecretText {
  std::string text;                 // as people see it: with ${secret:NAME} in it
  std::vector<SecretName> secrets;  // in order

  /// The text with what the secrets hold.
  Result<std::string> filled(const Secrets& secrets) const;
  /// An error of somebody who used the filled text, as people may see it: what the secrets hold is replaced
  /// by their names in all of it.
  Error hidden(Error error, const Secrets& secrets) const;

  bool has_secrets() const { return !secrets.empty(); }
  bool operator==(const SecretText&) const = default;
};

}  // namespace anabranch::project
