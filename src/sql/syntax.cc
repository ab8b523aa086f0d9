#include "sql/syntax.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "base/join.h"
#include "duckdb/parser/parser.hpp"
#include "sql/unpivot.h"

namespace anabranch::sql {
namespace {

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string join_sql(const std::vector<Expr>& list) {
  return join(list, [](const Expr& expr) { return to_sql(expr); });
}

std::string join_sql(const std::vector<OrderItem>& list) {
  return join(list, [](const OrderItem& item) { return to_sql(item); });
}

std::string join_names(const std::vector<std::string>& names) { return join(names, quote_identifier); }

std::string arguments_sql(const Expr& expr) {
  std::string text = expr.is_distinct ? "DISTINCT " : "";
  for (size_t i = 0; i < expr.children.size(); ++i) {
    const Expr& child = expr.children[i];
    if (i > 0) text += ", ";
    if (!child.alias.empty()) text += quote_identifier(child.alias) + " := ";
    text += to_sql(child);
  }
  if (!expr.order_by.empty()) text += " ORDER BY " + join_sql(expr.order_by);
  if (expr.is_ignoring_nulls) text += " IGNORE NULLS";
  return text;
}

std::string bound_sql(Frame::Bound bound, const Box<Expr>& expr) {
  switch (bound) {
    case Frame::Bound::unbounded_preceding:
      return "UNBOUNDED PRECEDING";
    case Frame::Bound::preceding:
      return to_sql(*expr) + " PRECEDING";
    case Frame::Bound::current_row:
      return "CURRENT ROW";
    case Frame::Bound::following:
      return to_sql(*expr) + " FOLLOWING";
    case Frame::Bound::unbounded_following:
      return "UNBOUNDED FOLLOWING";
  }
  return "";
}

std::string over_sql(const Over& over) {
  std::string inside;
  const auto separate = [&] { inside += inside.empty() ? "" : " "; };
  if (!over.partition_by.empty()) inside += "PARTITION BY " + join_sql(over.partition_by);
  if (!over.order_by.empty()) {
    separate();
    inside += "ORDER BY " + join_sql(over.order_by);
  }
  const Frame& frame = over.frame;
  if (!frame.units.empty()) {
    separate();
    inside += fmt::format("{} BETWEEN {} AND {}", frame.units, bound_sql(frame.start, frame.start_expr),
                          bound_sql(frame.end, frame.end_expr));
    if (!frame.exclude.empty()) inside += " EXCLUDE " + frame.exclude;
  }
  return fmt::format(" OVER ({})", inside);
}

std::string operator_sql(const Expr& expr) {
  constexpr std::string_view postfix = "__postfix";
  if (expr.children.size() == 2) {
    return fmt::format("({} {} {})", to_sql(expr.children[0]), expr.name, to_sql(expr.children[1]));
  }
  const std::string operand = to_sql(expr.children.at(0));
  if (expr.name.ends_with(postfix)) {
    return fmt::format("(({}){})", operand, expr.name.substr(0, expr.name.size() - postfix.size()));
  }
  return fmt::format("({} ({}))", expr.name, operand);
}

std::string call_sql(const Expr& expr) {
  if (expr.is_operator) return operator_sql(expr);
  std::string text;
  if (expr.name == "count_star" && expr.children.empty()) {
    text = "count(*)";
  } else {
    const std::string schema = expr.path.empty() ? "" : quote_identifier(expr.path[0]) + ".";
    text = fmt::format("{}{}({})", schema, quote_identifier(expr.name), arguments_sql(expr));
  }
  if (expr.filter) text += fmt::format(" FILTER (WHERE {})", to_sql(*expr.filter));
  if (expr.over) text += over_sql(*expr.over);
  return text;
}

std::string subquery_sql(const Expr& expr) {
  const std::string query = to_sql(*expr.query);
  if (expr.name == "exists") return fmt::format("EXISTS ({})", query);
  if (expr.name == "not_exists") return fmt::format("(NOT EXISTS ({}))", query);
  if (expr.name == "any")
    return fmt::format("({} {} ANY ({}))", to_sql(expr.children.at(0)), expr.text, query);
  return fmt::format("({})", query);
}

std::string case_sql(const Expr& expr) {
  std::string text = "CASE";
  for (size_t i = 0; i + 1 < expr.children.size(); i += 2)
    text += fmt::format(" WHEN {} THEN {}", to_sql(expr.children[i]), to_sql(expr.children[i + 1]));
  return fmt::format("{} ELSE {} END", text, to_sql(expr.children.back()));
}

std::string lambda_sql(const Expr& expr) {
  const Expr& body = expr.children.back();
  if (expr.text == "->") return fmt::format("({} -> {})", to_sql(expr.children.at(0)), to_sql(body));
  std::string parameters;
  for (size_t i = 0; i + 1 < expr.children.size(); ++i)
    parameters += (i ? ", " : "") + to_sql(expr.children[i]);
  return fmt::format("(lambda {}: {})", parameters, to_sql(body));
}

std::string logic_sql(const Expr& expr, std::string_view word) {
  std::string text;
  for (const Expr& child : expr.children) {
    if (!text.empty()) text += fmt::format(" {} ", word);
    text += to_sql(child);
  }
  return "(" + text + ")";
}

// `x[b:e:s]`; an end that is left out is an empty list in the engine's tree.
std::string slice_sql(const Expr& expr) {
  const auto bound = [&](size_t index) {
    const Expr& child = expr.children.at(index);
    return child.kind == Expr::Kind::constant && child.text == "[]" ? std::string() : to_sql(child);
  };
  const bool has_step = expr.children.size() == 4;
  std::string end = bound(2);
  if (has_step && end.empty()) end = "-";
  return fmt::format("{}[{}:{}{}]", to_sql(expr.children[0]), bound(1), end, has_step ? ":" + bound(3) : "");
}

std::string other_sql(const Expr& expr) {
  const auto child = [&](size_t index) { return to_sql(expr.children.at(index)); };
  if (expr.name == "cast") return fmt::format("CAST({} AS {})", child(0), expr.text);
  if (expr.name == "try_cast") return fmt::format("TRY_CAST({} AS {})", child(0), expr.text);
  if (expr.name == "comparison") return fmt::format("({} {} {})", child(0), expr.text, child(1));
  if (expr.name == "and") return logic_sql(expr, "AND");
  if (expr.name == "or") return logic_sql(expr, "OR");
  if (expr.name == "not") return fmt::format("(NOT {})", child(0));
  if (expr.name == "between") return fmt::format("({} BETWEEN {} AND {})", child(0), child(1), child(2));
  if (expr.name == "case") return case_sql(expr);
  if (expr.name == "is_null") return fmt::format("({} IS NULL)", child(0));
  if (expr.name == "is_not_null") return fmt::format("({} IS NOT NULL)", child(0));
  if (expr.name == "collate") return fmt::format("({} COLLATE {})", child(0), expr.text);
  if (expr.name == "lambda") return lambda_sql(expr);
  if (expr.name == "positional") return "#" + expr.text;
  if (expr.name == "in" || expr.name == "not_in") {
    std::string list;
    for (size_t i = 1; i < expr.children.size(); ++i) list += (i > 1 ? ", " : "") + child(i);
    return fmt::format("({} {} ({}))", child(0), expr.name == "in" ? "IN" : "NOT IN", list);
  }
  if (expr.name == "array_extract") return fmt::format("({})[{}]", child(0), child(1));
  if (expr.name == "array_slice") return slice_sql(expr);
  if (expr.name == "struct_extract") return fmt::format("({}).{}", child(0), quote_identifier(expr.text));
  if (expr.name == "array") return fmt::format("(ARRAY[{}])", join_sql(expr.children));
  if (expr.name == "columns") return fmt::format("{}({})", expr.text, child(0));
  if (expr.name == "default") return "DEFAULT";
  if (is_unpivot(expr)) return unpivot_sql(expr);
  // coalesce, try, grouping, unpack
  return fmt::format("{}({})", expr.name, join_sql(expr.children));
}

std::string path_sql(const std::vector<std::string>& path) { return join(path, quote_identifier, "."); }

std::string star_sql(const Expr& expr) {
  std::string text = expr.path.empty() ? "*" : quote_identifier(expr.path[0]) + ".*";
  if (!expr.exclude.empty()) {
    text += fmt::format(" EXCLUDE ({})", join(expr.exclude, path_sql));
  }
  if (!expr.replace.empty()) {
    std::string list;
    for (const auto& [name, with] : expr.replace) {
      append_item(list, fmt::format("{} AS {}", to_sql(with), quote_identifier(name)));
    }
    text += fmt::format(" REPLACE ({})", list);
  }
  if (!expr.rename.empty()) {
    std::string list;
    for (const auto& [path, name] : expr.rename) {
      append_item(list, fmt::format("{} AS {}", path_sql(path), quote_identifier(name)));
    }
    text += fmt::format(" RENAME ({})", list);
  }
  return text;
}

std::string values_sql(const TableRef& table) {
  return "VALUES " + join(table.values, [](const auto& row) { return "(" + join_sql(row) + ")"; });
}

std::string alias_sql(const TableRef& table) {
  if (table.alias.empty()) return "";
  std::string text = " AS " + quote_identifier(table.alias);
  if (!table.column_aliases.empty()) text += fmt::format("({})", join_names(table.column_aliases));
  return text;
}

std::string join_sql_text(const TableRef& table) {
  const std::string left = to_sql(*table.left);
  std::string right = to_sql(*table.right);
  if (table.right->kind == TableRef::Kind::join && table.right->alias.empty()) right = "(" + right + ")";
  switch (table.join_kind) {
    case TableRef::JoinKind::cross:
      return fmt::format("{} CROSS JOIN {}", left, right);
    case TableRef::JoinKind::positional:
      return fmt::format("{} POSITIONAL JOIN {}", left, right);
    case TableRef::JoinKind::natural:
      return fmt::format("{} NATURAL {} JOIN {}", left, table.join_type, right);
    default:
      break;
  }
  std::string text =
      fmt::format("{} {}{} JOIN {}", left, table.join_kind == TableRef::JoinKind::asof ? "ASOF " : "",
                  table.join_type, right);
  if (!table.using_columns.empty()) return text + fmt::format(" USING ({})", join_names(table.using_columns));
  if (table.condition) return text + fmt::format(" ON ({})", to_sql(*table.condition));
  return text;
}

// Words that the engine's parser does not take as a plain name everywhere.
bool is_reserved_word(std::string_view word) {
  static const std::set<std::string, std::less<>> more = {"columns"};  // COLUMNS(…)
  if (more.contains(word)) return true;
  switch (duckdb::Parser::IsKeyword(std::string(word))) {
    case duckdb::KeywordCategory::KEYWORD_RESERVED:
    case duckdb::KeywordCategory::KEYWORD_TYPE_FUNC:
    case duckdb::KeywordCategory::KEYWORD_COL_NAME:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower_char(x) == lower_char(y); });
}

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = lower_char(c);
  return text;
}

