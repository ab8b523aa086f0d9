#pragma once
// What a SELECT can read, as the compiler sees it.

#include <map>
#include <string>
#include <vector>

#include "model/relation_column.h"
#include "model/schema.h"
#include "sql/order_key.h"

namespace anabranch::views {

struct Relation {
  enum class Kind {
    stream,          // events
    table,           // a pinned version of a table, in the engine's memory
    linear_view,     // a maintained view whose states are rows: may be inlined
    other_view,      // a view above which everything runs at read time, over its merged result
    table_in_place,  // a pinned version of a table that is read from its file each time
  };
  std::string name;       // "bronze.flights"
  bool is_block = false;  // a part of a view: nobody else can name it
  Kind kind = Kind::stream;
  std::vector<model::RelationColumn> columns;         // what `*` gives
  std::vector<model::RelationColumn> hidden_columns;  // readable by name only
  std::vector<sql::OrderKey> order;  // those by which its rows are ordered, the first one first
  bool is_of_events = false;         // its rows come from events in the end

  /// A hidden column by name; null when there is none.
  const model::RelationColumn* hidden(std::string_view column) const;
};

/// A table, wherever it lies.
inline bool is_table(const Relation& relation) {
  return relation.kind == Relation::Kind::table || relation.kind == Relation::Kind::table_in_place;
}

/// By lower-case name.
using Relations = std::map<std::string, Relation>;

/// A stream's hidden columns: the four system columns.
Relation stream_relation(std::string name, const model::Schema& schema);
/// A table's hidden column is row_column, its row number from 0 in the pinned version.
Relation table_relation(std::string name, std::vector<model::RelationColumn> columns,
                        bool is_in_place = false);

// Hidden columns of ours. No column of a stream, table or view may begin with the prefix
// (model/column_name.h), so they cannot meet one of a user's.
inline constexpr std::string_view order_column = "anabranch:ord";
/// "anabranch:order0", …: of views whose rows are ordered by more than one column.
inline constexpr std::string_view order_columns_prefix = "anabranch:order";
inline constexpr std::string_view row_column = "anabranch:row";
inline constexpr std::string_view row_partition_column = "anabranch:partition";
inline constexpr std::string_view row_offset_column = "anabranch:offset";

}  // namespace anabranch::views
