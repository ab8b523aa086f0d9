#include "log/segmented_log.h"

#include <atomic>
#include <latch>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/faulty_file_system.h"
#include "tests/support/log_batches.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

using test::numbered_events;
using test::rejects_only;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t all_bytes = SIZE_MAX;
constexpr model::Offset all_events = INT64_MAX;

class ManualClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return now; }
  int64_t monotonic_us() override { return now; }
  std::atomic<io::TimeUs> now = 1000;
};

std::vector<std::string> events_of(const std::vector<BatchPtr>& batches) {
  std::vector<std::string> events;
  for (const BatchPtr& batch : batches) {
    const auto records = split_records(*batch->payload).value();
    events.insert(events.end(), records.begin(), records.end());
  }
  return events;
}

std::vector<std::string> ids(int64_t first, int64_t end) {
  std::vector<std::string> events;
  for (int64_t id = first; id < end; ++id) events.push_back(fmt::format(R"({{"id":{}}})", id));
  return events;
}

class Log : public ::testing::Test {
 protected:
  Result<std::unique_ptr<SegmentedLog>> try_open(SegmentedLog::Options options = {}) {
    return SegmentedLog::open(files_, clock_, folder_ / "flights", options);
  }
  std::unique_ptr<SegmentedLog> open(SegmentedLog::Options options = {}) {
    auto opened = try_open(options);
    if (!opened) ADD_FAILURE() << opened.error().describe();
    return std::move(opened).value();
  }
  io::Path segment(model::Offset base_offset) {
    return folder_ / "flights" / "0" / segment_name(base_offset);
  }
  std::vector<std::string> segments() {
    std::vector<std::string> names;
    const auto entries = files_.list(folder_ / "flights" / "0").value();
    for (auto& entry : entries) names.push_back(entry.name);
    return names;
  }
  std::string bytes_of(const io::Path& path) { return files_.read_file(path).value(); }
  void overwrite(const io::Path& path, const std::string& bytes) {
    ASSERT_TRUE(io::local_file_system().write_atomically(path, bytes));
  }
  void flip(const io::Path& path, size_t at) {
    std::string bytes = bytes_of(path);
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 0x20);
    overwrite(path, bytes);
  }

  test::TemporaryFolder folder_;
  ManualClock clock_;
  test::FaultyFileSystem files_{io::local_file_system(), 1};
};

TEST_F(Log, GivesDenseOffsetsAndReadsThemBack) {
  auto log = open();
  EXPECT_THAT(log->durable_offsets(), ElementsAre(0));
  EXPECT_THAT(log->read(0, 0, all_events, all_bytes).value(), IsEmpty());
  EXPECT_EQ(log->append_and_wait(numbered_events(0, 2)).value().range, (model::OffsetRange{0, 2}));
  EXPECT_EQ(log->append_and_wait(numbered_events(2, 3)).value().range, (model::OffsetRange{2, 5}));
  EXPECT_THAT(log->durable_offsets(), ElementsAre(5));
  EXPECT_EQ(events_of(log->read(0, 0, all_events, all_bytes).value()), ids(0, 5));
}

TEST_F(Log, ReadBeginsWithTheBatchOfTheOffsetAndKeepsItsBounds) {
  for (const size_t cache : {size_t{0}, size_t{1} << 20}) {
    SegmentedLog::Options options;
    options.tail_cache_bytes = cache;
    auto log = open(options);
    const auto base = log->durable_offsets()[0];
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(log->append_and_wait(numbered_events(base + 2 * i, 2)));
    auto bases = [&](model::Offset from, model::Offset end, size_t bytes) {
      std::vector<model::Offset> found;
      const auto read = log->read(0, base + from, end == all_events ? end : base + end, bytes);
      for (auto& batch : read.value()) found.push_back(batch->base_offset - base);
      return found;
    };
    EXPECT_THAT(bases(0, all_events, all_bytes), ElementsAre(0, 2, 4, 6, 8));
    EXPECT_THAT(bases(3, all_events, all_bytes), ElementsAre(2, 4, 6, 8));
    EXPECT_THAT(bases(3, 6, all_bytes), ElementsAre(2, 4));
    EXPECT_THAT(bases(3, 7, all_bytes), ElementsAre(2, 4, 6));
    EXPECT_THAT(bases(3, all_events, 0), ElementsAre(2)) << "at least one";
    EXPECT_THAT(bases(3, 3, all_bytes), IsEmpty());
    EXPECT_THAT(bases(10, all_events, all_bytes), IsEmpty());
    EXPECT_EQ(log->read(1, 0, 1, 1).error().code, Code::not_found);
    EXPECT_EQ(log->read(0, -1, 1, 1).error().code, Code::bad_input);
  }
}

