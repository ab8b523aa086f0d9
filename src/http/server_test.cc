#include "http/server.h"

#include <future>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>

#include "http/server_for_tests.h"

namespace anabranch::http {
namespace {

using nlohmann::json;

class HttpServer : public ServerTest {};

constexpr std::string_view get_a = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(HttpServer, RoutesByMethodAndPatternAndDecodesParamsAndQuery) {
  make().route("POST", "/v1/streams/{name}/events", RunOn::io, [](Request request, Responder responder) {
    responder.answer(text(std::string(request.params.find("name").value()) + "|" +
                          std::string(request.query.find("a b").value_or("none")) + "|" +
                          std::string(request.headers.get("x-thing")) + "|" + request.body + "|" +
                          std::string(request.route) + "|" + request.remote));
  });
  start();
  Headers headers;
  headers.add("X-Thing", "7");
  const auto response =
      client().request("POST", "/v1/streams/fl%2Fi%20ghts/events?x=1&a+b=%C3%A4%26", headers, "body");
  ASSERT_TRUE(response) << response.error().describe();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.get("content-type"), "text/plain");
  EXPECT_EQ(response->body, "fl/i ghts|ä&|7|body|/v1/streams/{name}/events|127.0.0.1");
}

TEST_F(HttpServer, UnknownPathIs404AndUnknownMethod405WithAllow) {
  auto& server = make();
  server.route("GET", "/a", RunOn::io, says("a"));
  server.route("POST", "/a", RunOn::io, says("a"));
  start();
  Client http = client();
  const auto missing = http.request("GET", "/b").value();
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(json::parse(missing.body)["code"], "not_found");
  const auto refused = http.request("DELETE", "/a", {}, "some body").value();
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.get("Allow"), "GET, POST, HEAD");
  EXPECT_EQ(http.request("GET", "/a").value().body, "a") << "the refused body was read past";
}

TEST_F(HttpServer, BrokenEscapeIs400) {
  make();
  start();
  const auto response = client().request("GET", "/%zz").value();
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json::parse(response.body)["code"], "bad_request");
}

TEST_F(HttpServer, FallbackTakesGetOfOtherPaths) {
  auto& server = make();
  server.route("GET", "/v1/a", RunOn::io, says("a"));
  server.fallback(
      [](Request request, Responder responder) { responder.answer(text("page " + request.path)); });
  start();
  Client http = client();
  EXPECT_EQ(http.request("GET", "/views/x").value().body, "page /views/x");
  EXPECT_EQ(http.request("POST", "/views/x").value().status, 404);
  EXPECT_EQ(http.request("GET", "/v1/a").value().body, "a");
}

TEST_F(HttpServer, GuardRefusesBeforeTheBodyIsKept) {
  auto& server = make();
  server.route("POST", "/a", RunOn::io, says("a"));
  server.guard([](const Request& request) -> std::optional<Response> {
    EXPECT_EQ(request.body, "");
    if (request.headers.get("Authorization") == "yes") return std::nullopt;
    Response response = text("who are you?");
    response.status = 401;
    return response;
  });
  start();
  Client http = client();
  EXPECT_EQ(http.request("POST", "/a", {}, "secret").value().status, 401);
  Headers headers;
  headers.add("authorization", "yes");
  EXPECT_EQ(http.request("POST", "/a", headers, "secret").value().status, 200);
}

TEST_F(HttpServer, HeadHasTheHeaderOfGetAndNoBody) {
  make().route("GET", "/a", RunOn::io, says("twelve bytes"));
  start();
  Client http = client();
  const auto response = http.request("HEAD", "/a").value();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("Content-Length"), "12");
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(http.request("GET", "/a").value().body, "twelve bytes");
}

TEST_F(HttpServer, BodiesOfEveryLengthComeWhole) {
  make().route("POST", "/a", RunOn::worker, [](Request request, Responder responder) {
    responder.answer(text("<" + request.body + ">"));
  });
  start();
  Client http = client();
  for (size_t length = 0; length < 200; ++length) {
    const std::string body(length, 'x');
    EXPECT_EQ(http.request("POST", "/a", {}, body).value().body, "<" + body + ">");
  }
}

TEST_F(HttpServer, HeaderValuesCannotForgeHeaders) {
  make().route("GET", "/a", RunOn::io, [](Request, Responder responder) {
    Response response = text("a");
    response.headers.add("X-Name", "v\r\nX-Forged: yes");
    responder.answer(std::move(response));
  });
  start();
  EXPECT_FALSE(client().request("GET", "/a").value().headers.find("X-Forged"));
}

