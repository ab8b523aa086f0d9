#include "connect/arriving_files/arriving_files.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/event_source_contract.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::connect {
namespace {

using ::testing::HasSubstr;

class HandClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return now; }
  int64_t monotonic_us() override { return now; }
  int64_t now = 0;
};

class ArrivingFilesTest : public ::testing::Test {
 protected:
  std::unique_ptr<ArrivingFiles> open(int64_t settle_us = 1'000'000, const std::string& format = "") {
    ArrivingFiles::Options options{inbox_, format};
    options.document_bytes_max = 1000;
    options.settle_us = settle_us;
    return std::make_unique<ArrivingFiles>(io::local_file_system(), clock_, options);
  }
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(inbox_);
    std::ofstream(inbox_ / name, std::ios::binary) << text;
  }
  std::string text_of(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(inbox_ / name).rdbuf();
    return text.str();
  }
  bool exists(const std::string& name) { return std::filesystem::exists(inbox_ / name); }

  test::TemporaryFolder folder_;
  const io::Path inbox_ = folder_ / "in" / "box";
  HandClock clock_;
};

TEST_F(ArrivingFilesTest, KeepsTheContract) {
  ingest::check_event_source_contract(
      {[&] { return open(0); }, [&](auto& name, auto& body) { write(name, body); },
       [&] {
         std::vector<std::pair<std::string, std::string>> refused;
         const auto entries = io::local_file_system().list(inbox_ / "failed").value();
         for (const auto& entry : entries) {
           if (!entry.name.ends_with(".error.txt"))
             refused.emplace_back(text_of("failed/" + entry.name),
                                  text_of("failed/" + entry.name + ".error.txt"));
         }
         return refused;
       }});
  EXPECT_EQ(text_of("done/1.ndjson"), "{\"a\": 1}\n");
  EXPECT_EQ(text_of("done/1.ndjson.2"), "{\"a\": 7}\n") << "what came before under the name is kept";
}

TEST_F(ArrivingFilesTest, AFileThatGrowsIsWaitedFor) {
  const auto source = open();
  write("a.ndjson", "{\"a\": 1}\n{\"a\"");
  ingest::expect_nothing(*source);
  clock_.now += 999'999;
  ingest::expect_nothing(*source);
  write("a.ndjson", "{\"a\": 1}\n{\"a\": 2}\n");
  clock_.now += 1;
  ingest::expect_nothing(*source);
  clock_.now += 999'999;
  ingest::expect_nothing(*source);
  clock_.now += 1;
  EXPECT_EQ(ingest::next_of(*source).body, "{\"a\": 1}\n{\"a\": 2}\n");
}

TEST_F(ArrivingFilesTest, UnfinishedFilesAreNotTouched) {
  const auto source = open(0);
  for (const char* name : {".a.ndjson", "a.ndjson.tmp", "a.ndjson.part", "a.csv.crdownload"})
    write(name, "{}");
  ingest::expect_nothing(*source);
  EXPECT_TRUE(exists(".a.ndjson") && exists("a.ndjson.tmp") && exists("a.ndjson.part"));
  std::filesystem::rename(inbox_ / "a.ndjson.part", inbox_ / "a.ndjson");
  EXPECT_EQ(ingest::next_of(*source).name, "a.ndjson");
}

// Whoever puts another one in its place while it is taken in must not find it among what is done.
TEST_F(ArrivingFilesTest, AFileThatIsReplacedMeanwhileComesAgain) {
  const auto source = open(0);
  write("a.ndjson", "{\"a\": 1}\n");
  const ingest::Arrival first = ingest::next_of(*source);
  write("b.ndjson", "{\"a\": 2}\n{\"a\": 3}\n");
  std::filesystem::rename(inbox_ / "b.ndjson", inbox_ / "a.ndjson");
  ASSERT_TRUE(source->taken(first));
  EXPECT_FALSE(exists("done/a.ndjson"));
  const ingest::Arrival second = ingest::next_of(*source);
  EXPECT_EQ(second.body, "{\"a\": 2}\n{\"a\": 3}\n");
  EXPECT_NE(second.key, first.key);
  ASSERT_TRUE(source->taken(second));
  EXPECT_EQ(text_of("done/a.ndjson"), second.body);
}

TEST_F(ArrivingFilesTest, OneThatCannotBeReadHoldsUpNoOther) {
  const auto source = open(0);
  write("z.ndjson", "{}");
  std::filesystem::create_symlink("a.ndjson", inbox_ / "a.ndjson");  // to itself
  write(std::string(245, 'b') + ".x", "{}");
  write("failed.tmp", "{}");
  EXPECT_EQ(ingest::next_of(*source).name, "z.ndjson");
  ASSERT_TRUE(source->taken(ingest::next_of(*source)));
  EXPECT_TRUE(exists("failed/" + std::string(245, 'b') + ".x"));
  EXPECT_THAT(text_of("failed/" + std::string(200, 'b') + ".error.txt"), HasSubstr("cannot be told"));
}

