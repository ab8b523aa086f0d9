#pragma once
// Plain values as bytes, for messages between processes of one program: both ends have the same definitions,
// so nothing is named and no version is told. Not for files. What is read is checked (lengths, enums, bools,
// the order of keys) and trusted in nothing: bytes that are not a value are corrupt, and take no memory that
// they do not fill themselves.
//
// Written are bool, integers, double, std::string, enums, std::optional, pair, tuple, vector, map, set, and
// records whose fields are said once (Fields) for both directions.

#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/result.h"

namespace anabranch::wire {

/// The fields of a record. Its specialisation has
///   static void of(auto& visit, auto& record) { visit(record.name, record.rows); }
/// which is used to write a record and to read one.
template <typename Record>
struct Fields;

/// The same for a record that is sent whole: its fields, in their order. The compiler holds it to their
/// number.
template <size_t count>
struct AllFields {
  static void of(auto& visit, auto& record) {
    if constexpr (count == 1) {
      auto& [a] = record;
      visit(a);
    } else if constexpr (count == 2) {
      auto& [a, b] = record;
      visit(a, b);
    } else if constexpr (count == 3) {
      auto& [a, b, c] = record;
      visit(a, b, c);
    } else if constexpr (count == 4) {
      auto& [a, b, c, d] = record;
      visit(a, b, c, d);
    } else if constexpr (count == 5) {
      auto& [a, b, c, d, e] = record;
      visit(a, b, c, d, e);
    } else if constexpr (count == 6) {
      auto& [a, b, c, d, e, f] = record;
      visit(a, b, c, d, e, f);
    } else if constexpr (count == 7) {
      auto& [a, b, c, d, e, f, g] = record;
      visit(a, b, c, d, e, f, g);
    } else if constexpr (count == 8) {
      auto& [a, b, c, d, e, f, g, h] = record;
      visit(a, b, c, d, e, f, g, h);
    } else if constexpr (count == 9) {
      auto& [a, b, c, d, e, f, g, h, i] = record;
      visit(a, b, c, d, e, f, g, h, i);
    } else if constexpr (count == 10) {
      auto& [a, b, c, d, e, f, g, h, i, j] = record;
      visit(a, b, c, d, e, f, g, h, i, j);
    } else if constexpr (count == 11) {
      auto& [a, b, c, d, e, f, g, h, i, j, k] = record;
      visit(a, b, c, d, e, f, g, h, i, j, k);
    } else if constexpr (count == 12) {
      auto& [a, b, c, d, e, f, g, h, i, j, k, l] = record;
      visit(a, b, c, d, e, f, g, h, i, j, k, l);
    } else if constexpr (count == 13) {
      auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = record;
      visit(a, b, c, d, e, f, g, h, i, j, k, l, m);
    } else {
      static_assert(count == 18, "write out this number of fields here");
      auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = record;
      visit(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);
    }
  }
};

/// `static constexpr Enum value`: the last one of an enum whose values are 0, 1, … without gaps.
template <typename Enum>
struct LastOf;

namespace detail {

template <template <typename...> class Kind, typename T>
inline constexpr bool is_a = false;
template <template <typename...> class Kind, typename... Parts>
inline constexpr bool is_a<Kind, Kind<Parts...>> = true;

template <typename T>
inline constexpr bool is_sequence = is_a<std::vector, T> || is_a<std::map, T> || is_a<std::set, T>;

}  // namespace detail

class Writer {
 public:
  template <typename... Values>
  void operator()(const Values&... values) {
    (write(values), ...);
  }
  std::string take() { return std::move(bytes_); }

