#include <fstream>

#include "ingest/file_table.h"
#include "ingest/table_source_contract.h"

namespace anabranch::ingest {
namespace {

using Row = TableSourceForTests::Row;
constexpr const char* names[] = {"id", "name", "amount"};

std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

// The same rows as the files of each format have them.
std::string csv_of(const std::vector<Row>& rows) {
  std::string text = "id,name,amount\n";
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      std::string field = row[i].value_or("");
      for (size_t at = field.find('"'); at != std::string::npos; at = field.find('"', at + 2))
        field.insert(at, 1, '"');
      text += (i ? "," : "") + (i == 1 && row[i] ? "\"" + field + "\"" : field);
    }
    text += "\n";
  }
  return text;
}

std::string json_of(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += "{";
    for (size_t i = 0; i < row.size(); ++i) {
      text += fmt::format("{}\"{}\":{}", i ? "," : "", names[i],
                          !row[i]  ? "null"
                          : i == 1 ? json_text(*row[i])
                                   : *row[i]);
    }
    text += "}\n";
  }
  return text;
}

TableSourceForTests of(const test::TemporaryFolder& folder, const std::string& format,
                       std::string (*text_of)(const std::vector<Row>&)) {
  return {[&folder, format, text_of](const std::vector<Row>& rows, std::vector<TableColumn> declared) {
    TableCopyJob job;
    job.paths = {(folder / ("a." + format)).string()};
    job.format = format;
    for (const TableColumn& column : declared)
      job.columns.push_back({column.name, column.from, column.type ? column.type->to_sql() : ""});
    std::ofstream(job.paths[0], std::ios::binary) << text_of(rows);
    return file_table(job).value();
  }};
}

TEST(TableSourceTest, FilesKeepTheContract) {
  const test::TemporaryFolder folder;
  check_table_source_contract(of(folder, "csv", csv_of));
  check_table_source_contract(of(folder, "json", json_of));
}

}  // namespace
}  // namespace anabranch::ingest
