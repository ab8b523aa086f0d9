#include "views/maintain/aggregate_clauses.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"

namespace anabranch::views {

using sql::Expr;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_integer_type(std::string_view type) {
  return is_one_of(type, {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
                          "UINTEGER", "UBIGINT", "BOOLEAN"});
}

bool is_floating_type(std::string_view type) { return is_one_of(type, {"FLOAT", "DOUBLE"}); }

std::optional<Decimal> decimal_type(std::string_view type) {
  Decimal found;
  const std::string text(type);
  char end = '\0';
  if (std::sscanf(text.c_str(), "DECIMAL(%d,%d%c", &found.width, &found.scale, &end) != 3 || end != ')' ||
      !type.ends_with(')') || type.find(')') + 1 != type.size()) {
    return std::nullopt;
  }
  return found;
}

std::string first_name(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> first = {
      {"argmax", "arg_max"},     {"max_by", "arg_max"},
      {"argmin", "arg_min"},     {"min_by", "arg_min"},
      {"mean", "avg"},           {"variance", "var_samp"},
      {"stddev", "stddev_samp"}, {"group_concat", "string_agg"},
      {"listagg", "string_agg"}, {"array_agg", "list"},
      {"arbitrary", "first"},    {"kahan_sum", "fsum"},
      {"sumkahan", "fsum"},      {"countif", "count_if"},
      {"count_star", "count"},   {"quantile", "quantile_disc"}};
  const auto found = first.find(name);
  return found == first.end() ? std::string(name) : found->second;
}

std::string group_by(const std::vector<std::string>& keys) {
  return keys.empty() ? "" : " GROUP BY " + join(keys);
}

std::string partition_by(const std::vector<std::string>& keys) {
  return keys.empty() ? "" : "PARTITION BY " + join(keys);
}

std::string filter_clause(const std::string& filter) {
  return filter.empty() ? "" : fmt::format(" FILTER (WHERE {})", filter);
}

std::string filter_clause(const std::string& filter, const std::string& more) {
  return fmt::format(" FILTER (WHERE {}{})", filter.empty() ? "" : filter + " AND ", more);
}

std::string digits_of(const std::string& decimal) {
  return fmt::format("replace(CAST({} AS VARCHAR), '.', '')::HUGEINT", decimal);
}

std::string decimal_of(const std::string& digits, int scale) {
  if (scale == 0) return fmt::format("CAST({} AS DECIMAL(38,0))", digits);
  return fmt::format("CAST({} AS DECIMAL(38,0)) * CAST('0.{}1' AS DECIMAL({},{}))", digits,
                     std::string(static_cast<size_t>(scale - 1), '0'), scale, scale);
}

std::string power_of_ten(int exponent) { return "1" + std::string(static_cast<size_t>(exponent), '0'); }

std::string double_sum(const std::string& value, const std::string& filter) {
  const std::string clause = filter_clause(filter);
  if (is_planted("infinities are added as numbers")) return fmt::format("fsum({}){}", value, clause);
  return fmt::format("CASE WHEN NOT isfinite(fsum({0}){1}) THEN sum({0}){1} ELSE fsum({0}){1} END", value,
                     clause);
}

std::string finite_or_error(const std::string& value, std::string_view what) {
  return fmt::format("CASE WHEN NOT isfinite({0}) THEN error({1}) ELSE {0} END", value,
                     sql::quote_literal(fmt::format("{} is out of range!", what)));
}

std::optional<std::string> constant_text(const Expr& expr) {
  if (expr.kind != Expr::Kind::constant) return std::nullopt;
  Expr bare = expr;
  bare.alias.clear();
  return sql::to_sql(bare);
}

std::optional<int64_t> constant_count(const Expr& expr) {
  const auto text = constant_text(expr);
  if (!text || text->empty() || text->size() > 9 ||
      !std::all_of(text->begin(), text->end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  const int64_t count = std::stoll(*text);
  return count > 0 ? std::optional(count) : std::nullopt;
}

std::string sort_direction(const sql::OrderItem& item) {
  const bool is_descending = item.is_descending && !is_planted("DESC is lost");
  return fmt::format("{} NULLS {}", is_descending ? "DESC" : "ASC",
                     item.nulls == sql::OrderItem::Nulls::first ? "FIRST" : "LAST");
}

}  // namespace anabranch::views
