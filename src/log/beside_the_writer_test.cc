// Who follows a log sees what was acknowledged, in order, each once, and nothing else: whatever happens to
// the writer, by seed.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "log/followed_log.h"
#include "log/segmented_log.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_batches.h"
#include "tests/support/read_only_files.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

constexpr int64_t any_time = INT64_MAX;

/// Batches of one partition by base offset; a batch as one string, its rejects left out.
using Batches = std::map<model::Offset, std::string>;

std::string text_of(uint32_t count, uint32_t schema_version, const std::string& payload) {
  return fmt::format("{} {} {}", count, schema_version, payload);
}
std::string text_of(const Batch& batch) { return text_of(batch.count, batch.schema_version, *batch.payload); }

/// What a writer says, on its way to who follows it: the newest only.
class Wire {
 public:
  void tell(const LogExtent& extent) {
    std::string bytes = encode(extent);
    Lock lock(mutex_);
    ends_.resize(std::max(ends_.size(), extent.partitions.size()));
    for (size_t i = 0; i < extent.partitions.size(); ++i)
      ends_[i] = std::max(ends_[i], extent.partitions[i].end_position);
    bytes_ = std::move(bytes);
    wake_.notify_all();
  }
  void end() {
    Lock lock(mutex_);
    is_ended_ = true;
    wake_.notify_all();
  }
  void begin() {
    Lock lock(mutex_);
    is_ended_ = false;
  }
  /// The next one; nothing at the end.
  std::optional<LogExtent> wait() {
    Lock lock(mutex_);
    while (bytes_.empty() && !is_ended_) lock.wait(wake_);
    if (bytes_.empty()) return std::nullopt;
    return parse_log_extent(std::exchange(bytes_, {})).value();
  }
  uint64_t end_of(const io::Path& partition) {
    Lock lock(mutex_);
    return ends_.at(std::stoul(partition.filename().string()));
  }

 private:
  Mutex mutex_;
  std::condition_variable wake_;
  std::string bytes_ GUARDED_BY(mutex_);
  std::vector<uint64_t> ends_ GUARDED_BY(mutex_);
  bool is_ended_ GUARDED_BY(mutex_) = false;
};

/// The lives of one log, one writer after the other, and of one who follows it through all of them.
class Beside {
 public:
  explicit Beside(uint64_t seed) : random_(seed), faulty_(io::local_file_system(), seed) {
    options_.partitions = 1 + static_cast<model::Partition>(below(3));
    options_.segment_bytes = 200 + below(3000);
    options_.tail_cache_bytes = 0;
    options_.group_bytes_max = 100 + below(2000);
    cache_bytes_ = below(3) == 0 ? 0 : 200 + below(4000);
    is_patient_ = below(2) == 0;
  }

  /// One writer, until it ends or crashes.
  void live(bool in_peace) {
    if (in_peace) faulty_.restart();
    if (!in_peace && below(3) == 0) faulty_.crash_after(below(8));  // recovery may be interrupted
    auto opened = SegmentedLog::open(faulty_, io::system_clock(), folder_ / "s", options_);
    if (!opened || faulty_.is_off()) {
      ASSERT_FALSE(in_peace);
      ASSERT_TRUE(opened || opened.error().code == Code::io) << opened.error().describe();
      opened = fail(Code::io, "the power is off");
      faulty_.restart();
      return;
    }
    writer_ = std::move(*opened);
    take_in_recovered();
    if (!followed_) {
      wire_.tell(writer_->extent());
      follow();
      ASSERT_NE(followed_, nullptr);
    }
    wire_.begin();
    writer_->on_durable([this] { wire_.tell(writer_->extent()); });
    std::atomic<bool> is_over = false;
    std::thread advances([&] {
      while (const auto extent = wire_.wait()) {
        const Status advanced = followed_->advance(*extent);
        ASSERT_TRUE(advanced) << advanced.error().describe();
      }
    });
    std::thread reads([&, seed = random_()] {
      std::mt19937_64 random(seed);
      for (; !is_over && !::testing::Test::HasFailure(); std::this_thread::yield()) read_on(random);
    });
    std::thread looks_around([&, seed = random_()] {
      std::mt19937_64 random(seed);
      for (; !is_over && !::testing::Test::HasFailure(); std::this_thread::yield()) look_around(random);
    });
    wire_.tell(writer_->extent());
    produce(in_peace);
    if (in_peace) writer_->close();
    wire_.tell(writer_->extent());
    wire_.end();
    advances.join();
    is_over = true;
    reads.join();
    looks_around.join();
    check_end();
    if (in_peace) check_another();
    if (below(3) == 0) faulty_.crash();  // else it may close in peace
    writer_.reset();
    if (faulty_.is_off() || below(3) != 0) faulty_.restart();
  }

