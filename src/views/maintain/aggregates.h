#pragma once
// Aggregates taken apart: what each needs as state, how states are merged, and what is computed from them at
// the end. A planner belongs to one thread and to the planning of one SELECT.
//
// No partial and no merge raises an error or wraps, whatever the values: an aggregate that overflows, or that
// the engine refuses (the variance of an infinity), fails when its group is read, not when its events arrive.
// Sums of doubles are compensated as long as they are finite, and follow IEEE 754 from there on.

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sql/syntax.h"
#include "views/plan.h"
#include "views/row_columns.h"

namespace anabranch::views {

/// Types of an aggregate call and its arguments, as the engine binds them.
struct AggregateTypes {
  std::string result;
  std::vector<std::string> arguments;
};

/// Of calls over a FROM clause, by their SQL without aliases: two questions to the engine for all of them.
Result<std::map<std::string, AggregateTypes>> aggregate_types(const std::vector<sql::Expr>& calls,
                                                              const std::string& from, sql::Session& session);

/// Plans all aggregates of one SELECT. Use: add() for each call, then parts() and from().
class AggregatePlanner {
 public:
  /// `keys` are the names of the rows stage's group columns. `has_order` is false when the order of rows
  /// cannot be told.
  AggregatePlanner(RowColumns& rows, std::vector<std::string> keys, bool has_order)
      : rows_(rows), keys_(std::move(keys)), has_order_(has_order) {}

  /// The final expression for a call, over columns of the relation that `from()` gives; nothing where the
  /// aggregate is not taken apart (why: reason()).
  std::optional<std::string> add(const sql::Expr& call, const AggregateTypes& types);
  const std::string& reason() const { return reason_; }

  bool needs_order() const { return needs_order_; }
  ViewClass view_class() const { return class_; }
  /// The state tables. Types of columns are left empty: the engine tells them.
  std::vector<StatePart> parts() const;
  /// A table expression over the relations "main", "values1.summary", … with the keys and all state and value
  /// columns, one row a group.
  std::string from() const;

  /// Name of the order column in the rows stage.
  static constexpr std::string_view order_name = "_ord";

 private:
  struct State {
    std::string name;
    std::string partial;
    std::string merge;
  };
  // Central moments of one argument or a pair: merged together, around their common mean.
  struct Moments {
    std::string prefix;
    std::string partial;
    bool is_pair = false;
  };
  // Values with their number of rows, or rows kept as they are: a state table of its own. Its columns are v0,
  // v1, … (values), n (rows of this value), o (the order of the first of them), o0, o1, … (order of a row).
  struct Values {
    std::string name;  // "values1", "list1"
    std::vector<std::string> arguments;
    std::string filter;
    bool keeps_null = false;
    bool has_first = false;  // keeps the order of the first occurrence
    bool is_list = false;    // keeps every row with its order
    std::vector<std::string> order_columns;
    int64_t row_limit = 0;  // of a list: keeps the first so many rows of each group, by `sort`; 0: all
    std::string sort;
    std::vector<std::pair<std::string, std::string>> finals;  // column name, expression over the part
    // What is added to the part's rows for its finals:
    bool needs_total = false;  // total
    bool needs_rank = false;   // up_to, total
    std::string middle;        // the median, a window expression: then `distance` to it and its rank
    std::string distance;      // from the median
    // Whether a final may raise: then it is left to the read, so that a build does not fail of one group.
    bool is_fallible = false;
    bool needs_centred = false;  // centred: how far from the mean
  };
  using Keep = std::function<std::string(const std::string& partial, const std::string& merge)>;
  struct Sum {
    std::string total;
    std::string as_double;
  };
  // Expressions over the states: how many values, and the sum of their squared deviations from the mean.
  struct Deviations {
    std::string n;
    std::string squared;
  };
  using Final = std::optional<std::string>;

  Final plan_sum(const sql::Expr& call, const AggregateTypes& types);
  Final plan_moments(const sql::Expr& call, const AggregateTypes& types);
  Final plan_picked(const sql::Expr& call, const AggregateTypes& types);
  Final plan_list(const sql::Expr& call, const AggregateTypes& types);
  Final plan_first_rows(const sql::Expr& call, const AggregateTypes& types);
  Final plan_distinct(const sql::Expr& call, const AggregateTypes& types);
  Final plan_quantile(const sql::Expr& call, const AggregateTypes& types);
  Final plan_counted(const sql::Expr& call, const AggregateTypes& types);
  Final refuse(std::string reason);

  std::string state(const std::string& partial, const std::string& merge);
  // A column computed from those of a lower level; level 0 sees the states. The same expression once.
  std::string derive(size_t level, const std::string& expression);
  Sum sum(const std::string& argument, const std::string& type, const std::string& filter, const Keep& keep);
  Deviations deviations(const std::string& argument, const std::string& type, const std::string& filter);
  Deviations exact_deviations(const std::string& argument, const std::string& filter);
  Deviations limb_deviations(const std::string& integer, const std::string& filter, int bits,
                             std::string* mean);
  std::string moments(const std::string& argument, const std::string& filter);
  std::string moments_of_pair(const std::string& y, const std::string& x, const std::string& filter);
  Values& values(std::vector<std::string> arguments, const std::string& filter, bool keeps_null = false);
  Values& list(std::vector<std::string> arguments, const std::string& filter,
               std::vector<std::string> order_columns, int64_t row_limit, const std::string& sort);
  Values& shared(Values added);
  std::string summary(const Values& values) const;
  std::string source(const Values& values) const;
  std::string final_value(Values& values, const std::string& expression);
  std::string argument(const sql::Expr& call, size_t index);
  std::string filter(const sql::Expr& call);
  // ORDER BY items as row columns: their names, and the arguments of create_sort_key.
  std::vector<std::string> order_columns(const sql::Expr& call);
  std::string sort_key(const std::vector<std::pair<std::string, std::string>>& columns) const;
  StatePart main_part() const;
  StatePart part(const Values& values) const;
  void raise_class(ViewClass to) { class_ = std::max(class_, to); }

  RowColumns& rows_;
  const std::vector<std::string> keys_;
  const bool has_order_;
  std::vector<State> states_;
  std::vector<Moments> moments_;
  std::vector<Values> values_;
  std::vector<std::vector<std::pair<std::string, std::string>>> derived_;
  int derived_count_ = 0;
  int finals_ = 0;
  bool needs_order_ = false;
  ViewClass class_ = ViewClass::distributive;
  std::string reason_;
};

/// Whether an aggregate's result depends on the order of its rows.
bool depends_on_order(const sql::Expr& call);

}  // namespace anabranch::views
