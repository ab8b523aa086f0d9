// Law L1 over several partitions: a request with parts in many of them is stored once, all of it or nothing
// that was acknowledged, through crashes, full disks and repeats, by seed.

#include <cstdlib>
#include <future>
#include <map>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "log/segmented_log.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_batches.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

constexpr model::Partition partitions = 3;

using Answer = std::map<model::Partition, model::OffsetRange>;  // of parts that have events

Result<std::vector<Appended>> append_and_wait(SegmentedLog& log, std::vector<NewBatch> parts) {
  auto promise = std::make_shared<std::promise<Result<std::vector<Appended>>>>();
  auto outcome = promise->get_future();
  log.append_parts(std::move(parts), [promise](auto appended) { promise->set_value(std::move(appended)); });
  return outcome.get();
}

Answer answer_of(const std::vector<Appended>& appended) {
  Answer answer;
  for (const Appended& part : appended) {
    if (part.range.size() > 0) answer[part.partition] = part.range;
  }
  return answer;
}

/// One that sends request after request, each until it is acknowledged, and now and then an old one again.
class Sender {
 public:
  Sender(int number, bool has_keys) : number_(number), has_keys_(has_keys) {}

  void run(SegmentedLog& log, std::mt19937_64& random, int requests) {
    for (int i = 0; i < requests; ++i) {
      const uint64_t next = answers_.size();
      const uint64_t known = std::min<uint64_t>(next, ProducerTable::answers_a_producer - 1);
      const bool is_repeat = known > 0 && random() % 4 == 0;
      const uint64_t number = is_repeat ? next - 1 - random() % known : next;
      const auto appended = append_and_wait(log, request(number));
      if (!appended) {
        const Code code = appended.error().code;
        EXPECT_TRUE(code == Code::disk_full || code == Code::unavailable || code == Code::unknown_outcome ||
                    code == Code::retry)
            << appended.error().describe();
      } else if (is_repeat) {
        EXPECT_TRUE(appended->front().is_repeat);
        EXPECT_EQ(answer_of(*appended), answers_[number]) << "request " << number << " of " << number_;
      } else {
        answers_.push_back(answer_of(*appended));
        EXPECT_EQ(answers_.back().size(), parts_with_events(number));
      }
    }
  }

  /// Each part of an acknowledged request is where its answer says.
  void check(const std::map<std::string, Answer>& found) const {
    for (uint64_t number = 0; number < answers_.size(); ++number) {
      for (const NewBatch& part : request(number)) {
        if (part.count == 0) continue;
        const auto places = found.find(part.payload);
        ASSERT_TRUE(places != found.end()) << "request " << number << " of sender " << number_ << " is lost";
        ASSERT_TRUE(places->second.contains(part.partition));
        ASSERT_EQ(places->second.at(part.partition), answers_[number].at(part.partition));
      }
    }
  }

 private:
  bool is_in(uint64_t number, model::Partition partition) const {
    return ((number + static_cast<uint64_t>(number_)) * 5 >> partition) % 2 == 1 || partition == 1;
  }
  size_t parts_with_events(uint64_t number) const {
    size_t parts = 0;
    for (model::Partition p = 0; p < partitions; ++p) parts += is_in(number, p) ? 1 : 0;
    return parts;
  }

  /// A part in partition 0 always, perhaps without events; and others.
  std::vector<NewBatch> request(uint64_t number) const {
    std::vector<NewBatch> parts;
    for (model::Partition p = 0; p < partitions; ++p) {
      if (!is_in(number, p) && p > 0) continue;
      NewBatch part;
      if (is_in(number, p)) {
        part = test::numbered_events(number_ * 1'000'000 + static_cast<int64_t>(number) * 100 + p * 10,
                                     static_cast<uint32_t>(1 + number % 3));
      }
      part.partition = p;
      part.producer =
          Producer{has_keys_ ? fmt::format("key {} of {}", number, number_) : fmt::to_string(number_),
                   std::nullopt, static_cast<uint32_t>(number)};
      if (!has_keys_) part.producer->sequence = number;
      parts.push_back(std::move(part));
    }
    return parts;
  }

  const int number_;
  const bool has_keys_;
  std::vector<Answer> answers_;  // by number
};

class Lives {
 public:
  explicit Lives(uint64_t seed) : random_(seed), files_(io::local_file_system(), seed) {
    options_.segment_bytes = 300 + random_() % 2000;
    options_.group_bytes_max = 100 + random_() % 2000;
    options_.partitions = partitions;
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
    if (random_() % 3 == 0) ++options_.partitions;  // takes none of what goes by key here
  }

