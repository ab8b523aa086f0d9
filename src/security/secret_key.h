#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/file_system.h"
#include "project/environment.h"

namespace anabranch::security {

/// What secrets are encrypted with.
struct SecretKey {
  std::array<unsigned char, 32> bytes = {};
  std::string origin;  // where it was found, for messages

  /// Tells keys apart, and says nothing of them.
  std::array<unsigned char, 8> id() const;
};

/// Where a user's key is: in the environment, or in a file that only its owner may read.
class KeyPlace {
 public:
  KeyPlace(io::FileSystem& files, project::Environment environment)
      : files_(files), environment_(std::move(environment)) {}

  /// Nothing when there is none. bad_input: it is no key; refused: others may read its file.
  Result<std::optional<SecretKey>> find();
  /// find(), and where there is none a new one in the file; durable when it returns.
  Result<SecretKey> find_or_make();
  /// not_found when nothing says where the user's files are.
  Result<io::Path> file() const;

  static constexpr const char* variable = "ANABRANCH_SECRETS_KEY";

 private:
  io::FileSystem& files_;
  const project::Environment environment_;
};

}  // namespace anabranch::security
