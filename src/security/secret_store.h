#pragma once
// The port of the slot "secrets".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace anabranch::security {

struct SecretInfo {
  std::string name;
  std::optional<int64_t> changed_at_us;  // where the store knows it
};

/// What is kept from everybody but those who use it. Owner: the application. Any thread may call, any number
/// of programs may use the same secrets; each call sees what they are now. No error has a secret's value in
/// it. Every adapter passes secret_store_contract.h.
class SecretStore {
 public:
  virtual ~SecretStore() = default;

  /// What a secret holds. not_found when there is none of this name; refused, corrupt or unavailable when it
  /// cannot be known. Each says what to do.
  virtual Result<std::string> get(const std::string& name) = 0;
  /// The names that there are, sorted.
  virtual Result<std::vector<SecretInfo>> list() = 0;
  /// From now on the secret holds this; durable when it returns. bad_input: no name, or a value that is empty
  /// or longer than secret_bytes_max. refused where others keep them.
  virtual Status set(const std::string& name, std::string_view value) = 0;
  /// not_found when there is none. Durable when it returns.
  virtual Status remove(const std::string& name) = 0;
};

inline constexpr size_t secret_bytes_max = 64 << 10;

/// bad_input unless it can name a secret.
Status check_secret_name(const std::string& name);
Status check_secret_value(std::string_view value);
/// not_found, with `hint`.
Error no_such_secret(const std::string& name, std::string hint);

}  // namespace anabranch::security
