#include <future>
#include <latch>
#include <thread>

#include <nlohmann/json.hpp>

#include "front/http_server.h"
#include "front/server_for_tests.h"

namespace anabranch::front {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

class Limits : public ServerTest {
 protected:
  static Handler size_of_body() {
    return [](Request request, Responder responder) {
      responder.answer(text(std::to_string(request.body.size())));
    };
  }
};

TEST_F(Limits, BodyOverTheLimitIs413) {
  options_.body_bytes_max = 1000;
  make().route("POST", "/a", RunOn::io, size_of_body());
  start();
  HttpClient http = client();
  EXPECT_EQ(http.request("POST", "/a", {}, std::string(1000, 'x')).value().body, "1000");
  const auto refused = http.request("POST", "/a", {}, std::string(5'000'000, 'x'));
  ASSERT_TRUE(refused) << refused.error().describe();
  EXPECT_EQ(refused->status, 413);
  EXPECT_EQ(json::parse(refused->body)["code"], "too_large");
  EXPECT_EQ(http.request("POST", "/a", {}, "x").value().body, "1") << "the client connects anew";

  RawSocket socket(server_->port());
  socket.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 11; ++i) socket.send("64\r\n" + std::string(100, 'x') + "\r\n");
  socket.end_sending();
  EXPECT_TRUE(socket.read_to_end().starts_with("HTTP/1.1 413 "));
}

TEST_F(Limits, HeaderOverTheLimitIs413) {
  options_.header_bytes_max = 1000;
  make();
  start();
  RawSocket socket(server_->port());
  socket.send("GET /a HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(100'000, 'x') + "\r\n\r\n");
  socket.end_sending();
  EXPECT_TRUE(socket.read_to_end().starts_with("HTTP/1.1 413 "));
}

TEST_F(Limits, EndlessChunkHeaderIsRefused) {
  make().route("POST", "/a", RunOn::io, size_of_body());
  start();
  RawSocket socket(server_->port());
  socket.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4;" +
              std::string(200'000, 'x'));
  socket.end_sending();
  EXPECT_TRUE(socket.read_to_end().starts_with("HTTP/1.1 400 "));
}

TEST_F(Limits, BodiesInMemoryAreBoundedOverAllConnections) {
  options_.bodies_bytes_max = 1500;
  std::vector<Responder> held;
  Moment holding;
  auto& server = make();
  server.route("POST", "/hold", RunOn::io, [&](Request, Responder responder) {
    held.push_back(std::move(responder));
    holding.come();
  });
  server.route("POST", "/a", RunOn::io, size_of_body());
  start();
  auto first = std::async(std::launch::async,
                          [&] { return client().request("POST", "/hold", {}, std::string(1000, 'x')); });
  holding.wait();
  EXPECT_EQ(server_->bodies_bytes(), 1000u);
  HttpClient http = client();
  const auto refused = http.request("POST", "/a", {}, std::string(1000, 'x')).value();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.get("Retry-After"), "1");
  EXPECT_EQ(http.request("POST", "/a", {}, std::string(500, 'x')).value().body, "500")
      << "on the same connection";
  held.front().answer(text("done"));
  EXPECT_EQ(first.get().value().body, "done");
  EXPECT_EQ(http.request("POST", "/a", {}, std::string(1000, 'x')).value().body, "1000");
}

TEST_F(Limits, ChunkedBodiesCountToo) {
  options_.bodies_bytes_max = 10'000;
  make().route("POST", "/a", RunOn::io, size_of_body());
  start();
  RawSocket socket(server_->port());
  socket.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 400; ++i) socket.send("64\r\n" + std::string(100, 'x') + "\r\n");
  socket.send("0\r\n\r\n");
  EXPECT_TRUE(socket.read_until("\r\n\r\n").starts_with("HTTP/1.1 429 "));
  EXPECT_EQ(server_->bodies_bytes(), 0u);
}

TEST_F(Limits, SlowHeaderAndSlowBodyAre408) {
  options_.header_timeout = options_.body_timeout = milliseconds(40);
  make().route("POST", "/a", RunOn::io, size_of_body());
  start();
  RawSocket header(server_->port()), body(server_->port());
  header.send("POST /a HTTP/1.1\r\nHos");
  body.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nslow");
  for (RawSocket* socket : {&header, &body}) {
    socket->read_until("too slowly");
    socket->end_sending();
    EXPECT_TRUE(socket->read_to_end().starts_with("HTTP/1.1 408 "));
  }
}

