// What a start comes up without: files that are missing or damaged, and what does not fit. Each is a fault of
// its own, shown in the status, and the error of whoever asks for it.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/platform.h"
#include "model/names.h"

namespace anabranch::app {

std::vector<front::Fault> Platform::faults() const {
  std::map<std::string, Error> all;
  if (stations_.is_ready) {
    const auto epoch = stations_.speed->epochs().newest();
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
  all.merge(faults_.all());
  std::vector<front::Fault> faults;
  for (auto& [of, error] : all) {
    error.code = Code::unavailable;
    faults.push_back({of, stations_.shown(error)});
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
  const io::Path path = stations_.data_folder / "catalog.db";
  auto opened = catalog::Catalog::open(stations_.files, path);
  if (opened || opened.error().code != Code::corrupt) return opened;
  const Error why = opened.error();
  TRY(stations_.files.rename(path, path.string() + ".damaged"));
  for (const char* beside : {"-wal", "-shm"}) (void)stations_.files.remove(path.string() + beside);
  faults_.set("the catalogue",
              {why.code,
               fmt::format("{}; a new one was begun and does not know of earlier builds", why.message),
               "the damaged one is catalog.db.damaged; restore one from a backup while no server runs",
               {}});
  return catalog::Catalog::open(stations_.files, path);
}

Result<std::optional<lake::Manifest>> Platform::readable_manifest() {
  std::vector<Error> damaged;
  auto manifest = TRY(stations_.manifests->newest_readable(damaged));
  for (const Error& error : damaged) {
    faults_.set(newest_build_fault, {error.code,
                                     fmt::format("{}; what was built before is served", error.message),
                                     "run anabranch build, or restore the file from a backup",
                                     {}});
  }
  return manifest;
}

// What other readers read. A table that cannot be written is behind, and no more.
void Platform::bring_copies_up_to(const lake::Manifest& manifest) {
  const std::string behind = "the tables for other readers";
  faults_.clear(behind);
  if (manifest.number > 0) {
    if (const Status copies = stations_.copies->write(manifest); !copies) faults_.set(behind, copies.error());
  }
  for (const auto& [table, version] : manifest.basis.tables) {
    if (const Status copy = stations_.table_versions->write_delta(table); !copy)
      faults_.set(behind, copy.error());
  }
}

}  // namespace anabranch::app
