#include "app/basis.h"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/build_probe.h"
#include "base/mistake.h"
#include "model/names.h"
#include "sql/object_urls.h"

namespace anabranch::app {
namespace {

// Rather than a mistake in a model itself.
bool is_of_absent(const Error& error) {
  return error.code == Code::not_found || error.code == Code::unavailable;
}

// Whether a log reaches as far as what was archived of it.
Status check_log(const OpenStream& stream, const std::vector<model::Offset>& archived) {
  const std::vector<model::Offset> ends = stream.log->durable_offsets();
  for (size_t i = 0; i < archived.size(); ++i) {
    const model::Offset end = i < ends.size() ? ends[i] : 0;
    if (archived[i] <= end) continue;
    return fail(
        Code::corrupt,
        fmt::format("log/{}/{} ends at offset {}, but the archive has events up to {}: files of the log are "
                    "missing",
                    stream.name, i, end, archived[i]),
        fmt::format("stop the server and restore log/{} from a backup", stream.name));
  }
  return {};
}

}  // namespace

Error stream_fault(const std::string& name, const Error& error) {
  return {Code::unavailable,
          fmt::format("the stream bronze.{} cannot be read: {}", name, error.message),
          error.hint,
          {}};
}

void set_basis(lake::Manifest& manifest, const views::World& world) {
  manifest.basis = {};
  for (const auto& [name, table] : world.tables)
    manifest.basis.tables[model::name_in_layer(name)] = table.version;
  for (const auto& [name, schema] : world.schemas)
    manifest.basis.schemas[model::name_in_layer(name)] = schema.version;
}

// ---- the manifest ----

std::shared_ptr<const lake::Manifest> Basis::manifest() const {
  Lock lock(mutex_);
  return manifest_;
}

void Basis::set_manifest(lake::Manifest manifest) {
  auto next = std::make_shared<const lake::Manifest>(std::move(manifest));
  Lock lock(mutex_);
  manifest_ = std::move(next);
}

std::map<std::string, int64_t> Basis::table_pins() const {
  Lock lock(mutex_);
  return manifest_ ? manifest_->basis.tables : std::map<std::string, int64_t>();
}

// ---- worlds ----

Result<std::shared_ptr<const views::World>> Basis::make_world(bool is_newest, std::vector<Error>& left_out) {
  std::vector<Error> problems;
  auto world = TRY(make_world(Source{running_.get(), is_newest, {}, {}}, problems));
  // Models may be written for fields that a stream's file says and the stream cannot have.
  const bool is_refused = std::ranges::any_of(
      stations_.streams.all(), [](const OpenStream* stream) { return !stream->refused.empty(); });
  for (const Error& error : problems) {
    if (is_newest && !is_refused && !is_of_absent(error)) return fail(error);
  }
  left_out = std::move(problems);
  return world;
}

// What events have brought since the newest build waits for the next one; so does what the streams' files
// have added, unless a model reads it.
std::map<std::string, model::Schema> Basis::schemas_of(const Source& source) const {
  std::map<std::string, uint32_t> pins;
  if (const auto manifest = this->manifest(); manifest && !source.is_newest) pins = manifest->basis.schemas;
  std::map<std::string, model::Schema> schemas;
  for (const auto& [name, schema] : source.schemas) schemas[model::bronze(name).text()] = schema;
  for (const OpenStream* stream : stations_.streams.all()) {
    if (!source.project->find_stream(stream->name) || source.schemas.contains(stream->name)) continue;
    const auto pin = pins.find(stream->name);
    auto schema = stream->schemas->latest();
    if (auto pinned = pin == pins.end() ? schema : stream->schemas->get(pin->second); !pinned) {
      // Another basis: what was built under the pinned one is computed anew.
      spdlog::warn("{}: its newest fields are read: {}", stream->name, pinned.error().describe());
    } else if (ingest::reads_alike(**pinned, *schema)) {
      schema = *pinned;
    }
    schemas[model::bronze(stream->name).text()] = *schema;
  }
  return schemas;
}

Result<std::shared_ptr<const views::World>> Basis::make_world(const Source& source,
                                                              std::vector<Error>& problems) {
  const project::Project& project = *source.project;
  std::map<std::string, int64_t> pins;
  if (!source.is_newest) pins = table_pins();
  for (const std::string& table : source.newest) pins.erase(table);
  const auto pinned = schemas_of(source);
  std::vector<std::string> names;
  for (const project::SourceFile& file : project.sources) {
    for (const project::TableFile& table : file.tables) names.push_back(table.name);
  }
  auto [tables, absent] = stations_.tables->choose(names, pins);
  for (const auto& [name, error] : stations_.streams.damaged()) {
    if (project.find_stream(name)) absent[model::bronze(name).text()] = stream_fault(name, error);
  }
  std::map<std::string, std::string> why_absent;
  for (auto& [name, error] : absent) {
    error = stations_.shown(std::move(error));
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
      Source newest = source;
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

Result<speed::Handover> Basis::handover_of(const lake::Manifest& manifest,
                                           std::shared_ptr<const views::World> world,
                                           const std::shared_ptr<const project::Project>& project) {
  speed::Handover next;
  auto loaded = TRY(stations_.tables->load(*world));
  while (!loaded) {  // under the same pins, but with a table less, or read where it lies
    world = TRY(make_world(Source{project ? project : running_.get(), false, {}, {}}, left_out_));
    loaded = TRY(stations_.tables->load(*world));
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
  set_archived(next.archives);
  return next;
}

// ---- broken builds ----

void Basis::find_broken_builds(const lake::Manifest& manifest) {
  broken_builds_ = probe_builds(*stations_.store, manifest);
  for (const auto& [build, error] : broken_builds_) {
    faults_.set(
        "build " + build,
        {error.code,
         fmt::format("{}; its views are computed from their events, and answers are right", error.message),
         "run anabranch build",
         {}});
  }
}

void Basis::forget_broken_builds(const lake::Manifest& manifest) {
  faults_.clear(newest_build_fault);
  for (auto broken = broken_builds_.begin(); broken != broken_builds_.end();) {
    const bool is_named = std::any_of(manifest.views.begin(), manifest.views.end(), [&](const auto& entry) {
      return entry.second.build_id == broken->first;
    });
    if (!is_named) faults_.clear("build " + broken->first);
    broken = is_named ? std::next(broken) : broken_builds_.erase(broken);
  }
}

// ---- archives ----

std::map<std::string, history::Archive> Basis::readable_archives() {
  std::map<std::string, Error> damaged;
  auto archives = stations_.archiver->readable_archives(damaged);
  for (const auto& [stream, archive] : archives) {
    const std::string of = "the archive of " + stream;
    if (const auto why = damaged.find(stream); why != damaged.end()) {
      faults_.set(
          of, {why->second.code,
               fmt::format("{}; events are read from the log as far as it has them, and no build can begin",
                           why->second.message),
               why->second.hint,
               {}});
    } else {
      faults_.clear(of);
    }
  }
  return archives;
}

void Basis::use_archives() {
  auto archives = readable_archives();
  set_archived(archives);
  (void)stations_.speed->set_archives(std::move(archives));
}

std::vector<history::Stream> Basis::take_in(std::vector<OpenStream> opened) {
  for (const OpenStream& stream : opened) stations_.history->add(stream.stream());
  const auto archives = readable_archives();
  std::vector<history::Stream> streams;
  for (OpenStream& stream : opened) {
    const history::Stream its = stream.stream();
    const auto archive = archives.find(its.name.text());
    const Status whole = archive == archives.end() ? Status{} : check_log(stream, archive->second.ends());
    if (whole) {
      streams.push_back(its);
      stations_.streams.add(std::move(stream));
    } else {
      (void)stations_.stream_writer->close(stream);  // an event would get an offset that another has
      stations_.history->remove(its.name.text());
      stations_.streams.damaged()[stream.name] = whole.error();
    }
  }
  return streams;
}

model::Offsets Basis::archived() const {
  Lock lock(mutex_);
  return archived_;
}

void Basis::forget_archive(const std::string& stream) {
  faults_.clear("the archive of " + model::bronze(stream).text());
  Lock lock(mutex_);
  archived_.erase(stream);
}

void Basis::set_archived(const std::map<std::string, history::Archive>& archives) {
  Lock lock(mutex_);
  for (const auto& [stream, archive] : archives) archived_[model::name_in_layer(stream)] = archive.ends();
}

}  // namespace anabranch::app
