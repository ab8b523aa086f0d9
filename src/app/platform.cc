#include "app/platform.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <set>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/child.h"
#include "base/mistake.h"
#include "batch/child_engine.h"
#include "ingest/bulk_import.h"
#include "ingest/table_copy.h"
#include "io/private_folder.h"
#include "io/process.h"
#include "io/random.h"
#include "lake/delta_copies.h"
#include "project/data_files.h"
#include "serve/merged_read.h"
#include "sql/parquet_relation.h"
#include "sql/syntax.h"

namespace anabranch::app {
namespace {

constexpr auto keeper_interval = std::chrono::milliseconds(500);
constexpr int64_t archive_step_events = 200'000;
constexpr int64_t archive_wait_min_us = 2'000'000;
constexpr int64_t archive_wait_max_us = 120'000'000;
constexpr uint64_t states_memory_bytes = uint64_t{1}
                                         << 30;  // for slices and pinned tables, beside what queries may take
constexpr int64_t replay_events_per_ms = 100;    // a cautious guess of how fast a restart replays

std::string memory_table(const std::string& table, int64_t version) {
  return fmt::format("table_{}_v{}", table, version);
}

// What others name is looked at here first: a child that opens a pipe or a device would wait for ever.
Status check_readable(io::FileSystem& files, const io::Path& path) {
  const auto file = files.open(path, io::FileSystem::Open::read);
  if (file) return {};
  return fail(Code::bad_input, file.error().message, "name a file that the server may read");
}

}  // namespace

Platform::Platform(project::Project project, const Options& options)
    : project_(std::move(project)),
      options_(options),
      data_folder_(project_.root / project_.settings.data_folder) {}

Platform::~Platform() { stop(); }

Result<std::unique_ptr<Platform>> Platform::open(project::Project project, const Options& options) {
  std::unique_ptr<Platform> platform(new Platform(std::move(project), options));
  TRY(platform->open_data());
  return platform;
}

Status Platform::open_data() {
  started_at_us_ = clock_.now_us();
  io::keep_files_private();
  program_ = options_.program.empty() ? TRY(io::own_program()) : options_.program;
  TRY(files_.create_folders(data_folder_ / "serving"));
  TRY(files_.create_folders(data_folder_ / "lake" / "bronze"));
  TRY(io::make_private(data_folder_));
  auto lock = files_.lock(data_folder_ / "lock", options_.owner);
  if (!lock) {
    if (lock.error().code != Code::conflict) return fail(std::move(lock).error());
    return fail(Code::conflict, lock.error().message, "stop it, or let this command go through it");
  }
  lock_ = std::move(*lock);
  catalog_ = TRY(catalog::Catalog::open(files_, data_folder_ / "catalog.db"));
  store_ = std::make_unique<lake::LocalStore>(files_, data_folder_);
  manifests_ = std::make_unique<lake::ManifestStore>(*store_);
  table_versions_ = std::make_unique<lake::TableVersions>(*store_, clock_);
  const auto manifest = TRY(manifests_->latest());
  {
    Lock held(mutex_);
    manifest_ = manifest;
  }
  if (manifest) {
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
    remove_copies(files_, data_folder_, id);
  }
  streams_ = TRY(open_streams(files_, clock_, data_folder_, project_));

  sql::Database::Options engine;
  engine.threads = 1;  // more make the slowest ticks slower; queries run side by side instead
  engine.memory_bytes_max = states_memory_bytes + project_.settings.limits.query_memory_bytes;
  engine.has_external_access = false;
  for (const char* folder : {"serving/", "log/", "lake/"})
    engine.allowed_folders.push_back(data_folder_ / folder);
  verify_folder_.emplace(TRY(sql::DatabaseFolder::in(data_folder_ / "serving")));
  engine.allowed_folders.push_back(verify_folder_->path() / "");
  database_ = TRY(sql::Database::open(engine));
  std::vector<history::Stream> streams;
  for (const OpenStream& open : streams_) streams.push_back(open.stream());
  history_ = std::make_unique<history::History>(*database_, std::move(streams));
  archiver_ = std::make_unique<history::Archiver>(*store_, *database_, *history_, clock_);
  engine_ = std::make_unique<batch::ChildEngine>(program_, std::vector<std::string>{"child", "build"});
  return {};
}

// ---- worlds ----

Result<std::map<std::string, views::TableVersion>> Platform::pinned_tables(bool is_newest) {
  std::map<std::string, int64_t> pins;
  {
    Lock lock(mutex_);
    if (manifest_ && !is_newest) pins = manifest_->basis.tables;
  }
  std::map<std::string, views::TableVersion> tables;
  for (const project::SourceFile& source : project_.sources) {
    for (const project::TableFile& table : source.tables) {
      const auto latest = TRY(table_versions_->latest(table.name));
      if (!latest) continue;
      const auto pin = pins.find(table.name);
      const auto version = pin == pins.end() ? *latest : TRY(table_versions_->get(table.name, pin->second));
      const std::string name = "bronze." + table.name;
      tables[name] = {name, version.version, store_->local_path(version.file_key()), version.columns,
                      version.file.rows};
    }
  }
  return tables;
}

// What events have brought since the newest build waits for the next one; so does what the streams' files
// have added, unless a model reads it.
Result<std::map<std::string, model::Schema>> Platform::pinned_schemas(bool is_newest) const {
  std::map<std::string, uint32_t> pins;
  {
    Lock lock(mutex_);
    if (manifest_ && !is_newest) pins = manifest_->basis.schemas;
  }
  std::map<std::string, model::Schema> schemas;
  for (const OpenStream& stream : streams_) {
    const auto pin = pins.find(stream.name);
    auto schema = stream.schemas->latest();
    if (pin != pins.end()) {
      const auto pinned = TRY(stream.schemas->get(pin->second));
      if (ingest::reads_alike(*pinned, *schema)) schema = pinned;
    }
    schemas["bronze." + stream.name] = *schema;
  }
  return schemas;
}

// Called when starting, and then under build_mutex_ only.
Result<std::shared_ptr<const views::World>> Platform::make_world(bool is_newest,
                                                                 std::vector<Error>& left_out) {
  auto schemas = TRY(pinned_schemas(is_newest));
  const auto tables = TRY(pinned_tables(is_newest));
  std::vector<std::string> missing;
  for (const project::SourceFile& source : project_.sources) {
    for (const project::TableFile& table : source.tables) {
      if (!tables.contains("bronze." + table.name)) missing.push_back("bronze." + table.name);
    }
  }
  if (made_.world && made_.schemas == schemas && made_.tables == tables && made_.missing_tables == missing) {
    left_out = made_.left_out;
    return made_.world;
  }
  std::vector<views::ModelSource> models;
  for (const project::Model& model : project_.models)
    models.push_back({model.name, model.sql, model.file, model.is_materialized, model.select});
  auto made = views::make_world(models, schemas, tables, missing);
  const auto is_mistake = [](const Error& error) { return error.code != Code::not_found; };
  if (std::any_of(made.errors.begin(), made.errors.end(), is_mistake)) {
    const auto newest = TRY(pinned_schemas(true));
    if (newest != schemas) made = views::make_world(models, newest, tables, missing);
    schemas = newest;
  }
  // Models may be written for fields that a stream's file says and the stream cannot have.
  const bool is_refused = std::any_of(streams_.begin(), streams_.end(),
                                      [](const OpenStream& stream) { return !stream.refused.empty(); });
  for (Error& error : made.errors) {
    if (is_mistake(error) && !is_refused) return fail(std::move(error));
    left_out.push_back(std::move(error));
  }
  made_ = {schemas, tables, missing, left_out, std::make_shared<const views::World>(std::move(made.world))};
  return made_.world;
}

Result<std::map<std::string, std::string>> Platform::load_tables(const views::World& world) {
  std::map<std::string, std::string> names;
  auto session = TRY(database_->connect());
  for (const auto& [name, table] : world.tables) {
    const std::string memory = memory_table(name.substr(name.find('.') + 1), table.version);
    TRY(session.run(fmt::format("CREATE TABLE IF NOT EXISTS {} AS FROM {}", sql::quote_identifier(memory),
                                sql::table_file_relation(table.file, table.columns, views::row_column))));
    names[name] = memory;
  }
  return names;
}

// A manifest as the speed layer takes it; builds that were made under another plan or basis are left out, so
// that those views are computed from the log until the next build.
Result<speed::Handover> Platform::handover_of(const lake::Manifest& manifest,
                                              std::shared_ptr<const views::World> world) {
  speed::Handover next;
  next.pinned_tables = TRY(load_tables(*world));
  next.build_id = manifest.build_id;
  next.archives = TRY(archiver_->archives());
  for (const auto& [name, view] : manifest.views) {
    const auto hash = world->basis_hashes.find(name);
    if (hash == world->basis_hashes.end()) continue;
    if (hash->second != view.plan_hash && !is_planted("builds of older plans are used")) continue;
    speed::BuiltView built;
    built.build_id = view.build_id;
    built.database = "build_" + view.build_id;
    for (const std::string& file : view.row_files) built.row_files.push_back((data_folder_ / file).string());
    for (const auto& [part, rows] : view.part_rows) {
      if (part.ends_with(views::summary_suffix)) built.summaries.insert(part);
    }
    built.cutoff = view.cutoff;
    built.rows = view.rows;
    next.build_files[built.database] = (data_folder_ / view.database_file).string();
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
    archived_[stream.substr(stream.find('.') + 1)] = {archive.end};
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
  remove_old_builds(manifest);
  if (manifest.number > 0)
    TRY(lake::write_delta_copies(*store_, manifest, clock_));  // a crash may have come in between
  for (const auto& [table, version] : manifest.basis.tables) TRY(table_versions_->write_delta(table));

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
  queries_ = TRY(serve::QueryService::create(*database_, *history_, *speed_, clock_, limits));
  quality::Verifier::Options verify;
  verify.folder = verify_folder_->path() / verify_folder_name;
  if (!options_.verifies_in_process) verify.program = program_;
  for (const project::Model& model : project_.models) verify.models[model.name] = model.sql;
  for (const OpenStream& stream : streams_) verify.streams[stream.name] = data_folder_ / "log" / stream.name;
  verify.memory_bytes_max = project_.settings.limits.query_memory_bytes;
  verifier_ = TRY(quality::Verifier::create(*queries_, *database_, clock_, std::move(verify)));
  TRY(database_->lock_configuration());
  is_ready_ = true;
  speed_->wake();
  if (options_.builds_by_itself) keeper_ = std::thread([this] { keep(); });
  return {};
}

void Platform::stop() {
  {
    Lock lock(mutex_);
    is_stopping_ = true;
    stopping_.notify_all();
  }
  if (engine_) engine_->stop();
  if (verifier_) verifier_->stop();
  io::kill_all_processes();  // copies and imports
  if (keeper_.joinable()) keeper_.join();
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
      unarchived += offsets[0] - (done == archived.end() ? 0 : done->second[0]);
    }
    const auto stats = speed_->stats();
    const auto& when = project_.settings.build;
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
    } else if (unarchived >= archive_step_events && clock_.monotonic_us() >= archive_after_us) {
      Lock building(build_mutex_);
      const Status archiving = archiver_->archive(applied);
      auto archives = archiver_->archives();
      if (!archiving || !archives) {
        archive_wait_us = std::clamp(2 * archive_wait_us, archive_wait_min_us, archive_wait_max_us);
        archive_after_us = clock_.monotonic_us() + archive_wait_us;
        spdlog::warn("events could not be archived, and this is tried again in {} s: {}",
                     archive_wait_us / 1'000'000,
                     (archiving ? archives.error() : archiving.error()).describe());
        continue;
      }
      archive_wait_us = 0;
      {
        Lock lock(mutex_);
        for (const auto& [stream, archive] : *archives)
          archived_[stream.substr(stream.find('.') + 1)] = {archive.end};
      }
      (void)speed_->set_archives(std::move(*archives));
    }
  }
}

