// What is asked of an engine in another process: it ends in the middle, it is asked for what there is not,
// and a client is slower than it.

#include <thread>

#include <fmt/format.h>

#include "front/http_api/api_for_tests.h"

namespace anabranch::front::http_api {
namespace {

using security::Caller;

class ApiLinked : public ApiTest {
 protected:
  static serve::QueryRead read_of(std::string sql) {
    serve::QueryRead read;
    read.terms.format = serve::RowFormat::csv;
    read.sql = std::move(sql);
    return read;
  }
  template <typename Condition>
  static void wait_until(const Condition& condition) {
    const int64_t deadline_us = io::system_clock().monotonic_us() + 20'000'000;
    while (!condition() && io::system_clock().monotonic_us() < deadline_us) std::this_thread::yield();
    EXPECT_TRUE(condition());
  }
  void wait_until_none_runs() {
    wait_until([this] { return platform_.queries().running() == 0; });
  }
  remote::TestLinks& links() { return linked_->links(); }
  static constexpr const char* endless_sql = "SELECT hash(range) AS h FROM range(10000000000)";
};

INSTANTIATE_TEST_SUITE_P(Engine, ApiLinked, testing::Values(Engine::linked),
                         [](const auto&) { return "Linked"; });

/// Does something with each frame.
struct EachFrame final : serve::RowsSink {
  std::function<Status()> on_frame;
  explicit EachFrame(std::function<Status()> on_frame) : on_frame(std::move(on_frame)) {}
  Status head(serve::RowsHead) override { return {}; }
  Status frame(std::string) override { return on_frame(); }
};

TEST_P(ApiLinked, AnEngineThatEndsInTheMiddleIsSaidAsThat) {
  EachFrame sink([&]() -> Status {
    links().cut();
    return {};
  });
  const auto end = ports().reads().query(read_of(endless_sql), sink);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::unavailable);
  EXPECT_NE(end.error().message.find("the engine ended while it worked on this"), std::string::npos)
      << end.error().describe();
  wait_until_none_runs();
}

TEST_P(ApiLinked, AnOrderThatItEndedInIsToBeLookedAfter) {
  platform_.on_build = [&](const auto&) -> Result<std::string> {
    links().cut();
    return "b-1";
  };
  const auto built = ports().builds().build({}, {}, "asked");
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Code::unavailable);
  EXPECT_NE(built.error().hint.find("look whether it was done"), std::string::npos);
}

TEST_P(ApiLinked, WithoutAnEngineTheServerSaysSo) {
  links().cut();
  for (const char* target : {"/v1/views", "/v1/views/silver.delays", "/v1/views/silver.delays/rows",
                             "/v1/builds", "/v1/tasks", "/v1/project"}) {
    const auto response = get(target);
    EXPECT_EQ(outcome(response), "503 unavailable") << target;
    EXPECT_NE(response.body.find("the engine is being started again"), std::string::npos) << response.body;
  }
  EXPECT_EQ(outcome(query_sql("SELECT 1")), "503 unavailable");
  EXPECT_EQ(outcome(post("/v1/builds", "{}")), "503 unavailable");
  EXPECT_EQ(outcome(post("/v1/copy", "{}", header("Idempotency-Key", "k"))), "503 unavailable");
  const json status = parsed(get("/v1/status"));
  ASSERT_EQ(status["faults"].size(), 1u) << status;
  EXPECT_EQ(status["faults"][0]["of"], "the engine");
  EXPECT_EQ(status["tables"].dump(), "[]");
  EXPECT_EQ(get("/metrics").status, 200);
  EXPECT_EQ(outcome(send_events("{\"carrier\":\"UA\"}\n")), "200") << "events are the server's own";
}

TEST_P(ApiLinked, ASlowClientKeepsItsOwnReadWaitingAndNoOther) {
  std::atomic<bool> may_go_on = false;
  std::atomic<int> taken = 0;
  EachFrame sink([&]() -> Status {
    ++taken;
    while (!may_go_on) std::this_thread::yield();
    return fail(Code::cancelled, "enough");
  });
  std::thread reader([&] {
    const auto end = ports().reads().query(read_of(endless_sql), sink);
    EXPECT_FALSE(end);
    EXPECT_EQ(end.error().message, "enough") << "the sink's own error";
  });
  wait_until([&] { return taken == 1; });
  const auto sent = links().frames_of_last_call();
  // The head, the frame that is taken, and those that may lie ahead: then it waits.
  wait_until([&] { return *sent >= remote::TestLinks::frames_ahead; });
  for (int i = 0; i < 10; ++i) EXPECT_EQ(outcome(query_sql("SELECT count(*) FROM range(1000000)")), "200");
  EXPECT_LE(*sent, 2 + remote::TestLinks::frames_ahead);
  EXPECT_EQ(taken, 1);
  may_go_on = true;
  reader.join();
  wait_until_none_runs();
}

TEST_P(ApiLinked, ACancelledReadEndsInTheEngine) {
  auto read = read_of("SELECT count(*) FROM range(100000000000) AS a WHERE hash(range) = 1");
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  read.terms.cancelled = cancelled;
  std::thread canceller([&] {
    wait_until([this] { return platform_.queries().running() == 1; });
    *cancelled = true;
  });
  serve::RowsAnswer answer;
  const auto end = ports().reads().query(read, answer);
  canceller.join();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::cancelled);
  wait_until_none_runs();
}

