#include "views/row_columns.h"

#include <fmt/format.h>

namespace anabranch::views {

using sql::Expr;

std::string RowColumns::add(const Expr& expr, std::string_view prefix) {
  Expr bare = expr;
  bare.alias.clear();
  std::string sql = sql::to_sql(bare);
  if (const auto found = by_sql_.find(sql); found != by_sql_.end()) return found->second;
  const auto count = counts_.try_emplace(std::string(prefix), 0).first;
  std::string name = fmt::format("{}{}", prefix, count->second++);
  by_sql_.emplace(std::move(sql), name);
  columns_.push_back({name, std::move(bare)});
  return name;
}

void RowColumns::add_as(const Expr& expr, const std::string& name) {
  Expr bare = expr;
  bare.alias.clear();
  by_sql_.try_emplace(sql::to_sql(bare), name);
  columns_.push_back({name, std::move(bare)});
}

}  // namespace anabranch::views