// ---- tables ----

Result<std::vector<front::TableCopied>> Platform::copy(const std::vector<std::string>& sources) {
  for (const std::string& name : sources) {
    const bool is_known = std::any_of(project_.sources.begin(), project_.sources.end(),
                                      [&](const auto& source) { return source.name == name; });
    if (!is_known)
      return fail(Code::not_found, fmt::format("there is no source {}", name), "see the files in sources/");
  }
  Lock building(build_mutex_);
  {
    Lock lock(mutex_);
    if (is_stopping_) return fail(Code::unavailable, "the server is stopping");
  }
  std::vector<front::TableCopied> copied;
  bool is_first = false;
  for (const project::SourceFile& source : project_.sources) {
    if (!sources.empty() && std::find(sources.begin(), sources.end(), source.name) == sources.end()) continue;
    for (const project::TableFile& table : source.tables) {
      const auto before = TRY(table_versions_->latest(table.name));
      is_first = is_first || !before;
      ingest::TableCopyJob job;
      job.table = table.name;
      for (const std::string& path : table.paths) {
        const auto found = TRY(project::matching_files(files_, project_.root, path));
        if (found.empty()) {
          return fail(Code::not_found, fmt::format("table {}: no file matches '{}'", table.name, path),
                      "paths are relative to the folder of anabranch.yml");
        }
        for (const io::Path& file : found) {
          if (Status readable = check_readable(files_, file); !readable)
            return fail(in_project(std::move(readable).error(), project_.root));
          job.paths.push_back(file.string());
        }
      }
      job.format = table.format == project::FileFormat::csv    ? "csv"
                   : table.format == project::FileFormat::json ? "json"
                                                               : "parquet";
      job.delimiter = table.csv.delimiter;
      job.has_header = table.csv.header;
      job.null_text = table.csv.null_text;
      job.root = project_.root.string();
      for (const auto& column : table.columns)
        job.columns.push_back({column.name, column.from, column.type ? column.type->to_sql() : ""});
      const std::string file = lake::data_file_name(build_id_of(clock_.now_us()), 0);
      const std::string key = lake::table_file_key(table.name, file);
      TRY(store_->prepare(key));
      job.target = store_->local_path(key);
      auto answer = run_in_child(program_, "copy", job.to_json());
      if (!answer) return fail(in_project(std::move(answer).error(), project_.root));
      const auto result = TRY(ingest::TableCopyResult::from_json(*answer));
      lake::TableVersion version;
      const int64_t bytes = TRY(store_->make_durable(key));
      version.file = {file, bytes, result.rows};
      version.columns = result.columns;
      version.content_hash = result.content_hash;
      const auto added = TRY(table_versions_->add(table.name, version));
      const bool has_changed = !before || added.version != before->version;
      if (!has_changed) TRY(store_->remove(key));
      TRY(table_versions_->write_delta(table.name));
      if (has_changed)
        TRY(catalog_->record_copy(
            {table.name, added.version, added.file.rows, clock_.now_us(), source.name}));
      copied.push_back({table.name, added.version, added.file.rows, has_changed});
    }
  }
  // Before the first build, the first copy is what gets pinned.
  if (is_first && is_ready_) TRY(repin_after_copy());
  return copied;
}

