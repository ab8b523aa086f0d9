#pragma once
// The relations of a world as one caller sees them: where the policy takes effect on SQL.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "model/relation_column.h"
#include "security/policy.h"
#include "views/world.h"

namespace anabranch::serve {

/// What names mean for a caller. A mask or a filter is a SELECT over the relation, which stands behind its
/// name, so whatever a query does with it meets what that SELECT gives. Asks the policy once, when it is
/// made. Immutable; the world outlives it.
class CallerSight {
 public:
  CallerSight(const security::Policy& policy, const security::Caller& caller, const views::World& world);

  /// Those that are there for the caller, with the columns that are.
  const views::Relations& relations() const { return relations_ ? *relations_ : world_.relations; }
  const std::map<std::string, Error>& absent() const { return absent_ ? *absent_ : world_.absent; }

  /// "bronze.flights", "gold.daily"; also names that the world has not.
  bool sees(std::string_view relation) const;
  bool sees_whole(std::string_view relation) const;
  /// These, and all that they are computed from: an error that the data made may tell of any of them.
  bool sees_whole_below(const std::set<std::string>& relations) const;
  /// Of a view: its record's columns.
  std::vector<model::RelationColumn> columns_of(const views::Plan& plan) const;
  /// Those of the streams that are there for the caller; by names without "bronze.".
  model::Offsets seen(const model::Offsets& offsets) const;

  /// Puts what the named relations mean for the caller in the place of what they are.
  void restrict(const std::set<std::string>& named, sql::Meanings& meanings) const;

 private:
  const views::World& world_;
  const security::Policy& policy_;
  const security::Caller caller_;
  std::map<std::string, security::Restriction> restrictions_;  // by lower-case name; none: not restricted
  std::optional<views::Relations> relations_;                  // nothing: the world's
  std::optional<std::map<std::string, Error>> absent_;         // as those
};

}  // namespace anabranch::serve
