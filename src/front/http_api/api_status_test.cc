#include <sstream>

#include <fmt/format.h>

#include "front/http_api/api_for_tests.h"
#include "front/http_api/api_routes.h"
#include "front/http_api/rate_meter.h"

namespace anabranch::front::http_api {
namespace {

using json = nlohmann::ordered_json;

class ApiStatus : public ApiTest {};

TEST_WITH_EACH_ENGINE(ApiStatus);

TEST_P(ApiStatus, IsAsDocumented) {
  const auto sent = send_events("{\"carrier\":\"UA\"}\nrubbish\n");
  ASSERT_EQ(outcome(sent), "200");
  (void)query({{"sql", "SELECT 1"}, {"min_offset", {{"flights", 0}}}});
  const auto status = parsed(get("/v1/status"));
  EXPECT_EQ(status["project"], "test");
  EXPECT_EQ(status["ready"], true);
  EXPECT_EQ(status["started_at"], "2023-11-14T22:13:20Z");
  EXPECT_GT(status["uptime_s"], 0);
  EXPECT_GE(status["epoch"], 1);
  EXPECT_TRUE(status["build"].is_null());
  EXPECT_TRUE(status["running_build"].is_null());
  EXPECT_GT(status["memory_bytes"], 1'000'000);
  const auto& flights = status["streams"][0];
  EXPECT_EQ(flights["name"], "flights");
  EXPECT_EQ(flights["partitions"], 1);
  EXPECT_EQ(flights["durable_offsets"], json::parse("[1]"));
  EXPECT_EQ(flights["applied_offsets"], json::parse("[1]"));
  EXPECT_EQ(flights["archived_offsets"], json::parse("[0]"));
  EXPECT_EQ(flights["lag_events"], 0);
  EXPECT_EQ(flights["lag_ms"], 0);
  EXPECT_EQ(flights["quarantined"], 1);
  EXPECT_GT(flights["log_bytes"], 0);
  EXPECT_TRUE(flights["events_per_s"].is_number());
  EXPECT_EQ(
      status["tables"][0].dump(),
      R"({"name":"planes","version":2,"pinned_version":1,"rows":3322,"in_place":false,"copied_at":"2023-11-14T22:13:20Z"})");
  EXPECT_TRUE(status["tables"][1]["version"].is_null());
  EXPECT_EQ(status["speed"]["replaying"], false);
  EXPECT_GE(status["speed"]["ticks"], 1);
  EXPECT_TRUE(status["freshness_ms"]["p50"].is_number());
}

TEST_P(ApiStatus, FaultsAreSaidAndTheServerStaysInService) {
  EXPECT_EQ(parsed(get("/v1/status"))["faults"].dump(), "[]");
  EXPECT_EQ(get("/readyz").body, "ready\n");
  platform_.test_faults = {{"bronze.planes", {Code::unavailable, "its file is missing", "copy it again", {}}},
                           {"gold.daily", {Code::unavailable, "it reads bronze.planes", "", {}}}};
  EXPECT_EQ(
      parsed(get("/v1/status"))["faults"].dump(),
      R"([{"of":"bronze.planes","message":"its file is missing","hint":"copy it again"},{"of":"gold.daily","message":"it reads bronze.planes","hint":null}])");
  const auto ready = get("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body,
            "ready\nbut bronze.planes: its file is missing\nbut gold.daily: it reads bronze.planes\n");
}

TEST_P(ApiStatus, TasksAreListedAndCancelled) {
  EXPECT_EQ(
      parsed(get("/v1/tasks")).dump(),
      R"({"tasks":[{"id":"20261126T1","kind":"copy","of":"reference","started_at":"2023-11-14T22:13:20Z","limit_ms":60000,"ending":false}]})");
  EXPECT_EQ(parsed(post("/v1/tasks/20261126T1/cancel", "")).dump(),
            R"({"id":"20261126T1","cancelled":true})");
  EXPECT_EQ(platform_.cancelled, 1);
  EXPECT_EQ(outcome(post("/v1/tasks/other/cancel", "")), "404 unknown_task");
  EXPECT_EQ(platform_.cancelled, 1);
}

TEST_P(ApiStatus, TheEndOfATaskIsNoErrorOfOurs) {
  platform_.on_build = [](const auto&) -> Result<std::string> {
    return fail(Code::cancelled, "the build was cancelled");
  };
  EXPECT_EQ(outcome(post("/v1/builds", "{}")), "409 cancelled");
  platform_.on_build = [](const auto&) -> Result<std::string> { return fail(Code::timeout, "too long"); };
  EXPECT_EQ(outcome(post("/v1/builds", "{}")), "408 task_timeout");
}

TEST_P(ApiStatus, IsThereBeforeAnythingElse) {
  platform_.ready = false;
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(outcome(get("/readyz")), "503 unavailable");
  const auto status = parsed(get("/v1/status"));
  EXPECT_EQ(status["ready"], false);
  EXPECT_EQ(status["speed"]["replaying"], true);
  EXPECT_TRUE(status["streams"][0]["applied_offsets"].is_null());
  EXPECT_EQ(outcome(get("/metrics")), "200");
  EXPECT_EQ(outcome(get("/v1/openapi.json")), "200");
  for (const char* target : {"/v1/views", "/v1/views/gold.ranked", "/v1/builds", "/v1/quarantine"}) {
    EXPECT_EQ(outcome(get(target)), "503 unavailable") << target;
  }
  EXPECT_EQ(outcome(query_sql("SELECT 1")), "503 unavailable");
  EXPECT_EQ(outcome(send_events("{}")), "503 unavailable");
  platform_.ready = true;
  EXPECT_EQ(get("/readyz").body, "ready\n");
}

TEST_P(ApiStatus, ViewsAreListedWithTheirPlans) {
  (void)send_events(
      "{\"carrier\":\"UA\",\"dep_delay\":3,\"code\":\"7\"}\n{\"carrier\":\"UA\",\"code\":\"x\"}\n");
  (void)query({{"sql", "SELECT 1"}, {"min_offset", {{"flights", 1}}}});
  const auto views = parsed(get("/v1/views"))["views"];
  ASSERT_EQ(views.size(), 4u);
  std::map<std::string, json> by_name;
  for (const auto& view : views) by_name[view["name"]] = view;
  const json& gold = by_name["gold.delay_by_carrier"];
  EXPECT_EQ(gold["layer"], "gold");
  EXPECT_EQ(gold["class"], "distributive");
  EXPECT_EQ(gold["maintained"], true);
  EXPECT_EQ(gold["description"], "Delays by carrier");
  EXPECT_EQ(gold["columns"][0].dump(), R"({"name":"carrier","type":"VARCHAR"})");
  EXPECT_EQ(gold["depends_on"], json::parse(R"(["silver.delays"])"));
  EXPECT_TRUE(gold["build_rows"].is_null());
  EXPECT_EQ(gold["slice_rows"], 1);
  EXPECT_EQ(gold["errors"], 0);
  EXPECT_TRUE(gold["last_verify"].is_null());
  EXPECT_EQ(by_name["silver.codes"]["errors"], 1);
  EXPECT_EQ(by_name["gold.ranked"]["maintained"], false);
  EXPECT_EQ(by_name["gold.ranked"]["errors"], 0);

  const auto one = parsed(get("/v1/views/gold.delay_by_carrier"));
  EXPECT_EQ(one["sql"], "SELECT …");
  EXPECT_EQ(one["file"], "models/gold/delay_by_carrier.sql");
  EXPECT_EQ(one["plan"]["parts"][0]["name"], "main");
  EXPECT_FALSE(one["plan"]["finalise"].get<std::string>().empty());
  EXPECT_TRUE(parsed(get("/v1/views/gold.ranked"))["plan"].is_null());
  EXPECT_EQ(outcome(get("/v1/views/gold.nothing")), "404 unknown_view");
  const auto errors = parsed(get("/v1/views/silver.codes/errors?limit=5"));
  EXPECT_EQ(errors["total"], 1);
  const json& error = errors["errors"][0];
  EXPECT_NE(error["message"].get<std::string>().find("Could not convert string 'x'"), std::string::npos);
  EXPECT_EQ(error["stream"], "flights");
  EXPECT_EQ(error["partition"], 0);
  EXPECT_EQ(error["offset"], 1);
  EXPECT_EQ(error["raw"], R"({"carrier":"UA","code":"x"})");
  EXPECT_EQ(outcome(get("/v1/views/gold.nothing/errors")), "404 unknown_view");
}

TEST_P(ApiStatus, BuildsAreRunAndListed) {
  platform_.on_build = [&](const std::vector<std::string>& views) -> Result<std::string> {
    if (views.empty()) return fail(Code::conflict, "a build is running");
    TRY(platform_.catalog().begin_build({"b-1", "asked", views, {{"flights", {5}}}, 1'700'000'000'000'000}));
    TRY(platform_.catalog().finish_build("b-1", {catalog::BuildState::published,
                                                 1'700'000'002'100'000,
                                                 12,
                                                 1000,
                                                 "",
                                                 {{"gold.ranked", "no number"}}}));
    return "b-1";
  };
  const std::string record =
      R"({"id":"b-1","state":"published","reason":"asked","views":["gold.ranked"],"cutoff":{"flights":[5]},)"
      R"("started_at":"2023-11-14T22:13:20Z","finished_at":"2023-11-14T22:13:22.1Z","duration_ms":2100,"rows":12,"peak_memory_bytes":1000,"error":null,"warnings":[{"view":"gold.ranked","message":"no number"}]})";
  EXPECT_EQ(post("/v1/builds", R"({"views":["gold.ranked"]})").body, record);
  EXPECT_EQ(get("/v1/builds?limit=5").body, "{\"builds\":[" + record + "]}");
  EXPECT_EQ(outcome(post("/v1/builds", "")), "409 conflict");
  EXPECT_EQ(outcome(post("/v1/builds", R"({"views":["gold.nothing"]})")), "404 unknown_view");
  EXPECT_EQ(outcome(post("/v1/builds", R"({"views":"gold.ranked"})")), "400 bad_request");
}

TEST_P(ApiStatus, FailuresOfOursTellNothing) {
  platform_.on_build = [](const std::vector<std::string>&) -> Result<std::string> {
    return fail(Code::io, "cannot write /secret/place: denied", "look at /secret");
  };
  const auto failed = post("/v1/builds", "{}");
  EXPECT_EQ(outcome(failed), "500 internal");
  EXPECT_EQ(failed.body.find("secret"), std::string::npos);
  platform_.on_build = [](const std::vector<std::string>&) -> Result<std::string> {
    throw std::runtime_error("secret");
  };
  const auto thrown = post("/v1/builds", "{}");
  EXPECT_EQ(outcome(thrown), "500 internal");
  EXPECT_EQ(thrown.body.find("secret"), std::string::npos);
}

TEST_P(ApiStatus, AKeyedRequestIsCarriedOutOnce) {
  int builds = 0;
  platform_.on_build = [&](const std::vector<std::string>& views) -> Result<std::string> {
    ++builds;
    if (builds == 1) throw std::runtime_error("once");
    if (builds == 2) return fail(Code::conflict, "a build is running");
    const std::string id = fmt::format("b-{}", builds);
    TRY(platform_.catalog().begin_build({id, "asked", views, {}, 1}));
    TRY(platform_.catalog().finish_build(id, {catalog::BuildState::published, 2, 1, 1, ""}));
    return id;
  };
  const auto build = [&](std::string_view body, const char* key) {
    return post("/v1/builds", body, header("Idempotency-Key", key));
  };
  EXPECT_EQ(outcome(build("{}", "k")), "500 internal");
  EXPECT_EQ(outcome(build("{}", "k")), "409 conflict") << "what failed is tried again";
  const auto first = build("{}", "k");
  EXPECT_EQ(outcome(first), "200");
  const auto again = build("{}", "k");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.get("Idempotent-Replayed"), "true");
  EXPECT_EQ(builds, 3);
  EXPECT_EQ(outcome(build(R"({"views":["gold.ranked"]})", "k")), "409 conflict");
  EXPECT_EQ(outcome(build("{}", "another")), "200");
  EXPECT_EQ(builds, 4);
  EXPECT_EQ(outcome(post("/v1/copy", "{}", header("Idempotency-Key", "k"))), "200") << "keys are a route's";
  http::Headers numbered = header("X-Producer-Id", "p");
  numbered.add("X-Sequence", "0");
  EXPECT_EQ(outcome(post("/v1/builds", "{}", numbered)), "400 bad_request");
}

TEST_P(ApiStatus, VerifyAndCopy) {
  (void)send_events("{\"carrier\":\"UA\",\"dep_delay\":3}\n");
  (void)query({{"sql", "SELECT 1"}, {"min_offset", {{"flights", 0}}}});
  const auto one = parsed(post("/v1/verify", R"({"views":["gold.delay_by_carrier"]})"))["results"];
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0]["result"], "equal") << one.dump();
  EXPECT_EQ(one[0]["rows"], 1);
  EXPECT_EQ(one[0]["offsets"]["flights"], json::parse("[1]"));
  EXPECT_EQ(one[0]["differences"], json::array());
  EXPECT_EQ(one[0]["source"], "log");
  EXPECT_TRUE(one[0]["sample"].is_null());
  const auto all = parsed(post("/v1/verify", R"({"sample":true})"))["results"];
  ASSERT_EQ(all.size(), 4u);
  for (const auto& each : all) EXPECT_EQ(each["result"], "equal") << each.dump();
  EXPECT_EQ(all[0]["sample"], "one in 64 of its keys");
  EXPECT_EQ(outcome(post("/v1/verify", R"({"sample":1})")), "400 bad_request");
  // What was found of another definition of the view says nothing of this one.
  catalog::VerdictRecord old{"gold.delay_by_carrier", catalog::VerdictRecord::Result::equal};
  old.definition = quality::definition_of(*platform_.world(), old.view);
  ASSERT_TRUE(platform_.catalog().record_verdict(old));
  EXPECT_EQ(parsed(get("/v1/views/gold.delay_by_carrier"))["last_verify"]["result"], "equal");
  old.definition = "another";
  ASSERT_TRUE(platform_.catalog().record_verdict(old));
  EXPECT_EQ(parsed(get("/v1/views/gold.delay_by_carrier"))["last_verify"]["result"], "stale");
  EXPECT_EQ(outcome(post("/v1/verify", R"({"views":["x"]})")), "404 unknown_view");
  EXPECT_EQ(post("/v1/copy", R"({"sources":["reference"]})").body,
            R"({"tables":[{"name":"planes","version":2,"rows":3322,"changed":true}]})");
  EXPECT_EQ(outcome(post("/v1/copy", R"({"sources":["x"]})")), "404 not_found");
  EXPECT_EQ(outcome(post("/v1/copy", R"({"source":["x"]})")), "400 bad_request");
}

TEST_P(ApiStatus, ApplyTellsWhatItIsAskedAndWhatCameOfIt) {
  std::vector<std::pair<bool, bool>> asked;
  platform_.on_apply = [&](const ApplyRequest& request) -> Result<ProjectPlan> {
    asked.emplace_back(request.is_dry_run, request.is_undo);
    ProjectPlan plan;
    ProjectPlan::Item item;
    item.name = "gold.daily";
    item.change = ProjectPlan::Change::recomputed;
    item.is_computed = true;
    item.events = 7;
    item.notes = {"reads silver.flights"};
    plan.items = {item};
    plan.files = {"models/silver/flights.sql"};
    plan.events = 7;
    plan.is_applied = !request.is_dry_run;
    return plan;
  };
  EXPECT_EQ(post("/v1/apply", R"({"dry_run":true})").body,
            R"({"applied":false,"breaking":false,"changes":[{"kind":"view","name":"gold.daily",)"
            R"("change":"recomputed","breaking":false,"needs_restart":false,"computed":true,"events":7,)"
            R"("notes":["reads silver.flights"]}],"files":["models/silver/flights.sql"],"events":7,)"
            R"("estimated_ms":null,"build":null,"warnings":[]})");
  EXPECT_EQ(parsed(post("/v1/apply", "{}"))["applied"], true);
  EXPECT_EQ(outcome(post("/v1/apply", R"({"undo":true})")), "200");
  EXPECT_EQ(asked, (std::vector<std::pair<bool, bool>>{{true, false}, {false, false}, {false, true}}));
  EXPECT_EQ(outcome(post("/v1/apply", R"({"undo":1})")), "400 bad_request");
  EXPECT_EQ(outcome(post("/v1/apply", R"({"dryrun":true})")), "400 bad_request");
  EXPECT_EQ(asked.size(), 3u);
  platform_.test_changed_files = {"anabranch.yml"};
  EXPECT_EQ(get("/v1/project").body, R"({"name":"test","changed_files":["anabranch.yml"]})");
}

TEST_P(ApiStatus, DiffTakesFilesAndTellsWhatDiffers) {
  std::vector<DiffRequest> asked;
  platform_.on_diff = [&](const DiffRequest& request) -> Result<ProjectDiff> {
    asked.push_back(request);
    ProjectDiff diff;
    if (request.before) return diff;
    diff.plan.items.emplace_back().name = "gold.daily";
    diff.offsets = {{"flights", {7}}};
    ProjectDiff::View view;
    view.name = "gold.daily";
    view.columns_added = {{"n", "BIGINT"}};
    view.columns_retyped = {{"day", "DATE", "TIMESTAMP"}};
    view.rows_after = 3;
    view.only_before = 0;
    view.only_after = 3;
    view.columns = {"day"};
    view.sample = {{true, 2, {"2026-11-23"}}, {false, 1, {std::nullopt}}};
    diff.views = {view};
    return diff;
  };
  const auto document = parsed(post("/v1/diff", ""));
  EXPECT_EQ(document["different"], true);
  EXPECT_EQ(document["offsets"].dump(), R"({"flights":[7]})");
  EXPECT_EQ(
      document["views"].dump(),
      R"([{"name":"gold.daily","change":"changed","columns_added":[{"name":"n","type":"BIGINT"}],)"
      R"("columns_removed":[],"columns_retyped":[{"name":"day","before":"DATE","after":"TIMESTAMP"}],)"
      R"("rows_before":null,"rows_after":3,"only_before":0,"only_after":3,"columns":["day"],)"
      R"("sample":[{"side":"after","count":2,"row":["2026-11-23"]},{"side":"before","count":1,"row":[null]}],)"
      R"("not_compared":null,"notes":[]}])");
  const auto same =
      parsed(post("/v1/diff", R"({"before":{"anabranch.yml":"name: x"},"after":{},"sample":1000})"));
  EXPECT_EQ(same["different"], false);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_FALSE(asked[0].before || asked[0].after);
  EXPECT_EQ(asked[0].sample_max, 5u);
  EXPECT_EQ(asked[1].before.value().at("anabranch.yml"), "name: x");
  EXPECT_TRUE(asked[1].after.value().empty());
  EXPECT_EQ(asked[1].sample_max, 100u);
  for (const char* wrong :
       {R"({"before":["x"]})", R"({"after":{"a":1}})", R"({"sample":-1})", R"({"from":{}})"})
    EXPECT_EQ(outcome(post("/v1/diff", wrong)), "400 bad_request") << wrong;
  EXPECT_EQ(asked.size(), 2u);
}

TEST_P(ApiStatus, DropTellsWhatIsAskedAndWhatCameOfIt) {
  std::vector<std::pair<std::vector<std::string>, bool>> asked;
  platform_.on_drop = [&](const DropRequest& request) -> Result<ProjectDrop> {
    asked.emplace_back(request.names, request.is_dry_run);
    if (request.names == std::vector<std::string>{"flights"})
      return fail(Code::conflict, "flights is in the project: streams/flights.yml names it");
    ProjectDrop drop;
    drop.is_dropped = !request.is_dry_run;
    drop.items = {{Droppable::Kind::table, "planes", 70, {"lake/bronze/planes"}, {"2 versions"}}};
    return drop;
  };
  EXPECT_EQ(post("/v1/drop", R"({"names":["planes"],"dry_run":true})").body,
            R"({"dropped":false,"items":[{"kind":"table","name":"planes","bytes":70,)"
            R"("folders":["lake/bronze/planes"],"notes":["2 versions"]}]})");
  EXPECT_EQ(parsed(post("/v1/drop", R"({"names":["planes"]})"))["dropped"], true);
  EXPECT_EQ(outcome(post("/v1/drop", R"({"names":["flights"]})")), "409 conflict");
  EXPECT_EQ(asked, (decltype(asked){{{"planes"}, true}, {{"planes"}, false}, {{"flights"}, false}}));
  for (const char* wrong : {R"({"names":"planes"})", R"({"name":["planes"]})", R"({"names":[],"dry_run":1})"})
    EXPECT_EQ(outcome(post("/v1/drop", wrong)), "400 bad_request") << wrong;
  EXPECT_EQ(asked.size(), 3u);
}

TEST_P(ApiStatus, UpdatesTellWhatHappens) {
  int statuses = 0;
  bool is_begun = false;
  std::vector<std::string> builds;
  const auto ended = client().events("/v1/updates", {}, [&](std::string_view event, std::string_view data) {
    const json document = json::parse(data);
    if (event == "builds") {
      builds.push_back(document["id"].get<std::string>() + " " + document["state"].get<std::string>());
      if (builds.back() == "b-2 running") {
        EXPECT_TRUE(platform_.catalog().finish_build("b-2", {catalog::BuildState::failed, 5, 0, 0, "no"}));
      }
      return builds.back() != "b-2 failed";
    }
    EXPECT_EQ(event, "status");
    ++statuses;
    if (statuses == 2) {  // the second one comes from a round, after the builds that there were
      EXPECT_EQ(outcome(send_events("{\"carrier\":\"UA\"}\n")), "200");
    }
    const bool is_seen = document["streams"][0]["applied_offsets"] == json::parse("[1]");
    if (is_seen && !is_begun) {
      is_begun = true;
      EXPECT_TRUE(platform_.catalog().begin_build({"b-2", "asked", {}, {}, 1}));
    }
    return true;
  });
  EXPECT_TRUE(ended) << ended.error().describe();
  EXPECT_EQ(builds, (std::vector<std::string>{"b-2 running", "b-2 failed"}));
  while (get("/metrics").body.find("anabranch_builds_total{state=\"failed\"} 1") == std::string::npos)
    std::this_thread::yield();
}

TEST_P(ApiStatus, MetricsCanBeRead) {
  (void)send_events("{\"carrier\":\"UA\"}\nrubbish\n");
  (void)query({{"sql", "SELECT 1"}, {"min_offset", {{"flights", 0}}}});
  (void)query_sql("SELECT getenv('HOME')");
  const auto response = get("/metrics");
  EXPECT_EQ(response.headers.get("Content-Type"), Metrics::content_type);
  std::istringstream lines(response.body);
  std::set<std::string> samples;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) continue;
    const size_t space = line.rfind(' ');
    ASSERT_NE(space, line.npos) << line;
    char* end = nullptr;
    std::strtod(line.c_str() + space + 1, &end);
    EXPECT_EQ(*end, '\0') << line;
    EXPECT_TRUE(line.starts_with("anabranch_")) << line;
    samples.insert(line);
  }
  for (const char* sample :
       {"anabranch_ready 1", "anabranch_events_accepted_total{stream=\"flights\"} 1",
        "anabranch_events_quarantined_total{stream=\"flights\"} 1",
        "anabranch_ingest_bytes_total{stream=\"flights\"} 25",
        "anabranch_stream_durable_offset{partition=\"0\",stream=\"flights\"} 1",
        "anabranch_stream_applied_offset{partition=\"0\",stream=\"flights\"} 1",
        "anabranch_stream_lag_events{stream=\"flights\"} 0", "anabranch_queries_total{outcome=\"ok\"} 1",
        "anabranch_queries_total{outcome=\"refused\"} 1", "anabranch_query_seconds_count 2",
        "anabranch_http_requests_total{method=\"POST\",route=\"/v1/query\",status=\"200\"} 1"}) {
    EXPECT_TRUE(samples.contains(sample)) << sample << "\n" << response.body;
  }
}

