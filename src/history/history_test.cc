// Every event of a stream is read once, with its offset, wherever it lies and whatever has been read before.

#include "history/history.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "history/archiver.h"
#include "ingest/bulk_import.h"
#include "ingest/ingestor.h"
#include "ingest/round_trip.h"
#include "lake/local_store.h"
#include "log/segmented_log.h"
#include "sql/object_urls.h"
#include "sql/syntax.h"
#include "tests/support/plain_engine.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::history {
namespace {

constexpr std::string_view stream_name = "bronze.e";

class HistoryTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }

  // As a start does it: nothing has been read yet.
  void open() {
    archiver_.reset();
    history_.reset();
    database_.reset();
    ingestor_.reset();
    log_.reset();
    log::SegmentedLog::Options small;
    small.segment_bytes = 300;  // many: sealed ones are recovered too, and some can go
    log_ = log::SegmentedLog::open(files_, io::system_clock(), log_folder(), small).value();
    schemas_ = log::SchemaStore::open(files_, log_folder() / "schema").value();
    if (!schemas_->latest()) {
      ASSERT_TRUE(schemas_->add({1, {ingest::field("id", "bigint")}, model::OnDrift::freeze}));
    }
    ingestor_ = std::make_unique<ingest::Ingestor>("e", *log_, *schemas_);
    database_ = sql::Database::open({}).value();
    ASSERT_TRUE(sql::give_objects(*database_, store_));
    history_ = std::make_unique<History>(
        *database_, std::vector<Stream>{
                        {model::RelationName::of(stream_name), log_.get(), schemas_.get(), log_folder()}});
    archiver_ = std::make_unique<Archiver>(store_, *database_, *history_, io::system_clock());
  }

  void post(int64_t count) {
    std::string body;
    for (int64_t i = 0; i < count; ++i) body += fmt::format("{{\"id\":{}}}\n", 7 * (end_ + i));
    const auto accepted = ingestor_->accept_and_wait(ingest::BodyFormat::ndjson, body);
    ASSERT_TRUE(accepted) << accepted.error().describe();
    end_ += count;
  }

  void import(int64_t count) {
    const io::Path given = folder_ / fmt::format("given{}.parquet", end_);
    test::PlainEngine plain;
    plain.run(fmt::format("COPY (SELECT 7 * range AS id FROM range({}, {})) TO {} (FORMAT parquet)", end_,
                          end_ + count, sql::quote_literal(given.string())));
    const auto accepted = ingestor_->accept_file(given.string(), log_folder(), std::nullopt,
                                                 [](const auto& job) { return ingest::import_bulk(job); });
    ASSERT_TRUE(accepted) << accepted.error().describe();
    EXPECT_EQ(accepted->accepted, count);
    end_ += count;
  }

  Archive archive() { return archiver_->archives().value().at(std::string(stream_name)); }

  // All that may go, up to an offset: it is in the archive.
  void forget(model::Offset end) {
    const auto removed = log_->remove_before(0, std::min(end, archive().of(0).end), INT64_MAX);
    ASSERT_TRUE(removed) << removed.error().describe();
  }

  // Every column of the events, in order.
  std::vector<std::string> rows_of(const std::string& sql) {
    auto session = database_->connect().value();
    const auto found = session.query(fmt::format("SELECT e::VARCHAR FROM ({}) AS e ORDER BY e._offset", sql));
    std::vector<std::string> rows;
    if (!found) ADD_FAILURE() << found.error().describe();
    for (size_t i = 0; found && i < found->row_count(); ++i) rows.push_back(found->text(i, 0).value());
    return rows;
  }

  // What a replay from an offset gives, step by step.
  std::vector<std::string> replay(model::Offset from, size_t rows_max, bool& has_read_archive) {
    const model::SchemaPtr schema = schemas_->latest();
    StreamReader reader(StreamPartition{*history_->find(stream_name), 0}, archive(), *database_);
    std::vector<std::string> all;
    while (from < end_) {
      const auto events = reader.read(from, end_, rows_max);
      if (!events) ADD_FAILURE() << "at " << from << ": " << events.error().describe();
      if (!events || events->range.first != from || events->range.size() == 0) break;
      EXPECT_LE(events->range.size(), static_cast<model::Offset>(25 * rows_max));
      has_read_archive = has_read_archive || !events->archived.empty();
      std::string source =
          fmt::format("{}({}, {})", history_->log_functions(std::string(stream_name), *schema).at(0), from,
                      events->range.end);
      if (events->lie_in_files()) source = file_source(*events, *schema).value();
      auto rows = rows_of("FROM " + source);
      EXPECT_EQ(rows.size(), static_cast<size_t>(events->range.size()));
      all.insert(all.end(), rows.begin(), rows.end());
      from = events->range.end;
    }
    return all;
  }

  // By what the log's record says.
  std::set<std::string, std::less<>> bulk_files_of_batch_at(model::Offset offset) {
    const auto batches = log_->read(0, offset, offset + 1, 1).value();
    const auto file = ingest::bulk_file(*batches.at(0)).value();
    return {(bulk_folder() / file.name).string()};
  }

  // What a plain SELECT finds is each event before `end`, once.
  void check(model::Offset end) {
    const auto sql = history_->relation(std::string(stream_name), *schemas_->latest(), archive(), {end});
    ASSERT_TRUE(sql) << sql.error().describe();
    auto session = database_->connect().value();
    const auto found =
        session.query(fmt::format("SELECT count(*), count(DISTINCT _offset), coalesce(max(_offset) + 1, 0), "
                                  "count(*) FILTER (WHERE id <> 7 * _offset) "
                                  "FROM ({})",
                                  *sql));
    ASSERT_TRUE(found) << found.error().describe();
    for (size_t column = 0; column < 3; ++column) EXPECT_EQ(found->integer(0, column), end) << column;
    EXPECT_EQ(found->integer(0, 3), 0) << "events with another's offset";
  }

  io::Path bulk_folder() const { return ingest::bulk_folder(log_folder(), 0); }
  io::Path log_folder() const { return folder_ / "log" / "e"; }

  io::FileSystem& files_ = io::local_file_system();
  test::TemporaryFolder folder_;
  lake::LocalStore store_{files_, folder_.path()};
  std::unique_ptr<log::SegmentedLog> log_;
  std::unique_ptr<log::SchemaStore> schemas_;
  std::unique_ptr<ingest::Ingestor> ingestor_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<History> history_;
  std::unique_ptr<Archiver> archiver_;
  model::Offset end_ = 0;
};

