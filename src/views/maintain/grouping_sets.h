#pragma once
// GROUPING SETS, ROLLUP and CUBE: each row is there once for each set, with the set's number as one more key.

#include <optional>
#include <string>
#include <vector>

#include "sql/syntax.h"

namespace anabranch::views {

/// Of one resolved SELECT, which outlives it.
class GroupingSets {
 public:
  explicit GroupingSets(const sql::Select& select) : select_(select) {}

  /// GROUP BY () is one set of nothing, which needs no number.
  bool any() const { return !select_.group_by.empty() && !select_.grouping_sets.empty(); }
  size_t count() const { return any() ? select_.grouping_sets.size() : 0; }
  /// Why they cannot be maintained; nothing where they can.
  std::optional<std::string> obstacle() const;

  /// A group expression where its set has it, else NULL.
  sql::Expr key(size_t group) const;
  /// GROUPING(a, b): a bit for each argument that the set of a group does not have, the last one lowest.
  /// Nothing where an argument is none of GROUP BY.
  std::optional<sql::Expr> grouping(const sql::Expr& call, const std::string& set_key) const;
  /// The set of nothing has its one row over no events, too. The set's number is the last of the keys.
  std::string with_empty_sets(const std::string& from, const std::vector<std::string>& keys) const;

 private:
  bool is_in_set(size_t set, size_t group) const;
  const sql::Select& select_;
};

}  // namespace anabranch::views
