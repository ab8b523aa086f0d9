#pragma once
// Rows of a table, on their way into the engine.

#include <memory>
#include <optional>

#include "ingest/row_table.h"
#include "model/schema.h"
#include "sql/database.h"

namespace anabranch::ingest {

/// Gives the rows of a table as batches of a schema whose fields are the table's columns, in their order.
/// One scan at a time.
class RowFeed final : public sql::Feed {
 public:
  RowFeed(RowTable& table, model::SchemaPtr schema) : table_(table), schema_(std::move(schema)) {}
  Result<std::unique_ptr<Cursor>> open(model::Offset from, model::Offset end) override;

  /// What stopped a scan: the engine's own error only says that something did.
  const std::optional<Error>& error() const { return error_; }

 private:
  class RowCursor;

  RowTable& table_;
  model::SchemaPtr schema_;
  std::optional<Error> error_;
};

}  // namespace anabranch::ingest
