#include "views/spread_items.h"

#include <algorithm>
#include <string>

#include "views/functions.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;

namespace {

// The one COLUMNS of an item, which may stand there several times.
std::optional<Expr> columns_in(const Expr& item) {
  std::optional<Expr> found;
  bool is_one = true;
  sql::visit_expr(item, [&](const Expr& node) {
    if (!node.is("columns")) return true;
    is_one = is_one && node.text == "COLUMNS" && (!found || sql::same_expr(*found, node));
    found = node;
    return false;
  });
  return is_one ? found : std::nullopt;
}

std::optional<std::vector<model::RelationColumn>> columns_of(const Expr& item, const Select& select,
                                                             sql::Session& session) {
  Select alone;
  alone.items = {item};
  alone.items[0].alias.clear();
  alone.from = select.from;
  auto columns = session.describe(sql::to_sql(alone));
  if (!columns) return std::nullopt;
  return std::move(*columns);
}

// The items in place of one; nothing: it stays.
std::optional<std::vector<Expr>> spread(const Expr& item, const Select& select, sql::Session& session) {
  std::vector<Expr> out;
  if (const auto star = columns_in(item)) {
    const auto names = columns_of(*star, select, session);
    if (!names) return std::nullopt;
    for (const auto& column : *names) {
      out.push_back(sql::rewrite(item, [&](const Expr& node) -> Box<Expr> {
        if (!node.is("columns")) return {};
        return sql::column(column.name);
      }));
    }
    return out;
  }
  if (!is_unnest(item) || item.children.size() != 1) return std::nullopt;
  const auto type = columns_of(item.children[0], select, session);
  if (!type || type->size() != 1 || !(*type)[0].type.starts_with("STRUCT(") ||
      !(*type)[0].type.ends_with(')'))
    return std::nullopt;
  const auto fields = columns_of(item, select, session);
  if (!fields) return std::nullopt;
  for (const auto& field : *fields) {
    Expr name;
    name.text = sql::quote_literal(field.name);
    out.push_back(sql::call("struct_extract", {item.children[0], name}));
  }
  return out;
}

}  // namespace

std::optional<Select> with_spread_items(const Select& select,
                                        const std::vector<model::RelationColumn>& columns,
                                        sql::Session& session) {
  if (!select.set_operation.empty()) return std::nullopt;
  Select out = select;
  out.items.clear();
  bool is_changed = false;
  size_t place = 0;  // among the columns, known until the first star
  for (const Expr& item : select.items) {
    auto several = spread(item, select, session);
    if (!several) {
      out.items.push_back(item);
      ++place;
      if (item.kind == Expr::Kind::star) return std::nullopt;
      continue;
    }
    is_changed = true;
    for (Expr& one : *several) {
      if (place >= columns.size()) return std::nullopt;
      one.alias = columns[place++].name;
      out.items.push_back(std::move(one));
    }
  }
  if (!is_changed) return std::nullopt;
  const auto described = session.describe(sql::to_sql(out));
  if (!described || *described != columns) return std::nullopt;
  const auto difference = session.bound_difference(sql::to_sql(select), sql::to_sql(out));
  if (!difference || *difference) return std::nullopt;
  return out;
}

}  // namespace anabranch::views
