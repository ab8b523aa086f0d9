#include "security/secret_file.h"

#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "io/private_folder.h"
#include "io/random.h"

namespace anabranch::security {
namespace {

constexpr std::string_view magic = "ANASECR\n";
constexpr uint32_t format_version = 1;
constexpr size_t id_bytes = 8;
constexpr size_t nonce_bytes = 12;
constexpr size_t tag_bytes = 16;
constexpr size_t crc_bytes = 4;
constexpr size_t head_bytes = 8 + 4 + id_bytes + nonce_bytes + 8;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string id_of(const SecretKey& key) {
  const auto id = key.id();
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

// The ciphertext and the tag behind it.
Result<std::string> encrypt(const SecretKey& key, std::string_view nonce, std::string_view head,
                            std::string_view plain) {
  const Context context(EVP_CIPHER_CTX_new());
  std::string out(plain.size() + tag_bytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  int size = 0;
  const bool is_done =
      context &&
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), bytes_of(nonce)) &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(head), static_cast<int>(head.size())) &&
      EVP_EncryptUpdate(context.get(), to, &size, bytes_of(plain), static_cast<int>(plain.size())) &&
      EVP_EncryptFinal_ex(context.get(), to + size, &size) &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, to + plain.size());
  if (is_done) return out;
  return fail(Code::internal, "secrets could not be encrypted");
}

// Nothing when the tag does not fit.
std::optional<std::string> decrypt(const SecretKey& key, std::string_view nonce, std::string_view head,
                                   std::string_view cipher, std::string_view tag) {
  const Context context(EVP_CIPHER_CTX_new());
  std::string out(cipher.size(), '\0');
  std::string expected(tag);
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  int size = 0;
  const bool is_done =
      context &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), bytes_of(nonce)) &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(head), static_cast<int>(head.size())) &&
      EVP_DecryptUpdate(context.get(), to, &size, bytes_of(cipher), static_cast<int>(cipher.size())) &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, expected.data()) &&
      EVP_DecryptFinal_ex(context.get(), to + size, &size) > 0;
  return is_done ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

std::unexpected<Error> SecretFile::damaged(std::string_view how) const {
  return fail(Code::corrupt, fmt::format("{}, the file of secrets, is damaged: {}", path_.string(), how),
              "restore it from a backup, or remove it and set the secrets anew: anabranch secret set NAME");
}

Result<SecretFile::Secrets> SecretFile::read() {
  const auto text = files_.read_file(path_);
  if (!text && text.error().code == Code::not_found) return Secrets();
  if (!text) return fail(text.error());
  const std::string_view bytes = *text;
  if (bytes.substr(0, magic.size()) != magic) return damaged("it does not begin as one");
  ByteReader head(bytes.substr(magic.size()));
  const auto version = head.get<uint32_t>();
  if (head.ok() && version > format_version) {
    return fail(Code::refused,
                fmt::format("{} was written by a newer version (format {}, this one knows {})",
                            path_.string(), version, format_version),
                "use the newer version");
  }
  const std::string_view id = head.get_bytes(id_bytes);
  const std::string_view nonce = head.get_bytes(nonce_bytes);
  const auto size = head.get<uint64_t>();
  if (!head.ok() || bytes.size() < head_bytes + tag_bytes + crc_bytes ||
      size != bytes.size() - head_bytes - tag_bytes - crc_bytes)
    return damaged("its length is wrong");
  ByteReader end(bytes.substr(bytes.size() - crc_bytes));
  if (end.get<uint32_t>() != crc32c(bytes.substr(0, bytes.size() - crc_bytes)))
    return damaged("its checksum does not fit");
  const auto key = TRY(keys_.find());
  if (!key) {
    const auto place = keys_.file();
    return fail(Code::unavailable,
                fmt::format("{} cannot be read: its key (id {}) is not here", path_.string(), hex(id)),
                fmt::format("put the key into {}{}{}", KeyPlace::variable, place ? ", or into " : "",
                            place ? place->string() : ""));
  }
  if (id_of(*key) != id) {
    return fail(Code::refused,
                fmt::format("{} was encrypted with another key (id {}) than the one in {} (id {})",
                            path_.string(), hex(id), key->origin, hex(id_of(*key))),
                "give the key that it was encrypted with, or remove the file and set the secrets anew");
  }
  const auto plain = decrypt(*key, nonce, bytes.substr(0, head_bytes), bytes.substr(head_bytes, size),
                             bytes.substr(head_bytes + size, tag_bytes));
  if (!plain) return damaged("it was changed by somebody who has no key");
  Secrets secrets;
  ByteReader reader(*plain);
  for (auto left = reader.get<uint32_t>(); left > 0 && reader.ok(); --left) {
    const std::string name(reader.get_bytes());
    Secret& secret = secrets[name];
    secret.value = reader.get_bytes();
    secret.changed_at_us = reader.get<int64_t>();
  }
  if (!reader.ok() || !reader.rest().empty()) return damaged("what it holds cannot be read");
  return secrets;
}

Status SecretFile::write(const Secrets& secrets, const SecretKey& key) {
  std::string plain;
  put(plain, static_cast<uint32_t>(secrets.size()));
  for (const auto& [name, secret] : secrets) {
    put_bytes(plain, name);
    put_bytes(plain, secret.value);
    put(plain, secret.changed_at_us);
  }
  std::string nonce;
  put(nonce, io::random_u64());
  put(nonce, static_cast<uint32_t>(io::random_u64()));
  std::string bytes(magic);
  put(bytes, format_version);
  bytes += id_of(key);
  bytes += nonce;
  put(bytes, static_cast<uint64_t>(plain.size()));
  bytes += TRY(encrypt(key, nonce, std::string(bytes), plain));
  put(bytes, crc32c(bytes));
  return files_.write_atomically(path_, bytes);
}

Result<std::string> SecretFile::get(const std::string& name) {
  TRY(check_secret_name(name));
  const Secrets secrets = TRY(read());
  if (const auto found = secrets.find(name); found != secrets.end()) return found->second.value;
  return fail(no_such_secret(name, fmt::format("give it a value: anabranch secret set {}", name)));
}

Result<std::vector<SecretInfo>> SecretFile::list() {
  std::vector<SecretInfo> all;
  for (const auto& [name, secret] : TRY(read())) all.push_back({name, secret.changed_at_us});
  return all;
}

Status SecretFile::set(const std::string& name, std::string_view value) {
  TRY(check_secret_name(name));
  TRY(check_secret_value(value));
  io::keep_files_private();
  if (!path_.parent_path().empty()) TRY(files_.create_folders(path_.parent_path()));
  const auto lock = TRY(files_.lock(path_.string() + ".lock", "secrets are being changed"));
  Secrets secrets = TRY(read());
  const SecretKey key = TRY(keys_.find_or_make());
  secrets[name] = {std::string(value), clock_.now_us()};
  return write(secrets, key);
}

Status SecretFile::remove(const std::string& name) {
  TRY(get(name));
  io::keep_files_private();
  const auto lock = TRY(files_.lock(path_.string() + ".lock", "secrets are being changed"));
  Secrets secrets = TRY(read());
  secrets.erase(name);
  return write(secrets, TRY(keys_.find_or_make()));
}

}  // namespace anabranch::security
