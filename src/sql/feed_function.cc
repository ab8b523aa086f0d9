#include "sql/feed_function.h"

#include <algorithm>
#include <cstring>

#include "base/mistake.h"
#include "duckdb/catalog/catalog.hpp"
#include "duckdb/common/vector_operations/vector_operations.hpp"
#include "duckdb/function/cast/cast_function_set.hpp"
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

// From one type to another, with the memory of its own that a cast may have (from JSON it has the texts).
class FieldCast {
 public:
  FieldCast(duckdb::ClientContext& context, const LogicalType& from, const LogicalType& to) : to_(to) {
    duckdb::GetCastFunctionInput input(context);
    cast_.emplace(duckdb::CastFunctionSet::Get(context).GetCastFunction(from, to, input));
    if (cast_->init_local_state == nullptr) return;
    duckdb::CastLocalStateParameters parameters(context, cast_->cast_data.get());
    state_ = cast_->init_local_state(parameters);
  }
  // What a cast gives may point into the source or into the cast's own memory, which the next one overwrites:
  // `out` gets a copy. Throws where a value does not fit.
  void run(duckdb::Vector& source, duckdb::Vector& out, idx_t count) {
    duckdb::CastParameters parameters(cast_->cast_data.get(), false, nullptr, state_.get());
    duckdb::Vector lent(to_, count);
    cast_->function(source, lent, count, parameters);
    duckdb::VectorOperations::Copy(lent, out, count, 0, 0);
  }
  const LogicalType& to() const { return to_; }

 private:
  LogicalType to_;
  std::optional<duckdb::BoundCastInfo> cast_;
  duckdb::unique_ptr<duckdb::FunctionLocalState> state_;
};

// Keeps a batch for as long as a vector, or one that was made of it, points into it.
struct BatchBuffer final : duckdb::VectorBuffer {
  explicit BatchBuffer(std::shared_ptr<const ColumnBatch> of)
      : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), batch(std::move(of)) {}
  std::shared_ptr<const ColumnBatch> batch;
};

struct FeedState final : duckdb::GlobalTableFunctionState {
  std::unique_ptr<Feed::Cursor> cursor;
  std::shared_ptr<const ColumnBatch> batch;
  size_t row = 0;
  std::vector<duckdb::column_t> columns;
  // For each schema version met: where each of our fields is in it.
  const model::Schema* mapped = nullptr;
  std::vector<std::optional<size_t>> mapping;
  std::vector<std::vector<FieldCast>> casts;  // of our fields, one after the other; made when they are needed

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
  state.casts.clear();
  state.casts.resize(ours.fields.size());
  for (const auto& field : ours.fields) state.mapping.push_back(theirs.find_stored(field.stored_name()));
  if (ours.version > 1 && is_planted("a field that came later stays empty")) state.mapping.back().reset();
}

// Points to texts [begin, begin + count) in the batch, and keeps it. Rows that are not valid are passed over.
void lend_texts(const std::shared_ptr<const ColumnBatch>& batch, const std::vector<std::string_view>& texts,
                const uint8_t* valid, size_t begin, size_t count, duckdb::Vector& vector,
                size_t bytes_max = std::string_view::npos) {
  auto* strings = duckdb::FlatVector::GetData<duckdb::string_t>(vector);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view text = texts[begin + i].substr(0, bytes_max);
    const bool is_valid = valid == nullptr || valid[begin + i];
    strings[i] =
        is_valid ? duckdb::string_t(text.data(), static_cast<uint32_t>(text.size())) : duckdb::string_t();
  }
  duckdb::StringVector::AddBuffer(vector, duckdb::make_buffer<BatchBuffer>(batch));
}

// Gives rows [begin, begin + count) of a column to a vector of its carried type.
void fill_vector(const std::shared_ptr<const ColumnBatch>& batch, size_t field, size_t begin, size_t count,
                 duckdb::Vector& vector) {
  const model::Column& column = batch->columns[field];
  vector.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto& validity = duckdb::FlatVector::Validity(vector);
  for (size_t i = 0; i < count; ++i) {
    if (!column.valid[begin + i]) validity.SetInvalid(i);
  }
  const size_t bytes = batch->schema->fields[field].type.layout_bytes();
  if (bytes > 0) {
    // The engine's physical types have our layouts: little-endian integers, hugeint as (low, high).
    std::memcpy(duckdb::FlatVector::GetData(vector), column.fixed.data() + begin * bytes, count * bytes);
    return;
  }
  const bool is_cut = batch->schema->fields[field].type.kind == model::Type::Kind::varchar &&
                      is_planted("texts end after twelve bytes");
  lend_texts(batch, column.texts, column.valid.data(), begin, count, vector,
             is_cut ? 12 : std::string_view::npos);
}

void fill_field(duckdb::ClientContext& context, FeedState& state, size_t column, size_t count,
                duckdb::Vector& out) {
  const size_t field = *state.mapping[column];
  const model::Type& type = state.batch->schema->fields[field].type;
  const LogicalType carried = carried_type(type);
  if (carried == out.GetType()) {
    fill_vector(state.batch, field, state.row, count, out);
    return;
  }
  std::vector<FieldCast>& casts = state.casts[column];
  if (casts.empty()) {
    const LogicalType typed = engine_type(type);
    if (typed != carried) casts.emplace_back(context, carried, typed);
    if (typed != out.GetType()) casts.emplace_back(context, typed, out.GetType());
  }
  duckdb::Vector source(carried, count);
  fill_vector(state.batch, field, state.row, count, source);
  if (casts.size() == 1) {
    casts[0].run(source, out, count);
    return;
  }
  duckdb::Vector between(casts[0].to(), count);
  casts[0].run(source, between, count);
  casts[1].run(between, out, count);
}

void set_null(duckdb::Vector& out) {
  out.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::SetNull(out, true);
}

void fill_system_column(const std::shared_ptr<const ColumnBatch>& shared, size_t which, size_t begin,
                        size_t count, duckdb::Vector& out) {
  const ColumnBatch& batch = *shared;
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
      lend_texts(shared, batch.raw, nullptr, begin, count, out);
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
      fill_system_column(state.batch, column - schema.fields.size(), state.row, count, out);
    } else if (!state.mapping[column]) {
      set_null(out);
    } else {
      fill_field(context, state, column, count, out);
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
