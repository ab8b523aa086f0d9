// One policy, every exit: what a test's policy keeps from a caller is asked for at each route, in each form.

#include <fmt/format.h>

#include "front/http_api/api_for_tests.h"

namespace anabranch::front::http_api {
namespace {

using json = nlohmann::ordered_json;
using security::Restriction;

// "auditor" sees everything, "broken" is a rule with a mistake, everybody else the following.
class TestPolicy final : public security::Policy {
 public:
  Restriction restriction(const security::Caller& caller, std::string_view relation) const override {
    Restriction rule;
    if (caller.name == "auditor") return rule;
    if (caller.name == "broken") {
      if (relation == "bronze.flights") rule.masks["carrier"] = "secret_name(carrier)";
      return rule;
    }
    if (relation == "bronze.flights") {
      rule.hidden_columns = {"code"};
      rule.masks["carrier"] = "left(carrier, 1) || '*'";
      rule.row_filter = "dep_delay IS NULL OR dep_delay < 100";
    }
    if (relation == "bronze.weather" || relation == "gold.ranked") rule.is_hidden = true;
    if (relation == "gold.delay_by_carrier") {
      rule.hidden_columns = {"delay"};
      rule.row_filter = "carrier <> 'ZZ'";
    }
    return rule;
  }
  bool allows(const security::Caller&, security::Right, std::string_view) const override { return true; }
};

class ApiPolicy : public ApiTest {
 protected:
  ApiPolicy() : ApiTest(std::make_shared<TestPolicy>()) {
    api_options_.caller_of = [](const http::Request& request) {
      return security::Caller{std::string(request.headers.get("X-Caller")), {}};
    };
  }
  void SetUp() override {
    ApiTest::SetUp();
    EXPECT_EQ(send_events(R"({"carrier":"UA","dep_delay":3,"code":"SECRETCODE"}
{"carrier":"ZZ","dep_delay":500,"code":"7"}
{"carrier":"AA","dep_delay":7,"code":"8"}
rubbish SECRETRAW
)")
                  .status,
              200);
    http::Headers headers = header("X-Caller", "auditor");
    headers.add("Content-Type", "application/x-ndjson");
    EXPECT_EQ(post("/v1/streams/weather/events", "{\"temp\":1.5}\n", headers).status, 200);
    EXPECT_EQ(as("auditor", {{"sql", "SELECT 1"}, {"min_offset", "latest"}}).status, 200);
  }

