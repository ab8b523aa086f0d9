// What a start makes of the files that a crash, a bad disk or a person left.

#include "log/recovery.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/segmented_log.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_batches.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

using test::numbered_events;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Recovery : public ::testing::Test {
 protected:
  Recovery() { EXPECT_TRUE(files_.create_folders(partition_)); }

  Result<std::unique_ptr<SegmentedLog>> open(SegmentedLog::Options options = {}) {
    return SegmentedLog::open(files_, io::system_clock(), folder_ / "flights", options);
  }
  Error open_error() {
    auto opened = open();
    if (opened) {
      ADD_FAILURE() << "it opened";
      return {};
    }
    EXPECT_FALSE(opened.error().hint.empty());
    return opened.error();
  }
  /// Writes batches of two events, each its own group; gives the position behind each. No mark: as after a
  /// kill.
  std::vector<uint64_t> write_groups(int groups) {
    auto log = open().value();
    std::vector<uint64_t> ends;
    for (int i = 0; i < groups; ++i) {
      EXPECT_TRUE(log->append_and_wait(numbered_events(2 * i, 2)));
      ends.push_back(log->bytes_on_disk());
    }
    const std::string bytes = bytes_of(0);
    log.reset();
    put(0, bytes);
    return ends;
  }
  /// Three segments of one batch each.
  void write_segments() {
    SegmentedLog::Options options;
    options.segment_bytes = 1;
    auto log = open(options).value();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(log->append_and_wait(numbered_events(2 * i, 2)));
  }
  io::Path path(model::Offset base_offset) { return partition_ / segment_name(base_offset); }
  std::string bytes_of(model::Offset base_offset) { return files_.read_file(path(base_offset)).value(); }
  void put(model::Offset base_offset, const std::string& bytes) {
    ASSERT_TRUE(files_.write_atomically(path(base_offset), bytes));
  }
  void flip(model::Offset base_offset, size_t at) {
    std::string bytes = bytes_of(base_offset);
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 0x20);
    put(base_offset, bytes);
  }

  test::TemporaryFolder folder_;
  test::FaultyFileSystem files_{io::local_file_system(), 1};  // without faults: it spares the disk the syncs
  const io::Path partition_ = folder_ / "flights" / "0";
};

TEST_F(Recovery, TornTailIsCutAtEveryByteAndAppendsGoOn) {
  const auto ends = write_groups(3);
  const std::string whole = bytes_of(0);
  ASSERT_EQ(whole.size(), ends[2]);
  for (uint64_t size = ends[1]; size <= ends[2]; ++size) {
    for (const bool has_zeros : {false, true}) {  // a file may also keep its length and lose its bytes
      SCOPED_TRACE(fmt::format("{} bytes, zeros {}", size, has_zeros));
      std::string torn = whole.substr(0, size);
      if (has_zeros) torn.resize(whole.size(), '\0');
      if (has_zeros && torn == whole) continue;
      put(0, torn);
      const bool is_whole = size == ends[2];
      {
        auto log = open();
        ASSERT_TRUE(log) << log.error().describe();
        EXPECT_THAT((*log)->durable_offsets(), ElementsAre(is_whole ? 6 : 4));
        const bool is_cut = !is_whole && torn.size() > ends[1];
        ASSERT_EQ((*log)->torn_tails().size(), is_cut ? 1u : 0u);
        if (is_cut) {
          EXPECT_EQ((*log)->torn_tails()[0].position, ends[1]);
          EXPECT_EQ((*log)->torn_tails()[0].bytes, torn.size() - ends[1]);
        }
        ASSERT_TRUE((*log)->append_and_wait(numbered_events(100, 1)));
      }
      auto log = open();
      ASSERT_TRUE(log) << log.error().describe();
      EXPECT_THAT((*log)->durable_offsets(), ElementsAre(is_whole ? 7 : 5));
      EXPECT_EQ((*log)->read(0, 0, 100, SIZE_MAX)->size(), is_whole ? 4u : 3u);
    }
  }
}

TEST_F(Recovery, FlippedByteInAnEarlierBatchIsRefusedWithItsPlace) {
  const auto ends = write_groups(3);
  const std::string whole = bytes_of(0);
  for (uint64_t at = segment_header_bytes; at < ends[1]; ++at) {
    SCOPED_TRACE(at);
    put(0, whole);
    flip(0, at);
    const std::string before = bytes_of(0);
    const Error error = open_error();
    EXPECT_EQ(error.code, Code::corrupt);
    const uint64_t batch = at < ends[0] ? segment_header_bytes : ends[0];
    EXPECT_THAT(error.message,
                AllOf(HasSubstr(path(0).string()), HasSubstr(fmt::format("damaged at byte {}:", batch))));
    EXPECT_THAT(error.hint, AllOf(HasSubstr("backup"), HasSubstr(fmt::format("truncate -s {} ", batch))));
    EXPECT_EQ(bytes_of(0), before) << "nothing is changed";
  }
}

