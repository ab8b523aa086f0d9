#include "sql/row_frames.h"

#include "duckdb/common/types/column/column_data_collection.hpp"
#include "sql/engine_error.h"
#include "sql/relation_scan.h"
#include "sql/row_encoder.h"
#include "sql/rows.h"
#include "sql/session_connection.h"

namespace anabranch::sql {
namespace {

std::unique_ptr<RowEncoder> encoder(Encoding encoding, Numbers numbers, const duckdb::QueryResult& result,
                                    const std::vector<model::RelationColumn>& columns, FrameSink& sink) {
  switch (encoding) {
    case Encoding::csv:
      return csv_encoder(columns, sink);
    case Encoding::arrow:
      return arrow_encoder(columns, result, sink);
    case Encoding::json:
      break;
  }
  return json_encoder(columns, numbers, sink);
}

// All frames in one text, up to a limit.
class TextSink final : public FrameSink {
 public:
  TextSink(std::string& out, size_t bytes_max) : out_(out), bytes_max_(bytes_max) {}
  Status begin(const std::vector<model::RelationColumn>&) override { return {}; }
  Status frame(std::string bytes) override {
    out_ += bytes;
    return out_.size() > bytes_max_ ? Status(fail(answer_too_large(bytes_max_))) : Status{};
  }

 private:
  std::string& out_;
  const size_t bytes_max_;
};

Status append(duckdb::MaterializedQueryResult& result, const std::vector<model::RelationColumn>& columns,
              Encoding encoding, Numbers numbers, std::string& out, size_t bytes_max) {
  try {
    TextSink sink(out, bytes_max);
    const auto rows = encoder(encoding, numbers, result, columns, sink);
    TRY(rows->begin());
    for (auto& chunk : result.Collection().Chunks()) TRY(rows->add(chunk));
    return rows->end();
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::internal));
  }
}

}  // namespace

Status Rows::append_json(std::string& out, Numbers numbers, size_t bytes_max) const {
  return append(*impl_->result, impl_->columns, Encoding::json, numbers, out, bytes_max);
}

Status Rows::append_csv(std::string& out, size_t bytes_max) const {
  return append(*impl_->result, impl_->columns, Encoding::csv, Numbers::number, out, bytes_max);
}

Status Rows::append_arrow(std::string& out, size_t bytes_max) const {
  return append(*impl_->result, impl_->columns, Encoding::arrow, Numbers::number, out, bytes_max);
}

Status stream_rows(Session& session, const Query& select, Encoding encoding, Numbers numbers,
                   FrameSink& sink) {
  try {
    auto& connection = SessionConnection::of(session);
    const RelationScope scope(*connection.context, select);
    const auto result = connection.SendQuery(TRY(only_statement(connection, select.text)));
    if (result->HasError()) return fail(engine_error(result->GetErrorObject(), select.text, Code::internal));
    std::vector<model::RelationColumn> columns;
    for (size_t i = 0; i < result->names.size(); ++i)
      columns.push_back({result->names[i], result->types[i].ToString()});
    TRY(sink.begin(columns));
    const auto rows = sql::encoder(encoding, numbers, *result, columns, sink);
    TRY(rows->begin());
    for (auto chunk = result->Fetch(); chunk && chunk->size() > 0; chunk = result->Fetch())
      TRY(rows->add(*chunk));
    if (result->HasError()) return fail(engine_error(result->GetErrorObject(), select.text, Code::internal));
    return rows->end();
  } catch (const std::exception& error) {
    return fail(engine_error(error, select.text, Code::internal));
  }
}

}  // namespace anabranch::sql
