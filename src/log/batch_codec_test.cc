#include "log/batch_codec.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/segment.h"
#include "tests/support/log_batches.h"

namespace anabranch::log {
namespace {

using test::numbered_events;
using ::testing::HasSubstr;

constexpr uint32_t salt = 0x01020304;

// The whole batch as the log writes it.
std::string encode(NewBatch batch, model::Offset base_offset, int64_t ingested_at_us) {
  PreparedBatch prepared = prepare(std::move(batch)).value();
  BatchHeader header;
  header.body_crc = prepared.body_crc;
  header.body_bytes = static_cast<uint32_t>(prepared.bytes() - batch_header_bytes);
  header.base_offset = base_offset;
  header.count = prepared.batch.count;
  header.schema_version = prepared.batch.schema_version;
  header.ingested_at_us = ingested_at_us;
  header.payload_bytes = static_cast<uint32_t>(prepared.batch.payload.size());
  header.reject_count = static_cast<uint32_t>(prepared.batch.rejects.size());
  header.encoding = prepared.batch.encoding;
  std::string bytes;
  put_batch_header(bytes, header, salt);
  return bytes + prepared.batch.payload + prepared.rejects;
}

Result<Batch> decode(std::string_view bytes) {
  const BatchHeader header = TRY(parse_batch_header(bytes, salt));
  return parse_batch(0, header, bytes.substr(batch_header_bytes));
}

// As `xxd` prints it.
std::string hex_dump(std::string_view bytes) {
  std::string dump;
  for (size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view line = bytes.substr(at, 16);
    std::string hex;
    std::string text;
    for (size_t i = 0; i < 16; ++i) {
      const auto byte = static_cast<unsigned char>(i < line.size() ? line[i] : ' ');
      hex += i < line.size() ? fmt::format("{:02x}", byte) : "  ";
      if (i % 2 == 1) hex += ' ';
      if (i < line.size()) text += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    dump += fmt::format("{:08x}: {} {}\n", at, hex, text);
  }
  return dump;
}

TEST(Records, SplitIntoWhatWasPut) {
  std::string payload;
  put_record(payload, "one");
  put_record(payload, "");
  put_record(payload, std::string("a\0b", 3));
  EXPECT_THAT(split_records(payload).value(), ::testing::ElementsAre("one", "", std::string_view("a\0b", 3)));
  EXPECT_TRUE(split_records("")->empty());
}

TEST(Records, CutOffPayloadIsNoPayload) {
  std::string payload;
  put_record(payload, "one");
  for (size_t size = 1; size < payload.size(); ++size) {
    EXPECT_FALSE(split_records(payload.substr(0, size))) << size;
  }
}

TEST(BatchCodec, GivesBackWhatWasWritten) {
  NewBatch written = numbered_events(5, 3);
  written.schema_version = 7;
  written.rejects = {{"not JSON", "oops"}, {"", std::string("\0\xff", 2)}};
  const Batch read = decode(encode(written, 42, 1234567)).value();
  EXPECT_EQ(read.base_offset, 42);
  EXPECT_EQ(read.end_offset(), 45);
  EXPECT_EQ(read.count, 3u);
  EXPECT_EQ(read.schema_version, 7u);
  EXPECT_EQ(read.encoding, Encoding::json);
  EXPECT_EQ(read.ingested_at_us, 1234567);
  EXPECT_EQ(*read.payload, written.payload);
  EXPECT_EQ(read.rejects, written.rejects);
}

TEST(BatchCodec, NoticesEveryFlippedBit) {
  NewBatch batch = numbered_events(0, 1);
  batch.rejects = {{"why", "raw"}};
  const std::string bytes = encode(batch, 0, 1);
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      const auto read = decode(flipped);
      ASSERT_FALSE(read) << "byte " << at << " bit " << bit;
      EXPECT_EQ(read.error().code, Code::corrupt);
    }
  }
}

TEST(BatchCodec, OtherSaltIsAnotherFilesBatch) {
  const std::string bytes = encode(numbered_events(0, 1), 0, 1);
  EXPECT_EQ(parse_batch_header(bytes, salt + 1).error().code, Code::corrupt);
}

TEST(BatchCodec, LaterVersionsEncodingIsRefusedNotDamaged) {
  BatchHeader header;
  header.encoding = static_cast<Encoding>(9);
  std::string bytes;
  put_batch_header(bytes, header, salt);
  const auto read = parse_batch_header(bytes, salt);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::refused);
  EXPECT_THAT(read.error().message, HasSubstr("encoding 9"));
}

TEST(Prepare, RefusesWhatCouldNotBeReadBack) {
  NewBatch too_few = numbered_events(0, 2);
  too_few.count = 3;
  EXPECT_EQ(prepare(too_few).error().code, Code::bad_input);

  NewBatch cut_off = numbered_events(0, 2);
  cut_off.payload.pop_back();
  EXPECT_EQ(prepare(cut_off).error().code, Code::bad_input);

  EXPECT_EQ(prepare(NewBatch{}).error().code, Code::bad_input) << "neither events nor rejects";

  NewBatch csv;
  csv.encoding = Encoding::csv;
  csv.count = 1;
  put_record(csv.payload, "a,b");
  EXPECT_EQ(prepare(csv).error().code, Code::bad_input) << "the header line is no event";
  put_record(csv.payload, "1,2");
  EXPECT_TRUE(prepare(csv));

  NewBatch bulk;
  bulk.encoding = Encoding::bulk;
  bulk.count = 1000000;
  put_record(bulk.payload, "{}");
  EXPECT_TRUE(prepare(bulk));
  put_record(bulk.payload, "{}");
  EXPECT_EQ(prepare(bulk).error().code, Code::bad_input);
}

TEST(SegmentHeader, GivesBackWhatWasWrittenAndNoticesDamage) {
  const SegmentHeader header{3, 42, 1000, salt};
  const std::string bytes = encode_segment_header(header);
  EXPECT_EQ(parse_segment_header(bytes).value(), header);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    EXPECT_FALSE(parse_segment_header(flipped)) << at;
  }
}

TEST(SegmentName, IsTheBaseOffsetInTwentyDigits) {
  EXPECT_EQ(segment_name(42), "00000000000000000042.log");
  EXPECT_EQ(parse_segment_name("00000000000000000042.log"), 42);
  EXPECT_EQ(parse_segment_name("42.log"), std::nullopt);
  EXPECT_EQ(parse_segment_name("0000000000000000004x.log"), std::nullopt);
  EXPECT_EQ(parse_segment_name("99999999999999999999.log"), std::nullopt);
}

TEST(FormatPage, ShowsTheBytesThatAreWritten) {
  NewBatch batch;
  batch.schema_version = 1;
  batch.count = 1;
  put_record(batch.payload, R"({"carrier":"UA","dep_delay":3})");
  batch.rejects = {{"not JSON", "oops"}};
  const std::string file = encode_segment_header({0, 7, 4096, salt}) + encode(batch, 7, 1795426500000000);
  const std::filesystem::path page = std::filesystem::path(__FILE__).parent_path() / "FORMAT.md";
  std::stringstream text;
  text << std::ifstream(page).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr(hex_dump(file))) << hex_dump(file);
}

}  // namespace
}  // namespace anabranch::log
