#include "app/platform.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <set>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/child.h"
#include "app/plain_file.h"
#include "app/storage.h"
#include "app/stored_data.h"
#include "base/mistake.h"
#include "ingest/bulk_import.h"
#include "io/private_folder.h"
#include "io/process.h"
#include "io/random.h"
#include "model/names.h"
#include "serve/merged_read.h"
#include "sql/object_urls.h"
#include "sql/syntax.h"

namespace anabranch::app {
namespace {

constexpr auto keeper_interval = std::chrono::milliseconds(500);
constexpr int64_t tidy_interval_us = 600'000'000;
constexpr int64_t archive_step_events = 200'000;
constexpr int64_t archive_wait_min_us = 2'000'000;
constexpr int64_t archive_wait_max_us = 120'000'000;
constexpr uint64_t verify_memory_bytes_min = 256 << 20;  // less than this an engine can do little with
constexpr int64_t replay_events_per_ms = 100;            // a cautious guess of how fast a restart replays

// Rather than a mistake in a model itself.
bool is_of_absent(const Error& error) {
  return error.code == Code::not_found || error.code == Code::unavailable;
}

Error stream_fault(const std::string& name, const Error& error) {
  return {Code::unavailable,
          fmt::format("the stream bronze.{} cannot be read: {}", name, error.message),
          error.hint,
          {}};
}

}  // namespace

Platform::Platform(project::Project project, const Options& options)
    : Events(options.policy),
      Builds(options.policy),
      TableCopies(options.policy),
      project_(std::move(project)),
      options_(options),
      data_folder_(project_.root / project_.settings.data_folder),
      tasks_(std::make_unique<Tasks>(clock_)) {}

Platform::~Platform() { stop(); }

std::shared_ptr<const project::Project> Platform::project() const {
  Lock lock(mutex_);
  return running_project_;
}

Result<std::unique_ptr<Platform>> Platform::open(project::Project project, const Options& options) {
  std::unique_ptr<Platform> platform(new Platform(std::move(project), options));
  TRY(platform->open_data());
  return platform;
}

Status Platform::open_data() {
  started_at_us_ = clock_.now_us();
  {
    Lock lock(mutex_);
    running_project_ = std::make_shared<const project::Project>(project_);
    if (options_.texts) {
      texts_ = std::make_shared<const ProjectTexts>(*options_.texts);
    } else if (auto texts = read_project_texts(files_, project_.root)) {
      texts_ = std::make_shared<const ProjectTexts>(std::move(*texts));
    }
  }
  io::keep_files_private();
  program_ = options_.program.empty() ? TRY(io::own_program()) : options_.program;
  TRY(files_.create_folders(data_folder_ / "serving"));
  TRY(io::make_private(data_folder_));
  auto lock = files_.lock(data_folder_ / "lock", options_.owner);
  if (!lock) {
    if (lock.error().code != Code::conflict) return fail(std::move(lock).error());
    return fail(Code::conflict, lock.error().message, "stop it, or let this command go through it");
  }
  lock_ = std::move(*lock);
  TRY(remove_discarded(files_, data_folder_));
  TRY(files_.remove_all(data_folder_ / copy_folder_name));  // what a crash left
  catalog_ = TRY(readable_catalog());
  Slots slots = TRY(options_.open_slots ? options_.open_slots(project_.settings, slot_ground())
                                        : open_slots(project_.settings, slot_ground()));
  secrets_ = std::move(slots.secrets);
  store_ = std::move(slots.lake);
  engine_ = std::move(slots.batch_engine);
  open_log_ = std::move(slots.open_log);
  manifests_ = std::make_unique<lake::ManifestStore>(*store_);
  table_versions_ = std::make_unique<lake::TableVersions>(*store_, clock_);
  copies_ = std::make_unique<lake::DeltaCopies>(*store_, clock_);
  const auto manifest = TRY(readable_manifest());
  {
    Lock held(mutex_);
    manifest_ = manifest;
  }
  if (manifest && !manifest->build_id.empty()) {
    // A crash may have come between the manifest and the catalogue's word of it; mostly it has ended there
    // too.
    catalog::BuildEnd end;
    end.finished_at_us = manifest->published_at_us;
    for (const auto& [name, view] : manifest->views)
      end.rows += view.build_id == manifest->build_id ? view.rows : 0;
    end.warnings = warnings_of(*manifest);
    const Status ended = catalog_->finish_build(manifest->build_id, end);
    if (!ended && ended.error().code != Code::conflict && ended.error().code != Code::not_found) return ended;
  }
  for (const std::string& id : TRY(catalog_->abandon_running(clock_.now_us()))) {
    spdlog::warn("build {} was interrupted; nothing of it is visible", id);
    remove_copies(*store_, id);
  }
  auto opened = TRY(open_streams(open_log_, files_, clock_, data_folder_, project_, damaged_streams_));
  streams_.assign(std::make_move_iterator(opened.begin()), std::make_move_iterator(opened.end()));
  for (const auto& [name, error] : damaged_streams_)
    set_fault(model::bronze(name).text(), stream_fault(name, error));

  sql::Database::Options engine;
  engine.threads = 1;  // more make the slowest ticks slower; queries run side by side instead
  const project::Limits& limits = project_.settings.limits;
  engine.memory_bytes_max = limits.states_memory_bytes + limits.query_memory_bytes;
  engine.has_external_access = false;
  for (const char* folder : {"serving/", "log/"}) engine.allowed_folders.push_back(data_folder_ / folder);
  verify_folder_.emplace(TRY(sql::DatabaseFolder::in(data_folder_ / "serving")));
  engine.allowed_folders.push_back(verify_folder_->path() / "");
  database_ = TRY(sql::Database::open(engine));
  TRY(sql::give_objects(*database_, *store_, {"serving/", "lake/"}));
  tables_ = std::make_unique<Tables>(*table_versions_, *store_, *database_, limits.tables_memory());
  std::vector<history::Stream> streams;
  for (const OpenStream& open : streams_) streams.push_back(open.stream());
  history_ = std::make_unique<history::History>(*database_, std::move(streams));
  archiver_ = std::make_unique<history::Archiver>(*store_, *database_, *history_, clock_);
  return {};
}

// ---- worlds ----

Result<std::shared_ptr<const views::World>> Platform::make_world(bool is_newest,
                                                                 std::vector<Error>& left_out) {
  std::vector<Error> problems;
  auto world = TRY(make_world(WorldSource{project(), is_newest, {}, {}}, problems));
  // Models may be written for fields that a stream's file says and the stream cannot have.
  const bool is_refused = std::any_of(streams_.begin(), streams_.end(),
                                      [](const OpenStream& stream) { return !stream.refused.empty(); });
  // A build is asked for by somebody who can mend a model; a start and a handover go on without it.
  for (const Error& error : problems) {
    if (is_newest && !is_refused && !is_of_absent(error)) return fail(error);
  }
  left_out = std::move(problems);
  return world;
}

// What events have brought since the newest build waits for the next one; so does what the streams' files
// have added, unless a model reads it.
std::map<std::string, model::Schema> Platform::schemas_of(const WorldSource& source) const {
  std::map<std::string, uint32_t> pins;
  {
    Lock lock(mutex_);
    if (manifest_ && !source.is_newest) pins = manifest_->basis.schemas;
  }
  std::map<std::string, model::Schema> schemas;
  for (const auto& [name, schema] : source.schemas) schemas[model::bronze(name).text()] = schema;
  for (const OpenStream& stream : streams_) {
    if (!source.project->find_stream(stream.name) || source.schemas.contains(stream.name)) continue;
    const auto pin = pins.find(stream.name);
    auto schema = stream.schemas->latest();
    if (auto pinned = pin == pins.end() ? schema : stream.schemas->get(pin->second); !pinned) {
      // Another basis: what was built under the pinned one is computed anew.
      spdlog::warn("{}: its newest fields are read: {}", stream.name, pinned.error().describe());
    } else if (ingest::reads_alike(**pinned, *schema)) {
      schema = *pinned;
    }
    schemas[model::bronze(stream.name).text()] = *schema;
  }
  return schemas;
}

// Called when starting, and then under build_mutex_ only.
Result<std::shared_ptr<const views::World>> Platform::make_world(const WorldSource& source,
                                                                 std::vector<Error>& problems) {
  const project::Project& project = *source.project;
  std::map<std::string, int64_t> table_pins;
  {
    Lock lock(mutex_);
    if (manifest_ && !source.is_newest) table_pins = manifest_->basis.tables;
  }
  for (const std::string& table : source.newest) table_pins.erase(table);
  const auto pinned = schemas_of(source);
  std::vector<std::string> names;
  for (const project::SourceFile& file : project.sources) {
    for (const project::TableFile& table : file.tables) names.push_back(table.name);
  }
  auto [tables, absent] = tables_->choose(names, table_pins);
  for (const auto& [name, error] : damaged_streams_) {
    if (project.find_stream(name)) absent[model::bronze(name).text()] = stream_fault(name, error);
  }
  std::map<std::string, std::string> why_absent;
  for (auto& [name, error] : absent) {
    error = in_project(std::move(error), project_.root);
    why_absent[name] = error.message;
  }
  if (!made_.world || made_.project != source.project || made_.schemas != pinned || made_.tables != tables ||
      made_.absent != why_absent) {
    std::vector<views::ModelSource> models;
    for (const project::Model& model : project.models)
      models.push_back({model.name, model.sql, model.file, model.is_materialized, model.select});
    auto made = views::make_world(models, pinned, tables, absent);
    if (std::any_of(made.errors.begin(), made.errors.end(),
                    [](const Error& error) { return !is_of_absent(error); })) {
      WorldSource newest = source;
      newest.is_newest = true;
      if (const auto schemas = schemas_of(newest); schemas != pinned)
        made = views::make_world(models, schemas, tables, absent);
    }
    made_ = {source.project,
             pinned,
             tables,
             why_absent,
             std::move(made.errors),
             std::make_shared<const views::World>(std::move(made.world))};
  }
  problems = made_.left_out;
  return made_.world;
}

// A manifest as the speed layer takes it; builds that were made under another plan or basis are left out, so
// that those views are computed from the log until the next build.
Result<speed::Handover> Platform::handover_of(const lake::Manifest& manifest,
                                              std::shared_ptr<const views::World> world,
                                              const std::shared_ptr<const project::Project>& project) {
  speed::Handover next;
  auto loaded = TRY(tables_->load(*world));
  while (!loaded) {  // under the same pins, but with a table less, or read where it lies
    world = TRY(make_world(WorldSource{project ? project : this->project(), false, {}, {}}, left_out_));
    loaded = TRY(tables_->load(*world));
  }
  next.pinned_tables = std::move(*loaded);
  if (!broken_builds_.contains(manifest.build_id)) next.build_id = manifest.build_id;
  next.archives = readable_archives();
  for (const auto& [name, view] : manifest.views) {
    const auto hash = world->basis_hashes.find(name);
    if (hash == world->basis_hashes.end() || broken_builds_.contains(view.build_id)) continue;
    if (hash->second != view.plan_hash && !is_planted("builds of older plans are used")) continue;
    speed::BuiltView built;
    built.build_id = view.build_id;
    built.database = "build_" + view.build_id;
    for (const std::string& file : view.row_files) built.row_files.push_back(sql::object_url(file));
    for (const auto& [part, rows] : view.part_rows) {
      if (part.ends_with(views::summary_suffix)) built.summaries.insert(part);
    }
    built.cutoff = view.cutoff;
    built.rows = view.rows;
    next.build_files[built.database] = sql::object_url(view.database_file);
    next.built[name] = std::move(built);
  }
  for (const auto& [name, view] : manifest.failed) {
    const auto hash = world->basis_hashes.find(name);
    const bool is_same = hash != world->basis_hashes.end() && hash->second == view.plan_hash;
    if (is_same && !manifest.views.contains(name)) next.unmaintained[name] = view.error;
  }
  next.world = std::move(world);
  Lock lock(mutex_);
  for (const auto& [stream, archive] : next.archives)
    archived_[model::name_in_layer(stream)] = archive.ends();
  return next;
}

// ---- start and stop ----

Status Platform::start() {
  const auto world = TRY(make_world(false, left_out_));
  lake::Manifest manifest;
  {
    Lock lock(mutex_);
    if (manifest_) manifest = *manifest_;
  }
  if (const auto kept = manifests_->history(project_.settings.retention.builds))
    (void)remove_old_builds(*kept);  // what a crash left; tidy() tells of what is in its way
  find_broken_builds(manifest);
  bring_copies_up_to(manifest);  // a crash may have come in between

  speed::SpeedLayer::Options speed_options = options_.speed;
  speed_options.slice_folder = data_folder_ / "serving" / slice_folder_name;
  speed_ = TRY(speed::SpeedLayer::create(*database_, history_->streams(), clock_, speed_options));
  for (const OpenStream& stream : streams_) stream.log->on_durable([this] { speed_->wake(); });
  TRY(speed_->start(TRY(handover_of(manifest, world)), options_.on_replay));
  serve::QueryService::Options limits;
  limits.timeout_us = static_cast<int64_t>(project_.settings.limits.query_timeout_ms) * 1000;
  limits.queries_max = project_.settings.limits.queries_max;
  limits.answer_bytes_max = project_.settings.limits.answer_bytes_max;
  limits.answer_folder = data_folder_ / "serving" / answer_folder_name;
  limits.policy = options_.policy;
  queries_ = TRY(serve::QueryService::create(*database_, *history_, *speed_, clock_, limits));
  reads_ = std::make_unique<serve::EngineReads>(*queries_, *speed_, *database_);
  quality::Verifier::Options verify;
  verify.folder = verify_folder_->path() / verify_folder_name;
  if (!options_.verifies_in_process) verify.program = program_;
  verify.sources = verify_sources(project_);
  verify.plain_file = [this](const std::string& url, const io::Path& folder) {
    return plain_file(*store_, url, folder);
  };
  verify.memory_bytes_max = std::max(verify_memory_bytes_min, project_.settings.limits.query_memory_bytes);
  verify.timeout_us = static_cast<int64_t>(project_.settings.limits.verify_timeout_ms) * 1000;
  verifier_ = TRY(quality::Verifier::create(*queries_, *database_, clock_, std::move(verify)));
  TRY(database_->lock_configuration());
  if (options_.builds_by_itself) keep_project();  // else a build or an apply does
  is_ready_ = true;
  speed_->wake();
  if (options_.builds_by_itself) {
    keeper_ = std::thread([this] { keep(); });
    event_sources_ = std::make_unique<EventSources>(*this, slot_ground());
  }
  return {};
}

void Platform::stop() {
  {
    Lock lock(mutex_);
    is_stopping_ = true;
    stopping_.notify_all();
  }
  tasks_->stop();
  if (engine_) engine_->stop();
  if (verifier_) verifier_->stop();
  io::kill_all_processes();
  if (keeper_.joinable()) keeper_.join();
  event_sources_.reset();  // what it gives to a log is answered first
  {
    Lock lock(build_mutex_);  // a build that was running ends as abandoned before its stations go
  }
  for (OpenStream& stream : streams_) {
    if (stream.log) stream.log->close();
  }
  if (speed_) speed_->stop();
}

// Archives in the background and starts builds when there is too much after the last one.
void Platform::keep() {
  int64_t tidy_after_us = 0;
  int64_t archive_after_us = 0;
  int64_t archive_wait_us = 0;  // after a failure; longer after each that follows
  while (true) {
    {
      Lock lock(mutex_);
      if (!is_stopping_) lock.wait_for(stopping_, keeper_interval);
      if (is_stopping_) return;
      if (running_) continue;
    }
    const auto applied = speed_->applied();
    int64_t unarchived = 0;
    const auto archived = this->archived();
    for (const auto& [stream, offsets] : applied) {
      const auto done = archived.find(stream);
      unarchived +=
          model::event_count(offsets) - (done == archived.end() ? 0 : model::event_count(done->second));
    }
    const auto stats = speed_->stats();
    const project::BuildSettings when = project()->settings.build;
    const bool are_many =
        when.auto_events > 0 && stats.slice_events >= static_cast<int64_t>(when.auto_events);
    const bool is_replay_long = when.auto_replay_ms > 0 && stats.slice_events / replay_events_per_ms >=
                                                               static_cast<int64_t>(when.auto_replay_ms);
    if (are_many || is_replay_long) {
      if (const auto built = build({}, "events since the last build"); !built) {
        spdlog::error("a build that started by itself failed: {}", built.error().describe());
        Lock lock(mutex_);
        if (!is_stopping_) lock.wait_for(stopping_, std::chrono::seconds(30));
      }
    } else if (clock_.monotonic_us() >= tidy_after_us) {
      tidy_after_us = clock_.monotonic_us() + tidy_interval_us;
      {
        Lock building(build_mutex_);
        tidy();
      }
      repin_if_due();
    } else if (unarchived >= archive_step_events && clock_.monotonic_us() >= archive_after_us) {
      Status archiving;
      {
        Lock building(build_mutex_);
        archiving = archiver_->archive(applied);
        if (archiving) use_archives();
      }
      repin_if_due();
      if (!archiving) {
        archive_wait_us = std::clamp(2 * archive_wait_us, archive_wait_min_us, archive_wait_max_us);
        archive_after_us = clock_.monotonic_us() + archive_wait_us;
        spdlog::warn("events could not be archived, and this is tried again in {} s: {}",
                     archive_wait_us / 1'000'000, archiving.error().describe());
        continue;
      }
      archive_wait_us = 0;
    }
  }
}

// What is read from now on. Under build_mutex_: a stream may go meanwhile.
void Platform::use_archives() {
  auto archives = readable_archives();
  {
    Lock lock(mutex_);
    for (const auto& [stream, archive] : archives) archived_[model::name_in_layer(stream)] = archive.ends();
  }
  (void)speed_->set_archives(std::move(archives));
}

// ---- tables ----

std::vector<front::TableInfo> Platform::table_infos() {
  std::map<std::string, views::PinnedTable> pinned;
  if (speed_ && is_ready_) pinned = speed_->epochs().newest()->world->tables;
  std::vector<front::TableInfo> all;
  const auto project = this->project();
  for (const project::SourceFile& source : project->sources) {
    for (const project::TableFile& table : source.tables) {
      front::TableInfo info;
      info.name = table.name;
      if (const auto latest = table_versions_->latest(table.name); latest && *latest) {
        info.version = (*latest)->version;
        info.rows = (*latest)->file.rows;
        info.copied_at_us = (*latest)->copied_at_us;
      }
      if (const auto pin = pinned.find(model::bronze(table.name).text()); pin != pinned.end()) {
        info.pinned_version = pin->second.version;
        info.is_in_place = pin->second.is_in_place;
      }
      all.push_back(std::move(info));
    }
  }
  return all;
}

// ---- events ----

ingest::Ingestor* Platform::stream(const std::string& name) {
  if (!project()->find_stream(name)) return nullptr;  // also one that is open still
  OpenStream* open = find_open(name);
  return open ? open->ingestor.get() : nullptr;
}

std::vector<std::string> Platform::stream_names() const {
  std::vector<std::string> names;
  const auto project = this->project();
  Lock lock(streams_mutex_);
  for (const OpenStream& stream : streams_) {
    if (project->find_stream(stream.name)) names.push_back(stream.name);
  }
  return names;
}

Status Platform::may_ingest() const {
  if (!is_ready_) return {};
  const auto stats = speed_->stats();
  if (stats.failure)
    return fail(Code::unavailable, "events cannot be read back from the log",
                "see the server's log, then restart it");
  const auto limit = static_cast<int64_t>(project()->settings.build.ingest_limit_events);
  if (limit > 0 && stats.slice_events >= limit) {
    return fail(Code::overloaded, fmt::format("{} events wait for a build", stats.slice_events),
                "try again when the build that is running is done");
  }
  return {};
}

Result<ingest::Accepted> Platform::ingest_file(const std::string& name, const std::string& path,
                                               const std::optional<ingest::Sender>& sender,
                                               std::optional<model::Partition> partition) {
  ingest::Ingestor* ingestor = stream(name);
  if (!ingestor) return fail(Code::not_found, fmt::format("there is no stream {}", name));
  TRY(check_readable(files_, path));
  const auto task = TRY(tasks_->begin(build_id_of(clock_.now_us()), "import", name,
                                      project_.settings.limits.copy_timeout_ms, "copy_timeout_ms"));
  return ingestor->accept_file(
      path, data_folder_ / "log" / name, sender,
      [&](const ingest::BulkImportJob& job) -> Result<ingest::BulkImportResult> {
        return ingest::BulkImportResult::from_json(
            TRY(run_in_child(program_, "import", job.to_json(), *task)));
      },
      partition);
}

// ---- what is asked ----

model::Offsets Platform::archived() const {
  Lock lock(mutex_);
  return archived_;
}

std::vector<front::ModelInfo> Platform::models() const {
  std::vector<front::ModelInfo> all;
  const auto project = this->project();
  for (const project::Model& model : project->models) {
    all.push_back({model.name, model.layer == project::Layer::gold ? "gold" : "silver", model.file, model.sql,
                   model.description});
  }
  return all;
}

std::optional<front::PublishedBuild> Platform::published_build() const {
  Lock lock(mutex_);
  if (!manifest_ || manifest_->build_id.empty()) return std::nullopt;
  front::PublishedBuild build{manifest_->build_id, {}, manifest_->published_at_us};
  for (const auto& [name, view] : manifest_->views) {
    if (view.build_id != manifest_->build_id) continue;
    for (const auto& [stream, offsets] : view.cutoff) build.cutoff[stream] = offsets;
  }
  return build;
}

std::vector<front::RunningTask> Platform::tasks() const { return tasks_->list(); }

Status Platform::cancel(const std::string& task) { return tasks_->cancel(task); }

std::optional<front::RunningBuild> Platform::running_build() const {
  Lock lock(mutex_);
  return running_;
}

Result<std::vector<quality::Verdict>> Platform::verify(const quality::Verifier::Request& request) {
  using Outcome = quality::Verdict::Outcome;
  // Its limit is the verifier's, which counts from its turn on.
  const auto task =
      TRY(tasks_->begin(build_id_of(clock_.now_us()), "verify", fmt::format("{} views", request.views.size()),
                        project_.settings.limits.verify_timeout_ms, "verify_timeout_ms"));
  quality::Verifier::Request cancellable = request;
  cancellable.is_cancelled = [&] {
    return task->was_cancelled() || (request.is_cancelled && request.is_cancelled());
  };
  auto verdicts = verifier_->verify(cancellable);
  if (!verdicts && verdicts.error().code == Code::cancelled && task->was_cancelled()) TRY(task->check());
  if (!verdicts) {
    const Code code = verdicts.error().code;
    if (code == Code::not_found || code == Code::cancelled) return verdicts;
  }
  for (size_t i = 0; i < request.views.size(); ++i) {
    catalog::VerdictRecord record;
    record.view = request.views[i];
    record.at_us = clock_.now_us();
    if (verdicts) {
      const quality::Verdict& verdict = (*verdicts)[i];
      record.result = verdict.outcome == Outcome::equal       ? catalog::VerdictRecord::Result::equal
                      : verdict.outcome == Outcome::different ? catalog::VerdictRecord::Result::different
                                                              : catalog::VerdictRecord::Result::failed;
      record.rows = verdict.rows;
      record.offsets = verdict.offsets;
      record.elapsed_ms = verdict.elapsed_us / 1000;
      record.note = verdict.note;
      record.definition = verdict.definition;
      record.source = verdict.source;
      record.sample = verdict.sample;
    } else {
      record.result = catalog::VerdictRecord::Result::failed;
      record.note = verdicts.error().describe();
    }
    TRY(catalog_->record_verdict(record));
  }
  return verdicts;
}

}  // namespace anabranch::app
