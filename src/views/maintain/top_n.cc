#include "views/maintain/top_n.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "sql/query.h"
#include "views/functions.h"

namespace anabranch::views {

using sql::Expr;

namespace {

// A whole number as it stands in SQL.
std::optional<int64_t> small_number(const Expr& expr) {
  if (expr.kind != Expr::Kind::constant || expr.text.empty() || expr.text.size() > 9) return std::nullopt;
  if (expr.text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoll(expr.text);
}

std::optional<TopN> one_condition(const Expr& qualify) {
  if (!qualify.is("comparison") || qualify.children.size() != 2) return std::nullopt;
  const bool is_reversed = qualify.children[0].kind != Expr::Kind::window;
  const Expr& window = qualify.children[is_reversed ? 1 : 0];
  const auto number = small_number(qualify.children[is_reversed ? 0 : 1]);
  if (!number || window.kind != Expr::Kind::window || !window.children.empty() || window.filter ||
      !window.over || !window.order_by.empty() || !window.over->frame.units.empty())
    return std::nullopt;
  if (window.name != "row_number" && window.name != "rank" && window.name != "dense_rank")
    return std::nullopt;
  std::string op = qualify.text;
  if (is_reversed && op == ">=")
    op = "<=";
  else if (is_reversed && op == ">")
    op = "<";
  else if (is_reversed && op != "=")
    return std::nullopt;
  const int64_t rows = op == "<" ? *number - 1 : *number;
  const bool is_bounded = op == "<=" || op == "<" || op == "=";
  if (!is_bounded || rows < 1) return std::nullopt;
  return TopN{window, rows, op == "=" && rows > 1};
}

}  // namespace

std::optional<TopN> top_n(const Expr& qualify, std::vector<Expr>& others) {
  if (!qualify.is("and")) return one_condition(qualify);
  std::optional<TopN> found;
  for (const Expr& part : qualify.children) {
    if (!has_window(part)) {
      others.push_back(part);
      continue;
    }
    if (found || !(found = one_condition(part))) return std::nullopt;
  }
  return found;
}

std::string select_least_row(const std::vector<RowColumns::Column>& columns,
                             const std::vector<std::string>& keys, const std::string& sort_key,
                             std::string_view relation) {
  std::string outputs;
  std::string fields;
  const std::string key_list = join(keys);
  for (const auto& column : columns) {
    const std::string& name = column.name;
    if (std::find(keys.begin(), keys.end(), name) != keys.end()) {
      append_item(outputs, name);
    } else {
      append_item(outputs, fmt::format("struct_extract(kept, '{}') AS {}", name, name));
      append_item(fields, fmt::format("{} := {}", name, name));
    }
  }
  return fmt::format(
      "SELECT {} FROM (SELECT {}, {}(struct_pack({}), create_sort_key({})) AS kept FROM {} GROUP BY "
      "{})",
      outputs, key_list,
      relation == "states" && is_planted("of two states of a key the older is kept") ? "arg_max" : "arg_min",
      fields, sort_key, sql::relation(relation), key_list);
}

}  // namespace anabranch::views