  uint64_t events_seen() const { return events_seen_; }
  uint64_t removals() const { return removals_; }
  uint64_t compared() const { return compared_; }

 private:
  uint64_t below(uint64_t bound) { return random_() % bound; }

  void follow() {
    auto followed = FollowedLog::open(files_, folder_ / "s", writer(), writer_->extent(), {cache_bytes_});
    ASSERT_TRUE(followed) << followed.error().describe();
    followed_ = std::move(*followed);
  }
  FollowedLog::Writer writer() {
    return {"the writer",
            [this](model::Partition partition, model::Offset end, int64_t before_us) {
              return writer_->remove_before(partition, end, before_us);
            },
            [this](int64_t before_us) { return writer_->remove_quarantined_before(before_us); },
            [this](const Producer& producer) { return writer_->partition_of(producer); },
            [this](std::string_view id, std::optional<model::Partition> chosen) {
              return writer_->next_sequence(id, chosen);
            }};
  }

  // What a crash kept without an answer is acknowledged by the new writer's start.
  void take_in_recovered() {
    const auto ends = writer_->durable_offsets();
    Lock lock(mutex_);
    acknowledged_.resize(ends.size());
    next_.resize(ends.size());
    for (size_t p = 0; p < ends.size(); ++p) {
      const auto partition = static_cast<model::Partition>(p);
      for (model::Offset at = std::max(writer_->first_offset(partition),
                                       acknowledged_[p].empty() ? 0 : acknowledged_[p].rbegin()->first);
           at < ends[p];) {
        const auto batches = writer_->read(partition, at, ends[p], SIZE_MAX);
        ASSERT_TRUE(batches) << batches.error().describe();
        for (const BatchPtr& batch : *batches) {
          const auto& known = acknowledged_[p].emplace(batch->base_offset, text_of(*batch)).first->second;
          ASSERT_EQ(known, text_of(*batch));
          at = batch->end_offset();
        }
      }
    }
  }

  void produce(bool in_peace) {
    const uint64_t luck = in_peace ? 9 : below(5);
    if (luck == 0) faulty_.crash_after(below(80));
    if (luck == 1) faulty_.fail_sync_after(below(30));
    if (luck >= 2) faulty_.fail_sync_after(std::nullopt);
    if (luck == 2) faulty_.set_space(below(8000));
    if (luck == 3) {
      faulty_.set_space(below(8000));
      faulty_.fail_truncates(true);  // what was written in part stays there
    }
    std::vector<std::thread> threads;
    for (uint64_t producer = 0; producer < 1 + below(2); ++producer) {
      threads.emplace_back([&, seed = random_()] {
        std::mt19937_64 random(seed);
        for (uint64_t i = 0, appends = random() % 60; i < appends; ++i) append(random);
      });
    }
    threads.emplace_back([&, seed = random_()] {
      std::mt19937_64 random(seed);
      for (int i = 0; i < 4; ++i) remove(random);
    });
    for (auto& thread : threads) thread.join();
    faulty_.set_space(std::nullopt);
    faulty_.fail_truncates(false);
    if (in_peace) {
      EXPECT_TRUE(send(test::numbered_events(1, 1), true));
    }
    writer_->close();  // answers what is queued
  }

  void append(std::mt19937_64& random) {
    NewBatch batch = test::numbered_events(next_id_.fetch_add(1000), 1 + static_cast<uint32_t>(random() % 5),
                                           random() % 60);
    if (random() % 4 == 0) batch.rejects.push_back({"why", std::string(random() % 40, 'x')});
    if (random() % 8 == 0) batch = test::rejects_only({{"why", "alone"}});
    batch.partition =
        static_cast<model::Partition>(random() % static_cast<uint64_t>(writer_->partition_count()));
    send(std::move(batch), random() % 3 == 0);
  }

