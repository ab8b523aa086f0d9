#include "views/exposed.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/join.h"
#include "sql/parser.h"
#include "sql/unpivot.h"
#include "views/plan.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;
using sql::TableRef;

namespace {

bool is_hidden_name(std::string_view name) {
  return sql::same_name(name, model::partition_column) || sql::same_name(name, model::offset_column) ||
         sql::same_name(name, model::ingested_at_column) || sql::same_name(name, model::raw_column);
}

bool names_hidden_column(const Select& select) {
  bool is_found = false;
  sql::visit_selects(select, [&](const Select& inner) {
    sql::visit_own_exprs(inner, [&](const Expr& expr) {
      sql::visit_expr(expr, [&](const Expr& node) {
        if (node.kind == Expr::Kind::column) {
          is_found = is_found || std::any_of(node.path.begin(), node.path.end(), is_hidden_name);
        }
        return true;
      });
    });
  });
  return is_found;
}

class Exposer {
 public:
  Exposer(const Relations& relations, std::string_view text, const std::map<std::string, Error>& absent,
          bool has_hidden)
      : relations_(relations), text_(text), absent_(absent), has_hidden_(has_hidden) {}

  Select expose(Select select, std::vector<std::string> ctes) {
    for (sql::Cte& cte : select.ctes) {
      cte.query = expose(*cte.query, ctes);
      ctes.push_back(cte.name);
    }
    for (Select& operand : select.operands) operand = expose(std::move(operand), ctes);
    std::vector<std::string> hidden;
    expose(select.from, ctes, hidden);
    for (Expr& item : select.items) {
      if (item.kind == Expr::Kind::star) {
        for (const std::string& name : hidden) {
          const std::string column = name.substr(name.find('\n') + 1);
          const std::string alias = name.substr(0, name.find('\n'));
          if (!item.path.empty() && !sql::same_name(item.path[0], alias)) continue;
          // With its relation: another one may have a column of this name that is meant.
          const std::vector<std::string> path =
              item.path.empty() ? std::vector{alias, column} : std::vector{column};
          const bool is_there = std::any_of(item.exclude.begin(), item.exclude.end(), [&](const auto& other) {
            return sql::same_name(other.back(), column) &&
                   (other.size() == 1 || sql::same_name(other[0], alias));
          });
          if (!is_there) item.exclude.push_back(path);
        }
      }
    }
    // `bronze.e.k`: the layer goes, as the relation has its bare name here.
    std::vector<std::pair<std::string, std::string>> layered;
    std::swap(layered, layered_);
    const auto change = [&](Expr& expr) {
      inside(expr, ctes);
      if (!layered.empty()) expr = without_layers(expr, layered);
    };
    for (Expr& item : select.items) change(item);
    if (select.where) change(*select.where);
    for (Expr& group : select.group_by) change(group);
    if (select.having) change(*select.having);
    if (select.qualify) change(*select.qualify);
    for (Expr& target : select.distinct_on) change(target);
    for (sql::OrderItem& item : select.order_by) change(*item.expr);
    if (select.limit) change(*select.limit);
    if (select.offset) change(*select.offset);
    return select;
  }

  std::set<std::string> names;
  std::optional<Error> error;

 private:
  void expose(TableRef& table, const std::vector<std::string>& ctes, std::vector<std::string>& hidden) {
    switch (table.kind) {
      case TableRef::Kind::join: {
        const size_t before = hidden.size();
        expose(*table.left, ctes, hidden);
        const size_t between = hidden.size();
        expose(*table.right, ctes, hidden);
        const bool both_have_hidden = between > before && hidden.size() > between;
        if (table.join_kind == TableRef::JoinKind::natural && both_have_hidden && !error) {
          error = Error{Code::bad_sql,
                        "a NATURAL JOIN would join by the system columns too, as the query names one",
                        "write USING and the columns", sql::place_at(text_, table.right->position)};
        }
        if (table.condition) inside(*table.condition, ctes);
        return;
      }
      case TableRef::Kind::subquery:
        table.query = expose(*table.query, ctes);
        return;
      case TableRef::Kind::function:
        inside(*table.function, ctes);
        return;
      case TableRef::Kind::values:
        for (auto& row : table.values) {
          for (Expr& value : row) inside(value, ctes);
        }
        return;
      case TableRef::Kind::empty:
        return;
      case TableRef::Kind::base:
        break;
    }
    const bool is_cte = table.schema.empty() && std::any_of(ctes.begin(), ctes.end(), [&](const auto& name) {
                          return sql::same_name(name, table.name);
                        });
    if (is_cte) return;
    const std::string name = sql::lower(table.schema.empty() ? table.name : table.schema + "." + table.name);
    const auto found = relations_.find(name);
    if (found == relations_.end() || found->second.is_block) {
      if (!error) {
        const auto absent = absent_.find(name);
        error = absent != absent_.end() ? absent->second
                                        : Error{Code::bad_sql, "there is no stream, table or view " + name,
                                                hint_for(table), std::nullopt};
        if (error->code == Code::not_found) error->code = Code::bad_sql;
        error->place = sql::place_at(text_, table.position);
      }
      return;
    }
    names.insert(found->second.name);
    if (table.alias.empty()) {
      if (!table.schema.empty()) layered_.emplace_back(table.schema, table.name);
      table.alias = table.name;
    }
    table.schema = sql::relation_schema;
    const bool has_hidden = has_hidden_ && found->second.kind == Relation::Kind::stream;
    table.name = has_hidden ? found->second.name : visible_name(found->second.name);
    if (has_hidden) {
      for (const auto& column : found->second.hidden_columns)
        hidden.push_back(table.alias + "\n" + column.name);
    }
  }

