#pragma once
// What a FROM clause reads, and whether it can be evaluated on a few events at a time.

#include <optional>
#include <string>
#include <vector>

#include "sql/syntax.h"
#include "views/plan.h"
#include "views/relation.h"
#include "views/resolver.h"

namespace anabranch::views {

struct FromClause {
  sql::TableRef
      table;  // with every base table written as a relation of ours, with its hidden columns, and an alias
  sql::TableRef rows_table;  // the same with the places of unnested values, as the rows stage reads it
  Scope scope;
  size_t event_sources = 0;       // streams and linear views in it
  std::vector<Reason> obstacles;  // empty: linear in the events

  /// Under which name the scope has the events, where they come straight from a stream; else empty.
  std::string event_alias;
  sql::TableRef event_table;  // the relation that has the events, stream or linear view
  // Where an event came from, in the names of the scope.
  std::string partition;  // "f._partition"
  std::string offset;
  std::string ingested_at;
  /// The packed order of a row, or nothing where it cannot be told. A BIGINT of offset and partition, or with
  /// joined tables a HUGEINT that has their row numbers below.
  std::optional<std::string> order;
  bool has_table_order = false;
  /// Where it is that of a linear view with an ORDER BY of its own: by which columns.
  std::vector<sql::OrderItem> written_order;
  bool has_fan_out = false;  // one event may give several rows
  /// Not 0: each row is there once for each grouping set, whose number is in set_number.
  size_t grouping_sets = 0;
};

/// The number of the grouping set that a row is for, from 0.
sql::Expr set_number();
/// `" CROSS JOIN …"` for the rows of each grouping set; empty where there are none.
std::string times_grouping_sets(const FromClause& from);

/// `text` is the view's SQL, for the places of obstacles.
FromClause analyse_from(const sql::TableRef& from, const Relations& relations, std::string_view text);

/// Whether a query, over relations of ours, reads nothing but tables.
bool reads_only_tables(const sql::Select& query, const Relations& relations);

/// A SELECT's CTEs put where they are read, so that what follows sees derived tables only.
sql::Select inline_ctes(const sql::Select& select);

}  // namespace anabranch::views