std::string quote_identifier(std::string_view name) {
  const bool is_plain =
      !name.empty() && (std::islower(static_cast<unsigned char>(name[0])) || name[0] == '_') &&
      std::all_of(name.begin(), name.end(),
                  [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '_'; });
  if (is_plain && !is_reserved_word(name)) return std::string(name);
  std::string text = "\"";
  for (char c : name) {
    text += c;
    if (c == '"') text += c;
  }
  return text + "\"";
}

std::string quote_literal(std::string_view literal) {
  std::string text = "'";
  for (char c : literal) {
    text += c;
    if (c == '\'') text += c;
  }
  return text + "'";
}

std::string to_sql(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::column:
      return path_sql(expr.path);
    case Expr::Kind::constant:
    case Expr::Kind::text:
      return expr.text;
    case Expr::Kind::call:
    case Expr::Kind::window:
      return call_sql(expr);
    case Expr::Kind::star:
      return star_sql(expr);
    case Expr::Kind::subquery:
      return subquery_sql(expr);
    case Expr::Kind::other:
      return other_sql(expr);
  }
  return "";
}

std::string to_sql(const OrderItem& item) {
  std::string text = to_sql(*item.expr);
  if (item.is_descending) text += " DESC";
  if (item.nulls == OrderItem::Nulls::first) text += " NULLS FIRST";
  if (item.nulls == OrderItem::Nulls::last) text += " NULLS LAST";
  return text;
}

