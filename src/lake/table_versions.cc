#include "lake/table_versions.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/mistake.h"
#include "lake/delta_table.h"
#include "lake/document.h"
#include "lake/document_values.h"
#include "lake/type_mapping.h"

namespace anabranch::lake {
namespace {

constexpr int format_version = 1;
const std::string folder = "lake/tables/";
constexpr std::string_view restore_hint = "restore the file from a backup of the data folder";

std::string key_of(const std::string& table, int64_t version) {
  return folder + table + "/" + document_name(static_cast<uint64_t>(version));
}

Status check_table_name(const std::string& table) {
  if (table.find('/') == std::string::npos && check_key(table)) return {};
  return fail(Code::bad_input, fmt::format("'{}' cannot name a table", table), "use letters, digits and '_'");
}

Result<std::string> to_json(const TableVersion& version) {
  return seal_document(format_version, {{"table", version.table},
                                        {"version", version.version},
                                        {"file", version.file.path},
                                        {"size", version.file.size},
                                        {"rows", version.file.rows},
                                        {"copied_at_us", version.copied_at_us},
                                        {"content_hash", version.content_hash},
                                        {"memory_bytes", version.memory_bytes},
                                        {"columns", columns_json(version.columns)}});
}

Result<TableVersion> from_json(const std::string& file, std::string_view json) {
  const nlohmann::json object = TRY(open_document(file, json, format_version));
  const DocumentReader document(object, file);
  TableVersion version;
  version.table = TRY(document.text("table"));
  version.version = TRY(document.integer("version"));
  version.file.path = TRY(document.text("file"));
  version.file.size = TRY(document.integer("size"));
  version.file.rows = TRY(document.integer("rows"));
  version.copied_at_us = TRY(document.integer("copied_at_us"));
  version.content_hash = TRY(document.text("content_hash"));
  if (object.contains("memory_bytes")) version.memory_bytes = TRY(document.integer("memory_bytes"));
  version.columns = TRY(read_columns(document, "columns"));
  return version;
}

}  // namespace

std::string table_file_key(const std::string& table, const std::string& file_name) {
  return fmt::format("lake/bronze/{}/{}", table, file_name);
}

std::string TableVersion::file_key() const { return table_file_key(table, file.path); }

Result<std::vector<int64_t>> TableVersions::versions(const std::string& table) {
  TRY(check_table_name(table));
  std::vector<int64_t> found;
  for (const ObjectInfo& object : TRY(store_.list(folder + table + "/"))) {
    const auto number = document_number(object.key);
    if (!number || object.key != key_of(table, static_cast<int64_t>(*number))) continue;
    found.push_back(static_cast<int64_t>(*number));
    if (found.size() == 1 || found.back() == found.end()[-2] + 1) continue;
    return fail(Code::corrupt,
                fmt::format("{} is there, but {} is missing", object.key, key_of(table, found.end()[-2] + 1)),
                std::string(restore_hint));
  }
  return found;
}

Result<std::vector<TableVersion>> TableVersions::list(const std::string& table) {
  std::vector<TableVersion> all;
  for (const int64_t version : TRY(versions(table))) all.push_back(TRY(get(table, version)));
  return all;
}

Result<std::optional<TableVersion>> TableVersions::latest(const std::string& table) {
  const std::vector<int64_t> found = TRY(versions(table));
  if (found.empty()) return std::optional<TableVersion>();
  if (found.size() > 1 && is_planted("the newest version of a table is the one before"))
    return std::optional(TRY(get(table, found.end()[-2])));
  return std::optional(TRY(get(table, found.back())));
}

Result<TableVersion> TableVersions::get(const std::string& table, int64_t version) {
  TRY(check_table_name(table));
  const std::string key = key_of(table, version);
  auto text = store_.get(key);
  if (!text && text.error().code == Code::not_found) {
    return fail(Code::not_found, fmt::format("the table {} has no version {}", table, version),
                "copy the table first, or restore the lake from a backup if a build names this version");
  }
  TableVersion found = TRY(from_json(key, TRY(std::move(text))));
  if (found.table != table || found.version != version) {
    return fail(Code::corrupt, fmt::format("{} holds version {} of {}", key, found.version, found.table),
                std::string(restore_hint));
  }
  return found;
}

Result<std::vector<std::string>> TableVersions::tables() {
  std::vector<std::string> names;
  for (const ObjectInfo& object : TRY(store_.list(folder))) {
    const size_t slash = object.key.find('/', folder.size());
    if (slash == std::string::npos || !document_number(object.key)) continue;
    std::string name = object.key.substr(folder.size(), slash - folder.size());
    if (names.empty() || names.back() != name) names.push_back(std::move(name));
  }
  return names;
}

Result<TableVersion> TableVersions::add(const std::string& table, TableVersion copy, bool is_always) {
  TRY(check_columns(copy.columns));
  const auto newest = TRY(latest(table));
  if (!is_always && newest && newest->content_hash == copy.content_hash && newest->columns == copy.columns) {
    // Whoever added it may have died before its name was durable.
    TRY(store_.make_durable(key_of(table, newest->version)));
    return *newest;
  }
  copy.table = table;
  copy.version = newest ? newest->version + 1 : 1;
  copy.copied_at_us = clock_.now_us();
  const int64_t size = TRY(store_.make_durable(copy.file_key()));
  if (size != copy.file.size) {
    return fail(Code::corrupt, fmt::format("{} has {} bytes, not {}", copy.file_key(), size, copy.file.size),
                "copy the table again: the file was not finished, or was changed afterwards");
  }
  const std::string key = key_of(table, copy.version);
  const std::string text = TRY(to_json(copy));
  Status put = store_.put_if_absent(key, text);
  if (!put && put.error().code == Code::unknown_outcome) {
    if (const auto there = store_.get(key); there && *there == text) {
      TRY(store_.make_durable(key));
      put = {};
    }
  }
  if (!put && put.error().code == Code::conflict) {
    return fail(Code::conflict,
                fmt::format("the table {} was copied by someone else at the same time", table),
                "look at its newest version; copy again if the source has changed since");
  }
  TRY(put);
  return copy;
}

Status TableVersions::forget_before(const std::string& table, int64_t first) {
  const std::vector<int64_t> found = TRY(versions(table));
  for (const int64_t version : found) {
    if (version >= first || version == found.back()) break;
    TRY(store_.remove(key_of(table, version)));
  }
  return {};
}

Status TableVersions::tidy_delta(const std::string& table, int64_t removed_after_ms, bool is_quiet) {
  Lock lock(delta_mutex_);
  std::set<std::string> kept;
  for (const TableVersion& version : TRY(list(table))) kept.insert(version.file.path);
  if (kept.empty()) return {};
  auto delta = TRY(DeltaTable::open(store_, "lake/bronze/" + table, clock_));
  DeltaTable::Keep keep;
  keep.removed_after_ms = removed_after_ms;
  keep.is_used = [&](const std::string& path) { return kept.contains(path); };
  if (is_quiet) keep.is_ours = is_data_file_of_ours;
  TRY(delta->tidy(keep));
  return {};
}

Status TableVersions::write_delta(const std::string& table) {
  Lock lock(delta_mutex_);
  const std::vector<int64_t> found = TRY(versions(table));
  if (found.empty()) return {};
  const std::string app_id = "anabranch/bronze." + table;
  if (TRY(DeltaTable::newest_commit_is(store_, "lake/bronze/" + table, {app_id, found.back()}))) return {};
  auto delta = TRY(DeltaTable::open(store_, "lake/bronze/" + table, clock_));
  const std::map<std::string, int64_t> written = TRY(delta->snapshot()).transactions;
  const auto before = written.find(app_id);
  const int64_t first = std::max(found.front(), before == written.end() ? int64_t{1} : before->second + 1);
  for (int64_t version = first; version <= found.back(); ++version) {
    const TableVersion next = TRY(get(table, version));
    TRY(delta->replace(next.columns, {next.file}, {app_id, version}));
  }
  return {};
}

}  // namespace anabranch::lake