// ---- who may ask ----

TEST_P(ApiStatus, ForeignNamesAndPagesAreRefused) {
  const auto ask = [&](const std::string& head) {
    http::RawSocket socket(server_->port());
    socket.send(head + "Content-Length: 0\r\nConnection: close\r\n\r\n");
    const std::string answer = socket.read_to_end();
    return answer.substr(9, 3);
  };
  const std::string port = std::to_string(server_->port());
  for (const std::string& host : {std::string("localhost"), std::string("LOCALHOST:") + port,
                                  "127.0.0.1:" + port, std::string("[::1]:8080")}) {
    EXPECT_EQ(ask("GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n"), "200") << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080",
                           "evil.example:80", "[::2]", "localhostx"}) {
    EXPECT_EQ(ask(std::string("GET /healthz HTTP/1.1\r\nHost: ") + host + "\r\n"), "403") << host;
  }
  const std::string verify = "POST /v1/copy HTTP/1.1\r\nHost: localhost:8080\r\n";
  EXPECT_EQ(ask(verify), "200");
  EXPECT_EQ(ask(verify + "Origin: http://localhost:8080\r\n"), "200");
  for (const char* origin : {"http://evil.example", "null", "http://localhost:3000", "http://localhost",
                             "http://evil.example/localhost:8080"}) {
    EXPECT_EQ(ask(verify + "Origin: " + origin + "\r\n"), "403") << origin;
  }
  EXPECT_EQ(ask("POST /v1/copy HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"), "200");
  EXPECT_EQ(ask("POST /v1/copy HTTP/1.1\r\nHost: localhost:80\r\nOrigin: http://localhost\r\n"), "200");
  EXPECT_EQ(outcome(post("/v1/copy", "", header("Origin", "http://evil.example"))), "403 refused");
}