TEST_F(Log, ManyProducersGetDenseUniqueOffsetsEachAcknowledgedOnce) {
  constexpr int producers = 4;
  constexpr int batches = 200;
  auto log = open();
  Mutex mutex;
  std::vector<int> acknowledged(producers * batches, 0);
  std::vector<model::OffsetRange> ranges;
  std::latch done(producers * batches);
  std::atomic<int> commits = 0;
  log->on_durable([&] { ++commits; });
  const uint64_t syncs_before = files_.syncs();
  std::vector<std::thread> threads;
  for (int producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&, producer] {
      for (int i = 0; i < batches; ++i) {
        const int number = producer * batches + i;
        log->append(numbered_events(number * 3, 3), [&, number](Result<Appended> appended) {
          Lock lock(mutex);
          ++acknowledged[static_cast<size_t>(number)];
          if (appended) ranges.push_back(appended->range);
          done.count_down();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  done.wait();
  log->close();
  EXPECT_THAT(acknowledged, ::testing::Each(1));
  ASSERT_EQ(ranges.size(), size_t{producers * batches});
  model::Offset next = 0;
  for (const auto& range : ranges) {  // answered in the order of the log
    EXPECT_EQ(range, (model::OffsetRange{next, next + 3}));
    next += 3;
  }
  EXPECT_EQ(files_.syncs() - syncs_before, static_cast<uint64_t>(commits) + 1)
      << "one sync a group, one for the mark";
  const auto events = events_of(log->read(0, 0, all_events, all_bytes).value());
  EXPECT_EQ(std::set<std::string>(events.begin(), events.end()).size(), size_t{producers * batches * 3});
}

TEST_F(Log, ReturnsEverythingAfterReopening) {
  std::vector<Batch> before;
  for (int life = 0; life < 3; ++life) {
    SegmentedLog::Options options;
    options.segment_bytes = 300;
    auto log = open(options);
    EXPECT_THAT(log->torn_tails(), IsEmpty());
    EXPECT_THAT(log->durable_offsets(), ElementsAre(life * 20));
    for (int i = 0; i < 10; ++i) {
      clock_.now += 7;
      NewBatch batch = numbered_events(life * 20 + 2 * i, 2);
      if (i % 3 == 0) batch.rejects = {{"why", "raw"}};
      ASSERT_TRUE(log->append_and_wait(batch));
    }
    const auto read = log->read(0, 0, all_events, all_bytes).value();
    EXPECT_EQ(events_of(read), ids(0, (life + 1) * 20));
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(read[i]->ingested_at_us, before[i].ingested_at_us);
      EXPECT_EQ(read[i]->base_offset, before[i].base_offset);
      EXPECT_EQ(read[i]->rejects, before[i].rejects);
    }
    before.clear();
    for (const auto& batch : read) before.push_back(*batch);
    EXPECT_EQ(log->quarantined_count(), static_cast<uint64_t>(life + 1) * 4);
  }
  EXPECT_GT(segments().size(), 5u);
}

TEST_F(Log, TailCacheAndDiskGiveTheSame) {
  SegmentedLog::Options small;
  small.tail_cache_bytes = 2000;  // a few batches, so that reads cross its edge
  small.segment_bytes = 1500;
  auto log = open(small);
  for (int i = 0; i < 60; ++i) {
    NewBatch batch = i % 5 == 4 ? rejects_only({{"why", "raw"}}) : numbered_events(i, 1 + i % 4);
    if (i % 7 == 0) batch.rejects.push_back({"bad", "x"});
    ASSERT_TRUE(log->append_and_wait(batch));
  }
  const model::Offset end = log->durable_offsets()[0];
  auto read_all = [&](const SegmentedLog& from_log, model::Offset from) {
    std::vector<BatchPtr> batches;
    while (from < end) {
      const auto page = from_log.read(0, from, all_events, 100).value();
      for (auto& batch : page) {
        from = batch->end_offset();
        batches.push_back(batch);
      }
    }
    return batches;
  };
  std::vector<std::vector<BatchPtr>> cached;
  for (model::Offset from = 0; from < end; ++from) cached.push_back(read_all(*log, from));
  log.reset();
  log = open(small);  // its cache is empty
  for (model::Offset from = 0; from < end; ++from) {
    const auto& expected = cached[static_cast<size_t>(from)];
    const auto found = read_all(*log, from);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i]->base_offset, expected[i]->base_offset);
      EXPECT_EQ(found[i]->count, expected[i]->count);
      EXPECT_EQ(found[i]->schema_version, expected[i]->schema_version);
      EXPECT_EQ(found[i]->encoding, expected[i]->encoding);
      EXPECT_EQ(found[i]->ingested_at_us, expected[i]->ingested_at_us);
      EXPECT_EQ(*found[i]->payload, *expected[i]->payload);
      EXPECT_EQ(found[i]->rejects, expected[i]->rejects);
    }
  }
}

