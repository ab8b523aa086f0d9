#include "quality/sure_filter.h"

#include <fmt/format.h>

#include "base/join.h"

namespace anabranch::quality {
namespace {

using sql::Expr;
using sql::Select;

std::string tried(const Expr& expr) { return fmt::format("TRY(struct_pack(v := {}))", sql::to_sql(expr)); }

std::string surely(const Expr& expr, bool is_true);

// Whether the negation is surely true, so that the operand is surely false; or surely not true, so that the
// operand is surely true or NULL.
std::string surely_not(const Expr& operand, bool is_true) {
  if (operand.is("not"))
    return is_true ? surely(operand.children[0], true) : surely(operand.children[0], false);
  const bool is_and = operand.is("and");
  if (is_and || operand.is("or")) {
    std::string text;  // De Morgan
    for (const Expr& child : operand.children)
      append_item(text, surely_not(child, is_true), is_and == is_true ? " OR " : " AND ");
    return "(" + text + ")";
  }
  const std::string value = fmt::format("struct_extract({}, 'v')::BOOLEAN", tried(operand));
  return is_true ? fmt::format("coalesce(NOT {}, false)", value)
                 : fmt::format("({} IS NOT NULL AND coalesce({}, true))", tried(operand), value);
}

// Whether it is surely true (or surely not true): never NULL, never an error.
std::string surely(const Expr& expr, bool is_true) {
  if (expr.is("not")) return surely_not(expr.children[0], is_true);
  const bool is_and = expr.is("and");
  if (is_and || expr.is("or")) {
    std::string text;
    for (const Expr& child : expr.children)
      append_item(text, surely(child, is_true), is_and == is_true ? " AND " : " OR ");
    return "(" + text + ")";
  }
  const std::string value = fmt::format("coalesce(struct_extract({}, 'v')::BOOLEAN, false)", tried(expr));
  return is_true ? value : fmt::format("({} IS NOT NULL AND NOT {})", tried(expr), value);
}

void make_sure(sql::TableRef& table);

void make_sure(Select& select) {
  for (sql::Cte& cte : select.ctes) make_sure(*cte.query);
  for (Select& operand : select.operands) make_sure(operand);
  make_sure(select.from);
  if (!select.where) return;
  bool has_subquery = false;  // which TRY does not take
  sql::visit_expr(*select.where, [&](const Expr& node) {
    has_subquery = has_subquery || node.query;
    return true;
  });
  if (has_subquery) return;
  const Expr& where = *select.where;
  select.where = sql::text_expr(fmt::format("CASE WHEN {} THEN true WHEN {} THEN false ELSE {} END",
                                            surely(where, true), surely(where, false), sql::to_sql(where)));
}

void make_sure(sql::TableRef& table) {
  if (table.kind == sql::TableRef::Kind::subquery) make_sure(*table.query);
  if (table.kind != sql::TableRef::Kind::join) return;
  make_sure(*table.left);
  make_sure(*table.right);
}

}  // namespace

Select with_sure_filters(const Select& select) {
  Select out = select;
  make_sure(out);
  return out;
}

}  // namespace anabranch::quality
