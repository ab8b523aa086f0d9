#pragma once
// A SELECT in which everything that depends on the order of rows says so: aggregates such as last(), windows,
// DISTINCT ON and LIMIT take rows by the order of their events. What a plain engine does with it is then no
// matter of chance. One function for all who run SQL as it is written: views at read time, users' queries,
// verify.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/function_names.h"
#include "sql/order_dependence.h"
#include "sql/order_key.h"
#include "sql/syntax.h"

namespace anabranch::sql {

/// A relation that a SELECT may name, and its form in which the columns are there that tell its order.
struct OrderedRelation {
  std::string schema;
  std::string ordered_name;                // the table of that form, in the same schema
  std::vector<std::string> columns;        // what `*` gives
  std::vector<std::string> named_columns;  // to be had by name only
  std::vector<OrderKey> order;             // the first one first; none: it has one row, or no order
  bool is_of_events =
      false;  // orders before tables do: rows of a join go by their event, then by the table's row
};
using OrderedRelations = std::map<std::string, OrderedRelation>;  // by "schema.name" in lower case

struct SpelledOrder {
  Select select;
  std::vector<OrderKey> order;  // hidden columns at its end: by which its rows are ordered
  bool keeps_names = true;      // false: only the engine can tell whether its columns are those as written
};

/// Spells the order out. `shows_order`: its own rows are to be ordered by who reads it. `aggregates`: the
/// engine's aggregate functions. refused where hidden columns could not be told apart from the others (a row
/// as a whole), or an order cannot be told: then the SELECT means what it is written as. The names of columns
/// stay, except where COLUMNS(…) makes them.
Result<SpelledOrder> spell_order(const Select& select, const OrderedRelations& relations, bool shows_order,
                                 const FunctionNames& aggregates);

}  // namespace anabranch::sql