TEST_F(Log, SparseIndexFindsEveryOffset) {
  auto log = open();
  constexpr int batches = 300;  // of about 1 KiB: several entries of the index
  for (int i = 0; i < batches; ++i) log->append(numbered_events(2 * i, 2, 500), [](Result<Appended>) {});
  log.reset();
  log = open();
  for (model::Offset offset = 0; offset < 2 * batches; offset += 7) {
    const auto read = log->read(0, offset, offset + 1, all_bytes).value();
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(read[0]->base_offset, offset / 2 * 2);
  }
}

TEST_F(Log, IngestedAtNeverGoesBack) {
  {
    auto log = open();
    EXPECT_EQ(log->append_and_wait(numbered_events(0, 1)).value().ingested_at_us, 1000);
    clock_.now = 500;
    EXPECT_EQ(log->append_and_wait(numbered_events(1, 1)).value().ingested_at_us, 1000);
  }
  auto log = open();
  EXPECT_EQ(log->append_and_wait(numbered_events(2, 1)).value().ingested_at_us, 1000);
  clock_.now = 2000;
  EXPECT_EQ(log->append_and_wait(numbered_events(3, 1)).value().ingested_at_us, 2000);
}

// --- quarantine ---

TEST_F(Log, RejectsOnlyBatchesTakeNoOffsetsAndAreListed) {
  SegmentedLog::Options options;
  options.segment_bytes = 300;
  auto log = open(options);
  ASSERT_TRUE(log->append_and_wait(numbered_events(0, 2)));
  const auto appended = log->append_and_wait(rejects_only({{"a", "1"}, {"b", "2"}})).value();
  EXPECT_EQ(appended.range, (model::OffsetRange{2, 2}));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(log->append_and_wait(rejects_only({{"c", std::to_string(i)}})));
  ASSERT_TRUE(log->append_and_wait(numbered_events(2, 1)));
  EXPECT_EQ(events_of(log->read(0, 0, all_events, all_bytes).value()), ids(0, 3));

  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(log->quarantined_count(), 12u);
    std::vector<std::string> raws;
    std::optional<EventLog::QuarantinePosition> after;
    while (true) {
      const auto page = log->quarantine(after, 5).value();
      if (page.empty()) break;
      EXPECT_LE(page.size(), 5u);
      for (const auto& entry : page) {
        EXPECT_EQ(entry.at_offset, 2);
        raws.push_back(entry.reject.reason + entry.reject.raw);
        after = {entry.partition, entry.batch_position, entry.index};
      }
    }
    EXPECT_THAT(raws, ElementsAre("a1", "b2", "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"));
    log.reset();
    log = open(options);
  }
  EXPECT_THAT(log->quarantine(std::nullopt, 0).value(), IsEmpty());
}

TEST_F(Log, QuarantinePageMayEndInsideABatch) {
  auto log = open();
  ASSERT_TRUE(log->append_and_wait(rejects_only({{"a", ""}, {"b", ""}, {"c", ""}})));
  const auto first = log->quarantine(std::nullopt, 2).value();
  ASSERT_EQ(first.size(), 2u);
  const auto rest =
      log->quarantine(EventLog::QuarantinePosition{0, first[1].batch_position, first[1].index}, 2).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].reject.reason, "c");
}

// --- bounds ---

TEST_F(Log, FullQueueIsOverloadedAndWritesNothing) {
  SegmentedLog::Options options;
  options.queue_bytes_max = 1000;
  auto log = open(options);
  // The log's thread is kept in a callback while the queue fills.
  std::latch is_held(1);
  std::latch release(1);
  log->append(numbered_events(0, 1), [&](Result<Appended>) {
    is_held.count_down();
    release.wait();
  });
  is_held.wait();
  int refused = 0;
  std::atomic<int> accepted = 0;
  for (int i = 1; i <= 50; ++i) {
    log->append(numbered_events(i, 1), [&](Result<Appended> appended) {
      if (appended) {
        ++accepted;
      } else {
        EXPECT_EQ(appended.error().code, Code::overloaded);
        ++refused;
      }
    });
  }
  EXPECT_GT(refused, 20);
  release.count_down();
  log->close();
  EXPECT_EQ(accepted + refused, 50);
  EXPECT_THAT(log->durable_offsets(), ElementsAre(1 + accepted));
}

