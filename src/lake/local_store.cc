#include "lake/local_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/random.h"

namespace anabranch::lake {
namespace {

// Beside its place, under a name of a crash's leftovers until it is whole.
class Writer final : public io::ObjectWriter {
 public:
  static Result<std::unique_ptr<io::ObjectWriter>> begin(io::FileSystem& files, io::Path path) {
    io::Path draft = path;
    draft += fmt::format(".{:016x}.tmp", io::random_u64());
    auto file = TRY(files.open(draft, io::FileSystem::Open::create_new));
    return std::make_unique<Writer>(files, std::move(path), std::move(draft), std::move(file));
  }
  Writer(io::FileSystem& files, io::Path path, io::Path draft, std::unique_ptr<io::File> file)
      : files_(files), path_(std::move(path)), draft_(std::move(draft)), file_(std::move(file)) {}
  ~Writer() override {
    if (!draft_.empty()) (void)files_.remove(draft_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Status append(std::string_view bytes) override { return file_->append(bytes); }
  Status finish() override {
    TRY(files_.rename(draft_, path_));
    draft_.clear();
    return {};
  }

 private:
  io::FileSystem& files_;
  const io::Path path_;
  io::Path draft_;
  const std::unique_ptr<io::File> file_;
};

}  // namespace

Status LocalStore::put_if_absent(const std::string& key, std::string_view bytes) {
  TRY(check_key(key));
  TRY(prepare(key));
  const io::Path path = folder_ / key;
  Status created = files_.create_atomically(path, bytes);
  if (created || created.error().code == Code::conflict) return created;
  // It failed before the name was given, or after it while making the name durable.
  const auto is_there = files_.exists(path);
  if (is_there && !*is_there) return created;
  return fail(Code::unknown_outcome,
              fmt::format("{} may have been created or not: {}", path.string(), created.error().message),
              created.error().hint);
}

Result<std::string> LocalStore::get(const std::string& key) {
  TRY(check_key(key));
  return files_.read_file(folder_ / key);
}

Result<std::unique_ptr<io::ObjectReader>> LocalStore::open(const std::string& key) {
  TRY(check_key(key));
  return io::open_object_file(folder_ / key);
}

Result<std::unique_ptr<io::ObjectWriter>> LocalStore::create(const std::string& key) {
  TRY(prepare(key));
  return Writer::begin(files_, folder_ / key);
}

Status LocalStore::adopt(const std::string& key, const io::Path& file) {
  TRY(prepare(key));
  if (files_.rename(file, folder_ / key)) return {};
  return ObjectStore::adopt(key, file);  // it may lie on another disk
}

Result<std::vector<ObjectInfo>> LocalStore::list(const std::string& prefix) {
  const size_t slash = prefix.rfind('/');
  const std::string begin = slash == std::string::npos ? "" : prefix.substr(0, slash);
  if (!begin.empty()) TRY(check_key(begin));
  std::vector<ObjectInfo> objects;
  TRY(list_below(begin, prefix, objects));
  std::sort(objects.begin(), objects.end(), [](auto& a, auto& b) { return a.key < b.key; });
  return objects;
}

Status LocalStore::list_below(const std::string& key, const std::string& prefix,
                              std::vector<ObjectInfo>& objects) {
  const auto entries = files_.list(key.empty() ? folder_ : folder_ / key);
  if (!entries && entries.error().code == Code::not_found) return {};
  if (!entries) return fail(entries.error());
  for (const io::FolderEntry& entry : *entries) {
    const std::string name = key.empty() ? entry.name : key + "/" + entry.name;
    if (entry.is_folder) {
      const std::string below = name + "/";
      if (below.starts_with(prefix) || prefix.starts_with(below)) TRY(list_below(name, prefix, objects));
    } else if (name.starts_with(prefix) && !name.ends_with(".tmp")) {
      objects.push_back({name, static_cast<int64_t>(entry.size)});
    }
  }
  return {};
}

Status LocalStore::remove(const std::string& key) {
  TRY(check_key(key));
  const io::Path path = folder_ / key;
  if (Status removed = files_.remove(path); !removed) {
    if (removed.error().code != Code::not_found) return removed;
    if (!TRY(files_.exists(path.parent_path()))) return {};
  }
  return files_.sync_folder(path.parent_path());
}

Status LocalStore::prepare(const std::string& key) {
  TRY(check_key(key));
  Lock lock(mutex_);
  const io::Path target = (folder_ / key).parent_path();
  if (durable_folders_.contains(target)) return {};
  // What is above our own folder is not ours to look into, unless we make it.
  if (TRY(files_.exists(folder_))) durable_folders_.insert(folder_);
  TRY(files_.create_folders(target));
  // From our own folder down, each name is made durable in the folder above it.
  io::Path folder = folder_;
  std::vector<io::Path> chain{folder};
  for (const io::Path& part : io::Path(key).parent_path()) chain.push_back(folder /= part);
  for (const io::Path& link : chain) {
    if (durable_folders_.contains(link)) continue;
    if (link.has_parent_path()) TRY(files_.sync_folder(link.parent_path()));
    durable_folders_.insert(link);
  }
  return {};
}

void LocalStore::forget(const std::string& prefix) {
  Lock lock(mutex_);
  const std::string folder = (folder_ / prefix).string();
  std::erase_if(durable_folders_, [&](const io::Path& known) {
    return known.string() == folder || known.string().starts_with(folder + "/");
  });
}

Result<int64_t> LocalStore::make_durable(const std::string& key) {
  TRY(prepare(key));
  const io::Path path = folder_ / key;
  auto file = TRY(files_.open(path, io::FileSystem::Open::read));
  TRY(file->sync());
  TRY(files_.sync_folder(path.parent_path()));
  return static_cast<int64_t>(TRY(file->size()));
}

}  // namespace anabranch::lake