TEST_F(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  auto& server = make();
  server.route("GET", "/n/{n}", RunOn::worker, [](Request request, Responder responder) {
    responder.answer(text("<" + std::string(*request.params.find("n")) + ">"));
  });
  server.route("POST", "/n", RunOn::io, [](Request request, Responder responder) {
    responder.answer(text("<" + request.body + ">"));
  });
  start();
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    all += i % 2 == 0 ? "GET /n/" + n + " HTTP/1.1\r\nHost: x\r\n\r\n"
                      : "POST /n HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(n.size()) +
                            "\r\n\r\n" + n;
  }
  RawSocket socket(server_->port());
  socket.send(all);
  socket.end_sending();
  const std::string answers = socket.read_to_end();
  size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = answers.find("<" + std::to_string(i) + ">", at);
    ASSERT_NE(at, answers.npos) << i;
  }
}

TEST_F(HttpServer, PipelinedMoreThanFitsIsAnsweredToo) {
  options_.header_bytes_max = 512;
  make().route("GET", "/a", RunOn::worker, says("<a>"));
  start();
  constexpr int count = 5000;
  std::string all;
  for (int i = 0; i < count; ++i) all += get_a;
  RawSocket socket(server_->port());
  std::thread sender([&] {
    socket.send(all);
    socket.end_sending();
  });
  const std::string answers = socket.read_to_end();
  sender.join();
  int found = 0;
  for (size_t at = 0; (at = answers.find("<a>", at)) != answers.npos; ++at) ++found;
  EXPECT_EQ(found, count);
}

TEST_F(HttpServer, BytesThatComeOneByOneMakeARequest) {
  make().route("POST", "/a", RunOn::io, [](Request request, Responder responder) {
    responder.answer(text("<" + request.body + ">"));
  });
  start();
  RawSocket socket(server_->port());
  for (char c : std::string_view(
           "\r\nPOST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\n"
           "defg\r\n0\r\n\r\n")) {
    socket.send({&c, 1});
  }
  EXPECT_NE(socket.read_until("<abcdefg>").find("HTTP/1.1 200 OK"), std::string::npos);
}

