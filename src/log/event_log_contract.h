#pragma once
// What every EventLog does (law L6), whatever its number of partitions. Test-only. That what was acknowledged
// survives is for logs that outlive their process: durability_test.cc.

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "log/event_log.h"
#include "tests/support/log_batches.h"

namespace anabranch::log {

/// A clock that a test sets.
class ContractClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return now; }
  int64_t monotonic_us() override { return now; }
  std::atomic<io::TimeUs> now = 1'000'000;
};

struct EventLogForTests {
  /// A new log without events, that goes by this clock. Its batches take at most 1 MB; what it removes goes
  /// in units of at most a few thousand bytes.
  std::function<std::unique_ptr<EventLog>(ContractClock& clock)> make;
  /// The folder of the newest one's bulk files.
  std::function<io::Path(model::Partition)> bulk_folder;
};

namespace contract {

inline constexpr model::Offset all_events = INT64_MAX;
inline constexpr int64_t any_time = INT64_MAX;

/// To some partition; those of one producer or key always to the same.
inline NewBatch placed(const EventLog& log, NewBatch batch) {
  static std::atomic<uint64_t> turn = 0;
  const uint64_t chosen = batch.producer ? fnv1a(batch.producer->id) : turn++;
  batch.partition = static_cast<model::Partition>(chosen % static_cast<uint64_t>(log.partition_count()));
  return batch;
}

inline Appended append(EventLog& log, NewBatch batch) {
  const auto appended = log.append_and_wait(placed(log, std::move(batch)));
  EXPECT_TRUE(appended) << appended.error().describe();
  return appended.value_or(Appended{});
}

inline NewBatch of_producer(NewBatch batch, const std::string& id, std::optional<uint64_t> sequence,
                            uint32_t fingerprint = 7) {
  batch.producer = Producer{id, sequence, fingerprint};
  return batch;
}

inline NewBatch bulk(const std::string& file, uint32_t rows) {
  NewBatch batch;
  batch.schema_version = 1;
  batch.encoding = Encoding::bulk;
  batch.count = rows;
  put_record(batch.payload, fmt::format(R"({{"file":"{}","rows":{},"columns":["id"]}})", file, rows));
  return batch;
}

/// Every event of a partition from `from` on, in order and without gaps: records by offset.
inline std::map<model::Offset, std::string> events_of(EventLog& log, model::Partition partition,
                                                      model::Offset from) {
  std::map<model::Offset, std::string> events;
  const model::Offset end = log.durable_offsets().at(static_cast<size_t>(partition));
  while (from < end) {
    const auto batches = log.read(partition, from, all_events, 1);
    EXPECT_TRUE(batches) << batches.error().describe();
    if (!batches || batches->empty()) {
      ADD_FAILURE() << "nothing at offset " << from << " of " << end;
      return events;
    }
    for (const BatchPtr& batch : *batches) {
      EXPECT_EQ(batch->partition, partition);
      EXPECT_LE(batch->base_offset, from);
      EXPECT_GT(batch->end_offset(), from);
      const auto records = split_records(*batch->payload);
      for (uint32_t i = 0; records && batch->encoding == Encoding::json && i < batch->count; ++i)
        events[batch->base_offset + i] = std::string((*records)[i]);
      from = batch->end_offset();
    }
  }
  return events;
}

inline std::vector<QuarantineEntry> quarantined(EventLog& log, size_t page) {
  std::vector<QuarantineEntry> all;
  std::optional<EventLog::QuarantinePosition> after;
  while (true) {
    const auto entries = log.quarantine(after, page);
    EXPECT_TRUE(entries) << entries.error().describe();
    if (!entries || entries->empty()) return all;
    EXPECT_LE(entries->size(), page);
    all.insert(all.end(), entries->begin(), entries->end());
    after = {all.back().partition, all.back().batch_position, all.back().index};
  }
}

inline std::vector<std::tuple<model::Partition, uint64_t, uint32_t, std::string>> places_of(
    const std::vector<QuarantineEntry>& entries) {
  std::vector<std::tuple<model::Partition, uint64_t, uint32_t, std::string>> places;
  for (const auto& entry : entries)
    places.emplace_back(entry.partition, entry.batch_position, entry.index, entry.reject.raw);
  return places;
}

}  // namespace contract