std::string to_sql(const TableRef& table) {
  switch (table.kind) {
    case TableRef::Kind::base: {
      std::string text = table.schema.empty() ? "" : quote_identifier(table.schema) + ".";
      return text + quote_identifier(table.name) + alias_sql(table);
    }
    case TableRef::Kind::subquery:
      return "(" + to_sql(*table.query) + ")" + alias_sql(table);
    case TableRef::Kind::join: {
      const std::string text = join_sql_text(table);
      return table.alias.empty() ? text : "(" + text + ")" + alias_sql(table);
    }
    case TableRef::Kind::function:
      return to_sql(*table.function) + (table.has_ordinality ? " WITH ORDINALITY" : "") + alias_sql(table);
    case TableRef::Kind::values:
      return "(" + values_sql(table) + ")" + alias_sql(table);
    case TableRef::Kind::empty:
      return "";
  }
  return "";
}

namespace {

// VALUES (…), as the parser gives it: SELECT * over a list with this alias.
bool is_bare_values(const Select& select) {
  return select.from.kind == TableRef::Kind::values && select.from.alias == "valueslist" &&
         select.items.size() == 1 && select.items[0].kind == Expr::Kind::star && !select.where &&
         select.group_by.empty() && !select.qualify;
}

}  // namespace

std::string to_sql(const Select& select) {
  std::string text;
  if (!select.ctes.empty()) {
    text += "WITH ";
    for (size_t i = 0; i < select.ctes.size(); ++i) {
      const Cte& cte = select.ctes[i];
      text += (i ? ", " : "") + quote_identifier(cte.name);
      if (!cte.column_aliases.empty()) text += fmt::format("({})", join_names(cte.column_aliases));
      text += fmt::format(" AS {}({})", cte.is_materialized ? "MATERIALIZED " : "", to_sql(*cte.query));
    }
    text += " ";
  }
  if (!select.set_operation.empty()) {
    for (size_t i = 0; i < select.operands.size(); ++i) {
      text += fmt::format("{}({})", i ? " " + select.set_operation + " " : "", to_sql(select.operands[i]));
    }
  } else if (is_bare_values(select)) {
    text += values_sql(select.from);
  } else {
    text += "SELECT ";
    if (select.is_distinct) text += "DISTINCT ";
    if (!select.distinct_on.empty()) text += fmt::format("DISTINCT ON ({}) ", join_sql(select.distinct_on));
    for (size_t i = 0; i < select.items.size(); ++i) {
      text += (i ? ", " : "") + to_sql(select.items[i]);
      if (!select.items[i].alias.empty()) text += " AS " + quote_identifier(select.items[i].alias);
    }
    if (select.from.kind != TableRef::Kind::empty) text += " FROM " + to_sql(select.from);
    if (select.where) text += " WHERE " + to_sql(*select.where);
    if (select.is_group_by_all) {
      text += " GROUP BY ALL";
    } else if (!select.grouping_sets.empty()) {
      text += " GROUP BY GROUPING SETS (";
      for (size_t i = 0; i < select.grouping_sets.size(); ++i) {
        std::string set;
        for (size_t index : select.grouping_sets[i]) {
          append_item(set, to_sql(select.group_by[index]));
        }
        text += fmt::format("{}({})", i ? ", " : "", set);
      }
      text += ")";
    } else if (!select.group_by.empty()) {
      text += " GROUP BY " + join_sql(select.group_by);
    }
    if (select.having) text += " HAVING " + to_sql(*select.having);
    if (select.qualify) text += " QUALIFY " + to_sql(*select.qualify);
  }
  if (!select.order_by.empty()) text += " ORDER BY " + join_sql(select.order_by);
  if (select.limit)
    text += fmt::format(" LIMIT {}{}", to_sql(*select.limit), select.is_limit_percent ? " %" : "");
  if (select.offset) text += " OFFSET " + to_sql(*select.offset);
  return text;
}

