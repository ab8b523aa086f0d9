#include <future>
#include <thread>

#include "http/event_buffer.h"
#include "http/server.h"
#include "http/server_for_tests.h"
#include "http/server_sent_event_parser.h"

namespace anabranch::http {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

class Streams : public ServerTest {
 protected:
  // A route whose streams end up here.
  void make_with_updates() {
    make().route("GET", "/updates", RunOn::io, [this](Request, Responder responder) {
      auto stream = responder.events();
      Lock lock(mutex_);
      stream_.emplace(std::move(stream));
      opened_.notify_all();
    });
    start();
  }
  EventStream stream() {
    Lock lock(mutex_);
    while (!stream_) lock.wait(opened_);
    EventStream stream = *stream_;
    stream_.reset();
    return stream;
  }
  std::future<Events> listen(size_t count) {
    return std::async(std::launch::async, [this, count] {
      Events events;
      const Status listened =
          client().events("/updates", {}, [&](std::string_view event, std::string_view data) {
            events.emplace_back(event, data);
            return events.size() < count;
          });
      EXPECT_TRUE(listened) << listened.error().describe();
      return events;
    });
  }

  Mutex mutex_;
  std::condition_variable opened_;
  std::optional<EventStream> stream_;
};

TEST_F(Streams, EventsArriveInOrderUntilTheListenerHasEnough) {
  make_with_updates();
  auto heard = listen(3);
  EventStream updates = stream();
  EXPECT_TRUE(updates.send("status", "{\"a\":1}"));
  EXPECT_TRUE(updates.send("", "two\nlines"));
  EXPECT_TRUE(updates.send("builds", "3"));
  EXPECT_EQ(heard.get(), (Events{{"status", "{\"a\":1}"}, {"message", "two\nlines"}, {"builds", "3"}}));
  while (updates.send("status", "is anybody there?")) std::this_thread::yield();
  EXPECT_FALSE(updates.is_open());
}

TEST_F(Streams, StreamEndsWhenItsLastCopyGoes) {
  make_with_updates();
  auto heard = listen(100);
  {
    EventStream updates = stream();
    updates.send("status", "last words");
  }
  EXPECT_EQ(heard.get(), (Events{{"status", "last words"}}));
}

TEST_F(Streams, StopEndsStreamsCleanly) {
  make_with_updates();
  auto heard = listen(100);
  EventStream updates = stream();
  updates.send("status", "before the stop");
  server_->stop();
  EXPECT_EQ(heard.get(), (Events{{"status", "before the stop"}}));
  EXPECT_FALSE(updates.send("status", "after"));
  server_.reset();
  EXPECT_FALSE(updates.send("status", "long after"));
}

TEST_F(Streams, SlowClientLosesOldMessagesAndGetsTheLatest) {
  options_.event_buffer_bytes_max = 100'000;
  make_with_updates();
  RawSocket slow(server_->port(), 4096);
  slow.send("GET /updates HTTP/1.1\r\nHost: x\r\n\r\n");
  EventStream updates = stream();
  updates.send("builds", "rare and kept");
  const std::string bulk(10'000, 'x');
  for (int i = 0; updates.dropped() < 1000; ++i) ASSERT_TRUE(updates.send("status", bulk));
  updates.send("status", "the latest");
  updates.close();
  const std::string seen = slow.read_until("the latest");
  EXPECT_NE(seen.find("rare and kept"), seen.npos);
}

TEST_F(Streams, SilentStreamIsPinged) {
  options_.ping_interval = std::chrono::milliseconds(20);
  make_with_updates();
  RawSocket socket(server_->port());
  socket.send("GET /updates HTTP/1.1\r\nHost: x\r\n\r\n");
  EventStream updates = stream();
  const std::string seen = socket.read_until(": ping\n\n");
  EXPECT_NE(seen.find("Content-Type: text/event-stream"), seen.npos);
}

TEST_F(Streams, AnswerThatIsNoStreamIsAnError) {
  make_with_updates();
  const auto listened = client().events("/missing", {}, [](auto, auto) { return true; });
  ASSERT_FALSE(listened);
  EXPECT_EQ(listened.error().code, Code::not_found);
  EXPECT_EQ(listened.error().message, "there is no GET /missing");
}

TEST(EventBufferTest, StaysWithinItsBoundAndKeepsTheLatestOfEachEvent) {
  EventBuffer buffer(200);
  buffer.push("builds", "started");
  for (int i = 0; i < 1000; ++i) {
    buffer.push("status", std::to_string(i));
    EXPECT_LE(buffer.bytes(), 200u);
  }
  const std::string text = buffer.take();
  EXPECT_NE(text.find("event: builds\ndata: started\n\n"), text.npos);
  EXPECT_TRUE(text.ends_with("event: status\ndata: 999\n\n"));
  EXPECT_GT(buffer.dropped(), 900u);
  EXPECT_TRUE(buffer.empty());
}

TEST(EventBufferTest, LatestStaysWhateverItsSize) {
  EventBuffer buffer(10);
  buffer.push("a", "1");
  buffer.push("b", std::string(1000, 'x'));
  EXPECT_EQ(buffer.take(), "event: b\ndata: " + std::string(1000, 'x') + "\n\n");
}

TEST(EventParserTest, UnderstandsPiecesOfAnySize) {
  EventBuffer buffer(10'000);
  buffer.push("status", "one\ntwo\n");
  buffer.push("", "");
  const std::string text = ": ping\n\n" + buffer.take() + "data:x\r\nid: 7\r\n\r\n";
  for (size_t size = 1; size < text.size(); ++size) {
    Events events;
    ServerSentEventParser parser;
    for (size_t at = 0; at < text.size(); at += size) {
      EXPECT_TRUE(parser.feed(std::string_view(text).substr(at, size), [&](auto event, auto data) {
        events.emplace_back(event, data);
        return true;
      }));
    }
    EXPECT_EQ(events, (Events{{"status", "one\ntwo"}, {"message", ""}, {"message", "x"}})) << size;
  }
}

}  // namespace
}  // namespace anabranch::http
