#pragma once
// What the files of the aggregate planner share: kinds of types by their names, and small clauses of SQL.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/syntax.h"

namespace anabranch::views {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names);

bool is_integer_type(std::string_view type);
bool is_floating_type(std::string_view type);
struct Decimal {
  int width = 0;
  int scale = 0;
};
/// DECIMAL(10,2); nothing for other types.
std::optional<Decimal> decimal_type(std::string_view type);

/// An aggregate by the first of its names: "arg_max" for "max_by". FILTER and the like are left alone.
std::string first_name(std::string_view name);

std::string group_by(const std::vector<std::string>& keys);
std::string partition_by(const std::vector<std::string>& keys);
/// " FILTER (WHERE f1)", or nothing.
std::string filter_clause(const std::string& filter);
std::string filter_clause(const std::string& filter, const std::string& more);

/// The digits of a decimal as a HUGEINT: -12.34 is -1234.
std::string digits_of(const std::string& decimal);
/// The decimal of these digits, with a scale.
std::string decimal_of(const std::string& digits, int scale);
/// 10 to a power, in digits.
std::string power_of_ten(int exponent);

/// The aggregate over doubles whose sum does not show the order of additions; as the engine's where the sum
/// is not finite (a compensated one would be NaN).
std::string double_sum(const std::string& value, const std::string& filter);

/// The value, or the engine's complaint where it is not finite.
std::string finite_or_error(const std::string& value, std::string_view what);

/// The text of a constant, or nothing.
std::optional<std::string> constant_text(const sql::Expr& expr);
/// The whole number above 0 that an expression is as written, or nothing.
std::optional<int64_t> constant_count(const sql::Expr& expr);

/// "DESC NULLS LAST" for an ORDER BY item, as create_sort_key takes it.
std::string sort_direction(const sql::OrderItem& item);

}  // namespace anabranch::views
