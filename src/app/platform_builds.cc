// The platform's builds: from the line in the log to the handover.
#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/platform.h"
#include "io/process.h"
#include "io/random.h"
#include "lake/data_file.h"
#include "lake/durable.h"
#include "model/names.h"
#include "sql/syntax.h"

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

}  // namespace

Error in_project(Error error, const io::Path& root) {
  const std::string folder = (root / "").string();
  for (std::string* text : {&error.message, &error.hint}) {
    for (size_t at = text->find(folder); at != std::string::npos; at = text->find(folder, at))
      text->erase(at, folder.size());
  }
  return error;
}

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

std::string Platform::build_id_of(int64_t now_us) {
  std::string id;
  for (const char c : io::to_iso8601(now_us / 1000 * 1000)) {
    if (c != '-' && c != ':') id += c;
  }
  return fmt::format("{}-{:04x}", id, static_cast<unsigned>(io::random_u64() & 0xffff));
}

std::vector<catalog::BuildWarning> Platform::warnings_of(const lake::Manifest& manifest) {
  std::vector<catalog::BuildWarning> warnings;
  for (const auto& [name, view] : manifest.failed) {
    if (view.build_id == manifest.build_id) warnings.push_back({name, view.error});
  }
  return warnings;
}

Status Platform::check_views(const std::vector<std::string>& views) const {
  const auto epoch = speed_->epochs().newest();
  for (const std::string& view : views) {
    if (!epoch->world->plan(view)) {
      return fail(Code::not_found, fmt::format("there is no view {}", view), "anabranch status lists them");
    }
  }
  return {};
}

// One build or apply at a time.
Result<std::string> Platform::begin_change(const std::string& stage) {
  Lock lock(mutex_);
  if (is_stopping_) return fail(Code::unavailable, "the server is stopping");
  if (running_)
    return fail(Code::conflict, fmt::format("build {} is running", running_->id),
                "wait until it is published");
  running_ = front::RunningBuild{build_id_of(clock_.now_us()), stage, 0, 0, clock_.now_us()};
  return running_->id;
}

void Platform::end_change() {
  {
    Lock lock(mutex_);
    running_.reset();
  }
  repin_if_due();
}

Result<std::string> Platform::build(const std::vector<std::string>& views, const std::string& reason) {
  TRY(check_views(views));
  const std::string id = TRY(begin_change("starting"));
  if (on_build_change_) on_build_change_();
  auto built = [&]() -> Result<std::string> {
    const auto task =
        TRY(tasks_->begin(id, "build", views.empty() ? "all views" : fmt::format("{} views", views.size()),
                          project_.settings.limits.build_timeout_ms, "build_timeout_ms"));
    Lock building(build_mutex_);
    return build_now({views, reason}, *task);
  }();
  end_change();
  if (on_build_change_) on_build_change_();
  return built;
}

Result<std::string> Platform::build_now(const BuildOrder& order, Task& task) {
  const std::vector<std::string>& views = order.views;
  batch::BuildJob job;
  {
    Lock lock(mutex_);
    job.build_id = running_->id;
  }
  const bool is_full = views.empty();
  std::vector<Error> left_out;
  std::shared_ptr<const views::World> world = order.world ? order.world : speed_->epochs().newest()->world;
  if (is_full) world = TRY(make_world(true, left_out));
  job.views = views;
  const bool is_late = !TRY(wait_for_durable(task));
  job.cutoff = TRY(speed_->begin_build());

  catalog::BuildStart start;
  start.id = job.build_id;
  start.reason = order.reason;
  start.views = views;
  if (is_full) {
    for (const views::Plan& plan : world->plans) {
      if (!plan.is_hidden) start.views.push_back(plan.view);
    }
  }
  start.cutoff = job.cutoff;
  start.started_at_us = clock_.now_us();
  job.work_folder = (data_folder_ / "serving" / (job.build_id + work_folder_ending)).string();
  job.threads = 2;
  job.world = *world;
  batch::BuildResult result;
  const auto attempt = [&]() -> Result<lake::Manifest> {
    TRY(catalog_->begin_build(start));
    {
      Lock lock(mutex_);
      running_->stage = "archive";
    }
    TRY(archiver_->archive(job.cutoff));
    const auto archives = TRY(archiver_->archives());
    for (const auto& [stream, archive] : archives) {
      for (const auto& partition : archive.partitions) job.archives[stream].push_back(partition.files);
    }
    TRY(task.check());
    return compute(job, order, result, task);
  };
  auto manifest = attempt();
  Status handed;  // of what has to be in force in the end
  catalog::BuildEnd end;
  if (manifest) {
    // Published: from here on nothing may undo it. Other readers' copies follow, and our own.
    {
      Lock lock(mutex_);
      manifest_ = *manifest;
    }
    const Status copies = copies_->write(*manifest);
    if (!copies)
      spdlog::error("Delta copies are behind the build and will be written at the next start: {}",
                    copies.error().describe());
    auto next = handover_of(*manifest, world, order.project);
    Status handed_over = next ? Status{} : Status(std::unexpected(next.error()));
    if (next) {
      for (const auto& [name, view] : result.views) next->rebuilt.push_back(name);
      handed_over = speed_->hand_over(std::move(*next));
    }
    if (!handed_over) {
      speed_->abandon_build();
      spdlog::error("build {} is published, but reads go on with the one before: {}", job.build_id,
                    handed_over.error().describe());
      if (order.world) handed = std::move(handed_over);
    }
    for (const auto& [table, version] : manifest->basis.tables) (void)write_delta_of(table);
    end.state = catalog::BuildState::published;
    end.rows = result.rows;
    end.warnings = warnings_of(*manifest);
    if (is_late)
      end.warnings.push_back({"", "ticks are behind the log: events that came last are not in this build"});
    for (const std::string& view : unwritten(job)) {
      end.warnings.push_back(
          {"", fmt::format("{} is not written for other readers: its result depends on the moment "
                           "(now(), random() and the like), so each read computes it",
                           view)});
    }
    for (const auto& warning : end.warnings)
      spdlog::warn("build {}: {} {}", job.build_id, warning.view, warning.message);
    end.peak_memory_bytes = static_cast<int64_t>(result.peak_memory_bytes);
    if (is_full) left_out_ = left_out;
    if (is_full) keep_project();
    forget_broken_builds(*manifest);
  } else {
    speed_->abandon_build();
    end.state = task.was_cancelled() ? catalog::BuildState::abandoned : catalog::BuildState::failed;
    end.error = in_project(manifest.error(), project_.root).describe();
    // Publishing can fail and yet have happened.
    const auto latest = manifests_->latest();
    if (latest && (!*latest || (*latest)->build_id != job.build_id)) {
      remove_copies(*store_, job.build_id);
      for (const auto& object :
           store_->list("serving/" + job.build_id).value_or(std::vector<lake::ObjectInfo>()))
        (void)store_->remove(object.key);
      (void)files_.remove_all(data_folder_ / "serving" / job.build_id);
      (void)files_.remove_all(job.work_folder);
    }
  }
  end.finished_at_us = clock_.now_us();
  (void)catalog_->finish_build(job.build_id, end);
  if (manifest) tidy();
  if (!handed) return fail(std::move(handed).error());
  if (!manifest) return fail(in_project(std::move(manifest).error(), project_.root));
  return job.build_id;
}

