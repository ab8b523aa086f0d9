#include "app/tables.h"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "model/names.h"
#include "sql/object_urls.h"
#include "sql/parquet_relation.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::app {
namespace {

std::string memory_table(const std::string& name, int64_t version) {
  return fmt::format("table_{}_v{}", model::name_in_layer(name), version);
}

// An older version does not say what it takes: files are packed.
uint64_t memory_bytes(const lake::TableVersion& version) {
  constexpr int64_t packed_by = 8;
  return static_cast<uint64_t>(version.memory_bytes > 0 ? version.memory_bytes
                                                        : version.file.size * packed_by);
}

Error unreadable(const std::string& table, const std::string& why) {
  return {Code::unavailable,
          fmt::format("the table {} cannot be read: {}", table, why),
          "restore the file from a backup, or run: anabranch copy, then anabranch build",
          {}};
}

}  // namespace

Error never_copied(const std::string& table) {
  return {Code::not_found, fmt::format("the table {} was never copied", table), "run: anabranch copy", {}};
}

Status Tables::check_file(const lake::TableVersion& version) const {
  const std::string key = version.file_key();
  {
    Lock lock(mutex_);
    if (const auto known = unreadable_.find(sql::object_url(key)); known != unreadable_.end())
      return fail(known->second);
  }
  const auto file = store_.open(key);
  if (!file) {
    const bool is_gone = file.error().code == Code::not_found;
    return fail(Code::unavailable,
                fmt::format("the file of its version {} {}", version.version,
                            is_gone ? fmt::format("is missing ({})", key) : "cannot be opened: " + key));
  }
  const uint64_t size = (*file)->size();
  if (static_cast<int64_t>(size) == version.file.size) return {};
  return fail(Code::unavailable,
              fmt::format("the file of its version {} is damaged ({} has {} bytes, not {})", version.version,
                          key, size, version.file.size));
}

// The pinned version, else the newest; where its file cannot be read, its rows from another version that has
// the same.
Result<lake::TableVersion> Tables::readable_version(const std::string& table, std::optional<int64_t> pin) {
  std::optional<lake::TableVersion> wanted;
  if (pin) {
    wanted = TRY(versions_.get(table, *pin));
  } else {
    wanted = TRY(versions_.latest(table));
    if (!wanted) return fail(never_copied(model::bronze(table).text()));
  }
  const Status readable = check_file(*wanted);
  if (readable) return *wanted;
  if (const auto all = versions_.list(table)) {
    for (const lake::TableVersion& other : *all) {
      if (other.content_hash != wanted->content_hash || other.columns != wanted->columns ||
          !check_file(other))
        continue;
      lake::TableVersion same = other;
      same.version = wanted->version;
      return same;
    }
  }
  return fail(readable.error());
}

Tables::Chosen Tables::choose(const std::vector<std::string>& tables,
                              const std::map<std::string, int64_t>& pins) {
  Chosen chosen;
  std::vector<std::pair<uint64_t, std::string>> by_size;
  for (const std::string& table : tables) {
    const std::string name = model::bronze(table).text();
    const auto pin = pins.find(table);
    const auto version =
        readable_version(table, pin == pins.end() ? std::nullopt : std::optional(pin->second));
    if (!version) {
      const bool is_uncopied = version.error().code == Code::not_found && pin == pins.end();
      chosen.absent[name] = is_uncopied ? version.error() : unreadable(name, version.error().describe());
      continue;
    }
    chosen.tables[name] = {name, version->version, sql::object_url(version->file_key()), version->columns,
                           version->file.rows};
    by_size.emplace_back(memory_bytes(*version), name);
  }
  std::sort(by_size.begin(), by_size.end());
  uint64_t taken = 0;
  for (const auto& [bytes, name] : by_size) {
    views::PinnedTable& table = chosen.tables.at(name);
    table.is_in_place = too_large_.contains(table.file) || bytes > memory_bytes_max_ - taken;
    if (!table.is_in_place) taken += bytes;
  }
  return chosen;
}

Result<std::optional<std::map<std::string, std::string>>> Tables::load(const views::World& world) {
  std::map<std::string, std::string> loaded;
  auto session = TRY(database_.connect());
  bool is_whole = true;
  for (const auto& [name, table] : world.tables) {
    const std::string relation = sql::table_file_relation(table.file, table.columns, views::row_column);
    const std::string memory = memory_table(name, table.version);
    const Status done = session.run(
        table.is_in_place ? fmt::format("SELECT count(*) FROM {}", relation)  // asks its end, no row
                          : fmt::format("CREATE TABLE IF NOT EXISTS {} AS FROM {}",
                                        sql::quote_identifier(memory), relation));
    if (done) {
      if (!table.is_in_place) loaded[name] = memory;
      continue;
    }
    is_whole = false;
    if (done.error().code == Code::too_large && !table.is_in_place) {
      spdlog::warn("{} does not fit into the memory that is left: it is read from its file", name);
      too_large_[table.file] = true;
    } else {
      Lock lock(mutex_);
      unreadable_[table.file] = {
          Code::unavailable, fmt::format("the file of its version {} is damaged", table.version), "", {}};
      spdlog::error("{} cannot be read: {}", name, done.error().describe());
    }
  }
  if (!is_whole) return std::optional<std::map<std::string, std::string>>();
  return std::optional(std::move(loaded));
}

}  // namespace anabranch::app