TEST_F(Limits, DripOfBytesDoesNotKeepASlowHeaderAlive) {
  options_.header_timeout = milliseconds(40);
  make();
  start();
  RawSocket socket(server_->port());
  std::atomic<bool> is_over = false;
  std::thread drip([&] {
    socket.send("GET /a HTTP/1.1\r\nX: ");
    while (!is_over) {
      socket.send("x");
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(
      socket.read_until("\r\n\r\n").starts_with("HTTP/1.1 4"));  // 408, or 413 when the drip was a stream
  is_over = true;
  drip.join();
}

TEST_F(Limits, IdleConnectionIsClosed) {
  options_.idle_timeout = milliseconds(40);
  make().route("GET", "/a", RunOn::io, says("a"));
  start();
  RawSocket silent(server_->port());
  EXPECT_EQ(silent.read_to_end(), "");
  RawSocket kept(server_->port());
  kept.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(kept.read_to_end().starts_with("HTTP/1.1 200 "));
}

TEST_F(Limits, ClientThatReadsNothingIsClosed) {
  options_.write_timeout = milliseconds(40);
  Moment closed;
  auto& server = make();
  server.route("GET", "/a", RunOn::io, says(std::string(20'000'000, 'x')));
  server.on_access([&](const Access& access) {
    if (access.status == 499) closed.come();
  });
  start();
  RawSocket socket(server_->port(), 4096);
  socket.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  closed.wait();
}

TEST_F(Limits, FullWorkerQueueIs429) {
  options_.worker_threads = 1;
  options_.worker_queue_max = 1;
  Moment begun, go_on;
  std::atomic<bool> is_first = true;
  auto& server = make();
  server.route("GET", "/slow", RunOn::worker, [&](Request, Responder responder) {
    if (is_first.exchange(false)) {
      begun.come();
      go_on.wait();
    }
    responder.answer(text("done"));
  });
  start();
  RawSocket running(server_->port());
  running.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  begun.wait();
  // One of these two waits in the queue, the other one is refused.
  std::array<std::future<int>, 2> others;
  std::promise<void> refused;
  for (auto& other : others) {
    other = std::async(std::launch::async, [&] {
      const auto response = client().request("GET", "/slow").value();
      if (response.status == 429) {
        EXPECT_EQ(response.headers.get("Retry-After"), "1");
        EXPECT_EQ(json::parse(response.body)["code"], "overloaded");
        refused.set_value();
      }
      return response.status;
    });
  }
  refused.get_future().wait();
  go_on.come();
  EXPECT_EQ(others[0].get() + others[1].get(), 200 + 429);
  running.read_until("done");
}

TEST_F(Limits, TooManyConnectionsAre503) {
  options_.connections_max = 2;
  make().route("GET", "/a", RunOn::io, says("a"));
  start();
  HttpClient first = client();
  HttpClient second = client();
  EXPECT_EQ(first.request("GET", "/a").value().body, "a");
  EXPECT_EQ(second.request("GET", "/a").value().body, "a");
  RawSocket third(server_->port());
  EXPECT_NE(third.read_until("connections already").find("HTTP/1.1 503 "), std::string::npos);
}

TEST_F(Limits, RateLimitIs429WithRetryAfter) {
  auto& server = make();
  server.route("POST", "/a", RunOn::io, says("a"));
  server.limit("POST", "/a", 0.001, 2);
  start();
  HttpClient http = client();
  EXPECT_EQ(http.request("POST", "/a", {}, "x").value().status, 200);
  EXPECT_EQ(http.request("POST", "/a", {}, "x").value().status, 200);
  const auto refused = http.request("POST", "/a", {}, "x").value();
  EXPECT_EQ(refused.status, 429);
  EXPECT_GT(std::stoi(std::string(refused.headers.get("Retry-After"))), 900);
}

TEST(TokenBucketTest, FillsWithTime) {
  TokenBucket bucket(10, 2);
  EXPECT_EQ(bucket.take(0).count(), 0);
  EXPECT_EQ(bucket.take(0).count(), 0);
  EXPECT_EQ(bucket.take(0).count(), 101);
  EXPECT_EQ(bucket.take(100'000).count(), 0);
  EXPECT_GT(bucket.take(100'000).count(), 0);
  EXPECT_EQ(bucket.take(10'000'000).count(), 0);
  EXPECT_EQ(bucket.take(10'000'000).count(), 0);
  EXPECT_GT(bucket.take(10'000'000).count(), 0) << "never more than the burst";
}

}  // namespace
}  // namespace anabranch::front