TEST_F(ArrivingFilesTest, TheNameSaysTheFormatUnlessTheSourceDoes) {
  const auto source = open(0);
  const std::vector<std::pair<const char*, ingest::BodyFormat>> formats = {
      {"1.NDJSON", ingest::BodyFormat::ndjson}, {"2.jsonl", ingest::BodyFormat::ndjson},
      {"3.json", ingest::BodyFormat::json},     {"4.csv", ingest::BodyFormat::csv},
      {"5.tsv", ingest::BodyFormat::tsv},       {"6.tab", ingest::BodyFormat::tsv}};
  for (const auto& [name, format] : formats) {
    write(name, "x");
    EXPECT_EQ(ingest::next_of(*source).format, format) << name;
    ASSERT_TRUE(source->taken(ingest::next_of(*source)));
  }
  write("7.dat", "x");
  EXPECT_EQ(ingest::next_of(*open(0, "csv")).format, ingest::BodyFormat::csv);
  ingest::expect_nothing(*source);
  EXPECT_THAT(text_of("failed/7.dat.error.txt"), HasSubstr("cannot be told from its name"));
  EXPECT_EQ(text_of("failed/7.dat"), "x");
}

TEST_F(ArrivingFilesTest, PackedFilesAndParquetAreKnownByTheirNames) {
  const auto source = open(0);
  write("1.csv.gz", "a\n1\n");  // whether it is packed its bytes say
  write("2.parquet", "PAR1");
  EXPECT_EQ(next_of(*source).format, ingest::BodyFormat::csv);
  ASSERT_TRUE(source->taken(next_of(*source)));
  const ingest::Arrival parquet = next_of(*source);
  EXPECT_EQ(parquet.file, (inbox_ / "2.parquet").string());
  EXPECT_EQ(parquet.body, "");
  EXPECT_FALSE(parquet.number);
  ASSERT_TRUE(source->taken(parquet));
  EXPECT_TRUE(exists("done/2.parquet"));
  ingest::expect_nothing(*source);
}

TEST_F(ArrivingFilesTest, OnlyADocumentHasALargestSize) {
  const auto source = open(0);
  write("a.json", "[" + std::string(1000, ' ') + "]");
  write("b.ndjson", std::string(2000, 'x'));
  EXPECT_EQ(next_of(*source).name, "b.ndjson");
  EXPECT_THAT(text_of("failed/a.json.error.txt"), HasSubstr("as NDJSON"));
  EXPECT_EQ(text_of("failed/a.json").size(), 1002u);
}

std::string lines(size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += fmt::format("{{\"a\": {:0500}}}\n", i);
  return text;
}

// Nobody may find half of one content and half of another in a stream under one key.
TEST_F(ArrivingFilesTest, AFileThatIsChangedBetweenItsPartsComesAgainWhole) {
  const auto source = open(0);
  const std::string text = lines(12 << 20);
  write("a.ndjson", text);
  const ingest::Arrival first = next_of(*source);
  EXPECT_EQ(first.number, 0u);
  ASSERT_TRUE(source->taken(first));
  std::string other = text;
  other.replace(other.size() - 10, 3, "777");
  write("a.ndjson", other + lines(1));
  ingest::expect_nothing(*source);  // of the old one
  EXPECT_FALSE(exists("done"));
  const ingest::Arrival again = next_of(*source);
  EXPECT_EQ(again.number, 0u);
  EXPECT_NE(again.key, first.key);
}

TEST_F(ArrivingFilesTest, OfOneThatIsRefusedInItsMiddleItIsSaidWhereThatIs) {
  const auto source = open(0);
  const std::string good = lines(5 << 20);
  write("a.ndjson", good + std::string(40 << 20, 'x'));
  write("b.ndjson", "{}\n");
  for (auto part = next_of(*source); part.name == "a.ndjson"; part = next_of(*source))
    ASSERT_TRUE(source->taken(part));
  EXPECT_EQ(next_of(*source).name, "b.ndjson");
  const auto line = 1 + std::ranges::count(good, '\n');
  EXPECT_THAT(text_of("failed/a.ndjson.error.txt"), HasSubstr("is every quote closed"));
  EXPECT_THAT(text_of("failed/a.ndjson.error.txt"),
              HasSubstr(fmt::format("what stands before line {} of the file is in the stream", line)));
}

// A look at a whole file may take long; the other sources wait for it.
TEST_F(ArrivingFilesTest, ALargeFileIsLookedAtInSeveralCalls) {
  ArrivingFiles::Options options{inbox_, ""};
  options.settle_us = 0;
  options.known_at_once_bytes = 1 << 20;
  write("a.ndjson", lines((3 << 20) + 1));
  ArrivingFiles source(io::local_file_system(), clock_, options);
  int calls = 1;
  while (!source.next().value()) ++calls;
  EXPECT_EQ(calls, 5);
}

}  // namespace
}  // namespace anabranch::connect
