#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/faults.h"
#include "tests/fuzz/random.h"
#include "tests/fuzz/scope.h"

namespace anabranch::fuzz {

/// A condition, with what is known of it where something in it may fail: an error is an unknown value.
struct Predicate {
  Sql sql;
  std::string must, may;          // plain: true in every case; in some case
  std::string must_not, may_not;  // false
  bool is_risky = false;
};

/// Random expressions over the columns of a source. Says what it used.
class Expressions {
 public:
  Expressions(Random& random, const Faults& faults, const Source& source, std::set<std::string>& used);

  Expr scalar(Kind kind, int depth);
  /// A scalar of a kind that can be a group key.
  Expr key();
  /// Any column or scalar.
  Expr any();
  /// Something to order by that is the same to the last bit everywhere.
  Expr sortable();
  Predicate predicate(int depth);
  /// One of WHERE, in which casts may fail where that is asked for.
  Predicate conjunct(int depth);
  Expr aggregate();
  std::optional<Expr> faulty_aggregate();
  /// An aggregate whose result is exact, for HAVING and ORDER BY.
  Expr exact_aggregate();
  /// `expr DESC NULLS LAST` and the like.
  Sql order_item(const Expr& expr);

  std::optional<Expr> column(const std::function<bool(const Column&)>& is_wanted);
  Sql text_literal();
  bool chance(int percent) { return random_.chance(percent); }

  /// A cast that fails for some events, only where asked for.
  std::optional<Expr> risky_cast();
  bool may_take_risks = false;

  const std::vector<std::string>& errors() const {
    return errors_;
  }  // plain: conditions under which an item fails
  bool depends_on_order() const { return depends_on_order_; }
  void use(const std::string& construct);
  /// Marks that the result depends on the order of rows.
  void use_order(const std::string& construct);

 private:
  struct Call {
    std::string name;
    Sql arguments;
    bool is_distinct = false;
    bool has_ties = false;  // the result depends on the order of rows
    std::vector<Sql> order_by;
  };
  Expr reference(const Column& column);
  Predicate atom();
  Predicate safe(Sql sql);
  Sql call(const Call& call);
  Sql filter();
  Sql wide_sum(const Sql& x);
  Expr number(bool is_wide_too);  // that can be added up exactly
  Expr count_of_something();
  Expr from_order();
  Expr holistic();
  Expr statistic();
  Expr extreme();

  Random& random_;
  const Faults& faults_;
  const Source& source_;
  std::set<std::string>& used_;
  std::vector<std::string> errors_;
  bool depends_on_order_ = false;
  bool is_condition_ = false;
};

}  // namespace anabranch::fuzz
