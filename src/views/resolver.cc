#include "views/resolver.h"

#include <algorithm>
#include <cstdlib>

#include "views/functions.h"

namespace anabranch::views {

using sql::Expr;
using sql::same_name;

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const auto& other) { return same_name(other, name); });
}

const std::string* find_name(const std::vector<std::string>& names, std::string_view name) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const auto& o) { return same_name(o, name); });
  return found == names.end() ? nullptr : &*found;
}

Expr qualified(const Expr& original, std::vector<std::string> path) {
  Expr out;
  out.kind = Expr::Kind::column;
  out.path = std::move(path);
  out.alias = original.alias;
  out.position = original.position;
  return out;
}

}  // namespace

void Scope::add_using(const std::vector<std::string>& columns) {
  using_columns_.insert(using_columns_.end(), columns.begin(), columns.end());
}

bool Scope::is_using(std::string_view name) const { return contains(using_columns_, name); }

std::optional<Expr> Scope::resolve(const Expr& column) const {
  const auto& path = column.path;
  // [schema.]alias.column[.field …]
  for (size_t skip = 0; skip + 1 < path.size() && skip < 2; ++skip) {
    for (const auto& relation : relations_) {
      if (!same_name(relation.alias, path[skip])) continue;
      const std::string* name = find_name(relation.columns, path[skip + 1]);
      if (!name) name = find_name(relation.hidden_columns, path[skip + 1]);
      if (!name) continue;
      std::vector<std::string> full{relation.alias, *name};
      full.insert(full.end(), path.begin() + static_cast<std::ptrdiff_t>(skip) + 2, path.end());
      return qualified(column, std::move(full));
    }
  }
  // column[.field …]
  if (is_using(path[0])) return qualified(column, path);
  const ScopeRelation* owner = nullptr;
  const std::string* name = nullptr;
  for (const auto& relation : relations_) {
    const std::string* found = find_name(relation.columns, path[0]);
    if (!found) found = find_name(relation.hidden_columns, path[0]);
    if (!found) continue;
    if (owner) return std::nullopt;
    owner = &relation;
    name = found;
  }
  if (!owner) return std::nullopt;
  std::vector<std::string> full{owner->alias, *name};
  full.insert(full.end(), path.begin() + 1, path.end());
  return qualified(column, std::move(full));
}

std::optional<std::vector<Expr>> Scope::star(const Expr& star) const {
  std::vector<Expr> out;
  std::vector<std::string> seen_using;
  bool is_known = star.path.empty();
  for (const auto& relation : relations_) {
    if (!star.path.empty() && !same_name(relation.alias, star.path[0])) continue;
    is_known = true;
    for (const std::string& name : relation.columns) {
      Expr item = qualified(star, {relation.alias, name});
      if (star.path.empty() && is_using(name)) {
        if (contains(seen_using, name)) continue;
        seen_using.push_back(name);
        item.path = {name};
      }
      const bool is_excluded =
          std::any_of(star.exclude.begin(), star.exclude.end(), [&](const std::vector<std::string>& path) {
            return same_name(path.back(), name) && (path.size() == 1 || same_name(path[0], relation.alias));
          });
      if (is_excluded) continue;
      for (const auto& [replaced, with] : star.replace) {
        if (same_name(replaced, name)) item = with;
      }
      item.alias = name;
      for (const auto& [path, renamed] : star.rename) {
        if (same_name(path.back(), name) && (path.size() == 1 || same_name(path[0], relation.alias)))
          item.alias = renamed;
      }
      out.push_back(std::move(item));
    }
  }
  if (!is_known) return std::nullopt;
  return out;
}

namespace {

// Resolves the columns of expressions; remembers whether one could not be.
class ColumnResolver {
 public:
  ColumnResolver(const Scope& scope, const std::vector<Expr>& items) : scope_(scope), items_(items) {}
  bool is_ok() const { return is_ok_; }

  enum class Aliases { never, after_columns, before_columns };

  /// As ORDER BY and DISTINCT ON take it: an alias comes before a column only where it stands alone.
  Expr resolve_target(const Expr& expr) {
    const bool stands_alone = expr.kind == Expr::Kind::column;
    return resolve(expr, stands_alone ? Aliases::before_columns : Aliases::after_columns);
  }

  Expr resolve(const Expr& expr, Aliases aliases, std::vector<std::string> bound = {}) {
    if (is_lambda(expr)) {
      Expr out = expr;
      for (size_t i = 0; i + 1 < expr.children.size(); ++i) {
        sql::visit_expr(expr.children[i], [&](const Expr& node) {
          if (node.kind == Expr::Kind::column) bound.push_back(node.path[0]);
          return true;
        });
      }
      out.children.back() = resolve(expr.children.back(), aliases, bound);
      return out;
    }
    return sql::rewrite(expr, [&](const Expr& node) -> Box<Expr> {
      if (&node != &expr && is_lambda(node)) return resolve(node, aliases, bound);
      if (node.is("columns") || node.is("positional")) is_ok_ = false;
      if (node.kind != Expr::Kind::column) return {};
      if (contains(bound, node.path[0])) return node;
      if (aliases == Aliases::before_columns) {
        if (const Expr* item = by_alias(node)) return in_place_of(node, *item);
      }
      if (auto full = scope_.resolve(node)) return std::move(*full);
      if (aliases == Aliases::after_columns) {
        if (const Expr* item = by_alias(node)) return in_place_of(node, *item);
      }
      is_ok_ = false;
      return node;
    });
  }

