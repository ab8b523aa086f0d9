// What a log lets go of goes whole, and all else stays: later events, rejects, who sent what.

#include <cstdlib>
#include <map>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/segmented_log.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_batches.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

using test::numbered_events;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr model::Offset all_events = INT64_MAX;
constexpr int64_t any_time = INT64_MAX;

class ManualClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return now; }
  int64_t monotonic_us() override { return now; }
  std::atomic<io::TimeUs> now = 1000;
};

// A log of small segments in a folder of its own.
class World {
 public:
  explicit World(uint64_t seed = 1) : files_(io::local_file_system(), seed) {
    options_.segment_bytes = 400;
    options_.tail_cache_bytes = 0;
  }

  Result<std::unique_ptr<SegmentedLog>> try_open() {
    return SegmentedLog::open(files_, clock_, folder_ / "s", options_);
  }
  void open() {
    log_.reset();
    auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().describe();
    log_ = std::move(*opened);
  }
  void close() { log_.reset(); }

  /// Two events and perhaps rejects, at the next millisecond.
  void append(size_t rejects = 0) {
    clock_.now += 1000;
    NewBatch batch = numbered_events(end_, 2, 40);
    for (size_t i = 0; i < rejects; ++i) batch.rejects.push_back({"why", fmt::format("r{}", rejects_++)});
    ASSERT_TRUE(log_->append_and_wait(std::move(batch)));
    end_ += 2;
  }
  void append_rejects(size_t rejects) {
    clock_.now += 1000;
    std::vector<Reject> all;
    for (size_t i = 0; i < rejects; ++i) all.push_back({"why", fmt::format("r{}", rejects_++)});
    ASSERT_TRUE(log_->append_and_wait(test::rejects_only(std::move(all))));
  }
  /// Three rows of a file that lies in the folder for them.
  void append_bulk(const std::string& name) {
    clock_.now += 1000;
    ASSERT_TRUE(files_.create_folders(partition() / "bulk"));
    if (!files_.exists(partition() / "bulk" / name).value()) {
      ASSERT_TRUE(files_.write_atomically(partition() / "bulk" / name, "rows"));
    }
    NewBatch batch;
    batch.schema_version = 1;
    batch.encoding = Encoding::bulk;
    batch.count = 3;
    put_record(batch.payload, fmt::format(R"({{"file":"{}","rows":3,"columns":["id"]}})", name));
    ASSERT_TRUE(log_->append_and_wait(std::move(batch)));
    end_ += 3;
  }

  std::vector<std::string> names(const std::string& ending) {
    std::vector<std::string> found;
    const auto entries = files_.list(partition()).value();
    for (const auto& entry : entries) {
      if (entry.name.ends_with(ending)) found.push_back(entry.name);
    }
    return found;
  }
  std::vector<std::string> bulk_files() {
    std::vector<std::string> found;
    const auto entries = files_.list(partition() / "bulk");
    if (!entries) return found;
    for (const auto& entry : *entries) found.push_back(entry.name);
    return found;
  }

  /// Everything from the first offset on is there, in order, and nothing else.
  void check_events() {
    const model::Offset first = log_->first_offset(0);
    ASSERT_THAT(log_->durable_offsets(), ElementsAre(end_));
    ASSERT_LE(first, end_);
    model::Offset next = first;
    while (next < end_) {
      const auto batches = log_->read(0, next, all_events, 1);
      ASSERT_TRUE(batches) << batches.error().describe();
      ASSERT_EQ(batches->size(), 1u);
      const Batch& batch = *(*batches)[0];
      ASSERT_EQ(batch.base_offset, next);
      if (batch.encoding == Encoding::json) {
        EXPECT_EQ(*batch.payload, numbered_events(next, 2, 40).payload);
      }
      next = batch.end_offset();
    }
    if (first == 0) return;
    for (const model::Offset gone : {model::Offset{0}, first - 1}) {
      const auto read = log_->read(0, gone, all_events, 1);
      ASSERT_FALSE(read);
      EXPECT_EQ(read.error().code, Code::not_found);
      EXPECT_THAT(read.error().describe(), HasSubstr("archive"));
      EXPECT_EQ(log_->bulk_batches(0, gone, all_events).error().code, Code::not_found);
    }
    EXPECT_TRUE(log_->bulk_batches(0, first, all_events));
  }

