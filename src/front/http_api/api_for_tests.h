#pragma once
// A small platform of real parts (log, ingestor, speed layer, queries) behind the API, for the tests of it
// only. Each test asks it twice: in the same process, and over a link as a server asks its engine.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/mutex.h"
#include "catalog/catalog.h"
#include "front/guarded_builds.h"
#include "front/guarded_table_copies.h"
#include "front/http_api/api.h"
#include "front/own_process.h"
#include "front/remote/links_for_tests.h"
#include "front/remote/ports_host.h"
#include "front/remote/remote_builds.h"
#include "front/remote/remote_reads.h"
#include "front/remote/remote_table_copies.h"
#include "http/server_for_tests.h"
#include "log/schema_store.h"
#include "log/segmented_log.h"
#include "model/names.h"
#include "serve/engine_reads.h"
#include "speed/speed_layer.h"
#include "tests/support/temporary_folder.h"
#include "views/world.h"

namespace anabranch::front::http_api {

/// One stream: its log in a folder, its schema and the door to it.
struct TestStream {
  TestStream(const io::Path& folder, const std::string& name, const std::vector<model::Field>& fields,
             log::SegmentedLog::Options options = {})
      : folder(folder / name),
        log(log::SegmentedLog::open(io::local_file_system(), io::system_clock(), folder / name, options)
                .value()),
        schemas(log::SchemaStore::open(io::local_file_system(), folder / name / "schema").value()),
        ingestor(name, *log, *schemas) {
    model::Schema schema;
    schema.version = 1;
    schema.fields = fields;
    schema.on_drift = model::OnDrift::freeze;
    if (!schemas->add(schema)) std::abort();
  }
  const io::Path folder;
  std::unique_ptr<log::SegmentedLog> log;
  std::unique_ptr<log::SchemaStore> schemas;
  ingest::Ingestor ingestor;
};

/// What the application is to the API. A test sets what is not of real parts; methods that it does not set
/// fail.
class TestPlatform final : public Ports, public Events, public UnguardedBuilds, public UnguardedTableCopies {
 public:
  explicit TestPlatform(const io::Path& folder,
                        const std::shared_ptr<const security::Policy>& policy = security::allow_all())
      : Events(policy), guarded_builds_(*this, policy), guarded_tables_(*this, policy), folder_(folder) {
    const auto type = [](const char* sql) { return model::Type::parse(sql).value(); };
    add_stream(
        "flights",
        {{"carrier", type("varchar"), true}, {"dep_delay", type("integer")}, {"code", type("varchar")}});
    add_stream("weather", {{"temp", type("double")}});
    catalog_ = catalog::Catalog::open(io::local_file_system(), folder / "catalog.db").value();
    sql::Database::Options engine;
    engine.has_external_access = false;
    engine.allowed_folders = {folder / "answers", folder / "verify"};
    database_ = sql::Database::open(engine).value();
    start_speed();
    serve::QueryService::Options limits;
    limits.answer_folder = folder / "answers";
    limits.answer_bytes_max = 2 << 20;
    limits.policy = policy;
    queries_ =
        serve::QueryService::create(*database_, *history_, *speed_, io::system_clock(), limits).value();
    reads_ = std::make_unique<serve::EngineReads>(*queries_, *speed_, *database_);
    quality::Verifier::Options verify;
    verify.folder = folder / "verify";
    verify.sources.streams = {{"flights", folder / "log" / "flights"},
                              {"weather", folder / "log" / "weather"}};
    for (const auto& model : test_models()) verify.sources.models[model.name] = model.sql;
    verifier_ =
        quality::Verifier::create(*queries_, *database_, io::system_clock(), std::move(verify)).value();
  }
  ~TestPlatform() override {
    for (auto& [name, stream] : streams_) stream->log->close();
    queries_.reset();
    speed_->stop();
  }

  // ---- what a test may set before the server starts, or where the API asks anew each time ----
  std::atomic<bool> ready = true;
  std::atomic<bool> is_full = false;
  std::vector<Fault> test_faults;
  std::atomic<int> cancelled = 0;
  std::function<Result<std::string>(const std::vector<std::string>&)> on_build;
  std::function<Result<ingest::Accepted>(const std::string&, const std::string&)> on_file;

  TestStream& test_stream(const std::string& name) { return *streams_.at(name); }

