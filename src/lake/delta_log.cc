#include "lake/delta_log.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/random.h"
#include "lake/delta_schema.h"

namespace anabranch::lake {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t reader_version_max = 1;
constexpr int64_t writer_version_max = 2;

std::string encode_path(std::string_view path) {
  constexpr std::string_view plain = "-_.~/";
  std::string encoded;
  for (const char c : path) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          plain.find(c) != plain.npos;
    encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::optional<std::string> decode_path(std::string_view encoded) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string path;
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      path += encoded[i];
      continue;
    }
    if (i + 2 >= encoded.size() || digit(encoded[i + 1]) < 0 || digit(encoded[i + 2]) < 0)
      return std::nullopt;
    path += static_cast<char>(digit(encoded[i + 1]) * 16 + digit(encoded[i + 2]));
    i += 2;
  }
  return path;
}

std::unexpected<Error> broken(std::string_view what) {
  return fail(Code::corrupt, std::string(what), std::string(delta_log_hint));
}

std::unexpected<Error> beyond(std::string what) {
  return fail(Code::refused, std::move(what) + ", which this program does not read or write",
              "write it anew with reader version 1 and writer version 2, or move it elsewhere");
}

// Values of an action; TRY turns what is missing into `corrupt`.
Result<std::string> text_of(const Json& action, const char* key) {
  if (!action.contains(key) || !action[key].is_string()) return broken(fmt::format("'{}' is no text", key));
  return action[key].get<std::string>();
}
Result<int64_t> integer_of(const Json& action, const char* key) {
  if (!action.contains(key) || !action[key].is_number_integer())
    return broken(fmt::format("'{}' is no integer", key));
  return action[key].get<int64_t>();
}

Result<std::string> path_of(const Json& action) {
  const std::string encoded = TRY(text_of(action, "path"));
  const auto path = decode_path(encoded);
  if (!path || path->empty())
    return broken(fmt::format("the path '{}' is not encoded as it should be", encoded));
  const size_t colon = path->find(':');
  if (path->front() == '/' || (colon != std::string::npos && path->find('/') > colon))
    return beyond(fmt::format("the table has a file outside of its folder ('{}')", *path));
  return *path;
}

int64_t rows_of(const Json& add) {
  if (!add.contains("stats") || !add["stats"].is_string()) return -1;
  const Json stats = Json::parse(add["stats"].get<std::string>(), nullptr, false);
  if (!stats.is_object() || !stats.contains("numRecords") || !stats["numRecords"].is_number_integer())
    return -1;
  return stats["numRecords"].get<int64_t>();
}

Status apply_protocol(const Json& protocol, DeltaSnapshot& table) {
  const int64_t reader = TRY(integer_of(protocol, "minReaderVersion"));
  const int64_t writer = TRY(integer_of(protocol, "minWriterVersion"));
  if (reader <= reader_version_max && writer <= writer_version_max) {
    table.protocol = protocol.dump();
    return {};
  }
  return beyond(fmt::format("the table asks for reader version {} and writer version {}", reader, writer));
}

Status apply_metadata(const Json& metadata, DeltaSnapshot& table) {
  if (metadata.contains("partitionColumns") && !metadata["partitionColumns"].empty())
    return beyond("the table is partitioned");
  table.schema = TRY(text_of(metadata, "schemaString"));
  table.columns = TRY(columns_of_schema(table.schema));
  table.configuration.clear();
  if (metadata.contains("configuration") && metadata["configuration"].is_object()) {
    for (const auto& [key, value] : metadata["configuration"].items()) {
      if (value.is_string()) table.configuration[key] = value.get<std::string>();
    }
  }
  table.metadata = metadata.dump();
  return {};
}

Status apply_action(const Json& line, DeltaSnapshot& table) {
  const auto find = [&](const char* name) -> const Json* {
    const auto action = line.find(name);
    return action == line.end() || action->is_null() ? nullptr : &*action;
  };
  const auto forget = [&](const std::string& path) {
    std::erase_if(table.files, [&](const DataFile& file) { return file.path == path; });
    table.adds.erase(path);
  };
  if (const Json* protocol = find("protocol")) TRY(apply_protocol(*protocol, table));
  if (const Json* metadata = find("metaData")) TRY(apply_metadata(*metadata, table));
  if (const Json* txn = find("txn")) {
    const std::string app_id = TRY(text_of(*txn, "appId"));
    table.transactions[app_id] = TRY(integer_of(*txn, "version"));
  }
  if (const Json* remove = find("remove")) {
    const std::string path = TRY(path_of(*remove));
    forget(path);
    // Without a time it may have gone at any: then long ago.
    const auto when = remove->find("deletionTimestamp");
    table.removed[path] =
        when != remove->end() && when->is_number_integer() ? when->get<int64_t>() : int64_t{0};
  }
  if (const Json* add = find("add")) {
    DataFile file;
    file.path = TRY(path_of(*add));
    file.size = TRY(integer_of(*add, "size"));
    file.rows = rows_of(*add);
    forget(file.path);  // added again: the new words count
    table.removed.erase(file.path);
    table.adds[file.path] = add->dump();
    table.files.push_back(std::move(file));
  }
  return {};  // other actions do not change what a reader of version 1 sees
}

