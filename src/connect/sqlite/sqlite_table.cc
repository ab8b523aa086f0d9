#include "connect/sqlite/sqlite_table.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "ingest/excerpt.h"
#include "ingest/text_type.h"
#include "ingest/value_parser.h"
#include "project/nearest.h"

namespace anabranch::connect {
namespace {

constexpr int busy_wait_ms = 10'000;

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

// The rules of SQLite's documentation, "Determination Of Column Affinity"; nothing for NUMERIC and BLOB
// without a declared type, which hold anything.
std::optional<model::Type> type_of_declaration(const char* declared) {
  if (declared == nullptr) return std::nullopt;
  std::string text = declared;
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  const auto has = [&](const char* part) { return text.find(part) != std::string::npos; };
  const char* type = has("INT")                                  ? "BIGINT"
                     : has("CHAR") || has("CLOB") || has("TEXT") ? "VARCHAR"
                     : has("BLOB")                               ? "BLOB"
                     : has("REAL") || has("FLOA") || has("DOUB") ? "DOUBLE"
                                                                 : nullptr;
  if (type == nullptr) return std::nullopt;
  return model::Type::parse(type).value();
}

// A value as text, as ValueParser takes it; of numbers the shortest that is the same number.
struct ValueText {
  std::string_view text;
  bool is_null = false;
  bool is_blob = false;
};

ValueText text_of(sqlite3_stmt* row, int column, std::string& buffer) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
      return {"", true, false};
    case SQLITE_INTEGER:
      buffer = fmt::to_string(static_cast<int64_t>(sqlite3_column_int64(row, column)));
      return {buffer, false, false};
    case SQLITE_FLOAT:
      buffer = fmt::to_string(sqlite3_column_double(row, column));
      return {buffer, false, false};
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
      const auto size = static_cast<size_t>(sqlite3_column_bytes(row, column));
      return {std::string_view(bytes == nullptr ? "" : bytes, size), false, true};
    }
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
      return {std::string_view(text, static_cast<size_t>(sqlite3_column_bytes(row, column))), false, false};
    }
  }
}

struct Column {
  std::string name;
  std::string name_in_database;
  std::optional<model::Type> type;
  ingest::TextType found;
  bool has_blobs = false;
  bool has_texts = false;
};

// A database in one read transaction, which begins with the first look at it: all tables are of that moment.
class SqliteDatabase {
 public:
  explicit SqliteDatabase(ingest::TableInput file) : file_(std::move(file)) {}

  /// Once; later calls do nothing.
  Status open();
  /// Whether a table is a view. bad_input when there is no such table.
  Result<bool> is_view(const std::string& table);
  Result<Statement> prepare(const std::string& sql);
  std::unexpected<Error> failed() const;
  const ingest::TableInput& file() const { return file_; }

 private:
  const ingest::TableInput file_;
  Database database_;
};

class SqliteTable final : public ingest::RowTable {
 public:
  SqliteTable(std::shared_ptr<SqliteDatabase> database, std::string table,
              std::vector<ingest::TableColumn> declared)
      : database_(std::move(database)), table_(std::move(table)), declared_(std::move(declared)) {}

  Result<std::vector<ingest::FoundColumn>> find_columns() override;
  Result<std::unique_ptr<ingest::RowSource>> open_rows() override;

  const std::vector<Column>& columns() const { return columns_; }
  std::unexpected<Error> wrong(int64_t row, size_t column, const std::string& problem) const;
  std::unexpected<Error> failed() const { return database_->failed(); }

 private:
  Result<Statement> select();
  Status find_types();

  const std::shared_ptr<SqliteDatabase> database_;
  const std::string table_;
  const std::vector<ingest::TableColumn> declared_;
  bool is_view_ = false;
  std::vector<Column> columns_;
};

std::unexpected<Error> SqliteDatabase::failed() const {
  const int code = sqlite3_errcode(database_.get());
  const std::string message = sqlite3_errmsg(database_.get());
  if (code == SQLITE_NOTADB) {
    return fail(Code::bad_input, fmt::format("{} is no SQLite database", file_.shown),
                "it may be encrypted, or something else: see what it is");
  }
  if (code == SQLITE_CORRUPT) {
    return fail(Code::bad_input, fmt::format("{} is damaged: {}", file_.shown, message),
                "restore it from a backup; what can be saved, sqlite3's .recover saves");
  }
  if (code == SQLITE_BUSY) {
    return fail(Code::retry, fmt::format("{} is locked by another program", file_.shown),
                "copy it again later");
  }
  return fail(Code::bad_input, fmt::format("{} cannot be read: {}", file_.shown, message),
              "see that it may be read, with the files -wal and -shm beside it");
}

std::unexpected<Error> SqliteTable::wrong(int64_t row, size_t column, const std::string& problem) const {
  const std::string& name = columns_[column].name;
  return fail(
      Code::bad_input,
      fmt::format("{}: {}: row {}: column {}: {}", database_->file().shown, table_, row,
                  ingest::excerpt(name), problem),
      fmt::format("correct it there, or declare a type that it fits, as in columns: {{{}: varchar}}", name));
}

Result<Statement> SqliteDatabase::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return failed();
  return Statement(statement);
}

Status SqliteDatabase::open() {
  if (database_) return {};
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(file_.path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) return failed();
  sqlite3_busy_timeout(database, busy_wait_ms);
  // Its schema is data of others: it may not call what changes anything.
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (sqlite3_exec(database, "BEGIN", nullptr, nullptr, nullptr) != SQLITE_OK) return failed();
  return {};
}

