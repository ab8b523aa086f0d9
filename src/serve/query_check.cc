#include "serve/query_check.h"

#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "sql/parser.h"

namespace anabranch::serve {
namespace {

bool is_allowed_table_function(std::string_view name) {
  static const std::set<std::string, std::less<>> names = {"range", "generate_series", "unnest", "json_each",
                                                           "json_tree"};
  return names.contains(name);
}

class Check {
 public:
  explicit Check(std::string_view text) : text_(text) {}

  void select(const sql::Select& select) {
    tables(select.from);
    sql::visit_own_exprs(select, [&](const sql::Expr& expr) {
      sql::visit_expr(expr, [&](const sql::Expr& node) {
        this->expr(node);
        return true;
      });
    });
  }

  std::optional<Error> error;

 private:
  void tables(const sql::TableRef& table) {
    if (table.kind == sql::TableRef::Kind::join) {
      tables(*table.left);
      tables(*table.right);
    }
    if (table.kind != sql::TableRef::Kind::function) return;
    const std::string& name = table.function->name;
    if (!is_allowed_table_function(name)) {
      refuse(fmt::format("the table function {} is not allowed", name),
             "read streams, tables and views by their names", table.position);
    }
  }

  void expr(const sql::Expr& node) {
    if (node.kind == sql::Expr::Kind::other && node.name == "parameter") {
      refuse("parameters are not supported here", "write the values into the SQL", node.position);
    }
    if (node.kind != sql::Expr::Kind::call && node.kind != sql::Expr::Kind::window) return;
    if (is_allowed_table_function(node.name) || is_allowed_function(node.name)) return;
    refuse(fmt::format("the function {} is not allowed", node.name),
           "only functions that compute from their arguments are", node.position);
  }

  void refuse(std::string message, std::string hint, sql::Position position) {
    if (!error)
      error = Error{Code::refused, std::move(message), std::move(hint), sql::place_at(text_, position)};
  }

  const std::string_view text_;
};

}  // namespace

bool is_allowed_function(std::string_view name) {
  static const std::set<std::string, std::less<>> names = {
#include "serve/allowed_functions.inc"
  };
  return names.contains(name);
}

Status check_query(const sql::Select& select, std::string_view text) {
  Check check(text);
  sql::visit_selects(select, [&](const sql::Select& inner) { check.select(inner); });
  if (check.error) return fail(std::move(*check.error));
  return {};
}

}  // namespace anabranch::serve