TEST_F(HistoryTest, WhatComesByTheNameOfOneThatWentIsAnother) {
  post(5);
  check(5);
  const std::string name(stream_name);
  const std::string function = history_->log_functions(name, *schemas_->latest()).at(0);
  history_->remove(name);
  EXPECT_EQ(history_->find(name), nullptr);
  EXPECT_TRUE(history_->streams().empty());
  EXPECT_TRUE(archiver_->archives().value().empty());
  EXPECT_EQ(history_->prepare(name, *schemas_->latest(), History::Reader::query).error().code,
            Code::not_found);
  const io::Path folder = folder_ / "log" / "another";
  const auto schemas = log::SchemaStore::open(files_, folder / "schema").value();
  ASSERT_TRUE(schemas->add({1, {ingest::field("x", "varchar")}, model::OnDrift::freeze}));
  const auto log = log::SegmentedLog::open(files_, io::system_clock(), folder, {}).value();
  ingest::Ingestor ingestor("e", *log, *schemas);
  history_->add({model::RelationName::of(name), log.get(), schemas.get(), folder});
  EXPECT_NE(history_->log_functions(name, *schemas->latest()).at(0), function);
  ASSERT_TRUE(ingestor.accept_and_wait(ingest::BodyFormat::ndjson, "{\"x\":\"a\"}\n"));
  const auto sql = history_->relation(name, *schemas->latest(), {}, {1}).value();
  auto session = database_->connect().value();
  EXPECT_EQ(session.query("SELECT x FROM (" + sql + ")").value().text(0, 0), "a");
}