TEST_P(ApiLinked, ACancelledVerifyEndsInTheEngine) {
  // The engine's verify goes on until it hears of it.
  std::atomic<bool> has_heard = false;
  platform_.on_verify =
      [&](const quality::Verifier::Request& request) -> Result<std::vector<quality::Verdict>> {
    request.on_progress({"read", "gold.ranked", 1, 2});
    while (!request.is_cancelled()) std::this_thread::yield();
    has_heard = true;
    return fail(Code::cancelled, "verify was stopped");
  };
  quality::Verifier::Request request;
  std::atomic<bool> has_begun = false;
  request.is_cancelled = [&] { return has_begun.load(); };
  std::vector<quality::VerifyProgress> told;
  request.on_progress = [&](const quality::VerifyProgress& progress) {
    told.push_back(progress);
    has_begun = true;
  };
  const auto verdicts = ports().builds().verify({}, request);
  ASSERT_FALSE(verdicts);
  EXPECT_EQ(verdicts.error().code, Code::cancelled);
  wait_until([&] { return has_heard.load(); });
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].name, "gold.ranked");
  EXPECT_EQ(told[0].total, 2);
}

TEST_P(ApiLinked, VerifyTellsHowFarItIs) {
  quality::Verifier::Request request;
  request.views = {"silver.delays"};
  std::vector<quality::VerifyProgress> here, there;
  request.on_progress = [&](const quality::VerifyProgress& progress) { here.push_back(progress); };
  ASSERT_TRUE(platform_.builds().verify({}, request));
  request.on_progress = [&](const quality::VerifyProgress& progress) { there.push_back(progress); };
  ASSERT_TRUE(ports().builds().verify({}, request));
  EXPECT_EQ(there.size(), here.size());
}

// A call whose bytes are too few, or too many, is refused before anybody is asked.
template <typename Answer, typename... Arguments>
void expect_garbage_is_refused(processes::Link& link, const remote::Method<Answer, Arguments...>& method) {
  const std::string bytes = wire::encode(std::tuple<Arguments...>());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto answer = link.call(method.name, bytes.substr(0, size));
    ASSERT_FALSE(answer) << method.name << " of " << size << " bytes";
    ASSERT_EQ(answer.error().code, Code::corrupt) << method.name;
  }
  const auto answer = link.call(method.name, bytes + "x");
  ASSERT_FALSE(answer) << method.name;
  ASSERT_EQ(answer.error().code, Code::corrupt) << method.name;
}

TEST_P(ApiLinked, GarbageIsRefused) {
  std::atomic<int> orders = 0;
  platform_.on_build = [&](const auto&) -> Result<std::string> {
    ++orders;
    return "b-1";
  };
  platform_.on_copy = [&](const auto&) -> Result<std::vector<TableCopied>> {
    ++orders;
    return std::vector<TableCopied>();
  };
  namespace methods = remote::methods;
  expect_garbage_is_refused(*links().server(), methods::models);
  expect_garbage_is_refused(*links().server(), methods::storage);
  expect_garbage_is_refused(*links().server(), methods::build);
  expect_garbage_is_refused(*links().server(), methods::apply);
  expect_garbage_is_refused(*links().server(), methods::diff);
  expect_garbage_is_refused(*links().server(), methods::drop);
  expect_garbage_is_refused(*links().server(), methods::verify);
  expect_garbage_is_refused(*links().server(), methods::cancel);
  expect_garbage_is_refused(*links().server(), methods::keep_keyed_answer);
  expect_garbage_is_refused(*links().server(), methods::copy);
  expect_garbage_is_refused(*links().server(), methods::query);
  expect_garbage_is_refused(*links().server(), methods::rows);
  expect_garbage_is_refused(*links().server(), methods::errors);
  const auto unknown = links().server()->call("builds.nothing", "");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::corrupt);
  EXPECT_EQ(orders, 0);
  EXPECT_TRUE(links().server()->is_open());
}

TEST_P(ApiLinked, TheEngineTellsWhenItIsReady) {
  remote::EngineState told;
  remote::PortsHost host({platform_.builds(), platform_.tables(),
                          [this] { return platform_.ready ? &platform_.reads() : nullptr; }});
  remote::TestLinks other([](auto&) -> Result<std::string> { return fail(Code::internal, ""); },
                          [&](std::string_view topic, std::string_view bytes) { told.take(topic, bytes); });
  platform_.ready = false;
  host.tell(other.engine());
  platform_.ready = true;
  wait_until([&] { return told.is_ready(); });
  ASSERT_EQ(outcome(send_events("{\"carrier\":\"UA\"}\n")), "200");
  wait_until([&] { return told.reads().applied == model::Offsets{{"flights", {1}}, {"weather", {0}}}; });
  platform_.ready = false;
  wait_until([&] { return !told.is_ready(); });
  const auto state = links().server()->call("reads.state", "");
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Code::unavailable);
  platform_.ready = true;
  host.stop();
}

}  // namespace
}  // namespace anabranch::front::http_api
