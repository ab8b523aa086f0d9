#include "ingest/event_file.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/csv_text.h"
#include "io/file_system.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::ingest {
namespace {

using ::testing::HasSubstr;

class EventFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<EventFile> open(const std::string& text, BodyFormat format,
                                  size_t document_bytes_max = 100) {
    const io::Path path = folder_ / "file";
    std::ofstream(path, std::ios::binary) << text;
    return EventFile::open({path.string(), "file"}, format, document_bytes_max).value();
  }
  std::vector<std::string> parts(const std::string& text, BodyFormat format) {
    const auto file = open(text, format);
    std::vector<std::string> all;
    for (std::string part; file->next(part).value();) all.push_back(part);
    return all;
  }

  test::TemporaryFolder folder_;
};

TEST_F(EventFileTest, LinesAreCutBetweenThemselvesAndAreAllThere) {
  std::string text;
  for (int i = 0; text.size() < 14 << 20; ++i) text += fmt::format("{{\"a\": {:0{}}}}\n", i, 1 + i % 3000);
  text += "{\"a\": 0}";  // without a line end
  const auto all = parts(text, BodyFormat::ndjson);
  EXPECT_GE(all.size(), 3u);
  std::string together;
  for (const std::string& part : all) {
    EXPECT_LT(part.size(), 6u << 20);
    EXPECT_TRUE(part.ends_with('\n') || &part == &all.back());
    together += part;
  }
  EXPECT_TRUE(together == text);
  EXPECT_TRUE(parts(text, BodyFormat::ndjson) == all) << "the same text gives the same parts";
}

TEST_F(EventFileTest, CsvIsCutBetweenRecordsAndEachPartHasTheHeader) {
  const std::string header = "id,\"a\nb\"\r\n";
  std::string records;
  for (int i = 0; records.size() < 14 << 20; ++i)
    records += fmt::format("{},\"x\n\n,\"\"{}\n\"\r\n", i, std::string(static_cast<size_t>(i % 900), '\n'));
  const auto all = parts(header + records, BodyFormat::csv);
  EXPECT_GE(all.size(), 3u);
  std::string together;
  for (const std::string& part : all) {
    CsvRecords cut(part);
    std::string_view first;
    ASSERT_TRUE(cut.next(first));
    EXPECT_EQ(first, "id,\"a\nb\"");
    together += cut.rest();
  }
  EXPECT_TRUE(together == records);
}

// A number is used by events only: a part without any would give its own to the next one.
TEST_F(EventFileTest, APartWithoutRecordsIsNone) {
  const std::string blank(9 << 20, '\n');
  EXPECT_EQ(parts(blank + "{}\n", BodyFormat::ndjson).size(), 1u);
  EXPECT_EQ(parts(blank, BodyFormat::ndjson).size(), 0u);
  EXPECT_EQ(parts("", BodyFormat::ndjson).size(), 0u);
  const auto csv = parts("a,b\n1,2\n" + blank + "3,4\n", BodyFormat::csv);
  ASSERT_EQ(csv.size(), 2u);
  EXPECT_TRUE(csv[0].starts_with("a,b\n1,2\n"));
  EXPECT_TRUE(csv[1].starts_with("a,b\n") && csv[1].ends_with("\n3,4\n"));
  const auto late = parts("a,b\n" + blank + "3,4\n", BodyFormat::csv);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_TRUE(late[0].starts_with("a,b\n") && late[0].ends_with("\n3,4\n"));
  EXPECT_GE(parts("a\n" + blank, BodyFormat::csv).size(), 2u) << "in one column a blank line is a NULL";
  EXPECT_EQ(parts("a,b\n", BodyFormat::csv), std::vector<std::string>{"a,b\n"})
      << "for who looks at its names";
}

TEST_F(EventFileTest, WhereAPartBeginsIsKnown) {
  std::string text;
  while (text.size() < 9 << 20) text += std::string(999, ' ') + "\n";
  const auto file = open("{}\n" + text + "{}\n" + text + "{}\n", BodyFormat::ndjson);
  std::string part;
  uint64_t line = 1;
  for (int i = 0; file->next(part).value(); ++i) {
    EXPECT_TRUE(i > 0 ? file->line() >= line : file->line() == 1);
    line = file->line() + static_cast<uint64_t>(std::ranges::count(part, '\n'));
    EXPECT_EQ(file->next_line(), line);
  }
  EXPECT_EQ(file->next_line(), 4 + 2 * (text.size() / 1000));
}

TEST_F(EventFileTest, ARecordWithoutEndIsAnError) {
  const auto file = open("a\n\"" + std::string(40 << 20, 'x'), BodyFormat::csv);
  std::string part;
  const auto next = file->next(part);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, Code::bad_input);
  EXPECT_THAT(next.error().message, HasSubstr("line 2"));
  EXPECT_THAT(next.error().hint, HasSubstr("quote closed"));
}

TEST_F(EventFileTest, ADocumentIsWholeOrTooLarge) {
  std::string part;
  EXPECT_TRUE(open("[{}]", BodyFormat::json)->next(part).value());
  EXPECT_EQ(part, "[{}]");
  const auto next = open("[{}" + std::string(100, ' ') + "]", BodyFormat::json)->next(part);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, Code::too_large);
  EXPECT_THAT(next.error().hint, HasSubstr("NDJSON"));
}

TEST(EventFileFormatTest, IsWhatSomebodySaysOrWhatTheNameSays) {
  EXPECT_EQ(event_file_format("csv", "x.ndjson", "it")->body, BodyFormat::csv);
  EXPECT_EQ(event_file_format("", "X.Tsv.GZ", "it")->body, BodyFormat::tsv);
  EXPECT_EQ(event_file_format("", "x.jsonl.zst", "it")->body, BodyFormat::ndjson);
  EXPECT_TRUE(event_file_format("", "x.parquet", "it")->is_parquet);
  for (const char* name : {"x.parquet.gz", "x", "x.gz", "x.txt"}) {
    const auto format = event_file_format("", name, "how");
    ASSERT_FALSE(format) << name;
    EXPECT_THAT(format.error().hint, HasSubstr("or say how"));
  }
}

}  // namespace
}  // namespace anabranch::ingest
