#pragma once
// The types that a field of a stream or a column of a table can have, by their SQL names.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace anabranch::model {

struct Type {
  enum class Kind : uint8_t {
    boolean,
    tinyint,
    smallint,
    integer,
    bigint,
    hugeint,
    utinyint,
    usmallint,
    uinteger,
    ubigint,
    real,
    double_precision,
    decimal,  // width, scale
    varchar,
    blob,
    date,         // days since 1970-01-01
    time,         // microseconds since midnight
    timestamp,    // microseconds since 1970-01-01, no zone
    timestamptz,  // microseconds since 1970-01-01 UTC
    interval,
    uuid,
    json,
    list,       // children[0]
    structure,  // children, names
    map,        // children[0] to children[1]
  };

  /// How a value lies in memory in a model::Column.
  enum class Layout : uint8_t { i8, i16, i32, i64, i128, u8, u16, u32, u64, f32, f64, text };

  Kind kind = Kind::varchar;
  uint8_t width = 0;  // decimal: digits in all
  uint8_t scale = 0;  // decimal: digits after the point
  std::vector<Type> children;
  std::vector<std::string> names;

  bool operator==(const Type&) const = default;

  /// Fixed-size layout, or text. Booleans are u8. A decimal is the integer of its digits, as wide as needed.
  /// What has no fixed size lies as text: varchar its bytes, blob its bytes, uuid and interval their SQL
  /// text, json, list, structure and map their JSON text.
  Layout layout() const;
  /// Bytes of one value; 0 for text.
  size_t layout_bytes() const;
  /// True where the text of the layout must be cast to the type in SQL (uuid, interval, json and nested
  /// types).
  bool is_carried_as_text() const;

  /// The SQL name, e.g. "DECIMAL(10,2)", "STRUCT(a INTEGER, b VARCHAR[])".
  std::string to_sql() const;
  /// Takes SQL names and their usual aliases (int, text, float8, …) in any case. bad_input says what is not a
  /// type.
  static Result<Type> parse(std::string_view sql_name);
};

/// Whether a field of this type can be the key of partitions: text and integers of up to 64 bits, whose
/// values have one text each.
bool is_partition_key(const Type& type);

}  // namespace anabranch::model
