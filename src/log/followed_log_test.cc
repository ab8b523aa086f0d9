// A log that another one writes: the contract of all logs, and what is its own.

#include "log/followed_log.h"

#include <gmock/gmock.h>

#include "log/event_log_contract.h"
#include "log/segmented_log.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/read_only_files.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

using test::numbered_events;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr model::Offset all_events = INT64_MAX;
constexpr int64_t any_time = INT64_MAX;

FollowedLog::Writer writer_of(SegmentedLog& log) {
  return {"the server",
          [&](model::Partition partition, model::Offset end, int64_t before_us) {
            return log.remove_before(partition, end, before_us);
          },
          [&](int64_t before_us) { return log.remove_quarantined_before(before_us); },
          [&](const Producer& producer) { return log.partition_of(producer); },
          [&](std::string_view id, std::optional<model::Partition> chosen) {
            return log.next_sequence(id, chosen);
          }};
}

/// How far a follower's files may be read: as far as it was told.
class Told {
 public:
  LogExtent take(const SegmentedLog& log) {
    LogExtent extent = parse_log_extent(encode(log.extent())).value();
    Lock lock(mutex_);
    if (extent.partitions.size() > ends_.size()) ends_.resize(extent.partitions.size());
    for (size_t i = 0; i < extent.partitions.size(); ++i)
      ends_[i] = std::max(ends_[i], extent.partitions[i].end_position);
    return extent;
  }
  uint64_t end_of(const io::Path& partition) {
    Lock lock(mutex_);
    return ends_.at(std::stoul(partition.filename().string()));
  }

 private:
  Mutex mutex_;
  std::vector<uint64_t> ends_ GUARDED_BY(mutex_);
};

/// Appends go to the writer; everything else is asked of one that follows it, and is told before each answer.
class WriterAndFollower final : public EventLog {
 public:
  WriterAndFollower(std::unique_ptr<SegmentedLog> writer, const io::Path& folder, size_t tail_cache_bytes)
      : files_(io::local_file_system(),
               [this](const io::Path& partition) { return told_.end_of(partition); }),
        writer_(std::move(writer)),
        follower_(
            FollowedLog::open(files_, folder, writer_of(*writer_), told_.take(*writer_), {tail_cache_bytes})
                .value()) {}
  ~WriterAndFollower() override { writer_.reset(); }

  void append_parts(std::vector<NewBatch> parts, DoneParts done) override {
    writer_->append_parts(std::move(parts), [this, done = std::move(done)](auto appended) {
      tell();
      done(std::move(appended));
    });
  }
  void close() override {
    writer_->close();
    tell();
    follower_->close();
  }
  model::Partition partition_count() const override { return follower_->partition_count(); }
  std::vector<model::Offset> durable_offsets() const override { return follower_->durable_offsets(); }
  model::Offset first_offset(model::Partition p) const override { return follower_->first_offset(p); }
  Result<std::vector<BatchPtr>> read(model::Partition p, model::Offset from, model::Offset end,
                                     size_t bytes_max) const override {
    return follower_->read(p, from, end, bytes_max);
  }
  Result<std::vector<BatchPtr>> bulk_batches(model::Partition p, model::Offset from,
                                             model::Offset end) const override {
    return follower_->bulk_batches(p, from, end);
  }
  void on_durable(std::function<void()> listener) override { follower_->on_durable(std::move(listener)); }
  std::optional<model::Partition> partition_of(const Producer& producer) const override {
    return follower_->partition_of(producer);
  }
  uint64_t next_sequence(std::string_view id, std::optional<model::Partition> chosen) const override {
    return follower_->next_sequence(id, chosen);
  }
  uint64_t quarantined_count() const override { return follower_->quarantined_count(); }
  Result<std::vector<QuarantineEntry>> quarantine(const std::optional<QuarantinePosition>& after,
                                                  size_t limit) const override {
    return follower_->quarantine(after, limit);
  }
  Result<Removed> remove_before(model::Partition p, model::Offset end, int64_t before_us) override {
    return follower_->remove_before(p, end, before_us);
  }
  Result<uint64_t> remove_quarantined_before(int64_t before_us) override {
    return follower_->remove_quarantined_before(before_us);
  }
  uint64_t bytes_on_disk() const override { return follower_->bytes_on_disk(); }