  /// As they are listed page by page: place and text.
  std::vector<std::string> quarantine(size_t page = 1000) {
    std::vector<std::string> all;
    std::optional<EventLog::QuarantinePosition> after;
    while (true) {
      const auto entries = log_->quarantine(after, page);
      if (!entries) ADD_FAILURE() << entries.error().describe();
      if (!entries || entries->empty()) break;
      for (const auto& entry : *entries) {
        all.push_back(fmt::format("{}/{} before {} at {}: {}", entry.batch_position, entry.index,
                                  entry.at_offset, entry.received_at_us, entry.reject.raw));
        after = {entry.partition, entry.batch_position, entry.index};
      }
    }
    EXPECT_EQ(all.size(), log_->quarantined_count());
    return all;
  }

  io::Path partition() const { return folder_ / "s" / "0"; }

  test::TemporaryFolder folder_;
  ManualClock clock_;
  test::FaultyFileSystem files_;
  SegmentedLog::Options options_;
  std::unique_ptr<SegmentedLog> log_;
  model::Offset end_ = 0;
  int rejects_ = 0;
};

class Retention : public ::testing::Test, protected World {
 protected:
  void SetUp() override { open(); }
};

TEST_F(Retention, WholeSegmentsGoFromTheFront) {
  for (int i = 0; i < 20; ++i) append();
  const auto before = names(".log");
  ASSERT_GT(before.size(), 4u);
  const uint64_t bytes_before = log_->bytes_on_disk();
  // One event more than the first two segments have.
  const model::Offset third = *parse_segment_name(before[2]);
  const auto removed = log_->remove_before(0, third + 1, any_time);
  ASSERT_TRUE(removed) << removed.error().describe();
  EXPECT_EQ(removed->segments, 2u);
  EXPECT_EQ(log_->first_offset(0), third);
  EXPECT_EQ(log_->bytes_on_disk(), bytes_before - removed->bytes);
  EXPECT_EQ(names(".log"), (std::vector<std::string>{before.begin() + 2, before.end()}));
  ASSERT_NO_FATAL_FAILURE(check_events());
  open();
  EXPECT_EQ(log_->first_offset(0), third);
  EXPECT_EQ(log_->remove_before(0, third, any_time)->segments, 0u);
  append();
  ASSERT_NO_FATAL_FAILURE(check_events());
}

TEST_F(Retention, WhatCameInLaterStays) {
  for (int i = 0; i < 20; ++i) append();
  const auto entries = log_->read(0, 0, all_events, SIZE_MAX).value();
  const int64_t bound_us = entries[10]->ingested_at_us;
  ASSERT_TRUE(log_->remove_before(0, all_events, bound_us));
  EXPECT_GT(log_->first_offset(0), 0);
  EXPECT_LE(log_->first_offset(0), entries[10]->base_offset);
  ASSERT_NO_FATAL_FAILURE(check_events());
}

TEST_F(Retention, AQuietLogShrinksToNothingAndGoesOn) {
  append();
  EXPECT_EQ(log_->remove_before(0, 1, any_time)->segments, 0u) << "it has an event behind the end";
  EXPECT_EQ(log_->remove_before(0, 2, clock_.now)->segments, 0u) << "it came in at this time";
  EXPECT_EQ(names(".log").size(), 1u);
  EXPECT_EQ(log_->remove_before(0, 2, any_time)->segments, 1u);
  EXPECT_EQ(log_->remove_before(0, 2, any_time)->segments, 0u);
  EXPECT_EQ(log_->first_offset(0), 2);
  EXPECT_THAT(names(".log"), ElementsAre(segment_name(2)));
  ASSERT_NO_FATAL_FAILURE(check_events());
  files_.crash();  // no mark tells of the time
  close();
  files_.restart();
  open();
  ASSERT_NO_FATAL_FAILURE(check_events());
  EXPECT_EQ(log_->first_offset(0), 2);
  clock_.now = 5;  // set back: times of ingestion never are
  const auto appended = log_->append_and_wait(numbered_events(2, 2, 40)).value();
  EXPECT_EQ(appended.range.first, 2);
  EXPECT_GE(appended.ingested_at_us, 2000);
  end_ += 2;
  ASSERT_NO_FATAL_FAILURE(check_events());
}

TEST_F(Retention, RejectsAloneDoNotSeal) {
  append_rejects(2);
  EXPECT_EQ(log_->remove_before(0, all_events, any_time)->segments, 0u);
  EXPECT_EQ(quarantine().size(), 2u);
}

