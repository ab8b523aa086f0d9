#include "quality/log_records.h"

#include <fstream>

#include <gtest/gtest.h>

#include "log/segmented_log.h"
#include "tests/support/log_batches.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::quality {
namespace {

class LogRecordsTest : public ::testing::Test {
 protected:
  LogRecordsTest() {
    log::SegmentedLog::Options options;
    options.segment_bytes = 2000;  // several segments
    log_ =
        log::SegmentedLog::open(io::local_file_system(), io::system_clock(), folder_.path() / "log", options)
            .value();
    for (int64_t i = 0; i < 100; i += 5) EXPECT_TRUE(log_->append_and_wait(test::numbered_events(i, 5, 60)));
    EXPECT_TRUE(log_->append_and_wait(test::rejects_only({{"why", "raw"}})));
    EXPECT_TRUE(log_->append_and_wait(test::numbered_events(100, 1)));
  }
  io::Path folder() const { return folder_.path() / "log" / "0"; }

  std::vector<std::string> read(model::Offset end, model::Offset from = 0) {
    std::vector<std::string> records;
    const model::Offset first = from / 5 * 5;  // of its batch
    const Status done = read_log(folder(), from, end, [&](const LogRecords& batch) -> Status {
      EXPECT_EQ(batch.base_offset, first + static_cast<model::Offset>(records.size()));
      EXPECT_EQ(batch.schema_version, 1u);
      EXPECT_GT(batch.ingested_at_us, 0);
      records.insert(records.end(), batch.records.begin(), batch.records.end());
      return {};
    });
    error_ = done ? "" : done.error().message;
    return records;
  }

  std::vector<io::Path> segments() const {
    std::vector<io::Path> files;
    const auto entries = io::local_file_system().list(folder()).value();
    for (const auto& entry : entries) {
      if (entry.name.ends_with(".log")) files.push_back(folder() / entry.name);
    }
    return files;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<log::SegmentedLog> log_;
  std::string error_;
};

TEST_F(LogRecordsTest, AreThoseThatWereAppendedWhileTheLogIsOpen) {
  ASSERT_GT(segments().size(), 2u);
  const auto records = read(101);
  EXPECT_EQ(error_, "");
  ASSERT_EQ(records.size(), 101u);
  for (size_t i = 0; i < records.size(); ++i)
    EXPECT_TRUE(records[i].starts_with("{\"id\":" + std::to_string(i))) << records[i];
  EXPECT_EQ(read(10).size(), 10u) << "no batch after the end";
  EXPECT_EQ(first_kept_offset(folder()).value(), 0);
}

TEST_F(LogRecordsTest, ThatEndTooEarlyAreAnError) {
  (void)read(102);
  EXPECT_NE(error_.find("ends at offset 101"), std::string::npos) << error_;
}

TEST_F(LogRecordsTest, WithAWrongByteAreAnErrorThatNamesTheFile) {
  const io::Path file = segments()[1];
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(120);
  bytes.put('#');
  bytes.close();
  (void)read(101);
  EXPECT_NE(error_.find(file.filename().string()), std::string::npos) << error_;
  EXPECT_NE(error_.find("checksum"), std::string::npos) << error_;
}

TEST_F(LogRecordsTest, OfALostSegmentAreAnError) {
  std::filesystem::remove(segments()[1]);
  (void)read(101);
  EXPECT_NE(error_.find("is due"), std::string::npos) << error_;
}

TEST_F(LogRecordsTest, MayBeginLate) {
  const auto next = segments()[1].stem().string();
  std::filesystem::remove(segments()[0]);
  EXPECT_EQ(first_kept_offset(folder()).value(), std::stoll(next));
  const auto records = read(101, std::stoll(next) + 2);
  EXPECT_EQ(error_, "");
  EXPECT_EQ(records.size(), static_cast<size_t>(101 - std::stoll(next)));
  (void)read(101, std::stoll(next) - 1);
  EXPECT_NE(error_.find("begins at offset"), std::string::npos) << error_;
}

TEST_F(LogRecordsTest, AreThoseOfALogThatForgot) {
  ASSERT_TRUE(log_->remove_before(0, 50, INT64_MAX));
  const model::Offset kept = log_->first_offset(0);
  ASSERT_GT(kept, 0);
  EXPECT_EQ(first_kept_offset(folder()).value(), kept);
  EXPECT_EQ(read(101, kept).size(), static_cast<size_t>(101 - kept));
  EXPECT_EQ(error_, "");
  ASSERT_TRUE(log_->remove_before(0, 101, INT64_MAX));
  EXPECT_EQ(first_kept_offset(folder()).value(), 101);
  EXPECT_EQ(read(101, 101).size(), 0u);
  EXPECT_EQ(error_, "");
}

}  // namespace
}  // namespace anabranch::quality
