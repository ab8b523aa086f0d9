#include "app/retention.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/storage.h"
#include "model/names.h"

namespace anabranch::app {
namespace {

constexpr int64_t hour_us = 3'600'000'000;
constexpr int64_t day_us = 24 * hour_us;
constexpr size_t catalog_rows_kept = 10'000;  // of builds, copies and verdicts each
constexpr int64_t storage_look_interval_us = 10'000'000;

// Of several failures the first is told.
void add(Status& all, Status one, std::string_view of) {
  if (one || !all) return;
  all = in_context(std::move(one), std::string(of));
}

}  // namespace

void Retention::tidy() {
  const std::string untidy = "what is no longer needed";
  const project::Retention keep = running_.get()->settings.retention;
  const auto manifests = stations_.manifests->history(keep.builds);
  if (!manifests) {
    // Which files they name is not known: they go when newer builds have taken the damaged one's place.
    spdlog::warn("nothing is deleted: {}", manifests.error().describe());
    return;
  }
  const int64_t now_us = stations_.clock.now_us();
  const int64_t removed_after_ms = (now_us - static_cast<int64_t>(keep.delta_hours) * hour_us) / 1000;
  Status all;
  if (!manifests->empty()) {
    add(all, remove_old_builds(*manifests), "states of builds");
    add(all, stations_.manifests->keep_newest(keep.builds), "manifests");
    add(all, stations_.copies->tidy(manifests->front(), *manifests, removed_after_ms), "tables of views");
  }
  add(all, tidy_tables(*manifests, keep, removed_after_ms), "copied tables");
  add(all, tidy_archive(removed_after_ms), "the archive");
  add(all, tidy_logs(keep, now_us), "logs");
  add(all, stations_.catalog->forget_old(catalog_rows_kept), "the catalogue");
  if (all) return faults_.clear(untidy);
  spdlog::warn("what is no longer needed could not all be deleted: {}", all.error().describe());
  faults_.set(untidy, {all.error().code,
                       fmt::format("some of it is still there: {}", stations_.shown(all.error()).message),
                       all.error().hint.empty() ? "it is tried again" : all.error().hint,
                       {}});
}

// States that no manifest names which is kept: a project may go back to those.
Status Retention::remove_old_builds(const std::vector<lake::Manifest>& manifests) {
  std::set<std::string, std::less<>> kept{std::string(Stations::slice_folder_name),
                                          std::string(Stations::answer_folder_name),
                                          std::string(Stations::verify_folder_name)};
  for (const lake::Manifest& manifest : manifests) {
    for (const auto& [name, view] : manifest.views) kept.insert(view.build_id);
  }
  constexpr std::string_view serving = "serving/";
  for (const auto& object : TRY(stations_.store->list(std::string(serving)))) {
    const std::string name = object.key.substr(serving.size());
    const std::string id = name.substr(0, std::min(name.find('/'), name.find(".duckdb")));
    if (!kept.contains(id)) TRY(stations_.store->remove(object.key));
  }
  // What is no object: folders that are empty now, and those in which an engine worked that was ended.
  for (const auto& entry : TRY(stations_.files.list(stations_.data_folder / "serving"))) {
    const std::string id = entry.name.substr(0, entry.name.find(".duckdb"));
    if (!kept.contains(id)) TRY(stations_.files.remove_all(stations_.data_folder / "serving" / entry.name));
  }
  return {};
}

Status Retention::tidy_tables(const std::vector<lake::Manifest>& manifests, const project::Retention& keep,
                              int64_t removed_after_ms) {
  const auto epochs = stations_.speed->epochs().all();
  for (const std::string& table : TRY(stations_.table_versions->tables())) {
    const auto latest = TRY(stations_.table_versions->latest(table));
    if (!latest) continue;
    int64_t first =
        latest->version - std::min<int64_t>(static_cast<int64_t>(keep.table_versions), INT32_MAX) + 1;
    for (const lake::Manifest& manifest : manifests) {
      const auto pin = manifest.basis.tables.find(table);
      if (pin != manifest.basis.tables.end()) first = std::min(first, pin->second);
    }
    // Before the first build no manifest pins what reads use.
    for (const auto& epoch : epochs) {
      const auto used = epoch->world->tables.find(model::bronze(table).text());
      if (used != epoch->world->tables.end()) first = std::min(first, used->second.version);
    }
    TRY(stations_.table_versions->forget_before(table, first));
    TRY(stations_.table_versions->tidy_delta(table, removed_after_ms, false));
  }
  return {};
}

Status Retention::tidy_archive(int64_t removed_after_ms) {
  const auto tidied = stations_.archiver->tidy(removed_after_ms);
  if (!tidied || *tidied) basis_.use_archives();  // of some streams also when another one failed
  TRY(tidied);
  return {};
}

Status Retention::tidy_logs(const project::Retention& keep, int64_t now_us) {
  const auto archives = basis_.readable_archives();  // of a damaged one nothing: its stream's log stays whole
  const auto epochs = stations_.speed->epochs().all();
  Status all;
  for (OpenStream* stream : stations_.streams.all()) {
    const std::string name = model::bronze(stream->name).text();
    const auto archive = archives.find(name);
    if (archive == archives.end()) continue;
    for (model::Partition number = 0; number < stream->log->partition_count(); ++number) {
      // Whoever reads an older epoch finds what its archive has not in the log.
      model::Offset end = archive->second.of(number).end;
      for (const auto& epoch : epochs) end = std::min(end, epoch->archive(name).of(number).end);
      const auto removed =
          stream->log->remove_before(number, end, now_us - static_cast<int64_t>(keep.log_hours) * hour_us);
      if (!removed) {
        add(all, std::unexpected(removed.error()), name);
      } else if (removed->segments > 0) {
        spdlog::debug("{}: {} segments of its log are deleted; its archive has their events", stream->name,
                      removed->segments);
      }
    }
    if (!keep.quarantine_days) continue;
    const int64_t age_us = static_cast<int64_t>(*keep.quarantine_days) * day_us;
    if (const auto gone = stream->log->remove_quarantined_before(now_us - age_us); !gone)
      add(all, std::unexpected(gone.error()), name);
  }
  return all;
}

front::Storage Retention::storage() {
  const int64_t now_us = stations_.clock.monotonic_us();
  {
    Lock lock(mutex_);
    if (looked_at_storage_us_ != 0 && now_us - looked_at_storage_us_ < storage_look_interval_us)
      return storage_;
    looked_at_storage_us_ = now_us;
  }
  const front::Storage storage = measure_storage(stations_.files, stations_.data_folder);
  Lock lock(mutex_);
  storage_ = storage;
  return storage;
}

}  // namespace anabranch::app