TEST_F(Retention, BulkFilesGoWithTheLastSegmentThatNamesThem) {
  append_bulk("a.parquet");
  append_bulk("b.parquet");
  for (int i = 0; i < 10; ++i) append();
  append_bulk("b.parquet");
  append_bulk("c.parquet");
  for (int i = 0; i < 10; ++i) append();
  const model::Offset middle = 6 + 20;
  ASSERT_TRUE(files_.write_atomically(partition() / "bulk" / "being written.parquet", "x"));
  ASSERT_TRUE(log_->remove_before(0, middle, any_time));
  ASSERT_GE(log_->first_offset(0), 6);
  EXPECT_THAT(bulk_files(), ElementsAre("b.parquet", "being written.parquet", "c.parquet"));
  ASSERT_NO_FATAL_FAILURE(check_events());
  ASSERT_TRUE(log_->remove_before(0, all_events, any_time));
  EXPECT_THAT(bulk_files(), ElementsAre("being written.parquet"));
}

TEST_F(Retention, RejectsKeepTheirPlaces) {
  for (int i = 0; i < 30; ++i) {
    append(i % 3);
    if (i % 7 == 0) append_rejects(3);
  }
  const auto before = quarantine();
  ASSERT_GT(before.size(), 30u);
  for (const model::Offset end : {model::Offset{10}, model::Offset{30}, all_events}) {
    ASSERT_TRUE(log_->remove_before(0, end, any_time));
    EXPECT_EQ(quarantine(), before);
    EXPECT_EQ(quarantine(1), before) << "one by one";
    EXPECT_EQ(quarantine(7), before);
    open();
    EXPECT_EQ(quarantine(2), before);
  }
  EXPECT_EQ(log_->first_offset(0), 60);
  append(2);
  EXPECT_EQ(quarantine().size(), before.size() + 2);
}

TEST_F(Retention, RejectsGoByAgeWhenAsked) {
  for (int i = 0; i < 20; ++i) append(1);
  ASSERT_TRUE(log_->remove_before(0, 30, any_time));
  const auto before = quarantine();
  const model::Offset first = log_->first_offset(0);
  ASSERT_GT(first, 20);
  // In the middle of a file.
  const auto entries = log_->quarantine(std::nullopt, 1000).value();
  const int64_t bound_us = entries[7].received_at_us;
  EXPECT_EQ(log_->remove_quarantined_before(bound_us).value(), 7u);
  const std::vector<std::string> rest{before.begin() + 7, before.end()};
  EXPECT_EQ(quarantine(3), rest);
  open();
  EXPECT_EQ(quarantine(), rest);
  // Those in segments that are kept stay.
  const auto gone = log_->remove_quarantined_before(any_time);
  ASSERT_TRUE(gone) << gone.error().describe();
  EXPECT_EQ(*gone + log_->quarantined_count(), rest.size());
  EXPECT_EQ(log_->quarantined_count(), static_cast<uint64_t>((40 - first) / 2));
  EXPECT_THAT(names(".rejects"), IsEmpty());
  const auto last = quarantine();
  open();
  EXPECT_EQ(quarantine(), last);
}

TEST_F(Retention, RepeatsOfWhatWentAreKnown) {
  const auto batch = [](uint64_t number) {
    NewBatch made = numbered_events(static_cast<int64_t>(number), 1);
    made.producer = Producer{"p", number, 5};
    return made;
  };
  for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(log_->append_and_wait(batch(i)));
  ASSERT_TRUE(log_->remove_before(0, all_events, any_time));
  EXPECT_EQ(log_->first_offset(0), 20);
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(log_->next_sequence("p", std::nullopt), 20u);
    const auto repeated = log_->append_and_wait(batch(19)).value();
    EXPECT_TRUE(repeated.is_repeat);
    EXPECT_EQ(repeated.range.first, 19);
    open();
  }
  close();
  // It cannot be found out in another way.
  const auto tables = names(".producers");
  ASSERT_FALSE(tables.empty());
  for (const auto& table : tables) ASSERT_TRUE(files_.write_atomically(partition() / table, "no table"));
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::corrupt);
  EXPECT_THAT(refused.error().hint, HasSubstr("an empty file 00000000000000000020.producers"));
  ASSERT_TRUE(files_.write_atomically(partition() / "00000000000000000020.producers", ""));
  open();
  EXPECT_EQ(log_->next_sequence("p", std::nullopt), 0u);
}