// Offsets are dense in each partition, and what was stored is read back as it came.
inline void check_offsets_are_dense(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  const size_t partitions = log->durable_offsets().size();
  ASSERT_GE(partitions, 1u);
  ASSERT_EQ(partitions, static_cast<size_t>(log->partition_count()));
  for (const model::Offset offset : log->durable_offsets()) EXPECT_EQ(offset, 0);
  std::vector<model::Offset> next(partitions, 0);
  std::vector<std::map<model::Offset, std::string>> sent(partitions);
  for (int i = 0; i < 40; ++i) {
    const auto count = static_cast<uint32_t>(i % 4 + 1);
    const NewBatch batch = test::numbered_events(i * 10, count);
    const Appended appended = contract::append(*log, batch);
    ASSERT_LT(static_cast<size_t>(appended.partition), partitions);
    model::Offset& end = next[static_cast<size_t>(appended.partition)];
    EXPECT_EQ(appended.range, (model::OffsetRange{end, end + count}));
    EXPECT_EQ(appended.ingested_at_us, clock.now);
    EXPECT_FALSE(appended.is_repeat);
    const auto records = split_records(batch.payload);
    for (uint32_t j = 0; j < count; ++j)
      sent[static_cast<size_t>(appended.partition)][end + j] = std::string((*records)[j]);
    end += count;
    ASSERT_EQ(log->durable_offsets(), next);
  }
  for (size_t i = 0; i < partitions; ++i) {
    const auto partition = static_cast<model::Partition>(i);
    EXPECT_EQ(log->first_offset(partition), 0);
    EXPECT_EQ(contract::events_of(*log, partition, 0), sent[i]);
  }
}

// A read begins with the batch of its offset, and keeps its bounds.
inline void check_reads_keep_their_bounds(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  for (int i = 0; i < 30; ++i) contract::append(*log, test::numbered_events(i * 3, 3, 100));
  for (size_t i = 0; i < log->durable_offsets().size(); ++i) {
    const auto partition = static_cast<model::Partition>(i);
    const model::Offset end = log->durable_offsets()[i];
    for (model::Offset from = 0; from < end; ++from) {
      const auto one = log->read(partition, from, contract::all_events, 1).value();
      ASSERT_EQ(one.size(), 1u) << "at least one";
      EXPECT_EQ(one[0]->base_offset, from / 3 * 3);
      const auto some = log->read(partition, from, std::min(end, from + 4), SIZE_MAX).value();
      ASSERT_FALSE(some.empty());
      EXPECT_EQ(some.front()->base_offset, from / 3 * 3);
      EXPECT_LT(some.back()->base_offset, from + 4);
      EXPECT_GE(some.back()->end_offset(), std::min(end, from + 4));
      for (size_t j = 1; j < some.size(); ++j) EXPECT_EQ(some[j]->base_offset, some[j - 1]->end_offset());
    }
    EXPECT_EQ(log->read(partition, 0, contract::all_events, 600).value().size(), std::min<size_t>(2, end / 3))
        << "until so many bytes are passed";
    EXPECT_TRUE(log->read(partition, end, contract::all_events, SIZE_MAX).value().empty());
    EXPECT_TRUE(log->read(partition, end + 100, contract::all_events, SIZE_MAX).value().empty());
    EXPECT_FALSE(log->read(partition, -1, contract::all_events, SIZE_MAX));
  }
  const auto none = static_cast<model::Partition>(log->durable_offsets().size());
  EXPECT_EQ(log->read(none, 0, contract::all_events, 1).error().code, Code::not_found);
}

