#pragma once
// The port of the slot "batch source": one table as somebody else has it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/row_feed.h"
#include "ingest/row_table.h"
#include "model/relation_column.h"
#include "sql/database.h"

namespace anabranch::ingest {

/// Rows as a SELECT, which reads them when the engine runs it.
struct SourceRows {
  std::string select;
  std::vector<model::RelationColumn> columns;
};

/// Whether a value fits a column, ValueParser decides for every source. Owner: a copy, in a process of its
/// own, because a source touches whatever a user names. One thread. Every adapter passes
/// table_source_contract.h.
class TableSource {
 public:
  virtual ~TableSource() = default;
  /// Called once. The SELECT can be run once, in this session, for as long as the source lives. A column that
  /// the project declares has the name and the type that it says; of others the type keeps every value.
  /// bad_input: what the source has is no such table; the message names what is wrong, and the hint what to
  /// do.
  virtual Result<SourceRows> open(sql::Database& database, sql::Session& session) = 0;
  /// What stopped the reading, where the engine failed with this: bad_input names place, column and value.
  virtual Error cause_of(sql::Session& session, const Error& error) = 0;
};

/// A source that gives its rows one after the other.
class RowTableSource final : public TableSource {
 public:
  explicit RowTableSource(std::unique_ptr<RowTable> table) : table_(std::move(table)) {}
  Result<SourceRows> open(sql::Database& database, sql::Session& session) override;
  Error cause_of(sql::Session& session, const Error& error) override;

 private:
  const std::unique_ptr<RowTable> table_;
  std::shared_ptr<RowFeed> feed_;
};

}  // namespace anabranch::ingest