 private:
  // `x -> …` may be JSON's operator as well. It is a lambda where what stands before the arrow is a parameter
  // list that names no column; the engine's own binding is compared with this choice later.
  bool is_lambda(const Expr& expr) const {
    if (!expr.is("lambda")) return false;
    if (expr.text == "lambda") return true;
    const Expr& parameters = expr.children.at(0);
    const auto is_parameter = [&](const Expr& node) {
      return node.kind == Expr::Kind::column && node.path.size() == 1 && !scope_.resolve(node);
    };
    if (parameters.kind == Expr::Kind::call && parameters.name == "row")
      return std::all_of(parameters.children.begin(), parameters.children.end(), is_parameter);
    return is_parameter(parameters);
  }

  // An alias of an argument is its name in the call, so it belongs to the place and not to the item.
  static Expr in_place_of(const Expr& node, const Expr& item) {
    Expr out = item;
    out.alias = node.alias;
    return out;
  }
  const Expr* by_alias(const Expr& node) const {
    if (node.path.size() != 1) return nullptr;
    for (const Expr& item : items_) {
      if (!item.alias.empty() && same_name(item.alias, node.path[0])) return &item;
    }
    return nullptr;
  }
  const Scope& scope_;
  const std::vector<Expr>& items_;  // those resolved so far
  bool is_ok_ = true;
};

// `2` in GROUP BY and ORDER BY means the second item.
const Expr* by_ordinal(const Expr& expr, const std::vector<Expr>& items) {
  if (expr.kind != Expr::Kind::constant || expr.text.empty() || expr.text.size() > 4) return nullptr;
  if (!std::all_of(expr.text.begin(), expr.text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return nullptr;
  const size_t index = std::strtoul(expr.text.c_str(), nullptr, 10);
  return index >= 1 && index <= items.size() ? &items[index - 1] : nullptr;
}

bool is_order_by_all(const Expr& expr) { return expr.kind == Expr::Kind::star || expr.is("columns"); }

}  // namespace

std::optional<sql::Select> resolve(const sql::Select& select, const Scope& scope) {
  sql::Select out = select;
  out.items.clear();
  using Aliases = ColumnResolver::Aliases;
  ColumnResolver resolver(scope, out.items);
  for (const Expr& item : select.items) {
    if (item.kind == Expr::Kind::star) {
      auto columns = scope.star(item);
      if (!columns) return std::nullopt;
      for (Expr& column : *columns) {
        const std::string name = column.alias;
        Expr resolved = resolver.resolve(column, Aliases::never);
        resolved.alias = name;
        out.items.push_back(std::move(resolved));
      }
      continue;
    }
    Expr resolved = resolver.resolve(item, Aliases::after_columns);
    resolved.alias = item.alias;
    if (resolved.alias.empty() && item.kind == Expr::Kind::column) resolved.alias = item.path.back();
    out.items.push_back(std::move(resolved));
  }
  if (out.where) out.where = resolver.resolve(*select.where, Aliases::after_columns);
  for (Expr& group : out.group_by) {
    const Expr* item = by_ordinal(group, out.items);
    group = item ? *item : resolver.resolve(group, Aliases::after_columns);
  }
  if (out.is_group_by_all) {
    out.is_group_by_all = false;
    for (const Expr& item : out.items) {
      if (!has_aggregate(item) && !has_window(item)) out.group_by.push_back(item);
    }
    if (out.group_by.empty() && std::none_of(out.items.begin(), out.items.end(), has_aggregate))
      return std::nullopt;
  }
  for (Expr& group : out.group_by) group.alias.clear();
  if (out.having) out.having = resolver.resolve(*select.having, Aliases::after_columns);
  if (out.qualify) out.qualify = resolver.resolve(*select.qualify, Aliases::after_columns);
  for (Expr& target : out.distinct_on) {
    const Expr* item = by_ordinal(target, out.items);
    target = item ? *item : resolver.resolve_target(target);
    target.alias.clear();
  }
  std::vector<sql::OrderItem> orders;
  for (const sql::OrderItem& order : out.order_by) {
    if (is_order_by_all(*order.expr)) {
      for (const Expr& item : out.items) {
        orders.push_back(order);
        orders.back().expr = item;
        orders.back().expr->alias.clear();
      }
      continue;
    }
    orders.push_back(order);
    const Expr* item = by_ordinal(*order.expr, out.items);
    orders.back().expr = item ? *item : resolver.resolve_target(*order.expr);
    orders.back().expr->alias.clear();
  }
  out.order_by = std::move(orders);
  if (!resolver.is_ok()) return std::nullopt;
  return out;
}

sql::Select with_ordinals(sql::Select select) {
  const auto number = [&](Expr& target) {
    if (target.kind != Expr::Kind::constant) return;
    for (size_t i = 0; i < select.items.size(); ++i) {
      Expr bare = select.items[i];
      bare.alias.clear();
      if (!sql::same_expr(bare, target)) continue;
      target.text = std::to_string(i + 1);
      return;
    }
  };
  for (Expr& group : select.group_by) number(group);
  for (Expr& target : select.distinct_on) number(target);
  for (sql::OrderItem& item : select.order_by) number(*item.expr);
  return select;
}

}  // namespace anabranch::views
