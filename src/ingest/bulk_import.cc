#include "ingest/bulk_import.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/crc32c.h"
#include "base/mistake.h"
#include "ingest/declared_fields.h"
#include "ingest/drift_room.h"
#include "ingest/excerpt.h"
#include "ingest/parquet_table.h"
#include "ingest/partitioner.h"
#include "ingest/type_change.h"
#include "io/clock.h"
#include "io/file_copy.h"
#include "lake/type_mapping.h"
#include "model/column_name.h"
#include "sql/database.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"
#include "sql/text_function.h"

namespace anabranch::ingest {

using nlohmann::json;

std::string BulkImportJob::to_json() const {
  return json{{"source", source},           {"folders", folders}, {"name", name},
              {"schema", schema.to_json()}, {"key", key},         {"first_partition", first_partition}}
      .dump();
}

Result<BulkImportJob> BulkImportJob::from_json(std::string_view text) {
  try {
    const json document = json::parse(text);
    BulkImportJob job;
    job.source = document.at("source");
    job.folders = document.at("folders");
    job.key = document.at("key");
    job.first_partition = document.at("first_partition");
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
  json written = json::array();
  for (const BulkFile& file : files) written.push_back(file.to_json());
  return json{{"files", written}, {"rejects", rejected}, {"new_fields", fields.to_json()}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

Result<BulkImportResult> BulkImportResult::from_json(std::string_view text) {
  try {
    const json document = json::parse(text);
    BulkImportResult result;
    for (const auto& file : document.at("files"))
      result.files.push_back(TRY(BulkFile::from_json(file.get<std::string>())));
    for (const auto& reject : document.at("rejects")) result.rejects.push_back({reject[0], reject[1]});
    result.new_fields = TRY(model::Schema::from_json(document.at("new_fields").get<std::string>())).fields;
    return result;
  } catch (const json::exception& error) {
    return fail(Code::internal, fmt::format("the result of an import cannot be read: {}", error.what()));
  }
}

namespace {

constexpr int64_t rejects_max = 100'000;

// The type that a column gives a field that nobody declared: as for JSON, integers become bigint, other
// numbers without decimal digits double, nested values json; all else stays what it is. Nothing: no field can
// have it.
std::optional<std::string> evolved_type(const std::string& type) {
  for (const char* integer :
       {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}) {
    if (type == integer) return "BIGINT";
  }
  if (type.ends_with("]") || type.starts_with("STRUCT") || type.starts_with("MAP")) return "JSON";
  if (type == "FLOAT" || type == "DOUBLE") return "DOUBLE";
  if (type.starts_with("TIMESTAMP_")) return "TIMESTAMP";  // of seconds, milliseconds, nanoseconds
  if (!model::Type::parse(type)) return std::nullopt;
  return type;
}

// Columns of a file in the order of their names.
using Columns = std::map<std::string, std::string>;

class Importer {
 public:
  Importer(const BulkImportJob& job, sql::Session& session)
      : job_(job), session_(session), input_{job.source, job.source} {}

  Result<BulkImportResult> run() {
    TRY(prepare_type_changes(session_));
    const auto described = TRY(columns_of_parquet(session_, input_));
    source_ = sql::read_numbered(job_.source, described);
    for (const auto& column : described) types_[column.name] = column.type;
    TRY(take_fields());
    auto read = read_file();
    if (!read && read.error().code != Code::bad_input)
      return fail(cause_in_parquet(session_, {input_}, std::move(read).error()));
    TRY(std::move(read));
    return std::move(result_);
  }

 private:
  // A condition under which a row is refused.
  void refuse(const std::string& when, const std::string& reason) {
    problem_ += fmt::format(" WHEN {} THEN {}", when, sql::quote_literal(reason));
  }

  // The column of a field: by its name, or by one that it had before.
  Result<Columns::const_iterator> column_of(const model::Field& field) {
    auto found = types_.find(field.name);
    for (const std::string& name : field.was) {
      const auto earlier = types_.find(name);
      if (earlier == types_.end()) continue;
      if (found != types_.end()) {
        return fail(Code::bad_input,
                    fmt::format("{}: the columns {} and {} are one field", job_.source, found->first, name),
                    "leave one of them out");
      }
      found = earlier;
    }
    return found;
  }

  Status take_fields() {
    for (const model::Field& field : job_.schema.fields) {
      const auto found = TRY(column_of(field));
      const std::string type = field.type.to_sql();
      if (found == types_.end()) {
        if (field.required)
          refuse("true", fmt::format("field {} is required and the file has no such column", field.name));
        continue;
      }
      taken_.insert(found->first);
      const std::string name = sql::quote_identifier(found->first);
      const std::string stored = sql::quote_identifier(field.stored_name());
      if (!may_change(found->second, type)) {
        refuse(name + " IS NOT NULL",
               fmt::format("field {}: {} does not fit {}", field.name, found->second, type));
        items_ += fmt::format("NULL::{} AS {}, ", type, stored);
      } else {
        const std::string bad = misfit(name, found->second, type, true);
        if (bad != "false") {
          refuse(bad, fmt::format("field {}: the value does not fit {} without loss", field.name, type));
        }
        items_ += fmt::format("{} AS {}, ", changed(name, found->second, type), stored);
      }
      if (field.required) refuse(name + " IS NULL", fmt::format("field {} is required", field.name));
      if (may_change(found->second, type)) values_[field.name] = changed(name, found->second, type);
      written_.push_back({field.stored_name(), type});
      file_.columns.push_back(field.stored_name());
    }
    return {};
  }

  Status read_file() {
    TRY(take_undeclared());
    if (!result_.new_fields.empty()) return {};
    if (written_.empty()) {
      return fail(Code::bad_input, fmt::format("{} has none of the stream's columns", job_.source),
                  "compare the names; they are case-sensitive");
    }
    TRY(take_rejects());
    return write();
  }

  Status take_undeclared() {
    const DriftRoom room = drift_room(job_.schema, io::system_clock().now_us());
    std::vector<std::pair<std::string, std::string>> candidates;  // of fields: name and type
    for (const auto& [name, type] : types_) {
      if (taken_.contains(name)) continue;
      TRY(check_name(name));
      has_dropped_columns_ = true;
      if (job_.schema.on_drift == model::OnDrift::quarantine) {
        refuse(sql::quote_identifier(name) + " IS NOT NULL", fmt::format("field {} is not declared", name));
      } else if (job_.schema.on_drift == model::OnDrift::evolve && !job_.schema.is_dropped(name) &&
                 type != null_type) {
        candidates.emplace_back(name, type);
      }
    }
    if (candidates.empty()) return {};
    std::string counts;
    for (const auto& [name, type] : candidates)
      counts += fmt::format("{}count({})", counts.empty() ? "" : ", ", sql::quote_identifier(name));
    const auto filled = TRY(session_.query(fmt::format("SELECT {} FROM {}", counts, source_)));
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (filled.integer(0, i) == 0) continue;  // NULL says nothing of what comes later
      TRY(add_field(candidates[i].first, candidates[i].second, room));
    }
    return {};
  }

  Status check_name(const std::string& name) const {
    if (const std::string why = model::column_name_objection(name); !why.empty()) {
      return fail(Code::bad_input,
                  fmt::format("{}: the column \"{}\": a name {}", job_.source, excerpt(name), why),
                  "rename it");
    }
    const bool is_clashing = model::is_system_column(name) ||
                             std::any_of(job_.schema.fields.begin(), job_.schema.fields.end(),
                                         [&](const auto& field) { return sql::same_name(field.name, name); });
    if (!is_clashing) return {};
    return fail(
        Code::bad_input,
        fmt::format("{}: the column {} cannot be told from one that the stream has", job_.source, name),
        "rename it");
  }

  Status add_field(const std::string& name, const std::string& type, const DriftRoom& room) {
    if (const std::string why = column_objection(name); !why.empty())
      return fail(Code::bad_input, fmt::format("{}: {}", job_.source, why));
    if (result_.new_fields.size() >= room.fields) {
      refuse(sql::quote_identifier(name) + " IS NOT NULL", room.problem(name));
      return {};
    }
    const auto evolved = evolved_type(type);
    if (!evolved) {
      return fail(Code::bad_input,
                  fmt::format("{}: the column {} is {}, which no field can be", job_.source, name, type),
                  "leave it out, or set on_drift: freeze");
    }
    result_.new_fields.push_back({name, TRY(model::Type::parse(*evolved)), false, ""});
    return {};
  }

  std::string verdict() const {
    return problem_.empty() || is_planted("rows of bulk files that do not fit are let in")
               ? "NULL::VARCHAR"
               : fmt::format("CASE{} END", problem_);
  }

  Status take_rejects() {
    const std::string verdict = this->verdict();
    const auto bad =
        TRY(session_.query(fmt::format("SELECT count(*) FROM {} WHERE {} IS NOT NULL", source_, verdict)));
    bad_rows_ = bad.integer(0, 0);
    if (bad_rows_ > rejects_max) {
      const auto first = TRY(session_.query(
          fmt::format("SELECT {} FROM {} WHERE {} IS NOT NULL LIMIT 1", verdict, source_, verdict)));
      return fail(Code::too_large,
                  fmt::format("{}: {} rows do not fit the stream, e.g. because of: {}", job_.source,
                              bad_rows_, first.text(0, 0).value_or("")),
                  "correct the file or the stream's fields; nothing was taken in");
    }
    if (bad_rows_ == 0) return {};
    std::string packed;
    for (const auto& [name, type] : types_)
      packed += fmt::format("{}{} := {}", packed.empty() ? "" : ", ", sql::quote_identifier(name),
                            sql::quote_identifier(name));
    const auto rows = TRY(
        session_.query(fmt::format("SELECT 'row ' || {3} + 1 || ': ' || {0}, {1} "
                                   "FROM {2} WHERE {0} IS NOT NULL ORDER BY {3}",
                                   verdict, json_text(fmt::format("TRY(to_json(struct_pack({})))", packed)),
                                   source_, sql::row_number_column)));
    for (size_t i = 0; i < rows.row_count(); ++i)
      result_.rejects.push_back({rows.text(i, 0).value_or(""), rows.text(i, 1).value_or("")});
    return {};
  }

  // The partition of a row, among the folders.
  Result<std::string> partition() {
    const auto folders = static_cast<model::Partition>(job_.folders.size());
    TRY(sql::register_text_function(session_, "anabranch_partition",
                                    [folders](std::string_view key, std::string& out) {
                                      out = std::to_string(partition_of_key(key, folders));
                                      return true;
                                    }));
    std::string key;
    for (const std::string& field : job_.key) {
      const auto value = values_.find(field);
      key += key.empty() ? "" : " || ";
      key += value == values_.end()
                 ? "'0'"
                 : fmt::format("coalesce('1' || CAST({} AS VARCHAR) || chr(31), '0')", value->second);
    }
    return fmt::format("anabranch_partition({})::INTEGER", key);
  }

  Status write() {
    std::string partition;
    if (!job_.key.empty()) partition = TRY(this->partition());
    for (size_t i = 0; i < job_.folders.size(); ++i)
      TRY(write_file(job_.folders[i], partition.empty() ? "" : fmt::format(" AND {} = {}", partition, i)));
    if (!has_dropped_columns_ && bad_rows_ == 0) return {};
    // Beside a copy that the log is going to name: they go together.
    size_t beside = 0;
    while (bad_rows_ == 0 && beside + 1 < job_.folders.size() && result_.files[beside].rows == 0) ++beside;
    const io::Path folder = job_.folders[beside];
    auto& files = io::local_file_system();
    TRY(io::copy_file(files, job_.source, folder / (job_.name + std::string(given_file_suffix))));
    return files.sync_folder(folder);
  }

  Status write_file(const io::Path& folder, const std::string& condition) {
    auto& files = io::local_file_system();
    TRY(files.create_folders(folder));
    const io::Path target = folder / job_.name;
    const std::string select = TRY(lake::select_for_parquet(
        written_, fmt::format("SELECT {} FROM {} WHERE {} IS NULL{}", items_.substr(0, items_.size() - 2),
                              source_, verdict(), condition)));
    BulkFile written = file_;
    written.rows = TRY(sql::write_parquet(session_, select, target.string()));
    written.name = job_.name;
    const auto file = TRY(files.open(target, io::FileSystem::Open::append));
    written.bytes = TRY(file->size());
    constexpr size_t chunk_bytes = 8 << 20;
    for (uint64_t at = 0; at < written.bytes; at += chunk_bytes)
      written.crc32c = crc32c(TRY(file->read_at(at, chunk_bytes)), written.crc32c);
    TRY(file->sync());  // before the log names it
    result_.files.push_back(std::move(written));
    return files.sync_folder(folder);
  }

  const BulkImportJob& job_;
  sql::Session& session_;
  const TableInput input_;
  Columns types_;                // of the file
  std::string source_;           // the file as a table expression
  std::set<std::string> taken_;  // its columns that are fields
  std::string items_;            // of the SELECT that is written
  std::string problem_;          // why a row is refused, as parts of an expression
  std::vector<model::RelationColumn> written_;
  std::map<std::string, std::string> values_;  // of fields that the file has: expressions
  BulkFile file_;                              // what all that are written have in common
  bool has_dropped_columns_ = false;
  int64_t bad_rows_ = 0;
  BulkImportResult result_;
};

}  // namespace

Result<BulkImportResult> import_bulk(const BulkImportJob& job) {
  sql::Database::Options options;
  options.threads = 2;
  const auto database = TRY(sql::Database::open(options));
  auto session = TRY(database->connect());
  return Importer(job, session).run();
}

}  // namespace anabranch::ingest