class ApiUnderAnyName : public ApiTest {
 protected:
  ApiUnderAnyName() { api_options_.has_any_name = true; }
};

TEST_WITH_EACH_ENGINE(ApiUnderAnyName);

TEST_P(ApiUnderAnyName, StillRefusesPagesOfOtherSites) {
  const auto ask = [&](const std::string& head) {
    http::RawSocket socket(server_->port());
    socket.send(head + "Host: shop.example:8080\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return socket.read_to_end().substr(9, 3);
  };
  EXPECT_EQ(ask("GET /healthz HTTP/1.1\r\n"), "200");
  EXPECT_EQ(ask("POST /v1/copy HTTP/1.1\r\n"), "200");
  EXPECT_EQ(ask("POST /v1/copy HTTP/1.1\r\nOrigin: http://shop.example:8080\r\n"), "200");
  for (const char* origin : {"http://evil.example", "null", "http://shop.example", "http://localhost:8080"})
    EXPECT_EQ(ask(std::string("POST /v1/copy HTTP/1.1\r\nOrigin: ") + origin + "\r\n"), "403") << origin;
}

class ApiWithoutGuard : public ApiTest {
 protected:
  ApiWithoutGuard() { api_options_.has_origin_guard = false; }
};

TEST_WITH_EACH_ENGINE(ApiWithoutGuard);

TEST_P(ApiWithoutGuard, AnswersUnderAnyName) {
  EXPECT_EQ(outcome(post("/v1/copy", "", header("Origin", "http://other.example"))), "200");
}

// ---- what is written about it ----

TEST_P(ApiStatus, EveryRouteIsInTheTableAndInTheDocuments) {
  std::set<std::string> registered, written;
  for (const auto& [method, path] : api_->routes()) registered.insert(method + " " + path);
  for (const ApiRoute& route : api_routes())
    written.insert(std::string(route.method) + " " + std::string(route.path));
  EXPECT_EQ(registered, written);
  const std::string docs = io::local_file_system().read_file(ANABRANCH_SOURCE "/docs/api.md").value();
  for (const ApiRoute& route : api_routes()) EXPECT_NE(docs.find(route.path), docs.npos) << route.path;
}

TEST_P(ApiStatus, OpenApiHasEveryRoute) {
  const auto document = parsed(get("/v1/openapi.json"));
  EXPECT_EQ(document["openapi"], "3.1.0");
  for (const ApiRoute& route : api_routes()) {
    const auto& operation =
        document["paths"][std::string(route.path)][route.method == "GET" ? "get" : "post"];
    EXPECT_EQ(operation["summary"], route.summary) << route.path;
    EXPECT_TRUE(operation["parameters"].is_array());
    EXPECT_TRUE(operation["responses"]["200"]["content"].is_object()) << operation.dump();
    EXPECT_TRUE(operation["responses"]["default"].contains("$ref"));
  }
  const auto& rows = document["paths"]["/v1/views/{name}/rows"]["get"]["parameters"];
  EXPECT_EQ(rows[0].dump(), R"({"name":"name","in":"path","required":true,"schema":{"type":"string"}})");
  EXPECT_EQ(rows[1]["name"], "limit");
  EXPECT_EQ(document["components"]["schemas"]["Problem"]["required"].size(), 5u);
}

TEST(RateMeter, MeasuresTheLastSeconds) {
  RateMeter meter(5'000'000);
  EXPECT_EQ(meter.per_s(), 0);
  meter.sample(0, 100);
  EXPECT_EQ(meter.per_s(), 0);
  meter.sample(1'000'000, 1100);
  EXPECT_EQ(meter.per_s(), 1000);
  for (int64_t second = 2; second <= 20; ++second) meter.sample(second * 1'000'000, 1100);
  EXPECT_EQ(meter.per_s(), 0);
}

}  // namespace
}  // namespace anabranch::front::http_api
