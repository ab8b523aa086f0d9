#include "project/settings_reader.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "project/map_reader.h"
#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {
namespace {

constexpr uint64_t any = std::numeric_limits<int64_t>::max();
constexpr uint64_t day_ms = 86'400'000;

const std::vector<std::string>& slot_names() {
  static const std::vector<std::string> names = {"event_log", "lake",     "batch_engine", "serving_store",
                                                 "scheduler", "identity", "secrets"};
  return names;
}

template <typename Number>
void put(std::optional<uint64_t> value, Number& into) {
  if (value) into = static_cast<Number>(*value);
}

void read_server(const YamlNode& node, ServerSettings& server, Problems& problems) {
  const MapReader map(node, "server", {"host", "port"}, problems);
  if (auto host = map.text("host")) server.host = *host;
  put(map.number("port", 0, 65535), server.port);
}

void read_limits(const YamlNode& node, Limits& limits, Problems& problems) {
  const MapReader map(node, "limits",
                      {"body_bytes_max", "requests_per_second_max", "query_timeout_ms", "query_memory_bytes",
                       "queries_max", "answer_bytes_max", "producers_max", "idempotency_keys_max",
                       "producer_memory_hours", "states_memory_bytes", "tables_memory_bytes",
                       "copy_timeout_ms", "build_timeout_ms", "verify_timeout_ms"},
                      problems);
  put(map.bytes("body_bytes_max", 1024), limits.body_bytes_max);
  put(map.number("requests_per_second_max", 0, any), limits.requests_per_second_max);
  put(map.number("query_timeout_ms", 1, day_ms), limits.query_timeout_ms);
  put(map.bytes("query_memory_bytes", 16 << 20), limits.query_memory_bytes);
  put(map.bytes("states_memory_bytes", 16 << 20), limits.states_memory_bytes);
  if (const auto bytes = map.bytes("tables_memory_bytes", 0)) limits.tables_memory_bytes = *bytes;
  put(map.number("queries_max", 1, 10'000), limits.queries_max);
  put(map.bytes("answer_bytes_max", 1024), limits.answer_bytes_max);
  put(map.number("producers_max", 1, 10'000'000), limits.producers_max);
  put(map.number("idempotency_keys_max", 1, 10'000'000), limits.idempotency_keys_max);
  put(map.number("producer_memory_hours", 1, 24 * 366), limits.producer_memory_hours);
  for (auto& [key, limit] : {std::pair{"copy_timeout_ms", &limits.copy_timeout_ms},
                             {"build_timeout_ms", &limits.build_timeout_ms},
                             {"verify_timeout_ms", &limits.verify_timeout_ms}})
    put(map.number(key, 1, 30 * day_ms), *limit);
}

void read_build(const YamlNode& node, BuildSettings& build, Problems& problems) {
  const MapReader map(node, "build", {"auto_events", "auto_replay_ms", "ingest_limit_events"}, problems);
  put(map.number("auto_events", 0, any), build.auto_events);
  put(map.number("auto_replay_ms", 0, any), build.auto_replay_ms);
  put(map.number("ingest_limit_events", 0, any), build.ingest_limit_events);
  if (build.ingest_limit_events > 0 && build.auto_events >= build.ingest_limit_events) {
    const bool names_limit = map.find("ingest_limit_events") != nullptr;
    problems.error(map.place_of(names_limit ? "ingest_limit_events" : "auto_events"),
                   fmt::format("ingestion would stop at {} events, before a build starts by itself at {}",
                               build.ingest_limit_events, build.auto_events),
                   "make ingest_limit_events larger than auto_events, or 0 for no limit");
  }
}

void read_retention(const YamlNode& node, Retention& retention, Problems& problems) {
  constexpr uint64_t hours_max = 24 * 366 * 100;
  const MapReader map(node, "retention",
                      {"log_hours", "builds", "table_versions", "delta_hours", "quarantine_days"}, problems);
  put(map.number("log_hours", 0, hours_max), retention.log_hours);
  put(map.number("builds", 2, 1000), retention.builds);  // readers may still be at the one before
  put(map.number("table_versions", 1, any), retention.table_versions);
  put(map.number("delta_hours", 0, hours_max), retention.delta_hours);
  if (const auto days = map.number("quarantine_days", 0, hours_max / 24)) retention.quarantine_days = *days;
}

std::vector<std::string> with_settings_keys(std::vector<std::string> keys) {
  for (const char* key : {"data_folder", "secrets_file", "server", "limits", "build", "retention"})
    keys.emplace_back(key);
  return keys;
}

void read_overridable(const MapReader& map, Settings& settings, Problems& problems) {
  if (auto data_folder = map.text("data_folder")) settings.data_folder = *data_folder;
  if (auto secrets_file = map.text("secrets_file")) settings.secrets_file = *secrets_file;
  if (const YamlNode* server = map.find("server")) read_server(*server, settings.server, problems);
  if (const YamlNode* limits = map.find("limits")) read_limits(*limits, settings.limits, problems);
  if (const YamlNode* build = map.find("build")) read_build(*build, settings.build, problems);
  if (const YamlNode* retention = map.find("retention"))
    read_retention(*retention, settings.retention, problems);
}

// One of the adapters that this program has.
void read_slot(const MapReader& map, const std::string& slot, const KnownAdapters& known, Settings& settings,
               Problems& problems) {
  std::vector<KnownAdapters::Adapter> adapters = {{"embedded", ""}};
  if (const auto found = known.slots.find(slot); found != known.slots.end()) adapters = found->second;
  std::vector<std::string> names;
  for (const auto& adapter : adapters) names.push_back(adapter.name);
  const auto choice = map.choice(slot, names);
  if (!choice) return;
  const KnownAdapters::Adapter& adapter = adapters[*choice];
  if (!adapter.missing.empty()) {
    problems.error(map.place_of(slot),
                   fmt::format("this program was built without '{}', which '{}' chooses", adapter.name, slot),
                   adapter.missing);
    return;
  }
  settings.slots[slot] = {adapter.name, map.place_of(slot)};
}

Target read_target(const YamlNode::Key& key, const YamlNode& node, const Settings& inherited,
                   const KnownAdapters& known, Problems& problems) {
  Target target{key.text, inherited, key.place};
  check_identifier(key.text, "a target", key.place, problems);
  if (node.kind == YamlNode::Kind::null) return target;
  const MapReader map(node, "a target", with_settings_keys(slot_names()), problems);
  read_overridable(map, target.settings, problems);
  for (const std::string& slot : slot_names()) read_slot(map, slot, known, target.settings, problems);
  return target;
}

void read_targets(const MapReader& map, const KnownAdapters& known, Project& project, Problems& problems) {
  std::vector<std::string> names;
  if (const YamlNode* targets = map.find("targets")) {
    if (!targets->is_map()) {
      problems.error(targets->place,
                     fmt::format("targets must be a map of names, not {}", targets->describe()),
                     "write 'NAME:' and below it what the target changes");
    }
    for (size_t i = 0; i < targets->keys.size(); ++i) {
      project.targets.push_back(
          read_target(targets->keys[i], targets->items[i], project.settings, known, problems));
      names.push_back(targets->keys[i].text);
    }
  }
  const auto chosen = map.text("default_target");
  if (!chosen) return;
  project.default_target = *chosen;
  if (std::find(names.begin(), names.end(), *chosen) != names.end()) return;
  problems.error(map.place_of("default_target"), fmt::format("there is no target '{}'", *chosen),
                 names.empty() ? "write it below targets:" : suggest(*chosen, names, "there are"));
}

}  // namespace

void read_settings(const ProjectFolder& folder, Project& project) {
  Problems& problems = folder.problems();
  const auto file = folder.read_yaml(settings_file);
  if (!file) return;
  const YamlNode* root = root_map(*file, "the project's name", problems);
  if (!root) return;
  const MapReader map(*root, settings_file,
                      with_settings_keys({"name", "description", "time_zone", "targets", "default_target"}),
                      problems);
  map.require("name", "write 'name: ' and the project's name");
  if (auto name = map.text("name")) {
    project.name = *name;
    check_identifier(*name, "a project", map.place_of("name"), problems);
  }
  project.description = map.text("description").value_or("");
  if (auto zone = map.text("time_zone"); zone && *zone != "UTC") {
    problems.error(map.place_of("time_zone"), fmt::format("the time zone '{}' is not supported", *zone),
                   "write UTC or leave time_zone out: views compute in UTC, a client may show any zone");
  }
  read_overridable(map, project.settings, problems);
  read_targets(map, folder.adapters(), project, problems);
}

}  // namespace anabranch::project
