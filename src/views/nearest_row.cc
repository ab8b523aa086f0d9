#include "views/nearest_row.h"

#include <vector>

#include <fmt/format.h>

#include "views/relation.h"

namespace anabranch::views {

using sql::Expr;
using sql::TableRef;

namespace {

constexpr std::string_view neighbour = "anabranch:neighbour";

void add_conditions(const Expr& expr, std::vector<const Expr*>& conditions) {
  if (!expr.is("and")) return conditions.push_back(&expr);
  for (const Expr& child : expr.children) add_conditions(child, conditions);
}

bool is_of(const Expr& expr, const std::string& alias) {
  return expr.kind == Expr::Kind::column && expr.path.size() == 2 && sql::same_name(expr.path[0], alias);
}

// Whether it names no column of this relation, and names all by their relation.
bool is_without(const Expr& expr, const std::string& alias) {
  bool is_so = true;
  sql::visit_expr(expr, [&](const Expr& node) {
    if (node.kind == Expr::Kind::column)
      is_so = is_so && node.path.size() > 1 && !sql::same_name(node.path[0], alias);
    is_so = is_so && node.kind != Expr::Kind::subquery;
    return true;
  });
  return is_so;
}

std::string type_of(const Expr& expr, const ColumnTypes& types) {
  if (expr.kind != Expr::Kind::column || expr.path.size() != 2) return "";
  const auto found = types.find(sql::lower(expr.path[0] + "." + expr.path[1]));
  return found == types.end() ? "" : found->second;
}

std::string_view turned(std::string_view comparison) {
  if (comparison == ">=") return "<=";
  if (comparison == ">") return "<";
  if (comparison == "<=") return ">=";
  if (comparison == "<") return ">";
  return comparison;
}

// Numbers and times keep their order under each cast that a comparison makes; texts do not.
bool keeps_order(const std::string& type) {
  for (const char* name : {"INT", "DECIMAL", "DOUBLE", "FLOAT", "DATE", "TIME"}) {
    if (type.find(name) != std::string::npos && type.find('(') == type.rfind('(') && !type.ends_with(']') &&
        !type.starts_with("STRUCT") && !type.starts_with("MAP"))
      return true;
  }
  return false;
}

}  // namespace

std::optional<TableRef> join_by_ranges(const TableRef& asof, const ColumnTypes& types) {
  const TableRef& table = *asof.right;
  if (!asof.condition || !asof.using_columns.empty() || table.kind != TableRef::Kind::base ||
      !table.column_aliases.empty() || (asof.join_type != "INNER" && asof.join_type != "LEFT"))
    return std::nullopt;
  std::vector<const Expr*> conditions;
  add_conditions(*asof.condition, conditions);
  std::string same;  // the columns of the table that are the same as others
  const Expr* nearest = nullptr;
  const Expr* value = nullptr;
  std::string comparison;  // value comparison nearest
  for (const Expr* condition : conditions) {
    if (!condition->is("comparison")) return std::nullopt;
    const bool is_left = is_of(condition->children[0], table.alias);
    const Expr& own = condition->children[is_left ? 0 : 1];
    const Expr& other = condition->children[is_left ? 1 : 0];
    if (!is_of(own, table.alias) || !is_without(other, table.alias)) return std::nullopt;
    const std::string own_type = type_of(own, types);
    const bool is_same_type = !own_type.empty() && own_type == type_of(other, types);
    if (condition->text == "=") {
      if (!is_same_type) return std::nullopt;
      same += (same.empty() ? "PARTITION BY " : ", ") + sql::quote_identifier(own.path[1]);
      continue;
    }
    comparison = is_left ? turned(condition->text) : condition->text;
    const bool is_known = comparison == ">=" || comparison == ">" || comparison == "<=" || comparison == "<";
    if (nearest || !is_known || (!is_same_type && !keeps_order(own_type))) return std::nullopt;
    nearest = &own;
    value = &other;
  }
  if (!nearest) return std::nullopt;
  const bool is_before = comparison.starts_with(">");  // rows of the table that come before the value
  const std::string column = sql::quote_identifier(nearest->path[1]);
  // A date that is compared with a timestamp becomes one, which not every date can: then the join's own
  // condition fails, and this one must not.
  const std::string value_type = type_of(*value, types);
  const bool is_date = type_of(*nearest, types) == "DATE";
  if (is_date && value_type.empty()) return std::nullopt;
  const std::string shown =
      is_date && value_type != "DATE" ? fmt::format("TRY_CAST({} AS {})", column, value_type) : column;
  TableRef bare = table;
  bare.alias.clear();
  TableRef out = asof;
  out.join_kind = TableRef::JoinKind::on;
  out.right = sql::text_table(
      fmt::format("(SELECT *, {}({}) OVER ({} ORDER BY {}, {}) AS {} FROM {} WHERE {} IS NOT NULL)",
                  is_before ? "lead" : "lag", shown, same, column, sql::quote_identifier(row_column),
                  sql::quote_identifier(neighbour), sql::to_sql(bare), column),
      table.alias);
  // Not before (after) the neighbour, where there is one: as one comparison, which a hash join takes. A pair
  // is compared by its first value first, and without a neighbour that one decides.
  const auto pair = [](std::string has, Expr of) {
    Expr flag = sql::text_expr(std::move(has));
    flag.alias = "h";
    of.alias = "v";
    return sql::call("struct_pack", {std::move(flag), std::move(of)});
  };
  const std::string end =
      fmt::format("{}.{}", sql::quote_identifier(table.alias), sql::quote_identifier(neighbour));
  Expr reach;
  reach.kind = Expr::Kind::other;
  reach.name = "comparison";
  reach.text = comparison == ">=" ? "<" : comparison == ">" ? "<=" : comparison == "<=" ? ">" : ">=";
  reach.children = {pair(is_before ? "false" : "true", *value),
                    pair(end + (is_before ? " IS NULL" : " IS NOT NULL"),
                         sql::column(table.alias, std::string(neighbour)))};
  Expr all;
  all.kind = Expr::Kind::other;
  all.name = "and";
  all.children = {*asof.condition, std::move(reach)};
  out.condition = std::move(all);
  return out;
}

}  // namespace anabranch::views
