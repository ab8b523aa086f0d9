// What a caller may order: each route asks for its right, and an answer tells of what the caller sees.

#include <fmt/format.h>

#include "front/http_api/api_for_tests.h"

namespace anabranch::front::http_api {
namespace {

using json = nlohmann::ordered_json;
using security::Restriction;
using security::Right;

// A caller has the one right that it is called by. "auditor" and "guest" have all of them, but "guest" does
// not see everything. "clerk" has some, of one relation each; "hand" has what a test gives and takes.
class RightsPolicy final : public security::Policy {
 public:
  Restriction restriction(const security::Caller& caller, std::string_view relation) const override {
    Restriction rule;
    if (caller.name != "guest" && caller.name != "stranger") return rule;
    for (const char* hidden : {"bronze.weather", "bronze.airports", "bronze.taxis", "gold.ranked"})
      rule.is_hidden = rule.is_hidden || relation == hidden;
    if (relation == "bronze.planes" || relation == "bronze.flights") rule.hidden_columns = {"code"};
    return rule;
  }
  bool allows(const security::Caller& caller, Right right, std::string_view relation) const override {
    if (caller.name == "auditor" || caller.name == "guest") return true;
    if (caller.name == "hand") return is_hand_allowed;
    if (caller.name != "clerk") return caller.name == security::to_string(right);
    return (right == Right::ingest && relation == "bronze.flights") ||
           (right == Right::build && relation == "gold.delay_by_carrier") ||
           (right == Right::verify && relation == "silver.delays") ||
           (right == Right::copy && relation == "bronze.planes") ||
           (right == Right::drop && relation == "bronze.clicks");
  }
  std::atomic<bool> is_hand_allowed = true;
};

struct RouteRight {
  const char* method;
  const char* pattern;
  std::optional<Right> right;  // nothing: it changes nothing, and what is seen decides
  const char* target;
  const char* body = "";
};

// Every route of the API, with what it asks for.
constexpr RouteRight routes[] = {
    {"POST", "/v1/streams/{name}/events", Right::ingest, "/v1/streams/flights/events",
     "{\"carrier\":\"UA\"}\n"},
    {"POST", "/v1/streams/{name}/files", Right::ingest, "/v1/streams/flights/files",
     R"({"path":"/f.parquet"})"},
    {"GET", "/v1/streams/{name}/producers/{id}", Right::ingest, "/v1/streams/flights/producers/p"},
    {"POST", "/v1/query", {}, "/v1/query", R"({"sql":"SELECT 1"})"},
    {"GET", "/v1/status", {}, "/v1/status"},
    {"GET", "/v1/views", {}, "/v1/views"},
    {"GET", "/v1/views/{name}", {}, "/v1/views/silver.delays"},
    {"GET", "/v1/views/{name}/rows", {}, "/v1/views/silver.delays/rows"},
    {"GET", "/v1/views/{name}/errors", {}, "/v1/views/silver.delays/errors"},
    {"GET", "/v1/builds", {}, "/v1/builds"},
    {"POST", "/v1/builds", Right::build, "/v1/builds", R"({"views":["silver.delays"]})"},
    {"POST", "/v1/verify", Right::verify, "/v1/verify", R"({"views":["silver.delays"]})"},
    {"POST", "/v1/copy", Right::copy, "/v1/copy", R"({"sources":["reference"]})"},
    {"GET", "/v1/tasks", {}, "/v1/tasks"},
    {"POST", "/v1/tasks/{name}/cancel", Right::cancel, "/v1/tasks/20261126T1/cancel"},
    {"GET", "/v1/project", Right::read_project, "/v1/project"},
    {"POST", "/v1/apply", Right::apply, "/v1/apply"},
    {"POST", "/v1/apply", Right::read_project, "/v1/apply", R"({"dry_run":true})"},
    {"POST", "/v1/diff", Right::read_project, "/v1/diff"},
    {"POST", "/v1/drop", Right::drop, "/v1/drop", R"({"names":["clicks"]})"},
    {"POST", "/v1/drop", Right::drop, "/v1/drop"},
    {"POST", "/v1/builds", Right::build, "/v1/builds"},
    {"POST", "/v1/verify", Right::verify, "/v1/verify"},
    {"POST", "/v1/copy", Right::copy, "/v1/copy"},
    {"GET", "/v1/quarantine", {}, "/v1/quarantine"},
    {"GET", "/v1/updates", {}, "/v1/updates"},
    {"GET", "/healthz", {}, "/healthz"},
    {"GET", "/readyz", {}, "/readyz"},
    {"GET", "/metrics", {}, "/metrics"},
    {"GET", "/v1/openapi.json", {}, "/v1/openapi.json"},
};

class ApiRights : public ApiTest {
 protected:
  ApiRights() : ApiRights(std::make_shared<RightsPolicy>()) {}
  explicit ApiRights(const std::shared_ptr<RightsPolicy>& policy) : ApiTest(policy), policy_(policy) {
    api_options_.caller_of = [](const http::Request& request) {
      return security::Caller{std::string(request.headers.get("X-Caller")), {}};
    };
    platform_.on_build = [this](const std::vector<std::string>& views) -> Result<std::string> {
      const std::string id = fmt::format("b-{}", ++orders_);
      TRY(platform_.catalog().begin_build({id, "asked", views, {}, orders_}));
      TRY(platform_.catalog().finish_build(id, {catalog::BuildState::published, 2, 1, 1, ""}));
      return id;
    };
    platform_.on_copy = [this](const std::vector<std::string>&) -> Result<std::vector<TableCopied>> {
      ++orders_;
      return std::vector<TableCopied>{{"planes", 2, 3322, true}, {"airports", 1, 4711, true}};
    };
    platform_.on_file = [this](const std::string&, const std::string&) -> Result<ingest::Accepted> {
      ++orders_;
      return ingest::Accepted{};
    };
    platform_.on_apply = [this](const ApplyRequest&) -> Result<ProjectPlan> {
      ++orders_;
      return plan();
    };
    platform_.on_diff = [this](const DiffRequest&) -> Result<ProjectDiff> {
      ++orders_;
      ProjectDiff diff;
      diff.plan = plan();
      diff.offsets = {{"flights", {7}}, {"weather", {4711}}};
      return diff;
    };
    platform_.on_drop = [this](const DropRequest&) -> Result<ProjectDrop> {
      ++orders_;
      ProjectDrop drop;
      drop.items = {{Droppable::Kind::stream, "clicks", 70, {"log/clicks"}, {"9 events"}},
                    {Droppable::Kind::stream, "flights", 70, {"log/flights"}, {"8 events"}},
                    {Droppable::Kind::stream, "taxis", 71, {"log/taxis"}, {"4711 events"}},
                    {Droppable::Kind::view, "gold.ranked", 72, {"lake/gold/ranked"}, {}}};
      return drop;
    };
    platform_.test_changed_files = {"anabranch.yml", "models/gold/ranked.sql", "models/gold/daily.sql",
                                    "streams/weather.yml", "sources/reference.yml"};
  }

