#include <zlib.h>

#include "front/http_api/api_for_tests.h"

namespace anabranch::front::http_api {
namespace {

using json = nlohmann::ordered_json;

class ApiEvents : public ApiTest {};

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_WITH_EACH_ENGINE(ApiEvents);

TEST_P(ApiEvents, AreDurableAndThenInAnswers) {
  const auto sent = send_events("{\"carrier\":\"UA\",\"dep_delay\":3}\nnot json\n");
  EXPECT_EQ(sent.status, 200);
  EXPECT_EQ(
      sent.body,
      R"({"stream":"flights","accepted":1,"quarantined":1,"ranges":[{"partition":0,"first_offset":0,"last_offset":0}]})");
  const auto answer =
      parsed(query({{"sql", "SELECT * FROM gold.delay_by_carrier"}, {"min_offset", {{"flights", 0}}}}));
  EXPECT_EQ(answer["rows"], json::parse(R"([["UA",1,3]])"));
  EXPECT_EQ(answer["offsets"]["flights"], json::parse("[1]"));
  EXPECT_TRUE(answer["build"].is_null());
}

TEST_P(ApiEvents, OnlyRejectsAreStillA200) {
  EXPECT_EQ(send_events("rubbish\n").body,
            R"({"stream":"flights","accepted":0,"quarantined":1,"ranges":[]})");
  EXPECT_EQ(send_events("").body, R"({"stream":"flights","accepted":0,"quarantined":0,"ranges":[]})");
}

TEST_P(ApiEvents, ComeInEveryFormat) {
  EXPECT_EQ(outcome(send_events(R"([{"carrier":"A"},{"carrier":"B"}])", "application/json")), "200");
  EXPECT_EQ(outcome(send_events(R"({"carrier":"C"})", "application/json; charset=utf-8")), "200");
  EXPECT_EQ(outcome(send_events("carrier,dep_delay\nD,1\nE,\n", "text/csv")), "200");
  const std::string cloud =
      R"({"specversion":"1.0","id":"1","source":"/t","type":"t","datacontenttype":"application/json","data":{"carrier":"F"}})";
  EXPECT_EQ(outcome(send_events(cloud, "application/cloudevents+json")), "200");
  EXPECT_EQ(parsed(send_events("[" + cloud + "]", "application/cloudevents-batch+json"))["accepted"], 1);
  const auto answer =
      parsed(query({{"sql", "SELECT string_agg(carrier, '' ORDER BY _offset) FROM bronze.flights"},
                    {"min_offset", {{"flights", json::array({6})}}}}));
  EXPECT_EQ(answer["rows"], json::parse(R"([["ABCDEFF"]])"));
}

TEST_P(ApiEvents, AreUnpacked) {
  http::Headers headers = header("Content-Type", "application/x-ndjson");
  headers.add("Content-Encoding", "GZIP");
  const auto sent = post("/v1/streams/flights/events", gzipped("{\"carrier\":\"UA\"}\n"), headers);
  EXPECT_EQ(parsed(sent)["accepted"], 1);
  EXPECT_EQ(outcome(post("/v1/streams/flights/events", "no gzip", headers)), "400 bad_request");
  http::Headers strange = header("Content-Type", "application/x-ndjson");
  strange.add("Content-Encoding", "br");
  EXPECT_EQ(outcome(post("/v1/streams/flights/events", "{}", strange)), "400 bad_request");
}

class ApiProducers : public ApiEvents {
 protected:
  http::ClientResponse send(std::string_view body, std::vector<std::pair<std::string, std::string>> more) {
    http::Headers headers = header("Content-Type", "application/x-ndjson");
    for (auto& [name, value] : more) headers.add(name, value);
    return post("/v1/streams/flights/events", body, headers);
  }
  http::ClientResponse send_numbered(std::string_view body, const std::string& sequence) {
    return send(body, {{"X-Producer-Id", "gate 12"}, {"X-Sequence", sequence}});
  }
  int64_t stored() {
    return parsed(query(
        {{"sql", "SELECT count(*) FROM bronze.flights"}, {"min_offset", "latest"}}))["rows"][0][0]
        .get<int64_t>();
  }
};

TEST_WITH_EACH_ENGINE(ApiProducers);

TEST_P(ApiProducers, AKeyIsTakenInOnce) {
  const std::string body = "{\"carrier\":\"UA\"}\nnot json\n";
  const auto first = send(body, {{"Idempotency-Key", "k1"}});
  EXPECT_EQ(outcome(first), "200");
  EXPECT_EQ(first.headers.get("Idempotent-Replayed"), "");
  send("{\"carrier\":\"B6\"}\n", {{"Idempotency-Key", "k2"}});
  const auto again = send(body, {{"Idempotency-Key", "k1"}});
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.get("Idempotent-Replayed"), "true");
  EXPECT_EQ(outcome(send("{\"carrier\":\"AA\"}\n", {{"Idempotency-Key", "k1"}})), "409 conflict");
  EXPECT_EQ(stored(), 2);
  EXPECT_EQ(parsed(get("/v1/quarantine"))["entries"].size(), 1u);
}

TEST_P(ApiProducers, NumbersComeInOrderAndOnce) {
  const auto first = send_numbered("{\"carrier\":\"UA\"}\n", "0");
  EXPECT_EQ(outcome(first), "200");
  EXPECT_EQ(outcome(send_numbered("{\"carrier\":\"B6\"}\n", "1")), "200");
  EXPECT_EQ(send_numbered("{\"carrier\":\"UA\"}\n", "0").body, first.body);
  const auto gap = send_numbered("{\"carrier\":\"AA\"}\n", "3");
  EXPECT_EQ(outcome(gap), "409 conflict");
  EXPECT_EQ(gap.headers.get("X-Expected-Sequence"), "2");
  EXPECT_EQ(parsed(gap)["detail"], "sequence 3 of producer \"gate 12\" comes where 2 is expected");
  EXPECT_EQ(get("/v1/streams/flights/producers/gate%2012").body,
            R"({"stream":"flights","producer":"gate 12","next_sequence":2})");
  EXPECT_EQ(get("/v1/streams/flights/producers/nobody").body,
            R"({"stream":"flights","producer":"nobody","next_sequence":0})");
  EXPECT_EQ(outcome(send_numbered("", "2")), "200");
  EXPECT_EQ(outcome(send_numbered("{\"carrier\":\"AA\"}\n", "2")), "200") << "no events use no number";
  EXPECT_EQ(stored(), 3);
}

TEST_P(ApiProducers, WhatTheySayOfThemselvesIsChecked) {
  using Said = std::vector<std::pair<std::string, std::string>>;
  for (const Said& said : {Said{{"X-Producer-Id", "a"}}, Said{{"X-Sequence", "0"}},
                           Said{{"X-Producer-Id", "a"}, {"X-Sequence", "-1"}},
                           Said{{"X-Producer-Id", "a"}, {"X-Sequence", "18446744073709551616"}},
                           Said{{"X-Producer-Id", "a"}, {"X-Sequence", "1x"}},
                           Said{{"X-Producer-Id", "a"}, {"X-Sequence", "0"}, {"Idempotency-Key", "k"}},
                           Said{{"Idempotency-Key", ""}}, Said{{"Idempotency-Key", std::string(256, 'k')}},
                           Said{{"Idempotency-Key", "\xc3\xbc"}}})
    EXPECT_EQ(outcome(send("{}\n", said)), "400 bad_request") << said[0].second;
  EXPECT_EQ(outcome(get("/v1/streams/nothing/producers/a")), "404 unknown_stream");
  EXPECT_EQ(outcome(get("/v1/streams/flights/producers/a?partition=0")), "200");
  EXPECT_EQ(outcome(get("/v1/streams/flights/producers/a?partition=1")), "404 not_found");
  EXPECT_EQ(outcome(get("/v1/streams/flights/producers/a?partition=x")), "400 bad_request");
  EXPECT_EQ(stored(), 0);
}

class ApiSmallBodies : public ApiEvents {
 protected:
  ApiSmallBodies() { api_options_.body_bytes_max = 1000; }
};

TEST_WITH_EACH_ENGINE(ApiSmallBodies);

TEST_P(ApiSmallBodies, CannotBeUnpackedToLargeOnes) {
  http::Headers headers = header("Content-Type", "application/x-ndjson");
  headers.add("Content-Encoding", "gzip");
  EXPECT_EQ(outcome(post("/v1/streams/flights/events", gzipped(std::string(100'000, ' ')), headers)),
            "413 too_large");
}

TEST_P(ApiEvents, LargeBodiesAreParsedElsewhere) {
  std::string body;
  constexpr int events = 20'000;
  for (int i = 0; i < events; ++i) body += "{\"carrier\":\"UA\",\"dep_delay\":1}\n";
  const auto sent = parsed(send_events(body));
  EXPECT_EQ(sent["accepted"], events);
  const auto answer = parsed(query(
      {{"sql", "SELECT flights FROM gold.delay_by_carrier"}, {"min_offset", {{"flights", events - 1}}}}));
  EXPECT_EQ(answer["rows"][0][0], events);
}

TEST_P(ApiEvents, MistakesSayWhatToDo) {
  const auto unknown = send_events("{}", "application/json", "flight");
  EXPECT_EQ(outcome(unknown), "404 unknown_stream");
  EXPECT_EQ(parsed(unknown)["hint"], "the streams are flights, weather");
  EXPECT_EQ(outcome(send_events("{}", "text/plain")), "400 bad_request");
  EXPECT_EQ(outcome(send_events("{}", "text/plain", "flight")), "404 unknown_stream");
  EXPECT_EQ(outcome(send_events("\"text\"", "application/json")), "400 bad_request");
  EXPECT_EQ(outcome(post("/v1/streams/flights/events?x=1", "{}", header("Content-Type", "application/json"))),
            "400 bad_request");
}

TEST_P(ApiEvents, WaitForABuildThatMustCatchUp) {
  platform_.is_full = true;
  const auto refused = send_events("{}");
  EXPECT_EQ(outcome(refused), "429 overloaded");
  EXPECT_NE(refused.headers.get("Retry-After"), "");
  platform_.is_full = false;
  EXPECT_EQ(outcome(send_events("{}")), "200");
}

TEST_P(ApiEvents, AClosedLogIsUnavailable) {
  EXPECT_EQ(get("/readyz").status, 200);
  platform_.test_stream("weather").log->close();
  EXPECT_EQ(outcome(send_events("{\"temp\":1}", "application/x-ndjson", "weather")), "503 unavailable");
  EXPECT_EQ(outcome(get("/readyz")), "503 unavailable");
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_P(ApiEvents, FilesComeFromThisMachineOnly) {
  platform_.on_file = [](const std::string& stream, const std::string& path) -> Result<ingest::Accepted> {
    EXPECT_EQ(stream, "flights");
    if (path != "/data/f.parquet") return fail(Code::not_found, "there is no such file");
    return ingest::Accepted{3, 1, {{0, 5, 7}}};
  };
  EXPECT_EQ(
      post("/v1/streams/flights/files", R"({"path":"/data/f.parquet"})").body,
      R"({"stream":"flights","accepted":3,"quarantined":1,"ranges":[{"partition":0,"first_offset":5,"last_offset":7}]})");
  EXPECT_EQ(outcome(post("/v1/streams/flights/files", R"({"path":"/data/g.parquet"})")), "404 not_found");
  EXPECT_EQ(outcome(post("/v1/streams/flights/files", R"({"path":"f.parquet"})")), "400 bad_request");
  EXPECT_EQ(outcome(post("/v1/streams/flights/files", "")), "400 bad_request");
  EXPECT_EQ(outcome(post("/v1/streams/x/files", R"({"path":"/data/f.parquet"})")), "404 unknown_stream");
  EXPECT_EQ(outcome(post("/v1/streams/flights/files", R"({"path":"/data/f.parquet"})",
                         header("X-Forwarded-For", "192.0.2.1"))),
            "403 refused");
}

TEST_P(ApiEvents, QuarantineIsPaged) {
  (void)send_events("one\ntwo\nthree\n");
  (void)send_events("four\n");
  (void)send_events("\xff\n", "application/x-ndjson", "weather");
  std::vector<std::string> raws;
  std::string target = "/v1/quarantine?limit=2";
  while (true) {
    const auto page = parsed(get(target));
    EXPECT_EQ(page["total"], 5);
    EXPECT_LE(page["entries"].size(), 2u);
    for (const auto& entry : page["entries"]) {
      raws.push_back(entry.contains("raw") ? entry["raw"].get<std::string>()
                                           : entry["raw_base64"].get<std::string>());
      EXPECT_FALSE(entry["reason"].get<std::string>().empty());
    }
    if (page["next"].is_null()) break;
    target = "/v1/quarantine?limit=2&after=" + page["next"].get<std::string>();
  }
  EXPECT_EQ(raws, (std::vector<std::string>{"one", "two", "three", "four", "/w=="}));
  EXPECT_EQ(parsed(get("/v1/quarantine?stream=weather"))["entries"].size(), 1u);
  EXPECT_EQ(parsed(get("/v1/quarantine?stream=flights&limit=4"))["next"], nullptr);
  EXPECT_EQ(outcome(get("/v1/quarantine?stream=x")), "404 unknown_stream");
  for (const char* after : {"x", "flights/0/1", "flights/9/1/0", "flights/-1/1/0", "flights/0/1/0/",
                            "weather/0/0/0&stream=flights"}) {
    EXPECT_EQ(outcome(get(std::string("/v1/quarantine?after=") + after)), "400 bad_request") << after;
  }
  EXPECT_EQ(outcome(get("/v1/quarantine?limit=0")), "400 bad_request");
  EXPECT_EQ(outcome(get("/v1/quarantine?limits=1")), "400 bad_request");
}

}  // namespace
}  // namespace anabranch::front::http_api
