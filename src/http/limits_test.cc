#include <future>
#include <latch>
#include <thread>

#include <nlohmann/json.hpp>

#include "http/server.h"
#include "http/server_for_tests.h"

namespace anabranch::http {
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
  Client http = client();
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
  Client http = client();
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

TEST_F(Limits, WhatIsOnlyAnnouncedIsNotHeld) {
  options_.bodies_bytes_max = 1'000'000;
  make().route("POST", "/a", RunOn::io, size_of_body());
  start();
  RawSocket announcing(server_->port());
  announcing.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nsome");
  while (server_->bodies_bytes() == 0) std::this_thread::yield();
  EXPECT_LE(server_->bodies_bytes(), 100'000u);
  EXPECT_EQ(client().request("POST", "/a", {}, std::string(500'000, 'x')).value().body, "500000");
  announcing.send(std::string(999'996, 'y'));
  EXPECT_TRUE(announcing.read_until("1000000").ends_with("\r\n\r\n1000000"));
  // One that comes to more than there is room for is refused whole, on its way.
  RawSocket large(server_->port());
  large.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n" + std::string(5'000'000, 'z'));
  EXPECT_TRUE(large.read_until("\r\n\r\n").starts_with("HTTP/1.1 429 "));
  EXPECT_EQ(server_->bodies_bytes(), 0u);
}

TEST_F(Limits, BodiesOfEverySizeComeWhole) {
  make().route("POST", "/a", RunOn::io,
               [](Request request, Responder responder) { responder.answer(text(request.body)); });
  start();
  Client http = client();
  for (const size_t size : {1u, 65'535u, 65'536u, 65'537u, 131'072u, 131'073u, 300'000u}) {
    std::string body(size, '\0');
    for (size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + (i * 7919 >> 5) % 26);
    EXPECT_EQ(http.request("POST", "/a", {}, body).value().body, body);
  }
}

TEST_F(Limits, TooManyConnectionsAtWorkAre503ButThoseWhoWatchAreAnswered) {
  options_.connections_max = 2;
  std::vector<Responder> held;
  Mutex mutex;
  auto& server = make();
  server.route("GET", "/hold", RunOn::io, [&](Request, Responder responder) {
    Lock lock(mutex);
    held.push_back(std::move(responder));
  });
  server.route("GET", "/a", RunOn::io, says("a"));
  server.route("GET", "/healthz", RunOn::io, says("alive"));
  server.keep_place("GET", "/healthz");
  start();
  std::array<RawSocket, 2> working{RawSocket(server_->port()), RawSocket(server_->port())};
  for (RawSocket& socket : working) socket.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto are_held = [&] {
    Lock lock(mutex);
    return held.size() == 2;
  };
  while (!are_held()) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) {
    RawSocket third(server_->port());
    third.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(third.read_until("connections already").find("HTTP/1.1 503 "), std::string::npos);
    RawSocket watching(server_->port());
    watching.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answer = watching.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  }
  for (const Responder& responder : held) responder.answer(text("done"));
  for (RawSocket& socket : working) socket.read_until("done");
}

TEST_F(Limits, SilentConnectionsMakePlaceForOthers) {
  options_.connections_max = 4;
  options_.io_threads = 1;
  make().route("GET", "/a", RunOn::io, says("a"));
  start();
  Client kept = client();
  EXPECT_EQ(kept.request("GET", "/a").value().body, "a");
  std::vector<std::unique_ptr<RawSocket>> silent;
  for (int i = 0; i < 12; ++i) {
    silent.push_back(std::make_unique<RawSocket>(server_->port()));
    if (i % 2 == 0) silent.back()->send("GET /a HTTP/1.1\r\nHos");
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client().request("GET", "/a").value().body, "a");
  EXPECT_EQ(silent.front()->read_to_end(), "") << "the one that was silent longest";
  EXPECT_LE(server_->connection_count(), 5u);
}

TEST_F(Limits, FirstRequestMustComeSoon) {
  options_.header_timeout = milliseconds(40);
  make();
  start();
  RawSocket silent(server_->port());
  EXPECT_EQ(silent.read_to_end(), "");
}

TEST_F(Limits, ClientThatHasEndedItsSendingGetsItsAnswer) {
  options_.header_timeout = milliseconds(20);  // looks at connections every 5 ms
  Moment begun;
  std::optional<Responder> held;
  auto& server = make();
  server.route("GET", "/hold", RunOn::io, [&](Request, Responder responder) {
    held = std::move(responder);
    begun.come();
  });
  start();
  RawSocket half(server_->port());
  half.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  half.end_sending();
  begun.wait();
  half.read_until("HTTP/1.1 100 Continue\r\n\r\n");  // the server has looked whether it is still there
  held->answer(text("done"));
  const std::string answer = half.read_to_end();
  EXPECT_NE(answer.find("HTTP/1.1 200 "), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("done")) << answer;
}

TEST_F(Limits, RateLimitIs429WithRetryAfter) {
  auto& server = make();
  server.route("POST", "/a", RunOn::io, says("a"));
  server.limit("POST", "/a", 0.001, 2);
  start();
  Client http = client();
  EXPECT_EQ(http.request("POST", "/a", {}, "x").value().status, 200);
  EXPECT_EQ(http.request("POST", "/a", {}, "x").value().status, 200);
  const auto refused = http.request("POST", "/a", {}, "x").value();
  EXPECT_EQ(refused.status, 429);
  EXPECT_GT(std::stoi(std::string(refused.headers.get("Retry-After"))), 900);
}

TEST_F(Limits, RateLimitOfAllHoldsForEveryRouteButThoseWhoWatch) {
  auto& server = make();
  server.route("GET", "/a", RunOn::io, says("a"));
  server.route("GET", "/b", RunOn::io, says("b"));
  server.route("GET", "/healthz", RunOn::io, says("alive"));
  server.fallback(says("file"));
  server.keep_place("GET", "/healthz");
  server.limit_all(0.001, 3);
  start();
  Client http = client();
  for (const char* path : {"/a", "/b", "/file"}) EXPECT_EQ(http.request("GET", path).value().status, 200);
  for (const char* path : {"/a", "/b", "/file"}) EXPECT_EQ(http.request("GET", path).value().status, 429);
  EXPECT_EQ(http.request("GET", "/healthz").value().status, 200);
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
}  // namespace anabranch::http
