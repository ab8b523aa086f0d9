#include "lake/data_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"

namespace anabranch::lake {

std::string data_file_name(std::string_view build_id, int index) {
  ANABRANCH_ASSERT(!build_id.empty() && build_id.find('/') == std::string_view::npos && index >= 0);
  return fmt::format("part-{:05}-{}.parquet", index, build_id);
}

bool is_data_file_of_ours(std::string_view path) {
  static const std::string pattern = data_file_name("00000000T000000.000Z-0000", 0);
  return path.size() == pattern.size() &&
         std::equal(path.begin(), path.end(), pattern.begin(), [](char c, char like) {
           const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           return like == '0' ? is_digit : c == like;
         });
}

}  // namespace anabranch::lake
