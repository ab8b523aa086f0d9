#include "sql/database.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/type.h"
#include "sql/parser.h"
#include "sql/syntax.h"

namespace anabranch::sql {
namespace {

class Memory : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open({});
    ASSERT_TRUE(opened) << opened.error().describe();
    database_ = std::move(*opened);
  }
  std::string json(const std::string& select, Numbers numbers = Numbers::number) {
    auto session = database_->connect();
    auto rows = session->query(select);
    if (!rows) return rows.error().describe();
    std::string text;
    EXPECT_TRUE(rows->append_json(text, numbers));
    return text;
  }
  std::unique_ptr<Database> database_;
};

TEST_F(Memory, WritesEveryTypeAsDocumented) {
  EXPECT_EQ(json("select 1, 5::hugeint * 10000000000000000000000, 1.50::decimal(10,2), 0.1, 'nan'::double, "
                 "'-inf'::double, null"),
            "[[1,50000000000000000000000,1.50,0.1,\"NaN\",\"-Infinity\",null]]");
  EXPECT_EQ(json("select 9007199254740993, 7, 1.5", Numbers::string), "[[\"9007199254740993\",7,\"1.5\"]]");
  EXPECT_EQ(json("select date '2013-01-31', timestamp '2013-01-31 05:06:07.5', timestamptz '2013-01-31 "
                 "05:06:07+02', time '05:06:07'"),
            "[[\"2013-01-31\",\"2013-01-31T05:06:07.5\",\"2013-01-31T03:06:07Z\",\"05:06:07\"]]");
  EXPECT_EQ(
      json("select date '0044-03-15 (BC)', [date '0001-12-31 (BC)'], timestamp '0044-03-15 (BC) 05:06:07.5', "
           "timestamptz '12044-03-15 05:06:07+00', date '9999-12-31', 'infinity'::date, "
           "'-infinity'::timestamptz"),
      "[[\"-0043-03-15\",[\"+0000-12-31\"],\"-0043-03-15T05:06:07.5\",\"+12044-03-15T05:06:07Z\","
      "\"9999-12-31\",\"infinity\",\"-infinity\"]]");
  EXPECT_EQ(json("select interval '1 year 2 months 3 days 04:05:06.7', interval '0 days', 'ab'::blob"),
            "[[\"P1Y2M3DT4H5M6.7S\",\"PT0S\",\"YWI=\"]]");
  EXPECT_EQ(json("select [1, null], {'a': 1, 'b': 'x'}, map {'k': 2.0}, 'q\"\\\n', '{\"a\":1}'::json, "
                 "'6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11'::uuid"),
            "[[[1,null],{\"a\":1,\"b\":\"x\"},[[\"k\",2.0]],\"q\\\"\\\\\\n\",\"{\\\"a\\\":1}\",\"6b3f9cd2-"
            "47a4-4a9a-8b7e-6f3c2b8d0e11\"]]");
}

// One of our own lists of words, and what the engine's parser takes as names, against the engine's own list.
TEST_F(Memory, EveryWordOfTheLanguageMayBeAName) {
  auto session = database_->connect().value();
  const auto words = session.query("SELECT DISTINCT keyword_name FROM duckdb_keywords()").value();
  ASSERT_GT(words.row_count(), 400U);
  for (size_t i = 0; i < words.row_count(); ++i) {
    const std::string word = words.text(i, 0).value();
    const std::string quoted = '"' + word + '"';
    const auto type = model::Type::parse("STRUCT(" + quoted + " INTEGER)");
    ASSERT_TRUE(type) << word;
    const auto engine = session.query("SELECT typeof(NULL::" + type->to_sql() + ")");
    ASSERT_TRUE(engine) << word << ": " << engine.error().describe();
    EXPECT_EQ(engine->text(0, 0), type->to_sql());
    const auto select =
        parse_select(fmt::format("SELECT {0}, {0}.{0}, {{{1}: 1}} AS {0}, t.* RENAME ({0} AS {0}) FROM s.{0} "
                                 "AS {0}, (SELECT 1 AS {0}) AS t({0})",
                                 quoted, "'" + word + "'"));
    ASSERT_TRUE(select) << word << ": " << select.error().describe();
    const auto again = parse_select(to_sql(*select));
    ASSERT_TRUE(again) << to_sql(*select) << ": " << again.error().describe();
    EXPECT_EQ(to_sql(*again), to_sql(*select));
  }
}

