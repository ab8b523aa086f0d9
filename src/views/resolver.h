#pragma once
// Names to their meaning: every column of a SELECT is written with the relation that it comes from, `*` is
// spelled out, aliases and ordinals in GROUP BY, HAVING, QUALIFY and ORDER BY are replaced by what they stand
// for. After this, two expressions mean the same when they print the same.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::views {

/// A relation in a FROM clause.
struct ScopeRelation {
  std::string alias;
  std::vector<std::string> columns;
  std::vector<std::string> hidden_columns;
};

class Scope {
 public:
  void add(ScopeRelation relation) { relations_.push_back(std::move(relation)); }
  void add_using(const std::vector<std::string>& columns);
  const std::vector<ScopeRelation>& relations() const { return relations_; }
  /// Takes away the relations after the first `count`: the right side of a SEMI or ANTI join is seen in ON
  /// only.
  void keep_first(size_t count) { relations_.resize(count); }

  /// The column in full, or nothing when it is not here or not of one relation.
  std::optional<sql::Expr> resolve(const sql::Expr& column) const;
  /// The columns that `*` (or `alias.*`) gives; nothing where that is not known.
  std::optional<std::vector<sql::Expr>> star(const sql::Expr& star) const;

 private:
  bool is_using(std::string_view name) const;
  std::vector<ScopeRelation> relations_;
  std::vector<std::string> using_columns_;
};

/// A plain SELECT (no set operation, CTEs already put in place) with all names resolved. Each item has an
/// alias: its output name. nullopt where a name cannot be resolved: then the view is left to the engine as it
/// is written.
std::optional<sql::Select> resolve(const sql::Select& select, const Scope& scope);

/// Constants among the targets of GROUP BY, ORDER BY and DISTINCT ON are numbers of items to the engine: the
/// same SELECT, resolved, with them written as such.
sql::Select with_ordinals(sql::Select select);

}  // namespace anabranch::views