  // Of things that are hidden from "guest", of some that are not, and with texts of both.
  static ProjectPlan plan() {
    using Kind = ProjectPlan::Kind;
    const auto item = [](Kind kind, std::string name) {
      ProjectPlan::Item item;
      item.kind = kind;
      item.name = std::move(name);
      item.is_computed = true;
      item.events = 4711;
      item.notes = {"column code: 4711 becomes text"};
      return item;
    };
    ProjectPlan plan;
    plan.items = {item(Kind::view, "gold.ranked"), item(Kind::view, "gold.daily"),
                  item(Kind::stream, "weather"),   item(Kind::stream, "flights"),
                  item(Kind::table, "airports"),   item(Kind::setting, "limits.queries_max")};
    plan.files = {"models/gold/ranked.sql", "models/gold/daily.sql", "streams/weather.yml"};
    plan.events = 4711;
    plan.estimated_ms = 4711;
    plan.warnings = {"bronze.airports was never copied"};
    return plan;
  }

  http::ClientResponse as(const std::string& caller, const std::string& method, std::string_view target,
                          std::string_view body = "", const std::string& key = "") {
    http::Headers headers = header("X-Caller", caller);
    headers.add("Content-Type", "application/x-ndjson");
    if (!key.empty()) headers.add("Idempotency-Key", key);
    return client().request(method, target, headers, body).value();
  }
  http::ClientResponse order(const std::string& caller, std::string_view target, std::string_view body = "") {
    return as(caller, "POST", target, body);
  }
  /// "200" or "403 refused"; of a stream of events whether it opens.
  std::string outcome_as(const std::string& caller, const RouteRight& route) {
    if (std::string_view(route.pattern) != "/v1/updates")
      return outcome(as(caller, route.method, route.target, route.body));
    bool is_open = false;
    (void)client().events(route.target, header("X-Caller", caller), [&](std::string_view, std::string_view) {
      is_open = true;
      return false;
    });
    return is_open ? "200" : "closed";
  }
  static bool tells_hidden(const http::ClientResponse& response) {
    for (const char* hidden : {"weather", "airports", "taxis", "ranked", "4711"}) {
      if (response.body.find(hidden) != std::string::npos) return true;
    }
    return false;
  }
  model::Offset durable() { return platform_.durable_offsets().at("flights").front(); }

