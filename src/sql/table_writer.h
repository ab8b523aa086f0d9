#pragma once
// Values into a table, one at a time: for those who have values and no SQL text for them.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/database.h"

namespace anabranch::sql {

/// A value on its way into a column. The column's type says what is meant.
struct Value {
  enum class Kind : uint8_t {
    null,
    integer,  // integers, booleans; a decimal's digits; days of a date; microseconds of times
    real,     // FLOAT and DOUBLE
    text,     // VARCHAR, JSON, BLOB as their bytes, UUID as text
    list,     // elements; of a struct its members in order; of a map key, value, key, value, …; of an
              // interval months, days, microseconds
  };
  Kind kind = Kind::null;
  __int128 integer = 0;
  double real = 0;
  std::string text;
  std::vector<Value> elements;

  static Value of_integer(__int128 value) { return {Kind::integer, value, 0, {}, {}}; }
  static Value of_real(double value) { return {Kind::real, 0, value, {}, {}}; }
  static Value of_text(std::string value) { return {Kind::text, 0, 0, std::move(value), {}}; }
  static Value of_list(std::vector<Value> values) { return {Kind::list, 0, 0, {}, std::move(values)}; }
  bool is_null() const { return kind == Kind::null; }
  bool operator==(const Value&) const = default;
};

/// Appends rows to a table. Belongs to its session's thread and ends before the session.
class TableWriter {
 public:
  /// not_found when there is no such table.
  static Result<TableWriter> open(Session& session, const std::string& schema, const std::string& table);
  TableWriter(TableWriter&&) noexcept;
  TableWriter& operator=(TableWriter&&) = delete;
  ~TableWriter();  // without close() the last rows may be missing

  /// A value for each column of the table. bad_input where one does not fit its column's type.
  Status append(const std::vector<Value>& row);
  /// All rows are in the table when it returns.
  Status close();

 private:
  struct Impl;
  explicit TableWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace anabranch::sql
