// What a start comes up without: files that are missing or damaged, and what does not fit. Each is a fault of
// its own, shown in the status, and the error of whoever asks for it.
#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/build_probe.h"
#include "app/platform.h"
#include "model/names.h"

namespace anabranch::app {
namespace {

constexpr const char* newest_build = "the newest build";

}  // namespace

void Platform::set_fault(const std::string& of, const Error& error) {
  const Error fault = {
      Code::unavailable, in_project(error, project_.root).message, in_project(error, project_.root).hint, {}};
  Lock lock(mutex_);
  const auto before = faults_.find(of);
  if (before == faults_.end() || before->second.message != fault.message)
    spdlog::error("{}: {}", of, fault.describe());
  faults_[of] = fault;
}

void Platform::clear_fault(const std::string& of) {
  Lock lock(mutex_);
  faults_.erase(of);
}

std::vector<front::Fault> Platform::faults() const {
  std::map<std::string, Error> all;
  if (is_ready_) {
    const auto epoch = speed_->epochs().newest();
    for (const auto& [name, error] : epoch->world->absent) {
      if (error.code != Code::not_found) all[name] = error;  // that one waits for its first copy
    }
    for (const auto& [view, why] : epoch->unmaintained) {
      if (views::view_of_block(view) != view) continue;
      all[view] = {Code::unavailable,
                   fmt::format("{} is computed when it is read: {}", view, why),
                   "anabranch explain says more",
                   {}};
    }
  }
  {
    Lock lock(mutex_);
    all.insert(faults_.begin(), faults_.end());
  }
  std::vector<front::Fault> faults;
  for (auto& [of, error] : all) {
    error.code = Code::unavailable;
    faults.push_back({of, in_project(error, project_.root)});
  }
  return faults;
}

std::optional<Error> Platform::damage_of(const std::string& stream) const {
  for (const front::Fault& fault : faults()) {
    if (fault.of == model::bronze(stream).text()) return fault.error;
  }
  return std::nullopt;
}

// It lists what was done; nothing that is answered depends on it.
Result<std::unique_ptr<catalog::Catalog>> Platform::readable_catalog() {
  const io::Path path = data_folder_ / "catalog.db";
  auto opened = catalog::Catalog::open(files_, path);
  if (opened || opened.error().code != Code::corrupt) return opened;
  const Error why = opened.error();
  TRY(files_.rename(path, path.string() + ".damaged"));
  for (const char* beside : {"-wal", "-shm"}) (void)files_.remove(path.string() + beside);
  set_fault("the catalogue",
            {why.code,
             fmt::format("{}; a new one was begun and does not know of earlier builds", why.message),
             "the damaged one is catalog.db.damaged; restore one from a backup while no server runs",
             {}});
  return catalog::Catalog::open(files_, path);
}

Result<std::optional<lake::Manifest>> Platform::readable_manifest() {
  std::vector<Error> damaged;
  auto manifest = TRY(manifests_->newest_readable(damaged));
  for (const Error& error : damaged) {
    set_fault(newest_build, {error.code,
                             fmt::format("{}; what was built before is served", error.message),
                             "run anabranch build, or restore the file from a backup",
                             {}});
  }
  return manifest;
}

void Platform::find_broken_builds(const lake::Manifest& manifest) {
  broken_builds_ = probe_builds(*store_, manifest);
  for (const auto& [build, error] : broken_builds_) {
    set_fault(
        "build " + build,
        {error.code,
         fmt::format("{}; its views are computed from their events, and answers are right", error.message),
         "run anabranch build",
         {}});
  }
}

// A build was published: what was damaged before is no longer asked for.
void Platform::forget_broken_builds(const lake::Manifest& manifest) {
  clear_fault(newest_build);
  for (auto broken = broken_builds_.begin(); broken != broken_builds_.end();) {
    const bool is_named = std::any_of(manifest.views.begin(), manifest.views.end(), [&](const auto& entry) {
      return entry.second.build_id == broken->first;
    });
    if (!is_named) clear_fault("build " + broken->first);
    broken = is_named ? std::next(broken) : broken_builds_.erase(broken);
  }
}

std::map<std::string, history::Archive> Platform::readable_archives() {
  std::map<std::string, Error> damaged;
  auto archives = archiver_->readable_archives(damaged);
  for (const auto& [stream, archive] : archives) {
    const std::string of = "the archive of " + stream;
    if (const auto why = damaged.find(stream); why != damaged.end()) {
      set_fault(of,
                {why->second.code,
                 fmt::format("{}; events are read from the log as far as it has them, and no build can begin",
                             why->second.message),
                 why->second.hint,
                 {}});
    } else {
      clear_fault(of);
    }
  }
  return archives;
}

// What other readers read. A table that cannot be written is behind, and no more.
void Platform::bring_copies_up_to(const lake::Manifest& manifest) {
  const std::string behind = "the tables for other readers";
  clear_fault(behind);
  if (manifest.number > 0) {
    if (const Status copies = copies_->write(manifest); !copies) set_fault(behind, copies.error());
  }
  for (const auto& [table, version] : manifest.basis.tables) {
    if (const Status copy = write_delta_of(table); !copy) set_fault(behind, copy.error());
  }
}

}  // namespace anabranch::app