std::string new_table_id() {
  const uint64_t high = io::random_u64();
  const uint64_t low = io::random_u64();
  // A random UUID (RFC 9562, version 4).
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xfff,
                     0x8000 | ((low >> 48) & 0x3fff), low & 0xffffffffffff);
}

Json new_metadata(std::string_view table_name, const std::string& schema,
                  const std::map<std::string, std::string>& configuration, int64_t now_ms) {
  Json settings = Json::object();
  for (const auto& [key, value] : configuration) settings[key] = value;
  return {{"id", new_table_id()},
          {"name", table_name},
          {"format", {{"provider", "parquet"}, {"options", Json::object()}}},
          {"schemaString", schema},
          {"partitionColumns", Json::array()},
          {"configuration", std::move(settings)},
          {"createdTime", now_ms}};
}

// `is_change`: whether readers who follow changes have to look at it.
Json add_action(const DataFile& file, int64_t now_ms, bool is_change) {
  Json add{{"path", encode_path(file.path)},
           {"partitionValues", Json::object()},
           {"size", file.size},
           {"modificationTime", now_ms},
           {"dataChange", is_change}};
  if (file.rows >= 0) add["stats"] = Json{{"numRecords", file.rows}}.dump();
  return add;
}

Json remove_action(const DataFile& file, int64_t now_ms, bool is_change) {
  return {{"path", encode_path(file.path)}, {"deletionTimestamp", now_ms},       {"dataChange", is_change},
          {"extendedFileMetadata", true},   {"partitionValues", Json::object()}, {"size", file.size}};
}

// The metaData action that the write needs; null when the one in force will do.
Result<Json> metadata_for(const DeltaSnapshot& before, const DeltaWrite& write, int64_t now_ms,
                          std::string_view table_name) {
  const std::string schema = TRY(delta_schema(write.columns));
  if (!before.exists()) return new_metadata(table_name, schema, write.configuration, now_ms);
  std::optional<std::string> changed;
  if (write.kind == DeltaWrite::Kind::rewrite || write.kind == DeltaWrite::Kind::append) {
    changed = TRY(schema_after_append(before.schema, write.columns));
  } else if (!is_same_schema(before.schema, schema)) {
    changed = schema;
  }
  if (!changed) return Json();
  Json metadata = Json::parse(before.metadata);
  metadata["schemaString"] = *changed;
  return metadata;
}

Result<std::vector<DataFile>> new_files(const DeltaSnapshot& before, const DeltaWrite& write) {
  std::vector<DataFile> added;
  for (const DataFile& file : write.files) {
    const auto is_same_path = [&](const DataFile& other) { return other.path == file.path; };
    const auto known = std::find_if(before.files.begin(), before.files.end(), is_same_path);
    const bool is_kept =
        known != before.files.end() && write.kind == DeltaWrite::Kind::replace && *known == file;
    if (std::any_of(added.begin(), added.end(), is_same_path) || (known != before.files.end() && !is_kept)) {
      return fail(Code::bad_input, fmt::format("the file {} is in the table already", file.path),
                  "give every file of every build a name of its own");
    }
    if (!is_kept) added.push_back(file);
  }
  return added;
}

}  // namespace

bool DeltaSnapshot::has_written(const DeltaTxn& txn) const {
  const auto written = transactions.find(txn.app_id);
  return written != transactions.end() && written->second >= txn.version;
}

Status apply_delta_action(std::string_view json, DeltaSnapshot& table) {
  Json line = Json::parse(json, nullptr, false);
  if (!line.is_object()) return broken("this is no JSON object");
  return apply_action(line, table);
}

std::vector<std::string> checkpoint_actions(const DeltaSnapshot& table) {
  std::vector<std::string> actions{fmt::format(R"({{"protocol":{}}})", table.protocol),
                                   fmt::format(R"({{"metaData":{}}})", table.metadata)};
  const auto add = [&](const Json& action) {
    actions.push_back(action.dump(-1, ' ', false, Json::error_handler_t::replace));
  };
  for (const auto& [app_id, version] : table.transactions)
    add({{"txn", {{"appId", app_id}, {"version", version}}}});
  for (const DataFile& file : table.files) {
    if (const auto action = table.adds.find(file.path); action != table.adds.end())
      actions.push_back(fmt::format(R"({{"add":{}}})", action->second));
  }
  for (const auto& [path, removed_ms] : table.removed) {
    add({{"remove",
          {{"path", encode_path(path)}, {"deletionTimestamp", removed_ms}, {"dataChange", false}}}});
  }
  return actions;
}

