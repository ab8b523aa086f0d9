#include "app/builds.h"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "lake/data_file.h"
#include "lake/durable.h"
#include "model/names.h"

namespace anabranch::app {
namespace {

// A build includes what was durable when it was asked for; it waits no longer than this for the ticks.
constexpr int64_t build_wait_us = 60'000'000;
constexpr int64_t build_wait_step_us = 50'000;

// Of the folder in which a build's engine has its own files; what a crash leaves there goes with the builds
// that nobody names.
constexpr const char* work_folder_ending = ".work";

// Views of this build that other readers would look for in the lake, and that are never there.
std::vector<std::string> unwritten(const batch::BuildJob& job) {
  std::vector<std::string> names;
  for (const views::Plan& plan : job.world.plans) {
    const bool is_wanted =
        job.views.empty() || std::find(job.views.begin(), job.views.end(), plan.view) != job.views.end();
    const auto materialized = job.world.materialized.find(plan.view);
    const bool is_written = materialized != job.world.materialized.end() && materialized->second;
    if (!plan.is_hidden && is_wanted && is_written && plan.depends_on_moment) names.push_back(plan.view);
  }
  return names;
}

void keep_views_of(const views::World& world, lake::Manifest& manifest) {
  std::erase_if(manifest.views, [&](const auto& entry) { return !world.plan(entry.first); });
  std::erase_if(manifest.failed, [&](const auto& entry) { return !world.plan(entry.first); });
}

void adopt(const std::map<std::string, lake::ViewBuild>& adopted, lake::Manifest& manifest) {
  for (auto [name, view] : adopted) {
    if (view.delta) view.delta->manifest = manifest.number;  // other readers go back, too
    manifest.views[name] = std::move(view);
    manifest.failed.erase(name);
  }
}

}  // namespace

void remove_copies(lake::ObjectStore& store, const std::string& build_id) {
  const std::string ending = "/" + lake::data_file_name(build_id, 0);
  for (const char* layer : {"lake/gold/", "lake/silver/"}) {
    const auto objects = store.list(layer);
    if (!objects) continue;
    for (const auto& object : *objects) {
      if (object.key.ends_with(ending)) (void)store.remove(object.key);
    }
  }
}

std::vector<catalog::BuildWarning> warnings_of(const lake::Manifest& manifest) {
  std::vector<catalog::BuildWarning> warnings;
  for (const auto& [name, view] : manifest.failed) {
    if (view.build_id == manifest.build_id) warnings.push_back({name, view.error});
  }
  return warnings;
}

Status Builds::check_views(const std::vector<std::string>& views) const {
  const auto epoch = stations_.speed->epochs().newest();
  for (const std::string& view : views) {
    if (!epoch->world->plan(view)) {
      return fail(Code::not_found, fmt::format("there is no view {}", view), "anabranch status lists them");
    }
  }
  return {};
}

Result<std::string> Builds::build(const std::vector<std::string>& views, const std::string& reason) {
  TRY(check_views(views));
  const std::string id = stations_.new_id();
  TRY(changes_.begin(id, "starting"));
  changes_.tell();
  auto built = [&]() -> Result<std::string> {
    const project::Limits& limits = stations_.project.settings.limits;
    const auto task = TRY(stations_.tasks->begin(
        id, "build", views.empty() ? "all views" : fmt::format("{} views", views.size()),
        limits.build_timeout_ms, "build_timeout_ms"));
    Lock changing(changes_.mutex());
    return run({views, reason}, *task);
  }();
  changes_.end();
  copying_.repin_if_due();
  changes_.tell();
  return built;
}

Result<std::string> Builds::run(const Order& order, Task& task) {
  Run run{order, task};
  TRY(draw_line(run));
  const auto make = [&]() -> Status {
    TRY(begin(run));
    TRY(archive(run));
    TRY(compute(run));
    return publish(run);
  };
  const Status made = make();
  Status handed;
  catalog::BuildEnd end;
  if (made) {
    write_copies(run.manifest);
    handed = hand_over(run);
    end = published_end(run);
  } else {
    take_back(run);
    end = failed_end(run, made.error());
  }
  end.finished_at_us = stations_.clock.now_us();
  (void)stations_.catalog->finish_build(run.job.build_id, end);
  if (!made) return fail(stations_.shown(made.error()));
  retention_.tidy();
  if (!handed && order.world) return fail(handed.error());  // somebody waits for this world to be in force
  return run.job.build_id;
}

// ---- the steps ----

// What the build includes: all that ticks have applied when they have caught up with what is durable now.
Status Builds::draw_line(Run& run) {
  const Order& order = run.order;
  run.is_full = order.views.empty();
  run.world = order.world ? order.world : stations_.speed->epochs().newest()->world;
  if (run.is_full) run.world = TRY(basis_.make_world(true, run.left_out));
  run.is_late = !TRY(wait_for_durable(run.task));
  run.job.build_id = run.task.id();
  run.job.views = order.views;
  run.job.work_folder =
      (stations_.data_folder / "serving" / (run.job.build_id + work_folder_ending)).string();
  run.job.threads = 2;
  run.job.world = *run.world;
  run.job.cutoff = TRY(stations_.speed->begin_build());
  return {};
}

Status Builds::begin(const Run& run) {
  catalog::BuildStart start;
  start.id = run.job.build_id;
  start.reason = run.order.reason;
  start.views = run.order.views;
  if (run.is_full) {
    for (const views::Plan& plan : run.world->plans) {
      if (!plan.is_hidden) start.views.push_back(plan.view);
    }
  }
  start.cutoff = run.job.cutoff;
  start.started_at_us = stations_.clock.now_us();
  return stations_.catalog->begin_build(start);
}

Status Builds::archive(Run& run) {
  changes_.set_stage("archive");
  TRY(stations_.archiver->archive(run.job.cutoff));
  const auto archives = TRY(stations_.archiver->archives());
  for (const auto& [stream, archive] : archives) {
    for (const auto& partition : archive.partitions) run.job.archives[stream].push_back(partition.files);
  }
  return run.task.check();
}

Status Builds::compute(Run& run) {
  auto computed = [&] {
    const Task::Killing killing(run.task, [&] { stations_.engine->stop(); });
    return stations_.engine->run(
        run.job, [&](const batch::BuildProgress& progress) { changes_.set_progress(progress); });
  }();
  TRY(run.task.check());
  run.result = TRY(std::move(computed));
  return {};
}

// From here on nothing may undo it.
Status Builds::publish(Run& run) {
  if (changes_.is_stopping()) return fail(Code::cancelled, "the build was stopped");
  const auto before = basis_.manifest();
  lake::Manifest manifest = before ? *before : lake::Manifest();
  ++manifest.number;
  manifest.build_id = run.job.build_id;
  manifest.published_at_us = stations_.clock.now_us();
  manifest.archived = run.job.cutoff;
  set_basis(manifest, run.job.world);
  TRY(include(run, manifest));
  adopt(run.order.adopted, manifest);
  TRY(stations_.manifests->publish(manifest));
  run.manifest = manifest;
  basis_.set_manifest(std::move(manifest));
  return {};
}

void Builds::write_copies(const lake::Manifest& manifest) {
  if (const Status copies = stations_.copies->write(manifest); !copies)
    spdlog::error("Delta copies are behind and will be written at the next start: {}",
                  copies.error().describe());
}

// Where it fails, reads go on with the build before.
Status Builds::hand_over(Run& run) {
  const auto change = [&]() -> Status {
    speed::Handover next = TRY(basis_.handover_of(run.manifest, run.world, run.order.project));
    for (const auto& [name, view] : run.result.views) next.rebuilt.push_back(name);
    return stations_.speed->hand_over(std::move(next));
  };
  const Status handed = change();
  if (!handed) {
    stations_.speed->abandon_build();
    spdlog::error("build {} is published, but reads go on with the one before: {}", run.job.build_id,
                  handed.error().describe());
  }
  for (const auto& [table, version] : run.manifest.basis.tables)
    (void)stations_.table_versions->write_delta(table);
  if (run.is_full) {
    basis_.set_left_out(run.left_out);
    running_.keep();
  }
  basis_.forget_broken_builds(run.manifest);
  return handed;
}

// Publishing can fail and yet have happened: then its files stay.
void Builds::take_back(const Run& run) {
  stations_.speed->abandon_build();
  const auto latest = stations_.manifests->latest();
  const std::string& id = run.job.build_id;
  if (!latest || (*latest && (*latest)->build_id == id)) return;
  remove_copies(*stations_.store, id);
  for (const auto& object : stations_.store->list("serving/" + id).value_or(std::vector<lake::ObjectInfo>()))
    (void)stations_.store->remove(object.key);
  (void)stations_.files.remove_all(stations_.data_folder / "serving" / id);
  (void)stations_.files.remove_all(run.job.work_folder);
}

catalog::BuildEnd Builds::published_end(const Run& run) const {
  catalog::BuildEnd end;
  end.state = catalog::BuildState::published;
  end.rows = run.result.rows;
  end.warnings = warnings_of(run.manifest);
  if (run.is_late)
    end.warnings.push_back({"", "ticks are behind the log: events that came last are not in this build"});
  for (const std::string& view : unwritten(run.job)) {
    end.warnings.push_back(
        {"", fmt::format("{} is not written for other readers: its result depends on the moment "
                         "(now(), random() and the like), so each read computes it",
                         view)});
  }
  for (const auto& warning : end.warnings)
    spdlog::warn("build {}: {} {}", run.job.build_id, warning.view, warning.message);
  end.peak_memory_bytes = static_cast<int64_t>(run.result.peak_memory_bytes);
  return end;
}

catalog::BuildEnd Builds::failed_end(const Run& run, const Error& error) const {
  catalog::BuildEnd end;
  end.state = run.task.was_cancelled() ? catalog::BuildState::abandoned : catalog::BuildState::failed;
  end.error = stations_.shown(error).describe();
  return end;
}

// ---- what the steps do ----

// What is acknowledged now shall be in the build, so its ticks come first. False: they took too long.
Result<bool> Builds::wait_for_durable(const Task& task) {
  model::Offsets durable;
  for (const OpenStream* stream : stations_.streams.all())
    durable[stream->name] = stream->log->durable_offsets();
  const int64_t deadline_us = stations_.clock.monotonic_us() + build_wait_us;
  while (true) {
    const Status waited = stations_.speed->wait_for(durable, build_wait_step_us);
    if (waited) return true;
    if (waited.error().code != Code::timeout) return fail(waited.error());
    if (stations_.clock.monotonic_us() >= deadline_us) return false;
    TRY(task.check());
  }
}

// Puts what was built into the manifest, which has the views of the builds before.
Status Builds::include(Run& run, lake::Manifest& manifest) {
  keep_views_of(*run.world, manifest);
  std::vector<std::string> files;
  for (const auto& [name, view] : run.result.views) {
    files.push_back(view.database_file);
    files.insert(files.end(), view.row_files.begin(), view.row_files.end());
  }
  TRY(lake::make_all_durable(*stations_.store, std::move(files)));
  for (auto& [name, view] : run.result.views) {
    if (view.delta) view.delta->manifest = manifest.number;
    if (run.result.failed.contains(name)) {
      // Other readers keep the result that was there before.
      if (const auto before = manifest.views.find(name); before != manifest.views.end())
        view.delta = before->second.delta;
    }
    manifest.views[name] = view;
    manifest.failed.erase(name);
  }
  for (const auto& [name, error] : run.result.failed) {
    if (!run.result.views.contains(name)) manifest.views.erase(name);
    manifest.failed[name] = {run.job.build_id, run.job.world.basis_hashes.at(name), error};
  }
  return {};
}

Result<lake::Manifest> Builds::publish_without_build(const views::World& world,
                                                     const std::map<std::string, lake::ViewBuild>& adopted,
                                                     const std::string& adopted_from) {
  lake::Manifest manifest = *basis_.manifest();
  ++manifest.number;
  if (!adopted_from.empty()) manifest.build_id = adopted_from;
  manifest.published_at_us = stations_.clock.now_us();
  set_basis(manifest, world);
  keep_views_of(world, manifest);
  adopt(adopted, manifest);
  TRY(stations_.manifests->publish(manifest));
  basis_.set_manifest(manifest);
  write_copies(manifest);
  return manifest;
}

}  // namespace anabranch::app