 private:
  void tell() {
    const Status advanced = follower_->advance(told_.take(*writer_));
    EXPECT_TRUE(advanced) << advanced.error().describe();
  }

  Told told_;
  test::ReadOnlyFiles files_;
  std::unique_ptr<SegmentedLog> writer_;
  std::unique_ptr<FollowedLog> follower_;
};

class FollowedLogContract : public ::testing::TestWithParam<std::pair<model::Partition, size_t>> {};

TEST_P(FollowedLogContract, IsKeptBesideTheWriter) {
  const test::TemporaryFolder folder;
  io::Path newest;
  int logs = 0;
  check_event_log_contract(
      {[&](ContractClock& clock) -> std::unique_ptr<EventLog> {
         SegmentedLog::Options options;
         options.partitions = GetParam().first;
         options.segment_bytes = 2000;
         options.batch_bytes_max = 1 << 20;
         newest = folder / std::to_string(logs++);
         return std::make_unique<WriterAndFollower>(
             SegmentedLog::open(io::local_file_system(), clock, newest, options).value(), newest,
             GetParam().second);
       },
       [&](model::Partition partition) { return newest / std::to_string(partition) / "bulk"; }});
}

INSTANTIATE_TEST_SUITE_P(PartitionsAndCaches, FollowedLogContract,
                         ::testing::Values(std::pair(1, 16 << 20), std::pair(1, 0), std::pair(3, 1500)));

class AFollowedLog : public ::testing::Test {
 protected:
  AFollowedLog() { options_.segment_bytes = 400; }

  void write() {
    writer_.reset();
    writer_ = SegmentedLog::open(faulty_, clock_, folder_ / "s", options_).value();
  }
  Result<std::unique_ptr<FollowedLog>> follow(const LogExtent& told) {
    return FollowedLog::open(files_, folder_ / "s", writer_of(*writer_), told, {cache_bytes_});
  }
  LogExtent told() { return told_.take(*writer_); }
  /// Two events.
  void append(model::Partition partition = 0) {
    clock_.now += 1000;
    NewBatch batch = numbered_events(next_, 2, 40);
    batch.partition = partition;
    batch.rejects.push_back({"why", std::to_string(next_)});
    ASSERT_TRUE(writer_->append_and_wait(std::move(batch)));
    next_ += 2;
  }
  /// Both say the same of the same events.
  void expect_same(FollowedLog& followed) {
    ASSERT_EQ(followed.durable_offsets(), writer_->durable_offsets());
    EXPECT_EQ(followed.bytes_on_disk(), writer_->bytes_on_disk());
    EXPECT_EQ(followed.quarantined_count(), writer_->quarantined_count());
    EXPECT_EQ(contract::places_of(contract::quarantined(followed, 3)),
              contract::places_of(contract::quarantined(*writer_, 3)));
    for (model::Partition p = 0; p < writer_->partition_count(); ++p) {
      EXPECT_EQ(followed.first_offset(p), writer_->first_offset(p));
      EXPECT_EQ(contract::events_of(followed, p, followed.first_offset(p)),
                contract::events_of(*writer_, p, writer_->first_offset(p)));
    }
  }
  io::Path segment(model::Offset base_offset) const {
    return folder_ / "s" / "0" / segment_name(base_offset);
  }
  void flip(const io::Path& path, uint64_t at) {
    std::string bytes = io::local_file_system().read_file(path).value();
    bytes.at(at) ^= 1;
    ASSERT_TRUE(io::local_file_system().write_atomically(path, bytes));
  }

  test::TemporaryFolder folder_;
  ContractClock clock_;
  test::FaultyFileSystem faulty_{io::local_file_system(), 1};
  SegmentedLog::Options options_;
  Told told_;
  test::ReadOnlyFiles files_{io::local_file_system(),
                             [this](const io::Path& partition) { return told_.end_of(partition); }};
  size_t cache_bytes_ = 0;
  std::unique_ptr<SegmentedLog> writer_;
  int64_t next_ = 0;
};