// A table that nobody had copied is there now: views that read it come to life, under the pins that there
// are.
Status Platform::repin_after_copy() {
  std::vector<Error> left_out;
  const auto world = TRY(make_world(false, left_out));
  lake::Manifest manifest;
  {
    Lock lock(mutex_);
    if (manifest_) manifest = *manifest_;
  }
  left_out_ = std::move(left_out);
  return speed_->hand_over(TRY(handover_of(manifest, world)));
}

std::vector<front::TableInfo> Platform::tables() {
  std::map<std::string, int64_t> pinned;
  if (speed_ && is_ready_) {
    for (const auto& [name, table] : speed_->epochs().newest()->world->tables)
      pinned[name.substr(name.find('.') + 1)] = table.version;
  }
  std::vector<front::TableInfo> all;
  for (const project::SourceFile& source : project_.sources) {
    for (const project::TableFile& table : source.tables) {
      front::TableInfo info;
      info.name = table.name;
      if (const auto latest = table_versions_->latest(table.name); latest && *latest) {
        info.version = (*latest)->version;
        info.rows = (*latest)->file.rows;
        info.copied_at_us = (*latest)->copied_at_us;
      }
      if (const auto pin = pinned.find(table.name); pin != pinned.end()) info.pinned_version = pin->second;
      all.push_back(std::move(info));
    }
  }
  return all;
}

