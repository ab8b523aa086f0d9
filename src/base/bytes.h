#pragma once
// Little-endian numbers in byte strings, as all formats of ours have them.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace anabranch {

template <typename T>
void put(std::string& out, T value) {
  static_assert(std::is_integral_v<T>);
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));  // x86-64 and aarch64 are little-endian
  out.append(raw, sizeof(T));
}

template <typename T>
void put_at(std::string& out, size_t at, T value) {
  static_assert(std::is_integral_v<T>);
  std::memcpy(out.data() + at, &value, sizeof(T));
}

/// A length (u32) and the bytes.
inline void put_bytes(std::string& out, std::string_view bytes) {
  put(out, static_cast<uint32_t>(bytes.size()));
  out.append(bytes);
}

/// Reads numbers from the front of a byte string. After a read past the end, ok() is false and every read
/// gives 0.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T get() {
    T value{};
    if (rest_.size() < sizeof(T)) {
      ok_ = false;
      rest_ = {};
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }

  std::string_view get_bytes(size_t size) {
    if (rest_.size() < size) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  /// What put_bytes wrote.
  std::string_view get_bytes() { return get_bytes(get<uint32_t>()); }

  bool ok() const { return ok_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace anabranch
