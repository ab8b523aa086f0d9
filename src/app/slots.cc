#include "app/slots.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "batch/child_engine.h"
#include "ingest/file_table.h"
#include "lake/local_store.h"
#include "log/segmented_log.h"
#include "security/environment_secrets.h"
#include "security/secret_file.h"

#ifdef ANABRANCH_HAS_ARRIVING_FILES
#include "connect/arriving_files/arriving_files.h"
#endif
#ifdef ANABRANCH_HAS_SQLITE
#include "connect/sqlite/sqlite_table.h"
#endif

namespace anabranch::app {
namespace {

constexpr const char* embedded = "embedded";
constexpr const char* environment = "environment";

// What is wrong with a choice that read_settings() has let pass: that of another version, or of a test.
std::unexpected<Error> unknown(const std::string& slot, const project::SlotChoice& choice) {
  std::string names;
  const auto& slots = known_adapters().slots;
  if (const auto known = slots.find(slot); known != slots.end()) {
    for (const auto& adapter : known->second) names += (names.empty() ? "" : ", ") + adapter.name;
  }
  return fail_at(choice.place, Code::refused,
                 fmt::format("the slot {} has no adapter '{}'", slot, choice.adapter),
                 fmt::format("it can be {}", names.empty() ? embedded : names));
}

std::string adapter_of(const project::Settings& settings, const char* slot) {
  const auto choice = settings.slots.find(slot);
  return choice == settings.slots.end() ? embedded : choice->second.adapter;
}

Result<std::unique_ptr<log::EventLog>> open_segmented_log(const SlotGround& ground, const io::Path& folder,
                                                          const project::Limits& limits,
                                                          model::Partition partitions) {
  log::SegmentedLog::Options options;
  options.partitions = partitions;
  options.producers.producers_max = limits.producers_max;
  options.producers.keys_max = limits.idempotency_keys_max;
  options.producers.kept_us = static_cast<int64_t>(limits.producer_memory_hours) * 3600 * 1'000'000;
  auto log = TRY(log::SegmentedLog::open(ground.files, ground.clock, folder, options));
  for (const auto& torn : log->torn_tails()) {
    spdlog::warn(
        "{}: {} bytes at the end of {} were no whole write and are cut; nothing of them was acknowledged",
        folder.filename().string(), torn.bytes, torn.path.string());
  }
  return log;
}

[[maybe_unused]] std::unexpected<Error> not_built(project::SourceKind kind) {
  const auto& missing = known_adapters().missing_sources;
  const auto found = missing.find(kind);
  return fail(Code::refused,
              fmt::format("this program was built without sources of kind {}", to_string(kind)),
              found == missing.end() ? "" : found->second);
}

}  // namespace

const project::KnownAdapters& known_adapters() {
  static const project::KnownAdapters known = [] {
    project::KnownAdapters all;
    all.slots["secrets"] = {{embedded, ""}, {environment, ""}};
#ifndef ANABRANCH_HAS_SQLITE
    all.missing_sources[project::SourceKind::sqlite] = "use one that was built with -DANABRANCH_SQLITE=ON";
#endif
#ifndef ANABRANCH_HAS_ARRIVING_FILES
    all.missing_sources[project::SourceKind::arriving_files] =
        "use one that was built with -DANABRANCH_ARRIVING_FILES=ON";
#endif
    return all;
  }();
  return known;
}

Result<std::unique_ptr<security::SecretStore>> open_secrets(const project::Settings& settings,
                                                            const SlotGround& ground) {
  const std::string adapter = adapter_of(settings, "secrets");
  if (adapter == environment) return std::make_unique<security::EnvironmentSecrets>();
  if (adapter != embedded) return unknown("secrets", settings.slots.at("secrets"));
  io::Path file =
      settings.secrets_file.empty() ? ground.data_folder / "secrets" : ground.root / settings.secrets_file;
  return std::make_unique<security::SecretFile>(
      ground.files, ground.clock, std::move(file),
      security::KeyPlace(ground.files, project::process_environment));
}

Result<std::unique_ptr<lake::ObjectStore>> open_lake(const project::Settings& settings,
                                                     const SlotGround& ground) {
  if (adapter_of(settings, "lake") != embedded) return unknown("lake", settings.slots.at("lake"));
  return std::make_unique<lake::LocalStore>(ground.files, ground.data_folder);
}

// What a child needs to open the same lake.
std::string lake_for_children(const SlotGround& ground) {
  return nlohmann::json{{"adapter", embedded}, {"folder", ground.data_folder.string()}}.dump();
}

Result<std::unique_ptr<lake::ObjectStore>> open_lake_in_child(const std::string& lake) {
  const auto description = nlohmann::json::parse(lake, nullptr, false);
  if (!description.is_object() || description.value("adapter", "") != embedded)
    return fail(Code::internal, fmt::format("no adapter of the lake can open {}", lake));
  return std::make_unique<lake::LocalStore>(io::local_file_system(), description.value("folder", ""));
}

Result<Slots> open_slots(const project::Settings& settings, const SlotGround& ground) {
  for (const auto& [slot, choice] : settings.slots) {
    if (slot != "secrets" && choice.adapter != embedded) return unknown(slot, choice);
  }
  Slots slots;
  slots.secrets = TRY(open_secrets(settings, ground));
  slots.lake = TRY(open_lake(settings, ground));
  slots.batch_engine = std::make_unique<batch::ChildEngine>(
      ground.program, std::vector<std::string>{"child", "build"}, lake_for_children(ground));
  slots.open_log = TRY(open_logs(settings, ground));
  return slots;
}

Result<OpenLog> open_logs(const project::Settings& settings, const SlotGround& ground) {
  if (adapter_of(settings, "log") != embedded) return unknown("log", settings.slots.at("log"));
  return [ground](const io::Path& folder, const project::Limits& limits, model::Partition partitions) {
    return open_segmented_log(ground, folder, limits, partitions);
  };
}

Result<std::vector<std::unique_ptr<ingest::TableSource>>> open_table_sources(
    const std::vector<ingest::TableCopyJob>& jobs) {
  std::vector<std::unique_ptr<ingest::TableSource>> sources;
  const std::string kind = jobs.empty() ? "" : jobs.front().kind;
  if (kind == to_string(project::SourceKind::sqlite)) {
#ifdef ANABRANCH_HAS_SQLITE
    return connect::sqlite_tables(jobs);
#else
    return not_built(project::SourceKind::sqlite);
#endif
  }
  if (kind != to_string(project::SourceKind::files))
    return fail(Code::bad_input, fmt::format("there are no tables in a source of kind {}", kind));
  for (const ingest::TableCopyJob& job : jobs) sources.push_back(TRY(ingest::file_table(job)));
  return sources;
}

Result<std::unique_ptr<ingest::EventSource>> open_event_source(
    const project::SourceFile& source, [[maybe_unused]] const project::Settings& settings,
    [[maybe_unused]] const SlotGround& ground) {
  if (!source.arriving) return std::unique_ptr<ingest::EventSource>();
#ifdef ANABRANCH_HAS_ARRIVING_FILES
  connect::ArrivingFiles::Options options;
  options.folder = ground.root / source.arriving->folder;
  options.format = source.arriving->format;
  options.document_bytes_max = settings.limits.body_bytes_max;
  return std::make_unique<connect::ArrivingFiles>(ground.files, ground.clock, std::move(options));
#else
  return not_built(project::SourceKind::arriving_files);
#endif
}

int build_in_child() { return batch::build_in_child(open_lake_in_child); }

}  // namespace anabranch::app
