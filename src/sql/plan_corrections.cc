#include "sql/plan_corrections.h"

#include <utility>

#include "duckdb/main/config.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/dynamic_filter.hpp"
#include "duckdb/planner/filter/optional_filter.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/operator/logical_top_n.hpp"

namespace anabranch::sql {
namespace {

using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::TableFilter;
using duckdb::TableFilterType;

bool is_told(const TableFilter& filter, const duckdb::DynamicFilterData& data) {
  const auto any_of = [&](const auto& children) {
    for (const auto& child : children) {
      if (is_told(*child, data)) return true;
    }
    return false;
  };
  switch (filter.filter_type) {
    case TableFilterType::DYNAMIC_FILTER:
      return filter.Cast<duckdb::DynamicFilter>().filter_data.get() == &data;
    case TableFilterType::OPTIONAL_FILTER: {
      const auto& optional = filter.Cast<duckdb::OptionalFilter>();
      return optional.child_filter && is_told(*optional.child_filter, data);
    }
    case TableFilterType::CONJUNCTION_AND:
      return any_of(filter.Cast<duckdb::ConjunctionAndFilter>().child_filters);
    case TableFilterType::CONJUNCTION_OR:
      return any_of(filter.Cast<duckdb::ConjunctionOrFilter>().child_filters);
    default:
      return false;
  }
}

// Whether every column that is compared with the value has its type.
bool have_type(const LogicalOperator& op, const duckdb::DynamicFilterData& data,
               const duckdb::LogicalType& type) {
  if (op.type == LogicalOperatorType::LOGICAL_GET) {
    const auto& get = op.Cast<duckdb::LogicalGet>();
    for (const auto& [column, filter] : get.table_filters.filters) {
      const bool has_type = column < get.returned_types.size() && get.returned_types[column] == type;
      if (!has_type && is_told(*filter, data)) return false;
    }
  }
  for (const auto& child : op.children) {
    if (!have_type(*child, data, type)) return false;
  }
  return true;
}

void correct(LogicalOperator& op) {
  if (op.type == LogicalOperatorType::LOGICAL_TOP_N) {
    auto& top = op.Cast<duckdb::LogicalTopN>();
    // A filter whose value nobody sets lets everything through.
    if (top.dynamic_filter && !have_type(op, *top.dynamic_filter, top.orders[0].expression->return_type))
      top.dynamic_filter = nullptr;
  }
  for (auto& child : op.children) correct(*child);
}

}  // namespace

void add_plan_corrections(duckdb::DBConfig& config) {
  duckdb::OptimizerExtension extension;
  extension.optimize_function = [](duckdb::OptimizerExtensionInput&,
                                   duckdb::unique_ptr<LogicalOperator>& plan) { correct(*plan); };
  duckdb::OptimizerExtension::Register(config, std::move(extension));
}

}  // namespace anabranch::sql