  const std::shared_ptr<RightsPolicy> policy_;
  std::atomic<int> orders_ = 0;  // that the platform was given
};

TEST_WITH_EACH_ENGINE(ApiRights);

TEST_P(ApiRights, EveryRouteSaysWhatItAsksFor) {
  for (const auto& [method, pattern] : api_->routes()) {
    const bool is_listed = std::ranges::any_of(
        routes, [&](const RouteRight& route) { return route.method == method && route.pattern == pattern; });
    EXPECT_TRUE(is_listed) << method << " " << pattern
                           << " has no right, and nothing says that it needs none";
  }
  for (const Right right : security::all_rights) {
    EXPECT_TRUE(std::ranges::any_of(routes, [&](const RouteRight& route) { return route.right == right; }))
        << to_string(right);
  }
}

TEST_P(ApiRights, WithoutItsRightARouteDoesNothing) {
  for (const RouteRight& route : routes) {
    SCOPED_TRACE(fmt::format("{} {}", route.method, route.target));
    if (!route.right) {
      EXPECT_EQ(outcome_as("nobody", route), "200");
      continue;
    }
    for (const Right other : security::all_rights) {
      if (other == *route.right) continue;
      const int orders = orders_;
      const auto offset = durable();
      const std::string caller(to_string(other));
      EXPECT_EQ(outcome_as(caller, route), "403 refused") << caller;
      EXPECT_EQ(orders_, orders) << caller;
      EXPECT_EQ(durable(), offset) << caller;
    }
    const auto refused = as("nobody", route.method, route.target, route.body);
    EXPECT_EQ(outcome(refused), "403 refused");
    EXPECT_NE(refused.body.find(fmt::format("'{}'", to_string(*route.right))), std::string::npos)
        << refused.body;
    EXPECT_EQ(outcome_as(std::string(to_string(*route.right)), route), "200");
  }
  EXPECT_EQ(platform_.cancelled, 1);
}

TEST_P(ApiRights, ARightIsOfWhatIsNamed) {
  EXPECT_EQ(outcome(order("clerk", "/v1/streams/flights/events", "{}\n")), "200");
  EXPECT_EQ(outcome(order("clerk", "/v1/streams/weather/events", "{}\n")), "403 refused");
  EXPECT_EQ(outcome(order("clerk", "/v1/builds", R"({"views":["gold.delay_by_carrier"]})")), "200");
  const auto both = order("clerk", "/v1/builds", R"({"views":["gold.delay_by_carrier","silver.delays"]})");
  EXPECT_EQ(outcome(both), "403 refused");
  EXPECT_NE(both.body.find("'build' of silver.delays"), std::string::npos) << both.body;
  const auto all = order("clerk", "/v1/builds");
  EXPECT_EQ(outcome(all), "403 refused");
  EXPECT_NE(all.body.find("the whole project"), std::string::npos) << all.body;
  EXPECT_EQ(outcome(order("clerk", "/v1/verify", R"({"views":["silver.delays"]})")), "200");
  EXPECT_EQ(outcome(order("clerk", "/v1/verify", R"({"views":["silver.codes"]})")), "403 refused");
  EXPECT_EQ(outcome(order("clerk", "/v1/verify")), "403 refused");
  EXPECT_EQ(outcome(order("clerk", "/v1/copy", R"({"sources":["fleet"]})")), "200");
  EXPECT_EQ(outcome(order("clerk", "/v1/copy", R"({"sources":["fleet","reference"]})")), "403 refused");
  for (const char* name : {"clicks", "bronze.clicks"})
    EXPECT_EQ(outcome(order("clerk", "/v1/drop", fmt::format(R"({{"names":["{}"]}})", name))), "200");
  EXPECT_EQ(outcome(order("clerk", "/v1/drop", R"({"names":["clicks","gold.clicks"]})")), "403 refused");
}

TEST_P(ApiRights, WhatIsHiddenIsNotThereForOrders) {
  // Word for word as for a name that there is not: with all rights, and with none.
  for (const char* caller : {"guest", "stranger"}) {
    const auto alike = [&](const char* target, std::string body, const std::string& hidden,
                           const std::string& none) {
      SCOPED_TRACE(fmt::format("{} {} {}", caller, target, hidden));
      const auto put = [](std::string text, const std::string& what, const std::string& by) {
        for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
          text.replace(at, what.size(), by);
        return text;
      };
      const auto of_hidden = order(caller, put(target, "NAME", hidden), put(body, "NAME", hidden));
      const auto of_none = order(caller, put(target, "NAME", none), put(body, "NAME", none));
      EXPECT_GE(of_hidden.status, 403);
      EXPECT_LE(of_hidden.status, 404);
      EXPECT_EQ(of_hidden.status, of_none.status);
      EXPECT_EQ(put(of_hidden.body, hidden, none), of_none.body);
    };
    platform_.on_drop = [this](const DropRequest& request) -> Result<ProjectDrop> {
      if (request.names.at(0) == "taxis") ++orders_;
      return fail(nothing_stored_of(request.names.at(0)));
    };
    alike("/v1/streams/NAME/events", "{}\n", "weather", "nothing");
    alike("/v1/streams/NAME/files", R"({"path":"/f.parquet"})", "weather", "nothing");
    alike("/v1/builds", R"({"views":["NAME"]})", "gold.ranked", "gold.nothing");
    alike("/v1/verify", R"({"views":["NAME"]})", "gold.ranked", "gold.nothing");
    alike("/v1/copy", R"({"sources":["NAME"]})", "city", "nothing");
    alike("/v1/drop", R"({"names":["NAME"]})", "taxis", "nothing");
    EXPECT_EQ(outcome(as(caller, "GET", "/v1/streams/weather/producers/p")), "404 unknown_stream");
  }
  EXPECT_EQ(outcome(order("guest", "/v1/drop", R"({"names":["taxis"]})")), "404 not_found");
  EXPECT_EQ(outcome(order("guest", "/v1/builds", R"({"views":["gold.ranked"]})")), "404 unknown_view");
  EXPECT_EQ(orders_, 0);
}

TEST_P(ApiRights, APlanTellsOfWhatTheCallerSees) {
  for (const char* target : {"/v1/apply", "/v1/diff"}) {
    SCOPED_TRACE(target);
    const json whole = parsed(order("auditor", target));
    EXPECT_EQ(whole["changes"].size(), 6u);
    EXPECT_EQ(whole["events"], 4711);
    EXPECT_EQ(whole["changes"][0]["notes"].size(), 1u);
    const auto response = order("guest", target);
    EXPECT_EQ(outcome(response), "200");
    const json left = parsed(response);
    ASSERT_EQ(left["changes"].size(), 3u) << left;
    EXPECT_EQ(left["changes"][0]["name"], "gold.daily");
    EXPECT_EQ(left["changes"][1]["name"], "flights");
    EXPECT_EQ(left["changes"][2]["name"], "limits.queries_max");
    EXPECT_EQ(left["changes"][0]["notes"], json::array());
    EXPECT_TRUE(left["changes"][0]["events"].is_null());
    EXPECT_EQ(left["files"], json::parse(R"(["models/gold/daily.sql"])"));
    EXPECT_TRUE(left["events"].is_null());
    EXPECT_TRUE(left["estimated_ms"].is_null());
    ASSERT_EQ(left["warnings"].size(), 1u);
    EXPECT_NE(left["warnings"][0].get<std::string>().find("not shown"), std::string::npos);
    json others = left;
    others["changes"].erase(2);  // a setting is of no relation
    EXPECT_EQ(others.dump().find("4711"), std::string::npos) << others;
    EXPECT_EQ(others.dump().find("ranked"), std::string::npos) << others;
    EXPECT_EQ(others.dump().find("weather"), std::string::npos) << others;
  }
}

TEST_P(ApiRights, DroppedAndCopiedThingsAreThoseThatTheCallerSees) {
  EXPECT_EQ(parsed(order("auditor", "/v1/drop"))["items"].size(), 4u);
  const auto dropped = order("guest", "/v1/drop");
  EXPECT_FALSE(tells_hidden(dropped)) << dropped.body;
  const json items = parsed(dropped)["items"];
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0]["notes"], json::parse(R"(["9 events"])"));
  EXPECT_EQ(items[1]["name"], "flights");
  EXPECT_EQ(items[1]["notes"], json::array()) << "rows are counted for who sees them all";

