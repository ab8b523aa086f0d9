#include "security/secret_key.h"

#include <cstring>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "io/private_folder.h"
#include "io/random.h"

namespace anabranch::security {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<SecretKey> parse_key(std::string_view text, const std::string& origin) {
  while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.remove_suffix(1);
  SecretKey key{{}, origin};
  bool is_key = text.size() == 2 * key.bytes.size();
  for (size_t i = 0; is_key && i < key.bytes.size(); ++i) {
    const int high = digit_of(text[2 * i]);
    const int low = digit_of(text[2 * i + 1]);
    is_key = high >= 0 && low >= 0;
    key.bytes[i] = static_cast<unsigned char>(high * 16 + low);
  }
  if (is_key) return key;
  return fail(Code::bad_input, fmt::format("{} holds no key of secrets", origin),
              "a key has 64 hexadecimal digits; restore it from a backup");
}

}  // namespace

std::array<unsigned char, 8> SecretKey::id() const {
  std::string text = "anabranch secrets key 1";
  text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::array<unsigned char, 8> id = {};
  std::memcpy(id.data(), digest, id.size());
  return id;
}

Result<io::Path> KeyPlace::file() const {
  if (const auto config = environment_("XDG_CONFIG_HOME"); config && !config->empty())
    return io::Path(*config) / "anabranch" / "secrets.key";
  if (const auto home = environment_("HOME"); home && !home->empty())
    return io::Path(*home) / ".config" / "anabranch" / "secrets.key";
  return fail(Code::not_found,
              "there is no place for the key of secrets: neither XDG_CONFIG_HOME nor HOME is set",
              fmt::format("set one of them, or give the key in {}", variable));
}

Result<std::optional<SecretKey>> KeyPlace::find() {
  if (const auto text = environment_(variable); text && !text->empty())
    return std::optional(TRY(parse_key(*text, fmt::format("the variable {}", variable))));
  const auto path = file();
  if (!path) return std::optional<SecretKey>();
  const auto text = files_.read_file(*path);
  if (!text && text.error().code == Code::not_found) return std::optional<SecretKey>();
  if (!text) return fail(text.error());
  if (TRY(io::may_others_read(*path))) {
    return fail(Code::refused, fmt::format("others may read {}, the key of secrets", path->string()),
                fmt::format("run: chmod 600 '{}'", path->string()));
  }
  return std::optional(TRY(parse_key(*text, path->string())));
}

Result<SecretKey> KeyPlace::find_or_make() {
  if (auto found = TRY(find())) return std::move(*found);
  const io::Path path = TRY(file());
  std::string text;
  for (int i = 0; i < 4; ++i) text += fmt::format("{:016x}", io::random_u64());
  io::keep_files_private();
  TRY(files_.create_folders(path.parent_path()));
  TRY(files_.sync_folder(path.parent_path().parent_path()));
  const Status created = files_.create_atomically(path, text + "\n");
  if (!created && created.error().code != Code::conflict) return fail(created.error());
  auto found = TRY(find());  // another process may have been first
  if (!found) return fail(Code::io, fmt::format("{} was written and is not there", path.string()));
  return std::move(*found);
}

}  // namespace anabranch::security