TEST_F(HistoryTest, BulkFilesAreKnownFromTheStartOn) {
  ASSERT_NO_FATAL_FAILURE(import(20));
  ASSERT_NO_FATAL_FAILURE(check(20));
  ASSERT_NO_FATAL_FAILURE(check(7));
  ASSERT_TRUE(archiver_->archive({{"e", {20}}}));
  ASSERT_NO_FATAL_FAILURE(check(20));
}

TEST_F(HistoryTest, PiecesAreInOrderAndWithoutGaps) {
  ASSERT_NO_FATAL_FAILURE(post(5));
  ASSERT_NO_FATAL_FAILURE(import(10));
  ASSERT_NO_FATAL_FAILURE(import(1));
  ASSERT_NO_FATAL_FAILURE(post(7));
  const auto pieces = history_->unarchived({*history_->find(stream_name), 0}, *schemas_->latest(), {2, 21},
                                           History::Reader::archiver, 3);
  ASSERT_TRUE(pieces) << pieces.error().describe();
  std::vector<std::pair<model::Offset, model::Offset>> ranges;
  for (const auto& piece : *pieces) ranges.emplace_back(piece.range.first, piece.range.end);
  const std::vector<std::pair<model::Offset, model::Offset>> expected = {
      {2, 5}, {5, 15}, {15, 16}, {16, 19}, {19, 21}};
  EXPECT_EQ(ranges, expected);
}

TEST_F(HistoryTest, FilesThatReadsMayOpenAreThoseBehindTheArchive) {
  ASSERT_NO_FATAL_FAILURE(import(4));
  ASSERT_NO_FATAL_FAILURE(import(4));
  ASSERT_TRUE(archiver_->archive({{"e", {4}}}));
  const auto files = history_->bulk_files(std::string(stream_name), archive(), {8});
  ASSERT_TRUE(files) << files.error().describe();
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(*files, bulk_files_of_batch_at(4));
}

TEST_F(HistoryTest, WhatIsNowhereIsAnError) {
  ASSERT_NO_FATAL_FAILURE(post(30));
  ASSERT_NO_FATAL_FAILURE(import(10));
  ASSERT_NO_FATAL_FAILURE(post(30));
  ASSERT_TRUE(archiver_->archive({{"e", {60}}}));
  ASSERT_NO_FATAL_FAILURE(forget(60));
  const model::Offset first = log_->first_offset(0);
  ASSERT_GT(first, 20);
  ASSERT_NO_FATAL_FAILURE(check(70));
  const Archive whole = archive();
  const std::string name(stream_name);
  const auto expect_nowhere = [&](const auto& result, const std::string& what) {
    ASSERT_FALSE(result) << what;
    EXPECT_EQ(result.error().code, Code::unavailable) << what;
    EXPECT_NE(result.error().message.find(fmt::format("offsets 0 to {}", first - 1)), std::string::npos)
        << result.error().message;
    EXPECT_FALSE(result.error().hint.empty()) << what;
  };
  expect_nowhere(history_->relation(name, *schemas_->latest(), {}, {70}), "a read without the archive");
  expect_nowhere(StreamReader(StreamPartition{*history_->find(name), 0}).read(0, 70, 1000),
                 "a replay of the log alone");
  expect_nowhere(StreamReader(StreamPartition{*history_->find(name), 0}, {}, *database_).read(0, 70, 1000),
                 "without files");
  EXPECT_TRUE(history_->bulk_files(name, {}, {70})) << "queries of other streams ask for it";
  // Not one event less is taken for all of them.
  Archive cut = whole;
  const io::Path file = folder_ / "cut.parquet";
  test::PlainEngine plain;
  plain.run(fmt::format(
      "COPY (FROM read_parquet({}) WHERE _offset <> 5) TO {} (FORMAT parquet)",
      sql::quote_literal(store_.file_of(*sql::object_key(cut.partitions.at(0).files.at(0)))->string()),
      sql::quote_literal(file.string())));
  cut.partitions[0].files[0] = file.string();
  const auto less =
      StreamReader(StreamPartition{*history_->find(name), 0}, cut, *database_).read(0, 70, 1000);
  ASSERT_FALSE(less);
  EXPECT_EQ(less.error().code, Code::corrupt);
  // Nor is an archive begun anew with a hole in it.
  ASSERT_TRUE(files_.remove_all(folder_ / "lake"));
  const Status archived = archiver_->archive({{"e", {70}}});
  expect_nowhere(archived, "archiving");
  EXPECT_EQ(archive().of(0).end, 0);
  EXPECT_TRUE(archive().files().empty());
}