TEST_F(Log, TooLargeABatchIsRefusedAndALargeOneGoesThroughASmallQueue) {
  SegmentedLog::Options options;
  options.queue_bytes_max = 100;
  options.group_bytes_max = 100;
  options.segment_bytes = 100;
  options.batch_bytes_max = 5000;
  auto log = open(options);
  EXPECT_EQ(log->append_and_wait(numbered_events(0, 1, 6000)).error().code, Code::too_large);
  EXPECT_TRUE(log->append_and_wait(numbered_events(0, 1, 4000)));
  EXPECT_TRUE(log->append_and_wait(numbered_events(1, 1, 4000)));
  EXPECT_THAT(segments(), ElementsAre(segment_name(0), segment_name(1)));
}

TEST_F(Log, CloseFinishesWhatIsQueuedAndRefusesMore) {
  auto log = open();
  std::atomic<int> durable = 0;
  for (int i = 0; i < 100; ++i) {
    log->append(numbered_events(i, 1), [&](Result<Appended> appended) { durable += appended.has_value(); });
  }
  log->close();
  EXPECT_EQ(durable, 100);
  EXPECT_EQ(log->append_and_wait(numbered_events(100, 1)).error().code, Code::unavailable);
  EXPECT_EQ(events_of(log->read(0, 0, all_events, all_bytes).value()), ids(0, 100)) << "readers go on";
}

TEST_F(Log, ListenerSeesWhatIsDurable) {
  auto log = open();
  std::atomic<model::Offset> seen = 0;
  std::latch called(1);
  log->on_durable([&, raw = log.get()] {
    if (seen.exchange(raw->durable_offsets()[0]) == 0) called.count_down();
  });
  ASSERT_TRUE(log->append_and_wait(numbered_events(0, 3)));
  called.wait();
  EXPECT_EQ(seen, 3);
}

TEST_F(Log, IsOpenedOnceAtATime) {
  auto log = open();
  auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_FALSE(second.error().hint.empty());
}

// --- a disk that fails ---

TEST_F(Log, FullDiskRefusesAndGoesOnWhenSpaceIsBack) {
  for (const uint64_t space : {0, 1, 50, 100}) {
    SCOPED_TRACE(space);
    auto log = open();
    const model::Offset base = log->durable_offsets()[0];
    const uint64_t bytes = log->bytes_on_disk();
    files_.set_space(space);
    const auto refused = log->append_and_wait(numbered_events(900, 5));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::disk_full);
    EXPECT_EQ(log->bytes_on_disk(), bytes);
    EXPECT_THAT(log->durable_offsets(), ElementsAre(base));
    files_.set_space(std::nullopt);
    EXPECT_EQ(log->append_and_wait(numbered_events(base, 2)).value().range,
              (model::OffsetRange{base, base + 2}));
    EXPECT_EQ(events_of(log->read(0, 0, all_events, all_bytes).value()), ids(0, base + 2));
    log.reset();
    log = open();
    EXPECT_THAT(log->torn_tails(), IsEmpty());
    EXPECT_EQ(events_of(log->read(0, 0, all_events, all_bytes).value()), ids(0, base + 2));
  }
}

TEST_F(Log, FullDiskWhenASegmentBeginsIsNoDamage) {
  for (const uint64_t space : {0, 20, 40}) {
    for (const bool is_restarted : {false, true}) {
      SCOPED_TRACE(fmt::format("{} bytes, restarted {}", space, is_restarted));
      SegmentedLog::Options options;
      options.segment_bytes = 250;
      auto log = open(options);
      const model::Offset base = log->durable_offsets()[0];
      ASSERT_TRUE(log->append_and_wait(numbered_events(base, 1, 150)));
      files_.set_space(space);
      EXPECT_EQ(log->append_and_wait(numbered_events(base + 1, 1, 150)).error().code, Code::disk_full);
      files_.set_space(std::nullopt);
      // A small one would still fit into the segment that is full for large ones: its successor may be on the
      // disk.
      if (!is_restarted) {
        ASSERT_TRUE(log->append_and_wait(numbered_events(base + 1, 1)));
      }
      log.reset();
      log = open(options);
      EXPECT_EQ(log->append_and_wait(numbered_events(0, 1)).value().range.first,
                base + (is_restarted ? 1 : 2));
    }
  }
}

