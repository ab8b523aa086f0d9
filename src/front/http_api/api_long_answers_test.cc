// Answers of more than a frame: as they come, in little memory, and visibly not whole where they fail.

#include <thread>

#include <fmt/format.h>

#include "front/http_api/api_for_tests.h"
#include "io/process.h"
#include "sql/row_frames.h"

namespace anabranch::front::http_api {
namespace {

class ApiLongAnswers : public ApiTest {
 protected:
  /// The beginning of a request whose answer is read bit by bit.
  static std::string raw_query(const json& fields, const char* version = "HTTP/1.1") {
    const std::string body = fields.dump();
    return fmt::format("POST /v1/query {}\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", version,
                       body.size(), body);
  }
  void wait_until_none_runs() {
    const int64_t deadline_us = io::system_clock().monotonic_us() + 20'000'000;
    while (platform_.queries().running() > 0 && io::system_clock().monotonic_us() < deadline_us)
      std::this_thread::yield();
    EXPECT_EQ(platform_.queries().running(), 0u);
  }
  static constexpr const char* long_sql =
      "SELECT range AS n, hash(range) AS h, 'text ' || range AS t FROM range({})";
};

TEST_WITH_EACH_ENGINE(ApiLongAnswers);

TEST_P(ApiLongAnswers, EveryFormatIsTheSameAsItsRowsAtOnce) {
  const auto database = sql::Database::open({}).value();
  auto session = database->connect().value();
  for (const int64_t rows : {0, 1, 2048, 100'000, 200'000}) {
    const std::string sql = fmt::format(fmt::runtime(long_sql), rows);
    const auto whole = session.query(sql).value();
    std::string csv, arrow, json_rows;
    ASSERT_TRUE(whole.append_csv(csv));
    ASSERT_TRUE(whole.append_arrow(arrow));
    const auto of_csv = query({{"sql", sql}, {"format", "csv"}});
    const auto of_arrow = query({{"sql", sql}, {"format", "arrow"}});
    EXPECT_TRUE(of_csv.body == csv) << rows;
    EXPECT_TRUE(of_arrow.body == arrow) << rows;
    const bool is_long = csv.size() > sql::frame_bytes;
    EXPECT_EQ(of_csv.headers.find("Content-Length").has_value(), !is_long) << rows;
    for (const auto* response : {&of_csv, &of_arrow})
      EXPECT_EQ(response->headers.get("X-Anabranch-Offsets"), R"({"flights":[0],"weather":[0]})");
    if (csv.size() > 2 << 20) continue;  // more than a document may be here
    ASSERT_TRUE(whole.append_json(json_rows, sql::Numbers::number));
    const auto of_json = query_sql(sql);
    EXPECT_NE(of_json.body.find(json_rows), std::string::npos) << rows;
    EXPECT_TRUE(of_json.headers.find("Content-Length"));
  }
}

TEST_P(ApiLongAnswers, LittleOfALongAnswerIsInMemory) {
  for (const char* format : {"csv", "arrow"}) {
    const std::string sql = fmt::format(fmt::runtime(long_sql), 2'000'000);
    http::RawSocket socket(server_->port());
    (void)query({{"sql", fmt::format(fmt::runtime(long_sql), 200'000)}, {"format", format}});  // warm
    const uint64_t before = io::own_memory_bytes();
    uint64_t most = before;
    size_t bytes = 0;
    socket.send(raw_query({{"sql", sql}, {"format", format}}, "HTTP/1.0"));
    for (size_t looked = 0; const size_t got = socket.skip();) {
      bytes += got;
      if (bytes - looked < 1 << 20) continue;
      looked = bytes;
      most = std::max(most, io::own_memory_bytes());
    }
    EXPECT_GT(bytes, 48u << 20) << format;
    EXPECT_LT(most - before, 24u << 20) << format << " of " << bytes << " bytes";
  }
}

TEST_P(ApiLongAnswers, AQueryWhoseClientLeavesIsCancelled) {
  {
    http::RawSocket socket(server_->port());
    socket.send(raw_query({{"sql", "SELECT hash(range) AS h FROM range(10000000000)"}, {"format", "csv"}}));
    EXPECT_GT(socket.skip(), 0u);
    EXPECT_EQ(platform_.queries().running(), 1u);
  }
  wait_until_none_runs();
}

class ApiSlowClients : public ApiLongAnswers {
 protected:
  ApiSlowClients() { options_.write_timeout = std::chrono::milliseconds(300); }
};

TEST_WITH_EACH_ENGINE(ApiSlowClients);

TEST_P(ApiSlowClients, OneThatTakesNothingIsGivenUpWithItsQuery) {
  http::RawSocket socket(server_->port(), 64 << 10);
  socket.send(raw_query({{"sql", "SELECT hash(range) AS h FROM range(10000000000)"}, {"format", "csv"}}));
  EXPECT_GT(socket.skip(), 0u);
  wait_until_none_runs();
}

TEST_P(ApiLongAnswers, AnErrorInTheMiddleLeavesTheAnswerWithoutItsEnd) {
  const char* sql =
      "SELECT CASE WHEN range = 1500000 THEN CAST('x' || range AS BIGINT) ELSE range END AS n "
      "FROM range(2000000)";
  for (const char* format : {"csv", "arrow"}) {
    EXPECT_FALSE(client().request("POST", "/v1/query", {}, json{{"sql", sql}, {"format", format}}.dump()))
        << format;
    http::RawSocket socket(server_->port());
    socket.send(raw_query({{"sql", sql}, {"format", format}}));
    const std::string all = socket.read_to_end();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 200")) << format;
    EXPECT_GT(all.size(), sql::frame_bytes) << format;
    EXPECT_FALSE(all.ends_with("\r\n0\r\n\r\n")) << format;
    EXPECT_TRUE(socket.was_reset()) << format;
  }
  EXPECT_EQ(outcome(query_sql(sql)), "413 too_large") << "a document is refused whole";
  EXPECT_EQ(
      outcome(query({{"sql", "SELECT CAST('x' || range AS BIGINT) FROM range(2000000)"}, {"format", "csv"}})),
      "400 bad_sql")
      << "before the first frame is out, an error is an answer";
  EXPECT_EQ(outcome(query_sql("SELECT 1")), "200");
}

TEST_P(ApiLongAnswers, OldClientsAndHeadAreAnswered) {
  const json fields = {{"sql", fmt::format(fmt::runtime(long_sql), 100'000)}, {"format", "csv"}};
  http::RawSocket socket(server_->port());
  socket.send(raw_query(fields, "HTTP/1.0"));
  const std::string all = socket.read_to_end();
  EXPECT_TRUE(all.substr(all.find("\r\n\r\n") + 4) == query(fields).body);
  const auto head = client().request("HEAD", "/v1/views/silver.delays/rows?format=csv").value();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
}

// Whoever asks for no rows has cancelled none.
TEST_P(ApiLongAnswers, AHeadOfALongAnswerIsNoCancelledQuery) {
  std::string body;
  for (int i = 0; i < 4000; ++i) body += fmt::format("{{\"carrier\":\"{:01000}\",\"dep_delay\":1}}\n", i);
  ASSERT_EQ(outcome(send_events(body)), "200");
  const std::string rows = "/v1/views/silver.delays/rows?limit=4000&min_offset=latest&format=";
  for (const char* format : {"csv", "arrow", "parquet", "json"}) {
    const auto whole = get(rows + format);
    EXPECT_EQ(outcome(whole), format == std::string("json") ? "413 too_large" : "200") << format;
    const auto head = client().request("HEAD", rows + format).value();
    EXPECT_EQ(head.status, whole.status) << format;
    EXPECT_EQ(head.headers.get("Content-Type"), whole.headers.get("Content-Type")) << format;
    EXPECT_EQ(head.headers.get("X-Anabranch-Offsets"), whole.headers.get("X-Anabranch-Offsets")) << format;
    EXPECT_EQ(head.body, "") << format;
  }
  // The head is there before its query is counted.
  const int64_t deadline_us = io::system_clock().monotonic_us() + 20'000'000;
  std::string metrics;
  while (metrics.find("anabranch_query_seconds_count 8") == std::string::npos &&
         io::system_clock().monotonic_us() < deadline_us)
    metrics = get("/metrics").body;
  EXPECT_NE(metrics.find("anabranch_queries_total{outcome=\"ok\"} 6"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("anabranch_queries_total{outcome=\"cancelled\"} 0"), std::string::npos) << metrics;
}

}  // namespace
}  // namespace anabranch::front::http_api
