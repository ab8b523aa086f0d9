#include "views/unnested.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "views/functions.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;

bool has_unnest(const Expr& expr) {
  bool is_found = false;
  sql::visit_expr(expr, [&](const Expr& node) {
    is_found = is_found || is_unnest(node);
    return !is_found;
  });
  return is_found;
}

std::optional<Select> unnest_in_from(const Select& select, sql::Session& session, std::string& reason) {
  std::vector<Expr> calls;
  for (const Expr& item : select.items) {
    sql::visit_expr(item, [&](const Expr& node) {
      if (!is_unnest(node)) return true;
      Expr bare = node;
      bare.alias.clear();
      const auto is_same = [&](const Expr& known) { return sql::same_expr(known, bare); };
      if (std::none_of(calls.begin(), calls.end(), is_same)) calls.push_back(std::move(bare));
      return false;
    });
  }
  if (calls.empty()) return std::nullopt;
  const bool is_simple = calls.size() == 1 && calls[0].children.size() == 1 && select.group_by.empty() &&
                         select.grouping_sets.empty() && !select.qualify && select.distinct_on.empty() &&
                         std::none_of(select.items.begin(), select.items.end(), has_aggregate) &&
                         std::none_of(select.items.begin(), select.items.end(), has_window);
  const auto type = session.describe(
      fmt::format("SELECT {} FROM {}", sql::to_sql(calls[0].children[0]), sql::to_sql(select.from)));
  if (!is_simple || !type || !(*type)[0].type.ends_with(']')) {
    reason = "several unnests, or one of something else than a list, are computed when the view is read";
    return std::nullopt;
  }
  constexpr const char* alias = "anabranch:unnested";
  constexpr const char* value = "anabranch:value";
  Select out = select;
  sql::TableRef function;
  function.kind = sql::TableRef::Kind::function;
  function.function = calls[0];
  function.alias = alias;
  function.column_aliases = {value};
  sql::TableRef join;
  join.kind = sql::TableRef::Kind::join;
  join.join_kind = sql::TableRef::JoinKind::cross;
  join.join_type = "INNER";
  join.left = out.from;
  join.right = std::move(function);
  out.from = std::move(join);
  for (Expr& item : out.items) {
    const std::string name = item.alias;
    item = sql::rewrite(item, [&](const Expr& node) -> Box<Expr> {
      if (!is_unnest(node)) return {};
      Expr column = sql::column(alias, value);
      column.alias = node.alias;
      return column;
    });
    item.alias = name;
  }
  return out;
}

}  // namespace anabranch::views
