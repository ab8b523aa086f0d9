#pragma once
// Aggregates taken apart: what each needs as state, how states are merged, and what is computed from them at
// the end. Variances of integers of up to 32 bits from exact sums; others by Chan, Golub, LeVeque, "Updating
// formulae and a pairwise algorithm for computing sample variances", 1979.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sql/syntax.h"
#include "views/plan.h"

namespace anabranch::views {

/// The columns of the rows stage: each different expression once.
class RowColumns {
 public:
  /// The name of the column that holds the expression; added when it is new.
  std::string add(const sql::Expr& expr, std::string_view prefix);
  /// Adds a column of this name whatever is there already.
  void add_as(const sql::Expr& expr, const std::string& name);
  struct Column {
    std::string name;
    sql::Expr expr;
  };
  const std::vector<Column>& columns() const { return columns_; }

 private:
  std::vector<Column> columns_;
  std::map<std::string, std::string> by_sql_;
  std::map<std::string, int, std::less<>> counts_;
};

/// Types of an aggregate call and its arguments, as the engine binds them.
struct AggregateTypes {
  std::string result;
  std::vector<std::string> arguments;
};

/// Plans all aggregates of one SELECT. Use: add() for each call, then build().
class AggregatePlanner {
 public:
  /// `keys` are the names of the rows stage's group columns; `order` is the name of its order column, absent
  /// when the order of rows cannot be told.
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
  /// A table expression over "@main", "@values1.summary", … with the keys and all state and value columns,
  /// one row a group.
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
  // Value counts or lists of one argument: a state table of its own.
  struct Values {
    std::string name;  // "values1"
    std::string argument;
    std::string filter;
    bool has_first = false;  // keeps the order of the first occurrence
    bool is_list = false;    // keeps every row with its order
    std::vector<std::string> order_columns;
    std::vector<std::pair<std::string, std::string>> finals;  // column name, expression over the part
    bool needs_cumulative = false;
  };

  std::optional<std::string> plan_distributive(const sql::Expr& call, const AggregateTypes& types);
  std::optional<std::string> plan_algebraic(const sql::Expr& call, const AggregateTypes& types);
  std::optional<std::string> plan_by_order(const sql::Expr& call);
  std::optional<std::string> plan_holistic(const sql::Expr& call, const AggregateTypes& types);
  std::optional<std::string> refuse(std::string reason);

  std::string state(const std::string& partial, const std::string& merge);
  // Expressions over the states: how many values, and the sum of their squared deviations from the mean.
  struct Deviations {
    std::string n;
    std::string squared;
  };
  Deviations exact_deviations(const std::string& argument, const std::string& filter);
  std::string moments(const std::string& argument, const std::string& filter);
  std::string moments_of_pair(const std::string& y, const std::string& x, const std::string& filter);
  std::string summary(const Values& values) const;
  Values& values(const std::string& argument, const std::string& filter, bool is_list,
                 std::vector<std::string> order_columns = {});
  std::string final_value(Values& values, const std::string& expression);
  std::string argument(const sql::Expr& call, size_t index);
  std::string filter(const sql::Expr& call);
  void raise_class(ViewClass to) { class_ = std::max(class_, to); }

  RowColumns& rows_;
  const std::vector<std::string> keys_;
  const bool has_order_;
  std::vector<State> states_;
  std::vector<Moments> moments_;
  std::vector<Values> values_;
  int finals_ = 0;
  bool needs_order_ = false;
  ViewClass class_ = ViewClass::distributive;
  std::string reason_;
};

/// A call as the canonical SELECT spells it: with the order of rows where its result depends on it. The same
/// call where it does not. `order` is an expression over the FROM clause.
sql::Expr with_order(const sql::Expr& call, const std::string& order);
/// Whether an aggregate's result depends on the order of its rows.
bool depends_on_order(const sql::Expr& call);

}  // namespace anabranch::views
