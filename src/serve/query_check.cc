#include "serve/query_check.h"

#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "project/nearest.h"
#include "sql/parser.h"
#include "sql/unpivot.h"

namespace anabranch::serve {
namespace {

using Names = std::set<std::string, std::less<>>;

const Names& allowed_table_functions() {
  static const Names names = {"range", "generate_series", "unnest", "json_each", "json_tree"};
  return names;
}

// Those that a person may have meant: no operators.
std::vector<std::string> words(const Names& names) {
  std::vector<std::string> all;
  for (const std::string& name : names) {
    if (name.front() >= 'a' && name.front() <= 'z') all.push_back(name);
  }
  return all;
}

class Check {
 public:
  Check(std::string_view text, const sql::FunctionNames& known) : text_(text), known_(known) {}

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
    if (table.kind != sql::TableRef::Kind::function || sql::is_unpivot(table)) return;
    const std::string& name = table.function->name;
    if (allowed_table_functions().contains(name)) return;
    if (!known_.contains(name))
      return unknown("table function", name, allowed_table_functions(), table.position);
    refuse(fmt::format("the table function {} is not allowed", name),
           "read streams, tables and views by their names", table.position);
  }

  void expr(const sql::Expr& node) {
    if (node.kind != sql::Expr::Kind::call && node.kind != sql::Expr::Kind::window) return;
    if (allowed_table_functions().contains(node.name) || is_allowed_function(node.name)) return;
    if (!known_.contains(node.name))
      return unknown("function", node.name, allowed_functions(), node.position);
    refuse(fmt::format("the function {} is not allowed", node.name),
           "only functions that compute from their arguments are", node.position);
  }

  void unknown(std::string_view kind, const std::string& name, const Names& allowed, sql::Position position) {
    const auto near = project::nearest(name, words(allowed));
    stop(Code::bad_sql, fmt::format("there is no {} {}", kind, name),
         near ? fmt::format("did you mean {}?", *near) : "", position);
  }
  void refuse(std::string message, std::string hint, sql::Position position) {
    stop(Code::refused, std::move(message), std::move(hint), position);
  }
  void stop(Code code, std::string message, std::string hint, sql::Position position) {
    if (!error) error = Error{code, std::move(message), std::move(hint), sql::place_at(text_, position)};
  }

  const std::string_view text_;
  const sql::FunctionNames& known_;
};

}  // namespace

const sql::FunctionNames& allowed_functions() {
  static const Names names = {
#include "serve/allowed_functions.inc"
  };
  return names;
}

bool is_allowed_function(std::string_view name) { return allowed_functions().contains(name); }

Status check_query(const sql::Select& select, std::string_view text, const sql::FunctionNames& known) {
  Check check(text, known);
  sql::visit_selects(select, [&](const sql::Select& inner) { check.select(inner); });
  if (check.error) return fail(std::move(*check.error));
  return {};
}

}  // namespace anabranch::serve
