#pragma once
// What a caller may see of the relations of a project, and what it may order. One policy, every exit.

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
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

/// What a caller may do, beside what it may see. A right is of one relation, or of the project as a whole:
/// who names nothing asks for the whole, and no more is concluded from one than the policy says.
enum class Right {
  ingest,        // a stream: events into it; how far a producer of it is
  build,         // a view; the whole: all of them, under the newest basis
  verify,        // a view; the whole: all that the caller sees
  copy,          // a table; the whole: those of all sources
  drop,          // what is stored of a name that the project does not have; the whole: a list of all such
  apply,         // the whole: the project's files come to run
  cancel,        // the whole: tasks, whoever began them
  read_project,  // the whole: which files changed, what apply would do, what differs from another project
};
inline constexpr std::array all_rights = {Right::ingest, Right::build, Right::verify, Right::copy,
                                          Right::drop,   Right::apply, Right::cancel, Right::read_project};
/// "ingest", "read project": as a person says it.
std::string_view to_string(Right right);

/// The port. It applies to the relation that the caller names: views are read as they were computed, from
/// everything that they read, because states and builds are shared by all callers. Who keeps something in a
/// stream from a caller and shows a view over it says so of the view as well.
///
/// What is there only whole is there only for who sees all of a relation: an event's raw text and its entry
/// in quarantine, the events recorded against a view, counts of rows, a view's plan, what verify and diff
/// found. The message of an error that the data made may hold a value of any relation below those that a
/// query names; where one of them is restricted for the caller, the message is left out.
///
/// Orders and their answers: what is hidden from a caller is not there for its orders either, whatever its
/// rights (not_found, as for what there is not). Who may write to a stream and read nothing of it has a row
/// filter that is never true. An answer names only what the caller sees, counts rows of what it sees whole,
/// and tells the message of an error where it sees all that the error may be of. Texts of SQL, mistakes of a
/// project's files, notes and counts of what would change, and rows that differ come from any relation: they
/// are for who sees all of them whole.
///
/// Any thread may call; the answer for a caller and relation may change between reads, not within one.
class Policy {
 public:
  virtual ~Policy() = default;
  /// `relation`: "bronze.flights", in lower case.
  virtual Restriction restriction(const Caller& caller, std::string_view relation) const = 0;

  /// `relation`: as above, or empty: the project as a whole.
  virtual bool allows(const Caller& caller, Right right, std::string_view relation) const = 0;

  /// refused, with the right that is missing. It names the relation: ask of what the caller sees, or has
  /// named.
  Status check(const Caller& caller, Right right, std::string_view relation = {}) const;
  bool shows(const Caller& caller, std::string_view relation) const {
    return !restriction(caller, relation).is_hidden;
  }
  bool shows_whole(const Caller& caller, std::string_view relation) const {
    return restriction(caller, relation).is_none();
  }
};

/// Everybody sees everything and may order everything.
class AllowAll final : public Policy {
 public:
  Restriction restriction(const Caller&, std::string_view) const override { return {}; }
  bool allows(const Caller&, Right, std::string_view) const override { return true; }
};

std::shared_ptr<const Policy> allow_all();

}  // namespace anabranch::security