  http::ClientResponse as(const std::string& caller, const json& fields) {
    return post("/v1/query", fields.dump(), header("X-Caller", caller));
  }
  http::ClientResponse get_as(const std::string& caller, std::string_view target) {
    return client().request("GET", target, header("X-Caller", caller)).value();
  }
  /// The rows, or "status code".
  std::string rows(const std::string& caller, std::string_view sql) {
    const auto response = as(caller, {{"sql", sql}});
    return response.status == 200 ? parsed(response)["rows"].dump() : outcome(response);
  }
  int builds_ = 0;
  static bool tells(const http::ClientResponse& response, std::string_view text) {
    return response.body.find(text) != std::string::npos;
  }
};

TEST_WITH_EACH_ENGINE(ApiPolicy);

TEST_P(ApiPolicy, SqlMeetsWhatTheCallerMaySee) {
  EXPECT_EQ(rows("auditor", "SELECT * FROM bronze.flights ORDER BY dep_delay"),
            R"([["UA",3,"SECRETCODE"],["AA",7,"8"],["ZZ",500,"7"]])");
  EXPECT_EQ(rows("guest", "SELECT * FROM bronze.flights ORDER BY dep_delay"), R"([["U*",3],["A*",7]])");
  EXPECT_EQ(rows("guest", "SELECT count(*) FROM bronze.flights"), "[[2]]");
  EXPECT_EQ(rows("guest", "SELECT count(*) FROM bronze.flights WHERE carrier = 'UA'"), "[[0]]");
  EXPECT_EQ(rows("guest", "SELECT max(dep_delay) FROM bronze.flights"), "[[7]]");
  EXPECT_EQ(rows("guest", "WITH f AS (FROM bronze.flights) SELECT list(carrier ORDER BY carrier) FROM f"),
            R"([[["A*","U*"]]])");
  EXPECT_EQ(rows("guest",
                 "SELECT (SELECT max(carrier) FROM bronze.flights) UNION ALL "
                 "SELECT f.carrier FROM (SELECT 3 AS d) AS x JOIN bronze.flights AS f ON f.dep_delay = d"),
            R"([["U*"],["U*"]])");
  EXPECT_EQ(rows("guest", "SELECT COLUMNS('c.*') FROM bronze.flights ORDER BY ALL LIMIT 1"), R"([["A*"]])");
  EXPECT_EQ(rows("guest", "SELECT first(carrier) FROM bronze.flights"), R"([["U*"]])")
      << "in the events' order";
  EXPECT_EQ(rows("guest", "SELECT _offset FROM bronze.flights ORDER BY ALL"), "[[0],[2]]");
  EXPECT_EQ(rows("guest", "SELECT code FROM bronze.flights"), "400 bad_sql");
  EXPECT_EQ(rows("guest", "SELECT f.code FROM bronze.flights AS f"), "400 bad_sql");
  EXPECT_EQ(rows("guest", "SELECT _raw FROM bronze.flights"), "400 bad_sql");
  EXPECT_EQ(rows("guest", "SELECT dep_delay FROM bronze.flights WHERE code = 'SECRETCODE'"), "400 bad_sql");
}

TEST_P(ApiPolicy, AHiddenRelationIsNotThere) {
  for (const char* hidden : {"bronze.weather", "gold.ranked"}) {
    const auto response = as("guest", {{"sql", fmt::format("SELECT * FROM {}", hidden)}});
    EXPECT_EQ(outcome(response), "400 bad_sql");
    json document = parsed(response);
    EXPECT_EQ(document["detail"], fmt::format("there is no stream, table or view {}", hidden));
    EXPECT_EQ(document["hint"].get<std::string>().find("weather"), std::string::npos) << document;
    EXPECT_EQ(document["hint"].get<std::string>().find("ranked"), std::string::npos) << document;
  }
  EXPECT_EQ(outcome(as("guest", {{"sql", "SELECT 1"}, {"min_offset", {{"weather", 0}}}})),
            "404 unknown_stream");
  EXPECT_EQ(outcome(as("guest", {{"sql", "SELECT 1"}, {"min_offset", "latest"}})), "200");
  EXPECT_EQ(parsed(as("guest", {{"sql", "SELECT 1"}}))["offsets"], json::parse(R"({"flights":[3]})"));
  EXPECT_EQ(outcome(get_as("guest", "/v1/views/gold.ranked")), "404 unknown_view");
  EXPECT_EQ(outcome(get_as("guest", "/v1/views/gold.ranked/rows")), "404 unknown_view");
  EXPECT_EQ(outcome(get_as("guest", "/v1/views/gold.ranked/errors")), "404 unknown_view");
  EXPECT_EQ(outcome(get_as("auditor", "/v1/views/gold.ranked/rows")), "200");
}

TEST_P(ApiPolicy, AViewIsReadAsComputedAndRestrictedByItsOwnName) {
  EXPECT_EQ(rows("guest", "SELECT * FROM silver.delays ORDER BY ALL"), R"([["AA",7],["UA",3],["ZZ",500]])");
  EXPECT_EQ(rows("guest", "SELECT * FROM gold.delay_by_carrier ORDER BY ALL"), R"([["AA",1],["UA",1]])");
  EXPECT_EQ(parsed(get_as("guest", "/v1/views/gold.delay_by_carrier/rows"))["columns"].size(), 2u);
  EXPECT_EQ(rows("guest", "SELECT delay FROM gold.delay_by_carrier"), "400 bad_sql");
}

TEST_P(ApiPolicy, AConditionNeverMeetsARowThatIsKeptBack) {
  // Tried on the row of 500 minutes this is out of range, and would tell of it.
  const char* sql = "SELECT count(*) FROM bronze.flights WHERE dep_delay + dep_delay * 10000000 > 1";
  EXPECT_EQ(rows("guest", sql), "[[2]]");
  EXPECT_EQ(rows("auditor", sql), "400 bad_sql");
}

TEST_P(ApiPolicy, ErrorsTellNoValues) {
  for (const char* sql : {"SELECT CAST(carrier AS INTEGER) FROM bronze.flights",
                          "SELECT CAST(carrier AS INTEGER) FROM silver.delays"}) {
    const auto told = as("auditor", {{"sql", sql}});
    EXPECT_EQ(outcome(told), "400 bad_sql");
    EXPECT_TRUE(tells(told, "Could not convert string")) << told.body;
    for (const char* format : {"json", "csv", "arrow", "parquet"}) {
      const auto kept = as("guest", {{"sql", sql}, {"format", format}});
      EXPECT_EQ(outcome(kept), "400 bad_sql") << format;
      EXPECT_FALSE(tells(kept, "convert") || tells(kept, "U*") || tells(kept, "UA")) << kept.body;
    }
  }
  const auto mistaken = as("guest", {{"sql", "SELECT carier FROM bronze.flights"}});
  EXPECT_TRUE(tells(mistaken, "carier")) << "what the text alone is wrong in is told: " << mistaken.body;
  EXPECT_FALSE(tells(mistaken, "\"code\\\"")) << mistaken.body;
}

TEST_P(ApiPolicy, EveryFormHasTheSameRows) {
  for (const char* format : {"csv", "arrow", "parquet"}) {
    const json fields = {{"sql", "SELECT * FROM bronze.flights"}, {"format", format}};
    const auto whole = as("auditor", fields);
    EXPECT_TRUE(tells(whole, "SECRETCODE")) << format;
    const auto left = as("guest", fields);
    EXPECT_EQ(outcome(left), "200");
    EXPECT_FALSE(tells(left, "SECRETCODE")) << format;
    if (format == std::string_view("csv")) {
      EXPECT_EQ(left.body, "carrier,dep_delay\r\nU*,3\r\nA*,7\r\n");
    }
    EXPECT_EQ(left.headers.get("X-Anabranch-Offsets"), R"({"flights":[3]})");
    if (format == std::string_view("parquet")) {
      ASSERT_TRUE(io::local_file_system().write_atomically(folder_.path() / "left.parquet", left.body));
      const auto database = sql::Database::open({}).value();
      auto session = database->connect().value();
      const auto read = session.query(
          fmt::format("FROM read_parquet('{}') ORDER BY ALL", (folder_.path() / "left.parquet").string()));
      ASSERT_EQ(read->row_count(), 2u);
      EXPECT_EQ(read->columns().size(), 2u);
      EXPECT_EQ(read->text(0, 0), "A*");
    }
  }
}

TEST_P(ApiPolicy, WhatIsThereOnlyWholeIsKeptBack) {
  EXPECT_TRUE(tells(get_as("auditor", "/v1/quarantine"), "SECRETRAW"));
  EXPECT_EQ(parsed(get_as("guest", "/v1/quarantine")).dump(), R"({"total":0,"next":null,"entries":[]})");
  EXPECT_EQ(outcome(get_as("guest", "/v1/quarantine?stream=flights")), "403 refused");
  EXPECT_EQ(outcome(get_as("guest", "/v1/quarantine?stream=weather")), "404 unknown_stream");

  EXPECT_TRUE(tells(get_as("auditor", "/v1/views/silver.codes/errors"), "SECRETCODE"));
  const auto errors = get_as("guest", "/v1/views/silver.codes/errors");
  EXPECT_EQ(outcome(errors), "403 refused");
  EXPECT_FALSE(tells(errors, "SECRETCODE")) << errors.body;

  const json whole = parsed(get_as("auditor", "/v1/views/gold.delay_by_carrier"));
  EXPECT_EQ(whole["slice_rows"], 3);
  EXPECT_FALSE(whole["plan"].is_null());
  const json left = parsed(get_as("guest", "/v1/views/gold.delay_by_carrier"));
  EXPECT_TRUE(left["slice_rows"].is_null());
  EXPECT_TRUE(left["errors"].is_null());
  EXPECT_TRUE(left["plan"].is_null());
  EXPECT_EQ(left["sql"], "");
  EXPECT_EQ(left["columns"].size(), 2u);
  EXPECT_EQ(left["depends_on"], json::parse(R"(["silver.delays"])"));
  EXPECT_FALSE(tells(get_as("guest", "/v1/views"), "gold.ranked"));
  EXPECT_TRUE(tells(get_as("auditor", "/v1/views"), "gold.ranked"));
}

TEST_P(ApiPolicy, VerdictsAndBuildsTellOnlyOfWhatIsSeen) {
  ASSERT_TRUE(platform_.catalog().begin_build(
      {"b-1", "asked", {"gold.ranked", "gold.delay_by_carrier"}, {{"flights", {3}}, {"weather", {1}}}, 1}));
  ASSERT_TRUE(platform_.catalog().finish_build(
      "b-1", {catalog::BuildState::published,
              2,
              1,
              1,
              "",
              {{"gold.ranked", "SECRETONE"}, {"gold.delay_by_carrier", "SECRETTWO"}, {"", "no disk"}}}));
  const auto all = get_as("auditor", "/v1/builds");
  EXPECT_TRUE(tells(all, "SECRETONE") && tells(all, "SECRETTWO") && tells(all, "weather")) << all.body;
  const auto left = get_as("guest", "/v1/builds");
  EXPECT_FALSE(tells(left, "SECRET") || tells(left, "weather") || tells(left, "ranked")) << left.body;
  EXPECT_TRUE(tells(left, "no disk") && tells(left, "gold.delay_by_carrier"));

  const auto verify = [&](const std::string& caller) {
    return parsed(
        post("/v1/verify", R"({"views":["silver.delays"]})", header("X-Caller", caller)))["results"][0];
  };
  EXPECT_EQ(verify("auditor")["rows"], 3);
  EXPECT_EQ(verify("guest")["rows"], 0);
  EXPECT_EQ(verify("guest")["result"], "equal");
  EXPECT_EQ(outcome(post("/v1/verify", R"({"views":["gold.ranked"]})", header("X-Caller", "guest"))),
            "404 unknown_view");
}

TEST_P(ApiPolicy, StatusUpdatesAndMetricsAreOfWhatIsSeen) {
  EXPECT_TRUE(tells(get_as("auditor", "/v1/status"), "weather"));
  EXPECT_FALSE(tells(get_as("guest", "/v1/status"), "weather"));
  EXPECT_TRUE(parsed(get_as("guest", "/v1/status"))["streams"][0]["quarantined"].is_null());
  EXPECT_TRUE(tells(get_as("auditor", "/metrics"), "stream=\"weather\""));
  EXPECT_FALSE(tells(get_as("guest", "/metrics"), "weather"));
  EXPECT_TRUE(tells(get_as("guest", "/metrics"), "stream=\"flights\""));
  for (const auto& [caller, sees] : {std::pair{"auditor", true}, std::pair{"guest", false}}) {
    std::string told;
    (void)client().events("/v1/updates", header("X-Caller", caller),
                          [&](std::string_view, std::string_view data) {
                            told = data;
                            return false;
                          });
    EXPECT_EQ(told.find("weather") != std::string::npos, sees) << told;
    EXPECT_NE(told.find("flights"), std::string::npos) << told;
  }
}

TEST_P(ApiPolicy, AKeyIsItsCallersOwn) {
  platform_.on_build = [&](const std::vector<std::string>&) -> Result<std::string> {
    const std::string id = fmt::format("b-{}", ++builds_);
    TRY(platform_.catalog().begin_build({id, "asked", {"gold.ranked"}, {}, builds_}));
    TRY(platform_.catalog().finish_build(id, {catalog::BuildState::published, 2, 1, 1, ""}));
    return id;
  };
  const auto build = [&](const std::string& caller) {
    http::Headers headers = header("X-Caller", caller);
    headers.add("Idempotency-Key", "the same");
    return post("/v1/builds", "{}", headers);
  };
  EXPECT_TRUE(tells(build("auditor"), "gold.ranked"));
  EXPECT_FALSE(tells(build("guest"), "gold.ranked"));
  EXPECT_TRUE(tells(build("auditor"), "b-1"));
  EXPECT_TRUE(tells(build("guest"), "b-2"));
}

TEST_P(ApiPolicy, ARuleWithAMistakeShowsNothing) {
  const auto response = as("broken", {{"sql", "SELECT dep_delay FROM bronze.flights"}});
  EXPECT_EQ(outcome(response), "503 unavailable");
  EXPECT_FALSE(tells(response, "secret_name")) << response.body;
  EXPECT_EQ(rows("broken", "SELECT count(*) FROM silver.delays"), "[[3]]");
}

}  // namespace
}  // namespace anabranch::front::http_api
