#pragma once
// FNV-1a, 64 bits (Fowler, Noll, Vo): a short name for a text. Not against malice.

#include <cstdint>
#include <string_view>

namespace anabranch {

constexpr uint64_t fnv1a(std::string_view bytes, uint64_t before = 0xcbf29ce484222325u) {
  for (const char c : bytes) before = (before ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return before;
}

}  // namespace anabranch
