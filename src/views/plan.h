#pragma once
// A plan: what the compiler makes of a view's SELECT. Plain records, so that it can be printed, tested and
// sent to an engine without any engine being there. All SQL in it is plain SQL over ordinary columns; a
// relation is written as
// "@bronze.flights" (in quotes, with the at sign) and bound to what it means in a place by bind_relations.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/database.h"

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
  /// The states of some events: a SELECT over the relation "@rows", with exactly `columns`.
  std::string partial;
  /// States of the same key combined: a SELECT over the relation "@states", with exactly `columns`.
  /// Associative and commutative. "SELECT * FROM "@states"" where states are not combined (rows of linear
  /// views, lists).
  std::string merge;
  std::vector<sql::OutputColumn> columns;
  std::vector<std::string> keys;  // the first columns, by which build files are sorted
  bool is_combining = true;       // false: merge keeps every row
  /// Value counts only: the merged states as one row a group, a SELECT over the relation "@<name>" with
  /// `keys` but the last first. finalise reads it as "@<name>.summary". A build keeps it beside the states,
  /// so that a read sums up again only the groups that later slices touch. Empty: finalise reads "@<name>".
  std::string summary;
};

inline constexpr std::string_view summary_suffix = ".summary";
/// "values0.summary": the relation under which finalise reads a part's summary.
std::string summary_name(const StatePart& part);

/// The name of the part that records the events which failed; its columns are _partition and _offset.
inline const std::string errors_part = "errors";

struct Plan {
  std::string view;  // "gold.delay_by_carrier"
  ViewClass view_class = ViewClass::read_time;
  std::vector<Reason> reasons;

  std::vector<sql::OutputColumn> columns;  // what the view gives
  std::set<std::string> relations;         // what it reads directly: "bronze.flights", "silver.flights", …
  std::set<std::string> streams;           // what it reads in the end
  std::set<std::string> tables;

  // Maintained views (linear to keyed):
  std::string rows;              // stage 1: SELECT over events, tables and linear views
  std::vector<StatePart> parts;  // stages 2 and 3
  /// Stage 4: a SELECT over the relations "@main", "@values1", … which hold merged states.
  std::string finalise;
  /// Linear views only: the rows as other views read them, with the hidden columns _ord, _partition and
  /// _offset.
  std::string inlined;
  bool has_table_order = false;  // _ord carries row numbers of joined tables

  /// The view's own SELECT with the order spelled out where its result depends on it and with none of the
  /// stages: what read-time views run and what verify compares with. Over "@relations" as they are named in
  /// `relations`.
  std::string canonical;

  bool is_maintained() const { return view_class != ViewClass::merged && view_class != ViewClass::read_time; }
  const StatePart* part(std::string_view name) const;
};

/// The finalise stage over merged states (table expressions by part). A summary that is not given is made of
/// its part's states.
std::string finalise_sql(const Plan& plan, std::map<std::string, std::string> states);

/// Replaces relations in SQL by what they mean: `meanings` maps "bronze.flights" to a table expression such
/// as `feed_flights()` or `(SELECT …)`. Relations that are not in the map stay.
std::string bind_relations(std::string sql, const std::map<std::string, std::string>& meanings);

/// `"@name"`, the token that stands for a relation in SQL.
std::string relation_token(std::string_view name);

}  // namespace anabranch::views