 private:
  template <typename T>
  void write(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      put<uint8_t>(bytes_, value ? 1 : 0);
    } else if constexpr (std::is_enum_v<T>) {
      const auto number = static_cast<int64_t>(value);
      ANABRANCH_ASSERT(number >= 0 && number <= static_cast<int64_t>(LastOf<T>::value));
      put(bytes_, static_cast<uint8_t>(number));
    } else if constexpr (std::is_integral_v<T>) {
      put(bytes_, value);
    } else if constexpr (std::is_same_v<T, double>) {
      put(bytes_, std::bit_cast<uint64_t>(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      ANABRANCH_ASSERT(value.size() <= std::numeric_limits<uint32_t>::max());
      put_bytes(bytes_, value);
    } else if constexpr (detail::is_a<std::optional, T>) {
      write(value.has_value());
      if (value) write(*value);
    } else if constexpr (detail::is_a<std::pair, T> || detail::is_a<std::tuple, T>) {
      std::apply(*this, value);
    } else if constexpr (detail::is_sequence<T>) {
      ANABRANCH_ASSERT(value.size() <= std::numeric_limits<uint32_t>::max());
      put(bytes_, static_cast<uint32_t>(value.size()));
      for (const auto& element : value) write(element);
    } else {
      Fields<T>::of(*this, value);
    }
  }

  std::string bytes_;
};

class Reader {
 public:
  /// Of all sequences of a value together: an entry may take many times the memory of its bytes.
  static constexpr size_t entries_max = size_t{4} << 20;

  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  /// After bytes that are no value, nothing more is read.
  template <typename... Values>
  void operator()(Values&... values) {
    (read(values), ...);
  }
  /// All that was asked for was there, and nothing else.
  bool is_whole() const { return is_good() && bytes_.rest().empty(); }

 private:
  bool is_good() const { return bytes_.ok() && !is_wrong_; }

  template <typename T>
  void read(T& value) {
    if (!is_good()) return;
    if constexpr (std::is_same_v<T, bool>) {
      value = number_to(1) == 1;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(number_to(static_cast<uint8_t>(LastOf<T>::value)));
    } else if constexpr (std::is_integral_v<T>) {
      value = bytes_.get<T>();
    } else if constexpr (std::is_same_v<T, double>) {
      value = std::bit_cast<double>(bytes_.get<uint64_t>());
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = bytes_.get_bytes();
    } else if constexpr (detail::is_a<std::optional, T>) {
      value.reset();
      if (number_to(1) == 1) read(value.emplace());
    } else if constexpr (detail::is_a<std::pair, T> || detail::is_a<std::tuple, T>) {
      std::apply(*this, value);
    } else if constexpr (detail::is_sequence<T>) {
      value.clear();
      for (size_t left = entries(); left > 0 && is_good(); --left) read_entry(value);
    } else {
      Fields<T>::of(*this, value);
    }
  }

  template <typename T>
  void read_entry(std::vector<T>& values) {
    read(values.emplace_back());
  }
  template <typename Key, typename T>
  void read_entry(std::map<Key, T>& values) {
    Key key{};
    T value{};
    (*this)(key, value);
    is_wrong_ = is_wrong_ || (!values.empty() && !(values.rbegin()->first < key));
    if (is_good()) values.emplace_hint(values.end(), std::move(key), std::move(value));
  }
  template <typename Key>
  void read_entry(std::set<Key>& values) {
    Key key{};
    read(key);
    is_wrong_ = is_wrong_ || (!values.empty() && !(*values.rbegin() < key));
    if (is_good()) values.emplace_hint(values.end(), std::move(key));
  }

  uint8_t number_to(uint8_t last) {
    const auto number = bytes_.get<uint8_t>();
    is_wrong_ = is_wrong_ || number > last;
    return is_wrong_ ? 0 : number;
  }

  // Every entry has a byte at least, so there are never more of them than bytes.
  size_t entries() {
    const size_t count = bytes_.get<uint32_t>();
    is_wrong_ = is_wrong_ || count > bytes_.rest().size() || count > entries_max - entries_;
    if (is_wrong_) return 0;
    entries_ += count;
    return count;
  }

  ByteReader bytes_;
  size_t entries_ = 0;
  bool is_wrong_ = false;
};

template <typename T>
std::string encode(const T& value) {
  Writer writer;
  writer(value);
  return writer.take();
}

/// corrupt when the bytes are not one value of this type and no more.
template <typename T>
Result<T> decode(std::string_view bytes) {
  T value{};
  Reader reader(bytes);
  reader(value);
  if (!reader.is_whole())
    return fail(Code::corrupt, "a message between two processes is not what it should be");
  return value;
}

}  // namespace anabranch::wire
