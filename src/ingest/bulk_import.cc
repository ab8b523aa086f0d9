#include "ingest/bulk_import.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/crc32c.h"
#include "base/mistake.h"
#include "ingest/declared_fields.h"
#include "ingest/excerpt.h"
#include "ingest/type_change.h"
#include "lake/type_mapping.h"
#include "model/column_name.h"
#include "sql/database.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"

namespace anabranch::ingest {

using nlohmann::json;

std::string BulkImportJob::to_json() const {
  return json{{"source", source}, {"folder", folder}, {"name", name}, {"schema", schema.to_json()}}.dump();
}

Result<BulkImportJob> BulkImportJob::from_json(std::string_view text) {
  try {
    const json document = json::parse(text);
    BulkImportJob job;
    job.source = document.at("source");
    job.folder = document.at("folder");
    job.name = document.at("name");
    job.schema = TRY(model::Schema::from_json(document.at("schema").get<std::string>()));
    return job;
  } catch (const json::exception& error) {
    return fail(Code::bad_input, fmt::format("an import job cannot be read: {}", error.what()));
  }
}

std::string BulkImportResult::to_json() const {
  json rejected = json::array();
  for (const auto& reject : rejects) rejected.push_back({reject.reason, reject.raw});
  model::Schema fields;
  fields.fields = new_fields;
  return json{{"file", file.to_json()}, {"rejects", rejected}, {"new_fields", fields.to_json()}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

Result<BulkImportResult> BulkImportResult::from_json(std::string_view text) {
  try {
    const json document = json::parse(text);
    BulkImportResult result;
    result.file = TRY(BulkFile::from_json(document.at("file").get<std::string>()));
    for (const auto& reject : document.at("rejects")) result.rejects.push_back({reject[0], reject[1]});
    result.new_fields = TRY(model::Schema::from_json(document.at("new_fields").get<std::string>())).fields;
    return result;
  } catch (const json::exception& error) {
    return fail(Code::internal, fmt::format("the result of an import cannot be read: {}", error.what()));
  }
}

namespace {

constexpr int64_t rejects_max = 100'000;

// As for JSON: integers become bigint, other numbers double, nested values json.
std::string evolved_type(const std::string& type) {
  for (const char* integer :
       {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}) {
    if (type == integer) return "BIGINT";
  }
  if (type.ends_with("]") || type.starts_with("STRUCT") || type.starts_with("MAP")) return "JSON";
  if (type == "FLOAT" || type == "DOUBLE" || type.starts_with("DECIMAL")) return "DOUBLE";
  for (const char* kept :
       {"BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "VARCHAR", "HUGEINT", "UBIGINT"}) {
    if (type == kept) return type;
  }
  return "VARCHAR";
}

}  // namespace

Result<BulkImportResult> import_bulk(const BulkImportJob& job) {
  sql::Database::Options options;
  options.threads = 2;
  const auto database = TRY(sql::Database::open(options));
  auto session = TRY(database->connect());
  auto described = session.describe("SELECT * FROM " + sql::read_files("read_parquet", {job.source}));
  if (!described) {
    return fail(Code::bad_input,
                fmt::format("{} cannot be read as Parquet: {}", job.source, described.error().message),
                "check that the file is whole and a Parquet file");
  }
  TRY(prepare_type_changes(session));
  const std::string source = sql::read_numbered(job.source, *described);
  BulkImportResult result;
  std::map<std::string, std::string> types;
  for (const auto& column : *described) types[column.name] = column.type;

  std::string columns;  // of the file that is written
  std::string problem;  // why a row is refused, as an expression; NULL: it is not
  std::vector<sql::OutputColumn> written;
  const auto refuse = [&](const std::string& when, const std::string& reason) {
    problem += fmt::format(" WHEN {} THEN {}", when, sql::quote_literal(reason));
  };
  for (const model::Field& field : job.schema.fields) {
    const auto found = types.find(field.name);
    const std::string type = field.type.to_sql();
    if (found == types.end()) {
      if (field.required)
        refuse("true", fmt::format("field {} is required and the file has no such column", field.name));
      continue;
    }
    const std::string name = sql::quote_identifier(field.name);
    if (!may_change(found->second, type)) {
      refuse(name + " IS NOT NULL",
             fmt::format("field {}: {} does not fit {}", field.name, found->second, type));
      columns += fmt::format("NULL::{} AS {}, ", type, name);
    } else {
      if (found->second != type) {
        refuse(misfit(name, found->second, type, true),
               fmt::format("field {}: the value does not fit {} without loss", field.name, type));
      }
      columns += fmt::format("{} AS {}, ", changed(name, found->second, type), name);
    }
    if (field.required) refuse(name + " IS NULL", fmt::format("field {} is required", field.name));
    written.push_back({field.name, type});
    result.file.columns.push_back(field.name);
  }
  bool has_dropped_columns = false;
  for (const auto& [name, type] : types) {
    if (job.schema.find(name)) continue;
    if (const std::string why = model::column_name_objection(name); !why.empty()) {
      return fail(Code::bad_input,
                  fmt::format("{}: the column \"{}\": a name {}", job.source, excerpt(name), why),
                  "rename it");
    }
    const bool is_clashing = model::is_system_column(name) ||
                             std::any_of(job.schema.fields.begin(), job.schema.fields.end(),
                                         [&](const auto& field) { return sql::same_name(field.name, name); });
    if (is_clashing) {
      return fail(
          Code::bad_input,
          fmt::format("{}: the column {} cannot be told from one that the stream has", job.source, name),
          "rename it");
    }
    has_dropped_columns = true;
    if (job.schema.on_drift == model::OnDrift::evolve) {
      if (const std::string why = column_objection(name); !why.empty()) {
        return fail(Code::bad_input, fmt::format("{}: {}", job.source, why));
      }
      model::Type evolved = TRY(model::Type::parse(evolved_type(type)));
      result.new_fields.push_back({name, std::move(evolved), false, ""});
    } else if (job.schema.on_drift == model::OnDrift::quarantine) {
      refuse(sql::quote_identifier(name) + " IS NOT NULL", fmt::format("field {} is not declared", name));
    }
  }
  if (!result.new_fields.empty()) return result;
  if (written.empty()) {
    return fail(Code::bad_input, fmt::format("{} has none of the stream's columns", job.source),
                "compare the names; they are case-sensitive");
  }
  const std::string verdict = problem.empty() || is_planted("rows of bulk files that do not fit are let in")
                                  ? "NULL::VARCHAR"
                                  : fmt::format("CASE{} END", problem);
  const auto bad =
      TRY(session.query(fmt::format("SELECT count(*) FROM {} WHERE {} IS NOT NULL", source, verdict)));
  const int64_t bad_rows = bad.integer(0, 0);
  if (bad_rows > rejects_max) {
    const auto first = TRY(session.query(
        fmt::format("SELECT {} FROM {} WHERE {} IS NOT NULL LIMIT 1", verdict, source, verdict)));
    return fail(Code::too_large,
                fmt::format("{}: {} rows do not fit the stream, e.g. because of: {}", job.source, bad_rows,
                            first.text(0, 0).value_or("")),
                "correct the file or the stream's fields; nothing was taken in");
  }
  if (bad_rows > 0) {
    std::string packed;
    for (const auto& [name, type] : types)
      packed += fmt::format("{}{} := {}", packed.empty() ? "" : ", ", sql::quote_identifier(name),
                            sql::quote_identifier(name));
    const auto rows = TRY(
        session.query(fmt::format("SELECT 'row ' || {3} || ': ' || {0}, to_json(struct_pack({1}))::VARCHAR "
                                  "FROM {2} WHERE {0} IS NOT NULL ORDER BY {3}",
                                  verdict, packed, source, sql::row_number_column)));
    for (size_t i = 0; i < rows.row_count(); ++i)
      result.rejects.push_back({rows.text(i, 0).value_or(""), rows.text(i, 1).value_or("")});
  }

  auto& files = io::local_file_system();
  const io::Path folder = job.folder;
  TRY(files.create_folders(folder));
  const io::Path target = folder / job.name;
  const std::string select = TRY(
      lake::select_for_parquet(written, fmt::format("SELECT {} FROM {} WHERE {} IS NULL",
                                                    columns.substr(0, columns.size() - 2), source, verdict)));
  result.file.rows = TRY(sql::write_parquet(session, select, target.string()));
  result.file.name = job.name;
  if (has_dropped_columns || bad_rows > 0) {
    std::error_code error;
    std::filesystem::copy_file(job.source, folder / (job.name + ".source"), error);
    if (error) return fail(Code::io, fmt::format("cannot keep {}: {}", job.source, error.message()));
  }
  const auto file = TRY(files.open(target, io::FileSystem::Open::append));
  result.file.bytes = TRY(file->size());
  constexpr size_t chunk_bytes = 8 << 20;
  for (uint64_t at = 0; at < result.file.bytes; at += chunk_bytes) {
    result.file.crc32c = crc32c(TRY(file->read_at(at, chunk_bytes)), result.file.crc32c);
  }
  TRY(file->sync());  // before the log names it
  TRY(files.sync_folder(folder));
  return result;
}

}  // namespace anabranch::ingest
