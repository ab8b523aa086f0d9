#include "sql/row_sight.h"

#include <algorithm>

namespace anabranch::sql {

OrderItem order_by(Expr key) {
  OrderItem item;
  key.alias.clear();
  item.expr = std::move(key);
  return item;
}

void append(std::vector<OrderItem>& order, const std::vector<OrderItem>& keys) {
  order.insert(order.end(), keys.begin(), keys.end());
}

void RowSight::add_column(const std::string& alias, const std::string& column) {
  const auto [found, is_new] = owners.emplace(lower(column), alias);
  if (!is_new) found->second.clear();
}

std::vector<OrderItem> RowSight::keys() const {
  std::vector<OrderItem> all = events;
  append(all, tables);
  return all;
}

bool RowSight::has_hidden() const {
  return std::any_of(hidden.begin(), hidden.end(), [](const auto& one) { return !one.columns.empty(); });
}

Expr RowSight::without_hidden(const Expr& star) const {
  Expr out = star;
  for (const HiddenColumns& one : hidden) {
    if (!star.path.empty() && !same_name(star.path.back(), one.alias)) continue;
    for (const std::string& column : one.columns)
      out.exclude.push_back(star.path.empty() ? std::vector{one.alias, column} : std::vector{column});
  }
  return out;
}

bool RowSight::is_row(std::string_view name) const {
  if (owners.contains(lower(name))) return false;
  return std::any_of(hidden.begin(), hidden.end(), [&](const HiddenColumns& one) {
    return !one.columns.empty() && same_name(one.alias, name);
  });
}

Box<Expr> RowSight::columns_without_hidden(const Expr& columns) const {
  if (!has_hidden() || columns.children.size() != 1) return columns;
  const Expr& which = columns.children[0];
  Expr out = columns;
  if (which.kind == Expr::Kind::star) {
    out.children[0] = without_hidden(which);
    return out;
  }
  if (which.kind == Expr::Kind::call && which.name == "list_filter" && which.children.size() == 2 &&
      which.children[0].kind == Expr::Kind::star) {  // of the names that a lambda takes
    out.children[0].children[0] = without_hidden(which.children[0]);
    return out;
  }
  Expr lambda = which;
  if (which.kind == Expr::Kind::constant && which.text.starts_with('\'')) {
    if (columns.alias.find('\\') != std::string::npos) return {};
    lambda = {};
    lambda.kind = Expr::Kind::other;
    lambda.name = lambda.text = "lambda";
    lambda.children = {column("c"), call("regexp_matches", {column("c"), which})};
  }
  if (!lambda.is("lambda") || lambda.children.size() != 2 || lambda.children[0].kind != Expr::Kind::column)
    return {};
  Expr both;
  both.kind = Expr::Kind::other;
  both.name = "and";
  Expr not_in;
  not_in.kind = Expr::Kind::other;
  not_in.name = "not_in";
  not_in.children.push_back(lambda.children[0]);
  for (const HiddenColumns& one : hidden) {
    for (const std::string& name : one.columns) not_in.children.push_back(text_expr(quote_literal(name)));
  }
  both.children = {std::move(lambda.children[1]), std::move(not_in)};
  lambda.children[1] = std::move(both);
  out.children[0] = std::move(lambda);
  return out;
}

Expr RowSight::qualified(const Expr& expr) const {
  return rewrite(expr, [&](const Expr& node) -> Box<Expr> {
    if (node.kind != Expr::Kind::column || node.path.size() != 1) return {};
    const auto owner = owners.find(lower(node.path[0]));
    if (owner == owners.end() || owner->second.empty()) return {};
    return column(owner->second, node.path[0]);
  });
}

Expr RowSight::without_layers(const Expr& expr) const {
  if (layered.empty()) return expr;
  return rewrite(expr, [&](const Expr& node) -> Box<Expr> {
    const bool is_star = node.kind == Expr::Kind::star && node.path.size() == 2;
    if (!is_star && (node.kind != Expr::Kind::column || node.path.size() < 3)) return {};
    for (const auto& [schema, name] : layered) {
      if (!same_name(node.path[0], schema) || !same_name(node.path[1], name)) continue;
      Expr out = node;
      out.path.erase(out.path.begin());
      return out;
    }
    return {};
  });
}

}  // namespace anabranch::sql
