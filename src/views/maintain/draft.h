#pragma once
// The plan of one view while it is made.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/database.h"
#include "sql/syntax.h"
#include "views/from_clause.h"
#include "views/maintain/aggregates.h"
#include "views/maintain/grouping_sets.h"
#include "views/plan.h"
#include "views/relation.h"
#include "views/row_columns.h"

namespace anabranch::views {

// Columns of the rows stage that no expression of the SELECT gives.
inline constexpr std::string_view row_order = AggregatePlanner::order_name;
inline constexpr std::string_view row_partition = "_partition";
inline constexpr std::string_view row_offset = "_offset";

/// The column of an output in the rows and in their states: c0, c1, …
std::string value_name(size_t index);

/// A resolved SELECT, what it reads, and the plan that a strategy makes of it; with what all strategies do
/// alike. Lives for one call of plan_maintained.
struct PlanDraft {
  PlanDraft(sql::Select resolved, FromClause read, std::string_view written, const Relations& readable,
            sql::Session& engine, Plan& made);
  PlanDraft(const PlanDraft&) = delete;
  PlanDraft& operator=(const PlanDraft&) = delete;

  sql::Select select;
  FromClause from;
  const GroupingSets sets;
  const std::string_view text;  // that the SELECT was parsed from
  const Relations& relations;
  sql::Session& session;
  Plan& plan;

  /// Adds a reason why the view cannot be maintained.
  void refuse(std::string clause, std::string reason, sql::Position position);
  /// Of the first window among the items; -1 when there is none.
  sql::Position position_of_window() const;

  std::string output_name(size_t index) const;
  /// `expr AS u0`, cast where its type is not the view's. An alias of the user's could hide a column of the
  /// states in ORDER BY, so outputs have names of ours there too, and get the user's in a SELECT around it.
  std::string output(const std::string& expr, size_t index, bool is_cast) const;
  /// ORDER BY and LIMIT; `ties` are added where a limit makes the order of ties visible.
  std::string tail(const std::vector<std::string>& orders, const std::vector<std::string>& ties) const;

  /// Sets the rows stage, and the part of the events that fail in it. False: it was refused.
  Result<bool> finish_rows(RowColumns& rows);
  /// Asks the engine for the types of all states and checks that merging keeps them. False: it was refused.
  Result<bool> type_parts();

  /// A column by which the rows of the view are ordered, over merged states.
  struct Shown {
    std::string sql;
    sql::OrderItem item;  // its direction
  };
  /// `make` writes the final SELECT, with further items; items whose type the engine gives differently are
  /// cast. `shown`: the order of its rows.
  Status finish_finalise(const std::function<std::string(const std::vector<bool>&, const std::string&)>& make,
                         const std::vector<Shown>& shown);
  /// Leaves nothing of the plan but its reasons.
  void give_up();
};

}  // namespace anabranch::views