// Each batch is answered once, on a thread of the log's, and the listener sees what is durable.
inline void check_each_is_answered_once(const EventLogForTests& test) {
  constexpr int producers = 4;
  constexpr int batches = 50;
  ContractClock clock;
  const auto log = test.make(clock);
  std::atomic<int> heard = 0;
  std::atomic<model::Offset> seen = 0;
  log->on_durable([&] {
    ++heard;
    model::Offset sum = 0;
    for (const model::Offset offset : log->durable_offsets()) sum += offset;
    seen = sum;
  });
  std::atomic<int> answers = 0;
  std::promise<void> all_answered;
  std::mutex mutex;
  std::set<std::pair<model::Partition, model::Offset>> given;
  std::vector<std::thread> threads;
  for (int producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&, producer] {
      const auto self = std::this_thread::get_id();
      for (int i = 0; i < batches; ++i) {
        log->append(contract::placed(*log, test::numbered_events(producer * 1000 + i, 2)),
                    [&, self](Result<Appended> appended) {
                      ASSERT_TRUE(appended) << appended.error().describe();
                      EXPECT_NE(std::this_thread::get_id(), self);
                      EXPECT_GE(log->durable_offsets()[static_cast<size_t>(appended->partition)],
                                appended->range.end);
                      {
                        const std::lock_guard lock(mutex);
                        EXPECT_TRUE(given.emplace(appended->partition, appended->range.first).second)
                            << "given twice";
                      }
                      if (++answers == producers * batches) all_answered.set_value();
                    });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(all_answered.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  log->close();
  EXPECT_EQ(answers, producers * batches);
  model::Offset sum = 0;
  for (const model::Offset offset : log->durable_offsets()) sum += offset;
  EXPECT_EQ(sum, producers * batches * 2);
  EXPECT_GT(heard, 0);
  EXPECT_EQ(seen, sum) << "the last commit is told of, too";
}

// What is refused at once was not queued: on the caller's thread, and nothing is stored.
inline void check_what_is_refused(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  const auto code_of = [&](NewBatch batch) {
    std::optional<Code> code;
    log->append(std::move(batch), [&](Result<Appended> appended) {
      code = appended ? std::optional<Code>() : appended.error().code;
    });
    return code;
  };
  NewBatch wrong = test::numbered_events(0, 2);
  wrong.count = 3;
  EXPECT_EQ(code_of(wrong), Code::bad_input) << "the payload does not fit the count";
  EXPECT_EQ(code_of(contract::of_producer(test::numbered_events(0, 1), "", 0)), Code::bad_input);
  EXPECT_EQ(code_of(test::numbered_events(0, 1, (1 << 20) + 1)), Code::too_large);
  for (const model::Offset offset : log->durable_offsets()) EXPECT_EQ(offset, 0);
  contract::append(*log, test::numbered_events(0, 1));
  log->close();
  EXPECT_EQ(code_of(test::numbered_events(1, 1)), Code::unavailable) << "closed";
  size_t events = 0;
  for (size_t i = 0; i < log->durable_offsets().size(); ++i)
    events += contract::events_of(*log, static_cast<model::Partition>(i), 0).size();
  EXPECT_EQ(events, 1u) << "readers go on";
}

// The time of a batch is given once, and never goes back within a partition.
inline void check_times_never_go_back(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  std::map<model::Partition, int64_t> last;
  for (int i = 0; i < 20; ++i) {
    clock.now = 1'000'000 + (i % 5) * 100 - i;
    const Appended appended = contract::append(*log, test::numbered_events(i, 1));
    EXPECT_GE(appended.ingested_at_us, last[appended.partition]);
    EXPECT_GE(appended.ingested_at_us, clock.now);
    last[appended.partition] = appended.ingested_at_us;
    const auto batches = log->read(appended.partition, appended.range.first, appended.range.end, 1).value();
    EXPECT_EQ(batches.at(0)->ingested_at_us, appended.ingested_at_us);
  }
}

// Rejects take no offsets, and are listed in order of arrival, page by page.
inline void check_rejects_are_listed(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  std::multiset<std::string> sent;
  for (int i = 0; i < 12; ++i) {
    NewBatch batch = i % 3 == 0 ? test::rejects_only({}) : test::numbered_events(i, 2);
    for (int j = 0; j <= i % 4; ++j) {
      batch.rejects.push_back({fmt::format("why {}", i), fmt::format("{}/{}", i, j)});
      sent.insert(batch.rejects.back().raw);
    }
    const Appended appended = contract::append(*log, batch);
    EXPECT_EQ(appended.range.size(), i % 3 == 0 ? 0 : 2);
    EXPECT_EQ(appended.rejects, batch.rejects.size());
  }
  EXPECT_EQ(log->quarantined_count(), sent.size());
  const auto all = contract::quarantined(*log, 1000);
  std::multiset<std::string> listed;
  for (size_t i = 0; i < all.size(); ++i) {
    listed.insert(all[i].reject.raw);
    EXPECT_EQ(all[i].reject.reason, "why " + all[i].reject.raw.substr(0, all[i].reject.raw.find('/')));
    EXPECT_EQ(all[i].received_at_us, clock.now);
    if (i == 0) continue;
    const auto place = [&](size_t at) {
      return std::tuple(all[at].partition, all[at].batch_position, all[at].index);
    };
    EXPECT_LT(place(i - 1), place(i));
  }
  EXPECT_EQ(listed, sent);
  for (const size_t page : {1, 2, 3, 5})
    EXPECT_EQ(contract::places_of(contract::quarantined(*log, page)), contract::places_of(all)) << page;
}

// What a producer sends again is stored once and has its first answer.
inline void check_repeats_are_known(const EventLogForTests& test) {
  using contract::of_producer;
  ContractClock clock;
  const auto log = test.make(clock);
  EXPECT_EQ(log->next_sequence("p", std::nullopt), 0u);
  std::vector<Appended> first;
  for (uint64_t i = 0; i < 3; ++i)
    first.push_back(
        contract::append(*log, of_producer(test::numbered_events(static_cast<int64_t>(i), 2), "p", i)));
  EXPECT_EQ(log->next_sequence("p", std::nullopt), 3u);
  const auto before = log->durable_offsets();
  clock.now += 1000;
  for (uint64_t i = 0; i < 3; ++i) {
    const Appended again =
        contract::append(*log, of_producer(test::numbered_events(static_cast<int64_t>(i), 2), "p", i));
    EXPECT_TRUE(again.is_repeat);
    EXPECT_EQ(again.partition, first[i].partition);
    EXPECT_EQ(again.range, first[i].range);
    EXPECT_EQ(again.ingested_at_us, first[i].ingested_at_us);
  }
  const auto code_of = [&](NewBatch batch) {
    const auto appended = log->append_and_wait(contract::placed(*log, std::move(batch)));
    return appended ? std::optional<Code>() : appended.error().code;
  };
  EXPECT_EQ(code_of(of_producer(test::numbered_events(9, 2), "p", 5)), Code::conflict) << "a gap";
  EXPECT_EQ(code_of(of_producer(test::numbered_events(9, 2), "p", 2, 8)), Code::conflict)
      << "another content";
  EXPECT_EQ(log->durable_offsets(), before);

  NewBatch with_rejects = of_producer(test::numbered_events(1, 1), "key", std::nullopt);
  with_rejects.rejects.push_back({"why", "raw"});
  const Appended keyed = contract::append(*log, with_rejects);
  const Appended again = contract::append(*log, with_rejects);
  EXPECT_TRUE(again.is_repeat);
  EXPECT_EQ(again.range, keyed.range);
  EXPECT_EQ(again.rejects, 1u);
  EXPECT_EQ(log->quarantined_count(), 1u);
  EXPECT_EQ(code_of(of_producer(test::numbered_events(1, 1), "key", std::nullopt, 8)), Code::conflict);
  EXPECT_EQ(contract::append(*log, of_producer(test::numbered_events(0, 1), "q", 0)).is_repeat, false);
}

// A producer that chooses partitions numbers its batches for each of them.
inline void check_numbers_are_of_each_partition(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  const model::Partition partitions = log->partition_count();
  const auto send = [&](model::Partition partition, uint64_t sequence) {
    NewBatch batch = contract::of_producer(test::numbered_events(0, 1), "p", sequence);
    batch.partition = partition;
    return log->append_and_wait(std::move(batch)).has_value();
  };
  for (model::Partition partition = 0; partition < partitions; ++partition) {
    for (model::Partition number = 0; number <= partition; ++number)
      EXPECT_TRUE(send(partition, static_cast<uint64_t>(number)));
  }
  for (model::Partition partition = 0; partition < partitions; ++partition) {
    const uint64_t due = log->next_sequence("p", partition);
    EXPECT_EQ(due, static_cast<uint64_t>(partition) + 1);
    EXPECT_FALSE(send(partition, due + 1)) << "a gap";
    EXPECT_TRUE(send(partition, due)) << "it is the one that the log takes";
    EXPECT_EQ(log->next_sequence("stranger", partition), 0u);
  }
  EXPECT_EQ(log->next_sequence("p", std::nullopt), log->next_sequence("p", log->partition_of({"p", 0, 0})));
  EXPECT_EQ(log->next_sequence("p", partitions), 0u);
}

// The records of bulk files are found without anything else.
inline void check_bulk_batches_are_found(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  std::map<model::Partition, std::vector<model::OffsetRange>> sent;
  for (int i = 0; i < 24; ++i) {
    const bool is_bulk = i % 3 != 0;
    const Appended appended = contract::append(
        *log, is_bulk ? contract::bulk(fmt::format("{}.parquet", i), 5) : test::numbered_events(i, 2));
    if (is_bulk) sent[appended.partition].push_back(appended.range);
  }
  for (const auto& [partition, ranges] : sent) {
    const model::Offset end = log->durable_offsets()[static_cast<size_t>(partition)];
    for (model::Offset from = 0; from < end; ++from) {
      for (const model::Offset until : {from + 1, from + 7, contract::all_events}) {
        std::vector<model::OffsetRange> expected;
        for (const model::OffsetRange& range : ranges) {
          if (range.first < until && range.end > from) expected.push_back(range);
        }
        std::vector<model::OffsetRange> found;
        const auto batches = log->bulk_batches(partition, from, until).value();
        for (const BatchPtr& batch : batches) found.push_back({batch->base_offset, batch->end_offset()});
        EXPECT_EQ(found, expected) << from << " to " << until;
      }
    }
  }
}

// What is removed goes from the front; everything else stays, with what is known of what went.
inline void check_the_front_goes(const EventLogForTests& test) {
  using contract::any_time;
  ContractClock clock;
  const auto log = test.make(clock);
  const size_t partitions = log->durable_offsets().size();
  for (uint64_t i = 0; i < 200; ++i) {
    clock.now += 1000;
    NewBatch batch = contract::of_producer(test::numbered_events(static_cast<int64_t>(i), 2, 200),
                                           fmt::format("p{}", i % 10), i / 10);
    if (i % 7 == 0) batch.rejects.push_back({"why", std::to_string(i)});
    contract::append(*log, batch);
  }
  const auto rejects = contract::places_of(contract::quarantined(*log, 1000));
  ASSERT_EQ(rejects.size(), 29u);
  const auto ends = log->durable_offsets();
  const uint64_t bytes_before = log->bytes_on_disk();
  std::vector<std::map<model::Offset, std::string>> events;
  for (size_t i = 0; i < partitions; ++i)
    events.push_back(contract::events_of(*log, static_cast<model::Partition>(i), 0));

  for (size_t i = 0; i < partitions; ++i) {
    const auto partition = static_cast<model::Partition>(i);
    const auto early = log->remove_before(partition, contract::all_events, 1'000'000);
    ASSERT_TRUE(early) << early.error().describe();
    EXPECT_EQ(log->first_offset(partition), 0) << "all of it came in later";
    const model::Offset until = ends[i] / 2;
    const auto removed = log->remove_before(partition, until, any_time);
    ASSERT_TRUE(removed) << removed.error().describe();
    const model::Offset first = log->first_offset(partition);
    EXPECT_LE(first, until);
    if (until > 60) {
      EXPECT_GT(first, 0);
      EXPECT_GT(removed->bytes, 0u);
      EXPECT_GT(removed->segments, 0u);
    }
    auto left = events[i];
    left.erase(left.begin(), left.lower_bound(first));
    EXPECT_EQ(contract::events_of(*log, partition, first), left);
    if (first > 0) {
      EXPECT_EQ(log->read(partition, first - 1, contract::all_events, 1).error().code, Code::not_found);
      EXPECT_EQ(log->read(partition, 0, contract::all_events, 1).error().code, Code::not_found);
      EXPECT_EQ(log->bulk_batches(partition, 0, contract::all_events).error().code, Code::not_found);
    }
  }
  EXPECT_EQ(log->durable_offsets(), ends) << "offsets go on where they were";
  EXPECT_LT(log->bytes_on_disk(), bytes_before);
  EXPECT_EQ(contract::places_of(contract::quarantined(*log, 3)), rejects) << "rejects stay where they were";
  EXPECT_EQ(log->quarantined_count(), rejects.size());
  for (int producer = 0; producer < 10; ++producer) {
    EXPECT_EQ(log->next_sequence(fmt::format("p{}", producer), std::nullopt), 20u);
    const Appended again =
        contract::append(*log, contract::of_producer(test::numbered_events(190 + producer, 2, 200),
                                                     fmt::format("p{}", producer), 19));
    EXPECT_TRUE(again.is_repeat) << producer;
  }

  for (size_t i = 0; i < partitions; ++i) {
    const auto partition = static_cast<model::Partition>(i);
    ASSERT_TRUE(log->remove_before(partition, ends[i], any_time));
    EXPECT_EQ(log->first_offset(partition), ends[i]) << "a quiet log shrinks to nothing";
  }
  EXPECT_EQ(contract::places_of(contract::quarantined(*log, 3)), rejects);
  const int64_t half = 1'000'000 + 100 * 1000;
  EXPECT_EQ(log->remove_quarantined_before(half).value(), 15u) << "those of batches 0, 7, … 98";
  EXPECT_EQ(log->quarantined_count(), rejects.size() - 15);
  EXPECT_EQ(contract::quarantined(*log, 1000).size(), rejects.size() - 15);
  const Appended next = contract::append(*log, test::numbered_events(0, 1));
  EXPECT_EQ(next.range.first, ends[static_cast<size_t>(next.partition)]);
}

// Rejects of what is still there stay, however old.
inline void check_rejects_stay_with_their_batch(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  contract::append(*log, test::rejects_only({{"why", "raw"}}));
  EXPECT_EQ(log->remove_quarantined_before(contract::any_time).value(), 0u);
  EXPECT_EQ(log->quarantined_count(), 1u);
}

// Bulk files go with the last record that names them.
inline void check_bulk_files_go(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  auto& files = io::local_file_system();
  std::map<model::Partition, std::vector<std::pair<std::string, model::OffsetRange>>> named;
  for (int i = 0; i < 60; ++i) {
    clock.now += 1000;
    const std::string name = fmt::format("{}.parquet", i / 20);
    const Appended appended = contract::append(*log, contract::bulk(name, 3));
    named[appended.partition].emplace_back(name, appended.range);
    const io::Path folder = test.bulk_folder(appended.partition);
    ASSERT_TRUE(files.create_folders(folder));
    ASSERT_TRUE(files.write_atomically(folder / name, "rows"));
  }
  for (const auto& [partition, records] : named) {
    for (const model::Offset until : {records.back().second.end / 2, records.back().second.end}) {
      ASSERT_TRUE(log->remove_before(partition, until, contract::any_time));
      const model::Offset first = log->first_offset(partition);
      std::set<std::string> wanted;
      for (const auto& [name, range] : records) {
        if (range.end > first) wanted.insert(name);
      }
      std::set<std::string> there;
      const auto entries = files.list(test.bulk_folder(partition)).value();
      for (const auto& entry : entries) there.insert(entry.name);
      EXPECT_EQ(there, wanted) << "from offset " << first;
    }
  }
}

// A request with parts in several partitions is stored whole and once; its first part is where it is known.
inline void check_parts_are_one_request(const EventLogForTests& test) {
  ContractClock clock;
  const auto log = test.make(clock);
  const model::Partition partitions = log->partition_count();
  const auto request = [&](uint64_t sequence, uint32_t fingerprint) {
    std::vector<NewBatch> parts;
    for (model::Partition p = 0; p < partitions; ++p) {
      const bool is_empty = p == 0 && partitions > 1;
      parts.push_back(contract::of_producer(
          is_empty ? NewBatch{} : test::numbered_events(static_cast<int64_t>(sequence) * 10 + p, 1), "p",
          sequence, fingerprint));
      parts.back().partition = p;
    }
    return parts;
  };
  const auto send = [&](std::vector<NewBatch> parts) {
    auto promise = std::make_shared<std::promise<Result<std::vector<Appended>>>>();
    auto outcome = promise->get_future();
    log->append_parts(std::move(parts),
                      [promise](auto appended) { promise->set_value(std::move(appended)); });
    return outcome.get();
  };
  const auto places = [](const std::vector<Appended>& appended) {
    std::map<model::Partition, std::pair<model::Offset, model::Offset>> places;
    for (const Appended& part : appended) {
      if (part.range.size() > 0) places[part.partition] = {part.range.first, part.range.end};
    }
    return places;
  };
  const auto first = send(request(0, 1));
  ASSERT_TRUE(first) << first.error().describe();
  EXPECT_TRUE(std::ranges::is_sorted(*first, {}, &Appended::partition));
  if (partitions > 1) {  // the home is the first part, whatever its number
    std::vector<NewBatch> parts = request(0, 1);
    std::swap(parts.front(), parts.back());
    for (NewBatch& part : parts) part.producer->id = "q";
    const auto swapped = send(parts);
    ASSERT_TRUE(swapped) << swapped.error().describe();
    EXPECT_TRUE(std::ranges::is_sorted(*swapped, {}, &Appended::partition));
    EXPECT_EQ(log->partition_of(Producer{"q", 9, 0}), partitions - 1);
    const auto repeated = send(parts);
    ASSERT_TRUE(repeated) << repeated.error().describe();
    EXPECT_EQ(places(*repeated), places(*swapped));
    EXPECT_TRUE(std::ranges::is_sorted(*repeated, {}, &Appended::partition));
  }
  ASSERT_TRUE(send(request(1, 1)));
  const auto before = log->durable_offsets();
  const auto again = send(request(0, 1));
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_TRUE(again->front().is_repeat);
  EXPECT_EQ(places(*again), places(*first));
  EXPECT_EQ(send(request(3, 1)).error().code, Code::conflict) << "a gap";
  EXPECT_EQ(send(request(1, 2)).error().code, Code::conflict) << "another content";
  EXPECT_EQ(log->durable_offsets(), before);
  EXPECT_EQ(log->next_sequence("p", std::nullopt), 2u);
  EXPECT_EQ(log->partition_of(Producer{"p", 9, 0}), 0);
  EXPECT_EQ(log->partition_of(Producer{"stranger", 0, 0}), std::nullopt);
  std::vector<NewBatch> nowhere = request(2, 1);
  nowhere.back().partition = partitions;
  EXPECT_EQ(send(std::move(nowhere)).error().code, Code::not_found);
  std::vector<NewBatch> twice = request(2, 1);
  twice.push_back(twice.back());
  EXPECT_EQ(send(std::move(twice)).error().code, Code::bad_input);
  EXPECT_EQ(send({}).error().code, Code::bad_input);
  EXPECT_EQ(log->durable_offsets(), before);
}

inline void check_event_log_contract(const EventLogForTests& test) {
  check_parts_are_one_request(test);
  check_offsets_are_dense(test);
  check_reads_keep_their_bounds(test);
  check_each_is_answered_once(test);
  check_what_is_refused(test);
  check_times_never_go_back(test);
  check_rejects_are_listed(test);
  check_repeats_are_known(test);
  check_numbers_are_of_each_partition(test);
  check_bulk_batches_are_found(test);
  check_the_front_goes(test);
  check_rejects_stay_with_their_batch(test);
  check_bulk_files_go(test);
}

}  // namespace anabranch::log