TEST_F(Memory, WritesCsv) {
  auto rows =
      database_->connect()->query("select 'a,b' as \"x y\", null as n, '' as e, 1.5::double as d, [1] as l");
  std::string text;
  EXPECT_TRUE(rows->append_csv(text));
  EXPECT_EQ(text, "x y,n,e,d,l\r\n\"a,b\",,\"\",1.5,[1]\r\n");
}

TEST_F(Memory, ErrorsHaveAPlace) {
  auto rows = database_->connect()->query("select 1,\n nope");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Code::bad_sql);
  ASSERT_TRUE(rows.error().place);
  EXPECT_EQ(rows.error().place->line, 2);
  EXPECT_EQ(rows.error().place->column, 2);
}

TEST_F(Memory, ErrorsInLongLinesHaveAPlaceToo) {
  const std::string before(300, ' ');
  auto rows = database_->connect()->query("select 1,\n 2," + before + "3, nope, 4," + before + "5");
  ASSERT_FALSE(rows);
  ASSERT_TRUE(rows.error().place);
  EXPECT_EQ(rows.error().place->line, 2);
  EXPECT_EQ(rows.error().place->column, 307);
}

TEST_F(Memory, FactsTellWhatCanFail) {
  auto session = database_->connect();
  ASSERT_TRUE(session->run("create table t (s varchar, i integer, b bigint, d double)"));
  auto facts = session->facts(
      "select s, s::integer, try_cast(s as integer), i::bigint, i + 1, d / 0, s = 'x', s = 5, random(), "
      "upper(s), now(), "
      "b::integer, coalesce(i, 0), i is null, concat(s, i), abs(i), year(s::date), length(s), i > 5 and d < "
      "3, cast(i as varchar), {'a': i} >= {'a': b}, {'a': s}::struct(a integer) from t");
  ASSERT_TRUE(facts) << facts.error().describe();
  std::string can_fail;
  std::string is_volatile;
  for (const auto& fact : facts->items) {
    can_fail += fact.can_fail ? 'F' : '.';
    is_volatile += fact.is_volatile ? 'V' : '.';
  }
  EXPECT_EQ(can_fail, ".F..F..FF..F...FF....F");
  EXPECT_EQ(is_volatile, "........V.V...........");
}

TEST_F(Memory, BoundPlansAreToldApart) {
  auto session = database_->connect();
  ASSERT_TRUE(
      session->run("create table e (id bigint, k varchar, g integer, tags varchar[], more varchar[])"));
  const auto difference = [&](const char* a, const char* b) {
    const auto found = session->bound_difference(a, b);
    if (!found) return found.error().describe();
    return found->value_or("same");
  };
  EXPECT_EQ(difference("select k, g from e", "select e.k as x, (g) as y from e"), "same");
  EXPECT_EQ(difference("with c as (select k from e) select k from c", "select d.k from (select k from e) d"),
            "same");
  EXPECT_EQ(
      difference("select u.t from e, unnest(e.tags) u(t)", "select u.t from e cross join unnest(tags) u(t)"),
      "same");
  EXPECT_EQ(difference("select k, k as j, count(*) from e group by k, j",
                       "select k, k, count(*) from e group by k"),
            "same");
  // What is there twice, by whichever of the two it is meant.
  EXPECT_EQ(difference("select g as a, g as b from e order by 1", "select g as a, g as b from e order by 2"),
            "same");
  EXPECT_EQ(
      difference(
          "select k, g as x from e group by k, g, x qualify row_number() over (partition by k order by "
          "count(*)) <= 2",
          "select k, g from e group by k, g qualify row_number() over (partition by k order by count(*)) "
          "<= 2"),
      "same");
  EXPECT_EQ(difference("select c as x, d as y from (select g as c, g as d from e) group by c, d",
                       "select c as x, c as y from (select g as c, g as d from e) group by c"),
            "same");
  for (const auto& [a, b] :
       {std::pair("select k from e", "select g from e"),
        {"select u.t from e, unnest(e.tags) u(t)", "select u.t from e, unnest(e.more) u(t)"},
        {"select k, -id as id from e order by id", "select k, -id as id from e order by id + 0"},
        {"select sum(g) from e", "select sum(distinct g) from e"},
        {"select sum(g) from e", "select sum(g) filter (where g > 1) from e"},
        {"select k from e where g > 1", "select k from e where g >= 1"},
        {"select k from e where g > 1", "select k from e where g > 2"},
        {"select k, count(*) from e group by k", "select k, count(*) from e group by k, g"},
        {"select k from e order by k", "select k from e order by k desc"},
        {"select k from e order by k limit 1", "select k from e order by k limit 2"},
        {"select g as a, k as b from e order by 1", "select g as a, k as b from e order by 2"},
        {"select random() as a, random() as b from e order by 1",
         "select random() as a, random() as b from e order by 2"},
        {"select k, g, count(*) from e group by grouping sets ((k), (g))",
         "select k, k, count(*) from e group by grouping sets ((k), (k))"},
        {"select min(k) from e", "select min(k collate nocase) from e"},
        {"select rank() over (order by g) from e", "select rank() over (order by id) from e"},
        {"select a.k from e a join e b on a.id = b.g", "select a.k from e a join e b on a.g = b.id"}}) {
    EXPECT_NE(difference(a, b), "same") << a << "\n" << b;
  }
}

