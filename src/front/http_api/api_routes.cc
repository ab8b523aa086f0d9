#include "front/http_api/api_routes.h"

namespace anabranch::front::http_api {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view text_type = "text/plain";

constexpr std::string_view file_types =
    "text/csv\napplication/vnd.apache.arrow.stream\napplication/vnd.apache.parquet";

constexpr std::string_view answer_example =
    R"({"columns":[{"name":"carrier","type":"VARCHAR"},{"name":"flights","type":"BIGINT"}],"rows":[["UA",58665],["B6",54635]],"build":"20261123T093500Z-1","offsets":{"flights":[336776]},"epoch":17,"elapsed_ms":3.1})";
constexpr std::string_view accepted_example =
    R"({"stream":"flights","accepted":1,"quarantined":1,"ranges":[{"partition":0,"first_offset":7,"last_offset":7}]})";
constexpr std::string_view build_example =
    R"({"id":"20261123T093500Z-1","state":"published","reason":"asked","views":["gold.daily_traffic"],"cutoff":{"flights":[308641]},"started_at":"2026-11-23T09:35:00Z","finished_at":"2026-11-23T09:35:02.1Z","duration_ms":2100,"rows":12345,"peak_memory_bytes":412000000,"error":null,"warnings":[]})";
constexpr std::string_view view_example =
    R"({"name":"gold.delay_by_carrier","layer":"gold","class":"algebraic","maintained":true,"description":"Delays by carrier","columns":[{"name":"carrier","type":"VARCHAR"}],"depends_on":["silver.flights"],"build_rows":16,"slice_rows":120,"errors":0,"last_verify":{"result":"equal","rows":16,"at":"2026-11-23T09:40:00Z","offsets":{"flights":[336776]},"source":"log","sample":null}})";

constexpr ApiRoute
    routes[] =
        {
            {"POST", "/v1/streams/{name}/events", "Takes events in; answers when they are durable",
             "partition: all goes there; when it is absent, the key or the turn decides",
             "application/x-ndjson", "{\"carrier\":\"UA\",\"dep_delay\":3}\nnot json\n", json_type,
             accepted_example},
            {"POST", "/v1/streams/{name}/files",
             "Takes a Parquet file on the server's machine in; only from there",
             "partition: all goes there; when it is absent, the key or the turn decides", json_type,
             R"({"path":"/data/flights.parquet"})", json_type, accepted_example},
            {"GET", "/v1/streams/{name}/producers/{id}", "The number of a producer's next request",
             "partition: of those that it sends to this one, where it chooses partitions", "", "", json_type,
             R"({"stream":"flights","producer":"gate-12","next_sequence":42})"},
            {"POST", "/v1/query", "Answers one SELECT", "", json_type,
             R"({"sql":"SELECT * FROM gold.delay_by_carrier","min_offset":{"flights":123},"format":"json","numbers":"number"})",
             json_type, answer_example, file_types},
            {"GET", "/v1/status", "What the server is doing", "", "", "", json_type,
             R"({"project":"flights","version":"0.1.0","started_at":"2026-11-23T09:35:00Z","uptime_s":12.3,"epoch":17,"ready":true,"build":null,"streams":[],"tables":[],"speed":{"ticks":4711,"tick_ms_p50":3.1,"tick_ms_p99":6.0,"slice_rows":5120,"compactions":12,"replaying":false,"failed":false},"freshness_ms":{"p50":4.2,"p99":8.8},"running_build":null,"faults":[],"storage":{"log_bytes":6123456,"bronze_bytes":2123456,"silver_bytes":0,"gold_bytes":51234,"states_bytes":912345,"other_bytes":81234,"free_bytes":52123456789},"processes":[{"kind":"server","pid":4711,"memory_bytes":83500800,"started_at":"2026-11-23T09:35:00Z","restarts":0,"last_end":null},{"kind":"engine","pid":4712,"memory_bytes":183500800,"started_at":"2026-11-23T09:35:00Z","restarts":0,"last_end":null}],"memory_bytes":83500800})"},
            {"GET", "/v1/views", "All views", "", "", "", json_type, R"({"views":[]})"},
            {"GET", "/v1/views/{name}", "One view with its SQL and its plan", "", "", "", json_type,
             view_example},
            {"GET", "/v1/views/{name}/rows", "The rows of a view",
             "limit: at most so many rows; 1000 when it is absent\nmin_offset: flights:123, several with "
             "commas "
             "between, or latest\nformat: json, csv, arrow or parquet\nnumbers: number or string",
             "", "", json_type, answer_example, file_types},
            {"GET", "/v1/views/{name}/errors", "Events recorded against a view",
             "limit: at most so many; 100 when it is absent", "", "", json_type,
             R"({"view":"silver.flights","total":1,"errors":[{"stream":"flights","partition":0,"offset":12,"message":"Could not convert string 'x' to INT32","raw":"{\"dep_delay\":\"x\"}"}]})"},
            {"GET", "/v1/builds", "Builds, the newest first", "limit: at most so many; 50 when it is absent",
             "", "", json_type, R"({"builds":[]})"},
            {"POST", "/v1/builds", "Builds views (all when none is named); answers when it is published", "",
             json_type, R"({"views":["gold.daily_traffic"]})", json_type, build_example},
            {"POST", "/v1/verify",
             "Compares what views (all when none is named) answer with their SELECT from scratch", "",
             json_type, R"({"views":["gold.delay_by_carrier"],"sample":false})", json_type,
             R"({"results":[{"view":"gold.delay_by_carrier","result":"equal","rows":16,"offsets":{"flights":[336776]},"elapsed_ms":130.0,"source":"log","sample":null,"predicates":13,"note":null,"differences":[]}]})"},
            {"POST", "/v1/copy", "Copies the tables of sources (all when none is named)", "", json_type,
             R"({"sources":["reference"]})", json_type,
             R"({"tables":[{"name":"planes","version":2,"rows":3322,"changed":true}]})"},
            {"GET", "/v1/tasks", "Builds, copies, imports and verifies that run", "", "", "", json_type,
             R"({"tasks":[{"id":"20261123T093500.000Z-1a2b","kind":"copy","of":"reference","started_at":"2026-11-23T09:35:00Z","limit_ms":3600000,"ending":false}]})"},
            {"POST", "/v1/tasks/{name}/cancel", "Ends a task; answers at once", "", "", "", json_type,
             R"({"id":"20261123T093500.000Z-1a2b","cancelled":true})"},
            {"GET", "/v1/project", "The project that runs, and files that are not as they run", "", "", "",
             json_type, R"({"name":"flights","changed_files":["models/gold/delay_by_carrier.sql"]})"},
            {"POST", "/v1/apply", "Takes over the project's files, or shows what that would change", "",
             json_type, R"({"dry_run":true})", json_type,
             R"({"applied":false,"breaking":false,"changes":[{"kind":"view","name":"gold.daily","change":"added","breaking":false,"needs_restart":false,"computed":true,"events":336776,"notes":[]}],"files":["models/gold/daily.sql"],"events":336776,"estimated_ms":900,"build":null,"warnings":[]})"},
            {"POST",
             "/v1/diff", "Compares two projects, and the rows that their views make of the same events", "", json_type, R"({"before":{"anabranch.yml":"name: shop\n"},"after":null,"sample":5})", json_type, R"({"different":true,"offsets":{"orders":[60]},"breaking":false,"changes":[],"files":["models/gold/daily.sql"],"events":60,"estimated_ms":null,"warnings":[],"views":[{"name":"gold.daily","change":"changed","columns_added":[],"columns_removed":[],"columns_retyped":[],"rows_before":3,"rows_after":3,"only_before":1,"only_after":1,"columns":["day","n"],"sample":[{"side":"before","count":1,"row":["2026-11-23","20"]},{"side":"after","count":1,"row":["2026-11-23","40"]}],"not_compared":null,"notes":[]}]})"},
            {"POST", "/v1/drop", "Removes for ever what is stored of names that the project does not have",
             "", json_type, R"({"names":["clicks"],"dry_run":true})", json_type,
             R"({"dropped":false,"items":[{"kind":"stream","name":"clicks","bytes":48211,"folders":["log/clicks","lake/bronze/clicks"],"notes":["1,000 events"]}]})"},
            {"GET", "/v1/quarantine", "Input that could not become events, the oldest first",
             "stream: of this stream only\nlimit: at most so many; 100 when it is absent\nafter: the "
             "next of the "
             "page before",
             "", "", json_type,
             R"({"total":1,"next":null,"entries":[{"id":"flights/0/4096/0","stream":"flights","partition":0,"at_offset":7,"index":0,"received_at":"2026-11-23T09:35:01Z","reason":"line 2: not JSON","raw":"not json"}]})"},
            {"GET", "/v1/updates", "Server-sent events: status and builds", "", "", "", "text/event-stream",
             "event: status\ndata: {\"project\":\"flights\"}\n\n"},
            {"GET", "/healthz", "200 while the server lives", "", "", "", text_type, "alive\n"},
            {"GET", "/readyz", "200 when queries are answered, 503 before", "", "", "", text_type, "ready\n"},
            {"GET", "/metrics", "Metrics in the text format of Prometheus", "", "", "", text_type,
             "anabranch_ready 1\n"},
            {"GET", "/v1/openapi.json", "This document", "", "", "", json_type, R"({"openapi":"3.1.0"})"},
};

}  // namespace

std::span<const ApiRoute> api_routes() { return routes; }

}  // namespace anabranch::front::http_api