TEST_F(HistoryTest, AReplayFromTheArchiveIsOneFromTheLog) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 12; ++i) {
    if (random() % 3 == 0)
      ASSERT_NO_FATAL_FAILURE(import(1 + static_cast<int64_t>(random() % 20)));
    else
      ASSERT_NO_FATAL_FAILURE(post(1 + static_cast<int64_t>(random() % 20)));
    if (random() % 2 == 0) {
      ASSERT_TRUE(archiver_->archive({{"e", {end_ - static_cast<model::Offset>(random() % 5) % end_}}}));
    }
  }
  ASSERT_TRUE(archiver_->archive({{"e", {end_}}}));
  ASSERT_NO_FATAL_FAILURE(post(5));
  const auto rows =
      rows_of(history_->relation(std::string(stream_name), *schemas_->latest(), {}, {end_}).value());
  ASSERT_EQ(rows.size(), static_cast<size_t>(end_));
  bool has_read_archive = false;
  EXPECT_EQ(replay(0, 7, has_read_archive), rows);
  EXPECT_FALSE(has_read_archive) << "the log has all of it";
  for (const model::Offset end : {archive().of(0).end / 2, archive().of(0).end}) {
    ASSERT_NO_FATAL_FAILURE(forget(end));
    for (const size_t rows_max : {size_t{1}, 1 + random() % 30, size_t{100'000}})
      EXPECT_EQ(replay(0, rows_max, has_read_archive), rows) << rows_max;
    const auto from = static_cast<model::Offset>(random() % static_cast<uint64_t>(end_));
    EXPECT_EQ(replay(from, 9, has_read_archive), (std::vector<std::string>{rows.begin() + from, rows.end()}));
  }
  EXPECT_TRUE(has_read_archive);
}

TEST_F(HistoryTest, AnyEventsAnyArchiveAnyRestart) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  for (int step = 0; step < 40; ++step) {
    switch (random() % 6) {
      case 5:
        ASSERT_NO_FATAL_FAILURE(forget(static_cast<model::Offset>(random() % (end_ + 1))));
        break;
      case 0:
        ASSERT_NO_FATAL_FAILURE(import(1 + static_cast<int64_t>(random() % 50)));
        break;
      case 1:
        open();
        break;
      case 2:
        ASSERT_TRUE(archiver_->archive({{"e", {static_cast<model::Offset>(random() % (end_ + 1))}}}));
        break;
      default:
        ASSERT_NO_FATAL_FAILURE(post(1 + static_cast<int64_t>(random() % 30)));
    }
    ASSERT_NO_FATAL_FAILURE(check(end_));
    // A reader may still be at an offset that the archive has passed.
    ASSERT_NO_FATAL_FAILURE(check(static_cast<model::Offset>(random() % (end_ + 1))));
  }
}

// Events of one stream while its fields change their names and types, are dropped and come back.
class ChangingFieldsTest : public HistoryTest {
 protected:
  void SetUp() override {
    HistoryTest::SetUp();
    declare();
  }

  // As `name_`, `type_` and `has_age_` say.
  void declare() {
    model::Schema declared;
    declared.on_drift = model::OnDrift::freeze;
    declared.fields = {ingest::field("id", "bigint"), ingest::field(name_, "varchar", true),
                       ingest::field("n", type_)};
    declared.fields[1].was = names_before_;
    if (has_age_) declared.fields.push_back(ingest::field("age", "integer"));
    const auto changed = ingestor_->change_schema(declared);
    ASSERT_TRUE(changed) << changed.error().describe();
  }

  void rename(const std::string& name) {
    std::erase(names_before_, name);
    names_before_.push_back(name_);
    name_ = name;
    declare();
  }

  // An event's fields follow from its offset. The text comes by the name that the field has or by one before.
  void send(int64_t count, bool is_bulk, size_t earlier) {
    const std::string& name = earlier < names_before_.size() ? names_before_[earlier] : name_;
    for (int64_t i = end_; i < end_ + count; ++i) has_age_at_.push_back(has_age_);
    if (is_bulk) {
      const io::Path given = folder_ / fmt::format("given{}.parquet", end_);
      test::PlainEngine plain;
      plain.run(
          fmt::format("COPY (SELECT 7 * range AS id, 'x' || range AS {}, (range % 100)::INTEGER AS n, "
                      "(range % 9)::INTEGER AS age FROM range({}, {})) TO {} (FORMAT parquet)",
                      name, end_, end_ + count, sql::quote_literal(given.string())));
      const auto accepted = ingestor_->accept_file(given.string(), log_folder(), std::nullopt,
                                                   [](const auto& job) { return ingest::import_bulk(job); });
      ASSERT_TRUE(accepted) << accepted.error().describe();
      ASSERT_EQ(accepted->accepted, count);
    } else {
      std::string body;
      for (int64_t i = end_; i < end_ + count; ++i)
        body +=
            fmt::format("{{\"id\":{},\"{}\":\"x{}\",\"n\":{},\"age\":{}}}\n", 7 * i, name, i, i % 100, i % 9);
      const auto accepted = ingestor_->accept_and_wait(ingest::BodyFormat::ndjson, body);
      ASSERT_TRUE(accepted) << accepted.error().describe();
      ASSERT_EQ(accepted->accepted, count);
    }
    end_ += count;
  }

  void check_fields(model::Offset end) {
    ASSERT_NO_FATAL_FAILURE(check(end));
    const auto sql = history_->relation(std::string(stream_name), *schemas_->latest(), archive(), {end});
    ASSERT_TRUE(sql) << sql.error().describe();
    auto session = database_->connect().value();
    const auto found = session.query(fmt::format(
        "SELECT count(*) FILTER (WHERE {} IS DISTINCT FROM 'x' || _offset), count(*) FILTER (WHERE "
        "n IS DISTINCT FROM _offset % 100 OR typeof(n) <> '{}') FROM ({})",
        name_, model::Type::parse(type_)->to_sql(), *sql));
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->integer(0, 0), 0) << "texts of others under " << name_;
    EXPECT_EQ(found->integer(0, 1), 0) << "numbers of others as " << type_;
    if (!has_age_) {
      EXPECT_FALSE(session.describe(fmt::format("SELECT age FROM ({})", *sql)));
      return;
    }
    const auto ages = session.query(fmt::format("SELECT age FROM ({}) ORDER BY _offset", *sql));
    ASSERT_TRUE(ages) << ages.error().describe();
    for (model::Offset i = 0; i < end; ++i) {
      const auto expected =
          has_age_at_[static_cast<size_t>(i)] ? std::optional(fmt::to_string(i % 9)) : std::nullopt;
      ASSERT_EQ(ages->text(static_cast<size_t>(i), 0), expected) << "at offset " << i;
    }
  }

  std::string name_ = "page";
  std::vector<std::string> names_before_;
  std::string type_ = "smallint";
  bool has_age_ = true;
  std::vector<bool> has_age_at_;  // whether it was a field when the event came
};

