#pragma once
// CRC-32C (Castagnoli), RFC 3720 appendix B.4: polynomial 0x1EDC6F41, reflected, initial and final value all
// ones.

#include <cstdint>
#include <string_view>

namespace anabranch {

/// The checksum of bytes, continuing from the checksum of what came before them (0: nothing).
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace anabranch
