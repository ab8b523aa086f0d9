// Data of what the project no longer has, removed for ever.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/load_project.h"
#include "app/platform.h"
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

Result<front::ProjectDrop> Platform::drop(const front::DropRequest& request) {
  const std::string id = TRY(begin_change("drop"));
  auto drop = [&]() -> Result<front::ProjectDrop> {
    const auto task = TRY(tasks_->begin(id, "drop", fmt::format("{} names", request.names.size()),
                                        project_.settings.limits.copy_timeout_ms, "copy_timeout_ms"));
    Lock building(build_mutex_);
    return drop_now(request, *task);
  }();
  end_change();
  if (!drop) return fail(in_project(std::move(drop).error(), project_.root));
  return drop;
}

// What the files name that have not been taken over yet counts too: it would have its data at the next start.
Result<std::vector<Droppable>> Platform::find_droppable(const std::vector<std::string>& names) {
  std::vector<std::shared_ptr<const project::Project>> projects = {project()};
  if (const auto texts = read_project_texts(files_, project_.root)) {
    if (auto loaded = load_texts(*texts, project_.root, options_.target))
      projects.push_back(std::make_shared<const project::Project>(std::move(*loaded)));
  }
  const auto whose = [&](const Droppable& item) -> std::optional<std::string> {
    for (const auto& project : projects) {
      if (auto file = named_by(*project, item)) return file;
    }
    return std::nullopt;
  };
  const std::vector<Droppable> stored = TRY(find_stored(files_, data_folder_));
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

void Platform::describe_droppable(std::vector<Droppable>& items) {
  std::vector<project::Project> earlier;
  ProjectSnapshots snapshots(files_, data_folder_ / "projects");
  for (size_t back = 1;; ++back) {
    const auto texts = snapshots.find(back);
    if (!texts || !*texts) break;
    if (auto loaded = load_texts(**texts, project_.root, options_.target))
      earlier.push_back(std::move(*loaded));
  }
  for (Droppable& item : items) {
    if (item.kind == Kind::stream) {
      if (const OpenStream* open = find_open(item.name))
        item.notes.push_back(fmt::format("{} events", model::event_count(open->log->durable_offsets())));
    }
    if (item.kind == Kind::table) {
      if (const auto versions = table_versions_->list(item.name); versions && !versions->empty())
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
Status Platform::forget_in_manifests(const std::vector<Droppable>& items) {
  const auto world = speed_->epochs().newest()->world;
  const auto is_of_another = [&](const auto& entry) {
    const auto hash = world->basis_hashes.find(entry.first);
    return hash == world->basis_hashes.end() || hash->second != entry.second.plan_hash;
  };
  std::optional<lake::Manifest> manifest;
  {
    Lock lock(mutex_);
    manifest = manifest_;
  }
  if (!manifest) return {};
  ++manifest->number;
  manifest->published_at_us = clock_.now_us();
  std::erase_if(manifest->views, is_of_another);
  std::erase_if(manifest->failed, is_of_another);
  for (const Droppable& item : items) {
    if (item.kind == Kind::view) continue;
    manifest->basis.tables.erase(item.name);
    manifest->basis.schemas.erase(item.name);
    manifest->archived.erase(item.name);
    for (auto& [name, view] : manifest->views) view.cutoff.erase(item.name);
  }
  TRY(manifests_->publish(*manifest));
  {
    Lock lock(mutex_);
    manifest_ = std::move(manifest);
  }
  return manifests_->keep_newest(1);
}

// A verify, an import or a diff that began earlier goes by the files themselves.
Status Platform::wait_for_readers(const std::set<std::string>& names, const Task& task) {
  if (names.empty()) return {};
  const int64_t deadline_us = clock_.monotonic_us() + readers_wait_us;
  while (true) {
    Status done;
    for (const front::RunningTask& other : tasks_->list()) {
      if (other.id == task.id()) continue;
      done = fail(Code::conflict, fmt::format("a {} is running, which may read it: {}", other.kind, other.id),
                  fmt::format("wait until it is done, or run: anabranch cancel {}", other.id));
    }
    if (done) done = speed_->remove_streams(names);
    if (done || done.error().code != Code::conflict || clock_.monotonic_us() >= deadline_us) return done;
    TRY(task.check());
    Lock lock(mutex_);
    lock.wait_for(stopping_, readers_wait_step);
  }
}

// From here on nobody knows it. The object stays: a request that came in earlier may have it in hand, and is
// told that its log is closed.
void Platform::close_stream(const std::string& name) {
  history_->remove(model::bronze(name).text());
  if (OpenStream* open = find_open(name)) {
    open->log->close();
    Lock lock(streams_mutex_);
    open->name.clear();
    open->refused.clear();
  }
  damaged_streams_.erase(name);
  clear_fault(model::bronze(name).text());
  clear_fault("the archive of bronze." + name);
  Lock lock(mutex_);
  archived_.erase(name);
}

Result<front::ProjectDrop> Platform::drop_now(const front::DropRequest& request, Task& task) {
  front::ProjectDrop drop;
  drop.items = TRY(find_droppable(request.names));
  if (request.is_dry_run || request.names.empty()) return drop;
  TRY(wait_for_readers(bronze_names(drop.items), task));
  TRY(forget_in_manifests(drop.items));
  std::vector<std::string> folders;
  for (const Droppable& item : drop.items) {
    if (item.kind != Kind::view) close_stream(item.name);
    folders.insert(folders.end(), item.folders.begin(), item.folders.end());
  }
  const Status discarded = discard(files_, data_folder_, folders, task.id());
  for (const std::string& folder : folders) store_->forget(folder);
  TRY(Status(discarded));
  std::optional<lake::Manifest> manifest;
  {
    Lock lock(mutex_);
    manifest = manifest_;
  }
  // Where an earlier epoch is read still, the next build does it.
  if (manifest && speed_->epochs().all().size() == 1) TRY(remove_old_builds({*manifest}));
  drop.is_dropped = true;
  return drop;
}

}  // namespace anabranch::app
