// Builds of a new basis arrive while events do: what ticks and compactions clear away meanwhile is not what
// arrives.

#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/corpus_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

constexpr int builds = 6;
constexpr int64_t events_a_request = 40;

TEST(Handover, KeepsWhatArrivesWhileEventsDo) {
  const test::TemporaryFolder folder;
  const io::Path project = folder.path() / "project";
  test::write_text(project / "anabranch.yml", "name: handover\n");
  test::write_text(project / "streams" / "e.yml",
                   "fields:\n  - {name: id, type: bigint}\n  - {name: k, type: bigint}\n");
  test::write_text(project / "sources" / "s.yml", "kind: files\ntables:\n  t: {path: data/t.csv}\n");
  test::write_text(
      project / "models" / "gold" / "groups.sql",
      "SELECT t.name, count(*) AS n, sum(e.id) AS total FROM bronze.e AS e JOIN bronze.t AS t USING (k) "
      "GROUP BY ALL\n");
  const auto write_table = [&](int version) {
    test::write_text(project / "data" / "t.csv", fmt::format("k,name\n0,even {0}\n1,odd {0}\n", version));
  };
  write_table(0);
  speed::SpeedLayer::Options speed;
  speed.tick_rows_max = 20;  // many ticks, each of them soon compacted
  speed.compaction_rows = 20;
  auto opened = test::open_platform(project, speed);
  ASSERT_TRUE(opened) << opened.error().describe();
  const auto platform = std::move(*opened);
  ASSERT_TRUE(platform->copy({}));
  const Status started = platform->start();
  ASSERT_TRUE(started) << started.error().describe();

  std::atomic<bool> is_done = false;
  std::atomic<int64_t> events = 0;
  std::thread sender([&] {
    while (!is_done) {
      std::string body;
      for (int64_t i = events; i < events + events_a_request; ++i)
        body += fmt::format("{{\"id\":{},\"k\":{}}}\n", i, i % 2);
      const auto accepted = platform->stream("e")->accept_and_wait(ingest::BodyFormat::ndjson, body);
      if (!accepted || accepted->accepted != events_a_request) break;
      events += events_a_request;
      if (events % (5 * events_a_request) == 0) {  // no faster than ticks go
        serve::ReadOptions applied;
        applied.min_offsets["e"] = {events};
        (void)platform->queries().query("SELECT 1", applied);
      }
    }
  });
  std::string failure;
  for (int version = 1; version <= builds && failure.empty(); ++version) {
    write_table(version);
    const auto copied = platform->copy({});
    const auto built = copied ? platform->build({}, "test") : fail(copied.error());
    if (!built) failure = built.error().describe();
    serve::ReadOptions newest;
    newest.min_offsets["e"] = {events};
    const auto answer = platform->queries().query(
        fmt::format("SELECT sum(n) >= {}, bool_and(name LIKE '% {}') FROM gold.groups", events.load(),
                    version),
        newest);
    if (!answer) {
      failure = answer.error().describe();
    } else if (answer->rows.text(0, 0) != "true" || answer->rows.text(0, 1) != "true") {
      failure = fmt::format("build {}: events are missing, or they have another basis", version);
    }
  }
  is_done = true;
  sender.join();
  EXPECT_EQ(failure, "");
  EXPECT_GT(events, builds * events_a_request);
}

}  // namespace
}  // namespace anabranch
