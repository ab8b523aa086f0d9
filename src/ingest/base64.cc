#include "ingest/base64.h"

#include <array>
#include <cstdint>

namespace anabranch::ingest {
namespace {

constexpr uint8_t no_digit = 0xff;

constexpr std::array<uint8_t, 256> digits() {
  std::array<uint8_t, 256> table{};
  table.fill(no_digit);
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  return table;
}

}  // namespace

bool decode_base64(std::string_view text, std::string& out) {
  static constexpr std::array<uint8_t, 256> table = digits();
  if (text.size() % 4 != 0) return false;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  uint32_t bits = 0;
  const size_t count = text.size() - padding;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t digit = table[static_cast<uint8_t>(text[i])];
    if (digit == no_digit) return false;
    bits = bits << 6 | digit;
    if (i % 4 == 3) {
      out += static_cast<char>(bits >> 16);
      out += static_cast<char>(bits >> 8);
      out += static_cast<char>(bits);
      bits = 0;
    }
  }
  // Bits left over must be 0, else two texts would stand for the same bytes.
  if (padding == 1) {
    if ((bits & 0x3) != 0) return false;
    out += static_cast<char>(bits >> 10);
    out += static_cast<char>(bits >> 2);
  } else if (padding == 2) {
    if ((bits & 0xf) != 0) return false;
    out += static_cast<char>(bits >> 4);
  }
  return true;
}

}  // namespace anabranch::ingest