  // ---- Ports ----
  Events& events() override { return *this; }
  Builds& builds() override { return guarded_builds_; }
  TableCopies& tables() override { return guarded_tables_; }
  serve::Reads& reads() override { return *reads_; }
  std::string project_name() const override { return "test"; }
  int64_t started_at_us() const override { return 1'700'000'000'000'000; }
  bool is_ready() const override { return ready; }
  std::vector<ProcessState> processes() const override { return {own_process(started_at_us())}; }
  ingest::Ingestor* stream(const std::string& name) override {
    const auto found = streams_.find(name);
    return found == streams_.end() ? nullptr : &found->second->ingestor;
  }
  std::vector<std::string> stream_names() const override { return {"flights", "weather"}; }
  Status may_ingest() const override {
    if (is_full) return fail(Code::overloaded, "a build must catch up first", "try again later");
    return {};
  }
  model::Offsets archived() const override { return {{"flights", {0}}, {"weather", {0}}}; }
  std::optional<Error> damage_of(const std::string& stream) const override {
    for (const Fault& fault : test_faults) {
      if (fault.of == model::bronze(stream).text()) return fault.error;
    }
    return std::nullopt;
  }
  std::shared_ptr<const views::World> world() const override { return speed_->epochs().newest()->world; }
  serve::QueryService& queries() { return *queries_; }
  catalog::Catalog& catalog() override { return *catalog_; }
  std::vector<ModelInfo> models() const override {
    return {{"gold.delay_by_carrier", "gold", "models/gold/delay_by_carrier.sql", "SELECT …",
             "Delays by carrier"}};
  }
  std::vector<TableInfo> table_infos() override {
    return {{"planes", 2, 1, 3322, 1'700'000'000'000'000}, {"airports"}};
  }
  std::vector<RunningTask> tasks() const override {
    return {{"20261126T1", "copy", "reference", 1'700'000'000'000'000, 60'000'000, false}};
  }
  Status cancel(const std::string& task) override {
    if (task != "20261126T1") return fail(Code::not_found, "no such task is running");
    ++cancelled;
    return {};
  }
  std::vector<Fault> faults() const override { return test_faults; }
  Storage storage() override { return {1, 2, 3, 4, 5, 6, 7}; }
  std::optional<PublishedBuild> published_build() const override { return std::nullopt; }
  std::optional<RunningBuild> running_build() const override { return std::nullopt; }
  Result<std::string> build(const std::vector<std::string>& views, const std::string&) override {
    return on_build(views);
  }
  Result<ProjectPlan> apply(const ApplyRequest& request) override { return on_apply(request); }
  Result<ProjectDiff> diff(const DiffRequest& request) override { return on_diff(request); }
  Result<ProjectDrop> drop(const DropRequest& request) override { return on_drop(request); }
  std::vector<std::string> changed_files(bool) override { return test_changed_files; }
  std::function<Result<ProjectPlan>(const ApplyRequest&)> on_apply;
  std::function<Result<ProjectDiff>(const DiffRequest&)> on_diff;
  std::function<Result<ProjectDrop>(const DropRequest&)> on_drop;
  std::vector<std::string> test_changed_files;
  std::map<std::string, std::vector<std::string>> sources() const override {
    return {{"reference", {"planes", "airports"}}, {"fleet", {"planes"}}, {"city", {"taxis"}}};
  }
  Result<std::vector<TableCopied>> copy(const std::vector<std::string>& sources) override {
    if (on_copy) return on_copy(sources);
    return std::vector<TableCopied>{{"planes", 2, 3322, true}};
  }
  std::function<Result<std::vector<TableCopied>>(const std::vector<std::string>&)> on_copy;
  Result<ingest::Accepted> ingest_file(const std::string& stream, const std::string& path,
                                       const std::optional<ingest::Sender>&,
                                       std::optional<model::Partition>) override {
    return on_file(stream, path);
  }
  std::function<Result<std::vector<quality::Verdict>>(const quality::Verifier::Request&)> on_verify;
  Result<std::vector<quality::Verdict>> verify(const quality::Verifier::Request& request) override {
    return on_verify ? on_verify(request) : verifier_->verify(request);
  }

 private:
  void add_stream(const std::string& name, const std::vector<model::Field>& fields) {
    streams_[name] = std::make_unique<TestStream>(folder_ / "log", name, fields);
  }
  static std::vector<views::ModelSource> test_models() {
    return {
        {"silver.delays", "SELECT carrier, dep_delay FROM bronze.flights WHERE dep_delay IS NOT NULL",
         "delays.sql"},
        {"silver.codes", "SELECT carrier, CAST(code AS INTEGER) AS code FROM bronze.flights", "codes.sql"},
        {"gold.delay_by_carrier",
         "SELECT carrier, count(*) AS flights, sum(dep_delay) AS delay FROM silver.delays GROUP BY carrier",
         "delay_by_carrier.sql"},
        {"gold.ranked",
         "SELECT carrier, rank() OVER (ORDER BY flights DESC) AS place FROM gold.delay_by_carrier",
         "ranked.sql"}};
  }
  void start_speed() {
    std::map<std::string, model::Schema> schemas;
    std::vector<history::Stream> streams;
    for (auto& [name, stream] : streams_) {
      schemas[model::bronze(name).text()] = *stream->schemas->latest();
      streams.push_back({model::bronze(name), stream->log.get(), stream->schemas.get(), stream->folder});
    }
    auto made = views::make_world(test_models(), schemas, {}, {});
    for (const Error& error : made.errors) ADD_FAILURE() << error.describe();
    history_ = std::make_unique<history::History>(*database_, streams);
    speed_ = speed::SpeedLayer::create(*database_, streams, io::system_clock(), {}).value();
    for (auto& [name, stream] : streams_) stream->log->on_durable([this] { speed_->wake(); });
    speed::Handover first;
    first.world = std::make_shared<const views::World>(std::move(made.world));
    const Status started = speed_->start(first, nullptr);
    if (!started) ADD_FAILURE() << started.error().describe();
  }

  GuardedBuilds guarded_builds_;
  GuardedTableCopies guarded_tables_;
  const io::Path folder_;
  std::map<std::string, std::unique_ptr<TestStream>> streams_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<history::History> history_;
  std::unique_ptr<speed::SpeedLayer> speed_;
  std::unique_ptr<serve::QueryService> queries_;
  std::unique_ptr<serve::EngineReads> reads_;
  std::unique_ptr<quality::Verifier> verifier_;
};

/// The platform as a server has it whose engine is another process: events are its own.
class LinkedPorts final : public Ports {
 public:
  explicit LinkedPorts(TestPlatform& platform)
      : platform_(platform),
        host_({platform.builds(), platform.tables(),
               [&platform] { return platform.ready ? &platform.reads() : nullptr; }}),
        links_([this](processes::IncomingCall& call) { return host_.answer(call); },
               [this](std::string_view topic, std::string_view bytes) { told_.take(topic, bytes); }) {}
  ~LinkedPorts() override { links_.close(); }

  Events& events() override { return platform_.events(); }
  Builds& builds() override { return builds_; }
  TableCopies& tables() override { return tables_; }
  serve::Reads& reads() override { return reads_; }
  std::string project_name() const override { return platform_.project_name(); }
  int64_t started_at_us() const override { return platform_.started_at_us(); }
  bool is_ready() const override { return platform_.is_ready(); }  // else told, in its own time
  std::vector<ProcessState> processes() const override { return platform_.processes(); }
  remote::TestLinks& links() { return links_; }

 private:
  TestPlatform& platform_;
  remote::EngineState told_;
  remote::PortsHost host_;
  remote::TestLinks links_;
  const remote::CurrentLink current_ = [this] { return links_.server(); };
  remote::RemoteBuilds builds_{current_};
  remote::RemoteTableCopies tables_{current_};
  remote::RemoteReads reads_{current_, told_};
};

/// Where the platform is that a test asks.
enum class Engine { here, linked };

/// Both, for a fixture derived from ApiTest.
#define TEST_WITH_EACH_ENGINE(Fixture)                                                     \
  INSTANTIATE_TEST_SUITE_P(Engine, Fixture, testing::Values(Engine::here, Engine::linked), \
                           [](const auto& is) { return is.param == Engine::here ? "Here" : "Linked"; })

class ApiTest : public http::ServerTest, public testing::WithParamInterface<Engine> {
 protected:
  using json = nlohmann::ordered_json;
  explicit ApiTest(const std::shared_ptr<const security::Policy>& policy = security::allow_all())
      : platform_(folder_.path(), policy) {
    if (GetParam() == Engine::linked) linked_ = std::make_unique<LinkedPorts>(platform_);
    options_.worker_threads = 10;  // as the application gives it: all queries at once, and some that wait
  }
  ~ApiTest() override {
    if (server_) server_->stop();
    if (api_) api_->stop();
    server_.reset();
  }

  void SetUp() override {
    api_ = std::make_unique<Api>(ports(), io::system_clock(), api_options_);
    api_->register_routes(make());
    start();
  }

  Ports& ports() {
    if (linked_) return *linked_;
    return platform_;
  }
  static http::Headers header(std::string name, std::string value) {
    http::Headers headers;
    headers.add(std::move(name), std::move(value));
    return headers;
  }
  http::ClientResponse get(std::string_view target) { return client().request("GET", target).value(); }
  http::ClientResponse post(std::string_view target, std::string_view body,
                            const http::Headers& headers = {}) {
    return client().request("POST", target, headers, body).value();
  }
  http::ClientResponse send_events(std::string_view body, std::string type = "application/x-ndjson",
                                   std::string_view stream = "flights") {
    return post("/v1/streams/" + std::string(stream) + "/events", body,
                header("Content-Type", std::move(type)));
  }
  http::ClientResponse query(const json& fields) { return post("/v1/query", fields.dump()); }
  http::ClientResponse query_sql(std::string_view sql) { return query({{"sql", sql}}); }
  static json parsed(const http::ClientResponse& response) { return json::parse(response.body); }
  /// "200", or "status code".
  static std::string outcome(const http::ClientResponse& response) {
    if (response.status < 400) return std::to_string(response.status);
    EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
    return std::to_string(response.status) + " " + parsed(response)["code"].get<std::string>();
  }

  test::TemporaryFolder folder_;
  TestPlatform platform_;
  std::unique_ptr<LinkedPorts> linked_;
  ApiOptions api_options_;
  std::unique_ptr<Api> api_;
};

}  // namespace anabranch::front::http_api
