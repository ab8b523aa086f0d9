// Queries over a stream whose log, ticks and engine are real.
#include "serve/query_service.h"

#include <thread>

#include <gmock/gmock.h>

#include "tests/support/small_platform.h"

namespace anabranch::serve {
namespace {

using testing::HasSubstr;

class Queries : public ::testing::Test {
 protected:
  QueryService& queries(const QueryService::Options& options = {}) { return platform_.queries(options); }
  void post(int count = 1) {
    std::string lines;
    for (int i = 0; i < count; ++i) lines += "{\"k\":\"a\",\"n\":1}\n";
    platform_.post(lines);
  }
  ReadOptions after_all() const { return platform_.after_all(); }

  test::SmallPlatform platform_{{{"gold.sums", "SELECT k, sum(n) AS s FROM bronze.e GROUP BY k"},
                                 {"gold.count", "SELECT count(*) AS c FROM bronze.e"}}};
};

// It would run for an hour.
const std::string endless = "SELECT sum(a.range * b.range) FROM range(10000000) AS a, range(10000000) AS b";

TEST_F(Queries, AReadThatAsksForAnOffsetWaitsForIt) {
  QueryService& service = queries();
  for (int i = 0; i < 30;
       ++i) {  // a tick comes when it comes: without waiting one of them would be too early
    post();
    const auto answer = service.query("SELECT c FROM gold.count", after_all());
    ASSERT_TRUE(answer) << answer.error().describe();
    ASSERT_EQ(answer->rows.integer(0, 0), platform_.posted());
    ASSERT_EQ(answer->offsets, (model::Offsets{{"e", {platform_.posted()}}}));
  }
}

TEST_F(Queries, AnOffsetThatNeverComesEndsInATimeout) {
  QueryService& service = queries();
  post();
  ReadOptions options = after_all();
  ASSERT_TRUE(service.query("SELECT c FROM gold.count", options));
  ++options.min_offsets["e"][0];
  options.timeout_us = 120'000;
  const int64_t before_us = io::system_clock().monotonic_us();
  const auto answer = service.query("SELECT c FROM gold.count", options);
  EXPECT_GE(io::system_clock().monotonic_us() - before_us, 120'000);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::timeout);
  EXPECT_THAT(answer.error().message, HasSubstr("not included yet"));
  EXPECT_EQ(service.running(), 0u);
}

TEST_F(Queries, WhoWaitsAndGoesAwayIsLetGo) {
  QueryService& service = queries();
  ReadOptions options;
  options.min_offsets = {{"e", {1}}};
  int asked = 0;
  options.is_cancelled = [&] { return ++asked == 2; };
  const auto answer = service.query("SELECT 1", options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::cancelled);
  EXPECT_EQ(asked, 2);
}

TEST_F(Queries, AQueryOverItsTimeIsEndedAndTheNextOneRuns) {
  QueryService& service = queries();
  ReadOptions options;
  options.timeout_us = 100'000;
  const auto answer = service.query(endless, options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::timeout) << answer.error().describe();
  EXPECT_THAT(answer.error().message, HasSubstr("longer than 100 ms"));
  EXPECT_EQ(service.running(), 0u);
  EXPECT_TRUE(service.query("SELECT 1", {}));
}

TEST_F(Queries, NobodyGetsMoreTimeThanTheService) {
  QueryService::Options limits;
  limits.timeout_us = 50'000;
  QueryService& service = queries(limits);
  for (const int64_t asked_us : {int64_t{0}, int64_t{3'600'000'000}}) {
    ReadOptions options;
    options.timeout_us = asked_us;
    const auto answer = service.query(endless, options);
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("longer than 50 ms"));
  }
}

TEST_F(Queries, AQueryIsCancelledWhileItRuns) {
  QueryService& service = queries();
  ReadOptions options;
  options.is_cancelled = [] { return true; };
  const auto answer = service.query(endless, options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::cancelled);
}

TEST_F(Queries, AnAnswerIsAtMostSoLarge) {
  QueryService::Options limits;
  limits.answer_bytes_max = 1 << 20;
  QueryService& service = queries(limits);
  const auto answer = service.query("SELECT repeat('x', 1000) AS x FROM range(100000)", {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::too_large) << answer.error().describe();
  const auto less = service.query("SELECT repeat('x', 1000) AS x FROM range(100)", {});
  ASSERT_TRUE(less) << less.error().describe();
  EXPECT_EQ(less->rows.row_count(), 100u);
}

TEST_F(Queries, MoreThanSoManyAtOnceAreTurnedAway) {
  QueryService::Options limits;
  limits.queries_max = 1;
  QueryService& service = queries(limits);
  const Status outer = service.in_snapshot({}, [&](sql::Session&, const QueryService::Snapshot&) -> Status {
    EXPECT_EQ(service.running(), 1u);
    const auto inner = service.query("SELECT 1", {});
    if (inner) return fail(Code::internal, "it was let in");
    EXPECT_EQ(inner.error().code, Code::overloaded);
    return {};
  });
  EXPECT_TRUE(outer) << outer.error().describe();
  EXPECT_TRUE(service.query("SELECT 1", {}));
}

TEST_F(Queries, ASnapshotStaysWhereItIs) {
  QueryService& service = queries();
  post(3);
  const Status read = service.in_snapshot(
      after_all(), [&](sql::Session& session, const QueryService::Snapshot& snapshot) -> Status {
        const auto count = [&](const std::string& text) -> Result<int64_t> {
          const sql::Query bound = TRY(service.bound_query(session, text, snapshot));
          const sql::Rows rows = TRY(session.query(bound));
          return rows.integer(0, 0);
        };
        EXPECT_EQ(snapshot.ends("bronze.e"), std::vector<model::Offset>{3});
        EXPECT_EQ(TRY(count("SELECT c FROM gold.count")), 3);
        post(2);
        TRY(platform_.speed().wait_for({{"e", {5}}}, 10'000'000));
        EXPECT_EQ(TRY(count("SELECT c FROM gold.count")), 3) << "a view's states";
        EXPECT_EQ(TRY(count("SELECT count(*) FROM bronze.e")), 3) << "and the events";
        return {};
      });
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(service.query("SELECT c FROM gold.count", after_all())->rows.integer(0, 0), 5);
}

TEST_F(Queries, OneQueryOverSeveralRelationsSeesThemAtOneOffset) {
  QueryService& service = queries();
  std::thread poster([&] {
    for (int i = 0; i < 100; ++i) post(7);
  });
  for (int i = 0; i < 50; ++i) {
    const auto answer = service.query(
        "SELECT (SELECT c FROM gold.count), (SELECT coalesce(sum(s), 0) FROM gold.sums), (SELECT count(*) "
        "FROM "
        "bronze.e)",
        {});
    if (!answer) {
      ADD_FAILURE() << answer.error().describe();
      break;
    }
    const int64_t offset = answer->offsets.at("e").at(0);
    for (size_t column = 0; column < 3; ++column)
      EXPECT_EQ(answer->rows.integer(0, column), offset) << column;
  }
  poster.join();
}

TEST_F(Queries, MistakesAndWhatIsNotAllowedHaveTheirPlace) {
  QueryService& service = queries();
  const auto mistake = service.query("SELECT k,\n  nothing FROM gold.sums", {});
  ASSERT_FALSE(mistake);
  EXPECT_EQ(mistake.error().code, Code::bad_sql);
  ASSERT_TRUE(mistake.error().place);
  EXPECT_EQ(mistake.error().place->line, 2);
  EXPECT_EQ(service.query("SELECT getenv('HOME')", {}).error().code, Code::refused);
  EXPECT_EQ(service.query("SELECT * FROM epoch", {}).error().code, Code::bad_sql)
      << "a table of the platform's own";
  EXPECT_FALSE(service.query("DROP TABLE epoch", {}));
  EXPECT_TRUE(service.query("SELECT 1", {}));
}

}  // namespace
}  // namespace anabranch::serve
