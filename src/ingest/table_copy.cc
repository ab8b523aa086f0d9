#include "ingest/table_copy.h"

#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ingest/excerpt.h"
#include "lake/type_mapping.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"

namespace anabranch::ingest {

using nlohmann::json;

std::string TableCopyJob::to_json() const {
  json list = json::array();
  for (const Column& column : columns) list.push_back({column.name, column.from, column.type});
  json document = {
      {"table", table},  {"paths", paths},   {"shown", shown},         {"root", root},
      {"kind", kind},    {"format", format}, {"null_text", null_text}, {"source_table", source_table},
      {"columns", list}, {"target", target}};
  if (delimiter) document["delimiter"] = *delimiter;
  if (has_header) document["has_header"] = *has_header;
  return document.dump();
}

Result<TableCopyJob> TableCopyJob::from_json(std::string_view text) {
  try {
    const json document = json::parse(text);
    TableCopyJob job;
    job.table = document.at("table");
    job.paths = document.at("paths");
    job.shown = document.at("shown");
    job.root = document.at("root");
    job.kind = document.at("kind");
    job.source_table = document.at("source_table");
    job.format = document.at("format");
    job.null_text = document.at("null_text");
    for (const auto& column : document.at("columns"))
      job.columns.push_back({column[0], column[1], column[2]});
    job.target = document.at("target");
    if (document.contains("delimiter")) job.delimiter = document["delimiter"];
    if (document.contains("has_header")) job.has_header = document["has_header"];
    return job;
  } catch (const json::exception& error) {
    return fail(Code::bad_input, fmt::format("a copy job cannot be read: {}", error.what()));
  }
}

std::vector<TableInput> TableCopyJob::inputs() const {
  std::vector<TableInput> inputs;
  for (size_t i = 0; i < paths.size(); ++i) {
    const std::string& path = paths[i];
    const bool is_below = !root.empty() && path.starts_with(root + "/");
    inputs.push_back({path, i < shown.size() ? shown[i] : is_below ? path.substr(root.size() + 1) : path});
  }
  return inputs;
}

Result<std::vector<TableColumn>> TableCopyJob::declared() const {
  std::vector<TableColumn> declared;
  for (const Column& column : columns) {
    declared.push_back({column.name, column.from, std::nullopt});
    if (!column.type.empty()) declared.back().type = TRY(model::Type::parse(column.type));
  }
  return declared;
}

std::string TableCopyResult::to_json() const {
  json list = json::array();
  for (const auto& column : columns) list.push_back({column.name, column.type});
  return json{
      {"rows", rows}, {"columns", list}, {"content_hash", content_hash}, {"memory_bytes", memory_bytes}}
      .dump();
}

Result<TableCopyResult> TableCopyResult::from_json(std::string_view text) {
  try {
    const json document = json::parse(text);
    TableCopyResult result;
    result.rows = document.at("rows");
    result.content_hash = document.at("content_hash");
    result.memory_bytes = document.at("memory_bytes");
    for (const auto& column : document.at("columns")) result.columns.push_back({column[0], column[1]});
    return result;
  } catch (const json::exception& error) {
    return fail(Code::internal, fmt::format("the result of a copy cannot be read: {}", error.what()));
  }
}

namespace {

// What a value takes in a table in memory, which compresses nothing; of what has no fixed width without its
// text.
constexpr int64_t text_width = 5;

int64_t width_in_memory(std::string_view type) {
  static const std::map<std::string_view, int64_t> widths = {
      {"BOOLEAN", 1},  {"TINYINT", 1},  {"UTINYINT", 1}, {"SMALLINT", 2},  {"USMALLINT", 2},
      {"INTEGER", 4},  {"UINTEGER", 4}, {"FLOAT", 4},    {"DATE", 4},      {"BIGINT", 8},
      {"UBIGINT", 8},  {"DOUBLE", 8},   {"TIME", 8},     {"TIMESTAMP", 8}, {"TIMESTAMP WITH TIME ZONE", 8},
      {"HUGEINT", 16}, {"UUID", 16},    {"INTERVAL", 16}};
  if (const auto found = widths.find(type); found != widths.end()) return found->second;
  return type.starts_with("DECIMAL(") ? 16 : text_width;
}

Result<TableCopyResult> copy_rows(const TableCopyJob& job, TableSource& source) {
  const auto database = TRY(sql::Database::open({}));
  auto session = TRY(database->connect());
  const SourceRows rows = TRY(source.open(*database, session));
  for (const auto& column : rows.columns) TRY(check_table_column_name(column.name));
  TRY(lake::check_columns(rows.columns));
  TableCopyResult result;
  result.columns = rows.columns;
  const std::string select = TRY(lake::select_for_parquet(result.columns, rows.select));
  const std::string temporary = job.target + ".tmp";
  auto copied = sql::write_parquet(session, select, temporary);
  if (!copied) {
    (void)io::local_file_system().remove(temporary);
    return fail(source.cause_of(session, copied.error()));
  }
  result.rows = *copied;
  std::string names;
  std::string texts;
  int64_t row_bytes = 8;  // its number
  for (const auto& column : result.columns) {
    const std::string name = sql::quote_identifier(column.name);
    names += ", " + name;
    const int64_t width = width_in_memory(column.type);
    row_bytes += width;
    if (width == text_width) texts += fmt::format(" + coalesce(strlen({}::VARCHAR), 0)", name);
  }
  const auto hash = TRY(session.query(fmt::format(
      "SELECT coalesce(sum(hash({}{})::HUGEINT), 0)::VARCHAR, coalesce(sum(0{}), 0)::BIGINT FROM {}",
      sql::row_number_column, names, texts, sql::read_numbered(temporary, result.columns))));
  result.content_hash = fmt::format("{}-{}", result.rows, hash.text(0, 0).value_or(""));
  result.memory_bytes = result.rows * row_bytes + hash.integer(0, 1);
  TRY(io::local_file_system().rename(temporary, job.target));
  return result;
}

}  // namespace

Result<TableCopyResult> copy_table(const TableCopyJob& job, TableSource& source) {
  auto copied = copy_rows(job, source);
  if (!copied) return in_context(std::move(copied), fmt::format("table {}", job.table));
  return copied;
}

}  // namespace anabranch::ingest