  bool send(NewBatch batch, bool waits) {
    const std::string text = text_of(batch.count, batch.schema_version, batch.payload);
    auto done = [this, text, count = batch.count](const Result<Appended>& appended) {
      if (!appended || count == 0) return;
      Lock lock(mutex_);
      acknowledged_[static_cast<size_t>(appended->partition)].emplace(appended->range.first, text);
    };
    if (!waits) {
      writer_->append(std::move(batch), done);
      return true;
    }
    const auto appended = writer_->append_and_wait(std::move(batch));
    done(appended);
    return appended.has_value();
  }

  void remove(std::mt19937_64& random) {
    const auto partition =
        static_cast<model::Partition>(random() % static_cast<uint64_t>(writer_->partition_count()));
    const auto p = static_cast<size_t>(partition);
    model::Offset end = writer_->durable_offsets()[p];
    if (is_patient_) {  // until it was read
      Lock lock(mutex_);
      end = next_[p];
    }
    send(test::numbered_events(next_id_.fetch_add(1000), 1), true);  // takes its time
    if (const auto removed = writer_->remove_before(partition, end, any_time); removed)
      removals_ += removed->segments;
    if (random() % 2 == 0) (void)writer_->remove_quarantined_before(io::system_clock().now_us() - 5000);
    // What was not told is found out.
    if (random() % 2 == 0) wire_.tell(writer_->extent());
  }

  // Each batch once, in order.
  void read_on(std::mt19937_64& random) {
    for (size_t p = 0; p < static_cast<size_t>(followed_->partition_count()); ++p) {
      const auto partition = static_cast<model::Partition>(p);
      model::Offset from = 0;
      {
        Lock lock(mutex_);
        from = next_[p];
      }
      const auto batches = followed_->read(partition, from, INT64_MAX, 1 + random() % 3000);
      Lock lock(mutex_);
      if (!batches) {
        ASSERT_EQ(batches.error().code, Code::not_found) << batches.error().describe();
        ASSERT_FALSE(is_patient_) << "gone before it was read: " << batches.error().describe();
        const model::Offset first = followed_->first_offset(partition);
        ASSERT_GT(first, from);
        next_[p] = first;
        continue;
      }
      for (const BatchPtr& batch : *batches) {
        ASSERT_EQ(batch->base_offset, next_[p]);
        // Compared at the end: a removal may tell of events whose answer is on its way.
        seen_.emplace_back(p, batch->base_offset, text_of(*batch));
        next_[p] = batch->end_offset();
        events_seen_ += batch->count;
      }
      ASSERT_LE(next_[p], followed_->durable_offsets()[p]);
    }
  }

  // Somewhere, and in the quarantine.
  void look_around(std::mt19937_64& random) {
    const auto partition =
        static_cast<model::Partition>(random() % static_cast<uint64_t>(followed_->partition_count()));
    const auto p = static_cast<size_t>(partition);
    const model::Offset end = followed_->durable_offsets()[p];
    if (end == 0) return;
    const auto from = static_cast<model::Offset>(random() % static_cast<uint64_t>(end));
    const auto batches = followed_->read(partition, from, end, 1 + random() % 500);
    if (!batches) {
      ASSERT_EQ(batches.error().code, Code::not_found) << batches.error().describe();
      ASSERT_GT(followed_->first_offset(partition), from);
    } else {
      ASSERT_FALSE(batches->empty());
      ASSERT_LE(batches->front()->base_offset, from);
      ASSERT_GT(batches->front()->end_offset(), from);
      ASSERT_LE(batches->back()->end_offset(), end);
    }
    const auto quarantined = followed_->quarantine(std::nullopt, 1 + random() % 50);
    ASSERT_TRUE(quarantined) << quarantined.error().describe();
  }

