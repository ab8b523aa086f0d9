#include "ingest/table_copy.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ingest/excerpt.h"
#include "lake/type_mapping.h"
#include "model/column_name.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"

namespace anabranch::ingest {

using nlohmann::json;

std::string TableCopyJob::to_json() const {
  json document = {{"table", table},         {"paths", paths},     {"format", format},
                   {"null_text", null_text}, {"columns", columns}, {"target", target}};
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
    job.format = document.at("format");
    job.null_text = document.at("null_text");
    job.columns = document.at("columns");
    job.target = document.at("target");
    if (document.contains("delimiter")) job.delimiter = document["delimiter"];
    if (document.contains("has_header")) job.has_header = document["has_header"];
    return job;
  } catch (const json::exception& error) {
    return fail(Code::bad_input, fmt::format("a copy job cannot be read: {}", error.what()));
  }
}

std::string TableCopyResult::to_json() const {
  json list = json::array();
  for (const auto& column : columns) list.push_back({column.name, column.type});
  return json{{"rows", rows}, {"columns", list}, {"content_hash", content_hash}}.dump();
}

Result<TableCopyResult> TableCopyResult::from_json(std::string_view text) {
  try {
    const json document = json::parse(text);
    TableCopyResult result;
    result.rows = document.at("rows");
    result.content_hash = document.at("content_hash");
    for (const auto& column : document.at("columns")) result.columns.push_back({column[0], column[1]});
    return result;
  } catch (const json::exception& error) {
    return fail(Code::internal, fmt::format("the result of a copy cannot be read: {}", error.what()));
  }
}

namespace {

std::string source_sql(const TableCopyJob& job) {
  std::string columns;
  for (const auto& [name, type] : job.columns) {
    columns += fmt::format("{}{}: {}", columns.empty() ? "" : ", ", sql::quote_literal(name),
                           sql::quote_literal(type));
  }
  if (job.format == "parquet") return sql::read_files("read_parquet", job.paths, "union_by_name = true");
  if (job.format == "json") {
    const std::string types = columns.empty() ? "" : fmt::format(", columns = {{{}}}", columns);
    return sql::read_files("read_json", job.paths, "sample_size = -1" + types);
  }
  std::string options =
      "sample_size = -1, strict_mode = true, nullstr = " + sql::quote_literal(job.null_text);
  if (job.delimiter) options += ", delim = " + sql::quote_literal(*job.delimiter);
  if (job.has_header) options += fmt::format(", header = {}", *job.has_header);
  // Types by name, so that columns may stand in any order and those not named are sniffed.
  if (!columns.empty()) options += fmt::format(", types = {{{}}}", columns);
  return sql::read_files("read_csv", job.paths, options);
}

}  // namespace

Result<TableCopyResult> copy_table(const TableCopyJob& job) {
  const auto database = TRY(sql::Database::open({}));
  auto session = TRY(database->connect());
  const std::string source = "SELECT * FROM " + source_sql(job);
  auto described = session.describe(source);
  if (!described) return in_context(std::move(described), fmt::format("table {}", job.table));
  TableCopyResult result;
  result.columns = std::move(*described);
  for (const auto& [name, type] : job.columns) {
    bool is_there = false;
    for (auto& column : result.columns) {
      if (column.name != name) continue;
      is_there = true;
      column.type = type;
    }
    if (!is_there) {
      return fail(Code::bad_input,
                  fmt::format("table {}: {} has no column {}", job.table, job.paths.front(), name),
                  "correct the names under columns: in the source");
    }
  }
  for (const auto& column : result.columns) {
    const std::string why = model::lake_column_name_objection(column.name);
    if (why.empty()) continue;
    return fail(
        Code::bad_input,
        fmt::format("table {}: the column \"{}\": a column's name {}", job.table, excerpt(column.name), why),
        "rename it in the source");
  }
  TRY(lake::check_columns(result.columns));
  std::string typed;
  for (const auto& column : result.columns) {
    const std::string name = sql::quote_identifier(column.name);
    typed += fmt::format("{}CAST({} AS {}) AS {}", typed.empty() ? "" : ", ", name, column.type, name);
  }
  const std::string select =
      TRY(lake::select_for_parquet(result.columns, fmt::format("SELECT {} FROM ({})", typed, source)));
  const std::string temporary = job.target + ".tmp";
  auto copied = sql::write_parquet(session, select, temporary);
  if (!copied) {
    (void)io::local_file_system().remove(temporary);
    return in_context(std::move(copied), fmt::format("table {}", job.table));
  }
  result.rows = *copied;
  std::string names;
  for (const auto& column : result.columns) names += ", " + sql::quote_identifier(column.name);
  const auto hash = TRY(session.query(
      fmt::format("SELECT coalesce(sum(hash({}{})::HUGEINT), 0)::VARCHAR FROM {}", sql::row_number_column,
                  names, sql::read_numbered(temporary, result.columns))));
  result.content_hash = fmt::format("{}-{}", result.rows, hash.text(0, 0).value_or(""));
  TRY(io::local_file_system().rename(temporary, job.target));
  return result;
}

}  // namespace anabranch::ingest