TEST_F(ChangingFieldsTest, OldAndNewEventsAreReadByTheNewNamesWhereverTheyLie) {
  ASSERT_NO_FATAL_FAILURE(send(3, false, 9));
  ASSERT_NO_FATAL_FAILURE(send(3, true, 9));
  ASSERT_TRUE(archiver_->archive({{"e", {6}}}));
  ASSERT_NO_FATAL_FAILURE(send(3, false, 9));
  ASSERT_NO_FATAL_FAILURE(send(3, true, 9));
  has_age_ = false;
  type_ = "bigint";
  ASSERT_NO_FATAL_FAILURE(rename("url"));
  ASSERT_NO_FATAL_FAILURE(check_fields(12));
  ASSERT_NO_FATAL_FAILURE(send(2, false, 0));
  ASSERT_NO_FATAL_FAILURE(send(2, true, 0));
  ASSERT_NO_FATAL_FAILURE(send(2, true, 9));
  ASSERT_TRUE(archiver_->archive({{"e", {14}}}));
  ASSERT_NO_FATAL_FAILURE(check_fields(18));
  has_age_ = true;
  ASSERT_NO_FATAL_FAILURE(declare());
  ASSERT_NO_FATAL_FAILURE(check_fields(18));
  ASSERT_TRUE(archiver_->archive({{"e", {18}}}));
  ASSERT_NO_FATAL_FAILURE(check_fields(18));
}

