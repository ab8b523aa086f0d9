#include "sql/text_function.h"

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/common/vector_operations/unary_executor.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "sql/engine_error.h"
#include "sql/session_connection.h"

namespace anabranch::sql {

Status register_text_function(Session& session, const std::string& name, TextFunction function) {
  const auto run = [function = std::move(function)](duckdb::DataChunk& arguments, duckdb::ExpressionState&,
                                                    duckdb::Vector& result) {
    std::string text;
    duckdb::UnaryExecutor::ExecuteWithNulls<duckdb::string_t, duckdb::string_t>(
        arguments.data[0], result, arguments.size(),
        [&](duckdb::string_t given, duckdb::ValidityMask& validity, duckdb::idx_t row) {
          text.clear();
          if (function({given.GetData(), given.GetSize()}, text))
            return duckdb::StringVector::AddString(result, text);
          validity.SetInvalid(row);
          return duckdb::string_t();
        });
  };
  try {
    auto& connection = SessionConnection::of(session);
    duckdb::ScalarFunction scalar(name, {duckdb::LogicalType::VARCHAR}, duckdb::LogicalType::VARCHAR, run);
    duckdb::CreateScalarFunctionInfo create(scalar);
    create.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
    connection.BeginTransaction();
    duckdb::Catalog::GetSystemCatalog(*connection.context).CreateFunction(*connection.context, create);
    connection.Commit();
    return {};
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::internal));
  }
}

}  // namespace anabranch::sql
