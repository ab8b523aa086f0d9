#pragma once

#include <span>
#include <string_view>

namespace anabranch::catalog {

/// One step of the catalogue's tables from version - 1 to version. Never changed once it was released: what
/// is wrong in it, the next one mends. Numbers count from 1 without gaps.
struct Migration {
  int version = 0;
  std::string_view name;
  std::string_view sql;
};

/// All migrations of this program, in order.
std::span<const Migration> migrations();

}  // namespace anabranch::catalog
