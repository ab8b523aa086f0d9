#include "ingest/bulk.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/mistake.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"

namespace anabranch::ingest {

std::string BulkFile::to_json() const {
  return nlohmann::json{
      {"file", name}, {"rows", rows}, {"bytes", bytes}, {"crc32c", crc32c}, {"columns", columns}}
      .dump();
}

Result<BulkFile> BulkFile::from_json(std::string_view text) {
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("file") || !document.contains("rows") ||
      !document.contains("columns")) {
    return fail(Code::corrupt, "the record of a bulk file has no file, rows and columns");
  }
  try {
    return BulkFile{document["file"], document["rows"], document.value("bytes", uint64_t{0}),
                    document.value("crc32c", 0u), document["columns"]};
  } catch (const nlohmann::json::exception& error) {
    return fail(Code::corrupt, fmt::format("the record of a bulk file cannot be read: {}", error.what()));
  }
}

Result<BulkFile> bulk_file(const log::Batch& batch) {
  const auto records = log::split_records(*batch.payload);
  if (batch.encoding != log::Encoding::bulk || !records || records->size() != 1) {
    return fail(Code::corrupt,
                fmt::format("the batch at offset {} does not name a bulk file", batch.base_offset));
  }
  return BulkFile::from_json((*records)[0]);
}

io::Path bulk_folder(const io::Path& stream_folder, model::Partition partition) {
  return stream_folder / std::to_string(partition) / "bulk";
}

std::string bulk_relation(const BulkFile& file, const io::Path& folder, const log::Batch& batch,
                          const model::Schema& schema, model::Offset from, model::Offset end) {
  std::vector<model::RelationColumn> there;
  for (const std::string& name : file.columns) there.push_back({name, ""});
  std::string columns;
  for (const auto& field : schema.fields) {
    const bool is_there =
        std::find(file.columns.begin(), file.columns.end(), field.stored_name()) != file.columns.end();
    columns += fmt::format("{}::{} AS {}, ", is_there ? sql::quote_identifier(field.stored_name()) : "NULL",
                           field.type.to_sql(), sql::quote_identifier(field.name));
  }
  const std::string offset = is_planted("rows of a bulk file come in reverse")
                                 ? fmt::format("{} - {}", batch.end_offset() - 1, sql::row_number_column)
                                 : fmt::format("{} + {}", batch.base_offset, sql::row_number_column);
  return fmt::format(
      "(SELECT {1}{2}::INTEGER AS _partition, {3} AS _offset, make_timestamptz({4}) AS _ingested_at, "
      "NULL::VARCHAR AS _raw FROM {5} WHERE {0} {8} {6} AND {0} < {7})",
      sql::row_number_column, columns, batch.partition, offset, batch.ingested_at_us,
      sql::read_numbered((folder / file.name).string(), there),
      std::max<model::Offset>(0, from - batch.base_offset),
      std::min<model::Offset>(end - batch.base_offset, batch.count),
      is_planted("the first row of a bulk file is lost") ? ">" : ">=");
}

}  // namespace anabranch::ingest
