#include "sql/parser.h"

#include <gtest/gtest.h>

namespace anabranch::sql {
namespace {

// What to_sql prints must be the same statement: parsed and printed again it gives the same text.
TEST(Parser, PrintingIsAFixedPoint) {
  const char* queries[] = {
      "select 1",
      "select a, b as c, t.* from s.t as t(a, b) where a > 5 and not b is null or c in (1, 2, 'x')",
      "select count(*), count(distinct a), sum(x) filter (where y > 2), string_agg(n, ',' order by o desc "
      "nulls first) from t "
      "group by a, date_trunc('month', d) having count(*) > 3 order by 1 desc, a limit 10 offset 5",
      "select row_number() over (partition by k order by t desc, o) as n, sum(x) over (order by t rows "
      "between 2 preceding "
      "and current row) from t qualify n = 1",
      "select distinct on (k) * exclude (a) replace (b + 1 as b) from t order by k, v desc",
      "select * exclude (t.a, b), u.* exclude (c) from t join u on t.a = u.a",
      "with x as (select 1 as a), y(b) as materialized (select a from x) select * from x, y where x.a = y.b",
      "select * from a join b using (id, \"Odd name\") left join c on c.x = a.x cross join d natural join e",
      "(select 1 union all select 2) union select 3 order by 1",
      "select case when a then 1 when b then 2 else 3 end, cast(x as decimal(10,2)), try_cast(y as date), "
      "z::int[] from t",
      "select (select max(v) from u where u.k = t.k), exists (select 1 from u), a in (select b from u) from "
      "t",
      "select list_transform(l, lambda x: x + 1), {'a': 1, 'b': [1, 2]}, l[1], s.f.g, m['k'], a between 1 "
      "and 2, -x, interval "
      "'3' day from t",
      "from t select a",
      "values (1, 'a'), (2, 'b')",
      "select * from (values (1, 'a')) v(x, y), range(10) r(i), unnest([1, 2]) with ordinality u(e, o)",
      "select a, b, sum(c) from t group by rollup (a, b)",
      "select a, sum(b) from t group by all order by all",
      "select \"Weird\"\"name\", 'it''s', 1e-3, 1.50, 123456789012345678901234567890, true, null, "
      "x'ab'::blob, date "
      "'2013-01-01' from \"Order\"",
      "select a like 'x%', a not ilike 'y', a ~ 'r', a || b, a % 2, a // 3, a ** 2, a & 1, a is distinct "
      "from b, coalesce(a, b), "
      "nullif(a, b), extract(year from d), trim(both ' ' from a), a collate nocase from t",
      "select columns('a.*'), grouping(a) from t group by a",
      "select * exclude (a) replace (b as c) rename (d as e), t.* rename (t.a as \"b c\"), columns(* exclude "
      "(x)), columns(c -> c like 'a%'), unpack(columns('b')) from t",
      "select list_transform(l, lambda x, y: x + y), list_transform(l, (x, i) -> x * i), j -> '$.a', j ->> "
      "'b', "
      "[x + 1 for x in l if x > 2] from t",
      "select l[1:2], l[:], l[2:-:-1], l[-1], (s).f, (f(x)).g.h, array[1, a], t.s.a, !a, @ a, a !, a ^@ b, a "
      "-> 1, "
      "a <@ b, a <-> b from t",
      "select sum(x) over (order by t range between interval 1 day preceding and 1 following exclude ties), "
      "sum(x) over (order by t groups 2 preceding), sum(x) over (rows between unbounded preceding and "
      "unbounded "
      "following exclude current row), count(*) over (order by t rows current row), "
      "sum(distinct x order by y) over (partition by a, b) from t",
      "select percentile_cont(0.5) within group (order by x desc), mode() within group (order by a) from t",
      "select x = any (select y from u), x <> all (select y from u), not exists (select 1), (select 1), "
      "row(a, b), "
      "(a, b) in ((1, 2), (3, 4)), x in (select 1), a not in (select 2) from t",
      "select a::decimal(10, 2)[], b::struct(a int, \"B c\" varchar[])[3], c::map(int, text), d::enum('a', "
      "'b'), "
      "e::union(x int, y text), f::varchar collate nocase, g::timestamp with time zone, h::interval, i::bit "
      "from t",
      "select 1 from t group by ()",
      "select a, b from t group by grouping sets ((a, b), (a), ()) having count(*) > 1",
      "select a, b, c from t group by cube (a, b), c",
      "select * from t limit 10 % offset 1",
      "select * from t order by all desc nulls last limit (select 1)",
      "select * from a semi join b using (x) anti join c on a.x = c.x asof join d on a.t >= d.t positional "
      "join e",
      "select * from (select 1 as x) as s(y), lateral (select s.y + 1) as l",
      "select '\x01' || '0\x02', '\x01q\x02', e'\\n', 'anabranch.\"x\"', \"a\x01b\" from t",
      "select date '2013-01-01', time '10:00', timestamptz '2020-01-01 00:00:00+00', interval 1 month, "
      "'nan'::double, "
      "1e400, -5, +5, 0x1f, 1_000, 170141183460469231731687303715884105727, .5, 5., '\\xAA'::blob, "
      "uuid '00000000-0000-0000-0000-000000000000' from t",
      "select a at time zone 'UTC', position('a' in b), substring(a from 1 for 2), "
      "a similar to 'x', a not between 1 and 2, a is unknown, a is not true from t",
      "select first_value(x ignore nulls) over w, lag(x, 2, 0) over w from t window w as (partition by k "
      "order by o)",
  };
  for (const char* query : queries) {
    const auto first = parse_select(query);
    ASSERT_TRUE(first) << query << ": " << first.error().describe();
    const std::string once = to_sql(*first);
    const auto second = parse_select(once);
    ASSERT_TRUE(second) << once << ": " << second.error().describe();
    EXPECT_EQ(to_sql(*second), once) << query;
  }
}

TEST(Parser, SyntaxErrorHasItsPlace) {
  const auto result = parse_select("select a\nfrom t\nwhere where");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::bad_sql);
  ASSERT_TRUE(result.error().place);
  EXPECT_EQ(result.error().place->line, 3);
  EXPECT_EQ(result.error().place->column, 7);
}

TEST(Parser, SyntaxErrorAfterOtherLettersHasItsPlace) {
  const auto result = parse_select("SELECT 'é–ü' AS x FROM FROM t");
  ASSERT_FALSE(result);
  ASSERT_TRUE(result.error().place);
  EXPECT_EQ(result.error().place->column, 28) << "in bytes";
}

TEST(Parser, RefusesWhatIsNotOneSelect) {
  for (const char* text : {"",
                           "select 1; select 2",
                           "insert into t values (1)",
                           "drop table t",
                           "copy t to 'x'",
                           "attach 'x'",
                           "set threads = 1",
                           "pragma version",
                           "create table t as select 1",
                           "explain select 1",
                           "call f()",
                           "checkpoint",
                           "install x",
                           "load x",
                           "use x",
                           "export database 'x'",
                           "begin",
                           "vacuum",
                           "with recursive r as (select 1 union all select 1 from r) select * from r",
                           "pivot t on a using sum(b)",
                           "select * from t using sample 10%",
                           "describe t",
                           "show tables"}) {
    EXPECT_FALSE(parse_select(text)) << text;
  }
}

TEST(Parser, FindsTablesButNotCtes) {
  const auto select = parse_select(
      "with x as (select * from bronze.a) select *, (select max(v) from gold.b) from x join silver.c using "
      "(k) where exists "
      "(select 1 from bronze.d)");
  ASSERT_TRUE(select);
  std::string names;
  for (const auto& table : table_names(*select)) names += table.schema + "." + table.name + " ";
  EXPECT_EQ(names, "bronze.a silver.c gold.b bronze.d ");
}

TEST(Syntax, SameExprIgnoresCaseOfIdentifiersOnly) {
  const auto a = parse_select("select Date_Trunc('month', D)")->items[0];
  const auto b = parse_select("select date_trunc('month', d)")->items[0];
  const auto c = parse_select("select date_trunc('Month', d)")->items[0];
  EXPECT_TRUE(same_expr(a, b));
  EXPECT_FALSE(same_expr(a, c));
}

}  // namespace
}  // namespace anabranch::sql
