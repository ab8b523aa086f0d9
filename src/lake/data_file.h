#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace anabranch::lake {

/// A Parquet file of a table in the lake. Never changed once it was written.
struct DataFile {
  std::string path;  // below the table's folder
  int64_t size = 0;  // bytes
  int64_t rows = 0;  // -1: another program wrote it and does not say
  bool operator==(const DataFile&) const = default;
};

/// Whether only a build or a copy of ours gives a file this name: its id is one of build_id_of().
bool is_data_file_of_ours(std::string_view path);

/// The name for the file of a build (or copy) with this index, e.g. "part-00000-<build_id>.parquet". Builds
/// have different ids, so no two files of a table share a name.
std::string data_file_name(std::string_view build_id, int index);

}  // namespace anabranch::lake
