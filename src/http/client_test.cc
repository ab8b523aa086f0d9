#include "http/client.h"

#include "http/server_for_tests.h"

namespace anabranch::http {
namespace {

class HttpClient : public ServerTest {};

TEST_F(HttpClient, NoServerIsUnavailableAndSaysWhatToDo) {
  make();
  start();
  const uint16_t port = server_->port();
  server_->stop();
  const auto connected = Client::connect("127.0.0.1", port);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Code::unavailable);
  EXPECT_EQ(connected.error().message, "no server answers at 127.0.0.1:" + std::to_string(port));
  EXPECT_FALSE(connected.error().hint.empty());
}

TEST_F(HttpClient, UnknownHostIsBadInput) {
  const auto connected = Client::connect("no-such-host.invalid", 80);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Code::bad_input);
}

TEST_F(HttpClient, LargeBodiesGoBothWays) {
  make().route("POST", "/echo", RunOn::worker,
               [](Request request, Responder responder) { responder.answer(text(std::move(request.body))); });
  start();
  std::string large(30'000'000, 'x');
  for (size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>(i);
  Client http = client();
  EXPECT_TRUE(http.request("POST", "/echo", {}, large).value().body == large);
  EXPECT_EQ(http.request("POST", "/echo", {}, "small").value().body, "small");
  EXPECT_EQ(http.request("POST", "/echo").value().body, "");
}

TEST_F(HttpClient, ConnectsAnewAfterTheServerClosedAnIdleConnection) {
  options_.idle_timeout = std::chrono::milliseconds(20);
  make().route("GET", "/a", RunOn::io, says("a"));
  start();
  Client http = client();
  EXPECT_EQ(http.request("GET", "/a").value().body, "a");
  while (server_->connection_count() > 0) std::this_thread::yield();
  EXPECT_EQ(http.request("GET", "/a").value().body, "a");
}

TEST_F(HttpClient, SilentServerIsATimeout) {
  options_.stop_timeout = std::chrono::milliseconds(0);
  std::optional<Responder> never;
  make().route("GET", "/a", RunOn::io, [&](Request, Responder responder) { never = std::move(responder); });
  start();
  ClientOptions options;
  options.silence_timeout = std::chrono::milliseconds(50);
  Client http = Client::connect("127.0.0.1", server_->port(), options).value();
  const auto response = http.request("GET", "/a");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::timeout);
  server_->stop();
}

TEST_F(HttpClient, ServerThatDiesMidwayLeavesTheOutcomeUnknown) {
  options_.stop_timeout = std::chrono::milliseconds(0);
  Moment begun;
  std::optional<Responder> never;
  make().route("POST", "/a", RunOn::io, [&](Request, Responder responder) {
    never = std::move(responder);
    begun.come();
  });
  start();
  Client http = client();
  std::thread stopper([&] {
    begun.wait();
    server_->stop();
  });
  const auto response = http.request("POST", "/a", {}, "event");
  stopper.join();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::unknown_outcome);
}

}  // namespace
}  // namespace anabranch::http
