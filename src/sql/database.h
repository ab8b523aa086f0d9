#pragma once
// DuckDB behind a small door: the only headers through which the rest of the program reaches the engine.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "model/column_batch.h"
#include "model/relation_column.h"
#include "model/schema.h"
#include "sql/query.h"

namespace anabranch::sql {

/// How numbers that JavaScript cannot hold are written.
enum class Numbers { number, string };

/// A result, whole in memory; immutable. Any thread may read it.
class Rows {
 public:
  struct Impl;
  explicit Rows(std::unique_ptr<Impl> impl);
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  ~Rows();

  const std::vector<model::RelationColumn>& columns() const;
  size_t row_count() const;
  /// The value as SQL text; nothing for NULL.
  std::optional<std::string> text(size_t row, size_t column) const;
  int64_t integer(size_t row, size_t column) const;  // 0 for NULL
  double number(size_t row, size_t column) const;    // 0 for NULL

  // These three give too_large as soon as `out` is longer than bytes_max.

  /// Appends `[[…],…]`, in the forms of docs/api.md.
  Status append_json(std::string& out, Numbers numbers, size_t bytes_max = SIZE_MAX) const;
  /// Appends RFC 4180 with a header line; NULL is an empty unquoted field.
  Status append_csv(std::string& out, size_t bytes_max = SIZE_MAX) const;
  /// Appends an Arrow IPC stream. bad_input for a type that Arrow has no place for, with what to do.
  Status append_arrow(std::string& out, size_t bytes_max = SIZE_MAX) const;

 private:
  std::unique_ptr<Impl> impl_;
};

/// Rows that one statement leaves for others of the same thread to read, as the table function of its name.
class Stage {
 public:
  struct Impl;
  explicit Stage(std::unique_ptr<Impl> impl);
  ~Stage();
  void clear();
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// A statement that was planned once and is executed many times. Belongs to its session's thread and ends
/// before the session. Not for conditions or aggregates over a table that changes: the engine plans with the
/// statistics of that moment and leaves out what they rule out, also when it is there later.
class Statement {
 public:
  struct Impl;
  explicit Statement(std::unique_ptr<Impl> impl);
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();
  /// Runs it; gives the number of rows that it changed.
  Result<int64_t> run();
  /// Runs a SELECT; its rows. Inside a transaction it is planned once more where tables have come or gone.
  Result<Rows> query();
  /// Runs a SELECT and puts its rows in place of those of the stage that was made for it.
  Status run_into(Stage& stage);

 private:
  friend class Database;
  std::unique_ptr<Impl> impl_;
};

/// Where the rows of a table function come from. One cursor for each scan of each execution.
class Feed {
 public:
  virtual ~Feed() = default;
  class Cursor {
   public:
    virtual ~Cursor() = default;
    /// The next batch, or null at the end. Called by one thread at a time.
    virtual Result<std::shared_ptr<const model::ColumnBatch>> next() = 0;
  };
  /// Offsets [from, end) of partition 0, as given to the function in SQL; (0, 0) for a feed without
  /// arguments.
  virtual Result<std::unique_ptr<Cursor>> open(model::Offset from, model::Offset end) = 0;
};

/// A connection. One thread at a time; only interrupt() may be called from another one.
class Session {
 public:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // Each takes exactly one statement: a text with a second one is an error before anything runs.

  /// Runs it and gives its rows. Errors have a place in `text` where the engine names one.
  Result<Rows> query(const Query& query);
  /// One SELECT; too_large as soon as its rows take more memory than this.
  Result<Rows> query(const Query& query, size_t bytes_max);
  Status run(const Query& query);
  Result<Statement> prepare(const Query& query);
  /// Runs them in order up to the first that fails, all in one transaction: all of them or none.
  Status run_together(const std::vector<std::string>& statements);
  /// Cancels what is running, which then fails with Code::cancelled. Any thread.
  void interrupt();

  /// Binds without running: the columns that a SELECT gives.
  Result<std::vector<model::RelationColumn>> describe(const Query& select);

  /// What can be said of an expression before it is run.
  struct ExprFacts {
    std::string type;
    bool can_fail = false;     // may raise for some row: casts, overflow, parsing
    bool is_volatile = false;  // random(), now(), …: two runs may differ
  };
  struct SelectFacts {
    std::vector<ExprFacts> items;
    bool elsewhere_can_fail = false;  // joins, subqueries, table functions
    bool elsewhere_is_volatile = false;
  };
  /// Facts of each item of a plain `SELECT item, … FROM …`, and of all else that it evaluates.
  Result<SelectFacts> facts(const Query& select);

  /// Binds both without running or optimising them: nothing where they mean the same to the engine but for
  /// aliases, else the first thing that differs. bad_sql where one cannot be bound.
  Result<std::optional<std::string>> bound_difference(const Query& a, const Query& b);

 private:
  friend struct SessionConnection;
  std::unique_ptr<Impl> impl_;
};

/// An engine. Any thread may connect; sessions end before their database.
class Database {
 public:
  struct Options {
    io::Path file;  // empty: in memory
    bool is_read_only = false;
    int threads = 1;
    uint64_t memory_bytes_max = 0;    // 0: no limit of ours
    io::Path temporary_folder;        // for what does not fit; empty: none
    bool has_external_access = true;  // false: files only below allowed_folders
    std::vector<io::Path> allowed_folders;
  };
  struct Impl;
  static Result<std::unique_ptr<Database>> open(const Options& options);
  explicit Database(std::unique_ptr<Impl> impl);
  ~Database();

  Result<Session> connect();

  /// Makes `name()` and `name(from, end)` a table function with the schema's fields and the four system
  /// columns. The events may be of other schema versions: missing fields are NULL, others are cast. Has no
  /// statistics, so that prepared statements over it stay right. The feed lives as long as the database.
  Status register_feed(const std::string& name, const model::Schema& schema, std::shared_ptr<Feed> feed);

  /// Makes `name()` a table function that gives what a stage holds: rows of this SELECT. Has no statistics
  /// either.
  Result<std::shared_ptr<Stage>> register_stage(const std::string& name, const Statement& select);

  /// After this, no setting can be changed by SQL.
  Status lock_configuration();

  uint64_t memory_bytes_used();

 private:
  std::unique_ptr<Impl> impl_;
};

/// The engine's own version, e.g. "v1.5.5".
std::string engine_version();

}  // namespace anabranch::sql