TEST_F(HttpServer, ExpectContinueIsAnsweredBeforeTheBody) {
  make().route("POST", "/a", RunOn::io, [](Request request, Responder responder) {
    responder.answer(text("<" + request.body + ">"));
  });
  start();
  RawSocket socket(server_->port());
  socket.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  socket.read_until("HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("abc");
  socket.read_until("<abc>");
  socket.send("POST /missing HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_NE(socket.read_to_end().find("HTTP/1.1 404"), std::string::npos);
}

TEST_F(HttpServer, Http10IsClosedAfterTheAnswer) {
  make().route("GET", "/a", RunOn::io, says("<a>"));
  start();
  RawSocket socket(server_->port());
  socket.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_NE(socket.read_to_end().find("Connection: close"), std::string::npos);
}

TEST_F(HttpServer, HalfABodyReachesNoHandler) {
  std::atomic<int> called = 0;
  make().route("POST", "/a", RunOn::io, [&](Request, Responder responder) {
    ++called;
    responder.answer(text("a"));
  });
  start();
  for (std::string_view half :
       {"Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"}) {
    RawSocket socket(server_->port());
    socket.send("POST /a HTTP/1.1\r\nHost: x\r\n");
    socket.send(half);
    socket.end_sending();
    EXPECT_EQ(socket.read_to_end(), "") << "closed without an answer";
  }
  EXPECT_EQ(called, 0);
  EXPECT_EQ(server_->bodies_bytes(), 0u);
}

TEST_F(HttpServer, RubbishIsRefusedAndHarmsNobody) {
  make().route("GET", "/a", RunOn::io, says("<a>"));
  start();
  uint32_t seed = 1;
  for (int round = 0; round < 50; ++round) {
    std::string rubbish;
    for (int i = 0; i < 2000; ++i) rubbish += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    RawSocket socket(server_->port());
    socket.send(rubbish);
    socket.end_sending();
    const std::string answer = socket.read_to_end();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 400 ")) << answer;
  }
  EXPECT_EQ(client().request("GET", "/a").value().body, "<a>");
}

TEST_F(HttpServer, AmbiguousBodiesAreRefused) {
  make().route("POST", "/a", RunOn::io, says("a"));
  start();
  for (std::string_view fields :
       {"Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked",
        "Host: x\r\nTransfer-Encoding: gzip, chunked", "Host: x\r\nContent-Length: 4\r\nContent-Length: 5",
        "Content-Length: 0", "Host: x\r\nHost: y"}) {
    RawSocket socket(server_->port());
    socket.send("POST /a HTTP/1.1\r\n" + std::string(fields) + "\r\n\r\n0\r\n\r\n");
    EXPECT_TRUE(socket.read_to_end().starts_with("HTTP/1.1 400 ")) << fields;
  }
}

TEST_F(HttpServer, DeferredAnswersComeFromAnotherThread) {
  Mutex mutex;
  std::vector<std::pair<std::string, Responder>> waiting;
  std::condition_variable grown;
  make().route("POST", "/a", RunOn::io, [&](Request request, Responder responder) {
    Lock lock(mutex);
    waiting.emplace_back(request.body, std::move(responder));
    grown.notify_one();
  });
  start();
  constexpr int clients = 8, requests = 200;
  std::thread committer([&] {
    for (int answered = 0; answered < clients * requests;) {
      std::vector<std::pair<std::string, Responder>> batch;
      {
        Lock lock(mutex);
        while (waiting.empty()) lock.wait(grown);
        batch.swap(waiting);
      }
      for (auto& [body, responder] : batch) {
        responder.answer(text("committed " + body));
        responder.answer(text("a second answer does nothing"));
        ++answered;
      }
    }
  });
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int c = 0; c < clients; ++c) {
    threads.emplace_back([&, c] {
      Client http = client();
      for (int i = 0; i < requests; ++i) {
        const std::string body = std::to_string(c) + "/" + std::to_string(i);
        const auto response = http.request("POST", "/a", {}, body);
        if (response && response->body == "committed " + body) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  committer.join();
  EXPECT_EQ(right, clients * requests);
}

TEST_F(HttpServer, DroppedResponderAndThrowingHandlerAnswer500) {
  auto& server = make();
  server.route("GET", "/drop", RunOn::io, [](Request, Responder) {});
  server.route("GET", "/throw", RunOn::worker,
               [](Request, Responder) { throw std::runtime_error("secret"); });
  start();
  Client http = client();
  for (std::string_view path : {"/drop", "/throw", "/drop"}) {
    const auto response = http.request("GET", path).value();
    EXPECT_EQ(response.status, 500);
    const json problem = json::parse(response.body);
    EXPECT_EQ(problem["code"], "internal");
    EXPECT_FALSE(problem["id"].get<std::string>().empty());
    EXPECT_EQ(response.body.find("secret"), std::string::npos);
  }
}

TEST_F(HttpServer, CancellationFlagRisesWhenTheClientGoesAway) {
  Moment begun, cancelled;
  make().route("GET", "/a", RunOn::worker, [&](Request request, Responder) {
    begun.come();
    while (!*request.cancelled) std::this_thread::yield();
    cancelled.come();
  });
  start();
  RawSocket socket(server_->port());
  socket.send(get_a);
  begun.wait();
  socket.close();
  cancelled.wait();
}

TEST_F(HttpServer, PortInUseIsAConflictThatSaysWhatToDo) {
  make();
  start();
  ServerOptions same = options_;
  same.port = server_->port();
  Server second(same);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::conflict);
  EXPECT_EQ(started.error().message, "port " + std::to_string(same.port) + " on 127.0.0.1 is in use");
  EXPECT_EQ(started.error().hint, "choose another with --port, or stop the other program");
}

TEST_F(HttpServer, ForeignAddressIsBadInput) {
  options_.host = "192.0.2.1";
  const auto started = make().start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::bad_input);
}

TEST_F(HttpServer, StopLetsARunningRequestFinish) {
  Moment begun;
  std::promise<Responder> promise;
  make().route("GET", "/a", RunOn::io, [&](Request, Responder responder) {
    promise.set_value(std::move(responder));
    begun.come();
  });
  start();
  RawSocket idle(server_->port());
  auto answer = std::async(std::launch::async, [&] { return client().request("GET", "/a"); });
  begun.wait();
  auto stopped = std::async(std::launch::async, [&] { server_->stop(); });
  EXPECT_EQ(idle.read_to_end(), "") << "a connection without a request is closed at once";
  promise.get_future().get().answer(text("finished"));
  EXPECT_EQ(answer.get().value().body, "finished");
  stopped.get();
  EXPECT_EQ(server_->connection_count(), 0u);
  EXPECT_FALSE(Client::connect("127.0.0.1", server_->port()));
}

TEST_F(HttpServer, StopCancelsWhatRunsPastItsDeadline) {
  options_.stop_timeout = std::chrono::milliseconds(20);
  Moment begun;
  std::optional<Responder> forgotten;
  auto& server = make();
  server.route("GET", "/a", RunOn::worker, [&](Request request, Responder responder) {
    begun.come();
    while (!*request.cancelled) std::this_thread::yield();
    responder.answer(text("too late"));
  });
  server.route("GET", "/b", RunOn::io,
               [&](Request, Responder responder) { forgotten = std::move(responder); });
  start();
  RawSocket a(server_->port()), b(server_->port());
  a.send(get_a);
  b.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  begun.wait();
  server_->stop();
  EXPECT_EQ(a.read_to_end(), "");
  EXPECT_EQ(b.read_to_end(), "");
  server_.reset();
  if (forgotten) forgotten->answer(text("nobody is there any more"));
}

TEST_F(HttpServer, StopUnderLoadLosesNobody) {
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> served = 0;
    Mutex mutex;
    std::vector<EventStream> streams;
    std::vector<std::thread> answerers;
    auto& server = make();
    server.route("GET", "/io", RunOn::io, says("<a>"));
    server.route("GET", "/worker", RunOn::worker, says("<a>"));
    server.route("POST", "/body", RunOn::worker, [&](Request request, Responder responder) {
      if (request.body.size() % 3 == 0) return;  // forgets to answer
      Lock lock(mutex);
      answerers.emplace_back([responder, &served] {
        responder.answer(text("<a>"));
        ++served;
      });
    });
    server.route("GET", "/events", RunOn::io, [&](Request, Responder responder) {
      EventStream stream = responder.events();
      stream.send("hello", "<a>");
      Lock lock(mutex);
      if (streams.size() < 20) streams.push_back(stream);
      for (EventStream& other : streams) other.send("news", "one more");
    });
    start();
    std::atomic<bool> is_over = false;
    std::vector<std::thread> clients;
    for (uint32_t seed = 1; seed <= 6; ++seed) {
      clients.emplace_back([&, seed]() mutable {
        const auto dice = [&](uint32_t sides) {
          return ((seed = seed * 1664525 + 1013904223) >> 16) % sides;
        };
        const std::string body(dice(100'000), 'x');
        const std::string requests[] = {
            "GET /io HTTP/1.1\r\nHost: x\r\n\r\n", "GET /worker HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /events HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                body};
        while (!is_over) {
          auto http = Client::connect("127.0.0.1", server_->port());
          if (!http) break;
          (void)http->request("GET", "/io");
          RawSocket socket(server_->port());
          if (!socket.is_connected()) break;
          for (uint32_t i = dice(4); i-- > 0;) socket.send(requests[dice(4)]);
          const std::string& last = requests[dice(4)];
          socket.send(std::string_view(last).substr(0, dice(static_cast<uint32_t>(last.size()))));
          if (dice(2) == 0) socket.end_sending();
        }
      });
    }
    while (served < 50) std::this_thread::yield();
    is_over = true;
    server_->stop();
    for (auto& client : clients) client.join();
    for (auto& answerer : answerers) answerer.join();
    EXPECT_EQ(server_->connection_count(), 0u);
    EXPECT_EQ(server_->bodies_bytes(), 0u);
  }
}

TEST_F(HttpServer, AccessListenerHearsOfEveryRequest) {
  Mutex mutex;
  std::multiset<std::string> heard;
  auto& server = make();
  server.route("GET", "/n/{n}", RunOn::io, says("four"));
  server.on_access([&](const Access& access) {
    Lock lock(mutex);
    heard.insert(std::string(access.method) + " " + std::string(access.route) + " " +
                 std::to_string(access.status) + " " + std::to_string(access.bytes_in));
  });
  start();
  Client http = client();
  (void)http.request("GET", "/n/1");
  (void)http.request("GET", "/n/2");
  (void)http.request("BREW", "/tea", {}, "milk");
  server_->stop();
  Lock lock(mutex);
  EXPECT_EQ(heard, (std::multiset<std::string>{"GET /n/{n} 200 0", "GET /n/{n} 200 0", "OTHER  404 4"}));
}

}  // namespace
}  // namespace anabranch::http
