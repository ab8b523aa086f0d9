#pragma once
// A project with a schedule, as data: it can be run, made smaller and printed.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/type.h"
#include "tests/fuzz/sql_text.h"
#include "tests/fuzz/value.h"

namespace anabranch::fuzz {

struct Field {
  std::string name;
  model::Type type;
  bool is_small = true;     // may be added up
  std::vector<Value> pool;  // what its values are drawn from; empty: each its own
  bool is_drift = false;    // comes with events, not declared
  int null_percent = 12;
  bool is_unique = false;  // of a table: each row its own, and none NULL
};

struct Stream {
  std::string name;
  std::vector<Field> fields;  // the first is `id bigint`, required; drift fields last
};

struct Table {
  std::string name;
  std::string format;  // csv, json or parquet
  std::vector<Field> columns;
  std::vector<std::vector<std::vector<Value>>> versions;  // rows of each
};

/// A view, in clauses, so that they can be left out one by one.
struct View {
  struct Item {
    Sql expr;
    std::string alias;  // as SQL writes it; empty: the expression names itself, or is a star
  };
  std::string name;  // "gold.v3"
  Sql with;          // "WITH … "
  bool is_distinct = false;
  std::vector<Sql> distinct_on;
  std::vector<Item> items;
  std::vector<std::string> hidden;  // plain only: the order of its rows, for views above
  Sql from;
  std::vector<Sql> where;   // conjuncts
  std::string plain_where;  // stands in plain DuckDB in place of `where`: leaves out the recorded events
  Sql group_by;             // the whole clause
  std::vector<Sql> having;  // conjuncts
  Sql qualify;
  std::vector<Sql> order_by;
  std::vector<std::string> ties;  // plain only: what makes the order total
  std::string limit;              // "LIMIT 3 OFFSET 1"
  std::string set_operation;      // "UNION ALL" with `operand`
  std::vector<View> operand;      // none or one

  std::set<std::string> constructs;
  std::set<std::string> reads;  // "bronze.e", "silver.v1"
  bool must_be_maintained = false;
  // A sum of it, or of a view below it, may have no place in 128 bits.
  bool can_overflow = false;
  bool is_overflow_below = false;   // so where not every row of the other may be asked for
  bool can_overflow_early = false;  // so is a sum on the way: it is added up when it is read

  enum class Spelling { written, plain };
  std::string sql(Spelling spelling) const;
  /// The name of the n-th hidden column, quoted.
  static std::string hidden_name(const std::string& relation, size_t n);
};

struct Event {
  std::map<std::string, Value> fields;
  std::string rubbish;  // in place of fields: goes to quarantine
};

struct Step {
  enum class Kind { events, bulk, build_all, build_some, copy, stop, kill, change };
  Kind kind = Kind::events;
  std::string stream;
  std::string format;  // of events: ndjson, json, csv, cloudevents
  std::vector<Event> events;
  std::vector<std::string> views;  // build_some
  std::string table;               // copy
  size_t version = 0;
  bool is_in_flight = false;  // kill: while a build runs
  std::vector<View> models;   // change: in place of those of the same name, or new
  std::string name() const;
};

struct Case {
  uint64_t seed = 0;
  bool has_processes = false;
  bool has_odd_folder = false;
  int tick_rows = 40;
  std::vector<Stream> streams;
  std::vector<Table> tables;
  std::vector<View> views;  // each after those that it reads
  std::vector<Step> steps;

  size_t event_count() const;
  /// As text: everything that is needed to do it by hand.
  std::string describe() const;
};

/// SQL that names a column or alias: bare where that means the same and `is_bare` says so.
std::string identifier(const std::string& name, bool is_bare = false);

}  // namespace anabranch::fuzz