  EXPECT_EQ(parsed(order("auditor", "/v1/copy"))["tables"][1]["rows"], 4711);
  EXPECT_EQ(order("guest", "/v1/copy").body,
            R"({"tables":[{"name":"planes","version":2,"rows":null,"changed":true}]})");
}

TEST_P(ApiRights, ChangedFilesAreThoseOfWhatTheCallerSees) {
  const json all = {"anabranch.yml", "models/gold/ranked.sql", "models/gold/daily.sql", "streams/weather.yml",
                    "sources/reference.yml"};
  const json seen = {"anabranch.yml", "models/gold/daily.sql", "sources/reference.yml"};
  EXPECT_EQ(parsed(as("auditor", "GET", "/v1/project"))["changed_files"], all);
  EXPECT_EQ(parsed(as("guest", "GET", "/v1/project"))["changed_files"], seen);
  EXPECT_EQ(parsed(as("guest", "GET", "/v1/status"))["changed_files"], seen);
  EXPECT_EQ(parsed(as("nobody", "GET", "/v1/status"))["changed_files"], json::array())
      << "for who may read the project";
}

TEST_P(ApiRights, AnErrorOfWorkIsToldToWhoSeesWhatItTouched) {
  Code code = Code::bad_input;
  const auto failure = [&] { return fail(code, "SECRETTEXT of bronze.weather"); };
  platform_.on_build = [&](const auto&) -> Result<std::string> { return failure(); };
  platform_.on_apply = [&](const auto&) -> Result<ProjectPlan> { return failure(); };
  platform_.on_diff = [&](const auto&) -> Result<ProjectDiff> { return failure(); };
  platform_.on_drop = [&](const auto&) -> Result<ProjectDrop> { return failure(); };
  platform_.on_copy = [&](const auto&) -> Result<std::vector<TableCopied>> { return failure(); };
  const auto told = [&](const std::string& caller, const char* target, const char* body = "") {
    const auto response = order(caller, target, body);
    EXPECT_GE(response.status, 400) << target;
    return response.body.find("SECRETTEXT") != std::string::npos;
  };
  for (const Code is : {Code::bad_input, Code::bad_sql, Code::unavailable, Code::not_found, Code::refused}) {
    code = is;
    for (const char* target : {"/v1/builds", "/v1/apply", "/v1/diff", "/v1/copy"}) {
      EXPECT_TRUE(told("auditor", target)) << target;
      EXPECT_FALSE(told("guest", target)) << target;
    }
    EXPECT_FALSE(told("guest", "/v1/copy", R"({"sources":["fleet"]})")) << "its tables are not seen whole";
    EXPECT_FALSE(told("guest", "/v1/builds", R"({"views":["gold.delay_by_carrier"]})"))
        << "it is computed from a stream with a hidden column";
  }
  code = Code::bad_input;
  EXPECT_TRUE(told("auditor", "/v1/drop"));
  EXPECT_FALSE(told("guest", "/v1/drop"));
  EXPECT_FALSE(told("guest", "/v1/drop", R"({"names":["flights"]})"));
  EXPECT_TRUE(told("guest", "/v1/drop", R"({"names":["clicks"]})"));
  code = Code::conflict;
  for (const char* target : {"/v1/builds", "/v1/apply", "/v1/diff", "/v1/copy"})
    EXPECT_TRUE(told("guest", target)) << "another one is at work";
}

