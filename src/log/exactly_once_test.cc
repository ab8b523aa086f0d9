// Law L1, the second half: what a producer sends again is stored once and gets the answer that it had,
// through crashes, full disks and new segments, by seed.

#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "log/producer_file.h"
#include "log/segmented_log.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_batches.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

/// One that sends batch after batch, each until it is acknowledged, and now and then an old one again. One
/// thread.
class Sender {
 public:
  Sender(int number, bool has_keys) : number_(number), has_keys_(has_keys) {}

  void run(SegmentedLog& log, std::mt19937_64& random, int requests) {
    for (int i = 0; i < requests; ++i) {
      const uint64_t next = answers_.size();
      // One may be stored without having been answered.
      const uint64_t known = std::min<uint64_t>(next, ProducerTable::answers_a_producer - 1);
      if (known > 0 && random() % 4 == 0) {
        repeat(log, next - 1 - random() % known);
      } else if (!has_keys_ && random() % 8 == 0) {
        leave_a_gap(log, next + 2 + random() % 3);
      } else {
        send(log, next);
      }
    }
  }

  /// Each acknowledged batch is where its answer says, and no batch is there twice.
  void check(const std::map<std::string, std::vector<model::OffsetRange>>& found) const {
    for (uint64_t i = 0; i < answers_.size(); ++i) {
      const auto places = found.find(batch(i).payload);
      ASSERT_TRUE(places != found.end()) << "batch " << i << " of sender " << number_ << " is lost";
      ASSERT_EQ(places->second.size(), 1u) << "batch " << i << " of sender " << number_ << " is stored twice";
      ASSERT_EQ(places->second[0].first, answers_[i].first);
    }
  }

 private:
  NewBatch batch(uint64_t number) const {
    const auto count = static_cast<uint32_t>(1 + (number * 7 + static_cast<uint64_t>(number_)) % 4);
    NewBatch made = test::numbered_events(number_ * 1'000'000 + static_cast<int64_t>(number) * 10, count);
    if (number % 5 == 0) made.rejects.push_back({"why", "x"});
    made.producer =
        Producer{has_keys_ ? fmt::format("key {} of {}", number, number_) : fmt::to_string(number_),
                 std::nullopt, static_cast<uint32_t>(number)};
    if (!has_keys_) made.producer->sequence = number;
    return made;
  }

  static void expect_failure_of_the_disk(const Error& error) {
    EXPECT_TRUE(error.code == Code::disk_full || error.code == Code::unavailable ||
                error.code == Code::unknown_outcome)
        << error.describe();
  }

  void send(SegmentedLog& log, uint64_t number) {
    const auto appended = log.append_and_wait(batch(number));
    if (!appended) return expect_failure_of_the_disk(appended.error());
    EXPECT_EQ(appended->range.size(), batch(number).count);
    EXPECT_EQ(appended->rejects, batch(number).rejects.size());
    answers_.push_back(appended->range);
  }

  void repeat(SegmentedLog& log, uint64_t number) {
    const auto appended = log.append_and_wait(batch(number));
    if (!appended) return expect_failure_of_the_disk(appended.error());
    EXPECT_TRUE(appended->is_repeat);
    EXPECT_EQ(appended->range.first, answers_[number].first);
    EXPECT_EQ(appended->range.end, answers_[number].end);
    EXPECT_EQ(appended->rejects, batch(number).rejects.size());
  }

  void leave_a_gap(SegmentedLog& log, uint64_t number) {
    const auto appended = log.append_and_wait(batch(number));
    ASSERT_FALSE(appended) << "batch " << number << " where " << answers_.size() << " is due";
    // One that was sent before and not answered may be there, so that the next one is due.
    if (appended.error().code != Code::conflict) expect_failure_of_the_disk(appended.error());
  }

  const int number_;
  const bool has_keys_;
  std::vector<model::OffsetRange> answers_;  // by number
};

class Lives {
 public:
  explicit Lives(uint64_t seed) : random_(seed), files_(io::local_file_system(), seed) {
    options_.segment_bytes = 300 + random_() % 2000;
    options_.group_bytes_max = 100 + random_() % 2000;
    const auto senders = static_cast<int>(1 + random_() % 4);
    for (int i = 0; i < senders; ++i) senders_.emplace_back(i + 1, random_() % 3 == 0);
  }

