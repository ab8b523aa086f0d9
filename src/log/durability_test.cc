// Law L1, acknowledged is durable: random producers, full disks, failed syncs and power cuts, by seed.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "log/segmented_log.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_batches.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

using test::numbered_events;

/// What producers were told.
struct Told {
  Mutex mutex;
  std::map<model::Offset, std::string> acknowledged GUARDED_BY(mutex);  // payload by base offset
  std::set<std::string> refused GUARDED_BY(mutex);  // payloads that were certainly not stored
  uint64_t rejects GUARDED_BY(mutex) = 0;
  uint64_t rejects_maybe GUARDED_BY(mutex) = 0;  // unknown outcome, or never answered
  int answers GUARDED_BY(mutex) = 0;
};

/// The lives of one log, from start to crash, over and over.
class Lives {
 public:
  explicit Lives(uint64_t seed) : random_(seed), files_(io::local_file_system(), seed) {
    options_.segment_bytes = 200 + below(3000);
    options_.tail_cache_bytes = below(2) == 0 ? 0 : 1500;
    options_.group_bytes_max = 100 + below(2000);
  }

  void live_and_crash() {
    {
      auto log = SegmentedLog::open(files_, io::system_clock(), folder_ / "s", options_);
      if (!log) {  // only because the power went off or a sync failed while it repaired
        ASSERT_EQ(log.error().code, Code::io) << log.error().describe();
      } else {
        check(**log);
        produce(**log);
      }
      if (below(3) == 0) files_.crash();  // else it may close in peace
    }
    // A new process may also find what the old one left with the operating system.
    if (files_.is_off() || below(3) != 0) files_.restart();
    // Recovery itself may be interrupted, any number of times.
    if (below(2) == 0) files_.crash_after(below(6));
  }

  void check_in_peace() {
    files_.restart();
    auto log = SegmentedLog::open(files_, io::system_clock(), folder_ / "s", options_);
    ASSERT_TRUE(log) << log.error().describe();
    check(**log);
    ASSERT_TRUE((*log)->append_and_wait(numbered_events(0, 1)));
  }

 private:
  uint64_t below(uint64_t bound) { return random_() % bound; }

  void produce(SegmentedLog& log) {
    const uint64_t luck = below(4);
    if (luck == 0) files_.crash_after(below(60));
    if (luck == 1) files_.fail_sync_after(below(20));  // or later, when the log is opened again
    if (luck == 2) {
      files_.set_space(below(5000));
      files_.fail_sync_after(std::nullopt);  // one that was meant for an earlier life
    }
    const int producers = 1 + static_cast<int>(below(3));
    const int appends = static_cast<int>(below(25));
    const uint64_t seed = random_();
    std::vector<std::thread> threads;
    for (int producer = 0; producer < producers; ++producer) {
      threads.emplace_back([&, producer] {
        std::mt19937_64 random(seed + static_cast<uint64_t>(producer));
        for (int i = 0; i < appends; ++i) append(log, random);
      });
    }
    for (auto& thread : threads) thread.join();
    files_.set_space(std::nullopt);
    if (luck == 2) {
      const auto appended = log.append_and_wait(make(random_, 1, 0));
      EXPECT_TRUE(appended || files_.is_off()) << "space is back: " << appended.error().describe();
    }
    log.close();
    Lock lock(told_.mutex);
    EXPECT_EQ(told_.answers, producers * appends) << "each answered exactly once";
    told_.answers = 0;
  }

  NewBatch make(std::mt19937_64& random, uint32_t count, size_t rejects) {
    NewBatch batch = numbered_events(next_id_.fetch_add(1000), count, random() % 60);
    for (size_t i = 0; i < rejects; ++i) batch.rejects.push_back({"why", std::string(random() % 40, 'x')});
    return batch;
  }

