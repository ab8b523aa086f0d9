#include "security/environment_secrets.h"

#include <map>

#include <gtest/gtest.h>

#include "security/secret_store_contract.h"

namespace anabranch::security {
namespace {

TEST(EnvironmentSecretsTest, KeepsTheContract) {
  std::map<std::string, std::string> variables = {{"HOME", "m4rk3r"}, {"ANABRANCH_SECRETS_KEY", "m4rk3r"}};
  EnvironmentSecrets store(
      [&](const std::string& name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      },
      [&] {
        std::vector<std::string> names;
        for (const auto& [name, value] : variables) names.push_back(name);
        return names;
      });
  check_secret_store_contract(
      {store, [&](auto& name, auto& value) { variables["ANABRANCH_SECRET_" + name] = value; },
       [&](auto& name) { variables.erase("ANABRANCH_SECRET_" + name); }, false});
}

TEST(EnvironmentSecretsTest, ReadsThoseOfThisProcess) {
  ASSERT_EQ(setenv("ANABRANCH_SECRET_TEST_X", "1", 1), 0);
  EnvironmentSecrets store;
  EXPECT_EQ(store.get("TEST_X").value(), "1");
  EXPECT_EQ(names_in(store), std::vector<std::string>{"TEST_X"});
  ASSERT_EQ(unsetenv("ANABRANCH_SECRET_TEST_X"), 0);
  EXPECT_EQ(store.get("TEST_X").error().code, Code::not_found);
}

}  // namespace
}  // namespace anabranch::security
