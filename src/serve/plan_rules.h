#pragma once
// What the plan of a user's SELECT may be made of in one epoch: tables, files and logs that the epoch itself
// names, and functions that only compute. Derived from the epoch and the allow-list alone, not from the text
// or from what the text was turned into.

#include <set>
#include <string>

#include "speed/epoch.h"
#include "sql/function_names.h"
#include "sql/plan_guard.h"

namespace anabranch::serve {

/// What only the service knows.
struct PlanSources {
  const sql::FunctionNames* functions = nullptr;  // may be called, as the engine binds them
  std::function<bool(std::string_view function)> is_called_by_views;  // asked where they are not enough
  std::function<bool(std::string_view file)> is_bulk_file;            // of a stream, at these offsets
  std::set<std::string, std::less<>> logs;                            // the feeds' functions
};

/// The epoch and what `sources` points to outlive the rules.
sql::PlanRules plan_rules(const speed::Epoch& epoch, PlanSources sources);

/// The functions that the models of a world call, as the engine binds them.
Result<sql::FunctionNames> functions_of_views(sql::Session& session, const views::World& world);

/// Names that the engine binds for what has no name in SQL, or another one than it was called by.
const sql::FunctionNames& unnamed_functions();

}  // namespace anabranch::serve
