// Events of bulk files are events like all others where no view is kept up to date on them: reads at read
// time, the archive and builds have them after a start, too.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/corpus_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/plain_engine.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

TEST(BulkFiles, AreReadAfterAStartWhereNoViewIsMaintained) {
  test::TemporaryFolder folder;
  test::TemporaryFolder scratch;
  test::write_text(folder / "anabranch.yml", "name: bulk\n");
  test::write_text(folder / "streams" / "e.yml", "fields:\n  - {name: id, type: bigint}\n");
  test::write_text(folder / "models" / "gold" / "running.sql",
                   "SELECT id, sum(id) OVER (ORDER BY id) AS running FROM bronze.e\n");
  const io::Path file = scratch / "events.parquet";
  test::PlainEngine plain;
  plain.run(fmt::format("COPY (SELECT range AS id FROM range(20)) TO {} (FORMAT parquet)",
                        sql::quote_literal(file.string())));
  std::unique_ptr<app::Platform> platform;
  const auto start = [&] {
    platform.reset();
    auto opened = test::open_platform(folder.path(), {});
    ASSERT_TRUE(opened) << opened.error().describe();
    platform = std::move(*opened);
    const Status started = platform->start();
    ASSERT_TRUE(started) << started.error().describe();
  };
  int64_t expected = 0;
  const auto ingest = [&] {
    const auto bulk = platform->ingest_file("e", file.string());
    ASSERT_TRUE(bulk) << bulk.error().describe();
    const auto posted =
        platform->stream("e")->accept_and_wait(ingest::BodyFormat::ndjson, "{\"id\":100}\n{\"id\":101}\n");
    ASSERT_TRUE(posted) << posted.error().describe();
    expected += 22;
  };
  const auto check = [&] {
    const auto end = platform->stream("e")->log().durable_offsets();
    ASSERT_TRUE(platform->speed().wait_for({{"e", end}}, 30'000'000));
    const auto events = platform->queries().query("SELECT count(*) FROM bronze.e", {});
    ASSERT_TRUE(events) << events.error().describe();
    EXPECT_EQ(events->rows.integer(0, 0), expected);
    const auto rows = platform->queries().query("SELECT count(*) FROM gold.running", {});
    ASSERT_TRUE(rows) << rows.error().describe();
    EXPECT_EQ(rows->rows.integer(0, 0), expected);
  };
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(ingest());
  ASSERT_NO_FATAL_FAILURE(check());
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(check());
  const auto built = platform->build({}, "test");
  ASSERT_TRUE(built) << built.error().describe();
  ASSERT_NO_FATAL_FAILURE(check());
  ASSERT_NO_FATAL_FAILURE(ingest());
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(check());
}

}  // namespace
}  // namespace anabranch
