#include "security/secret_file.h"

#include <map>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "security/secret_store_contract.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::security {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* other_key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

class SecretFileTest : public ::testing::Test {
 protected:
  SecretFile store() {
    return {files_, io::system_clock(), path_, KeyPlace(files_, [this](const std::string& name) {
              const auto found = variables_.find(name);
              return found == variables_.end() ? std::nullopt : std::optional(found->second);
            })};
  }
  std::string bytes() { return files_.read_file(path_).value(); }
  void write(const std::string& bytes) { files_.write_atomically(path_, bytes).value(); }
  void write_with_checksum(std::string bytes) {
    bytes.resize(bytes.size() - 4);
    put(bytes, crc32c(bytes));
    write(bytes);
  }
  Error error_of_get() {
    const auto got = store().get("A");
    EXPECT_FALSE(got);
    return got ? Error{} : got.error();
  }

  test::TemporaryFolder folder_;
  io::FileSystem& files_ = io::local_file_system();
  const io::Path path_ = folder_ / "data" / "secrets";
  const io::Path key_ = folder_ / "config" / "anabranch" / "secrets.key";
  std::map<std::string, std::string> variables_ = {{"XDG_CONFIG_HOME", (folder_ / "config").string()}};
};

TEST_F(SecretFileTest, KeepsTheContract) {
  SecretFile first = store();
  SecretFile other = store();  // as another program has it
  check_secret_store_contract({first, [&](auto& name, auto& value) { ASSERT_TRUE(other.set(name, value)); },
                               [&](auto& name) { ASSERT_TRUE(other.remove(name)); }});
}

TEST_F(SecretFileTest, NothingCanBeReadInTheFile) {
  ASSERT_TRUE(store().set("PASSWORD", "m4rk3r"));
  EXPECT_THAT(bytes(), Not(HasSubstr("m4rk3r")));
  EXPECT_THAT(bytes(), Not(HasSubstr("PASSWORD")));
  const std::string before = bytes();
  ASSERT_TRUE(store().set("PASSWORD", "m4rk3r"));
  EXPECT_NE(bytes().substr(40), before.substr(40)) << "the same under a new nonce";
}

TEST_F(SecretFileTest, TheKeyIsItsOwners) {
  ASSERT_TRUE(store().set("A", "1"));
  struct stat found = {};
  ASSERT_EQ(::stat(key_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0077, 0u);
  ASSERT_EQ(::chmod(key_.c_str(), 0640), 0);
  const Error error = error_of_get();
  EXPECT_EQ(error.code, Code::refused);
  EXPECT_THAT(error.describe(), HasSubstr("chmod 600"));
}

TEST_F(SecretFileTest, AKeyOfTheEnvironmentComesFirst) {
  variables_[KeyPlace::variable] = other_key;
  ASSERT_TRUE(store().set("A", "1"));
  EXPECT_FALSE(files_.exists(key_).value()) << "none is made";
  variables_.clear();
  EXPECT_EQ(error_of_get().code, Code::unavailable);
  EXPECT_THAT(error_of_get().describe(), HasSubstr(KeyPlace::variable));
  variables_[KeyPlace::variable] = std::string(other_key) + "\n";
  EXPECT_EQ(store().get("A").value(), "1");
}

TEST_F(SecretFileTest, AWrongKeyIsNoDamage) {
  ASSERT_TRUE(store().set("A", "1"));
  variables_[KeyPlace::variable] = other_key;
  const Error error = error_of_get();
  EXPECT_EQ(error.code, Code::refused);
  EXPECT_THAT(error.message, HasSubstr("another key (id "));
  EXPECT_THAT(error.message, Not(HasSubstr(other_key)));
  EXPECT_EQ(store().set("B", "2").error().code, Code::refused) << "what is there is not thrown away";
  EXPECT_EQ(store().remove("A").error().code, Code::refused);
  variables_.erase(KeyPlace::variable);
  EXPECT_EQ(store().get("A").value(), "1");
  variables_[KeyPlace::variable] = "1234";
  EXPECT_EQ(error_of_get().code, Code::bad_input);
}

TEST_F(SecretFileTest, DamageIsFoundWhereverItIs) {
  ASSERT_TRUE(store().set("A", "1"));
  const std::string whole = bytes();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    write(damaged);
    const Error error = error_of_get();
    // A version that is not known cannot be told from a damaged one by this program.
    EXPECT_EQ(error.code, i >= 8 && i < 12 && damaged[8] != '\0' ? Code::refused : Code::corrupt) << i;
    EXPECT_NE(error.hint, "");
  }
  for (size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_EQ(error_of_get().code, Code::corrupt) << size;
  }
  write(whole + "x");
  EXPECT_EQ(error_of_get().code, Code::corrupt);
  write(whole);
  EXPECT_EQ(store().get("A").value(), "1");
}

TEST_F(SecretFileTest, WhatIsForgedIsDamage) {
  ASSERT_TRUE(store().set("A", "1"));
  const std::string whole = bytes();
  for (const size_t at : {size_t{20}, size_t{40}, whole.size() - 5}) {  // nonce, ciphertext, tag
    std::string forged = whole;
    forged[at] = static_cast<char>(forged[at] ^ 1);
    write_with_checksum(forged);
    EXPECT_EQ(error_of_get().code, Code::corrupt) << at;
    EXPECT_THAT(error_of_get().message, HasSubstr("changed by somebody")) << at;
  }
  std::string newer = whole;
  newer[8] = 2;
  write_with_checksum(newer);
  EXPECT_EQ(error_of_get().code, Code::refused);
  EXPECT_THAT(error_of_get().message, HasSubstr("newer version"));
}

}  // namespace
}  // namespace anabranch::security
