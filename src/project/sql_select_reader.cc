#include "project/sql_select_reader.h"

#include "sql/parser.h"

namespace anabranch::project {

Result<std::vector<TableName>> SqlSelectReader::tables(std::string_view sql) {
  const sql::Select select = TRY(sql::parse_select(sql));
  std::vector<TableName> tables;
  for (sql::TableName& table : sql::table_names(select)) {
    const Place place = table.position >= 0 ? sql::place_at(sql, table.position) : Place();
    tables.push_back({std::move(table.schema), std::move(table.name), place.line, place.column});
  }
  return tables;
}

}  // namespace anabranch::project