TEST_F(AFollowedLog, TakesNoEvents) {
  write();
  const auto followed = follow(told()).value();
  const auto refused = followed->append_and_wait(numbered_events(0, 1));
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("written by the server"));
  EXPECT_THAT(writer_->durable_offsets(), ElementsAre(0));
}

TEST_F(AFollowedLog, ReachesAsFarAsItWasTold) {
  write();
  LogExtent before;
  for (int i = 0; i < 20; ++i) {
    if (i == 7) before = told();
    append();
  }
  const auto followed = follow(before).value();
  EXPECT_THAT(followed->durable_offsets(), ElementsAre(14));
  EXPECT_EQ(contract::events_of(*followed, 0, 0).size(), 14u);
  EXPECT_TRUE(followed->read(0, 14, all_events, SIZE_MAX).value().empty());
  EXPECT_EQ(followed->quarantined_count(), 7u);
  int heard = 0;
  followed->on_durable([&] { ++heard; });
  const LogExtent now = told();
  ASSERT_TRUE(followed->advance(now));
  expect_same(*followed);
  EXPECT_EQ(heard, 1);
  ASSERT_TRUE(followed->advance(before)) << "an older one changes nothing";
  ASSERT_TRUE(followed->advance(now));
  expect_same(*followed);
  EXPECT_EQ(heard, 1) << "nothing came";
}

TEST_F(AFollowedLog, BeginsBeforeItsWriter) {
  const FollowedLog::Writer nobody{
      "the server", [](auto...) { return Result<Removed>(fail(Code::unavailable, "not yet")); },
      [](auto) { return Result<uint64_t>(fail(Code::unavailable, "not yet")); },
      [](const auto&) { return std::nullopt; }, [](auto, auto) { return 0; }};
  const auto followed = FollowedLog::open(files_, folder_ / "s", nobody, {}, {}).value();
  EXPECT_EQ(followed->partition_count(), 0);
  EXPECT_TRUE(followed->durable_offsets().empty());
  EXPECT_EQ(followed->read(0, 0, 1, 1).error().code, Code::not_found);
  write();
  append();
  ASSERT_TRUE(followed->advance(told()));
  expect_same(*followed);
}

TEST_F(AFollowedLog, GoesOnWithTheNextWriter) {
  write();
  append();
  const auto followed = follow(told()).value();
  for (int life = 0; life < 4; ++life) {
    options_.partitions = life + 1;
    if (life % 2 == 0) writer_->close();  // leaves a mark
    write();
    for (model::Partition p = 0; p < options_.partitions; ++p) append(p);
    ASSERT_TRUE(followed->advance(told()));
    EXPECT_EQ(followed->partition_count(), options_.partitions);
    expect_same(*followed);
  }
}

TEST_F(AFollowedLog, DoesNotSeeWritesThatWereUndone) {
  options_.segment_bytes = 100'000;
  write();
  append();
  const auto followed = follow(told()).value();
  for (const bool can_undo : {true, false}) {
    faulty_.set_space(50);
    faulty_.fail_truncates(!can_undo);
    ASSERT_FALSE(writer_->append_and_wait(numbered_events(1000, 3)));
    faulty_.set_space(std::nullopt);
    ASSERT_TRUE(followed->advance(told()));
    expect_same(*followed);
    if (can_undo) append();
  }
  faulty_.fail_truncates(false);
  write();
  append();
  ASSERT_TRUE(followed->advance(told()));
  expect_same(*followed);
  EXPECT_THAT(followed->durable_offsets(), ElementsAre(6));
}

TEST_F(AFollowedLog, NoticesWhatWasRemoved) {
  write();
  for (int i = 0; i < 10; ++i) append();
  const auto followed = follow(told()).value();
  ASSERT_TRUE(writer_->remove_before(0, 8, any_time));
  ASSERT_GT(writer_->first_offset(0), 0);
  ASSERT_TRUE(followed->advance(told()));
  expect_same(*followed);
  EXPECT_EQ(followed->read(0, 0, all_events, 1).error().code, Code::not_found);
  EXPECT_EQ(writer_->remove_quarantined_before(clock_.now - 7500).value(), 2u);
  ASSERT_TRUE(followed->advance(told()));
  expect_same(*followed);
}

