#include "front/http_api/api_metrics.h"

#include "front/http_api/stream_rates.h"
#include "io/process.h"

namespace anabranch::front::http_api {
namespace {

const std::vector<double> query_bounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                          0.5,   1,      2.5,   5,    10,    30,   60};

const char* outcome_name(std::optional<Code> code) {
  if (!code) return "ok";
  switch (*code) {
    case Code::bad_sql:
    case Code::bad_input:
    case Code::not_found:
      return "mistake";
    case Code::refused:
      return "refused";
    case Code::timeout:
      return "timeout";
    case Code::cancelled:
      return "cancelled";
    case Code::overloaded:
    case Code::too_large:
    case Code::unavailable:
    case Code::retry:
      return "overloaded";
    default:
      return "failed";
  }
}

}  // namespace

ApiMetrics::ApiMetrics()
    : query_times_(metrics_.histogram("anabranch_query_seconds", "Time from a query's arrival to its answer",
                                      query_bounds)) {
  for (const char* outcome : {"ok", "mistake", "refused", "timeout", "cancelled", "overloaded", "failed"}) {
    metrics_.counter("anabranch_queries_total", "Queries by outcome", {{"outcome", outcome}});
  }
  for (const char* state : {"published", "failed", "abandoned"}) {
    metrics_.counter("anabranch_builds_total", "Builds that ended, by state", {{"state", state}});
  }
}

ApiMetrics::StreamCounters ApiMetrics::counters_of(const std::string& stream) {
  Lock lock(mutex_);
  if (const auto found = streams_.find(stream); found != streams_.end()) return found->second;
  const Labels labels = {{"stream", stream}};
  const StreamCounters counters{
      metrics_.counter("anabranch_events_accepted_total", "Events accepted over HTTP", labels),
      metrics_.counter("anabranch_events_quarantined_total", "Records that went to quarantine over HTTP",
                       labels),
      metrics_.counter("anabranch_ingest_bytes_total", "Bytes of bodies with events, decompressed", labels),
      metrics_.counter("anabranch_ingest_requests_total", "Requests with events that were made durable",
                       labels),
      metrics_.counter("anabranch_ingest_refused_total", "Requests with events that were refused or failed",
                       labels)};
  streams_.emplace(stream, counters);
  return counters;
}

void ApiMetrics::count_events(const std::string& stream, const ingest::Accepted& accepted, size_t bytes) {
  const StreamCounters counters = counters_of(stream);
  counters.accepted.add(static_cast<double>(accepted.accepted));
  counters.quarantined.add(static_cast<double>(accepted.quarantined));
  counters.bytes.add(static_cast<double>(bytes));
  counters.requests.add();
}

void ApiMetrics::count_refused_events(const std::string& stream) { counters_of(stream).refused.add(); }

void ApiMetrics::count_query(std::optional<Code> code, int64_t time_us) {
  metrics_.counter("anabranch_queries_total", "Queries by outcome", {{"outcome", outcome_name(code)}}).add();
  query_times_.observe(static_cast<double>(time_us) / 1e6);
}

void ApiMetrics::count_build(std::string_view state) {
  metrics_.counter("anabranch_builds_total", "Builds that ended, by state", {{"state", std::string(state)}})
      .add();
}

void ApiMetrics::count_request(const http::Access& access) {
  auto key = std::make_tuple(std::string(access.method), std::string(access.route), access.status);
  std::optional<Counter> counter;
  {
    Lock lock(mutex_);
    auto found = requests_.find(key);
    if (found == requests_.end()) {
      const Labels labels = {{"method", std::get<0>(key)},
                             {"route", access.route.empty() ? "none" : std::get<1>(key)},
                             {"status", std::to_string(access.status)}};
      found = requests_
                  .emplace(std::move(key),
                           metrics_.counter("anabranch_http_requests_total", "HTTP requests", labels))
                  .first;
    }
    counter = found->second;
  }
  counter->add();
}

// ---- asked for ----

