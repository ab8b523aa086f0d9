#include "app/drop.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/load_project.h"
#include "app/stored_data.h"
#include "model/names.h"

namespace anabranch::app {
namespace {

using front::Droppable;
using Kind = Droppable::Kind;

constexpr int64_t readers_wait_us = 5'000'000;
constexpr auto readers_wait_step = std::chrono::milliseconds(50);

// The file that names it; nothing where none does.
std::optional<std::string> named_by(const project::Project& project, const Droppable& item) {
  if (item.kind == Kind::view) {
    const project::Model* model = project.find_model(item.name);
    return model ? std::optional(model->file) : std::nullopt;
  }
  if (const project::StreamFile* stream = project.find_stream(item.name)) return stream->place.file;
  if (const project::TableFile* table = project.find_table(item.name)) return table->place.file;
  return std::nullopt;
}

bool is_meant(const Droppable& item, const std::string& name) {
  return item.name == name || (item.kind != Kind::view && model::bronze(item.name).text() == name);
}

std::set<std::string> bronze_names(const std::vector<Droppable>& items) {
  std::set<std::string> names;
  for (const Droppable& item : items) {
    if (item.kind != Kind::view) names.insert(model::bronze(item.name).text());
  }
  return names;
}

}  // namespace

Result<front::ProjectDrop> Drop::run(const front::DropRequest& request) {
  const std::string id = stations_.new_id();
  TRY(changes_.begin(id, "drop"));
  auto drop = [&]() -> Result<front::ProjectDrop> {
    const auto task =
        TRY(stations_.tasks->begin(id, "drop", fmt::format("{} names", request.names.size()),
                                   stations_.project.settings.limits.copy_timeout_ms, "copy_timeout_ms"));
    Lock changing(changes_.mutex());
    return run_now(request, *task);
  }();
  changes_.end();
  copying_.repin_if_due();
  if (!drop) return fail(stations_.shown(std::move(drop).error()));
  return drop;
}

// What the files name that have not been taken over yet counts too: it would have its data at the next start.
Result<std::vector<Droppable>> Drop::find_droppable(const std::vector<std::string>& names) {
  std::vector<std::shared_ptr<const project::Project>> projects = {running_.get()};
  if (const auto texts = read_project_texts(stations_.files, stations_.project.root)) {
    if (auto loaded = load_texts(*texts, stations_.project.root, stations_.target))
      projects.push_back(std::make_shared<const project::Project>(std::move(*loaded)));
  }
  const auto whose = [&](const Droppable& item) -> std::optional<std::string> {
    for (const auto& project : projects) {
      if (auto file = named_by(*project, item)) return file;
    }
    return std::nullopt;
  };
  const std::vector<Droppable> stored = TRY(find_stored(stations_.files, stations_.data_folder));
  std::vector<Droppable> found;
  if (names.empty()) {
    std::ranges::copy_if(stored, std::back_inserter(found),
                         [&](const Droppable& item) { return !whose(item); });
  }
  for (const std::string& name : names) {
    const size_t before = found.size();
    for (const Droppable& item : stored) {
      if (!is_meant(item, name)) continue;
      if (const auto file = whose(item)) {
        return fail(Code::conflict, fmt::format("{} is in the project: {} names it", name, *file),
                    "take it out and run anabranch apply first");
      }
      if (std::ranges::none_of(found, [&](const Droppable& other) {
            return other.kind == item.kind && other.name == item.name;
          }))
        found.push_back(item);
    }
    if (found.size() == before &&
        std::ranges::none_of(found, [&](const Droppable& item) { return is_meant(item, name); }))
      return fail(front::nothing_stored_of(name));
  }
  describe_droppable(found);
  return found;
}

void Drop::describe_droppable(std::vector<Droppable>& items) {
  std::vector<project::Project> earlier;
  ProjectSnapshots snapshots(stations_.files, stations_.data_folder / "projects");
  for (size_t back = 1;; ++back) {
    const auto texts = snapshots.find(back);
    if (!texts || !*texts) break;
    if (auto loaded = load_texts(**texts, stations_.project.root, stations_.target))
      earlier.push_back(std::move(*loaded));
  }
  for (Droppable& item : items) {
    if (item.kind == Kind::stream) {
      if (const OpenStream* open = stations_.streams.find(item.name))
        item.notes.push_back(fmt::format("{} events", model::event_count(open->log->durable_offsets())));
    }
    if (item.kind == Kind::table) {
      if (const auto versions = stations_.table_versions->list(item.name); versions && !versions->empty())
        item.notes.push_back(fmt::format("{} versions", versions->size()));
    }
    const bool comes_back = std::ranges::any_of(
        earlier, [&](const project::Project& project) { return named_by(project, item).has_value(); });
    if (comes_back && item.kind == Kind::stream)
      item.notes.emplace_back("anabranch apply --undo will bring it back empty");
    if (comes_back && item.kind == Kind::table)
      item.notes.emplace_back("anabranch apply --undo will copy it anew");
  }
}

// Builds that know something of these names would be taken for builds of what comes by them later: plans and
// versions are the same then. So no manifest may name one.
Status Drop::forget_in_manifests(const std::vector<Droppable>& items) {
  const auto world = stations_.speed->epochs().newest()->world;
  const auto is_of_another = [&](const auto& entry) {
    const auto hash = world->basis_hashes.find(entry.first);
    return hash == world->basis_hashes.end() || hash->second != entry.second.plan_hash;
  };
  const auto before = basis_.manifest();
  if (!before) return {};
  lake::Manifest manifest = *before;
  ++manifest.number;
  manifest.published_at_us = stations_.clock.now_us();
  std::erase_if(manifest.views, is_of_another);
  std::erase_if(manifest.failed, is_of_another);
  for (const Droppable& item : items) {
    if (item.kind == Kind::view) continue;
    manifest.basis.tables.erase(item.name);
    manifest.basis.schemas.erase(item.name);
    manifest.archived.erase(item.name);
    for (auto& [name, view] : manifest.views) view.cutoff.erase(item.name);
  }
  TRY(stations_.manifests->publish(manifest));
  basis_.set_manifest(std::move(manifest));
  return stations_.manifests->keep_newest(1);
}

// The plan of what comes by such a name may be the same, and what was found of it is of other events.
Status Drop::forget_verdicts() {
  std::set<std::string> views;
  for (const project::Model& model : running_.get()->models) views.insert(model.name);
  return stations_.catalog->keep_verdicts_of(views);
}

// A verify, an import or a diff that began earlier goes by the files themselves.
Status Drop::wait_for_readers(const std::set<std::string>& names, const Task& task) {
  if (names.empty()) return {};
  const int64_t deadline_us = stations_.clock.monotonic_us() + readers_wait_us;
  while (true) {
    Status done;
    for (const front::RunningTask& other : stations_.tasks->list()) {
      if (other.id == task.id()) continue;
      done = fail(Code::conflict, fmt::format("a {} is running, which may read it: {}", other.kind, other.id),
                  fmt::format("wait until it is done, or run: anabranch cancel {}", other.id));
    }
    if (done) done = stations_.speed->remove_streams(names);
    if (done || done.error().code != Code::conflict || stations_.clock.monotonic_us() >= deadline_us)
      return done;
    TRY(task.check());
    changes_.wait_for_stop(readers_wait_step);
  }
}

// From here on nobody knows it.
Status Drop::close_stream(const std::string& name) {
  if (OpenStream* open = stations_.streams.find(name)) TRY(stations_.stream_writer->close(*open));
  stations_.history->remove(model::bronze(name).text());
  stations_.streams.close(name);
  faults_.clear(model::bronze(name).text());
  basis_.forget_archive(name);
  return {};
}

Result<front::ProjectDrop> Drop::run_now(const front::DropRequest& request, Task& task) {
  front::ProjectDrop drop;
  drop.items = TRY(find_droppable(request.names));
  if (request.is_dry_run || request.names.empty()) return drop;
  TRY(wait_for_readers(bronze_names(drop.items), task));
  TRY(forget_verdicts());
  TRY(forget_in_manifests(drop.items));
  std::vector<std::string> folders;
  for (const Droppable& item : drop.items) {
    if (item.kind != Kind::view) TRY(close_stream(item.name));
    folders.insert(folders.end(), item.folders.begin(), item.folders.end());
  }
  const Status discarded = discard(stations_.files, stations_.data_folder, folders, task.id());
  for (const std::string& folder : folders) stations_.store->forget(folder);
  TRY(Status(discarded));
  const auto manifest = basis_.manifest();
  // Where an earlier epoch is read still, the next build does it.
  if (manifest && stations_.speed->epochs().all().size() == 1) TRY(retention_.remove_old_builds({*manifest}));
  drop.is_dropped = true;
  return drop;
}

}  // namespace anabranch::app
