#include "ingest/table_source.h"

#include <fmt/format.h>

#include "sql/syntax.h"

namespace anabranch::ingest {

Result<SourceRows> RowTableSource::open(sql::Database& database, sql::Session& session) {
  // The engine sees names of ours: one of the table's may be that of a system column of feeds.
  auto schema = std::make_shared<model::Schema>();
  std::string names;
  for (const FoundColumn& column : TRY(table_->find_columns())) {
    const std::string ours = fmt::format("c{}", schema->fields.size());
    schema->fields.push_back({ours, column.type, false, ""});
    names += fmt::format("{}{} AS {}", names.empty() ? "" : ", ", ours, sql::quote_identifier(column.name));
  }
  feed_ = std::make_shared<RowFeed>(*table_, schema);
  TRY(database.register_feed("rows_of_source", *schema, feed_));
  SourceRows rows;
  rows.select = fmt::format("SELECT {} FROM rows_of_source()", names);
  rows.columns = TRY(session.describe(rows.select));
  return rows;
}

Error RowTableSource::cause_of(sql::Session&, const Error& error) {
  return feed_ == nullptr ? error : feed_->error().value_or(error);
}

}  // namespace anabranch::ingest