  void append(SegmentedLog& log, std::mt19937_64& random) {
    const size_t rejects = random() % 4 == 0 ? 1 + random() % 3 : 0;
    const auto count = static_cast<uint32_t>(rejects > 0 && random() % 2 == 0 ? 0 : 1 + random() % 5);
    NewBatch batch = make(random, count, rejects);
    std::string payload = batch.payload;
    auto done = [this, payload, rejects, count](Result<Appended> appended) {
      Lock lock(told_.mutex);
      ++told_.answers;
      if (!appended) {
        const Code code = appended.error().code;
        EXPECT_TRUE(code == Code::disk_full || code == Code::unavailable || code == Code::unknown_outcome)
            << appended.error().describe();
        if (code == Code::unknown_outcome) told_.rejects_maybe += rejects;
        if (code != Code::unknown_outcome && count > 0) told_.refused.insert(payload);
        return;
      }
      EXPECT_EQ(appended->range.size(), count);
      told_.rejects += rejects;
      if (count > 0) {
        EXPECT_TRUE(told_.acknowledged.emplace(appended->range.first, payload).second)
            << "an offset given twice";
      }
    };
    if (random() % 2 == 0) {
      log.append(std::move(batch), done);
    } else {
      done(log.append_and_wait(std::move(batch)));
    }
  }

  /// Everything acknowledged is there, in order, exactly once, at its offset; and the offsets are dense.
  void check(const SegmentedLog& log) {
    const model::Offset end = log.durable_offsets()[0];
    std::map<model::Offset, std::string> found;
    model::Offset next = 0;
    while (next < end) {
      const auto batches = log.read(0, next, end, 1 + below(2000));
      ASSERT_TRUE(batches) << batches.error().describe();
      ASSERT_FALSE(batches->empty());
      for (const BatchPtr& batch : *batches) {
        ASSERT_EQ(batch->base_offset, next);
        found.emplace(next, *batch->payload);
        next = batch->end_offset();
      }
    }
    ASSERT_EQ(next, end);
    Lock lock(told_.mutex);
    for (const auto& [offset, payload] : told_.acknowledged) {
      const auto place = found.find(offset);
      ASSERT_TRUE(place != found.end()) << "acknowledged offset " << offset << " is lost";
      ASSERT_EQ(place->second, payload) << "another event has offset " << offset;
    }
    // What is durable now may have been read: it must stay as if it had been acknowledged.
    told_.acknowledged = found;
    std::vector<std::string> payloads;
    for (auto& [offset, payload] : found) payloads.push_back(payload);
    for (const std::string& payload : payloads) ASSERT_FALSE(told_.refused.contains(payload));
    std::sort(payloads.begin(), payloads.end());
    ASSERT_TRUE(std::adjacent_find(payloads.begin(), payloads.end()) == payloads.end())
        << "an event stored twice";
    ASSERT_GE(log.quarantined_count(), told_.rejects);
    ASSERT_LE(log.quarantined_count(), told_.rejects + told_.rejects_maybe);
    ASSERT_EQ(log.quarantine(std::nullopt, SIZE_MAX)->size(), log.quarantined_count());
    told_.rejects = log.quarantined_count();
    told_.rejects_maybe = 0;
  }

  std::mt19937_64 random_;
  test::FaultyFileSystem files_;
  test::TemporaryFolder folder_;
  SegmentedLog::Options options_;
  std::atomic<int64_t> next_id_ = 1;
  Told told_;
};

TEST(AcknowledgedIsDurable, WhateverHappens) {
  const uint64_t first_seed = test::seed();
  const bool is_repeated = std::getenv("ANABRANCH_SEED") != nullptr;
  const int runs = is_repeated ? 1 : 150;
  for (int i = 0; i < runs; ++i) {
    const uint64_t seed = first_seed + static_cast<uint64_t>(i);
    SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
    Lives lives(seed);
    for (int life = 0; life < 6 && !::testing::Test::HasFailure(); ++life) lives.live_and_crash();
    if (!::testing::Test::HasFailure()) lives.check_in_peace();
    if (::testing::Test::HasFailure()) {
      fmt::print(stderr, "repeat with ANABRANCH_SEED={}\n", seed);
      return;
    }
  }
}

}  // namespace
}  // namespace anabranch::log
