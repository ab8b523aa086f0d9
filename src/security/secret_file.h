#pragma once

#include <map>

#include "io/clock.h"
#include "io/file_system.h"
#include "security/secret_key.h"
#include "security/secret_store.h"

namespace anabranch::security {

/// Secrets in one encrypted file (FORMAT.md): the embedded default of the slot "secrets". Each call reads the
/// file, so that what another program has set is seen.
class SecretFile final : public SecretStore {
 public:
  /// All outlive it. The file and the key are made by the first set().
  SecretFile(io::FileSystem& files, io::Clock& clock, io::Path path, KeyPlace keys)
      : files_(files), clock_(clock), path_(std::move(path)), keys_(std::move(keys)) {}

  Result<std::string> get(const std::string& name) override;
  Result<std::vector<SecretInfo>> list() override;
  /// conflict: another program changes the file right now.
  Status set(const std::string& name, std::string_view value) override;
  Status remove(const std::string& name) override;

 private:
  struct Secret {
    std::string value;
    int64_t changed_at_us = 0;
  };
  using Secrets = std::map<std::string, Secret>;

  Result<Secrets> read();
  Status write(const Secrets& secrets, const SecretKey& key);
  std::unexpected<Error> damaged(std::string_view how) const;

  io::FileSystem& files_;
  io::Clock& clock_;
  const io::Path path_;
  KeyPlace keys_;
};

}  // namespace anabranch::security
