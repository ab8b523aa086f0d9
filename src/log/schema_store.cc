#include "log/schema_store.h"

#include <algorithm>
#include <charconv>
#include <exception>

#include <fmt/format.h>

namespace anabranch::log {
namespace {

constexpr std::string_view name_ending = ".json";
constexpr std::string_view restore_hint = "restore the file from a backup of the log folder";

std::optional<uint32_t> parse_name(std::string_view name) {
  if (!name.ends_with(name_ending)) return std::nullopt;
  name.remove_suffix(name_ending.size());
  uint32_t version = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
  if (error != std::errc() || end != name.data() + name.size() || name != fmt::to_string(version))
    return std::nullopt;
  return version;
}

// The JSON library throws where a value has another type than expected.
Result<model::Schema> parse(std::string_view json, const model::Schema* before) {
  try {
    return model::Schema::from_json(json, before);
  } catch (const std::exception& error) {
    return fail(Code::corrupt, fmt::format("not a schema: {}", error.what()));
  }
}

}  // namespace

Result<std::unique_ptr<SchemaStore>> SchemaStore::open(io::FileSystem& files, const io::Path& folder) {
  TRY(files.create_folders(folder));
  TRY(files.sync_folder(folder.parent_path()));
  std::unique_ptr<SchemaStore> store(new SchemaStore(files, folder));
  Lock lock(store->mutex_);
  TRY(store->load());
  lock.unlock();
  return store;
}

Result<model::SchemaPtr> SchemaStore::read_latest(io::FileSystem& files, const io::Path& folder) {
  if (!TRY(files.exists(folder))) return nullptr;
  SchemaStore store(files, folder);
  Lock lock(store.mutex_);
  TRY(store.read_versions());
  return store.versions_.empty() ? nullptr : store.versions_.back();
}

Status SchemaStore::load() {
  // What a crash left of an add() that never returned.
  for (const io::FolderEntry& entry : TRY(files_.list(folder_))) {
    if (entry.name.ends_with(".tmp") && !entry.is_folder) TRY(files_.remove(folder_ / entry.name));
  }
  TRY(read_versions());
  // An add() may have died between naming the file and syncing the name.
  return files_.sync_folder(folder_);
}

Status SchemaStore::read_versions() {
  std::vector<uint32_t> found;
  for (const io::FolderEntry& entry : TRY(files_.list(folder_))) {
    if (const auto version = parse_name(entry.name); version && !entry.is_folder) found.push_back(*version);
  }
  std::sort(found.begin(), found.end());
  for (const uint32_t version : found) {
    const io::Path path = path_of(version);
    if (version != versions_.size() + 1) {
      return fail(Code::corrupt,
                  fmt::format("{} is there, but {} is missing", path.string(),
                              path_of(static_cast<uint32_t>(versions_.size() + 1)).string()),
                  std::string(restore_hint));
    }
    TRY(read_next());
  }
  return {};
}

Status SchemaStore::read_next() const {
  const auto version = static_cast<uint32_t>(versions_.size() + 1);
  const io::Path path = path_of(version);
  auto schema = parse(TRY(files_.read_file(path)), versions_.empty() ? nullptr : versions_.back().get());
  if (!schema) {
    return fail(Code::corrupt, fmt::format("{}: {}", path.string(), schema.error().message),
                std::string(restore_hint));
  }
  if (schema->version != version) {
    return fail(Code::corrupt, fmt::format("{} holds version {}", path.string(), schema->version),
                std::string(restore_hint));
  }
  versions_.push_back(std::make_shared<const model::Schema>(std::move(*schema)));
  return {};
}

Result<std::unique_ptr<SchemaStore>> SchemaStore::follow(io::FileSystem& files, const io::Path& folder,
                                                         uint32_t newest) {
  std::unique_ptr<SchemaStore> store(new SchemaStore(files, folder, true));
  TRY(store->refresh(newest));
  return store;
}

Status SchemaStore::refresh(uint32_t newest) {
  Lock lock(mutex_);
  while (versions_.size() < newest) {
    Status read = read_next();
    if (!read && read.error().code == Code::not_found) {
      return fail(Code::corrupt,
                  fmt::format("{} is missing; the newest schema version is {}",
                              path_of(static_cast<uint32_t>(versions_.size() + 1)).string(), newest),
                  std::string(restore_hint));
    }
    TRY(read);
  }
  return {};
}

Status SchemaStore::add(const model::Schema& schema) {
  Lock lock(mutex_);
  const io::Path path = path_of(schema.version);
  if (is_followed_) {
    return fail(Code::unavailable, fmt::format("{} belongs to another process", folder_.string()),
                "add the version where the stream is written");
  }
  if (schema.version >= 1 && schema.version <= versions_.size()) {
    if (*versions_[schema.version - 1] == schema) return {};
    return fail(Code::conflict, fmt::format("{} holds another schema", path.string()),
                fmt::format("add it as version {}", versions_.size() + 1));
  }
  if (schema.version != versions_.size() + 1) {
    return fail(Code::bad_input,
                fmt::format("schema version {} cannot follow version {}", schema.version, versions_.size()),
                fmt::format("add it as version {}", versions_.size() + 1));
  }
  const std::string json = versions_.empty() ? schema.to_json() : schema.to_json_after(*versions_.back());
  Status created = files_.create_atomically(path, json);
  if (!created && created.error().code == Code::conflict) {
    // Left by an add() of ours that failed after it had named the file.
    if (TRY(files_.read_file(path)) != json) return created;
    created = files_.sync_folder(folder_);
  }
  TRY(created);
  versions_.push_back(std::make_shared<const model::Schema>(schema));
  return {};
}

Result<model::SchemaPtr> SchemaStore::get(uint32_t version) const {
  Lock lock(mutex_);
  while (is_followed_ && versions_.size() < version) {
    Status read = read_next();
    if (!read && read.error().code == Code::not_found) break;
    TRY(read);
  }
  if (version >= 1 && version <= versions_.size()) return versions_[version - 1];
  return fail(Code::not_found,
              fmt::format("schema version {} is not in {}; the latest is {}", version, folder_.string(),
                          versions_.size()),
              "restore the folder from a backup if an event asks for it");
}

model::SchemaPtr SchemaStore::latest() const {
  Lock lock(mutex_);
  return versions_.empty() ? nullptr : versions_.back();
}

io::Path SchemaStore::path_of(uint32_t version) const {
  return folder_ / (fmt::to_string(version) + std::string(name_ending));
}

}  // namespace anabranch::log