Result<bool> SqliteDatabase::is_view(const std::string& table) {
  const Statement tables =
      TRY(prepare("SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE "
                  "'sqlite\\_%' ESCAPE '\\' "
                  "ORDER BY name"));
  std::vector<std::string> names;
  std::optional<bool> found;
  int step = 0;
  while ((step = sqlite3_step(tables.get())) == SQLITE_ROW) {
    names.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(tables.get(), 0)));
    if (names.back() != table) continue;
    found = std::string_view(reinterpret_cast<const char*>(sqlite3_column_text(tables.get(), 1))) == "view";
  }
  if (step != SQLITE_DONE) return failed();
  if (found) return *found;
  return fail(Code::bad_input, fmt::format("{} has no table {}", file_.shown, ingest::excerpt(table)),
              names.empty() ? "it has none at all" : project::suggest(table, names, "'table' can be one of"));
}

Result<Statement> SqliteTable::select() {
  return database_->prepare(
      fmt::format("SELECT * FROM {}{}", quoted(table_), is_view_ ? "" : " NOT INDEXED"));
}

Status SqliteTable::find_types() {
  const Statement rows = TRY(select());
  std::string buffer;
  int step = 0;
  while ((step = sqlite3_step(rows.get())) == SQLITE_ROW) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      Column& column = columns_[i];
      if (column.type) continue;
      const ValueText value = text_of(rows.get(), static_cast<int>(i), buffer);
      if (value.is_null) continue;
      (value.is_blob ? column.has_blobs : column.has_texts) = true;
      if (!value.is_blob) column.found.add(value.text);
    }
  }
  return step == SQLITE_DONE ? Status{} : Status(failed());
}

Result<std::vector<ingest::FoundColumn>> SqliteTable::find_columns() {
  TRY(database_->open());
  is_view_ = TRY(database_->is_view(table_));
  const Statement rows = TRY(select());
  columns_.clear();
  std::vector<std::string> names;
  std::vector<std::string> in_database;
  bool is_all_known = true;
  for (int i = 0; i < sqlite3_column_count(rows.get()); ++i) {
    const std::string name = sqlite3_column_name(rows.get(), i);
    Column column{name, name, type_of_declaration(sqlite3_column_decltype(rows.get(), i)),
                  ingest::TextType()};
    for (const ingest::TableColumn& declared : declared_) {
      if (declared.name_in_files() != name) continue;
      column.name = declared.name;
      if (declared.type) column.type = declared.type;
    }
    is_all_known = is_all_known && column.type.has_value();
    names.push_back(column.name);
    in_database.push_back(name);
    columns_.push_back(std::move(column));
  }
  TRY(ingest::check_table_columns(declared_, in_database, names,
                                  fmt::format("{} of {} has not", table_, database_->file().shown)));
  if (!is_all_known) TRY(find_types());
  std::vector<ingest::FoundColumn> found;
  for (Column& column : columns_) {
    if (!column.type) {
      column.type =
          column.has_blobs && !column.has_texts ? model::Type::parse("BLOB").value() : column.found.type();
    }
    found.push_back({column.name, *column.type});
  }
  return found;
}

class SqliteRows final : public ingest::RowSource {
 public:
  SqliteRows(const SqliteTable& table, Statement rows) : table_(table), rows_(std::move(rows)) {
    for (const Column& column : table.columns()) {
      parsers_.emplace_back(*column.type);
      takes_bytes_.push_back(column.type->to_sql() == "BLOB");
    }
  }

  Result<bool> next(const ingest::Row& row) override {
    if (is_over_) return false;  // another step would begin again
    const int step = sqlite3_step(rows_.get());
    is_over_ = step == SQLITE_DONE;
    if (is_over_) return false;
    if (step != SQLITE_ROW) return table_.failed();
    ++number_;
    for (size_t i = 0; i < parsers_.size(); ++i) {
      const ValueText value = text_of(rows_.get(), static_cast<int>(i), buffer_);
      if (value.is_null) continue;
      if (takes_bytes_[i]) {
        row.cell(i).put_text(value.text, false);
        continue;
      }
      if (value.is_blob) {
        return table_.wrong(
            number_, i,
            fmt::format("{} bytes of a BLOB do not fit {}", value.text.size(), parsers_[i].type().to_sql()));
      }
      if (!ingest::is_utf8(value.text)) return table_.wrong(number_, i, "its text is not UTF-8");
      if (!parsers_[i].parse_text(value.text, false, json_, row.cell(i), problem_))
        return table_.wrong(number_, i, problem_);
    }
    return true;
  }

 private:
  const SqliteTable& table_;
  const Statement rows_;
  std::vector<ingest::ValueParser> parsers_;
  std::vector<bool> takes_bytes_;
  ingest::JsonText json_;
  std::string buffer_;
  std::string problem_;
  int64_t number_ = 0;
  bool is_over_ = false;
};

Result<std::unique_ptr<ingest::RowSource>> SqliteTable::open_rows() {
  return std::make_unique<SqliteRows>(*this, TRY(select()));
}

}  // namespace

Result<std::vector<std::unique_ptr<ingest::TableSource>>> sqlite_tables(
    const std::vector<ingest::TableCopyJob>& jobs) {
  std::map<std::string, std::shared_ptr<SqliteDatabase>> databases;  // by path
  std::vector<std::unique_ptr<ingest::TableSource>> tables;
  for (const ingest::TableCopyJob& job : jobs) {
    if (job.paths.size() != 1)
      return fail(Code::bad_input, "a source of kind sqlite reads one file", "name it");
    auto& database = databases[job.paths.front()];
    if (!database) database = std::make_shared<SqliteDatabase>(job.inputs().front());
    tables.push_back(std::make_unique<ingest::RowTableSource>(
        std::make_unique<SqliteTable>(database, job.source_table, TRY(job.declared()))));
  }
  return tables;
}

}  // namespace anabranch::connect
