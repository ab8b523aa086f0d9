#include "front/table_copies.h"

#include "model/names.h"

namespace anabranch::front {

std::vector<TableInfo> TableCopies::tables(const security::Caller& caller) {
  std::vector<TableInfo> all = table_infos();
  std::erase_if(
      all, [&](const TableInfo& table) { return !policy_->shows(caller, model::bronze(table.name).text()); });
  for (TableInfo& table : all) {
    if (!policy_->shows_whole(caller, model::bronze(table.name).text())) table.rows = std::nullopt;
  }
  return all;
}

}  // namespace anabranch::front