// The engine's own rule makes a row of NULLs out of the first of no rows.
TEST_F(Memory, TheFirstOfNoRowsIsNone) {
  auto session = database_->connect().value();
  ASSERT_TRUE(session.run("CREATE TABLE none (id BIGINT, g INTEGER)"));
  ASSERT_TRUE(session.run("CREATE TABLE one AS SELECT 1::BIGINT AS id"));
  for (const char* sql :
       {"SELECT id FROM none QUALIFY row_number() OVER (ORDER BY g) = 1",
        "SELECT id FROM none QUALIFY row_number() OVER (ORDER BY g DESC NULLS LAST) <= 1",
        "SELECT id, g FROM none QUALIFY row_number() OVER (ORDER BY g) < 2",
        "SELECT id FROM none WHERE g > 3 QUALIFY 1 = row_number() OVER (ORDER BY id)",
        "SELECT id FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM none) WHERE place = 1",
        "WITH numbered AS (SELECT *, row_number() OVER (ORDER BY id) AS place FROM none) "
        "SELECT n.id FROM numbered n JOIN one ON n.place = 1",
        "SELECT one.id FROM one JOIN (SELECT row_number() OVER (ORDER BY g) AS place FROM none) n "
        "ON n.place = one.id AND one.id = 1"}) {
    const auto rows = session.query(sql);
    ASSERT_TRUE(rows) << rows.error().describe() << "\n" << sql;
    EXPECT_EQ(rows->row_count(), 0u) << sql;
  }
  ASSERT_TRUE(session.run("INSERT INTO none VALUES (7, 2), (8, 1), (9, NULL)"));
  const auto first = session.query("SELECT id FROM none QUALIFY row_number() OVER (ORDER BY g) = 1");
  ASSERT_EQ(first->row_count(), 1u);
  EXPECT_EQ(first->text(0, 0), "8");
}

// Each side of a UNION ALL has its own partial sum, and each part of a window's frame.
TEST_F(Memory, SumsThatAreMergedDoNotWrap) {
  auto session = database_->connect().value();
  const std::string nines(38, '9');
  for (const std::string& wide : {nines + "::HUGEINT", nines + "::DECIMAL(38,0)",
                                  nines.substr(2) + ".99::DECIMAL(38,2)", "-" + nines + "::HUGEINT"}) {
    const std::string two = fmt::format("(SELECT {0} AS x UNION ALL SELECT {0})", wide);
    for (const std::string& sql :
         {fmt::format("SELECT sum(x) FROM {}", two), fmt::format("SELECT avg(x) FROM {}", two),
          fmt::format("SELECT g, sum(x) FROM (SELECT *, 1 AS g FROM {}) GROUP BY g", two),
          fmt::format(
              "SELECT sum(x) OVER (ORDER BY n ROWS BETWEEN 40 PRECEDING AND 40 FOLLOWING) FROM (SELECT "
              "n, CASE WHEN n IN (20, 70) THEN {} END AS x FROM range(100) r(n))",
              wide)}) {
      if (sql.find("avg") != std::string::npos && sql.find("HUGEINT") != std::string::npos) continue;
      const auto rows = session.query(sql);
      EXPECT_TRUE(!rows && rows.error().describe().find("verflow") != std::string::npos) << sql;
    }
  }
  const auto rows = session.query(
      "SELECT sum(x), avg(x) FROM (SELECT 1::HUGEINT AS x UNION ALL SELECT NULL UNION ALL SELECT 4)");
  ASSERT_TRUE(rows) << rows.error().describe();
  EXPECT_EQ(rows->text(0, 0), "5");
  EXPECT_EQ(rows->text(0, 1), "2.5");
}

TEST_F(Memory, InterruptCancels) {
  auto session = database_->connect();
  auto other = std::make_unique<Session>(std::move(*session));
  other->interrupt();  // before the start it does nothing
  EXPECT_TRUE(other->query("select 1"));
}

