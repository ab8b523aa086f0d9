#include "history/archive_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "sql/parquet_file.h"

namespace anabranch::history {

Status ArchiveFiles::look() {
  auto session = TRY(database_.connect());
  const auto found = TRY(session.query(
      fmt::format("SELECT file_name, min(stats_min_value::BIGINT), max(stats_max_value::BIGINT) + 1 FROM {} "
                  "WHERE path_in_schema = '_offset' GROUP BY file_name ORDER BY 2",
                  sql::parquet_metadata(archive_.files))));
  for (size_t i = 0; i < found.row_count(); ++i)
    files_.push_back({found.text(i, 0).value_or(""), {found.integer(i, 1), found.integer(i, 2)}});
  session_ = std::move(session);
  return {};
}

Result<std::vector<std::string>> ArchiveFiles::holding(model::OffsetRange range) {
  if (range.end > archive_.end)
    return fail_nowhere(partition_, {std::max(range.first, archive_.end), range.end});
  if (archive_.files.empty()) return fail_nowhere(partition_, range);
  if (!session_) TRY(look());
  std::vector<std::string> paths;
  for (const File& file : files_) {
    if (file.range.first < range.end && file.range.end > range.first) paths.push_back(file.path);
  }
  TRY(check(paths, range));
  return paths;
}

// A replay must not lose what a file lost.
Status ArchiveFiles::check(const std::vector<std::string>& files, model::OffsetRange range) {
  if (files.empty()) return fail_nowhere(partition_, range);
  const auto found = TRY(session_->query(
      fmt::format("SELECT count(*), count(DISTINCT _offset) FROM {} WHERE _partition = {} AND _offset >= {} "
                  "AND _offset < {}",
                  sql::read_files("read_parquet", files), partition_.number, range.first, range.end)));
  if (found.integer(0, 0) == range.size() && found.integer(0, 1) == range.size()) return {};
  return fail(
      Code::corrupt,
      fmt::format("{}: the archive has {} events with {} offsets from {} to {}", partition_.describe(),
                  found.integer(0, 0), found.integer(0, 1), range.first, range.end - 1),
      fmt::format("restore lake/bronze/{} from a backup, then restart or build",
                  partition_.stream.bare_name()));
}

}  // namespace anabranch::history
