#include "sql/function_names.h"

#include <map>
#include <vector>

#include "duckdb/main/extension_entries.hpp"
#include "sql/parser.h"
#include "sql/syntax.h"

namespace anabranch::sql {

Result<FunctionNames> function_names(Session& session) {
  FunctionNames names = {"getenv"};  // of the engine's shell
  for (const auto& entry : duckdb::EXTENSION_FUNCTIONS) names.insert(lower(entry.name));
  const auto rows = TRY(session.query("SELECT DISTINCT lower(function_name) FROM duckdb_functions()"));
  for (size_t i = 0; i < rows.row_count(); ++i) names.insert(rows.text(i, 0).value_or(""));
  return names;
}

Result<FunctionNames> bound_names(Session& session, const FunctionNames& called) {
  const auto rows = TRY(
      session.query("SELECT lower(function_name), lower(alias_of), macro_definition FROM duckdb_functions() "
                    "WHERE alias_of IS NOT NULL OR macro_definition IS NOT NULL"));
  std::map<std::string, FunctionNames, std::less<>> stands_for;
  for (size_t i = 0; i < rows.row_count(); ++i) {
    auto& others = stands_for[rows.text(i, 0).value_or("")];
    if (const auto alias = rows.text(i, 1)) others.insert(*alias);
    const auto macro = rows.text(i, 2);
    const auto body = macro ? parse_select("SELECT " + *macro) : Result<Select>(fail(Code::bad_sql, ""));
    if (!body) continue;  // of a kind that nobody may call: the name alone stays
    visit_selects(*body, [&](const Select& select) {
      visit_own_exprs(select, [&](const Expr& expr) {
        visit_expr(expr, [&](const Expr& node) {
          if (node.kind == Expr::Kind::call || node.kind == Expr::Kind::window) others.insert(node.name);
          return true;
        });
      });
    });
  }
  FunctionNames bound;
  std::vector<std::string> left(called.begin(), called.end());
  while (!left.empty()) {
    const std::string name = lower(left.back());
    left.pop_back();
    if (!bound.insert(name).second) continue;
    if (const auto others = stands_for.find(name); others != stands_for.end())
      left.insert(left.end(), others->second.begin(), others->second.end());
  }
  return bound;
}

}  // namespace anabranch::sql