// One batch, once for each scan.
class OneBatchFeed final : public Feed {
 public:
  explicit OneBatchFeed(std::shared_ptr<const model::ColumnBatch> batch) : batch_(std::move(batch)) {}
  struct OneCursor final : Cursor {
    std::shared_ptr<const model::ColumnBatch> batch;
    Result<std::shared_ptr<const model::ColumnBatch>> next() override {
      return std::exchange(batch, nullptr);
    }
  };
  Result<std::unique_ptr<Cursor>> open(model::Offset, model::Offset) override {
    auto cursor = std::make_unique<OneCursor>();
    cursor->batch = batch_;
    return cursor;
  }

 private:
  std::shared_ptr<const model::ColumnBatch> batch_;
};

TEST_F(Memory, AStatementSeesWhatItsTransactionSees) {
  auto writer = database_->connect();
  auto reader = database_->connect();
  ASSERT_TRUE(writer->run("create table state (n integer)"));
  ASSERT_TRUE(writer->run("insert into state values (1)"));
  auto statement = reader->prepare("select * from state");
  ASSERT_TRUE(statement) << statement.error().describe();
  for (int n = 1; n < 6; ++n) {
    ASSERT_TRUE(reader->run("begin transaction"));
    auto rows = statement->query();
    ASSERT_TRUE(rows) << rows.error().describe();
    ASSERT_EQ(rows->row_count(), 1u);
    EXPECT_EQ(rows->integer(0, 0), n);
    ASSERT_TRUE(writer->run("update state set n = n + 1"));
    // Other tables come and go: the statement is planned again.
    ASSERT_TRUE(writer->run(n % 2 == 1 ? "create table other (x integer)" : "drop table other"));
    EXPECT_EQ(statement->query()->integer(0, 0), n) << "what was there when the transaction began";
    ASSERT_TRUE(reader->run("rollback"));
  }
  ASSERT_TRUE(writer->run("drop table state"));
  auto gone = statement->query();
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().message.find("state"), std::string::npos) << gone.error().describe();
}

TEST_F(Memory, FeedGivesTypedColumnsOfAnySchemaVersion) {
  auto old_schema = std::make_shared<model::Schema>();
  old_schema->fields = {{"name", model::Type::parse("varchar").value()},
                        {"n", model::Type::parse("integer").value()},
                        {"tags", model::Type::parse("varchar[]").value()}};
  auto batch = std::make_shared<model::ColumnBatch>();
  batch->schema = old_schema;
  batch->first_offset = 40;
  batch->ingested_at_us = 1'000'000;
  batch->rows = 2;
  batch->columns.resize(3);
  batch->columns[0].append_text("a name longer than twelve");
  batch->columns[0].append_null(0);
  batch->columns[1].append<int32_t>(7);
  batch->columns[1].append<int32_t>(8);
  batch->columns[2].append_text("[\"x\",\"y\"]");
  batch->columns[2].append_null(0);
  batch->raw = {"{1}", "{2}"};
  batch->check_invariants();
  model::Schema new_schema = *old_schema;
  new_schema.fields[1].type = model::Type::parse("bigint").value();
  new_schema.fields.push_back({"added", model::Type::parse("double").value()});
  ASSERT_TRUE(database_->register_feed("events", new_schema, std::make_shared<OneBatchFeed>(batch)));
  EXPECT_EQ(
      json("select *, tags[2] from events()"),
      "[[\"a name longer than twelve\",7,[\"x\",\"y\"],null,0,40,\"1970-01-01T00:00:01Z\",\"{1}\",\"y\"],"
      "[null,8,null,null,0,41,\"1970-01-01T00:00:01Z\",\"{2}\",null]]");
  EXPECT_EQ(json("select count(*), sum(n) from events(0, 5) where _offset > 40"), "[[1,8]]");
}

TEST(Database, LockedDownEngineReadsOnlyItsFolders) {
  auto database =
      Database::open({.has_external_access = false, .allowed_folders = {"/tmp/anabranch-nowhere/"}});
  ASSERT_TRUE(database);
  auto session = (*database)->connect();
  EXPECT_FALSE(session->query("select * from read_csv('/etc/passwd')"));
  EXPECT_FALSE(session->run("copy (select 1) to '/tmp/anabranch-leak.csv'"));
  EXPECT_FALSE(session->run("attach '/tmp/anabranch-leak.duckdb'"));
  ASSERT_TRUE((*database)->lock_configuration());
  EXPECT_FALSE(session->run("set enable_external_access = true"));
  EXPECT_FALSE(session->run("set threads = 8"));
}

}  // namespace
}  // namespace anabranch::sql