  void check_in_peace() {
    files_.restart();
    files_.fail_sync_after(std::nullopt);
    auto log = SegmentedLog::open(files_, io::system_clock(), folder_ / "s", options_);
    ASSERT_TRUE(log) << log.error().describe();
    ASSERT_EQ((*log)->partition_count(), options_.partitions);
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
    std::map<std::string, Answer> found;
    const auto ends = log.durable_offsets();
    for (model::Partition p = 0; p < log.partition_count(); ++p) {
      const model::Offset end = ends[static_cast<size_t>(p)];
      for (model::Offset next = 0; next < end;) {
        const auto batches = log.read(p, next, end, 1 << 20);
        ASSERT_TRUE(batches) << batches.error().describe();
        for (const BatchPtr& batch : *batches) {
          ASSERT_EQ(batch->partition, p);
          Answer& places = found[*batch->payload];
          ASSERT_TRUE(places.empty()) << "stored twice";
          places[p] = {batch->base_offset, batch->end_offset()};
          next = batch->end_offset();
        }
      }
    }
    for (const Sender& sender : senders_) ASSERT_NO_FATAL_FAILURE(sender.check(found));
  }

  std::mt19937_64 random_;
  test::FaultyFileSystem files_;
  test::TemporaryFolder folder_;
  SegmentedLog::Options options_;
  std::vector<Sender> senders_;
};

TEST(Partitions, OfOneRequestAreStoredOnceWhateverHappens) {
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

class PartitionsTest : public ::testing::Test {
 protected:
  std::unique_ptr<SegmentedLog> open(model::Partition count) {
    SegmentedLog::Options options;
    options.partitions = count;
    auto log = SegmentedLog::open(files_, io::system_clock(), folder_ / "s", options);
    EXPECT_TRUE(log) << log.error().describe();
    return log ? std::move(*log) : nullptr;
  }
  static NewBatch part(model::Partition partition, int64_t number, std::optional<uint64_t> sequence) {
    NewBatch made = number < 0 ? NewBatch{} : test::numbered_events(number, 1);
    made.partition = partition;
    if (sequence) made.producer = Producer{"p", *sequence, 5};
    return made;
  }
  test::FaultyFileSystem files_{io::local_file_system(), 1};
  test::TemporaryFolder folder_;
};

// What a crash left of a request before it was whole is found when it is sent again.
TEST_F(PartitionsTest, ThatWereStoredBeforeTheHomeFailedAreNotStoredAgain) {
  auto log = open(2);
  ASSERT_TRUE(append_and_wait(*log, {part(0, 1, 0), part(1, 2, 0)}));
  files_.fail_sync_after(1);  // the first is that of the other part
  const auto failed = append_and_wait(*log, {part(0, 3, 1), part(1, 4, 1)});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::unknown_outcome);
  log.reset();
  files_.restart();
  log = open(2);
  const auto again = append_and_wait(*log, {part(0, 3, 1), part(1, 4, 1)});
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(log->durable_offsets(), (std::vector<model::Offset>{2, 2}));
  const auto repeat = append_and_wait(*log, {part(0, 3, 1), part(1, 4, 1)});
  ASSERT_TRUE(repeat);
  EXPECT_EQ(answer_of(*repeat), answer_of(*again));
  EXPECT_TRUE(repeat->front().is_repeat);
}

TEST_F(PartitionsTest, AreNeverFewerAndMayBeMore) {
  auto log = open(3);
  ASSERT_TRUE(append_and_wait(*log, {part(2, 1, std::nullopt)}));
  log.reset();
  log = open(1);
  EXPECT_EQ(log->partition_count(), 3);
  EXPECT_EQ(log->durable_offsets(), (std::vector<model::Offset>{0, 0, 1}));
  log.reset();
  log = open(5);
  EXPECT_EQ(log->durable_offsets(), (std::vector<model::Offset>{0, 0, 1, 0, 0}));
}

TEST_F(PartitionsTest, OfWhichOneIsMissingAreNoLog) {
  open(3).reset();
  ASSERT_TRUE(io::local_file_system().remove_all(folder_ / "s" / "1"));
  const auto log = SegmentedLog::open(files_, io::system_clock(), folder_ / "s", {});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, Code::corrupt);
  EXPECT_NE(log.error().message.find("of partitions 0 to 2 only 2 are there"), std::string::npos)
      << log.error().message;
}

