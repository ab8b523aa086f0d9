#include "sql/unpivot.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/join.h"
#include "duckdb.hpp"
#include "sql/tree_conversion.h"

namespace anabranch::sql {

namespace {

std::string names_sql(const std::vector<std::string>& names) {
  const std::string text = join(names, quote_identifier);
  return names.size() == 1 ? text : "(" + text + ")";
}

bool names_column(const Expr& expr, const std::string& name) {
  bool is_found = false;
  visit_expr(expr, [&](const Expr& node) {
    is_found = is_found || (node.kind == Expr::Kind::column && same_name(node.path.back(), name));
    return !is_found;
  });
  return is_found;
}

}  // namespace

bool is_unpivot(const Expr& expr) { return expr.is("unpivot") && expr.query; }

bool is_unpivot(const TableRef& table) {
  return table.kind == TableRef::Kind::function && table.function && is_unpivot(*table.function);
}

Expr convert_unpivot(const duckdb::PivotRef& ref) {
  const Position position = position_of(ref.query_location);
  if (ref.pivots.size() != 1 || ref.pivots[0].unpivot_names.size() != 1 || ref.pivots[0].entries.empty() ||
      !ref.pivots[0].pivot_enum.empty())
    throw NotTaken{"this form of UNPIVOT", position};
  Expr out;
  out.kind = Expr::Kind::other;
  out.name = "unpivot";
  out.position = position;
  out.path = {ref.pivots[0].unpivot_names[0]};
  out.path.insert(out.path.end(), ref.unpivot_names.begin(), ref.unpivot_names.end());
  if (ref.include_nulls) out.text = "INCLUDE NULLS";
  Select query;
  query.from = convert_table(*ref.source);
  for (const auto& entry : ref.pivots[0].entries) {
    if (!entry.expr) throw NotTaken{"this form of UNPIVOT", position};
    query.items.push_back(convert(*entry.expr));
    query.items.back().alias = entry.alias;
  }
  out.query = std::move(query);
  return out;
}

std::string unpivot_sql(const Expr& unpivot) {
  const Select& query = *unpivot.query;
  std::string rows = to_sql(query.from);
  if (query.from.kind == TableRef::Kind::join && query.from.alias.empty()) rows = "(" + rows + ")";
  std::string entries;
  for (const Expr& entry : query.items) {
    append_item(entries, to_sql(entry));
    if (!entry.alias.empty()) entries += " AS " + quote_identifier(entry.alias);
  }
  return fmt::format("{} UNPIVOT {}({} FOR {} IN ({}))", rows, unpivot.text.empty() ? "" : unpivot.text + " ",
                     names_sql({unpivot.path.begin() + 1, unpivot.path.end()}),
                     quote_identifier(unpivot.path.at(0)), entries);
}

Select unpivoted_rows(const Expr& unpivot) {
  Select rows;
  Expr star;
  star.kind = Expr::Kind::star;
  rows.items.push_back(std::move(star));
  rows.from = unpivot.query->from;
  return rows;
}

std::string set_unpivoted_rows(Expr& unpivot, Select rows) {
  Select& query = *unpivot.query;
  Expr& star = rows.items.at(0);
  std::erase_if(star.exclude, [&](const auto& path) {
    return std::any_of(query.items.begin(), query.items.end(),
                       [&](const Expr& entry) { return names_column(entry, path.back()); });
  });
  std::string alias = rows.from.alias;
  if (alias.empty()) alias = rows.from.kind == TableRef::Kind::base ? rows.from.name : "unpivoted";
  query.from = star.exclude.empty() && rows.items.size() == 1 ? std::move(rows.from)
                                                              : subquery_table(std::move(rows), alias);
  return alias;
}

void number_rows(TableRef& table, const std::string& column) {
  Select all;
  Expr star;
  star.kind = Expr::Kind::star;
  all.items.push_back(std::move(star));
  Expr number;
  number.kind = Expr::Kind::window;
  number.name = "row_number";
  number.over = Over{};
  number.alias = column;
  all.items.push_back(std::move(number));
  all.from = table;
  table = subquery_table(std::move(all), table.alias);
}

}  // namespace anabranch::sql
