#include "ingest/row_table.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "ingest/excerpt.h"
#include "ingest/json_text.h"
#include "model/column_name.h"
#include "project/nearest.h"

namespace anabranch::ingest {

Status check_table_column_name(const std::string& name) {
  const std::string why = model::lake_column_name_objection(name);
  if (why.empty()) return {};
  return fail(Code::bad_input, fmt::format("the column \"{}\": a column's name {}", excerpt(name), why),
              fmt::format("give it another one in the source, as in columns: {{new_name: {{from: '{}'}}}}",
                          excerpt(name)));
}

Status check_table_columns(const std::vector<TableColumn>& declared, const std::vector<std::string>& in_files,
                           const std::vector<std::string>& names, std::string_view whose) {
  for (const TableColumn& column : declared) {
    const std::string& wanted = column.name_in_files();
    if (std::find(in_files.begin(), in_files.end(), wanted) != in_files.end()) continue;
    return fail(Code::bad_input, fmt::format("{} the column {}", whose, excerpt(wanted)),
                project::suggest(wanted, in_files, "columns: may name these:"));
  }
  std::map<std::string, std::string> seen;
  for (const std::string& name : names) {
    TRY(check_table_column_name(name));
    const auto [before, is_new] = seen.emplace(folded(name), name);
    if (is_new) continue;
    return fail(Code::bad_input,
                fmt::format("the columns {} and {} are one to SQL", excerpt(before->second), excerpt(name)),
                "rename one, as in columns: {new_name: {from: NAME}}");
  }
  return {};
}

}  // namespace anabranch::ingest
