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
  const bool is_simple = select.group_by.empty() && select.grouping_sets.empty() && !select.qualify &&
                         select.distinct_on.empty() &&
                         std::none_of(select.items.begin(), select.items.end(), has_aggregate) &&
                         std::none_of(select.items.begin(), select.items.end(), has_window);
  const auto is_list = [&](const Expr& call) {
    if (call.children.size() != 1) return false;
    const auto type = session.describe(
        fmt::format("SELECT {} FROM {}", sql::to_sql(call.children[0]), sql::to_sql(select.from)));
    return type && (*type)[0].type.ends_with(']');
  };
  if (!is_simple || !std::all_of(calls.begin(), calls.end(), is_list)) {
    reason = "unnest of something else than a list, or of groups, is computed when the view is read";
    return std::nullopt;
  }
  constexpr const char* alias = "anabranch:unnested";
  constexpr const char* value = "anabranch:value";
  Select out = select;
  sql::TableRef function;
  function.kind = sql::TableRef::Kind::function;
  function.function = calls[0];
  // The engine gives the rows of the longest list, with NULLs where another one has no value: so does
  // list_zip.
  const bool is_one = calls.size() == 1;
  if (!is_one) {
    std::vector<Expr> lists;
    for (const Expr& call : calls) lists.push_back(call.children[0]);
    function.function->children = {sql::call("list_zip", std::move(lists))};
  }
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
      Expr bare = node;
      bare.alias.clear();
      size_t place = 0;
      while (!sql::same_expr(calls[place], bare)) ++place;
      Expr column = sql::column(alias, value);
      if (!is_one) {
        Expr number;
        number.text = fmt::to_string(place + 1);
        column = sql::call("struct_extract", {std::move(column), std::move(number)});
      }
      column.alias = node.alias;
      return column;
    });
    item.alias = name;
  }
  return out;
}

}  // namespace anabranch::views
