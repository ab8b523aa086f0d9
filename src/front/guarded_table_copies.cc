#include "front/guarded_table_copies.h"

#include <algorithm>

#include <fmt/format.h>

#include "front/kept_from_caller.h"
#include "model/names.h"

namespace anabranch::front {

Error no_such_source(const std::string& name) {
  return {Code::not_found, fmt::format("there is no source {}", name), "see the files in sources/", {}};
}

bool GuardedTableCopies::shows(const security::Caller& caller, const std::string& table) const {
  return policy_->shows(caller, model::bronze(table).text());
}

bool GuardedTableCopies::shows_whole(const security::Caller& caller, const std::string& table) const {
  return policy_->shows_whole(caller, model::bronze(table).text());
}

Result<std::vector<TableInfo>> GuardedTableCopies::tables(const security::Caller& caller) {
  std::vector<TableInfo> all = all_.table_infos();
  std::erase_if(all, [&](const TableInfo& table) { return !shows(caller, table.name); });
  for (TableInfo& table : all) {
    if (!shows_whole(caller, table.name)) table.rows = std::nullopt;
  }
  return all;
}

Status GuardedTableCopies::may_copy(const security::Caller& caller,
                                    const std::vector<std::string>& names) const {
  const auto all = all_.sources();
  std::vector<std::string> tables;
  for (const std::string& name : names) {
    const auto source = all.find(name);
    if (source == all.end()) return fail(no_such_source(name));
    const auto is_shown = [&](const std::string& table) { return shows(caller, table); };
    if (!source->second.empty() && std::ranges::none_of(source->second, is_shown))
      return fail(no_such_source(name));
    tables.insert(tables.end(), source->second.begin(), source->second.end());
  }
  if (names.empty()) return policy_->check(caller, security::Right::copy);
  const auto check = [&](const std::string& table) {
    return policy_->check(caller, security::Right::copy, model::bronze(table).text());
  };
  for (const std::string& table : tables) {
    if (shows(caller, table)) TRY(check(table));
  }
  // Of a table that is hidden, nothing is told but that.
  if (std::ranges::all_of(tables, [&](const auto& table) { return check(table).has_value(); })) return {};
  return fail(Code::refused, "the right 'copy' of all tables of these sources is missing",
              "ask who gives rights to callers for it");
}

Result<std::vector<TableCopied>> GuardedTableCopies::copy(const security::Caller& caller,
                                                          const std::vector<std::string>& names) {
  TRY(may_copy(caller, names));
  auto copied = all_.copy(names);
  if (!copied) {
    // Of any of their tables, and with what its file holds.
    bool sees_all = true;
    for (const auto& [source, tables] : all_.sources()) {
      if (!names.empty() && std::ranges::find(names, source) == names.end()) continue;
      for (const std::string& table : tables) sees_all = sees_all && shows_whole(caller, table);
    }
    return fail(told(std::move(copied).error(), sees_all));
  }
  std::erase_if(*copied, [&](const TableCopied& table) { return !shows(caller, table.name); });
  for (TableCopied& table : *copied) {
    if (!shows_whole(caller, table.name)) table.rows = std::nullopt;
  }
  return copied;
}

}  // namespace anabranch::front