void ApiMetrics::collect(Ports& ports, const StreamRates& rates, int64_t now_us) {
  const bool is_ready = ports.is_ready();
  const serve::ReadState reads = is_ready ? ports.reads().state() : serve::ReadState();
  metrics_.gauge("anabranch_ready", "1 when the server answers queries").set(is_ready ? 1 : 0);
  for (const ProcessState& process : ports.processes()) {
    const Labels labels = {{"kind", process.kind}};
    metrics_.gauge("anabranch_memory_bytes", "Memory that a process holds itself", labels)
        .set(static_cast<double>(process.memory_bytes));
    metrics_.gauge("anabranch_process_restarts", "How often it was started again", labels)
        .set(static_cast<double>(process.restarts));
  }
  metrics_.gauge("anabranch_uptime_seconds", "Time since the start")
      .set(static_cast<double>(now_us - ports.started_at_us()) / 1e6);
  metrics_.gauge("anabranch_build_running", "1 while a build runs")
      .set(ports.builds().running_build() ? 1 : 0);
  if (const auto published_at_us = ports.builds().published_at_us()) {
    metrics_.gauge("anabranch_build_published_timestamp_seconds", "When the newest build was published")
        .set(static_cast<double>(*published_at_us) / 1e6);
  }
  collect_streams(ports.events(), reads.applied, rates);
  if (is_ready) collect_speed(reads);
}

void ApiMetrics::collect_streams(Events& events, const model::Offsets& applied, const StreamRates& rates) {
  for (const auto& [name, stream] : events.all_states()) {
    const auto& durable = stream.durable;
    const auto set = [&, &name = name](const char* metric, const char* help,
                                       const std::vector<model::Offset>& offsets) {
      for (size_t i = 0; i < offsets.size(); ++i) {
        metrics_.gauge(metric, help, {{"stream", name}, {"partition", std::to_string(i)}})
            .set(static_cast<double>(offsets[i]));
      }
    };
    set("anabranch_stream_durable_offset", "Next offset after the durable events", durable);
    if (stream.archived)
      set("anabranch_stream_archived_offset", "Next offset after the archived events", *stream.archived);
    const Labels labels = {{"stream", name}};
    if (const auto found = applied.find(name); found != applied.end()) {
      set("anabranch_stream_applied_offset", "Next offset after the events in every answer", found->second);
      double lag = 0;
      for (size_t i = 0; i < durable.size() && i < found->second.size(); ++i) {
        lag += static_cast<double>(std::max<int64_t>(0, durable[i] - found->second[i]));
      }
      metrics_.gauge("anabranch_stream_lag_events", "Durable events that are in no answer yet", labels)
          .set(lag);
    }
    metrics_.gauge("anabranch_stream_events_per_second", "Events a second over the last five", labels)
        .set(rates.per_s(name));
    metrics_.gauge("anabranch_stream_log_bytes", "Bytes of the log on disk", labels)
        .set(static_cast<double>(stream.log_bytes));
    metrics_.gauge("anabranch_stream_quarantined", "Records in quarantine", labels)
        .set(static_cast<double>(stream.quarantined.value_or(0)));
  }
}

void ApiMetrics::collect_speed(const serve::ReadState& reads) {
  const auto& stats = reads.speed;
  const auto total = [&](const std::string& name, const char* help, int64_t value) {
    const Counter counter = metrics_.counter(name, help);
    Lock lock(mutex_);
    double& before = totals_[name];
    if (const auto now = static_cast<double>(value); now > before) {
      counter.add(now - before);
      before = now;
    }
  };
  total("anabranch_ticks_total", "Ticks of the speed layer", stats.ticks);
  total("anabranch_compactions_total", "Compactions of slices", stats.compactions);
  total("anabranch_log_rows_read_total", "Events that reads have gone back to the log for",
        reads.log_rows_read);
  const auto quantiles = [&](const char* name, const char* help, std::optional<int64_t> p50,
                             std::optional<int64_t> p99) {
    if (p50) metrics_.gauge(name, help, {{"quantile", "0.5"}}).set(static_cast<double>(*p50) / 1e6);
    if (p99) metrics_.gauge(name, help, {{"quantile", "0.99"}}).set(static_cast<double>(*p99) / 1e6);
  };
  quantiles("anabranch_tick_seconds", "Time of a tick, over the last thousand", stats.tick_us_p50,
            stats.tick_us_p99);
  quantiles("anabranch_freshness_seconds", "Time from durable to applied, over the last thousand ticks",
            stats.freshness_us_p50, stats.freshness_us_p99);
  metrics_.gauge("anabranch_slice_events", "Events applied after the newest build")
      .set(static_cast<double>(stats.slice_events));
  metrics_.gauge("anabranch_queries_running", "Queries that run now").set(static_cast<double>(reads.running));
  metrics_.gauge("anabranch_speed_failed", "1 when the speed layer has stopped for an error")
      .set(stats.failure ? 1 : 0);
}

}  // namespace anabranch::front::http_api