TEST_F(Retention, SegmentsStayWhileTheyAloneTellOfProducers) {
  for (uint64_t i = 0; i < 20; ++i) {
    NewBatch made = numbered_events(end_, 2, 40);
    made.producer = Producer{"p", i, 5};
    ASSERT_TRUE(log_->append_and_wait(std::move(made)));
    end_ += 2;
  }
  for (const auto& table : names(".producers")) ASSERT_TRUE(files_.remove(partition() / table));
  const auto refused = log_->remove_before(0, 20, any_time);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_EQ(log_->first_offset(0), 0);
  ASSERT_TRUE(log_->remove_before(0, all_events, any_time)) << "the next segment has the table";
  open();
  EXPECT_EQ(log_->next_sequence("p", std::nullopt), 20u);
}

TEST_F(Retention, WhatIsMissingIsStillRefused) {
  for (int i = 0; i < 20; ++i) append(1);
  ASSERT_TRUE(log_->remove_before(0, 20, any_time));
  close();
  const auto kept = names(".log");
  ASSERT_GT(kept.size(), 2u);
  for (const std::string& name : {kept[0], kept[1]}) {
    const std::string bytes = files_.read_file(partition() / name).value();
    ASSERT_TRUE(files_.remove(partition() / name));
    const auto refused = try_open();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message,
                HasSubstr(fmt::format("offset {} on are missing", *parse_segment_name(name))));
    ASSERT_TRUE(files_.write_atomically(partition() / name, bytes));
  }
  const std::string front = files_.read_file(partition() / "front").value();
  for (size_t at = 0; at < front.size(); ++at) {
    std::string bent = front;
    bent[at] = static_cast<char>(bent[at] ^ 0x10);
    ASSERT_TRUE(files_.write_atomically(partition() / "front", bent));
    const auto refused = try_open();
    ASSERT_FALSE(refused) << at;
    EXPECT_FALSE(refused.error().hint.empty());
  }
  ASSERT_TRUE(files_.write_atomically(partition() / "front", front));
  ASSERT_TRUE(try_open());
}

TEST_F(Retention, EveryFlippedByteOfKeptRejectsIsFound) {
  for (int i = 0; i < 6; ++i) append(1);
  ASSERT_TRUE(log_->remove_before(0, all_events, any_time));
  const auto good = quarantine();
  const auto kept = names(".rejects");
  ASSERT_FALSE(kept.empty());
  const io::Path path = partition() / kept[0];
  const std::string whole = files_.read_file(path).value();
  const auto is_found = [&] {
    auto opened = try_open();
    if (!opened) {
      EXPECT_TRUE(opened.error().code == Code::corrupt || opened.error().code == Code::refused);
      EXPECT_FALSE(opened.error().hint.empty());
      return true;
    }
    const auto entries = (*opened)->quarantine(std::nullopt, 1000);
    if (entries) return false;
    EXPECT_EQ(entries.error().code, Code::corrupt);
    EXPECT_THAT(entries.error().message, HasSubstr(kept[0]));
    EXPECT_TRUE((*opened)->read(0, (*opened)->first_offset(0), all_events, 1)) << "events are another thing";
    return true;
  };
  close();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bent = whole;
    bent[at] = static_cast<char>(bent[at] ^ 0x10);
    ASSERT_TRUE(files_.write_atomically(path, bent));
    ASSERT_TRUE(is_found()) << "byte " << at;
  }
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_TRUE(files_.write_atomically(path, whole.substr(0, size)));
    ASSERT_TRUE(is_found()) << size << " bytes";
  }
  ASSERT_TRUE(files_.write_atomically(path, whole));
  open();
  EXPECT_EQ(quarantine(), good);
}

TEST_F(Retention, TheCostDoesNotGrowWithTheSegments) {
  options_.segment_bytes = 1;
  open();
  for (int i = 0; i < 1000; ++i) append();
  ASSERT_GE(names(".log").size(), 999u);
  const uint64_t syncs = files_.syncs();
  ASSERT_TRUE(log_->remove_before(0, all_events, any_time));
  EXPECT_THAT(names(".log"), ElementsAre(segment_name(2000)));
  EXPECT_LE(files_.syncs() - syncs, 3u);
}

