#pragma once
// SQLite behind Results. Included by src/catalog only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::catalog {

/// One execution of a statement: bind all parameters in order, then step through the rows. One thread.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3_stmt* statement, std::string file)
      : statement_(statement), file_(std::move(file)) {}

  SqliteStatement& bind(std::string_view text);
  SqliteStatement& bind(int64_t integer);

  /// True while there is a row.
  Result<bool> step();
  /// Runs a statement that gives no rows.
  Status run();

  std::string text(int column) const;
  int64_t integer(int column) const;
  std::optional<int64_t> optional_integer(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  const std::string file_;
  int bound_ = 0;
  bool has_bad_bind_ = false;
};

/// An open database file. One thread at a time. Errors name the file: corrupt, retry (another process keeps
/// it busy), disk_full, conflict (a constraint), io.
class Sqlite {
 public:
  static Result<Sqlite> open(const io::Path& path);

  Result<SqliteStatement> prepare(std::string_view sql);
  /// One or more statements without parameters.
  Status run(std::string_view sql);
  /// The first value of the first row; 0 when there is none.
  Result<int64_t> integer(std::string_view sql);
  int64_t changed_rows() const { return sqlite3_changes64(database_.get()); }
  /// Writes a whole copy of the database, as of now, into a new file.
  Status copy_to(const io::Path& path);

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  explicit Sqlite(std::string file) : file_(std::move(file)) {}

  std::string file_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace anabranch::catalog
