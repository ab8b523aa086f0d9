#include "base/wire.h"

#include <cmath>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace anabranch {
namespace {

enum class Colour { red, green, blue };

struct Inner {
  std::string name;
  std::optional<int64_t> rows;
  bool operator==(const Inner&) const = default;
};

struct Outer {
  bool is_new = false;
  Colour colour = Colour::red;
  int32_t small = 0;
  uint64_t large = 0;
  double share = 0;
  std::vector<Inner> inner;
  std::map<std::string, std::vector<int64_t>> offsets;
  std::set<std::string> names;
  std::pair<std::string, Colour> pair;
  std::optional<std::vector<std::optional<std::string>>> row;
  std::function<void()> listener = {};  // not sent
  bool operator==(const Outer& other) const {
    return std::tie(is_new, colour, small, large, share, inner, offsets, names, pair, row) ==
           std::tie(other.is_new, other.colour, other.small, other.large, other.share, other.inner,
                    other.offsets, other.names, other.pair, other.row);
  }
};

}  // namespace

template <>
struct wire::LastOf<Colour> {
  static constexpr Colour value = Colour::blue;
};
template <>
struct wire::Fields<Inner> : wire::AllFields<2> {};
template <>
struct wire::Fields<Outer> {
  static void of(auto& visit, auto& outer) {
    visit(outer.is_new, outer.colour, outer.small, outer.large, outer.share, outer.inner, outer.offsets,
          outer.names, outer.pair, outer.row);
  }
};

namespace {

Outer full() {
  Outer outer;
  outer.is_new = true;
  outer.colour = Colour::blue;
  outer.small = -7;
  outer.large = UINT64_MAX;
  outer.share = -0.1;
  outer.inner = {{"a", 1}, {std::string("\0b", 2), std::nullopt}};
  outer.offsets = {{"flights", {1, 2, INT64_MIN}}, {"weather", {}}};
  outer.names = {"", "x", "y"};
  outer.pair = {"p", Colour::green};
  outer.row = {std::nullopt, "v"};
  return outer;
}

TEST(Wire, WhatIsWrittenIsRead) {
  EXPECT_EQ(wire::decode<Outer>(wire::encode(full())).value(), full());
  EXPECT_EQ(wire::decode<Outer>(wire::encode(Outer())).value(), Outer());
  EXPECT_TRUE(std::isnan(wire::decode<double>(wire::encode(std::nan(""))).value()));
  using Arguments = std::tuple<std::string, bool>;
  EXPECT_EQ(wire::decode<Arguments>(wire::encode(Arguments("a", true))).value(), Arguments("a", true));
  EXPECT_TRUE(wire::decode<std::tuple<>>("").has_value());
}

TEST(Wire, WhatIsNoValueIsCorrupt) {
  const std::string bytes = wire::encode(full());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto read = wire::decode<Outer>(bytes.substr(0, size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, Code::corrupt);
  }
  EXPECT_FALSE(wire::decode<Outer>(bytes + "x")) << "more than the value";
  EXPECT_FALSE(wire::decode<bool>("\x02"));
  EXPECT_FALSE(wire::decode<Colour>("\x03"));
  EXPECT_FALSE(wire::decode<std::optional<bool>>("\x02\x01"));
  // Keys twice, or not in their order.
  std::string entries = wire::encode(std::vector<std::string>{"b", "a"});
  EXPECT_FALSE(wire::decode<std::set<std::string>>(entries));
  entries = wire::encode(std::vector<std::pair<std::string, bool>>{{"a", true}, {"a", false}});
  EXPECT_FALSE((wire::decode<std::map<std::string, bool>>(entries)));
}

TEST(Wire, ALengthThatIsNotThereTakesNoMemory) {
  std::string bytes;
  put(bytes, uint32_t{0xFFFFFFFF});
  EXPECT_FALSE(wire::decode<std::string>(bytes + "abc"));
  EXPECT_FALSE(wire::decode<std::vector<Outer>>(bytes + "abc"));
  // Bytes that are there, but of more entries than a message may have.
  bytes.clear();
  put(bytes, static_cast<uint32_t>(wire::Reader::entries_max + 1));
  bytes.append(wire::Reader::entries_max + 1, '\0');
  EXPECT_FALSE(wire::decode<std::vector<std::optional<std::string>>>(bytes));
}

// Whatever comes is read to an end, and what is read as a value is one that would be written so.
TEST(Wire, RandomBytesAreNoHarm) {
  std::mt19937_64 random(20261127);
  const std::string whole = wire::encode(full());
  size_t values = 0;
  for (int run = 0; run < 200'000; ++run) {
    std::string bytes = whole;
    if (run % 4 == 0) {
      bytes.resize(random() % 64);
      for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? random() : random() % 3);
    } else {
      for (size_t changes = 1 + random() % 3; changes > 0; --changes)
        bytes[random() % bytes.size()] = static_cast<char>(random());
      if (run % 4 == 1) bytes.resize(random() % bytes.size());
    }
    const auto read = wire::decode<Outer>(bytes);
    if (!read) continue;
    ++values;
    ASSERT_EQ(wire::encode(*read), bytes);
  }
  EXPECT_GT(values, 1000u) << "too few were values for this to say anything";
}

}  // namespace
}  // namespace anabranch