TEST_F(Retention, ReadersInTheMiddleGoOnOrAreTold) {
  options_.segment_bytes = 300;
  open();
  for (int i = 0; i < 300; ++i) append(1);
  const auto rejects = quarantine();
  std::atomic<bool> is_over = false;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      std::mt19937_64 random(static_cast<uint64_t>(reader));
      while (!is_over) {
        const auto from = static_cast<model::Offset>(random() % 600);
        const auto batches = log_->read(0, from, all_events, 500);
        if (batches) {
          ASSERT_FALSE(batches->empty());
          ASSERT_LE((*batches)[0]->base_offset, from);
          ASSERT_GT((*batches)[0]->end_offset(), from);
        } else {
          ASSERT_EQ(batches.error().code, Code::not_found) << batches.error().describe();
          ASSERT_LT(from, log_->first_offset(0));
        }
        const auto entries = log_->quarantine(std::nullopt, 1 + random() % 300);
        ASSERT_TRUE(entries) << entries.error().describe();
        for (size_t i = 0; i < entries->size(); ++i)
          ASSERT_EQ((*entries)[i].reject.raw, fmt::format("r{}", i));
      }
    });
  }
  for (model::Offset end = 0; end <= 600; end += 4) {
    const auto removed = log_->remove_before(0, end, any_time);
    ASSERT_TRUE(removed) << removed.error().describe();
  }
  is_over = true;
  for (auto& thread : readers) thread.join();
  EXPECT_EQ(log_->first_offset(0), 600);
  EXPECT_EQ(quarantine(), rejects);
}

// ---- crashes and failures in every step ----

void fill(World& world) {
  world.open();
  world.append_bulk("a.parquet");
  for (int i = 0; i < 12; ++i) world.append(i % 3 == 0 ? 2 : 0);
  world.append_bulk("b.parquet");
  world.append(1);
}

TEST(RetentionCrash, AfterAnyStepEventsBehindTheFrontAndAllRejectsAreThere) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  bool was_whole = false;
  for (uint64_t step = 0; !was_whole; ++step) {
    ASSERT_LT(step, 1000u);
    for (int luck = 0; luck < 6; ++luck) {
      SCOPED_TRACE(fmt::format("the power goes off at step {}, luck {}", step, luck));
      World world(random());
      ASSERT_NO_FATAL_FAILURE(fill(world));
      const auto rejects = world.quarantine();
      const model::Offset end = luck % 2 == 0 ? all_events : 20;
      world.files_.crash_after(step);
      was_whole = world.log_->remove_before(0, end, any_time).has_value() && !world.files_.is_off();
      world.close();
      world.files_.restart();
      if (luck > 3)
        world.files_.crash_after(static_cast<uint64_t>(luck) - 4);  // the start is interrupted too
      if (auto opened = world.try_open(); !opened) {
        ASSERT_EQ(opened.error().code, Code::io) << opened.error().describe();
      }
      world.files_.restart();
      ASSERT_NO_FATAL_FAILURE(world.open());
      ASSERT_NO_FATAL_FAILURE(world.check_events());
      ASSERT_EQ(world.quarantine(5), rejects);
      // What was begun is finished, and leaves nothing behind.
      ASSERT_TRUE(world.log_->remove_before(0, all_events, any_time));
      EXPECT_EQ(world.log_->first_offset(0), world.end_);
      EXPECT_THAT(world.names(".log"), ElementsAre(segment_name(world.end_)));
      EXPECT_THAT(world.bulk_files(), IsEmpty());
      ASSERT_EQ(world.quarantine(), rejects);
      ASSERT_NO_FATAL_FAILURE(world.append(1));
      ASSERT_NO_FATAL_FAILURE(world.open());
      ASSERT_NO_FATAL_FAILURE(world.check_events());
      ASSERT_EQ(world.quarantine().size(), rejects.size() + 1);
    }
  }
}

