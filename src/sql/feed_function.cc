#include "sql/feed_function.h"

#include <algorithm>
#include <cstring>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/common/vector_operations/vector_operations.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "sql/types.h"

namespace anabranch::sql {
namespace {

using duckdb::idx_t;
using duckdb::LogicalType;
using model::ColumnBatch;

struct FeedInfo final : duckdb::TableFunctionInfo {
  model::Schema schema;
  std::shared_ptr<Feed> feed;
};

struct FeedBind final : duckdb::TableFunctionData {
  duckdb::shared_ptr<FeedInfo> info;
  model::Offset from = 0;
  model::Offset end = 0;
};

struct FeedState final : duckdb::GlobalTableFunctionState {
  std::unique_ptr<Feed::Cursor> cursor;
  std::shared_ptr<const ColumnBatch> batch;
  size_t row = 0;
  std::vector<duckdb::column_t> columns;
  // For each schema version met: where each of our fields is in it.
  const model::Schema* mapped = nullptr;
  std::vector<std::optional<size_t>> mapping;

  idx_t MaxThreads() const override { return 1; }
};

duckdb::unique_ptr<duckdb::FunctionData> bind(duckdb::ClientContext&, duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<LogicalType>& types,
                                              duckdb::vector<std::string>& names) {
  auto data = duckdb::make_uniq<FeedBind>();
  data->info =
      duckdb::shared_ptr_cast<duckdb::TableFunctionInfo, FeedInfo>(input.table_function.function_info);
  if (input.inputs.size() == 2) {
    data->from = input.inputs[0].GetValue<int64_t>();
    data->end = input.inputs[1].GetValue<int64_t>();
  }
  for (const auto& field : data->info->schema.fields) {
    names.push_back(field.name);
    types.push_back(engine_type(field.type));
  }
  names.emplace_back(model::partition_column);
  types.push_back(LogicalType::INTEGER);
  names.emplace_back(model::offset_column);
  types.push_back(LogicalType::BIGINT);
  names.emplace_back(model::ingested_at_column);
  types.push_back(LogicalType::TIMESTAMP_TZ);
  names.emplace_back(model::raw_column);
  types.push_back(LogicalType::VARCHAR);
  return data;
}

duckdb::unique_ptr<duckdb::NodeStatistics> guess_rows(duckdb::ClientContext&,
                                                      const duckdb::FunctionData* bound) {
  const auto& data = bound->Cast<FeedBind>();
  const bool has_range = data.end > data.from;
  return duckdb::make_uniq<duckdb::NodeStatistics>(has_range ? static_cast<idx_t>(data.end - data.from)
                                                             : rows_guessed);
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> init(duckdb::ClientContext&,
                                                          duckdb::TableFunctionInitInput& input) {
  auto state = duckdb::make_uniq<FeedState>();
  const auto& data = input.bind_data->Cast<FeedBind>();
  state->columns = input.column_ids;
  auto cursor = data.info->feed->open(data.from, data.end);
  if (!cursor) throw duckdb::IOException(cursor.error().describe());
  state->cursor = std::move(*cursor);
  return state;
}

void map_fields(FeedState& state, const model::Schema& ours) {
  const model::Schema& theirs = *state.batch->schema;
  if (state.mapped == &theirs) return;
  state.mapped = &theirs;
  state.mapping.clear();
  for (const auto& field : ours.fields) state.mapping.push_back(theirs.find(field.name));
}

// Lends rows [begin, begin + count) of a column to a vector of its carried type.
void fill_vector(const model::Column& column, const model::Type& type, size_t begin, size_t count,
                 duckdb::Vector& vector) {
  vector.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto& validity = duckdb::FlatVector::Validity(vector);
  for (size_t i = 0; i < count; ++i) {
    if (!column.valid[begin + i]) validity.SetInvalid(i);
  }
  const size_t bytes = type.layout_bytes();
  if (bytes > 0) {
    // The engine's physical types have our layouts: little-endian integers, hugeint as (low, high).
    std::memcpy(duckdb::FlatVector::GetData(vector), column.fixed.data() + begin * bytes, count * bytes);
    return;
  }
  auto* strings = duckdb::FlatVector::GetData<duckdb::string_t>(vector);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view text = column.texts[begin + i];
    // Points into the batch, which lives until the next chunk is asked for; the engine copies what it keeps.
    strings[i] = column.valid[begin + i] ? duckdb::string_t(text.data(), static_cast<uint32_t>(text.size()))
                                         : duckdb::string_t();
  }
}

void fill_field(duckdb::ClientContext& context, const ColumnBatch& batch, size_t field,
                const LogicalType& wanted, size_t begin, size_t count, duckdb::Vector& out) {
  const model::Type& type = batch.schema->fields[field].type;
  const LogicalType carried = carried_type(type);
  if (carried == wanted) {
    fill_vector(batch.columns[field], type, begin, count, out);
    return;
  }
  duckdb::Vector source(carried, count);
  fill_vector(batch.columns[field], type, begin, count, source);
  if (engine_type(type) == wanted || carried == engine_type(type)) {
    duckdb::VectorOperations::Cast(context, source, out, count);
    return;
  }
  duckdb::Vector typed(engine_type(type), count);
  duckdb::VectorOperations::Cast(context, source, typed, count);
  duckdb::VectorOperations::Cast(context, typed, out, count);
}

void set_null(duckdb::Vector& out) {
  out.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::SetNull(out, true);
}

void fill_system_column(const ColumnBatch& batch, size_t which, size_t begin, size_t count,
                        duckdb::Vector& out) {
  switch (which) {
    case 0:
      out.Reference(duckdb::Value::INTEGER(batch.partition));
      return;
    case 1: {
      auto* offsets = duckdb::FlatVector::GetData<int64_t>(out);
      for (size_t i = 0; i < count; ++i) offsets[i] = batch.first_offset + static_cast<int64_t>(begin + i);
      return;
    }
    case 2: {
      if (!batch.row_ingested_at_us.empty()) {
        std::memcpy(duckdb::FlatVector::GetData(out), batch.row_ingested_at_us.data() + begin,
                    count * sizeof(int64_t));
        return;
      }
      out.Reference(duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(batch.ingested_at_us)));
      return;
    }
    default: {
      if (batch.raw.empty()) {
        set_null(out);
        return;
      }
      auto* strings = duckdb::FlatVector::GetData<duckdb::string_t>(out);
      for (size_t i = 0; i < count; ++i) {
        const std::string_view text = batch.raw[begin + i];
        strings[i] = duckdb::string_t(text.data(), static_cast<uint32_t>(text.size()));
      }
    }
  }
}

void scan(duckdb::ClientContext& context, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  auto& state = input.global_state->Cast<FeedState>();
  const auto& schema = input.bind_data->Cast<FeedBind>().info->schema;
  while (!state.batch || state.row >= state.batch->rows) {
    auto next = state.cursor->next();
    if (!next) throw duckdb::IOException(next.error().describe());
    state.batch = std::move(*next);
    state.row = 0;
    if (!state.batch) return;  // an empty chunk ends the scan
    map_fields(state, schema);
  }
  const size_t count = std::min<size_t>(STANDARD_VECTOR_SIZE, state.batch->rows - state.row);
  for (size_t i = 0; i < state.columns.size(); ++i) {
    const auto column = state.columns[i];
    duckdb::Vector& out = output.data[i];
    if (column == duckdb::COLUMN_IDENTIFIER_ROW_ID || column == duckdb::COLUMN_IDENTIFIER_EMPTY) {
      set_null(out);
    } else if (column >= schema.fields.size()) {
      fill_system_column(*state.batch, column - schema.fields.size(), state.row, count, out);
    } else if (!state.mapping[column]) {
      set_null(out);
    } else {
      fill_field(context, *state.batch, *state.mapping[column], out.GetType(), state.row, count, out);
    }
  }
  state.row += count;
  output.SetCardinality(count);
}

}  // namespace

void create_feed_function(duckdb::Connection& connection, const std::string& name,
                          const model::Schema& schema, std::shared_ptr<Feed> feed) {
  auto info = duckdb::make_shared_ptr<FeedInfo>();
  info->schema = schema;
  info->feed = std::move(feed);
  duckdb::TableFunctionSet set(name);
  for (const bool has_range : {false, true}) {
    duckdb::vector<LogicalType> arguments;
    if (has_range) arguments = {LogicalType::BIGINT, LogicalType::BIGINT};
    duckdb::TableFunction function(name, arguments, scan, bind, init);
    function.projection_pushdown = true;
    function.cardinality = guess_rows;
    function.function_info = info;
    set.AddFunction(function);
  }
  connection.BeginTransaction();
  auto& catalog = duckdb::Catalog::GetSystemCatalog(*connection.context);
  duckdb::CreateTableFunctionInfo create(set);
  create.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
  catalog.CreateFunction(*connection.context, create);
  connection.Commit();
}

}  // namespace anabranch::sql