TEST_F(Recovery, MarkOfACleanCloseProtectsTheLastGroup) {
  {
    ASSERT_TRUE(open().value()->append_and_wait(numbered_events(0, 2)));
  }
  flip(0, segment_header_bytes + batch_header_bytes + 1);
  EXPECT_EQ(open_error().code, Code::corrupt);
}

TEST_F(Recovery, MarkIsWrittenOnceAndHoldsNothing) {
  {
    ASSERT_TRUE(open().value()->append_and_wait(numbered_events(0, 2)));
  }
  const uint64_t size = bytes_of(0).size();
  auto log = open().value();
  EXPECT_THAT(log->durable_offsets(), ElementsAre(2));
  EXPECT_EQ(log->read(0, 0, 100, SIZE_MAX)->size(), 1u);
  log.reset();
  EXPECT_EQ(bytes_of(0).size(), size);
}

// Batches of one group reach the disk in any order: a later one that survived proves nothing about an earlier
// one.
TEST_F(Recovery, HoleInsideTheLastGroupIsATornTail) {
  Segment segment(path(0), {0, 0, 0, 99});
  std::string bytes = encode_segment_header(segment.header);
  std::vector<size_t> begins;
  for (int i = 0; i < 3; ++i) {  // group one: batch 0; group two: batches 1 and 2
    const PreparedBatch prepared = prepare(numbered_events(i, 1)).value();
    BatchHeader header;
    header.body_crc = prepared.body_crc;
    header.body_bytes = header.payload_bytes = static_cast<uint32_t>(prepared.batch.payload.size());
    header.base_offset = i;
    header.count = 1;
    header.group_bytes_before = i == 2 ? static_cast<uint32_t>(bytes.size() - begins[1]) : 0;
    begins.push_back(bytes.size());
    put_batch_header(bytes, header, segment.header.salt);
    bytes += prepared.batch.payload;
  }
  for (size_t at = begins[1]; at < begins[2]; ++at) {
    put(0, bytes);
    flip(0, at);
    auto log = open();
    ASSERT_TRUE(log) << log.error().describe();
    EXPECT_THAT((*log)->durable_offsets(), ElementsAre(1));
  }
  put(0, bytes);
  flip(0, begins[0] + 1);
  EXPECT_EQ(open_error().code, Code::corrupt);
}

TEST_F(Recovery, BytesOfABatchInsideAnEventAreNoEvidence) {
  // The tail is torn inside a batch whose event holds the bytes of another log.
  write_groups(3);
  const std::string other = bytes_of(0);
  ASSERT_TRUE(files_.remove(path(0)));
  NewBatch batch;
  batch.count = 1;
  put_record(batch.payload, other);
  {
    ASSERT_TRUE(open().value()->append_and_wait(batch));
  }
  const std::string whole = bytes_of(0);
  put(0, whole.substr(0, whole.size() - batch_header_bytes - 1));  // the mark and one byte more
  auto log = open();
  ASSERT_TRUE(log) << log.error().describe();
  EXPECT_THAT((*log)->durable_offsets(), ElementsAre(0));
}

TEST_F(Recovery, DamageInASealedHeaderIsRefusedAtStart) {
  write_segments();
  flip(2, segment_header_bytes + 20);
  const Error error = open_error();
  EXPECT_EQ(error.code, Code::corrupt);
  EXPECT_THAT(error.message, AllOf(HasSubstr(path(2).string()), HasSubstr("byte 40")));
}

TEST_F(Recovery, DamageInASealedBodyIsFoundByTheReader) {
  write_segments();
  flip(2, segment_header_bytes + batch_header_bytes + 5);
  auto log = open().value();
  EXPECT_EQ(log->read(0, 0, 2, SIZE_MAX)->size(), 1u);
  const auto read = log->read(0, 0, 6, SIZE_MAX);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::corrupt);
  EXPECT_THAT(read.error().message, AllOf(HasSubstr(path(2).string()), HasSubstr("byte 40")));
  EXPECT_THAT(read.error().hint, HasSubstr("offsets 2 to 3"));
  EXPECT_EQ(log->read(0, 4, 6, SIZE_MAX)->size(), 1u) << "the others can be read";
}

