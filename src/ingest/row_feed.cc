#include "ingest/row_feed.h"

namespace anabranch::ingest {
namespace {

constexpr size_t rows_per_batch = 8192;
constexpr size_t bytes_per_batch = 64 << 20;

void resize(model::ColumnBatch& batch, size_t rows) {
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    model::Column& column = batch.columns[i];
    const size_t bytes = batch.schema->fields[i].type.layout_bytes();
    column.valid.resize(rows);
    if (bytes == 0) {
      column.texts.resize(rows);
    } else {
      column.fixed.resize(rows * bytes);
    }
  }
  batch.rows = rows;
}

}  // namespace

class RowFeed::RowCursor final : public sql::Feed::Cursor {
 public:
  RowCursor(RowFeed& feed, std::unique_ptr<RowSource> rows) : feed_(feed), rows_(std::move(rows)) {}

  Result<std::shared_ptr<const model::ColumnBatch>> next() override {
    auto batch = std::make_shared<model::ColumnBatch>();
    batch->schema = feed_.schema_;
    batch->columns.resize(feed_.schema_->fields.size());
    batch->first_offset = offset_;
    resize(*batch, rows_per_batch);
    TextArena arena(batch->arena);
    Row row{batch->columns.data(), 0, &arena};
    size_t chunks = 0;
    size_t bytes = 0;
    for (; row.row < rows_per_batch && bytes < bytes_per_batch; ++row.row) {
      const Result<bool> read = rows_->next(row);
      if (!read) {
        feed_.error_ = read.error();
        return fail(read.error());
      }
      if (!*read) break;
      for (; chunks < batch->arena.size(); ++chunks) bytes += batch->arena[chunks].capacity();
    }
    if (row.row == 0) return nullptr;
    resize(*batch, row.row);
    offset_ += static_cast<model::Offset>(row.row);
    return std::shared_ptr<const model::ColumnBatch>(std::move(batch));
  }

 private:
  RowFeed& feed_;
  std::unique_ptr<RowSource> rows_;
  model::Offset offset_ = 0;
};

Result<std::unique_ptr<sql::Feed::Cursor>> RowFeed::open(model::Offset, model::Offset) {
  auto rows = table_.open_rows();
  if (!rows) {
    error_ = rows.error();
    return fail(rows.error());
  }
  return std::make_unique<RowCursor>(*this, std::move(*rows));
}

}  // namespace anabranch::ingest