TEST_F(PartitionsTest, ThatThereAreNotOrComeTwiceAreRefused) {
  auto log = open(2);
  EXPECT_EQ(append_and_wait(*log, {part(2, 1, std::nullopt)}).error().code, Code::not_found);
  EXPECT_EQ(append_and_wait(*log, {part(-1, 1, std::nullopt)}).error().code, Code::not_found);
  EXPECT_EQ(append_and_wait(*log, {part(1, 1, std::nullopt), part(1, 2, std::nullopt)}).error().code,
            Code::bad_input);
  EXPECT_EQ(append_and_wait(*log, {part(0, 1, 0), part(1, 2, 1)}).error().code, Code::bad_input);
  EXPECT_EQ(append_and_wait(*log, {}).error().code, Code::bad_input);
  EXPECT_EQ(log->durable_offsets(), (std::vector<model::Offset>{0, 0}));
}

// A gap is one of the request, wherever its events go; none of it is stored.
TEST_F(PartitionsTest, OfARequestOutOfTurnAreNotStored) {
  auto log = open(2);
  ASSERT_TRUE(append_and_wait(*log, {part(0, -1, 0), part(1, 1, 0)}));
  const auto gap = append_and_wait(*log, {part(0, -1, 2), part(1, 2, 2)});
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, Code::conflict);
  EXPECT_EQ(log->durable_offsets(), (std::vector<model::Offset>{0, 1}));
  EXPECT_EQ(log->next_sequence("p", std::nullopt), 1u);
  ASSERT_TRUE(append_and_wait(*log, {part(0, -1, 1), part(1, 2, 1)}));
  EXPECT_EQ(log->durable_offsets(), (std::vector<model::Offset>{0, 2}));
}

// A repeat that comes in one group with the first must not be taken for stored when that fails.
TEST_F(PartitionsTest, OfARepeatBesideOneThatFailsAreNotLost) {
  auto log = open(2);
  const auto request = [] {
    NewBatch large = test::numbered_events(7, 1, 2000);
    large.partition = 1;
    large.producer = Producer{"p", 0, 5};
    return std::vector<NewBatch>{part(0, -1, 0), std::move(large)};
  };
  std::vector<std::future<Result<std::vector<Appended>>>> outcomes;
  std::promise<void> queued;
  // Both are queued while the log's thread answers another one, so that they are its next group.
  log->append(part(0, 1, std::nullopt), [&](Result<Appended>) {
    files_.set_space(1000);
    for (int i = 0; i < 2; ++i) {
      auto promise = std::make_shared<std::promise<Result<std::vector<Appended>>>>();
      outcomes.push_back(promise->get_future());
      log->append_parts(request(), [promise](auto appended) { promise->set_value(std::move(appended)); });
    }
    queued.set_value();
  });
  queued.get_future().get();
  for (auto& outcome : outcomes) {
    const auto appended = outcome.get();
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().code, Code::disk_full) << appended.error().describe();
  }
  files_.set_space(std::nullopt);
  const auto again = append_and_wait(*log, request());
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_FALSE(again->front().is_repeat);
  EXPECT_EQ(log->durable_offsets(), (std::vector<model::Offset>{1, 1}));
}

// Repeats that come while the first is on its way are one group with it.
TEST_F(PartitionsTest, OfRepeatsInOneGroupAreStoredOnce) {
  auto log = open(3);
  std::vector<std::future<Result<std::vector<Appended>>>> outcomes;
  for (int i = 0; i < 60; ++i) {
    auto promise = std::make_shared<std::promise<Result<std::vector<Appended>>>>();
    outcomes.push_back(promise->get_future());
    const auto sequence = static_cast<uint64_t>(i / 3);
    log->append_parts({part(0, -1, sequence), part(1, i / 3, sequence), part(2, 100 + i / 3, sequence)},
                      [promise](auto appended) { promise->set_value(std::move(appended)); });
  }
  std::vector<Answer> answers;
  for (auto& outcome : outcomes) {
    const auto appended = outcome.get();
    ASSERT_TRUE(appended) << appended.error().describe();
    answers.push_back(answer_of(*appended));
    EXPECT_EQ(answers.back().size(), 2u);
  }
  for (size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], answers[i / 3 * 3]) << i;
  EXPECT_EQ(log->durable_offsets(), (std::vector<model::Offset>{0, 20, 20}));
}

}  // namespace
}  // namespace anabranch::log
