#pragma once
// What every SecretStore does (law L6). Test-only.

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "security/secret_store.h"

namespace anabranch::security {

/// A store without secrets, and how somebody outside of this program puts secrets into it and takes them out.
struct SecretStoreForTests {
  SecretStore& store;
  std::function<void(const std::string& name, const std::string& value)> put;
  std::function<void(const std::string& name)> take;
  bool can_set = true;  // else others keep the secrets
};

inline std::vector<std::string> names_in(SecretStore& store) {
  std::vector<std::string> names;
  const auto all = store.list();
  EXPECT_TRUE(all) << all.error().describe();
  for (const SecretInfo& info : all.value_or(std::vector<SecretInfo>())) names.push_back(info.name);
  return names;
}

inline void check_secret_store_contract(const SecretStoreForTests& test) {
  SecretStore& store = test.store;
  const std::string marker = "m4rk3r \n\xc3\xa4=\"'";
  const auto is_without_value = [&](const Error& error) {
    EXPECT_EQ(error.describe().find("m4rk3r"), std::string::npos) << error.describe();
    EXPECT_NE(error.hint, "") << error.message;
  };

  EXPECT_EQ(names_in(store), std::vector<std::string>());
  const auto missing = store.get("NONE");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_NE(missing.error().message.find("NONE"), std::string::npos);
  is_without_value(missing.error());

  test.put("SECOND", "2");
  test.put("FIRST", marker);
  test.put("first", "another");
  EXPECT_EQ(names_in(store), (std::vector<std::string>{"FIRST", "SECOND", "first"})) << "letter case counts";
  EXPECT_EQ(store.get("FIRST").value(), marker);
  EXPECT_EQ(store.get("SECOND").value(), "2");
  EXPECT_EQ(store.get("first").value(), "another");
  test.put("FIRST", "new");
  EXPECT_EQ(store.get("FIRST").value(), "new") << "a value is read at each use";
  test.take("SECOND");
  EXPECT_EQ(store.get("SECOND").error().code, Code::not_found);
  EXPECT_EQ(names_in(store), (std::vector<std::string>{"FIRST", "first"}));

  for (const char* name : {"", "1a", "a-b", "a b", "${x}", "a/b", "\xc3\xa4"}) {
    EXPECT_EQ(store.get(name).error().code, Code::bad_input) << name;
    EXPECT_EQ(store.set(name, marker).error().code, Code::bad_input) << name;
    is_without_value(store.set(name, marker).error());
  }
  EXPECT_EQ(store.set("A", "").error().code, Code::bad_input);
  EXPECT_EQ(store.set("A", std::string(secret_bytes_max + 1, 'x')).error().code, Code::bad_input);
  EXPECT_EQ(store.remove("NONE").error().code, Code::not_found);

  if (test.can_set) {
    const std::string long_one(secret_bytes_max, '\xff');
    ASSERT_TRUE(store.set("A", long_one));
    EXPECT_EQ(store.get("A").value(), long_one) << "any bytes";
    ASSERT_TRUE(store.set("A", std::string("a\0b", 3)));
    EXPECT_EQ(store.get("A").value(), std::string("a\0b", 3));
    ASSERT_TRUE(store.remove("A"));
    EXPECT_EQ(store.get("A").error().code, Code::not_found);
  } else {
    EXPECT_EQ(store.set("A", marker).error().code, Code::refused);
    is_without_value(store.set("A", marker).error());
    EXPECT_EQ(store.get("A").error().code, Code::not_found);
    EXPECT_EQ(store.remove("FIRST").error().code, Code::refused);
    EXPECT_EQ(store.get("FIRST").value(), "new");
  }
}

}  // namespace anabranch::security