// ---- events ----

ingest::Ingestor* Platform::stream(const std::string& name) {
  for (OpenStream& stream : streams_) {
    if (stream.name == name) return stream.ingestor.get();
  }
  return nullptr;
}

std::vector<std::string> Platform::stream_names() const {
  std::vector<std::string> names;
  for (const OpenStream& stream : streams_) names.push_back(stream.name);
  return names;
}

Status Platform::may_ingest() const {
  if (!is_ready_) return {};
  const auto stats = speed_->stats();
  if (stats.failure)
    return fail(Code::unavailable, "events cannot be read back from the log",
                "see the server's log, then restart it");
  const auto limit = static_cast<int64_t>(project_.settings.build.ingest_limit_events);
  if (limit > 0 && stats.slice_events >= limit) {
    return fail(Code::overloaded, fmt::format("{} events wait for a build", stats.slice_events),
                "try again when the build that is running is done");
  }
  return {};
}

Result<ingest::Accepted> Platform::ingest_file(const std::string& name, const std::string& path,
                                               const std::optional<ingest::Sender>& sender) {
  ingest::Ingestor* ingestor = stream(name);
  if (!ingestor) return fail(Code::not_found, fmt::format("there is no stream {}", name));
  TRY(check_readable(files_, path));
  return ingestor->accept_file(
      path, ingest::bulk_folder(data_folder_ / "log" / name, 0), sender,
      [&](const ingest::BulkImportJob& job) -> Result<ingest::BulkImportResult> {
        return ingest::BulkImportResult::from_json(TRY(run_in_child(program_, "import", job.to_json())));
      });
}

