#pragma once
// What a SELECT of the generator can name.

#include <string>
#include <vector>

#include "tests/fuzz/sql_text.h"

namespace anabranch::fuzz {

enum class Kind {
  boolean,
  integer,
  huge,
  decimal,
  floating,
  text,
  blob,
  date,
  time,
  timestamp,
  timestamptz,
  interval,
  uuid,
  json,
  list,
  structure,
  map,
  other
};

Kind kind_of(const std::string& engine_type);

struct Column {
  std::string name;
  std::string qualifier;  // as SQL writes it
  Kind kind = Kind::other;
  std::string type;              // as the engine names it
  bool is_small = false;         // an integer that may be added up
  bool is_summable = false;      // doubles whose sums are exact in any order
  bool is_fuzzy = false;         // may differ in its last digits: no key, no condition
  bool is_ambiguous = false;     // must be qualified
  bool is_unique = false;        // of a table: no two rows have the same, and none NULL
  std::string plain_name;        // in plain DuckDB, when it has another one there
  std::string schema_qualifier;  // "bronze.e" where the relation has no alias
};

struct Expr {
  Sql sql;
  Kind kind = Kind::other;
  std::string type;
  bool is_small = false;
  bool is_summable = false;
  bool is_fuzzy = false;
};

/// A stream, table or view.
struct Relation {
  enum class Shape {
    stream,
    table,
    linear,  // a view of rows of events, each in its place
    rows,    // a view of some rows of events: keyed, limited
    groups   // anything else: its rows have no order
  };
  std::string name;
  Shape shape = Shape::groups;
  std::vector<Column> columns;
  size_t hidden = 0;  // columns that tell the order
  bool is_maintained = true;
  std::string order_obstacle;  // the construct that a view which needs the order meets here
};

/// A FROM clause.
struct Source {
  Sql from;
  std::vector<Column> columns;
  std::vector<std::string> order;  // plain, full; none: the rows have no order
  std::string order_obstacle;
  bool is_view_of_join = false;
  bool is_events = false;           // rows of events of one stream
  std::vector<std::string> stars;   // qualifier, for `q.*`
  std::vector<std::string> hidden;  // names of all hidden columns within, quoted
  std::vector<std::string> errors;  // plain: conditions under which a row of it fails
};

}  // namespace anabranch::fuzz
