#include "views/exposed.h"

#include <algorithm>

#include <fmt/format.h>

#include "sql/parser.h"

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
  Exposer(const Relations& relations, std::string_view text, const std::set<std::string>& uncopied,
          bool has_hidden)
      : relations_(relations), text_(text), uncopied_(uncopied), has_hidden_(has_hidden) {}

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
    const auto inside = [&](Expr& expr) { expr = this->inside(expr, ctes); };
    for (Expr& item : select.items) inside(item);
    if (select.where) inside(*select.where);
    for (Expr& group : select.group_by) inside(group);
    if (select.having) inside(*select.having);
    if (select.qualify) inside(*select.qualify);
    for (Expr& target : select.distinct_on) inside(target);
    for (sql::OrderItem& item : select.order_by) inside(*item.expr);
    if (select.limit) inside(*select.limit);
    if (select.offset) inside(*select.offset);
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
        if (table.condition) table.condition = inside(*table.condition, ctes);
        return;
      }
      case TableRef::Kind::subquery:
        table.query = expose(*table.query, ctes);
        return;
      case TableRef::Kind::function:
        table.function = inside(*table.function, ctes);
        return;
      case TableRef::Kind::base:
        break;
      default:
        return;
    }
    const bool is_cte = table.schema.empty() && std::any_of(ctes.begin(), ctes.end(), [&](const auto& name) {
                          return sql::same_name(name, table.name);
                        });
    if (is_cte) return;
    const std::string name = sql::lower(table.schema.empty() ? table.name : table.schema + "." + table.name);
    const auto found = relations_.find(name);
    if (found == relations_.end()) {
      if (!error) {
        const bool is_uncopied = uncopied_.contains(name);
        const std::string message = !is_uncopied ? "there is no stream, table or view " + name
                                    : name.starts_with("bronze.")
                                        ? fmt::format("the table {} was never copied", name)
                                        : fmt::format("{} waits for a table that was never copied", name);
        error = Error{Code::bad_sql, message, is_uncopied ? "run: anabranch copy" : hint_for(table),
                      sql::place_at(text_, table.position)};
      }
      return;
    }
    names.insert(found->second.name);
    if (table.alias.empty()) table.alias = table.name;
    table.schema.clear();
    const bool has_hidden = has_hidden_ && found->second.kind == Relation::Kind::stream;
    table.name = "@" + found->second.name + (has_hidden ? "" : "!");
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
    for (const auto& [name, relation] : relations_) list += (list.empty() ? "" : ", ") + name;
    return "there are: " + list;
  }

  Expr inside(const Expr& expr, const std::vector<std::string>& ctes) {
    Expr out = sql::rewrite(expr, [&](const Expr& node) -> Box<Expr> {
      if (!node.query) return {};
      Expr replaced = node;
      replaced.query = expose(*node.query, ctes);
      for (Expr& child : replaced.children) child = inside(child, ctes);
      return replaced;
    });
    return out;
  }

  const Relations& relations_;
  const std::string_view text_;
  const std::set<std::string>& uncopied_;
  const bool has_hidden_;
};

}  // namespace

Result<Exposed> expose(const Select& select, const Relations& relations, std::string_view text,
                       const std::set<std::string>& uncopied) {
  Exposer exposer(relations, text, uncopied, names_hidden_column(select));
  const Select exposed = exposer.expose(select, {});
  if (exposer.error) return fail(std::move(*exposer.error));
  return Exposed{sql::to_sql(exposed), std::move(exposer.names)};
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

void hide_tokens(std::string& message) {
  for (size_t at = message.find("\"@"); at != std::string::npos; at = message.find("\"@")) {
    message.erase(at + 1, 1);
    const size_t end = message.find("!\"", at);
    if (end != std::string::npos && end < message.find('"', at + 1)) message.erase(end, 1);
  }
}

void add_meaning(std::map<std::string, std::string>& meanings, const Relation& relation,
                 const std::string& sql) {
  meanings[relation.name] = sql;
  std::string columns;
  for (const auto& column : relation.columns) {
    columns += (columns.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  }
  meanings[relation.name + "!"] = fmt::format("(SELECT {} FROM {})", columns, sql);
}

}  // namespace anabranch::views