// The next segment's file is whole, but its sync says that the disk is full: nothing may go behind its back.
TEST_F(Log, FullDiskAtTheSyncOfANewSegmentIsNoDamage) {
  SegmentedLog::Options options;
  options.segment_bytes = 250;
  auto log = open(options);
  ASSERT_TRUE(log->append_and_wait(numbered_events(0, 1, 150)));
  files_.fail_sync_after(0, Code::disk_full);
  EXPECT_EQ(log->append_and_wait(numbered_events(1, 1, 150)).error().code, Code::disk_full);
  log.reset();  // with no mark in the old segment
  log = open(options);
  ASSERT_TRUE(log->append_and_wait(numbered_events(1, 1, 150)));
  files_.fail_sync_after(0, Code::disk_full);
  EXPECT_EQ(log->append_and_wait(numbered_events(2, 1, 150)).error().code, Code::disk_full);
  // Small enough for the old segment, but that one is over.
  EXPECT_EQ(log->append_and_wait(numbered_events(2, 1)).value().range.first, 2);
  log.reset();
  log = open(options);
  EXPECT_EQ(log->read(0, 0, all_events, all_bytes)->size(), 3u);
}

TEST_F(Log, FailedSyncIsUnknownOutcomeAndEndsTheLog) {
  auto log = open();
  ASSERT_TRUE(log->append_and_wait(numbered_events(0, 1)));
  files_.fail_sync_after(0);
  EXPECT_EQ(log->append_and_wait(numbered_events(1, 1)).error().code, Code::unknown_outcome);
  EXPECT_THAT(log->durable_offsets(), ElementsAre(1));
  const auto after = log->append_and_wait(numbered_events(2, 1));
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, Code::unavailable);
  EXPECT_THAT(after.error().message, HasSubstr("cannot sync"));
  EXPECT_EQ(events_of(log->read(0, 0, all_events, all_bytes).value()), ids(0, 1)) << "readers go on";
  log.reset();
  files_.restart();
  log = open();
  EXPECT_GE(log->durable_offsets()[0], 1);
  EXPECT_TRUE(log->append_and_wait(numbered_events(1, 1)));
}

// The next sync says "done" for bytes that the failed one dropped, and a restarted process still sees them in
// memory.
TEST_F(Log, RestartAfterAFailedSyncTrustsNoCachedBytes) {
  auto log = open();
  files_.fail_sync_after(0);
  EXPECT_EQ(log->append_and_wait(numbered_events(0, 1)).error().code, Code::unknown_outcome);
  log.reset();
  log = open();
  EXPECT_THAT(log->durable_offsets(), ElementsAre(1));
  ASSERT_TRUE(log->append_and_wait(numbered_events(1, 1)));
  files_.crash();
  log.reset();
  files_.restart();
  log = open();
  EXPECT_EQ(events_of(log->read(0, 0, all_events, all_bytes).value()), ids(0, 2));
  EXPECT_THAT(segments(), ElementsAre(segment_name(0))) << "nothing is left beside it";
}

TEST_F(Log, FailedWriteThatCannotBeTakenBackEndsTheLog) {
  auto log = open();
  files_.fail_truncates(true);
  files_.set_space(30);
  EXPECT_EQ(log->append_and_wait(numbered_events(0, 1)).error().code, Code::unknown_outcome);
  files_.set_space(std::nullopt);
  EXPECT_EQ(log->append_and_wait(numbered_events(0, 1)).error().code, Code::unavailable);
  log.reset();
  files_.fail_truncates(false);
  log = open();
  ASSERT_EQ(log->torn_tails().size(), 1u);
  EXPECT_EQ(log->torn_tails()[0].bytes, 30u);
  EXPECT_TRUE(log->append_and_wait(numbered_events(0, 1)));
}

TEST_F(Log, FailedSyncOfTheTakenBackWriteEndsTheLog) {
  auto log = open();
  files_.set_space(30);
  files_.fail_sync_after(0);
  EXPECT_EQ(log->append_and_wait(numbered_events(0, 1)).error().code, Code::unknown_outcome);
  EXPECT_EQ(log->append_and_wait(numbered_events(0, 1)).error().code, Code::unavailable);
}

}  // namespace
}  // namespace anabranch::log
