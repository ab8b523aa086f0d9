#pragma once

#include "project/environment.h"
#include "security/secret_store.h"

namespace anabranch::security {

/// Secrets that whoever starts the program gives it: NAME is the variable ANABRANCH_SECRET_NAME. They cannot
/// be changed from here.
class EnvironmentSecrets final : public SecretStore {
 public:
  /// `names` lists the variables that there are.
  explicit EnvironmentSecrets(project::Environment environment = project::process_environment,
                              std::function<std::vector<std::string>()> names = process_variables);

  Result<std::string> get(const std::string& name) override;
  Result<std::vector<SecretInfo>> list() override;
  Status set(const std::string& name, std::string_view value) override;
  Status remove(const std::string& name) override;

  /// The names of all variables of this process.
  static std::vector<std::string> process_variables();

 private:
  const project::Environment environment_;
  const std::function<std::vector<std::string>()> names_;
};

}  // namespace anabranch::security