namespace {

Expr fold_case(const Expr& expr) {
  return rewrite(expr, [](const Expr& node) -> Box<Expr> {
    if (node.kind != Expr::Kind::column) return {};
    Expr out = node;
    for (std::string& part : out.path) part = lower(part);
    return out;
  });
}

}  // namespace

bool same_expr(const Expr& a, const Expr& b) { return to_sql(fold_case(a)) == to_sql(fold_case(b)); }

Expr column(std::string relation, std::string name) {
  Expr expr;
  expr.kind = Expr::Kind::column;
  if (!relation.empty()) expr.path.push_back(std::move(relation));
  expr.path.push_back(std::move(name));
  return expr;
}

Expr column(std::string name) { return column("", std::move(name)); }

Expr text_expr(std::string sql) {
  Expr expr;
  expr.kind = Expr::Kind::text;
  expr.text = std::move(sql);
  return expr;
}

Expr call(std::string name, std::vector<Expr> arguments) {
  Expr expr;
  expr.kind = Expr::Kind::call;
  expr.name = std::move(name);
  expr.children = std::move(arguments);
  return expr;
}

TableRef subquery_table(Select query, std::string alias) {
  TableRef table;
  table.kind = TableRef::Kind::subquery;
  table.query = std::move(query);
  table.alias = std::move(alias);
  return table;
}

