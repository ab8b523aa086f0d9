#pragma once
// What a statement may be made of, asked of what the engine itself has bound. A check of the text says what a
// statement seems to be; this one says what would run, whatever led to it: a macro, a name that the engine
// looks up elsewhere, a part of the text that a check does not know.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/database.h"

namespace anabranch::sql {

/// A table of the engine's catalogue.
struct BoundTable {
  std::string_view database;
  std::string_view schema;
  std::string_view name;
};

/// Questions about the parts of a bound plan; one that is not asked is answered with no. What none of them
/// is about (joins, sorting, casts, …) is decided by a list of the guard's.
struct PlanRules {
  std::function<bool(const BoundTable&)> may_read_table;
  std::function<bool(std::string_view file)> may_read_file;   // its path, patterns resolved
  std::function<bool(std::string_view function)> may_scan;    // a table function that reads no file
  std::function<bool(std::string_view function)> may_call;    // a scalar or an aggregate one
  std::function<bool(std::string_view file)> may_write_file;  // by COPY
};

// Functions that the engine replaces by a value while it binds (getvariable(), current_setting()) are gone
// from the plan: those are for the check of the text alone.

/// While it lives, each statement that its session plans is checked between binding and optimising: one that
/// breaks a rule fails as refused, before anything of it runs. Belongs to the session's thread; ends before
/// it. One at a time.
class PlanGuard {
 public:
  PlanGuard(Session& session, PlanRules rules);
  ~PlanGuard();
  PlanGuard(const PlanGuard&) = delete;
  PlanGuard& operator=(const PlanGuard&) = delete;

  /// How many plans were checked. A statement that ran and was not among them is a fault of this program.
  size_t checked() const;

 private:
  struct State;
  Session& session_;
  std::shared_ptr<State> state_;
};

}  // namespace anabranch::sql