TEST_F(Recovery, CutSealedSegmentIsRefused) {
  write_segments();
  const std::string whole = bytes_of(2);
  put(2, whole.substr(0, whole.size() - 1));
  EXPECT_THAT(open_error().message, AllOf(HasSubstr(path(2).string()), HasSubstr("ends inside a batch")));
  put(2, whole.substr(0, segment_header_bytes));
  EXPECT_THAT(open_error().message, HasSubstr("the events from offset 2 on are missing"));
}

TEST_F(Recovery, MissingSegmentIsRefused) {
  write_segments();
  ASSERT_TRUE(files_.remove(path(2)));
  const Error error = open_error();
  EXPECT_EQ(error.code, Code::corrupt);
  EXPECT_THAT(error.message, AllOf(HasSubstr(path(4).string()), HasSubstr("from offset 2 on are missing")));
}

TEST_F(Recovery, MissingFirstSegmentIsRefused) {
  write_segments();
  ASSERT_TRUE(files_.remove(path(0)));
  EXPECT_THAT(open_error().message, HasSubstr("from offset 0 on are missing"));
}

TEST_F(Recovery, OverlappingSegmentsAreRefused) {
  write_segments();
  put(3, encode_segment_header({0, 3, 0, 1}));
  EXPECT_THAT(open_error().message, AllOf(HasSubstr(path(3).string()), HasSubstr("overlap")));
}

TEST_F(Recovery, SegmentOfAnotherPlaceIsRefused) {
  write_segments();
  const std::string last = bytes_of(4);
  put(4, encode_segment_header({1, 4, 0, 1}) + "x");
  EXPECT_THAT(open_error().message, HasSubstr("belongs to partition 1"));
  put(4, encode_segment_header({0, 5, 0, 1}) + "x");
  EXPECT_THAT(open_error().message, HasSubstr("begins at offset 5"));
  put(4, encode_segment_header({0, 4, 7, 1}) + "x");
  EXPECT_THAT(open_error().message, HasSubstr("an earlier file was changed"));
}

TEST_F(Recovery, WrongMagicIsRefused) {
  write_segments();
  for (const model::Offset base : {0, 4}) {
    flip(base, 0);
    const Error error = open_error();
    EXPECT_EQ(error.code, Code::corrupt);
    EXPECT_THAT(error.message, AllOf(HasSubstr(path(base).string()), HasSubstr("not a log segment")));
    flip(base, 0);
  }
}

TEST_F(Recovery, UnknownVersionIsRefused) {
  write_segments();
  for (const model::Offset base : {0, 4}) {
    std::string bytes = bytes_of(base);
    bytes[8] = 2;
    const std::string kept = std::exchange(bytes, bytes_of(base));
    put(base, kept);
    const Error error = open_error();
    EXPECT_EQ(error.code, Code::refused);
    EXPECT_THAT(error.message, AllOf(HasSubstr(path(base).string()), HasSubstr("format version 2")));
    put(base, bytes);
  }
}

TEST_F(Recovery, APartitionWithoutTheOneBeforeItIsDamage) {
  write_segments();
  ASSERT_TRUE(files_.create_folders(folder_ / "flights" / "2"));
  EXPECT_EQ(open_error().code, Code::corrupt);
}

TEST_F(Recovery, OtherFilesBesideTheSegmentsAreLeftAlone) {
  write_segments();
  ASSERT_TRUE(files_.write_atomically(partition_ / "00000000000000000002.log.bak", "mine"));
  EXPECT_TRUE(open());
  ASSERT_TRUE(files_.write_atomically(partition_ / "2.log", "mine"));
  EXPECT_THAT(open_error().message, HasSubstr("2.log is not the name of a log segment"));
}

TEST_F(Recovery, SegmentThatWasBeingMadeIsMadeAgain) {
  write_segments();
  const std::string header = encode_segment_header({0, 6, 0, 1});
  for (size_t size = 0; size < segment_header_bytes; ++size) {
    for (const bool has_zeros : {false, true}) {
      std::string torn = header.substr(0, size);
      if (has_zeros) torn.resize(segment_header_bytes, '\0');
      put(6, torn);
      auto log = open();
      ASSERT_TRUE(log) << log.error().describe();
      EXPECT_THAT((*log)->durable_offsets(), ElementsAre(6));
      EXPECT_EQ((*log)->read(0, 0, 100, SIZE_MAX)->size(), 3u);
    }
  }
  EXPECT_TRUE(open().value()->append_and_wait(numbered_events(6, 1)));
  EXPECT_THAT(open().value()->durable_offsets(), ElementsAre(7));
}

}  // namespace
}  // namespace anabranch::log