TEST_F(AFollowedLog, NoticesRemovalsThatItWasNotToldOf) {
  write();
  for (int i = 0; i < 10; ++i) append();
  const auto followed = follow(told()).value();
  ASSERT_TRUE(writer_->remove_before(0, 8, any_time));
  const model::Offset first = writer_->first_offset(0);
  EXPECT_EQ(followed->first_offset(0), 0);
  EXPECT_EQ(contract::quarantined(*followed, 3).size(), 10u) << "they lie elsewhere now";
  EXPECT_EQ(followed->first_offset(0), first);
  ASSERT_TRUE(writer_->remove_before(0, 12, any_time));
  ASSERT_GT(writer_->first_offset(0), first);
  const auto gone = followed->read(0, first, all_events, 1);
  EXPECT_EQ(gone.error().code, Code::not_found) << gone.error().describe();
  EXPECT_EQ(followed->first_offset(0), writer_->first_offset(0));
  expect_same(*followed);
}

TEST_F(AFollowedLog, CatchesUpBehindTheFront) {
  write();
  append();
  const auto followed = follow(told()).value();
  LogExtent meanwhile;
  for (int i = 0; i < 20; ++i) {
    append();
    if (i == 6) meanwhile = told();
  }
  ASSERT_TRUE(writer_->remove_before(0, 24, any_time));
  ASSERT_GT(writer_->first_offset(0), meanwhile.partitions[0].end_offset);
  EXPECT_EQ(followed->read(0, 0, all_events, 1).error().code, Code::not_found);
  ASSERT_TRUE(followed->advance(meanwhile)) << "of which nothing is left";
  EXPECT_EQ(followed->read(0, 4, all_events, 1).error().code, Code::not_found);
  ASSERT_TRUE(followed->advance(told()));
  expect_same(*followed);
  ASSERT_TRUE(writer_->remove_before(0, all_events, any_time));
  ASSERT_TRUE(followed->advance(told()));
  expect_same(*followed);
  append();
  cache_bytes_ = 10'000;
  const auto another = follow(told()).value();
  expect_same(*another);
}

TEST_F(AFollowedLog, SaysWhatIsDamaged) {
  write();
  for (int i = 0; i < 12; ++i) append();
  cache_bytes_ = 1 << 20;
  const LogExtent extent = told();
  flip(segment(0), segment_header_bytes + batch_header_bytes + 10);
  const auto followed = follow(extent).value();
  const auto read = followed->read(0, 0, all_events, SIZE_MAX);
  EXPECT_EQ(read.error().code, Code::corrupt) << "a body, when it is read";
  EXPECT_THAT(read.error().message, HasSubstr(segment(0).string()));
  EXPECT_TRUE(followed->read(0, 2, all_events, SIZE_MAX)) << "the others can be";
  flip(segment(0), segment_header_bytes + 20);
  const auto refused = follow(extent);
  ASSERT_FALSE(refused) << "a header, at once";
  EXPECT_EQ(refused.error().code, Code::corrupt);
  EXPECT_THAT(refused.error().message, HasSubstr(segment(0).string()));
  EXPECT_FALSE(refused.error().hint.empty());
}

TEST_F(AFollowedLog, RefusesAnotherLogInItsPlace) {
  write();
  for (int i = 0; i < 12; ++i) append();
  const auto followed = follow(told()).value();
  writer_.reset();
  std::filesystem::remove_all(folder_ / "s");
  write();
  append();
  const Status shorter = followed->advance(told());
  EXPECT_EQ(shorter.error().code, Code::corrupt);
  EXPECT_FALSE(shorter.error().hint.empty());
  EXPECT_FALSE(followed->advance(told())) << "as long as it is so";
  for (int i = 0; i < 20; ++i) append();
  const Status longer = followed->advance(told());
  EXPECT_EQ(longer.error().code, Code::corrupt) << longer.error().describe();
}

}  // namespace
}  // namespace anabranch::log
