#include <thread>

#include <fmt/format.h>

#include "front/http_api/api_for_tests.h"

namespace anabranch::front::http_api {
namespace {

using json = nlohmann::ordered_json;

class ApiQuery : public ApiTest {};

TEST_WITH_EACH_ENGINE(ApiQuery);

TEST_P(ApiQuery, AnswersAsDocumented) {
  const auto response = query_sql("SELECT 1 AS n, 'x' AS t, NULL AS z, 1.50::DECIMAL(10,2) AS d");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
  const auto answer = parsed(response);
  std::vector<std::string> keys;
  for (const auto& [key, value] : answer.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"columns", "rows", "build", "offsets", "epoch", "elapsed_ms"}));
  EXPECT_EQ(answer["columns"][0], json::parse(R"({"name":"n","type":"INTEGER"})"));
  EXPECT_EQ(answer["rows"].dump(), R"([[1,"x",null,1.5]])");
  EXPECT_NE(response.body.find("1.50"), std::string::npos) << "decimals keep their digits";
  EXPECT_EQ(answer["offsets"], json::parse(R"({"flights":[0],"weather":[0]})"));
}

TEST_P(ApiQuery, WritesLargeNumbersAsTextWhenAsked) {
  const char* sql = "SELECT 9007199254740993 AS a, 1.5::DECIMAL(10,2) AS b, 7 AS c";
  EXPECT_NE(query_sql(sql).body.find("[[9007199254740993,1.50,7]]"), std::string::npos);
  EXPECT_NE(query({{"sql", sql}, {"numbers", "string"}}).body.find(R"([["9007199254740993","1.50",7]])"),
            std::string::npos);
}

TEST_P(ApiQuery, WritesCsv) {
  const auto response = query({{"sql", "SELECT 'a,b' AS x, NULL AS y, '' AS z"}, {"format", "csv"}});
  EXPECT_TRUE(response.headers.get("Content-Type").starts_with("text/csv"));
  EXPECT_EQ(response.body, "x,y,z\r\n\"a,b\",,\"\"\r\n");
  EXPECT_EQ(response.headers.get("X-Anabranch-Offsets"), R"({"flights":[0],"weather":[0]})");
}

TEST_P(ApiQuery, WritesArrowAndParquet) {
  const char* sql = "SELECT sum(range) AS total, 1.50::DECIMAL(9,2) AS d, 'x' FROM range(3)";
  const auto arrow = query({{"sql", sql}, {"format", "arrow"}});
  EXPECT_EQ(outcome(arrow), "200") << arrow.body;
  EXPECT_EQ(arrow.headers.get("Content-Type"), "application/vnd.apache.arrow.stream");
  EXPECT_EQ(arrow.headers.get("X-Anabranch-Offsets"), R"({"flights":[0],"weather":[0]})");
  EXPECT_TRUE(arrow.body.starts_with("\xFF\xFF\xFF\xFF"));
  const auto parquet = query({{"sql", sql}, {"format", "parquet"}});
  EXPECT_EQ(outcome(parquet), "200") << parquet.body;
  EXPECT_EQ(parquet.headers.get("Content-Type"), "application/vnd.apache.parquet");
  EXPECT_EQ(parquet.headers.get("X-Anabranch-Offsets"), R"({"flights":[0],"weather":[0]})");
  ASSERT_TRUE(io::local_file_system().write_atomically(folder_.path() / "answer.parquet", parquet.body));
  const auto database = sql::Database::open({}).value();
  auto session = database->connect().value();
  const auto rows =
      session.query(fmt::format("FROM read_parquet('{}')", (folder_.path() / "answer.parquet").string()));
  ASSERT_TRUE(rows) << rows.error().describe();
  EXPECT_EQ(rows->columns(), (std::vector<model::RelationColumn>{
                                 {"total", "DECIMAL(38,0)"}, {"d", "DECIMAL(9,2)"}, {"'x'", "VARCHAR"}}));
  EXPECT_EQ(rows->text(0, 0), "3");
  EXPECT_TRUE(io::local_file_system().list(folder_.path() / "answers")->empty()) << "a file was left";
  for (const char* format : {"arrow", "parquet"}) {
    const auto mistake =
        query({{"sql", "SELECT 1 FROM bronze.flights\nWHERE carier = ''"}, {"format", format}});
    EXPECT_EQ(outcome(mistake), "400 bad_sql");
    EXPECT_EQ(parsed(mistake).value("line", 0), 2) << mistake.body;
    const auto data = query({{"sql", "SELECT CAST('x' AS INTEGER)"}, {"format", format}});
    EXPECT_EQ(outcome(data), "400 bad_sql") << data.body;
    const auto huge = query({{"sql", "SELECT 170141183460469231731687303715884105727"}, {"format", format}});
    EXPECT_EQ(outcome(huge), "400 bad_sql") << "more than 38 digits";
    EXPECT_EQ(outcome(query({{"sql", "SELECT getenv('HOME')"}, {"format", format}})), "403 refused_sql");
    EXPECT_TRUE(get("/v1/views/gold.ranked/rows?format=" + std::string(format))
                    .headers.get("Content-Type")
                    .starts_with("application/vnd.apache."));
  }
  EXPECT_TRUE(io::local_file_system().list(folder_.path() / "answers")->empty()) << "a file was left";
  EXPECT_EQ(outcome(query({{"sql", "SELECT '1'::BIT AS b"}, {"format", "arrow"}})), "400 bad_request");
}