// ---- what is asked ----

model::Offsets Platform::archived() const {
  Lock lock(mutex_);
  return archived_;
}

std::vector<front::ModelInfo> Platform::models() const {
  std::vector<front::ModelInfo> all;
  for (const project::Model& model : project_.models) {
    all.push_back({model.name, model.layer == project::Layer::gold ? "gold" : "silver", model.file, model.sql,
                   model.description});
  }
  return all;
}

std::optional<front::PublishedBuild> Platform::published_build() const {
  Lock lock(mutex_);
  if (!manifest_) return std::nullopt;
  front::PublishedBuild build{manifest_->build_id, {}, manifest_->published_at_us};
  for (const auto& [name, view] : manifest_->views) {
    if (view.build_id != manifest_->build_id) continue;
    for (const auto& [stream, offsets] : view.cutoff) build.cutoff[stream] = offsets;
  }
  return build;
}

std::optional<front::RunningBuild> Platform::running_build() const {
  Lock lock(mutex_);
  return running_;
}

Result<std::vector<quality::Verdict>> Platform::verify(const quality::Verifier::Request& request) {
  using Outcome = quality::Verdict::Outcome;
  auto verdicts = verifier_->verify(request);
  if (!verdicts) {
    const Code code = verdicts.error().code;
    if (code == Code::not_found || code == Code::cancelled) return verdicts;
  }
  for (size_t i = 0; i < request.views.size(); ++i) {
    catalog::Verdict record;
    record.view = request.views[i];
    record.at_us = clock_.now_us();
    if (verdicts) {
      const quality::Verdict& verdict = (*verdicts)[i];
      record.result = verdict.outcome == Outcome::equal       ? catalog::Verdict::Result::equal
                      : verdict.outcome == Outcome::different ? catalog::Verdict::Result::different
                                                              : catalog::Verdict::Result::failed;
      record.rows = verdict.rows;
      record.offsets = verdict.offsets;
      record.elapsed_ms = verdict.elapsed_us / 1000;
      record.note = verdict.note;
      record.definition = verdict.definition;
      record.source = verdict.source;
      record.sample = verdict.sample;
    } else {
      record.result = catalog::Verdict::Result::failed;
      record.note = verdicts.error().describe();
    }
    TRY(catalog_->record_verdict(record));
  }
  return verdicts;
}

}  // namespace anabranch::app
