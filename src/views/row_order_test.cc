// What runs as it is written gives the same columns with its order spelled out, or stays as it is.

#include "views/row_order.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sql/parser.h"
#include "views/exposed.h"
#include "views/plan.h"

namespace anabranch::views {
namespace {

class RowOrderTest : public ::testing::Test {
 protected:
  RowOrderTest() : database_(sql::Database::open({}).value()), session_(database_->connect().value()) {
    model::Schema schema;
    schema.fields = {{"id", {.kind = model::Type::Kind::bigint}},
                     {"k", {.kind = model::Type::Kind::varchar}}};
    relations_["bronze.e"] = stream_relation("bronze.e", schema);
    run("CREATE SCHEMA anabranch");
    // Rows lie backwards, so what follows their place instead of their order shows.
    run("CREATE TABLE anabranch.\"bronze.e\" AS SELECT i AS id, 'k' || i % 3 AS k, 0::INTEGER AS _partition, "
        "i AS "
        "_offset, now() AS _ingested_at, '' AS _raw FROM range(6) AS r(i) ORDER BY i DESC");
    run("CREATE VIEW anabranch.\"bronze.e!\" AS SELECT id, k FROM anabranch.\"bronze.e\"");
  }

  void run(const std::string& sql) {
    const Status done = session_.run(sql);
    ASSERT_TRUE(done) << done.error().describe() << "\n" << sql;
  }

  std::optional<InOrder> in_order(const std::string& text, bool shows_order = false) {
    const auto exposed = expose(sql::parse_select(text).value(), relations_, text).value();
    return views::in_order(exposed.select, relations_, exposed.relations, shows_order,
                           [&](const std::string& sql) { return session_.describe(sql); });
  }

  // Names and values of the only row.
  std::string row(const std::string& text) {
    const auto spelled = in_order(text);
    if (!spelled) return "as it is written";
    const auto rows = session_.query(spelled->sql);
    if (!rows) return rows.error().describe();
    std::string out;
    for (size_t i = 0; i < rows->columns().size(); ++i)
      out += fmt::format("{}={} ", rows->columns()[i].name, rows->text(0, i).value_or("NULL"));
    return out;
  }

  std::unique_ptr<sql::Database> database_;
  sql::Session session_;
  Relations relations_;
};

TEST_F(RowOrderTest, LeavesAloneWhatDoesNotDependOnIt) {
  EXPECT_FALSE(in_order("SELECT k, count(*) FROM bronze.e GROUP BY k ORDER BY k"));
  EXPECT_FALSE(in_order("SELECT * FROM bronze.e WHERE id > 3 ORDER BY k"));
  EXPECT_FALSE(in_order("SELECT rank() OVER (ORDER BY id) FROM bronze.e"));
}

TEST_F(RowOrderTest, KeepsTheColumnsAsTheyAre) {
  EXPECT_EQ(row("SELECT * FROM bronze.e LIMIT 1"), "id=0 k=k0 ");
  EXPECT_EQ(row("SELECT any_value(id), id AS x FROM bronze.e GROUP BY id LIMIT 1"), "any_value(id)=0 x=0 ");
  EXPECT_EQ(row("SELECT _offset, * FROM bronze.e LIMIT 1"), "_offset=0 id=0 k=k0 ");
  EXPECT_EQ(row("SELECT any_value(COLUMNS(*)) FROM bronze.e"), "id=0 k=k0 ");
  EXPECT_EQ(row("SELECT id FROM bronze.e UNION ALL SELECT -id FROM bronze.e LIMIT 1"), "id=0 ");
}

TEST_F(RowOrderTest, StaysAsItIsWrittenWhereItWouldBeAnother) {
  EXPECT_EQ(row("SELECT e FROM bronze.e LIMIT 1"), "as it is written") << "a whole row";
  EXPECT_EQ(row("SELECT id, id FROM bronze.e UNION ALL SELECT id, id FROM bronze.e LIMIT 1"),
            "as it is written")
      << "two columns of a name";
  EXPECT_EQ(row("SELECT nothing FROM bronze.e LIMIT 1"), "as it is written") << "an error has its own words";
}

TEST_F(RowOrderTest, ShowsItsOrderAsLastColumns) {
  const auto shown = in_order("SELECT k, last(id) AS l FROM bronze.e GROUP BY k ORDER BY l DESC", true);
  ASSERT_TRUE(shown);
  ASSERT_EQ(shown->order.size(), 2U);
  EXPECT_EQ(shown->order[0].column, "anabranch:order0");
  EXPECT_TRUE(shown->order[0].is_descending);
  const auto rows = session_.query(shown->sql);
  ASSERT_TRUE(rows) << rows.error().describe();
  ASSERT_EQ(rows->columns().size(), 4U);
  EXPECT_EQ(rows->columns()[3].name, "anabranch:order1");
  EXPECT_EQ(rows->text(0, 0), "k2");
  EXPECT_EQ(rows->text(0, 2), "5");
  EXPECT_EQ(rows->text(0, 3), "k2");
}

}  // namespace
}  // namespace anabranch::views
