#include "catalog/sqlite.h"

#include <fmt/format.h>

namespace anabranch::catalog {
namespace {

constexpr int busy_timeout_ms = 5000;

std::unexpected<Error> fail_sqlite(int code, std::string_view message, const std::string& file) {
  const std::string text = fmt::format("{}: {}", file, message);
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fail(Code::corrupt, text,
                  "stop the program, put a backup of this file in its place, or move it away: the history of "
                  "runs is then lost, but no data");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Code::retry, text, "another program is writing to it; try again");
    case SQLITE_FULL:
      return fail(Code::disk_full, text, "free some space on this disk and try again");
    case SQLITE_CONSTRAINT:
      return fail(Code::conflict, text);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_IOERR:
      return fail(Code::io, text, "check that the folder is there, who owns it, and that it can be written");
    default:
      return fail(Code::internal, text);
  }
}

}  // namespace

SqliteStatement& SqliteStatement::bind(std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), ++bound_, text.data() ? text.data() : "",
                                       text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  has_bad_bind_ = has_bad_bind_ || code != SQLITE_OK;
  return *this;
}

SqliteStatement& SqliteStatement::bind(int64_t integer) {
  has_bad_bind_ = sqlite3_bind_int64(statement_.get(), ++bound_, integer) != SQLITE_OK || has_bad_bind_;
  return *this;
}

Result<bool> SqliteStatement::step() {
  sqlite3* database = sqlite3_db_handle(statement_.get());
  if (has_bad_bind_) return fail(Code::internal, fmt::format("{}: a value could not be bound", file_));
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail_sqlite(code, sqlite3_errmsg(database), file_);
}

Status SqliteStatement::run() {
  while (TRY(step())) {
  }
  return {};
}

std::string SqliteStatement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? "" : std::string(bytes, static_cast<size_t>(size));
}

int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::optional<int64_t> SqliteStatement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

Result<Sqlite> Sqlite::open(const io::Path& path) {
  Sqlite opened(path.string());
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(opened.file_.c_str(), &database,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  opened.database_.reset(database);  // also after an error
  if (code != SQLITE_OK) {
    return fail_sqlite(code, database != nullptr ? sqlite3_errmsg(database) : "out of memory", opened.file_);
  }
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, busy_timeout_ms);
  return opened;
}

Result<SqliteStatement> Sqlite::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return fail_sqlite(code, sqlite3_errmsg(database_.get()), file_);
  return SqliteStatement(statement, file_);
}

Status Sqlite::run(std::string_view sql) {
  const int code = sqlite3_exec(database_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail_sqlite(code, sqlite3_errmsg(database_.get()), file_);
  return {};
}

Result<int64_t> Sqlite::integer(std::string_view sql) {
  SqliteStatement statement = TRY(prepare(sql));
  if (!TRY(statement.step())) return 0;
  return statement.integer(0);
}

Status Sqlite::copy_to(const io::Path& path) {
  Sqlite target = TRY(Sqlite::open(path));
  sqlite3_backup* backup = sqlite3_backup_init(target.database_.get(), "main", database_.get(), "main");
  if (backup != nullptr) {
    sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
  }
  const int code = sqlite3_errcode(target.database_.get());
  if (code != SQLITE_OK) return fail_sqlite(code, sqlite3_errmsg(target.database_.get()), target.file_);
  return {};
}

}  // namespace anabranch::catalog
