// Bodies that come in parts: whole or visibly not, bounded in memory, and for nobody once the client has
// gone.

#include <thread>

#include "http/body_outbox.h"
#include "http/server_for_tests.h"

namespace anabranch::http {
namespace {

constexpr size_t part_bytes = 100'000;

class BodyStreams : public ServerTest {
 protected:
  BodyStreams() { options_.stream_buffer_bytes_max = 256 << 10; }
  // Writes parts until they are all written or nobody takes one.
  void add(size_t parts, bool is_whole = true) {
    make().route("GET", "/long", RunOn::worker,
                 [this, parts, is_whole](Request request, Responder responder) {
                   {
                     BodyStream body = responder.body(text(""));
                     for (size_t i = 0; i < parts && is_wanted_; ++i) {
                       is_wanted_ = body.write(std::string(part_bytes, static_cast<char>('a' + i % 26)));
                       if (is_wanted_) written_ += part_bytes;
                     }
                     if (is_whole) body.end();
                   }
                   is_cancelled_ = request.cancelled->load();
                   over_.come();
                 });
    server_->route("GET", "/short", RunOn::io, says("<short>"));
    start();
  }
  static std::string whole(size_t parts) {
    std::string body;
    for (size_t i = 0; i < parts; ++i) body += std::string(part_bytes, static_cast<char>('a' + i % 26));
    return body;
  }

  std::atomic<bool> is_wanted_ = true;
  std::atomic<bool> is_cancelled_ = false;
  std::atomic<size_t> written_ = 0;
  Moment over_;
};

TEST_F(BodyStreams, ABodyInPartsIsWholeAndTheConnectionGoesOn) {
  add(30);
  Client http = client();
  const auto response = http.request("GET", "/long");
  ASSERT_TRUE(response) << response.error().describe();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.get("Transfer-Encoding"), "chunked");
  EXPECT_FALSE(response->headers.find("Content-Length"));
  EXPECT_TRUE(response->body == whole(30));
  EXPECT_EQ(http.request("GET", "/short").value().body, "<short>");
}

TEST_F(BodyStreams, WhatIsPipelinedBehindItIsAnswered) {
  add(3);
  RawSocket socket(server_->port());
  socket.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\nGET /short HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string all = socket.read_until("<short>");
  EXPECT_LT(all.find("\r\n0\r\n\r\nHTTP/1.1 200"), all.find("<short>")) << "after the last chunk";
}

TEST_F(BodyStreams, AClientOfHttp10GetsItUntilTheClose) {
  add(3);
  RawSocket socket(server_->port());
  socket.send("GET /long HTTP/1.0\r\n\r\n");
  const std::string all = socket.read_to_end();
  EXPECT_EQ(all.find("chunked"), all.npos);
  EXPECT_TRUE(all.substr(all.find("\r\n\r\n") + 4) == whole(3));
}

TEST_F(BodyStreams, AClientThatHasEndedItsSendingGetsItToo) {
  add(30);
  RawSocket socket(server_->port());
  socket.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  socket.end_sending();
  EXPECT_TRUE(socket.read_to_end().ends_with("\r\n0\r\n\r\n"));
}

TEST_F(BodyStreams, HeadHasNoBodyAndNobodyMakesOne) {
  add(1000);
  RawSocket socket(server_->port());
  socket.send("HEAD /long HTTP/1.1\r\nHost: x\r\n\r\nGET /short HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string all = socket.read_until("<short>");
  EXPECT_EQ(all.find("aaaa"), all.npos);
  over_.wait();
  EXPECT_FALSE(is_wanted_);
}

TEST_F(BodyStreams, ABodyThatIsNotWholeLacksItsEnd) {
  add(3, false);
  EXPECT_FALSE(client().request("GET", "/long"));
  for (const char* request : {"GET /long HTTP/1.1\r\nHost: x\r\n\r\n", "GET /long HTTP/1.0\r\n\r\n"}) {
    RawSocket socket(server_->port());
    socket.send(request);
    EXPECT_EQ(socket.read_to_end().find("0\r\n\r\n"), std::string::npos);
    EXPECT_TRUE(socket.was_reset()) << "a close in order would be the end of a body of HTTP/1.0";
  }
}

TEST_F(BodyStreams, AClientThatTakesNothingHoldsLittle) {
  options_.write_timeout = std::chrono::milliseconds(300);
  add(1000);
  RawSocket socket(server_->port(), 64 << 10);
  socket.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  over_.wait();
  EXPECT_FALSE(is_wanted_) << "nobody waits for it longer than write_timeout";
  // Two buffers of ours and a part that was let in, and what the operating system holds for a socket.
  EXPECT_LT(written_, 16u << 20);
}

TEST_F(BodyStreams, AClientThatTakesALittleNowAndThenIsGivenUp) {
  BodyOutbox outbox(10, std::chrono::milliseconds(50));
  EXPECT_EQ(outbox.push("more than ten bytes"), BodyOutbox::Push::queued);
  EXPECT_EQ(outbox.push("more"), BodyOutbox::Push::refused) << "of a connection that lives";
  EXPECT_EQ(outbox.take().bytes, "more than ten bytes");
  EXPECT_EQ(outbox.push("more"), BodyOutbox::Push::queued);
}

TEST_F(BodyStreams, AClientThatLeavesEndsIt) {
  add(100'000);
  {
    RawSocket socket(server_->port());
    socket.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_GT(socket.skip(), 0u);
  }
  over_.wait();
  EXPECT_FALSE(is_wanted_);
  EXPECT_TRUE(is_cancelled_);
}

TEST_F(BodyStreams, TheServersEndEndsIt) {
  options_.stop_timeout = std::chrono::milliseconds(100);
  add(100'000);
  RawSocket socket(server_->port());
  socket.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_GT(socket.skip(), 0u);
  server_->stop();
  over_.wait();
  EXPECT_FALSE(is_wanted_);
}

}  // namespace
}  // namespace anabranch::http
