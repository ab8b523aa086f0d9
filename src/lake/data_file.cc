#include "lake/data_file.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace anabranch::lake {

std::string data_file_name(std::string_view build_id, int index) {
  ANABRANCH_ASSERT(!build_id.empty() && build_id.find('/') == std::string_view::npos && index >= 0);
  return fmt::format("part-{:05}-{}.parquet", index, build_id);
}

}  // namespace anabranch::lake