TEST_P(ApiRights, ErrorsOfBuildsAreToldToWhoSeesTheirViews) {
  ASSERT_TRUE(platform_.catalog().begin_build({"b-9", "asked", {"gold.delay_by_carrier"}, {}, 1}));
  ASSERT_TRUE(platform_.catalog().finish_build(
      "b-9", {catalog::BuildState::failed, 2, 0, 1, "no cast of SECRETTEXT"}));
  EXPECT_NE(as("auditor", "GET", "/v1/builds").body.find("SECRETTEXT"), std::string::npos);
  EXPECT_EQ(as("guest", "GET", "/v1/builds").body.find("SECRETTEXT"), std::string::npos);
}

TEST_P(ApiRights, ARepeatIsAnsweredToWhoMayStillOrderIt) {
  const std::pair<const char*, const char*> orders[] = {{"/v1/builds", R"({"views":["silver.delays"]})"},
                                                        {"/v1/copy", R"({"sources":["fleet"]})"},
                                                        {"/v1/apply", "{}"},
                                                        {"/v1/drop", R"({"names":["clicks"]})"}};
  for (const auto& [target, body] : orders) {
    SCOPED_TRACE(target);
    policy_->is_hand_allowed = true;
    const auto first = as("hand", "POST", target, body, "k");
    EXPECT_EQ(outcome(first), "200");
    const int done = orders_;
    policy_->is_hand_allowed = false;
    EXPECT_EQ(outcome(as("hand", "POST", target, body, "k")), "403 refused");
    EXPECT_EQ(outcome(as("hand", "POST", target, body, "another")), "403 refused");
    policy_->is_hand_allowed = true;
    EXPECT_EQ(as("hand", "POST", target, body, "k").body, first.body);
    EXPECT_EQ(orders_, done) << "carried out once";
  }
  const auto send = [&] { return as("hand", "POST", "/v1/streams/flights/events", "{}\n", "k"); };
  const auto first = send();
  EXPECT_EQ(outcome(first), "200");
  policy_->is_hand_allowed = false;
  EXPECT_EQ(outcome(send()), "403 refused");
  policy_->is_hand_allowed = true;
  EXPECT_EQ(send().body, first.body);
}

}  // namespace
}  // namespace anabranch::front::http_api