std::optional<int64_t> time_of_delta_commit(std::string_view json_lines) {
  std::optional<int64_t> newest;
  for (size_t begin = 0; begin < json_lines.size();) {
    const size_t end = std::min(json_lines.find('\n', begin), json_lines.size());
    const Json line = Json::parse(json_lines.substr(begin, end - begin), nullptr, false);
    begin = end + 1;
    for (const auto& [action, key] : {std::pair{"commitInfo", "timestamp"},
                                      {"add", "modificationTime"},
                                      {"remove", "deletionTimestamp"},
                                      {"txn", "lastUpdated"}}) {
      if (!line.is_object() || !line.contains(action) || !line[action].is_object()) continue;
      const auto time = line[action].find(key);
      if (time == line[action].end() || !time->is_number_integer()) continue;
      newest = std::max(newest.value_or(0), time->get<int64_t>());
    }
  }
  return newest;
}

std::string delta_log_name(int64_t version) { return fmt::format("{:020}.json", version); }

Result<DeltaSnapshot> apply_delta_commit(DeltaSnapshot before, std::string_view json_lines) {
  DeltaSnapshot table = std::move(before);
  int number = 0;
  for (size_t begin = 0; begin < json_lines.size();) {
    const size_t end = std::min(json_lines.find('\n', begin), json_lines.size());
    std::string_view text = json_lines.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty()) continue;
    const Json line = Json::parse(text, nullptr, false);
    Status applied = line.is_object() ? apply_action(line, table) : Status(broken("this is no JSON object"));
    if (!applied) return in_context(std::move(applied), fmt::format("line {}", number));
  }
  ++table.version;
  if (table.metadata.empty()) return broken("the table has no metaData");
  return table;
}

Result<std::string> make_delta_commit(const DeltaSnapshot& before, const DeltaWrite& write, io::TimeUs now_us,
                                      std::string_view table_name) {
  using Kind = DeltaWrite::Kind;
  const int64_t now_ms = now_us / 1000;
  if (write.kind == Kind::create && before.exists()) {
    return fail(Code::conflict, fmt::format("the table {} is there already", table_name));
  }
  const std::vector<DataFile> added = TRY(new_files(before, write));
  std::vector<DataFile> removed;
  if (write.kind == Kind::replace) {
    for (const DataFile& file : before.files) {
      if (std::find(write.files.begin(), write.files.end(), file) == write.files.end())
        removed.push_back(file);
    }
    const auto only_append = before.configuration.find("delta.appendOnly");
    if (!removed.empty() && only_append != before.configuration.end() && only_append->second == "true") {
      return fail(Code::refused, "the table may only be appended to (delta.appendOnly)",
                  "set that property to false with the program that set it");
    }
  }
  const bool is_change = write.kind != Kind::rewrite;
  for (const std::string& path : write.rewritten) {
    const auto file = std::find_if(before.files.begin(), before.files.end(),
                                   [&](const DataFile& there) { return there.path == path; });
    if (file == before.files.end())
      return fail(Code::conflict, fmt::format("{} is not in the table {} any more", path, table_name));
    removed.push_back(*file);
  }
  const Json metadata = TRY(metadata_for(before, write, now_ms, table_name));

  Json info{{"timestamp", now_ms},
            {"operation", write.kind == Kind::create    ? "CREATE TABLE"
                          : write.kind == Kind::rewrite ? "OPTIMIZE"
                                                        : "WRITE"}};
  info["operationParameters"] = Json::object();
  if (write.kind == Kind::append || write.kind == Kind::replace)
    info["operationParameters"]["mode"] = write.kind == Kind::append ? "Append" : "Overwrite";
  if (before.exists()) info["readVersion"] = before.version;
  info["isBlindAppend"] = write.kind == Kind::append && metadata.is_null();
  info["engineInfo"] = "anabranch";

  std::vector<Json> lines{{{"commitInfo", std::move(info)}}};
  if (!before.exists()) lines.push_back({{"protocol", {{"minReaderVersion", 1}, {"minWriterVersion", 2}}}});
  if (!metadata.is_null()) lines.push_back({{"metaData", metadata}});
  lines.push_back(
      {{"txn", {{"appId", write.txn.app_id}, {"version", write.txn.version}, {"lastUpdated", now_ms}}}});
  for (const DataFile& file : removed) lines.push_back({{"remove", remove_action(file, now_ms, is_change)}});
  for (const DataFile& file : added) lines.push_back({{"add", add_action(file, now_ms, is_change)}});
  std::string text;
  for (const Json& line : lines) text += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return text;
}

}  // namespace anabranch::lake