TEST_F(ChangingFieldsTest, AnyChangesBetweenAnyEvents) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  const std::vector<std::string> types = {"smallint", "integer", "decimal(14,2)", "decimal(18,4)"};
  const std::vector<std::string> names = {"page", "url", "link", "Page2"};
  size_t type = 0;
  for (int step = 0; step < 40; ++step) {
    switch (random() % 9) {
      case 8:
        ASSERT_NO_FATAL_FAILURE(forget(static_cast<model::Offset>(random() % (end_ + 1))));
        break;
      case 0:
        if (type + 1 < types.size()) type_ = types[++type];
        ASSERT_NO_FATAL_FAILURE(declare());
        break;
      case 1:
        if (const auto& name = names[random() % names.size()]; name != name_) {
          ASSERT_NO_FATAL_FAILURE(rename(name));
        }
        break;
      case 2:
        has_age_ = !has_age_;
        ASSERT_NO_FATAL_FAILURE(declare());
        break;
      case 3:
        open();
        break;
      case 4:
        ASSERT_TRUE(archiver_->archive({{"e", {static_cast<model::Offset>(random() % (end_ + 1))}}}));
        break;
      default:
        ASSERT_NO_FATAL_FAILURE(
            send(1 + static_cast<int64_t>(random() % 20), random() % 3 == 0, random() % 3));
    }
    ASSERT_NO_FATAL_FAILURE(check_fields(end_));
  }
  // The same events, by the names and types that they have now, wherever a replay finds them.
  const auto rows =
      rows_of(history_->relation(std::string(stream_name), *schemas_->latest(), archive(), {end_}).value());
  bool has_read_archive = false;
  EXPECT_EQ(replay(0, 5, has_read_archive), rows);
  ASSERT_TRUE(archiver_->archive({{"e", {end_}}}));
  ASSERT_NO_FATAL_FAILURE(forget(end_));
  EXPECT_EQ(replay(0, 5, has_read_archive), rows);
  EXPECT_TRUE(has_read_archive);
}

}  // namespace
}  // namespace anabranch::history
