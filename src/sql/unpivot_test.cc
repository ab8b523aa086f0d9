// UNPIVOT as a part of a tree: its printing is the same statement, and what differs is told apart.

#include "sql/unpivot.h"

#include <gtest/gtest.h>

#include "duckdb.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "sql/normal_form.h"
#include "sql/parser.h"

namespace anabranch::sql {
namespace {

TEST(UnpivotText, IsTheSameStatementWhenItIsPrinted) {
  for (const auto& [text, printed] :
       {std::pair("unpivot t on a, b into name n value v", "SELECT * FROM t UNPIVOT (v FOR n IN (a, b))"),
        {"unpivot t on a, B, \"c d\"", "SELECT * FROM t UNPIVOT (value FOR name IN (a, \"B\", \"c d\"))"},
        {"from t unpivot include nulls ((v, w) for n in ((a, b) as 'x''y', (c, d)))",
         "SELECT * FROM t UNPIVOT INCLUDE NULLS ((v, w) FOR n IN ((a, b) AS \"x'y\", (c, d)))"},
        {"select v from (t join u using (k)) unpivot (v for \"N\" in (a::varchar)) as p where v > 'x'",
         "SELECT v FROM (t INNER JOIN u USING (k)) UNPIVOT (v FOR \"N\" IN (CAST(a AS VARCHAR))) AS p WHERE "
         "(v > 'x')"},
        {"unpivot t on columns(* exclude (k))",
         "SELECT * FROM t UNPIVOT (\"value\" FOR \"name\" IN (COLUMNS(* EXCLUDE (k))))"}}) {
    const auto select = parse_select(text);
    ASSERT_TRUE(select) << text << ": " << select.error().describe();
    EXPECT_EQ(to_sql(*select), to_sql(*parse_select(printed))) << text;
    EXPECT_TRUE(is_unpivot(select->from));
    EXPECT_EQ(table_names(*select).front().name, "t");
  }
}

// To the engine all of these are equal.
TEST(UnpivotText, OfOtherColumnsIsAnotherStatement) {
  const std::string text = "SELECT * FROM t UNPIVOT (v FOR n IN (a, b AS x)) AS p(q)";
  duckdb::Parser parser;
  parser.ParseQuery(text);
  auto& written = parser.statements[0]->Cast<duckdb::SelectStatement>();
  normalise(*written.node);
  EXPECT_TRUE(is_same_statement(text, written));
  for (const char* other : {"SELECT * FROM t UNPIVOT (v FOR n IN (a, c AS x)) AS p(q)",
                            "SELECT * FROM t UNPIVOT (v FOR n IN (b, a AS x)) AS p(q)",
                            "SELECT * FROM t UNPIVOT (v FOR n IN (a, b AS y)) AS p(q)",
                            "SELECT * FROM t UNPIVOT (v FOR n IN (a, b AS x)) AS p(r)",
                            "SELECT * FROM t UNPIVOT (v FOR n IN (a, b AS x)) AS p",
                            "SELECT * FROM t UNPIVOT INCLUDE NULLS (v FOR n IN (a, b AS x)) AS p(q)",
                            "SELECT * FROM t UNPIVOT (w FOR n IN (a, b AS x)) AS p(q)",
                            "SELECT * FROM t UNPIVOT (v FOR m IN (a, b AS x)) AS p(q)",
                            "SELECT * FROM u UNPIVOT (v FOR n IN (a, b AS x)) AS p(q)"})
    EXPECT_FALSE(is_same_statement(other, written)) << other;
}

TEST(UnpivotText, ColumnsThatItsRowsLeaveOutStayWhereTheyAreNamed) {
  auto select = parse_select("from t unpivot (v for n in (a, o))").value();
  Expr& unpivot = *select.from.function;
  Select rows = unpivoted_rows(unpivot);
  rows.items[0].exclude = {{"t", "o"}, {"t", "p"}};
  EXPECT_EQ(set_unpivoted_rows(unpivot, rows), "t");
  EXPECT_EQ(to_sql(select),
            to_sql(*parse_select("from (select * exclude (t.p) from t) as t unpivot (v for n in (a, o))")));
  rows.items[0].exclude.clear();
  set_unpivoted_rows(unpivot, rows);
  EXPECT_EQ(to_sql(select), to_sql(*parse_select("from t unpivot (v for n in (a, o))")));
}

}  // namespace
}  // namespace anabranch::sql