// What is acknowledged now shall be in the build, so its ticks come first. False: they took too long.
Result<bool> Platform::wait_for_durable(const Task& task) {
  model::Offsets durable;
  for (const OpenStream& stream : streams_) {
    if (!stream.name.empty()) durable[stream.name] = stream.log->durable_offsets();
  }
  const int64_t deadline_us = clock_.monotonic_us() + build_wait_us;
  while (true) {
    const Status waited = speed_->wait_for(durable, build_wait_step_us);
    if (waited) return true;
    if (waited.error().code != Code::timeout) return fail(waited.error());
    if (clock_.monotonic_us() >= deadline_us) return false;
    TRY(task.check());
  }
}

Result<lake::Manifest> Platform::compute(const batch::BuildJob& job, const BuildOrder& order,
                                         batch::BuildResult& result, Task& task) {
  const auto on_progress = [&](const batch::BuildProgress& progress) {
    {
      Lock lock(mutex_);
      if (running_) {
        running_->stage = progress.stage;
        running_->done = progress.done;
        running_->total = progress.total;
      }
    }
    if (on_build_progress_) on_build_progress_(progress);
  };
  auto computed = [&] {
    const Task::Killing killing(task, [&] { engine_->stop(); });
    return engine_->run(job, on_progress);
  }();
  TRY(task.check());
  result = TRY(std::move(computed));
  lake::Manifest manifest;
  {
    Lock lock(mutex_);
    if (is_stopping_) return fail(Code::cancelled, "the build was stopped");
    if (manifest_) manifest = *manifest_;
  }
  ++manifest.number;
  manifest.build_id = job.build_id;
  manifest.published_at_us = clock_.now_us();
  manifest.archived = job.cutoff;
  set_basis(manifest, job.world);
  TRY(include(job, result, manifest));
  adopt(order.adopted, manifest);
  TRY(manifests_->publish(manifest));
  return manifest;
}

void Platform::set_basis(lake::Manifest& manifest, const views::World& world) {
  manifest.basis = {};
  for (const auto& [name, table] : world.tables)
    manifest.basis.tables[model::name_in_layer(name)] = table.version;
  for (const auto& [name, schema] : world.schemas)
    manifest.basis.schemas[model::name_in_layer(name)] = schema.version;
}

void Platform::adopt(const std::map<std::string, lake::ViewBuild>& adopted, lake::Manifest& manifest) {
  for (auto [name, view] : adopted) {
    if (view.delta) view.delta->manifest = manifest.number;  // other readers go back, too
    manifest.views[name] = std::move(view);
    manifest.failed.erase(name);
  }
}

// Puts what was built into the manifest, which has the views of the builds before.
Status Platform::include(const batch::BuildJob& job, batch::BuildResult& result, lake::Manifest& manifest) {
  // Views that are no more are not carried over.
  std::erase_if(manifest.views, [&](const auto& entry) { return !job.world.plan(entry.first); });
  std::erase_if(manifest.failed, [&](const auto& entry) { return !job.world.plan(entry.first); });
  std::vector<std::string> files;
  for (const auto& [name, view] : result.views) {
    files.push_back(view.database_file);
    files.insert(files.end(), view.row_files.begin(), view.row_files.end());
  }
  TRY(lake::make_all_durable(*store_, std::move(files)));
  for (auto& [name, view] : result.views) {
    if (view.delta) view.delta->manifest = manifest.number;
    if (result.failed.contains(name)) {
      // Other readers keep the result that was there before.
      if (const auto before = manifest.views.find(name); before != manifest.views.end())
        view.delta = before->second.delta;
    }
    manifest.views[name] = view;
    manifest.failed.erase(name);
  }
  for (const auto& [name, error] : result.failed) {
    if (!result.views.contains(name)) manifest.views.erase(name);
    manifest.failed[name] = {job.build_id, job.world.basis_hashes.at(name), error};
  }
  return {};
}

}  // namespace anabranch::app
