#include "catalog/migrator.h"

#include <fmt/format.h>

namespace anabranch::catalog {
namespace {

constexpr int64_t application_id = 0x414e4252;  // "ANBR", in the file's header

// The version of the file, once it is known to be ours.
Result<int64_t> checked_version(Sqlite& database, const io::Path& path, int64_t newest) {
  const int64_t version = TRY(database.integer("PRAGMA user_version"));
  const int64_t owner = TRY(database.integer("PRAGMA application_id"));
  const int64_t tables = TRY(database.integer("SELECT count(*) FROM sqlite_schema"));
  if (owner != application_id && (version != 0 || owner != 0 || tables != 0)) {
    return fail(Code::corrupt, fmt::format("{} is a database of another program", path.string()),
                "move it away, or choose another data folder");
  }
  if (version > newest) {
    return fail(Code::refused,
                fmt::format("{} has version {}; this program knows versions up to {}", path.string(), version,
                            newest),
                fmt::format("start the newer program that wrote it; or stop it and put the copy that it made "
                            "({}.before-version-{}) in its place",
                            path.filename().string(), newest + 1));
  }
  return version;
}

Status back_up(Sqlite& database, io::FileSystem& files, const io::Path& path, int64_t next_version) {
  const io::Path backup = path.string() + fmt::format(".before-version-{}", next_version);
  const io::Path temporary = backup.string() + ".tmp";
  if (TRY(files.exists(temporary))) TRY(files.remove(temporary));  // a crash left it
  TRY(database.copy_to(temporary));
  TRY(TRY(files.open(temporary, io::FileSystem::Open::append))->sync());
  TRY(files.rename(temporary, backup));
  return files.sync_folder(path.parent_path());
}

Status run_steps(Sqlite& database, const io::Path& path, std::span<const Migration> known) {
  // Another program may have done it since we looked.
  const int64_t version = TRY(checked_version(database, path, static_cast<int64_t>(known.size())));
  for (const Migration& step : known.subspan(static_cast<size_t>(version))) {
    if (Status done = database.run(step.sql); !done) {
      return in_context(std::move(done), fmt::format("step {} ({})", step.version, step.name));
    }
  }
  return database.run(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", application_id, known.size()));
}

}  // namespace

Status migrate(Sqlite& database, io::FileSystem& files, const io::Path& path,
               std::span<const Migration> known) {
  const auto newest = static_cast<int64_t>(known.size());
  const int64_t version = TRY(checked_version(database, path, newest));
  if (version == newest) return {};
  if (version > 0) {
    if (Status copied = back_up(database, files, path, version + 1); !copied)
      return in_context(std::move(copied), "making a copy before the catalogue is brought up to date");
  }
  TRY(database.run("BEGIN IMMEDIATE"));
  Status done = run_steps(database, path, known);
  if (done) done = database.run("COMMIT");
  if (!done) {
    (void)database.run("ROLLBACK");
    return in_context(std::move(done), "bringing the catalogue up to date");
  }
  return {};
}

}  // namespace anabranch::catalog
