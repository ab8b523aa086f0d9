// The aggregates among the generator's expressions.

#include <utility>

#include <fmt/format.h>

#include "tests/fuzz/expressions.h"

namespace anabranch::fuzz {

Sql Expressions::filter() {
  if (!random_.chance(18)) return "";
  use("FILTER");
  const bool may = std::exchange(may_take_risks, false);
  const Sql condition = predicate(1).sql;
  may_take_risks = may;
  return " FILTER (WHERE " + condition + ")";
}

Sql Expressions::call(const Call& call) {
  Sql text = call.name + "(";
  if (call.is_distinct) text += "DISTINCT ";
  text += call.arguments;
  Sql order;
  for (const Sql& item : call.order_by) order += (order.empty() ? Sql("") : Sql(", ")) + item;
  if (call.has_ties) {
    std::string ties;
    for (const std::string& tie : source_.order) ties += (ties.empty() ? "" : ", ") + tie;
    const std::string separator = order.empty() ? "" : ", ";
    order.plain += separator + ties;
    order.full += separator + ties;
  }
  if (!order.written.empty()) text.written += " ORDER BY " + order.written;
  if (!order.plain.empty()) text.plain += " ORDER BY " + order.plain;
  if (!order.full.empty()) text.full += " ORDER BY " + order.full;
  return text + ")" + filter();
}

Expr Expressions::number(bool is_wide_too) {
  if (may_take_risks && random_.chance(20)) {
    if (auto cast = risky_cast()) return *cast;
  }
  const auto found = column([&](const Column& c) {
    return (c.kind == Kind::integer && (c.is_small || (is_wide_too && random_.chance(30)))) ||
           (c.kind == Kind::decimal && c.is_small) || (c.kind == Kind::floating && c.is_summable);
  });
  if (found && random_.chance(75)) return *found;
  return scalar(random_.pick(std::vector<Kind>{Kind::integer, Kind::integer, Kind::floating}), 1);
}

Expr Expressions::count_of_something() {
  Expr out{"", Kind::integer, "", true, false, false};
  switch (random_.below(5)) {
    case 0:
      use("count(x)");
      out.sql = call({"count", any().sql});
      return out;
    case 1:
      use("count_if");
      out.sql = call({"count_if", predicate(1).sql});
      return out;
    case 2:
      if (faults_.contains('r') && random_.chance(30)) {
        use("count of tuples");
        out.sql = "count(DISTINCT (" + key().sql + ", " + key().sql + "))";
        return out;
      }
      if (faults_.contains('h') && random_.chance(30)) {
        use("collation");
        out.sql = "count(DISTINCT " + scalar(Kind::text, 0).sql + " COLLATE NOCASE)";
        return out;
      }
      use("count distinct");
      out.sql = call({"count", key().sql, true});
      return out;
    default:
      use("count(*)");
      out.sql = random_.chance(80) ? call({"count", "*"}) : call({"count", "1"});
      return out;
  }
}

Expr Expressions::extreme() {
  Expr of = sortable();
  use("min, max");
  Expr out = of;
  out.sql = call({random_.pick({"min", "max"}), of.sql});
  return out;
}

Expr Expressions::statistic() {
  Expr out{"", Kind::floating, "DOUBLE", false, false, true};
  const bool may = std::exchange(may_take_risks, false);
  const Expr x = number(false);
  const std::string name = random_.pick(
      {"avg",       "avg",      "mean",     "stddev",  "geomean",   "stddev_pop", "var_samp",   "var_pop",
       "variance",  "sem",      "median",   "corr",    "covar_pop", "covar_samp", "regr_slope", "regr_count",
       "regr_avgx", "kurtosis", "skewness", "entropy", "mad",       "geomean"});
  const bool is_pair = name == "corr" || name.starts_with("covar") || name.starts_with("regr");
  if (is_pair) {
    use("statistic of a pair");
    const Expr y = number(false);
    out.sql = call({name, y.sql + "::DOUBLE, " + x.sql + "::DOUBLE"});
  } else if (name == "avg" || name == "mean") {
    use("avg");
    out.sql = call({name, x.sql, random_.chance(10) && (x.kind == Kind::integer)});
  } else if (name == "median") {
    const bool is_plain = x.kind == Kind::integer || (x.kind == Kind::floating && x.type != "FLOAT");
    if (is_plain || faults_.contains('m')) {
      use(is_plain ? "median" : "median of other types");
      out.sql = call({name, x.sql});
    } else {
      use("avg");
      out.sql = call({"avg", x.sql});
    }
  } else if (name == "kurtosis" || name == "skewness" || name == "entropy" || name == "mad" ||
             name == "geomean") {
    if (name == "geomean") {
      if (!faults_.contains('r')) {
        may_take_risks = may;
        return count_of_something();
      }
      use("geomean");
      out.sql = call({name, "abs(" + x.sql + "::DOUBLE) + 1"});
    } else {
      use("other statistic");
      out.sql = call({name, name == "mad" || name == "entropy" ? x.sql : x.sql + "::DOUBLE"});
    }
  } else {
    use("deviation");
    out.sql = call({name, x.sql});
  }
  may_take_risks = may;
  return out;
}

Expr Expressions::from_order() {
  const Expr x = any();
  Expr out = x;
  if (x.is_fuzzy) return count_of_something();
  switch (random_.below(7)) {
    case 0:
      use_order("first, last");
      out.sql = call({random_.pick({"first", "last"}), x.sql, false, true});
      return out;
    case 1:
      use_order("any_value");
      out.sql = call({"any_value", x.sql, false, true});
      return out;
    case 2:
    case 3: {
      use_order("arg_min, arg_max");
      const Expr by = sortable();
      out.sql = call(
          {random_.pick({"arg_max", "arg_min", "max_by", "min_by"}), x.sql + ", " + by.sql, false, true});
      return out;
    }
    case 4: {
      use_order("mode");
      const Expr k = key();
      out = k;
      out.sql = call({"mode", k.sql, false, true});
      return out;
    }
    case 5: {
      use_order("list");
      Call made{random_.pick({"list", "array_agg"}), x.sql, false, true};
      if (random_.chance(50)) {
        use_order("ordered list");
        made.order_by.push_back(order_item(sortable()));
      }
      out.sql = call(made);
      out.kind = Kind::list;
      out.type = "";
      return out;
    }
    default: {
      use_order("string_agg");
      Call made{random_.pick({"string_agg", "group_concat"}),
                scalar(Kind::text, 1).sql + ", " + random_.pick({"','", "' | '"}), false, true};
      if (random_.chance(50)) {
        use_order("ordered list");
        made.order_by.push_back(order_item(sortable()));
      }
      out.sql = call(made);
      out.kind = Kind::text;
      return out;
    }
  }
}

Expr Expressions::holistic() {
  switch (random_.below(4)) {
    case 0: {
      const Expr x = number(false);
      use("quantile_cont");
      Expr out{"", Kind::floating, "DOUBLE", false, false, true};
      Sql argument = x.sql;
      if (x.kind != Kind::integer && x.type != "DOUBLE") {
        if (faults_.contains('m')) {
          use("median of other types");
        } else {
          argument = "(" + argument + ")::DOUBLE";
        }
      }
      out.sql = call({"quantile_cont", argument + ", " + random_.pick({"0.5", "0.9", "0.25"})});
      return out;
    }
    case 1: {
      const Expr x = sortable();
      use("quantile_disc");
      Expr out = x;
      const bool is_exact = faults_.contains('m') && random_.chance(50);
      if (is_exact) use("quantile at an exact rank");
      out.sql =
          call({random_.pick({"quantile_disc", "quantile"}),
                x.sql + ", " + (is_exact ? "0.55" : random_.pick({"0.5", "0.25", "0.75", "1.0", "0.0"}))});
      return out;
    }
    case 2: {
      const Expr x = key();
      use("distinct list");
      Expr out{"", Kind::list, "", false, false, false};
      Call made{"list", x.sql, true};
      if (x.kind == Kind::text && random_.chance(50)) {
        made.name = "string_agg";
        made.arguments += ", '|'";
        out.kind = Kind::text;
      }
      made.order_by.push_back(x.sql);
      out.sql = call(made);
      return out;
    }
    default: {
      const auto x = column([](const Column& c) { return c.kind == Kind::integer && c.is_small; });
      if (!x) return count_of_something();
      use("sum distinct");
      Expr out{"", Kind::huge, "HUGEINT", true, false, false};
      out.sql = call({"sum", x->sql, true});
      return out;
    }
  }
}

// The engine's own sum may pass 128 bits on its way to a result that fits them. Three sums of thirteen digits
// each cannot, and what is made of them fails only where the result has no place.
Sql Expressions::wide_sum(const Sql& x) {
  const Sql filtered = filter();
  const auto exact = [](const std::string& value, const std::string& only) {
    const std::string low = "10000000000000";
    const std::string both = "100000000000000000000000000";
    return fmt::format("(sum({0} // {3}){1} * {3} + (sum({0} // {2} % {2}){1} * {2} + sum({0} % {2}){1}))",
                       value, only, low, both);
  };
  return {"sum(" + x.written + ")" + filtered.written, exact(x.plain, filtered.plain),
          exact(x.full, filtered.full)};
}

// Of the forms that are known to fail, so that a run with one of them meets it soon.
std::optional<Expr> Expressions::faulty_aggregate() {
  if (faults_.contains('f') && random_.chance(15)) {
    use("infinity");
    Expr out{"", Kind::floating, "DOUBLE", false, false, true};
    const std::string strange = random_.pick({"'inf'", "'inf'", "'-inf'", "'nan'"});
    // A cast fails only where its branch is taken, which the conditions for the recorded events do not say.
    const bool may = std::exchange(may_take_risks, false);
    // In most groups, so that it meets other values.
    const auto small = column([](const Column& c) { return c.kind == Kind::integer && c.is_small; });
    const bool is_common = small && random_.chance(60);
    const Sql condition = is_common ? "coalesce(" + small->sql + ", 0) % 2 = 0" : predicate(0).sql;
    const Sql value =
        "CASE WHEN " + condition + " THEN " + strange + "::DOUBLE ELSE " + number(false).sql + "::DOUBLE END";
    may_take_risks = may;
    out.sql = call({random_.pick({"avg", "avg", "sum", "sum", "median", "min", "max"}), value});
    return out;
  }
  if (faults_.contains('l') && random_.chance(40)) {
    if (const auto huge = column([](const Column& c) { return c.kind == Kind::huge; })) {
      use("sum beyond 38 digits");
      return Expr{wide_sum(huge->sql), Kind::huge, "HUGEINT", false, false, false};
    }
  }
  if (faults_.contains('m') && random_.chance(30)) {
    Expr out{"", Kind::floating, "", false, false, true};
    const auto x = column([](const Column& c) { return c.kind == Kind::integer && c.is_small; });
    const auto other = column([](const Column& c) { return c.type == "FLOAT" || c.kind == Kind::decimal; });
    if (other && random_.chance(40)) {
      use("median of other types");
      out.sql = call({"median", other->sql});
      return out;
    }
    if (!x) return std::nullopt;
    if (random_.chance(50)) {
      use("quantile at an exact rank");
      out.sql = call({"quantile_disc", x->sql + ", " + random_.pick({"0.55", "0.07", "0.29"})});
      return out;
    }
    use("deviation far from zero");
    // Deviations do not depend on where zero is; plain DuckDB's own lose digits there.
    const Sql far = Sql("(1000000000 + ", "(", "(") + x->sql + " % 7)::DOUBLE";
    out.sql = call({random_.pick({"stddev", "var_pop"}), far});
    return out;
  }
  return std::nullopt;
}

Expr Expressions::aggregate() {
  if (auto made = faulty_aggregate()) return *made;
  for (int attempt = 0; attempt < 4; ++attempt) {
    const int choice = random_.below(100);
    if (choice < 22) return count_of_something();
    if (choice < 38) {
      const Expr x = number(true);
      Expr out{"",    x.kind,
               "",    x.is_small || x.kind == Kind::decimal,
               false, x.kind == Kind::floating && !x.is_summable};
      use("sum");
      out.sql = call({"sum", x.sql});
      if (x.kind == Kind::integer) out.kind = Kind::huge;
      return out;
    }
    if (choice < 50) return extreme();
    if (choice < 64) return statistic();
    if (choice < 72) return holistic();
    if (choice < 78) {
      Expr out{"", Kind::boolean, "BOOLEAN", false, false, false};
      use("bool_and, bool_or");
      out.sql = call({random_.pick({"bool_and", "bool_or"}), predicate(1).sql});
      return out;
    }
    if (choice < 83) {
      const auto x = column([](const Column& c) { return c.kind == Kind::integer; });
      if (!x) continue;
      Expr out = *x;
      use("bit_and, bit_or, bit_xor");
      out.is_small = false;
      out.sql = call({random_.pick({"bit_and", "bit_or", "bit_xor"}), x->sql});
      return out;
    }
    if (!source_.order.empty()) return from_order();
  }
  return count_of_something();
}

Expr Expressions::exact_aggregate() {
  for (int attempt = 0; attempt < 10; ++attempt) {
    Expr made = random_.chance(60) ? count_of_something() : extreme();
    if (!made.is_fuzzy) return made;
  }
  return {"count(*)", Kind::integer, "BIGINT", true, false, false};
}

}  // namespace anabranch::fuzz
