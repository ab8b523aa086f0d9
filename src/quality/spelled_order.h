#pragma once
// A SELECT in which everything that depends on the order of rows says so: aggregates such as last(), windows,
// DISTINCT ON and LIMIT take rows by the order of their events. What a plain engine does with it is then no
// matter of chance.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/syntax.h"

namespace anabranch::quality {

/// A relation that a SELECT may name, and its form with hidden columns, which `*` must not give.
struct OrderedRelation {
  std::string schema;
  std::string ordered_name;                 // the table of that form, in the same schema
  std::vector<std::string> columns;         // visible
  std::vector<std::string> hidden_columns;  // last in that form
  std::vector<std::string> order;  // those of them by which its rows are ordered, the first one first
  bool is_of_events =
      false;  // orders before tables do: rows of a join go by their event, then by the table's row
};
using OrderedRelations = std::map<std::string, OrderedRelation>;  // by "schema.name" in lower case

struct SpelledOrder {
  sql::Select select;
  std::vector<std::string> order;  // its last columns, hidden: by which its rows are ordered
};

/// Whether a SELECT has anything that depends on the order of rows, or names one of `hidden` columns: others
/// run as they are written.
bool needs_order(const sql::Select& select, const std::set<std::string>& hidden);

/// Spells the order out. `shows_order`: its own rows are to be ordered by who reads it. `aggregates`: the
/// engine's aggregate functions. refused for what cannot be told apart from hidden columns (COLUMNS(…)).
Result<SpelledOrder> spell_order(const sql::Select& select, const OrderedRelations& relations,
                                 bool shows_order, const std::set<std::string>& aggregates);

}  // namespace anabranch::quality
