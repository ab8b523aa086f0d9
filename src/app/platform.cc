#include "app/platform.h"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/local_stream_writer.h"
#include "app/plain_file.h"
#include "app/storage.h"
#include "app/stored_data.h"
#include "io/private_folder.h"
#include "io/process.h"
#include "model/names.h"
#include "sql/object_urls.h"

namespace anabranch::app {
namespace {

constexpr uint64_t verify_memory_bytes_min = 256 << 20;  // less than this an engine can do little with

}  // namespace

Platform::Platform(project::Project project, const Options& options)
    : options_(options),
      stations_(std::move(project), options.target),
      faults_(stations_.project.root),
      running_(stations_.files, stations_.clock, stations_.project, options.texts,
               stations_.data_folder / "projects"),
      changes_(stations_.clock),
      basis_(stations_, running_, faults_),
      retention_(stations_, running_, basis_, faults_),
      copying_(stations_, running_, changes_, basis_, faults_),
      builds_(stations_, running_, changes_, basis_, copying_, retention_),
      apply_(stations_, running_, changes_, basis_, copying_, builds_),
      diff_(stations_, running_, changes_, basis_),
      drop_(stations_, running_, changes_, basis_, copying_, retention_, faults_) {}

Platform::~Platform() { stop(); }

Result<std::unique_ptr<Platform>> Platform::open(project::Project project, const Options& options) {
  std::unique_ptr<Platform> platform(new Platform(std::move(project), options));
  TRY(platform->open_data());
  return platform;
}

Status Platform::open_data() {
  started_at_us_ = stations_.clock.now_us();
  io::keep_files_private();
  stations_.program = options_.program.empty() ? TRY(io::own_program()) : options_.program;
  const io::Path& data = stations_.data_folder;
  TRY(stations_.files.create_folders(data / "serving"));
  TRY(io::make_private(data));
  if (!options_.stream_writer) stations_.lock = TRY(lock_data(stations_.files, data, options_.owner));
  TRY(remove_discarded(stations_.files, data));
  TRY(stations_.files.remove_all(data / copy_folder_name));  // what a crash left
  TRY(open_stations());
  TRY(end_interrupted_builds());
  TRY(open_engine());
  return open_logs();
}

Status Platform::open_stations() {
  stations_.catalog = TRY(readable_catalog());
  const auto& fill = options_.open_slots ? options_.open_slots : open_slots;
  Slots slots = TRY(fill(stations_.project.settings, stations_.ground()));
  stations_.secrets = std::move(slots.secrets);
  stations_.store = std::move(slots.lake);
  stations_.engine = std::move(slots.batch_engine);
  stations_.open_log = std::move(slots.open_log);
  stations_.manifests = std::make_unique<lake::ManifestStore>(*stations_.store);
  stations_.table_versions = std::make_unique<lake::TableVersions>(*stations_.store, stations_.clock);
  stations_.copies = std::make_unique<lake::DeltaCopies>(*stations_.store, stations_.clock);
  return {};
}

// A crash may have come between a manifest and the catalogue's word of it; mostly it has ended there too.
Status Platform::end_interrupted_builds() {
  if (auto manifest = TRY(readable_manifest())) {
    if (!manifest->build_id.empty()) {
      catalog::BuildEnd end;
      end.finished_at_us = manifest->published_at_us;
      for (const auto& [name, view] : manifest->views)
        end.rows += view.build_id == manifest->build_id ? view.rows : 0;
      end.warnings = warnings_of(*manifest);
      const Status ended = stations_.catalog->finish_build(manifest->build_id, end);
      if (!ended && ended.error().code != Code::conflict && ended.error().code != Code::not_found)
        return ended;
    }
    basis_.set_manifest(std::move(*manifest));
  }
  for (const std::string& id : TRY(stations_.catalog->abandon_running(stations_.clock.now_us()))) {
    spdlog::warn("build {} was interrupted; nothing of it is visible", id);
    remove_copies(*stations_.store, id);
  }
  return {};
}

Status Platform::open_engine() {
  sql::Database::Options engine;
  engine.threads = 1;  // more make the slowest ticks slower; queries run side by side instead
  const project::Limits& limits = stations_.project.settings.limits;
  engine.memory_bytes_max = limits.states_memory_bytes + limits.query_memory_bytes;
  engine.has_external_access = false;
  for (const char* folder : {"serving/", "log/"})
    engine.allowed_folders.push_back(stations_.data_folder / folder);
  stations_.verify_folder.emplace(TRY(sql::DatabaseFolder::in(stations_.data_folder / "serving")));
  engine.allowed_folders.push_back(stations_.verify_folder->path() / "");
  stations_.database = TRY(sql::Database::open(engine));
  TRY(sql::give_objects(*stations_.database, *stations_.store, {"serving/", "lake/"}));
  stations_.tables = std::make_unique<Tables>(*stations_.table_versions, *stations_.store,
                                              *stations_.database, limits.tables_memory());
  stations_.history = std::make_unique<history::History>(*stations_.database, std::vector<history::Stream>());
  stations_.archiver = std::make_unique<history::Archiver>(*stations_.store, *stations_.database,
                                                           *stations_.history, stations_.clock);
  return {};
}

Status Platform::open_logs() {
  if (options_.stream_writer) {
    stations_.stream_writer = options_.stream_writer(stations_);
  } else {
    auto writer =
        std::make_unique<LocalStreamWriter>(stations_.open_log, stations_.files, stations_.clock,
                                            stations_.data_folder, stations_.project.settings.limits);
    intake_ = std::make_unique<Intake>(
        options_.policy, Intake::Ground{stations_.streams, *this, *stations_.tasks, stations_.files,
                                        stations_.clock, stations_.data_folder, stations_.program,
                                        stations_.project.settings.limits.copy_timeout_ms});
    writer->import_by(
        [this](const std::string& stream, const std::string& path, const ingest::Sender& sender) {
          return intake_->ingest_file(stream, path, sender, std::nullopt);
        });
    stations_.stream_writer = std::move(writer);
  }
  auto opened = TRY(stations_.stream_writer->open(stations_.project.streams, stations_.streams.damaged()));
  (void)basis_.take_in(std::move(opened));
  for (const auto& [name, error] : stations_.streams.damaged())
    faults_.set(model::bronze(name).text(), stream_fault(name, error));
  return {};
}

// ---- start and stop ----

Status Platform::start() {
  std::vector<Error> left_out;
  const auto world = TRY(basis_.make_world(false, left_out));
  basis_.set_left_out(std::move(left_out));
  const auto newest = basis_.manifest();
  const lake::Manifest manifest = newest ? *newest : lake::Manifest();
  const project::Settings& settings = stations_.project.settings;
  if (const auto kept = stations_.manifests->history(settings.retention.builds))
    (void)retention_.remove_old_builds(*kept);  // what a crash left; tidy() tells of what is in its way
  basis_.find_broken_builds(manifest);
  bring_copies_up_to(manifest);  // a crash may have come in between

  const io::Path serving = stations_.data_folder / "serving";
  speed::SpeedLayer::Options speed_options = options_.speed;
  speed_options.slice_folder = serving / Stations::slice_folder_name;
  stations_.speed = TRY(speed::SpeedLayer::create(*stations_.database, stations_.history->streams(),
                                                  stations_.clock, speed_options));
  for (const OpenStream* stream : stations_.streams.all())
    stream->log->on_durable([this] { stations_.speed->wake(); });
  TRY(stations_.speed->start(TRY(basis_.handover_of(manifest, world)), options_.on_replay));
  serve::QueryService::Options limits;
  limits.timeout_us = static_cast<int64_t>(settings.limits.query_timeout_ms) * 1000;
  limits.queries_max = settings.limits.queries_max;
  limits.answer_bytes_max = settings.limits.answer_bytes_max;
  limits.answer_folder = serving / Stations::answer_folder_name;
  limits.policy = options_.policy;
  stations_.queries = TRY(serve::QueryService::create(*stations_.database, *stations_.history,
                                                      *stations_.speed, stations_.clock, limits));
  reads_ = std::make_unique<serve::EngineReads>(*stations_.queries, *stations_.speed, *stations_.database);
  quality::Verifier::Options verify;
  verify.folder = stations_.verify_folder->path() / Stations::verify_folder_name;
  if (!options_.verifies_in_process) verify.program = stations_.program;
  verify.sources = stations_.verify_sources(stations_.project);
  verify.plain_file = [this](const std::string& url, const io::Path& folder) {
    return plain_file(*stations_.store, url, folder);
  };
  verify.memory_bytes_max = std::max(verify_memory_bytes_min, settings.limits.query_memory_bytes);
  verify.timeout_us = static_cast<int64_t>(settings.limits.verify_timeout_ms) * 1000;
  stations_.verifier = TRY(
      quality::Verifier::create(*stations_.queries, *stations_.database, stations_.clock, std::move(verify)));
  TRY(stations_.database->lock_configuration());
  if (options_.builds_by_itself) running_.keep();  // else a build or an apply does
  stations_.is_ready = true;
  stations_.speed->wake();
  if (options_.builds_by_itself) {
    keeper_ = std::make_unique<Keeper>(stations_, running_, changes_, basis_, copying_, retention_, builds_);
    event_sources_ = std::make_unique<EventSources>(*this, stations_.ground());
  }
  return {};
}

void Platform::stop() {
  changes_.stop();
  stations_.tasks->stop();
  if (stations_.engine) stations_.engine->stop();
  if (stations_.verifier) stations_.verifier->stop();
  io::kill_all_processes();
  keeper_.reset();
  event_sources_.reset();  // what it gives to a log is answered first
  {
    Lock lock(changes_.mutex());  // a build that was running ends as abandoned before its stations go
  }
  stations_.streams.close_logs();
  if (stations_.speed) stations_.speed->stop();
}

// ---- tables ----

std::vector<front::TableInfo> Platform::table_infos() {
  std::map<std::string, views::PinnedTable> pinned;
  if (stations_.speed && stations_.is_ready) pinned = stations_.speed->epochs().newest()->world->tables;
  std::vector<front::TableInfo> all;
  const auto project = this->project();
  for (const project::SourceFile& source : project->sources) {
    for (const project::TableFile& table : source.tables) {
      front::TableInfo info;
      info.name = table.name;
      if (const auto latest = stations_.table_versions->latest(table.name); latest && *latest) {
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

Result<ingest::Accepted> Platform::accept(const std::string& name, const ingest::Arrival& arrival) {
  OpenStream* open = has_stream(name) ? stations_.streams.find(name) : nullptr;
  if (!open) return fail(Code::unavailable, fmt::format("the stream {} is not open", name));
  return stations_.stream_writer->accept(*open, arrival);
}

Status Platform::may_ingest() const {
  if (!stations_.is_ready) return {};
  const auto stats = stations_.speed->stats();
  return check_backlog(stats.failure.has_value(), stats.slice_events,
                       static_cast<int64_t>(project()->settings.build.ingest_limit_events));
}

// ---- what is asked ----

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
  const auto manifest = basis_.manifest();
  if (!manifest || manifest->build_id.empty()) return std::nullopt;
  front::PublishedBuild build{manifest->build_id, {}, manifest->published_at_us};
  for (const auto& [name, view] : manifest->views) {
    if (view.build_id != manifest->build_id) continue;
    for (const auto& [stream, offsets] : view.cutoff) build.cutoff[stream] = offsets;
  }
  return build;
}

Result<std::vector<quality::Verdict>> Platform::verify(const quality::Verifier::Request& request) {
  using Outcome = quality::Verdict::Outcome;
  // Its limit is the verifier's, which counts from its turn on.
  const auto task =
      TRY(stations_.tasks->begin(stations_.new_id(), "verify", fmt::format("{} views", request.views.size()),
                                 stations_.project.settings.limits.verify_timeout_ms, "verify_timeout_ms"));
  quality::Verifier::Request cancellable = request;
  cancellable.is_cancelled = [&] {
    return task->was_cancelled() || (request.is_cancelled && request.is_cancelled());
  };
  auto verdicts = stations_.verifier->verify(cancellable);
  if (!verdicts && verdicts.error().code == Code::cancelled && task->was_cancelled()) TRY(task->check());
  if (!verdicts) {
    const Code code = verdicts.error().code;
    if (code == Code::not_found || code == Code::cancelled) return verdicts;
  }
  for (size_t i = 0; i < request.views.size(); ++i) {
    catalog::VerdictRecord record;
    record.view = request.views[i];
    record.at_us = stations_.clock.now_us();
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
    TRY(stations_.catalog->record_verdict(record));
  }
  return verdicts;
}

}  // namespace anabranch::app
