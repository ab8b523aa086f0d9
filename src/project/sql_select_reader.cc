#include "project/sql_select_reader.h"

#include "sql/parser.h"

namespace anabranch::project {

Result<ReadSelect> SqlSelectReader::read(std::string_view sql) {
  ReadSelect read;
  read.tree = std::make_shared<const sql::Select>(TRY(sql::parse_select(sql)));
  for (sql::TableName& table : sql::table_names(*read.tree)) {
    const Place place = table.position >= 0 ? sql::place_at(sql, table.position) : Place();
    read.tables.push_back({std::move(table.schema), std::move(table.name), place.line, place.column});
  }
  return read;
}

}  // namespace anabranch::project
