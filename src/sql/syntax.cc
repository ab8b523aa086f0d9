#include "sql/syntax.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

namespace anabranch::sql {
namespace {

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string join_sql(const std::vector<Expr>& list) {
  std::string text;
  for (const Expr& expr : list) text += (text.empty() ? "" : ", ") + to_sql(expr);
  return text;
}

std::string join_sql(const std::vector<OrderItem>& list) {
  std::string text;
  for (const OrderItem& item : list) text += (text.empty() ? "" : ", ") + to_sql(item);
  return text;
}

std::string join_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + quote_identifier(name);
  return text;
}

std::string fill_pattern(const Expr& expr) {
  std::string text;
  const std::string& pattern = expr.pattern;
  for (size_t at = 0; at < pattern.size();) {
    const size_t begin = pattern.find('\1', at);
    if (begin == std::string::npos) {
      text += pattern.substr(at);
      break;
    }
    const size_t end = pattern.find('\2', begin);
    text += pattern.substr(at, begin - at);
    const std::string which = pattern.substr(begin + 1, end - begin - 1);
    text += which == "q" ? to_sql(*expr.query) : to_sql(expr.children[std::stoul(which)]);
    at = end + 1;
  }
  return text;
}

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

std::string call_sql(const Expr& expr) {
  if (!expr.pattern.empty()) return fill_pattern(expr);
  std::string text;
  if (expr.name == "count_star" && expr.children.empty()) {
    text = "count(*)";
  } else {
    text = fmt::format("{}({})", quote_identifier(expr.name), arguments_sql(expr));
  }
  if (expr.filter) text += fmt::format(" FILTER (WHERE {})", to_sql(*expr.filter));
  if (expr.over) {
    std::string inside;
    if (!expr.over->partition_by.empty()) inside += "PARTITION BY " + join_sql(expr.over->partition_by) + " ";
    if (!expr.over->order_by.empty()) inside += "ORDER BY " + join_sql(expr.over->order_by) + " ";
    inside += expr.over->frame;
    while (!inside.empty() && inside.back() == ' ') inside.pop_back();
    text += fmt::format(" OVER ({})", inside);
  }
  return text;
}

std::string star_sql(const Expr& expr) {
  std::string text = expr.path.empty() ? "*" : quote_identifier(expr.path[0]) + ".*";
  if (!expr.exclude.empty()) {
    std::string list;
    for (const auto& path : expr.exclude) {
      list += list.empty() ? "" : ", ";
      for (size_t i = 0; i < path.size(); ++i) list += (i ? "." : "") + quote_identifier(path[i]);
    }
    text += fmt::format(" EXCLUDE ({})", list);
  }
  if (!expr.replace.empty()) {
    std::string list;
    for (const auto& [name, with] : expr.replace) {
      list += fmt::format("{}{} AS {}", list.empty() ? "" : ", ", to_sql(with), quote_identifier(name));
    }
    text += fmt::format(" REPLACE ({})", list);
  }
  return text;
}

std::string values_sql(const TableRef& table) {
  std::string rows;
  for (const auto& row : table.values) rows += fmt::format("{}({})", rows.empty() ? "" : ", ", join_sql(row));
  return "VALUES " + rows;
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

const std::set<std::string, std::less<>>& reserved_words() {
  // Words that the parser does not take as a plain column or table name, from PostgreSQL's reserved list.
  static const std::set<std::string, std::less<>> words = {
      "all",          "analyse",      "analyze",     "and",      "any",        "array",         "as",
      "asc",          "asymmetric",   "anti",        "asof",     "at",         "authorization", "binary",
      "both",         "case",         "cast",        "check",    "collate",    "collation",     "column",
      "concurrently", "constraint",   "create",      "cross",    "default",    "deferrable",    "desc",
      "describe",     "distinct",     "do",          "else",     "end",        "except",        "exists",
      "extract",      "false",        "fetch",       "for",      "foreign",    "freeze",        "from",
      "full",         "generated",    "glob",        "grant",    "group",      "grouping",      "having",
      "ilike",        "in",           "initially",   "inner",    "intersect",  "interval",      "into",
      "is",           "isnull",       "join",        "lambda",   "lateral",    "leading",       "left",
      "like",         "limit",        "map",         "natural",  "not",        "notnull",       "null",
      "offset",       "on",           "only",        "or",       "order",      "outer",         "overlaps",
      "pivot",        "pivot_longer", "pivot_wider", "placing",  "positional", "position",      "primary",
      "qualify",      "references",   "returning",   "right",    "row",        "select",        "semi",
      "show",         "similar",      "some",        "struct",   "summarize",  "symmetric",     "table",
      "tablesample",  "then",         "to",          "trailing", "true",       "try_cast",      "union",
      "unique",       "unpivot",      "using",       "values",   "variadic",   "verbose",       "when",
      "where",        "window",       "with",        "at",       "time",       "timestamp",     "decimal",
      "char",         "setof",        "substring",   "overlay",  "trim",       "treat",         "nullif",
      "coalesce",     "columns"};
  return words;
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
  if (is_plain && !reserved_words().contains(name)) return std::string(name);
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
    case Expr::Kind::column: {
      std::string text;
      for (const std::string& part : expr.path) text += (text.empty() ? "" : ".") + quote_identifier(part);
      return text;
    }
    case Expr::Kind::constant:
      return expr.pattern;
    case Expr::Kind::call:
    case Expr::Kind::window:
      return call_sql(expr);
    case Expr::Kind::star:
      return star_sql(expr);
    case Expr::Kind::subquery:
    case Expr::Kind::other:
      return fill_pattern(expr);
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
          set += (set.empty() ? "" : ", ") + to_sql(select.group_by[index]);
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
  expr.kind = Expr::Kind::other;
  expr.name = "text";
  expr.pattern = std::move(sql);
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

void visit_expr(const Expr& expr, const std::function<bool(const Expr&)>& visitor) {
  if (!visitor(expr)) return;
  for (const Expr& child : expr.children) visit_expr(child, visitor);
  if (expr.filter) visit_expr(*expr.filter, visitor);
  for (const OrderItem& item : expr.order_by) visit_expr(*item.expr, visitor);
  if (expr.over) {
    for (const Expr& item : expr.over->partition_by) visit_expr(item, visitor);
    for (const OrderItem& item : expr.over->order_by) visit_expr(*item.expr, visitor);
  }
  for (const auto& [name, with] : expr.replace) visit_expr(with, visitor);
}

namespace {

void visit_table_exprs(const TableRef& table, const std::function<void(const Expr&)>& visitor) {
  if (table.kind == TableRef::Kind::join) {
    visit_table_exprs(*table.left, visitor);
    visit_table_exprs(*table.right, visitor);
  }
  if (table.condition) visitor(*table.condition);
  if (table.function) visitor(*table.function);
  for (const auto& row : table.values) {
    for (const Expr& value : row) visitor(value);
  }
}

void visit_table_selects(const TableRef& table, const std::function<void(const Select&)>& visitor) {
  if (table.kind == TableRef::Kind::join) {
    visit_table_selects(*table.left, visitor);
    visit_table_selects(*table.right, visitor);
  }
  if (table.query) visit_selects(*table.query, visitor);
}

}  // namespace

void visit_own_exprs(const Select& select, const std::function<void(const Expr&)>& visitor) {
  for (const Expr& item : select.items) visitor(item);
  visit_table_exprs(select.from, visitor);
  if (select.where) visitor(*select.where);
  for (const Expr& group : select.group_by) visitor(group);
  if (select.having) visitor(*select.having);
  if (select.qualify) visitor(*select.qualify);
  for (const Expr& target : select.distinct_on) visitor(target);
  for (const OrderItem& item : select.order_by) visitor(*item.expr);
  if (select.limit) visitor(*select.limit);
  if (select.offset) visitor(*select.offset);
}

void visit_selects(const Select& select, const std::function<void(const Select&)>& visitor) {
  visitor(select);
  for (const Cte& cte : select.ctes) visit_selects(*cte.query, visitor);
  for (const Select& operand : select.operands) visit_selects(operand, visitor);
  visit_table_selects(select.from, visitor);
  visit_own_exprs(select, [&](const Expr& expr) {
    visit_expr(expr, [&](const Expr& node) {
      if (node.query) visit_selects(*node.query, visitor);
      return true;
    });
  });
}

Expr rewrite(const Expr& expr, const std::function<Box<Expr>(const Expr&)>& replace) {
  if (Box<Expr> replaced = replace(expr)) return std::move(*replaced);
  Expr out = expr;
  for (Expr& child : out.children) child = rewrite(child, replace);
  if (out.filter) out.filter = rewrite(*out.filter, replace);
  for (OrderItem& item : out.order_by) item.expr = rewrite(*item.expr, replace);
  if (out.over) {
    for (Expr& item : out.over->partition_by) item = rewrite(item, replace);
    for (OrderItem& item : out.over->order_by) item.expr = rewrite(*item.expr, replace);
  }
  for (auto& [name, with] : out.replace) with = rewrite(with, replace);
  return out;
}

}  // namespace anabranch::sql