TEST_P(ApiQuery, AnswersHaveALimit) {
  const json fields = {{"sql", "SELECT range, range AS b FROM range(1000000)"}};
  const auto large = query(fields);
  EXPECT_EQ(outcome(large), "413 too_large");
  EXPECT_NE(parsed(large)["hint"].get<std::string>().find("LIMIT"), std::string::npos);
  for (const char* format : {"csv", "arrow"}) {
    json streamed = fields;
    streamed["format"] = format;
    EXPECT_EQ(outcome(query(streamed)), "200") << format << " comes as it is made";
  }
  // Small as rows, large as text.
  EXPECT_EQ(outcome(query_sql("SELECT range, range / 7.0 AS b FROM range(90000)")), "413 too_large");
  // Parquet is much smaller.
  EXPECT_EQ(outcome(query({{"sql", "SELECT 7 AS n FROM range(1000000)"}, {"format", "parquet"}})), "200");
  EXPECT_EQ(outcome(query({{"sql", "SELECT hash(range) AS n FROM range(1000000)"}, {"format", "parquet"}})),
            "413 too_large");
  EXPECT_EQ(outcome(query_sql("SELECT * FROM range(1000)")), "200");
}

TEST_P(ApiQuery, LatestIsWhatWasAcknowledged) {
  std::string lines;
  for (int i = 0; i < 60'000; ++i) lines += "{\"carrier\":\"UA\"}\n";
  for (int i = 1; i <= 3; ++i) {
    ASSERT_EQ(outcome(send_events(lines)), "200");
    EXPECT_EQ(parsed(query({{"sql", "SELECT count(*) FROM silver.codes"}, {"min_offset", "latest"}}))["rows"]
                  .dump(),
              fmt::format("[[{}]]", i * 60'000));
  }
  EXPECT_EQ(parsed(get("/v1/views/silver.codes/rows?limit=1&min_offset=latest"))["offsets"]["flights"][0],
            180'000);
}

TEST_P(ApiQuery, BadRequestsAreRefusedWithAHint) {
  const auto misspelt = query({{"sql", "SELECT 1"}, {"min_ofset", json::object()}});
  EXPECT_EQ(outcome(misspelt), "400 bad_request");
  EXPECT_EQ(parsed(misspelt)["detail"], "'min_ofset' is not known here");
  EXPECT_NE(parsed(misspelt)["hint"].get<std::string>().find("min_offset"), std::string::npos);
  const auto broken = post("/v1/query", "{\n  \"sql\": nope}");
  EXPECT_EQ(outcome(broken), "400 bad_request");
  EXPECT_EQ(parsed(broken)["line"], 2);
  for (const char* body : {"",
                           "[]",
                           "{}",
                           "1",
                           R"({"sql":1})",
                           R"({"sql":"SELECT 1","sql":"SELECT 2"})",
                           R"({"sql":"SELECT 1"} x)",
                           R"({"sql":"SELECT 1","format":"xml"})",
                           R"({"sql":"SELECT 1","numbers":"text"})",
                           R"({"sql":"SELECT 1","timeout_ms":0})",
                           R"({"sql":"SELECT 1","timeout_ms":"5"})",
                           R"({"sql":"SELECT 1","timeout_ms":1e400})",
                           R"({"sql":"SELECT 1","min_offset":5})",
                           R"({"sql":"SELECT 1","min_offset":"newest"})",
                           R"({"sql":"SELECT 1","min_offset":{"flights":-1}})",
                           R"({"sql":"SELECT 1","min_offset":{"flights":1.5}})",
                           R"({"sql":"SELECT 1","min_offset":{"flights":[1,2]}})",
                           R"({"sql":"SELECT 1","min_offset":{"flights":[]}})",
                           R"({"sql":"SELECT 1","min_offset":{"flights":9223372036854775807}})",
                           R"({"sql":"SELECT 1","min_offset":{"flights":18446744073709551615}})",
                           "{\"sql\":\"\xff\"}"}) {
    EXPECT_EQ(outcome(post("/v1/query", body)), "400 bad_request") << body;
  }
  EXPECT_EQ(outcome(post("/v1/query", R"({"sql":"SELECT 1","min_offset":{"x":1}})")), "404 unknown_stream");
  EXPECT_EQ(outcome(post("/v1/query?pretty=1", R"({"sql":"SELECT 1"})")), "400 bad_request");
  EXPECT_EQ(outcome(post("/v1/query", R"({"sql":")" + std::string(2 << 20, ' ') + R"("})")), "413 too_large");
  EXPECT_EQ(outcome(post("/v1/query", R"({"sql":"SELECT 1","min_offset":null,"format":null})")), "200");
  EXPECT_EQ(outcome(post("/v1/query", R"({"sql":"SELECT 1","min_offset":{"flights":[null]}})")), "200");
}

TEST_P(ApiQuery, BadSqlHasAPlace) {
  for (const auto& [sql, line, column] :
       std::vector<std::tuple<const char*, int, int>>{{"SELEC 1", 1, 1},
                                                      {"SELECT 1\nFROM nowhere", 2, 6},
                                                      {"SELECT carier FROM bronze.flights", 1, 8},
                                                      {"SELECT 1 +", 1, 11}}) {
    const auto response = query_sql(sql);
    EXPECT_EQ(outcome(response), "400 bad_sql") << sql;
    EXPECT_EQ(parsed(response).value("line", 0), line) << response.body;
    EXPECT_EQ(parsed(response).value("column", 0), column) << response.body;
  }
  EXPECT_EQ(outcome(query_sql("")), "400 bad_sql");
  EXPECT_EQ(outcome(query_sql("SELECT CAST('x' AS INTEGER)")), "400 bad_sql");
}

TEST_P(ApiQuery, OnlySelectsOverTheCatalogueAreRun) {
  for (const char* sql : {"COPY (SELECT 1) TO '/tmp/x'",
                          "ATTACH '/tmp/x.db'",
                          "PRAGMA database_list",
                          "SET threads = 1",
                          "RESET threads",
                          "SELECT * FROM read_csv('/etc/passwd')",
                          "SELECT * FROM read_text('/etc/passwd')",
                          "SELECT * FROM duckdb_settings()",
                          "SELECT * FROM glob('/*')",
                          "SELECT current_setting('threads')",
                          "SELECT getenv('HOME')",
                          "SELECT query('SELECT 1')",
                          "INSERT INTO epoch VALUES (1)",
                          "UPDATE epoch SET number = 9",
                          "DELETE FROM epoch",
                          "CREATE TABLE t (a INTEGER)",
                          "CREATE VIEW v AS SELECT 1",
                          "DROP TABLE epoch",
                          "ALTER TABLE epoch ADD COLUMN x INTEGER",
                          "SELECT 1; SELECT 2",
                          "INSTALL httpfs",
                          "LOAD httpfs",
                          "EXPLAIN ANALYZE SELECT 1",
                          "CALL pragma_version()",
                          "DETACH memory",
                          "USE memory",
                          "EXPORT DATABASE '/tmp/x'",
                          "CHECKPOINT",
                          "BEGIN",
                          "PREPARE p AS SELECT 1",
                          "VACUUM",
                          "SELECT nextval('s')",
                          "SELECT * FROM query_table('epoch')",
                          "SELECT * FROM bronze.flights WHERE carrier = getvariable('x')",
                          "SELECT (SELECT getenv('HOME'))",
                          "WITH x AS (SELECT getenv('HOME')) SELECT * FROM x",
                          "SELECT list_transform([1], x -> getenv('HOME'))"}) {
    const auto response = query_sql(sql);
    EXPECT_EQ(outcome(response), "403 refused_sql") << sql << ": " << response.body;
  }
}

TEST_P(ApiQuery, InternalNamesAreNotThere) {
  for (const char* sql : {"SELECT * FROM 'file.csv'", "SELECT * FROM '/etc/passwd'", "SELECT * FROM epoch",
                          "SELECT * FROM main.epoch", "SELECT * FROM information_schema.tables",
                          "SELECT * FROM duckdb_tables", "SELECT * FROM pg_catalog.pg_class",
                          "SELECT * FROM sqlite_master", "SELECT * FROM memory.main.epoch"}) {
    const auto response = query_sql(sql);
    EXPECT_TRUE(outcome(response) == "400 bad_sql" || outcome(response) == "403 refused_sql")
        << sql << ": " << response.body;
    for (const char* inside : {"feed_", "slice_", "/tmp", "src/"})
      EXPECT_EQ(response.body.find(inside), std::string::npos) << response.body;
  }
}

TEST_P(ApiQuery, ManyBracketsDoNoHarm) {
  for (const size_t depth : {500u, 5'000u, 100'000u}) {
    const std::string sql = "SELECT " + std::string(depth, '(') + "1" + std::string(depth, ')');
    const int status = query_sql(sql).status;
    EXPECT_TRUE(status == 200 || status == 400 || status == 403) << depth << ": " << status;
  }
  std::string sum = "SELECT 1";
  for (int i = 0; i < 20'000; ++i) sum += "+1";
  EXPECT_NE(query_sql(sum).status, 500);
  std::string nested = "SELECT 1";
  for (int i = 0; i < 500; ++i) nested = "SELECT * FROM (" + nested + ") t";
  EXPECT_NE(query_sql(nested).status, 500);
  EXPECT_EQ(outcome(post("/v1/query", std::string(500'000, '['))), "400 bad_request");
  EXPECT_EQ(outcome(query_sql("SELECT 1")), "200");
}

TEST_P(ApiQuery, IsCancelledAtItsLimit) {
  const char* slow =
      "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3";
  EXPECT_EQ(outcome(query({{"sql", slow}, {"timeout_ms", 50}})), "408 query_timeout");
  EXPECT_EQ(outcome(query({{"sql", "SELECT 1"}, {"timeout_ms", 50}, {"min_offset", {{"flights", 1000}}}})),
            "408 query_timeout");
}

TEST_P(ApiQuery, IsCancelledWhenTheClientGoesAway) {
  const std::string bodies[] = {
      R"({"sql":"SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"})",
      R"({"sql":"SELECT 1","min_offset":{"flights":1000}})"};
  for (const std::string& body : bodies) {
    http::RawSocket socket(server_->port());
    socket.send("POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    while (server_->bodies_bytes() == 0) std::this_thread::yield();
    socket.close();
    while (server_->bodies_bytes() != 0 || platform_.queries().running() != 0) std::this_thread::yield();
  }
  while (get("/metrics").body.find("anabranch_queries_total{outcome=\"cancelled\"} 2") == std::string::npos)
    std::this_thread::yield();
}

TEST_P(ApiQuery, ViewRowsAreAnAnswer) {
  (void)send_events(
      "{\"carrier\":\"UA\",\"dep_delay\":3}\n{\"carrier\":\"B6\",\"dep_delay\":1}\n{\"carrier\":\"UA\",\"dep_"
      "delay\":2}\n");
  const auto answer = parsed(get("/v1/views/gold.delay_by_carrier/rows?min_offset=flights:2"));
  EXPECT_EQ(answer["rows"].size(), 2u);
  EXPECT_EQ(answer["offsets"]["flights"], json::parse("[3]"));
  EXPECT_EQ(parsed(get("/v1/views/gold.delay_by_carrier/rows?limit=1&min_offset=flights:2"))["rows"].size(),
            1u);
  EXPECT_EQ(parsed(get("/v1/views/gold.ranked/rows"))["rows"].size(), 2u);
  EXPECT_TRUE(get("/v1/views/gold.ranked/rows?format=csv").body.starts_with("carrier,place\r\n"));
  EXPECT_EQ(outcome(get("/v1/views/gold.nothing/rows")), "404 unknown_view");
  EXPECT_EQ(outcome(get("/v1/views/bronze.flights/rows")), "404 unknown_view");
  EXPECT_EQ(outcome(get("/v1/views/gold.ranked/rows?min_offset=x:2")), "404 unknown_stream");
  EXPECT_EQ(outcome(get("/v1/views/gold.ranked/rows?min_offset=2")), "400 bad_request");
  EXPECT_EQ(outcome(get("/v1/views/gold.ranked/rows?limit=many")), "400 bad_request");
  EXPECT_EQ(outcome(get("/v1/views/gold.ranked/rows?limt=1")), "400 bad_request");
}

TEST_P(ApiQuery, ManyAtOnceAreTurnedAwayAndNobodyElse) {
  const std::string slow =
      R"({"sql":"SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3","timeout_ms":20000})";
  std::vector<std::unique_ptr<http::RawSocket>> sockets;
  for (int i = 0; i < 8; ++i) {
    sockets.push_back(std::make_unique<http::RawSocket>(server_->port()));
    sockets.back()->send("POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                         std::to_string(slow.size()) + "\r\n\r\n" + slow);
  }
  while (platform_.queries().running() < 8) std::this_thread::yield();
  const auto refused = query_sql("SELECT 1");
  EXPECT_EQ(outcome(refused), "429 overloaded");
  EXPECT_NE(refused.headers.get("Retry-After"), "");
  EXPECT_EQ(outcome(get("/v1/status")), "200");
  EXPECT_EQ(outcome(send_events("{\"carrier\":\"UA\"}\n")), "200");
  EXPECT_EQ(outcome(get("/v1/views")), "200") << "without sizes";
  for (auto& socket : sockets) socket->close();
  while (platform_.queries().running() != 0) std::this_thread::yield();
  EXPECT_EQ(outcome(query_sql("SELECT 1")), "200");
}

// Who waits for an offset holds a thread, so there is a limit, and others are answered.
TEST_P(ApiQuery, ThoseThatWaitCountToo) {
  const std::string body = R"({"sql":"SELECT 1","min_offset":{"flights":1000},"timeout_ms":20000})";
  std::vector<std::unique_ptr<http::RawSocket>> sockets;
  for (int i = 0; i < 8; ++i) {
    sockets.push_back(std::make_unique<http::RawSocket>(server_->port()));
    sockets.back()->send("POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  while (platform_.queries().running() < 8) std::this_thread::yield();
  EXPECT_EQ(outcome(query_sql("SELECT 1")), "429 overloaded");
  for (auto& socket : sockets) socket->close();
  while (platform_.queries().running() != 0) std::this_thread::yield();
  EXPECT_EQ(outcome(query_sql("SELECT 1")), "200");
}

}  // namespace
}  // namespace anabranch::front::http_api