TableRef text_table(std::string sql, std::string alias) {
  TableRef table;
  table.kind = TableRef::Kind::function;
  table.function = text_expr(std::move(sql));
  table.alias = std::move(alias);
  return table;
}

void for_each_child(Expr& expr, const std::function<void(Expr&)>& change) {
  for (Expr& child : expr.children) change(child);
  if (expr.filter) change(*expr.filter);
  for (OrderItem& item : expr.order_by) change(*item.expr);
  if (expr.over) {
    for (Expr& item : expr.over->partition_by) change(item);
    for (OrderItem& item : expr.over->order_by) change(*item.expr);
    if (expr.over->frame.start_expr) change(*expr.over->frame.start_expr);
    if (expr.over->frame.end_expr) change(*expr.over->frame.end_expr);
  }
  for (auto& [name, with] : expr.replace) change(with);
}

namespace {

void for_each_table(TableRef& table, const std::function<void(TableRef&)>& change) {
  change(table);
  if (table.kind != TableRef::Kind::join) return;
  for_each_table(*table.left, change);
  for_each_table(*table.right, change);
}

// The callbacks of the walks that only look take const nodes; the places are those of the walks that change.
template <typename T>
T& without_const(const T& node) {
  return const_cast<T&>(node);  // NOLINT: handed on as const
}

}  // namespace

void for_each_own_expr(Select& select, const std::function<void(Expr&)>& change) {
  for (Expr& item : select.items) change(item);
  for_each_table(select.from, [&](TableRef& table) {
    if (table.condition) change(*table.condition);
    if (table.function) change(*table.function);
    for (auto& row : table.values) {
      for (Expr& value : row) change(value);
    }
  });
  if (select.where) change(*select.where);
  for (Expr& group : select.group_by) change(group);
  if (select.having) change(*select.having);
  if (select.qualify) change(*select.qualify);
  for (Expr& target : select.distinct_on) change(target);
  for (OrderItem& item : select.order_by) change(*item.expr);
  if (select.limit) change(*select.limit);
  if (select.offset) change(*select.offset);
}

namespace {

void for_each_query_of(Expr& expr, const std::function<void(Select&)>& change) {
  if (expr.query) change(*expr.query);
  for_each_child(expr, [&](Expr& child) { for_each_query_of(child, change); });
}

}  // namespace

void for_each_query(Select& select, const std::function<void(Select&)>& change) {
  for (Cte& cte : select.ctes) change(*cte.query);
  for (Select& operand : select.operands) change(operand);
  for_each_table(select.from, [&](TableRef& table) {
    if (table.query) change(*table.query);
  });
  for_each_own_expr(select, [&](Expr& expr) { for_each_query_of(expr, change); });
}

void visit_expr(const Expr& expr, const std::function<bool(const Expr&)>& visitor) {
  if (!visitor(expr)) return;
  for_each_child(without_const(expr), [&](Expr& child) { visit_expr(child, visitor); });
}

void visit_own_exprs(const Select& select, const std::function<void(const Expr&)>& visitor) {
  for_each_own_expr(without_const(select), [&](Expr& expr) { visitor(expr); });
}

void visit_selects(const Select& select, const std::function<void(const Select&)>& visitor) {
  visitor(select);
  for_each_query(without_const(select), [&](Select& inner) { visit_selects(inner, visitor); });
}

void visit_tables(const TableRef& table, const std::function<void(const TableRef&)>& visitor) {
  for_each_table(without_const(table), [&](TableRef& item) { visitor(item); });
}

Expr rewrite(const Expr& expr, const std::function<Box<Expr>(const Expr&)>& replace) {
  if (Box<Expr> replaced = replace(expr)) return std::move(*replaced);
  Expr out = expr;
  for_each_child(out, [&](Expr& child) { child = rewrite(child, replace); });
  return out;
}

}  // namespace anabranch::sql