  // The writer ended; everything was told.
  void check_end() {
    std::mt19937_64 random(1);
    ASSERT_EQ(followed_->durable_offsets(), writer_->durable_offsets());
    const auto is_behind = [&] {
      Lock lock(mutex_);
      return next_ != followed_->durable_offsets();
    };
    while (is_behind() && !::testing::Test::HasFailure()) read_on(random);
    Lock lock(mutex_);
    for (const auto& [p, offset, text] : seen_) {
      const auto known = acknowledged_[p].find(offset);
      ASSERT_TRUE(known != acknowledged_[p].end())
          << "offset " << offset << " was seen, but never acknowledged";
      ASSERT_EQ(known->second, text) << "at offset " << offset;
    }
    if (is_patient_) {
      for (size_t p = 0; p < acknowledged_.size(); ++p)
        ASSERT_EQ(std::ranges::count(seen_, p, [](const auto& batch) { return std::get<0>(batch); }),
                  static_cast<ptrdiff_t>(acknowledged_[p].size()))
            << "each once";
    }
    bool has_same_front = true;
    for (model::Partition p = 0; p < writer_->partition_count(); ++p) {
      // A front that the writer could not sync may have been seen.
      ASSERT_GE(followed_->first_offset(p), writer_->first_offset(p));
      has_same_front = has_same_front && followed_->first_offset(p) == writer_->first_offset(p);
    }
    if (faulty_.is_off() || !has_same_front) return;
    ++compared_;
    ASSERT_EQ(followed_->quarantined_count(), writer_->quarantined_count());
    ASSERT_EQ(followed_->bytes_on_disk(), writer_->bytes_on_disk());
    const auto listed = followed_->quarantine(std::nullopt, SIZE_MAX);
    ASSERT_TRUE(listed) << listed.error().describe();
    ASSERT_EQ(listed->size(), writer_->quarantined_count());
  }

  // One who begins now finds the same.
  void check_another() {
    auto another = FollowedLog::open(files_, folder_ / "s", writer(), writer_->extent(), {cache_bytes_});
    ASSERT_TRUE(another) << another.error().describe();
    for (size_t p = 0; p < next_.size(); ++p) {
      const auto partition = static_cast<model::Partition>(p);
      for (model::Offset at = (*another)->first_offset(partition); at < next_[p];) {
        const auto batches = (*another)->read(partition, at, INT64_MAX, SIZE_MAX);
        ASSERT_TRUE(batches) << batches.error().describe();
        for (const BatchPtr& batch : *batches) {
          Lock lock(mutex_);
          ASSERT_EQ(acknowledged_[p].at(at), text_of(*batch));
          at = batch->end_offset();
        }
      }
    }
  }

  std::mt19937_64 random_;
  test::FaultyFileSystem faulty_;
  test::TemporaryFolder folder_;
  Wire wire_;
  test::ReadOnlyFiles files_{io::local_file_system(),
                             [this](const io::Path& partition) { return wire_.end_of(partition); }};
  SegmentedLog::Options options_;
  size_t cache_bytes_ = 0;
  bool is_patient_ = false;  // nothing is removed before it was read
  std::unique_ptr<SegmentedLog> writer_;
  std::unique_ptr<FollowedLog> followed_;
  std::atomic<int64_t> next_id_ = 1000;
  std::atomic<uint64_t> removals_ = 0;
  uint64_t compared_ = 0;  // lives at whose end all was
  std::atomic<uint64_t> events_seen_ = 0;

  Mutex mutex_;
  std::vector<Batches> acknowledged_ GUARDED_BY(mutex_);
  std::vector<model::Offset> next_ GUARDED_BY(mutex_);  // to be read, by partition
  std::vector<std::tuple<size_t, model::Offset, std::string>> seen_ GUARDED_BY(mutex_);
};

TEST(BesideTheWriter, WhatWasAcknowledgedIsSeenOnce) {
  const uint64_t first_seed = test::seed();
  const bool is_repeated = std::getenv("ANABRANCH_SEED") != nullptr;
  const int runs = is_repeated ? 1 : 30;
  uint64_t events = 0;
  uint64_t removals = 0;
  uint64_t compared = 0;
  for (int i = 0; i < runs; ++i) {
    const uint64_t seed = first_seed + static_cast<uint64_t>(i);
    SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
    Beside beside(seed);
    for (int life = 0; life < 5 && !::testing::Test::HasFailure(); ++life) beside.live(false);
    if (!::testing::Test::HasFailure()) beside.live(true);
    if (::testing::Test::HasFailure()) {
      fmt::print(stderr, "repeat with ANABRANCH_SEED={}\n", seed);
      return;
    }
    events += beside.events_seen();
    removals += beside.removals();
    compared += beside.compared();
  }
  if (!is_repeated) {
    EXPECT_GT(events, 1000u) << "or nothing was tried";
    EXPECT_GT(removals, 50u);
    EXPECT_GT(compared, 50u);
  }
}

}  // namespace
}  // namespace anabranch::log
