#pragma once
// A plan: what the compiler makes of a view's SELECT. Plain records, so that it can be printed, tested and
// sent to an engine without any engine being there. All SQL in it is plain SQL over ordinary columns, whose
// names are ours (c0, k0, a0, s0, …): those of users appear in `finalise` and `inlined` only. Relations are
// written as sql::relation says (anabranch."bronze.flights") and mean what the query says that runs it.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/relation_column.h"
#include "sql/database.h"
#include "sql/order_key.h"

namespace anabranch::views {

/// How a view is kept up to date (Gray et al., "Data Cube", 1997), from the cheapest state to none.
enum class ViewClass {
  linear,        // the state is the rows
  distributive,  // one column an aggregate
  algebraic,     // a few columns an aggregate
  holistic,      // value counts a group
  keyed,         // the kept rows a key
  merged,        // reads merged results of other views and tables only
  read_time,     // recomputed when it is read
};
std::string_view to_string(ViewClass view_class);

/// Why a view is not maintained: the clause, and what about it.
struct Reason {
  std::string clause;
  std::string reason;
  Place place;
};

/// One table of states. The rows stage is its input, under the name `rows`.
struct StatePart {
  std::string name;  // "main", "values1", "list1", …
  /// The states of some events: a SELECT over the relation `rows`, with exactly `columns`.
  std::string partial;
  /// States of the same key combined: a SELECT over the relation `states`, with exactly `columns`.
  /// Associative and commutative. All of `states` where they are not combined (rows of linear views, lists).
  std::string merge;
  std::vector<model::RelationColumn> columns;
  std::vector<std::string> keys;  // the first columns, by which build files are sorted
  bool is_combining = true;       // false: merge keeps every row
  /// Value counts only: the merged states as one row a group, a SELECT over the relation `<name>` with
  /// `keys` but the last first. finalise reads it as `<name>.summary`. A build keeps it beside the states,
  /// so that a read sums up again only the groups that later slices touch. Empty: finalise reads `<name>`.
  std::string summary;
};

inline constexpr std::string_view summary_suffix = ".summary";
/// "values0.summary": the relation under which finalise reads a part's summary.
std::string summary_name(const StatePart& part);

/// The name of the part that records the events which failed; its columns are _partition and _offset.
inline const std::string errors_part = "errors";

/// A column by which the rows of a view are ordered.
struct RowOrder {
  sql::OrderKey key;
  std::string type;
};

struct Plan {
  std::string view;  // "gold.delay_by_carrier"
  ViewClass view_class = ViewClass::read_time;
  std::vector<Reason> reasons;

  std::vector<model::RelationColumn> columns;  // what the view gives
  std::set<std::string> relations;  // what it reads directly: "bronze.flights", "silver.flights", …
  std::set<std::string> streams;    // what it reads in the end
  std::set<std::string> tables;

  // Maintained views (linear to keyed):
  std::string rows;              // stage 1: SELECT over `relations`
  std::vector<StatePart> parts;  // stages 2 and 3
  /// Stage 4: a SELECT over the relations `main`, `values1`, … which hold merged states.
  std::string finalise;
  /// Linear views only: the rows as other views read them, with hidden columns; a SELECT over `rows`.
  std::string inlined;
  bool has_table_order = false;  // _ord carries row numbers of joined tables
  /// A block of another view (a derived table, a CTE, a part of UNION ALL) that is maintained like a view.
  bool is_hidden = false;
  bool depends_on_moment = false;  // its result is never stored

  /// The view's own SELECT with the order spelled out where its result depends on it and with none of the
  /// stages: what read-time views run. Over `relations`.
  std::string canonical;

  /// Hidden columns by which its rows are ordered, for what reads it and depends on their order: those of
  /// `inlined`, or of the two below. None: it has one row, or an order that cannot be told.
  std::vector<RowOrder> order;
  std::string ordered;           // canonical, with them at its end; empty: it has none
  std::string ordered_finalise;  // finalise, with them at its end

  bool is_maintained() const { return view_class != ViewClass::merged && view_class != ViewClass::read_time; }
  const StatePart* part(std::string_view name) const;
};

/// The parts of a plan's relations that a query needs, under both of their names.
sql::Meanings only(const std::set<std::string>& relations, const sql::Meanings& meanings);

/// What the rows of a view are where its relations mean this.
sql::Query rows_query(const Plan& plan, const sql::Meanings& meanings);
/// The states of these rows; the part `errors` is not computed from rows but from what the relations mean.
sql::Query partial_query(const Plan& plan, const StatePart& part, const sql::Meanings& meanings,
                         sql::Query rows);
/// These states, merged.
sql::Query merge_query(const StatePart& part, sql::Query states);
/// The view from merged states, by part. A summary that is not given is made of its part's states.
sql::Query finalise_query(const Plan& plan, sql::Meanings states);
/// The same with the columns of its order.
sql::Query ordered_finalise_query(const Plan& plan, sql::Meanings states);
/// The rows of a linear view as others read them.
sql::Query inlined_query(const Plan& plan, sql::Query rows);
/// The canonical SELECT where the view's relations mean this.
sql::Query canonical_query(const Plan& plan, const sql::Meanings& meanings);
/// The same with the columns of the view's order.
sql::Query ordered_query(const Plan& plan, const sql::Meanings& meanings);

/// "gold.v:2": the name of a view's block. No view has a colon in its name.
std::string block_name(std::string_view view, size_t number);
/// "gold.v" of "gold.v:2"; a view's own name stays.
std::string_view view_of_block(std::string_view name);

/// The name of a relation without its hidden columns: "bronze.flights!".
std::string visible_name(std::string_view relation);

}  // namespace anabranch::views
