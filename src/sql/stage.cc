#include "sql/stage.h"

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "sql/feed_function.h"

namespace anabranch::sql {
namespace {

struct StageInfo final : duckdb::TableFunctionInfo {
  std::shared_ptr<Stage> stage;
};

struct StageBind final : duckdb::TableFunctionData {
  std::shared_ptr<Stage> stage;
};

struct StageState final : duckdb::GlobalTableFunctionState {
  duckdb::vector<duckdb::column_t> columns;
  size_t chunk = 0;
  duckdb::idx_t MaxThreads() const override { return 1; }
};

duckdb::unique_ptr<duckdb::FunctionData> bind(duckdb::ClientContext&, duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<duckdb::LogicalType>& types,
                                              duckdb::vector<std::string>& names) {
  auto data = duckdb::make_uniq<StageBind>();
  data->stage =
      duckdb::shared_ptr_cast<duckdb::TableFunctionInfo, StageInfo>(input.table_function.function_info)
          ->stage;
  types = data->stage->impl().types;
  names = data->stage->impl().names;
  return data;
}

duckdb::unique_ptr<duckdb::NodeStatistics> guess_rows(duckdb::ClientContext&, const duckdb::FunctionData*) {
  return duckdb::make_uniq<duckdb::NodeStatistics>(rows_guessed);
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> init(duckdb::ClientContext&,
                                                          duckdb::TableFunctionInitInput& input) {
  auto state = duckdb::make_uniq<StageState>();
  state->columns = input.column_ids;
  return state;
}

void scan(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  auto& state = input.global_state->Cast<StageState>();
  const auto& chunks = input.bind_data->Cast<StageBind>().stage->impl().chunks;
  if (state.chunk == chunks.size()) return;  // an empty chunk ends the scan
  duckdb::DataChunk& chunk = *chunks[state.chunk++];
  for (size_t i = 0; i < state.columns.size(); ++i) {
    const auto column = state.columns[i];
    if (column < chunk.ColumnCount()) {
      output.data[i].Reference(chunk.data[column]);
    } else {
      output.data[i].SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
      duckdb::ConstantVector::SetNull(output.data[i], true);
    }
  }
  output.SetCardinality(chunk.size());
}

}  // namespace

Stage::Stage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Stage::~Stage() = default;
void Stage::clear() { impl_->chunks.clear(); }

void create_stage_function(duckdb::Connection& connection, const std::string& name,
                           std::shared_ptr<Stage> stage) {
  duckdb::TableFunction function(name, {}, scan, bind, init);
  function.projection_pushdown = true;
  function.cardinality = guess_rows;
  auto info = duckdb::make_shared_ptr<StageInfo>();
  info->stage = std::move(stage);
  function.function_info = info;
  connection.BeginTransaction();
  auto& catalog = duckdb::Catalog::GetSystemCatalog(*connection.context);
  duckdb::CreateTableFunctionInfo create(function);
  create.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
  catalog.CreateFunction(*connection.context, create);
  connection.Commit();
}

}  // namespace anabranch::sql