  void live_and_crash() {
    {
      auto log = SegmentedLog::open(files_, io::system_clock(), folder_ / "s", options_);
      if (!log) {  // only because the power went off or a sync failed while it repaired
        ASSERT_EQ(log.error().code, Code::io) << log.error().describe();
      } else {
        check(**log);
        const uint64_t luck = random_() % 4;
        if (luck == 0) files_.crash_after(random_() % 60);
        if (luck == 1) files_.fail_sync_after(random_() % 20);
        if (luck == 2) files_.set_space(random_() % 4000);
        send(**log);
        files_.set_space(std::nullopt);
      }
      if (random_() % 3 == 0) files_.crash();
    }
    if (files_.is_off() || random_() % 3 != 0) files_.restart();
    if (random_() % 2 == 0) files_.crash_after(random_() % 6);
  }

  void check_in_peace() {
    files_.restart();
    files_.fail_sync_after(std::nullopt);
    auto log = SegmentedLog::open(files_, io::system_clock(), folder_ / "s", options_);
    ASSERT_TRUE(log) << log.error().describe();
    check(**log);
    send(**log);
    check(**log);
  }

 private:
  void send(SegmentedLog& log) {
    const uint64_t seed = random_();
    std::vector<std::thread> threads;
    for (size_t i = 0; i < senders_.size(); ++i) {
      threads.emplace_back([&, i] {
        std::mt19937_64 random(seed + i);
        senders_[i].run(log, random, static_cast<int>(random() % 30));
      });
    }
    for (auto& thread : threads) thread.join();
  }

  void check(const SegmentedLog& log) {
    std::map<std::string, std::vector<model::OffsetRange>> found;
    const model::Offset end = log.durable_offsets()[0];
    for (model::Offset next = 0; next < end;) {
      const auto batches = log.read(0, next, end, 1 << 20);
      ASSERT_TRUE(batches) << batches.error().describe();
      for (const BatchPtr& batch : *batches) {
        found[*batch->payload].push_back({batch->base_offset, batch->end_offset()});
        next = batch->end_offset();
      }
    }
    for (const auto& [payload, places] : found) ASSERT_EQ(places.size(), 1u) << "stored twice";
    for (const Sender& sender : senders_) ASSERT_NO_FATAL_FAILURE(sender.check(found));
  }

  std::mt19937_64 random_;
  test::FaultyFileSystem files_;
  test::TemporaryFolder folder_;
  SegmentedLog::Options options_;
  std::vector<Sender> senders_;
};

TEST(ExactlyOnce, WhateverHappens) {
  const uint64_t first_seed = test::seed();
  const int runs = std::getenv("ANABRANCH_SEED") != nullptr ? 1 : 120;
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

// What lies in segments that are gone is known from the table beside the segment that is left.
TEST(ExactlyOnce, SegmentsMayGo) {
  test::TemporaryFolder folder;
  SegmentedLog::Options options;
  options.segment_bytes = 400;
  const auto batch = [](uint64_t number) {
    NewBatch made = test::numbered_events(static_cast<int64_t>(number), 1);
    made.producer = Producer{"p", number, 5};
    return made;
  };
  std::vector<model::OffsetRange> ranges;
  {
    auto log = SegmentedLog::open(io::local_file_system(), io::system_clock(), folder / "s", options).value();
    for (uint64_t i = 0; i < 40; ++i) ranges.push_back(log->append_and_wait(batch(i)).value().range);
  }
  const auto found = read_producers(io::local_file_system(), folder / "s" / "0", {}, 0).value();
  ASSERT_TRUE(found);
  const SavedProducers* saved = &*found;
  EXPECT_GT(saved->base_offset, 30);
  EXPECT_EQ(saved->table.next_sequence("p", io::system_clock().now_us()),
            static_cast<uint64_t>(saved->base_offset));
  // A table that cannot be read is passed over: the segments say the same.
  const io::Path file = folder / "s" / "0" / fmt::format("{:020}.producers", saved->base_offset);
  ASSERT_TRUE(io::local_file_system().write_atomically(file, "no table"));
  auto log = SegmentedLog::open(io::local_file_system(), io::system_clock(), folder / "s", options).value();
  EXPECT_EQ(log->next_sequence("p", std::nullopt), 40u);
  const auto repeated = log->append_and_wait(batch(39));
  ASSERT_TRUE(repeated) << repeated.error().describe();
  EXPECT_TRUE(repeated->is_repeat);
  EXPECT_EQ(repeated->range.first, ranges[39].first);
}

}  // namespace
}  // namespace anabranch::log
