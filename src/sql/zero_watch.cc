#include "sql/zero_watch.h"

#include <atomic>
#include <cmath>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"

namespace anabranch::sql {
namespace {

using duckdb::idx_t;
using duckdb::LogicalTypeId;
using duckdb::Vector;

std::atomic<uint64_t> seen = 0;

template <typename T>
bool has_negative_zero(const duckdb::UnifiedVectorFormat& format, idx_t count) {
  const T* values = duckdb::UnifiedVectorFormat::GetData<T>(format);
  for (idx_t i = 0; i < count; ++i) {
    const auto at = format.sel->get_index(i);
    if (values[at] == T{0} && std::signbit(values[at]) && format.validity.RowIsValid(at)) return true;
  }
  return false;
}

bool has_negative_zero(Vector& of, idx_t count) {
  switch (of.GetType().id()) {
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE: {
      duckdb::UnifiedVectorFormat format;
      of.ToUnifiedFormat(count, format);
      return of.GetType().id() == LogicalTypeId::FLOAT ? has_negative_zero<float>(format, count)
                                                       : has_negative_zero<double>(format, count);
    }
    case LogicalTypeId::LIST:
    case LogicalTypeId::MAP:
    case LogicalTypeId::ARRAY:
    case LogicalTypeId::STRUCT:
      break;
    default:
      return false;
  }
  Vector flat(of);  // refers to the same values
  flat.Flatten(count);
  if (of.GetType().id() == LogicalTypeId::STRUCT) {
    for (auto& child : duckdb::StructVector::GetEntries(flat)) {
      if (has_negative_zero(*child, count)) return true;
    }
    return false;
  }
  if (of.GetType().id() == LogicalTypeId::ARRAY) {
    return has_negative_zero(duckdb::ArrayVector::GetEntry(flat),
                             count * duckdb::ArrayType::GetSize(of.GetType()));
  }
  return has_negative_zero(duckdb::ListVector::GetEntry(flat), duckdb::ListVector::GetListSize(flat));
}

void watch(duckdb::DataChunk& arguments, duckdb::ExpressionState&, Vector& result) {
  result.Reference(arguments.data[0]);
  if (has_negative_zero(arguments.data[0], arguments.size())) ++seen;
}

duckdb::unique_ptr<duckdb::FunctionData> bind(
    duckdb::ClientContext&, duckdb::ScalarFunction& function,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  function.arguments[0] = arguments[0]->return_type;
  function.return_type = arguments[0]->return_type;
  return nullptr;
}

}  // namespace

void create_zero_watch(duckdb::Connection& connection) {
  duckdb::ScalarFunction function(std::string(zero_watch_name), {duckdb::LogicalType::ANY},
                                  duckdb::LogicalType::ANY, watch, bind);
  function.stability = duckdb::FunctionStability::VOLATILE;  // each value is to be looked at
  function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  duckdb::CreateScalarFunctionInfo create(function);
  create.on_conflict = duckdb::OnCreateConflict::IGNORE_ON_CONFLICT;
  connection.BeginTransaction();
  duckdb::Catalog::GetSystemCatalog(*connection.context).CreateFunction(*connection.context, create);
  connection.Commit();
}

uint64_t negative_zeros_seen() { return seen; }

}  // namespace anabranch::sql