  std::string hint_for(const TableRef& table) const {
    if (table.schema.empty()) {
      for (const char* layer : {"bronze", "silver", "gold"}) {
        const std::string full = fmt::format("{}.{}", layer, sql::lower(table.name));
        if (relations_.contains(full)) return "write " + full;
      }
    }
    std::string list;
    for (const auto& [name, relation] : relations_) {
      if (!relation.is_block) append_item(list, name);
    }
    return "there are: " + list;
  }

  static Expr without_layers(const Expr& expr,
                             const std::vector<std::pair<std::string, std::string>>& layered) {
    return sql::rewrite(expr, [&](const Expr& node) -> Box<Expr> {
      if (node.kind != Expr::Kind::column || node.path.size() < 3) return {};
      for (const auto& [layer, name] : layered) {
        if (!sql::same_name(node.path[0], layer) || !sql::same_name(node.path[1], name)) continue;
        Expr out = node;
        out.path.erase(out.path.begin());
        return out;
      }
      return {};
    });
  }

  void inside(Expr& expr, const std::vector<std::string>& ctes) {
    if (sql::is_unpivot(expr)) return inside_unpivot(expr, ctes);
    if (expr.query) expr.query = expose(*expr.query, ctes);
    sql::for_each_child(expr, [&](Expr& child) { inside(child, ctes); });
  }

  // All columns of its rows are in what it gives, so those that are hidden are left out there.
  void inside_unpivot(Expr& unpivot, const std::vector<std::string>& ctes) {
    sql::set_unpivoted_rows(unpivot, expose(sql::unpivoted_rows(unpivot), ctes));
    for (Expr& entry : unpivot.query->items) inside(entry, ctes);
  }

  const Relations& relations_;
  const std::string_view text_;
  const std::map<std::string, Error>& absent_;
  const bool has_hidden_;
  std::vector<std::pair<std::string, std::string>> layered_;  // of the FROM clause that was just exposed
};

}  // namespace

Result<Exposed> expose(const Select& select, const Relations& relations, std::string_view text,
                       const std::map<std::string, Error>& absent) {
  Exposer exposer(relations, text, absent, names_hidden_column(select));
  const Select exposed = exposer.expose(select, {});
  if (exposer.error) return fail(std::move(*exposer.error));
  return Exposed{exposed, sql::to_sql(exposed), std::move(exposer.names)};
}

Place place_of_quoted(std::string_view message, std::string_view text) {
  const size_t quote = message.find('"');
  const size_t end = quote == std::string_view::npos ? quote : message.find('"', quote + 1);
  if (end != std::string_view::npos) {
    const size_t at = text.find(message.substr(quote + 1, end - quote - 1));
    if (at != std::string_view::npos) return sql::place_at(text, static_cast<sql::Position>(at));
  }
  return Place{"", 1, 1};
}

void hide_marks(std::string& message) {
  const std::string mark = std::string(sql::relation_schema) + ".";
  for (size_t at = message.find(mark); at != std::string::npos; at = message.find(mark, at))
    message.erase(at, mark.size());
  for (size_t at = message.find("!\""); at != std::string::npos; at = message.find("!\"", at))
    message.erase(at, 1);
}

void add_meaning(sql::Meanings& meanings, const Relation& relation, sql::Query query) {
  std::string columns;
  for (const auto& column : relation.columns) {
    append_item(columns, sql::quote_identifier(column.name));
  }
  const auto all = sql::meaning(std::move(query));
  meanings[relation.name] = all;
  meanings[visible_name(relation.name)] =
      sql::meaning({fmt::format("SELECT {} FROM {}", columns, sql::relation("all")), {{"all", all}}});
}

}  // namespace anabranch::views
