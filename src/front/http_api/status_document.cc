#include "front/http_api/status_document.h"

#include <algorithm>

#include "io/process.h"

namespace anabranch::front::http_api {
namespace {

const std::vector<model::Offset>* find_offsets(const model::Offsets& offsets, const std::string& stream) {
  const auto found = offsets.find(stream);
  return found == offsets.end() ? nullptr : &found->second;
}

Json offsets_or_null(const std::vector<model::Offset>* offsets) { return offsets ? Json(*offsets) : Json(); }

Json ms_or_null(std::optional<int64_t> time_us) { return time_us ? Json(to_ms(*time_us)) : Json(); }

Json build_json(const std::optional<PublishedBuild>& build, int64_t now_us) {
  if (!build) return nullptr;
  return {{"id", build->id},
          {"cutoff", offsets_json(build->cutoff)},
          {"published_at", time_json(build->published_at_us)},
          {"age_s", static_cast<double>(std::max<int64_t>(0, now_us - build->published_at_us)) / 1e6}};
}

Json running_build_json(const std::optional<RunningBuild>& build) {
  if (!build) return nullptr;
  return {{"id", build->id},
          {"stage", build->stage},
          {"done", build->done},
          {"total", build->total},
          {"started_at", time_json(build->started_at_us)}};
}

Json stream_json(ApiContext& context, const std::string& name, const StreamState& stream,
                 const model::Offsets& applied, const std::optional<PublishedBuild>& build, int64_t now_us) {
  const auto* applied_offsets = find_offsets(applied, name);
  int64_t lag_events = 0;
  for (size_t i = 0; applied_offsets && i < stream.durable.size() && i < applied_offsets->size(); ++i) {
    lag_events += std::max<int64_t>(0, stream.durable[i] - (*applied_offsets)[i]);
  }
  return {{"name", name},
          {"partitions", stream.durable.size()},
          {"durable_offsets", stream.durable},
          {"applied_offsets", offsets_or_null(applied_offsets)},
          {"archived_offsets", stream.archived ? Json(*stream.archived) : Json()},
          {"cutoff_offsets", build ? offsets_or_null(find_offsets(build->cutoff, name)) : Json()},
          {"events_per_s", context.rates.per_s(name)},
          {"lag_events", applied_offsets ? Json(lag_events) : Json()},
          {"lag_ms", applied_offsets
                         ? ms_or_null(context.ports.events().waiting_us(name, *applied_offsets, now_us))
                         : Json()},
          {"quarantined", stream.quarantined ? Json(*stream.quarantined) : Json()},
          {"log_bytes", stream.log_bytes}};
}

Json tables_json(TableCopies& port, const security::Caller& caller) {
  Json tables = Json::array();
  const auto known = port.tables(caller);
  if (!known) return tables;  // faults say so
  for (const TableInfo& table : *known) {
    const bool is_copied = table.version > 0;
    tables.push_back({{"name", table.name},
                      {"version", is_copied ? Json(table.version) : Json()},
                      {"pinned_version", table.pinned_version > 0 ? Json(table.pinned_version) : Json()},
                      {"rows", is_copied && table.rows ? Json(*table.rows) : Json()},
                      {"in_place", table.is_in_place},
                      {"copied_at", time_json(table.copied_at_us)}});
  }
  return tables;
}

Json faults_json(Builds& builds, const security::Caller& caller) {
  Json faults = Json::array();
  for (const Fault& fault : builds.faults(caller)) {
    faults.push_back({{"of", fault.of},
                      {"message", fault.error.message},
                      {"hint", fault.error.hint.empty() ? Json() : Json(fault.error.hint)}});
  }
  return faults;
}

Json storage_json(const Storage& storage) {
  return {{"log_bytes", storage.log_bytes},       {"bronze_bytes", storage.bronze_bytes},
          {"silver_bytes", storage.silver_bytes}, {"gold_bytes", storage.gold_bytes},
          {"states_bytes", storage.states_bytes}, {"other_bytes", storage.other_bytes},
          {"free_bytes", storage.free_bytes}};
}

Json speed_json(const speed::SpeedLayer::Stats& stats, bool is_ready) {
  return {{"ticks", stats.ticks},
          {"tick_ms_p50", ms_or_null(stats.tick_us_p50)},
          {"tick_ms_p99", ms_or_null(stats.tick_us_p99)},
          {"slice_rows", stats.slice_events},
          {"compactions", stats.compactions},
          {"replaying", !is_ready},
          {"failed", stats.failure.has_value()}};
}

Json processes_json(const Ports& ports) {
  Json processes = Json::array();
  for (const ProcessState& process : ports.processes()) {
    processes.push_back({{"kind", process.kind},
                         {"pid", process.pid > 0 ? Json(process.pid) : Json()},
                         {"memory_bytes", process.memory_bytes},
                         {"started_at", time_json(process.started_at_us)},
                         {"restarts", process.restarts},
                         {"last_end", process.last_end ? Json(*process.last_end) : Json()}});
  }
  return processes;
}

}  // namespace

Json status_document(ApiContext& context, const security::Caller& caller) {
  Ports& ports = context.ports;
  Builds& builds = ports.builds();
  const int64_t now_us = context.clock.now_us();
  const bool is_ready = ports.is_ready();
  const auto build = builds.published_build(caller);
  const serve::ReadState reads = is_ready ? ports.reads().state() : serve::ReadState();
  Json streams = Json::array();
  for (const std::string& name : ports.events().streams(caller)) {
    if (const auto stream = ports.events().state(caller, name))
      streams.push_back(stream_json(context, name, *stream, reads.applied, build, now_us));
  }
  return {{"project", ports.project_name()},
          {"version", context.options.version},
          {"started_at", time_json(ports.started_at_us())},
          {"uptime_s", static_cast<double>(now_us - ports.started_at_us()) / 1e6},
          {"epoch", reads.epoch},
          {"ready", is_ready},
          {"changed_files", builds.changed_files(caller, false).value_or(std::vector<std::string>())},
          {"build", build_json(build, now_us)},
          {"streams", std::move(streams)},
          {"tables", tables_json(ports.tables(), caller)},
          {"speed", speed_json(reads.speed, is_ready)},
          {"freshness_ms",
           {{"p50", ms_or_null(reads.speed.freshness_us_p50)},
            {"p99", ms_or_null(reads.speed.freshness_us_p99)}}},
          {"running_build", running_build_json(builds.running_build())},
          {"faults", faults_json(builds, caller)},
          {"storage", storage_json(builds.storage())},
          {"processes", processes_json(ports)},
          {"memory_bytes", io::own_memory_bytes()}};
}

std::string status_signature(Json document) {
  for (const char* key : {"uptime_s", "memory_bytes", "freshness_ms", "storage"}) document.erase(key);
  for (Json& process : document["processes"]) process.erase("memory_bytes");
  if (document["build"].is_object()) document["build"].erase("age_s");
  for (const char* key : {"tick_ms_p50", "tick_ms_p99"}) document["speed"].erase(key);
  for (Json& stream : document["streams"]) {
    for (const char* key : {"events_per_s", "lag_ms"}) stream.erase(key);
  }
  return to_text(document);
}

Status check_ready(const Ports& ports) {
  if (!ports.is_ready()) {
    return fail(Code::unavailable, "the server is starting: it replays the log",
                "try again in a moment; GET /v1/status says more");
  }
  return {};
}

Status check_takes_events(const Ports& ports) {
  if (ports.takes_events()) return {};
  return fail(Code::unavailable, "the server is starting: it opens its logs", "try again in a moment");
}

}  // namespace anabranch::front::http_api
