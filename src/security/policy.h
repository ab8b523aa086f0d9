#pragma once
// What a caller may see of the relations of a project. One policy, every exit.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "security/caller.h"

namespace anabranch::security {

/// What is kept from a caller of one relation: it then means a SELECT over what it is, for this caller.
///
/// Masks and filters are SQL expressions over the relation's columns, hidden ones too (a stream's system
/// columns are not among them), with functions that users may call. A mask gives the column's type: what
/// does not fit it is NULL. Columns are named in lower case.
struct Restriction {
  bool is_hidden = false;                    // as if there were no such relation
  std::set<std::string> hidden_columns;      // as if the relation had no such column
  std::map<std::string, std::string> masks;  // column → what is shown in its place
  std::string row_filter;                    // rows for which it is true are shown; empty: all

  bool is_none() const { return !is_hidden && hidden_columns.empty() && masks.empty() && row_filter.empty(); }
  /// Whether a column's own values are shown.
  bool shows_column(const std::string& lower_name) const {
    return !is_hidden && !hidden_columns.contains(lower_name) && !masks.contains(lower_name);
  }
};

/// The port. It applies to the relation that the caller names: views are read as they were computed, from
/// everything that they read, because states and builds are shared by all callers. Who keeps something in a
/// stream from a caller and shows a view over it says so of the view as well.
///
/// What is there only whole is there only for who sees all of a relation: an event's raw text and its entry
/// in quarantine, the events recorded against a view, counts of rows, a view's plan, what verify and diff
/// found. The message of an error that the data made may hold a value of any relation below those that a
/// query names; where one of them is restricted for the caller, the message is left out.
///
/// Any thread may call; the answer for a caller and relation may change between reads, not within one.
class Policy {
 public:
  virtual ~Policy() = default;
  /// `relation`: "bronze.flights", in lower case.
  virtual Restriction restriction(const Caller& caller, std::string_view relation) const = 0;

  bool shows(const Caller& caller, std::string_view relation) const {
    return !restriction(caller, relation).is_hidden;
  }
  bool shows_whole(const Caller& caller, std::string_view relation) const {
    return restriction(caller, relation).is_none();
  }
};

/// Everybody sees everything.
class AllowAll final : public Policy {
 public:
  Restriction restriction(const Caller&, std::string_view) const override { return {}; }
};

std::shared_ptr<const Policy> allow_all();

}  // namespace anabranch::security