TEST(RetentionCrash, AFailedSyncOrAFullDiskStopsNothing) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  for (const bool is_full : {false, true}) {
    bool was_whole = false;
    for (uint64_t step = 0; !was_whole; is_full ? step += 7 : ++step) {
      SCOPED_TRACE(fmt::format("{} {}", is_full ? "bytes of space" : "syncs", step));
      World world(seed + step);
      ASSERT_NO_FATAL_FAILURE(fill(world));
      const auto rejects = world.quarantine();
      if (is_full)
        world.files_.set_space(step);
      else
        world.files_.fail_sync_after(step);
      const auto removed = world.log_->remove_before(0, 20, any_time);
      was_whole = removed.has_value();
      if (!removed) {
        EXPECT_EQ(removed.error().code, is_full ? Code::disk_full : Code::io) << removed.error().describe();
      }
      world.files_.set_space(std::nullopt);
      world.files_.fail_sync_after(std::nullopt);
      ASSERT_NO_FATAL_FAILURE(world.check_events());
      ASSERT_EQ(world.quarantine(), rejects);
      ASSERT_TRUE(world.log_->remove_before(0, 20, any_time)) << "it is tried again";
      EXPECT_GT(world.log_->first_offset(0), 0);
      ASSERT_NO_FATAL_FAILURE(world.append(1));
      world.close();
      world.files_.restart();
      ASSERT_NO_FATAL_FAILURE(world.open());
      ASSERT_NO_FATAL_FAILURE(world.check_events());
      ASSERT_EQ(world.quarantine().size(), rejects.size() + 1);
    }
  }
}

TEST(RetentionCrash, RejectsThatGoByAgeAreThereOrNot) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  bool was_whole = false;
  for (uint64_t step = 0; !was_whole; ++step) {
    ASSERT_LT(step, 1000u);
    for (int luck = 0; luck < 4; ++luck) {
      World world(random());
      ASSERT_NO_FATAL_FAILURE(fill(world));
      ASSERT_TRUE(world.log_->remove_before(0, all_events, any_time));
      const auto rejects = world.quarantine();
      const auto entries = world.log_->quarantine(std::nullopt, 1000).value();
      const int64_t bound_us = entries[5].received_at_us;
      world.files_.crash_after(step);
      was_whole = world.log_->remove_quarantined_before(bound_us).has_value() && !world.files_.is_off();
      world.close();
      world.files_.restart();
      ASSERT_NO_FATAL_FAILURE(world.open());
      const auto left = world.quarantine();
      // Those that were asked for may be gone, from the front; no other.
      ASSERT_LE(left.size(), rejects.size());
      const size_t gone = rejects.size() - left.size();
      EXPECT_EQ(left,
                (std::vector<std::string>{rejects.begin() + static_cast<ptrdiff_t>(gone), rejects.end()}));
      size_t asked = 0;
      for (const auto& entry : entries) asked += entry.received_at_us < bound_us ? 1 : 0;
      EXPECT_LE(gone, asked);
      if (was_whole) {
        EXPECT_EQ(gone, asked);
      }
    }
  }
}

TEST(RetentionCrash, AnyAppendsAnyRemovalsAnyCrashes) {
  const uint64_t first_seed = test::seed();
  const int runs = std::getenv("ANABRANCH_SEED") != nullptr ? 1 : 40;
  for (int run = 0; run < runs; ++run) {
    const uint64_t seed = first_seed + static_cast<uint64_t>(run);
    SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
    std::mt19937_64 random(seed);
    World world(seed);
    world.options_.segment_bytes = 100 + random() % 800;
    world.options_.tail_cache_bytes = random() % 2 == 0 ? 0 : 2000;
    ASSERT_NO_FATAL_FAILURE(world.open());
    for (int step = 0; step < 60; ++step) {
      switch (random() % 7) {
        case 0:
          ASSERT_NO_FATAL_FAILURE(world.append_bulk(fmt::format("{}.parquet", world.end_)));
          break;
        case 1:
          ASSERT_NO_FATAL_FAILURE(world.append_rejects(1 + random() % 3));
          break;
        case 2: {
          const auto rejects = world.quarantine();
          const bool crashes = random() % 2 == 0;
          if (crashes) world.files_.crash_after(random() % 12);
          const auto end = static_cast<model::Offset>(random() % static_cast<uint64_t>(world.end_ + 3));
          const auto removed = world.log_->remove_before(0, end, any_time);
          if (!removed) {
            ASSERT_TRUE(crashes) << removed.error().describe();
          }
          if (crashes) {
            world.close();
            world.files_.restart();
            ASSERT_NO_FATAL_FAILURE(world.open());
          }
          ASSERT_EQ(world.quarantine(1 + random() % 9), rejects);
          break;
        }
        case 3:
          ASSERT_NO_FATAL_FAILURE(world.open());
          break;
        default:
          ASSERT_NO_FATAL_FAILURE(world.append(random() % 3));
      }
      ASSERT_NO_FATAL_FAILURE(world.check_events());
    }
  }
}

}  // namespace
}  // namespace anabranch::log
