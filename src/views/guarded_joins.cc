#include "views/guarded_joins.h"

#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/join.h"

namespace anabranch::views {

using sql::Expr;
using sql::TableRef;

namespace {

class Guard {
 public:
  Guard(const FromClause& from, sql::Session& session) : from_(from), session_(session) {
    out_.table = from.rows_table;
    sql::visit_tables(from.rows_table, [&](const TableRef& table) {
      const bool is_ours = table.kind == TableRef::Kind::function && table.function->kind == Expr::Kind::text;
      if (table.kind == TableRef::Kind::base || is_ours) tables_[sql::lower(table.alias)] = &table;
    });
  }

  Result<GuardedJoins> run() {
    collect(out_.table);
    if (sides_.empty()) return std::move(out_);
    std::string asked = "SELECT 0";
    for (const Side& side : sides_) asked += ", " + sql::to_sql(*side.expr);
    auto facts = TRY(session_.facts(asked + " FROM " + sources_)).items;
    if (facts.size() != sides_.size() + 1) {
      return fail(Code::refused, "the engine does not tell what the conditions of its joins can do");
    }
    for (size_t i = 0; i < sides_.size(); ++i) {
      // A date that is compared with a timestamp becomes one, which not every date can.
      const std::string& type = facts[i + 1].type;
      if (sides_[i].compared_with && type == "DATE") {
        const std::string& other = facts[*sides_[i].compared_with + 1].type;
        if (other.starts_with("TIMESTAMP")) {
          *sides_[i].expr =
              sql::text_expr(fmt::format("CAST({} AS {})", sql::to_sql(*sides_[i].expr), other));
          facts[i + 1].can_fail = true;
        }
      }
      if (!facts[i + 1].can_fail) continue;
      const bool is_list = sides_[i].is_argument && facts[i + 1].type.ends_with("[]");
      TRY(guard(sides_[i], is_list));
    }
    return std::move(out_);
  }

 private:
  // The largest parts of a condition that are of one relation alone.
  struct Side {
    Expr* expr;
    std::set<std::string> aliases;
    std::optional<size_t> compared_with;  // index of the other side
    bool is_argument = false;             // the whole argument of a table function
  };

  void collect(TableRef& table) {
    if (table.kind == TableRef::Kind::join) {
      collect(*table.left);
      collect(*table.right);
      if (table.condition) collect(*table.condition);
    } else if (table.kind != TableRef::Kind::empty) {
      append_item(sources_, sql::to_sql(table));
    }
    if (table.kind == TableRef::Kind::function) {
      for (Expr& argument : table.function->children) {
        collect(argument);
        if (!sides_.empty() && sides_.back().expr == &argument) sides_.back().is_argument = true;
      }
    }
  }

  static std::set<std::string> aliases_of(const Expr& expr) {
    std::set<std::string> aliases;
    sql::visit_expr(expr, [&](const Expr& node) {
      if (node.kind == Expr::Kind::column)
        aliases.insert(node.path.size() > 1 ? sql::lower(node.path[0]) : "");
      return true;
    });
    return aliases;
  }

  void collect(Expr& expr) {
    auto aliases = aliases_of(expr);
    if (aliases.empty()) return;
    if (aliases.size() == 1) {
      sides_.push_back({&expr, std::move(aliases), std::nullopt, false});
      return;
    }
    const size_t first = sides_.size();
    sql::for_each_child(expr, [&](Expr& child) { collect(child); });
    if (expr.is("comparison") && sides_.size() == first + 2) {
      sides_[first].compared_with = first + 1;
      sides_[first + 1].compared_with = first;
    }
  }

  Status guard(const Side& side, bool is_list) {
    const std::string expr = sql::to_sql(*side.expr);
    const auto table = tables_.find(*side.aliases.begin());
    if (table == tables_.end())
      return fail(Code::refused, fmt::format("{} in a join may fail for some event", expr));
    const std::string failed = fmt::format("(TRY(struct_pack(v := {})) IS NULL)", expr);
    const bool is_of_event = sql::same_name(table->second->alias, from_.event_table.alias);
    if (!is_of_event && is_list) {
      Expr is_null;
      is_null.kind = Expr::Kind::other;
      is_null.name = "is_null";
      is_null.children = {*side.expr};
      Expr is_not_null = is_null;
      is_not_null.name = "is_not_null";
      Expr either = is_null;
      either.name = "or";
      either.children = {std::move(is_null), std::move(is_not_null)};
      out_.of_rows.push_back(std::move(either));
      *side.expr = sql::text_expr(fmt::format("CASE WHEN {} THEN [NULL] ELSE TRY({}) END", failed, expr));
      return {};
    }
    out_.failures.push_back(
        is_of_event ? failed
                    : fmt::format("EXISTS (SELECT 1 FROM {} WHERE {})", sql::to_sql(*table->second), failed));
    *side.expr = sql::text_expr(fmt::format("TRY({})", expr));
    return {};
  }

  const FromClause& from_;
  sql::Session& session_;
  GuardedJoins out_;
  std::map<std::string, const TableRef*> tables_;
  std::vector<Side> sides_;
  std::string sources_;  // all relations of the FROM clause, each row with each
};

}  // namespace

Result<GuardedJoins> guard_joins(const FromClause& from, sql::Session& session) {
  return Guard(from, session).run();
}

}  // namespace anabranch::views
