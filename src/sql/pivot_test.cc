// What stands in place of a PIVOT against the engine's own: its binder makes the same plan of both, with the
// same names, and where it goes another way (many columns) the rows are the same.

#include "sql/pivot.h"

#include <gtest/gtest.h>

#include "sql/database.h"
#include "sql/parser.h"

namespace anabranch::sql {
namespace {

class PivotText : public ::testing::TestWithParam<const char*> {};

TEST_P(PivotText, IsWhatTheEngineMakesOfIt) {
  const auto database = Database::open({}).value();
  auto session = database->connect().value();
  ASSERT_TRUE(session.run("create table t (k varchar, g integer, x double, d date, b boolean)"));
  ASSERT_TRUE(session.run(
      "insert into t values ('a', 1, 1.5, '2020-01-01', true), ('a', 2, 2, '2020-01-02', false), "
      "('b', 1, null, null, null), (null, 1, 7, '2020-01-01', true), ('NULL', 2, 8, null, false), "
      "('b', null, 9, '2020-01-02', true), ('c_1', 3, -0.0, null, null)"));
  const auto select = parse_select(GetParam());
  ASSERT_TRUE(select) << select.error().describe();
  const std::string ours = to_sql(*select);
  const auto expected = session.describe(GetParam());
  const auto found = session.describe(ours);
  ASSERT_TRUE(expected) << expected.error().describe();
  ASSERT_TRUE(found) << found.error().describe() << "\n" << ours;
  ASSERT_EQ(found->size(), expected->size());
  for (size_t i = 0; i < found->size(); ++i) {
    EXPECT_EQ((*found)[i].name, (*expected)[i].name) << ours;
    EXPECT_EQ((*found)[i].type, (*expected)[i].type) << ours;
  }
  // The engine makes lists of many columns, and computes values and NULLs before it compares.
  const bool is_other_way = found->size() > 20 ||
                            std::string_view(GetParam()).find("null") != std::string::npos ||
                            std::string_view(GetParam()).find("date '") != std::string::npos;
  const auto difference = session.bound_difference(GetParam(), ours);
  ASSERT_TRUE(difference) << difference.error().describe();
  EXPECT_TRUE(is_other_way || !*difference) << **difference << "\n" << ours;
  std::string answers[2];
  for (size_t i = 0; i < 2; ++i) {
    const auto rows = session.query(std::string("select p::varchar from (") +
                                    (i == 0 ? std::string(GetParam()) : ours) + ") as p order by 1");
    ASSERT_TRUE(rows) << rows.error().describe();
    for (size_t row = 0; row < rows->row_count(); ++row) answers[i] += rows->text(row, 0).value() + "\n";
  }
  EXPECT_EQ(answers[1], answers[0]) << ours;
}

INSTANTIATE_TEST_SUITE_P(
    Texts, PivotText,
    ::testing::Values(
        "pivot t on k in ('a', 'b') using sum(x) group by g",
        "pivot t on k in ('a', 'b') using sum(x) as total group by g",
        "pivot t on k in ('a', 'b', null, 'NULL') using sum(x), count(*), count(x) as n group by g",
        "pivot t on k in ('a' as first, b) using count(*)",
        "pivot (select k, g, x from t) on k in ('a', 'b') using max(x)",
        "pivot (select k, x from t) on k in ('a', 'b') using max(x)",
        "pivot (select k, x from t where false) on k in ('a', 'b') using max(x), count(*)",
        "pivot t on k in ('a', 'b'), g in (1, 2) using sum(x) group by b",
        "from t pivot (sum(x) for (k, g) in (('a', 1), ('b', null)) group by b)",
        "from t pivot (sum(x), min(d) for (k, g) in (('a', 1) as x1, ('b', 1) as x2) group by b)",
        "pivot t on k || g in ('a1', 'b1') using round(sum(x), 1) group by d",
        "pivot t on d in (date '2020-01-01' as one, date '2020-01-02' as two) using sum(x)::integer group by "
        "K",
        "pivot t on g in (1, 2) using coalesce(sum(x), 0) + 1 as s group by k order by k limit 3",
        "pivot t on g in (1, 2) using list(x order by x), string_agg(distinct k, ',' order by k) group by b",
        "select * from t pivot (sum(x) as total, count(*) as n for k in ('a', 'b') group by g)",
        "select q.a + q.\"b\" as ab from t pivot (sum(x) for k in ('a', 'b') group by g) as q where q.g = 1",
        "select c, d from (select k, g, x from t) pivot (sum(x) for k in ('a', 'b')) as q(g, c, d)",
        "with s as (select k, g, x from t) select p.g, t.x from (pivot s on k in ('a', 'b') using sum(x)) p "
        "join t on t.g = p.g",
        "select (select count(*) from (pivot t on k in ('a') using sum(x) group by g)) as n, g from t",
        "pivot t on g in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22) "
        "using "
        "sum(x), count(*) group by k"));

TEST(Pivot, WithColumnsOfTheDataIsNotTaken) {
  for (const auto& [text, what] :
       {std::pair("pivot t on k using sum(x)", "name the values"),
        {"select * from (pivot t on k in (date '2020-01-01') using sum(x))", "has no name"},
        {"pivot t on k in ('a', 'a') using sum(x)", "twice"},
        {"pivot t on k in ('a') using sum(x) + max(x)", "one aggregate"},
        {"pivot t on k in ('a') using sum(x) filter (where x > 1)", "FILTER"},
        {"pivot t on t.k in ('a') using sum(x)", "qualified"},
        {"from t pivot (sum(x) for (k, g) in (('a', 1), 'b'))", "different lengths"}}) {
    const auto select = parse_select(text);
    ASSERT_FALSE(select) << text;
    EXPECT_EQ(select.error().code, Code::refused) << text;
    EXPECT_NE(select.error().describe().find(what), std::string::npos) << select.error().describe();
  }
}

}  // namespace
}  // namespace anabranch::sql
