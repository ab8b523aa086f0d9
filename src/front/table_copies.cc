#include "front/table_copies.h"

namespace anabranch::front {

std::vector<TableInfo> TableCopies::tables(const security::Caller& caller) {
  std::vector<TableInfo> all = table_infos();
  std::erase_if(all, [&](const TableInfo& table) { return !policy_->shows(caller, "bronze." + table.name); });
  for (TableInfo& table : all) {
    if (!policy_->shows_whole(caller, "bronze." + table.name)) table.rows = std::nullopt;
  }
  return all;
}

}  // namespace anabranch::front
