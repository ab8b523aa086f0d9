#include "tests/fuzz/expressions.h"

#include <algorithm>

#include <fmt/format.h>

#include "sql/syntax.h"
#include "tests/fuzz/case.h"
#include "tests/fuzz/constructs.h"

namespace anabranch::fuzz {

Expressions::Expressions(Random& random, const Faults& faults, const Source& source,
                         std::set<std::string>& used)
    : random_(random), faults_(faults), source_(source), used_(used) {}

void Expressions::use(const std::string& name) {
  (void)construct(name);
  used_.insert(name);
}

void Expressions::use_order(const std::string& name) {
  use(name);
  depends_on_order_ = true;
}

// ---- columns ----

Expr Expressions::reference(const Column& column) {
  std::string name = identifier(column.name, random_.chance(80));
  if (!name.starts_with('"') && random_.chance(4))
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  std::string qualifier = column.is_ambiguous || random_.chance(25) ? column.qualifier + "." : "";
  if (faults_.contains('r') && !column.schema_qualifier.empty() && random_.chance(6)) {
    use("schema-qualified column");
    qualifier = column.schema_qualifier + ".";
  }
  const std::string plain_name = column.plain_name.empty() ? identifier(column.name) : column.plain_name;
  const std::string plain = column.plain_name.empty() ? qualifier + name : qualifier + plain_name;
  Expr expr;
  expr.sql = {qualifier + name, plain, column.qualifier + "." + plain_name};
  expr.kind = column.kind;
  expr.type = column.type;
  expr.is_small = column.is_small;
  expr.is_summable = column.is_summable;
  expr.is_fuzzy = column.is_fuzzy;
  if (!column.plain_name.empty()) use("system column");
  return expr;
}

std::optional<Expr> Expressions::column(const std::function<bool(const Column&)>& is_wanted) {
  std::vector<const Column*> wanted;
  for (const Column& column : source_.columns) {
    if (!column.is_fuzzy && is_wanted(column) && (column.plain_name.empty() || random_.chance(25)))
      wanted.push_back(&column);
  }
  if (wanted.empty()) return std::nullopt;
  return reference(*random_.pick(wanted));
}

// ---- scalars ----

Sql Expressions::text_literal() {
  if (faults_.contains('c') && random_.chance(25)) {
    use("literal like SQL of plans");
    return sql::quote_literal(
        random_.pick({" \"@bronze.e\" ", "\"@gold.n!\"", "\"@rows\"", "\"@main\"", "\"@%",
                      "\1"
                      "0\2",
                      "\"@states\" AS x"}));
  }
  return sql::quote_literal(
      random_.pick({"a", "b", "A", "none", "12", "it's", "", "Ünï", "k0", "%", "rows"}));
}

Expr Expressions::scalar(Kind kind, int depth) {
  const auto of = [&](Sql sql, bool is_small = false, bool is_summable = false) {
    return Expr{std::move(sql), kind, "", is_small, is_summable, false};
  };
  const auto found = column([&](const Column& column) { return column.kind == kind; });
  if (depth <= 0 && found && random_.chance(85)) return *found;
  const auto small =
      column([](const Column& column) { return column.kind == Kind::integer && column.is_small; });
  switch (kind) {
    case Kind::integer: {
      if (depth > 0) {
        switch (random_.below(9)) {
          case 0:
            if (small)
              return of("(" + small->sql + "::BIGINT " + random_.pick({"+", "-", "*"}) + " " +
                            fmt::format("{}", random_.between(1, 9)) + ")",
                        true);
            break;
          case 1:
            if (small) return of(small->sql + " % " + fmt::format("{}", random_.between(2, 5)), true);
            break;
          case 2:
            if (small)
              return of("(" + small->sql + " // " + fmt::format("{}", random_.between(2, 20)) + ")", true);
            break;
          case 3:
            return of("length(" + scalar(Kind::text, depth - 1).sql + ")", true);
          case 4:
            if (const auto date = column(
                    [](const Column& c) { return c.kind == Kind::date || c.kind == Kind::timestamp; })) {
              use("date function");
              return of(Sql(random_.pick({"year", "month", "dayofweek", "quarter"})) + "(" + date->sql + ")",
                        true);
            }
            break;
          case 5:
            use("CASE");
            return of("CASE WHEN " + predicate(depth - 1).sql + " THEN " +
                          fmt::format("{}", random_.below(9)) + " ELSE " +
                          fmt::format("{}", random_.below(9)) + " END",
                      true);
          case 6:
            if (found) return of("coalesce(" + found->sql + ", 0)", found->is_small);
            break;
          case 7:
            if (const auto list = column([](const Column& c) { return c.kind == Kind::list; }))
              return of("len(" + list->sql + ")", true);
            break;
          default:
            if (const auto text = column([](const Column& c) { return c.kind == Kind::text; })) {
              use("TRY_CAST");
              return of("TRY_CAST(" + text->sql + " AS INTEGER)", false);
            }
        }
      }
      if (found) return *found;
      return of(fmt::format("{}", random_.below(10)), true);
    }
    case Kind::text: {
      if (depth > 0) {
        const Expr inner = scalar(Kind::text, depth - 1);
        switch (random_.below(9)) {
          case 0:
            return of(Sql(random_.pick({"upper", "lower", "trim", "reverse"})) + "(" + inner.sql + ")");
          case 1:
            return of("(" + inner.sql + " || " + text_literal() + ")");
          case 2:
            return of("substr(" + inner.sql + ", 1, 2)");
          case 3:
            return of("coalesce(" + inner.sql + ", " + text_literal() + ")");
          case 4:
            use("CASE");
            return of("CASE WHEN " + predicate(depth - 1).sql + " THEN " + inner.sql + " ELSE " +
                      text_literal() + " END");
          case 5:
            if (const auto any = column([](const Column& c) {
                  return c.kind == Kind::integer || c.kind == Kind::date || c.kind == Kind::boolean;
                }))
              return of(any->sql + "::VARCHAR");
            break;
          case 6:
            if (const auto json = column([](const Column& c) { return c.kind == Kind::json; })) {
              use("JSON extraction");
              return of("(" + json->sql + "->>" + random_.pick({"'$.a'", "'b'", "'$[0]'"}) + ")");
            }
            break;
          case 7:
            return of("nullif(" + inner.sql + ", " + text_literal() + ")");
          default:
            if (const auto ts = column(
                    [](const Column& c) { return c.kind == Kind::timestamp || c.kind == Kind::date; })) {
              use("date function");
              return of("strftime(" + ts->sql + ", '%Y-%m')");
            }
        }
      }
      if (found) return *found;
      return of(text_literal());
    }
    case Kind::boolean:
      if (found && random_.chance(60)) return *found;
      return of("(" + predicate(depth > 0 ? depth - 1 : 0).sql + ")");
    case Kind::floating: {
      if (depth > 0 && small) {
        switch (random_.below(3)) {
          case 0:
            return of("(" + small->sql + "::DOUBLE / 4)", false, true);
          case 1:
            return of("(" + small->sql + " * 0.5::DOUBLE)", false, true);
          default:
            return of("(" + small->sql + " / 3)", false, false);
        }
      }
      if (found && found->is_summable && depth > 0 && random_.chance(50))
        return of("(" + found->sql + "::DOUBLE * 2 - 1)", false, true);
      if (found) return *found;
      return of("0.25::DOUBLE", false, true);
    }
    case Kind::decimal:
      if (found) return *found;
      return of("1.50::DECIMAL(6,2)", true);
    case Kind::date:
      if (depth > 0) {
        if (const auto ts = column([](const Column& c) { return c.kind == Kind::timestamp; })) {
          use("date function");
          return of("CAST(date_trunc('month', " + ts->sql + ") AS DATE)");
        }
      }
      if (found) return *found;
      return of("DATE '2013-01-01'");
    case Kind::timestamp:
      if (found && depth > 0) {
        use("date function");
        return of("date_trunc(" + Sql(random_.pick({"'day'", "'month'", "'year'"})) + ", " + found->sql +
                  ")");
      }
      if (found) return *found;
      return of("TIMESTAMP '2013-01-01 10:00:00'");
    default:
      if (found) return *found;
      return scalar(Kind::integer, depth);
  }
}

Expr Expressions::key() {
  for (int attempt = 0; attempt < 8; ++attempt) {
    if (random_.chance(60)) {
      const auto found = column([&](const Column& c) {
        return c.kind != Kind::other && (c.kind == Kind::text || c.kind == Kind::integer ||
                                         c.kind == Kind::boolean || random_.chance(30));
      });
      if (found) return *found;
    }
    Expr made = scalar(random_.pick(std::vector<Kind>{Kind::text, Kind::integer, Kind::boolean, Kind::date,
                                                      Kind::timestamp, Kind::floating}),
                       random_.below(3));
    if (made.sql.full.find('.') != std::string::npos) return made;  // no constants
  }
  return scalar(Kind::integer, 0);
}

Expr Expressions::any() {
  if (random_.chance(50)) {
    std::vector<const Column*> all;
    for (const Column& column : source_.columns) {
      if (column.plain_name.empty() || random_.chance(20)) all.push_back(&column);
    }
    if (!all.empty()) return reference(*random_.pick(all));
  }
  return scalar(random_.pick(std::vector<Kind>{Kind::text, Kind::integer, Kind::boolean, Kind::date,
                                               Kind::timestamp, Kind::floating, Kind::decimal}),
                random_.below(3));
}

Expr Expressions::sortable() {
  if (const auto found = column([](const Column& c) {
        return c.kind == Kind::integer || c.kind == Kind::text || c.kind == Kind::date ||
               c.kind == Kind::timestamp || c.kind == Kind::decimal || c.kind == Kind::floating ||
               c.kind == Kind::boolean || c.kind == Kind::uuid || c.kind == Kind::timestamptz;
      });
      found && random_.chance(80))
    return *found;
  return scalar(random_.pick(std::vector<Kind>{Kind::integer, Kind::text}), 1);
}

Sql Expressions::order_item(const Expr& expr) {
  Sql item = expr.sql;
  if (expr.kind == Kind::text && faults_.contains('h') && random_.chance(40)) {
    use("collation");
    item += " COLLATE NOCASE";
  }
  item += random_.pick({"", " ASC", " DESC", " DESC"});
  item += random_.pick({"", "", " NULLS FIRST", " NULLS LAST"});
  return item;
}

std::optional<Expr> Expressions::risky_cast() {
  if (!may_take_risks) return std::nullopt;
  const auto text = column([](const Column& c) { return c.kind == Kind::text; });
  if (!text) return std::nullopt;
  use("failing cast");
  const auto tried = [](const std::string& value) { return "TRY_CAST(" + value + " AS INTEGER)"; };
  Expr expr;
  expr.sql = {
      random_.chance(50) ? "CAST(" + text->sql.written + " AS INTEGER)" : text->sql.written + "::INTEGER",
      tried(text->sql.plain), tried(text->sql.full)};
  expr.kind = Kind::integer;
  expr.is_small = false;
  errors_.push_back(fmt::format("({} IS NOT NULL AND {} IS NULL)", text->sql.full, tried(text->sql.full)));
  return expr;
}

// ---- conditions ----

Predicate Expressions::safe(Sql sql) {
  Predicate predicate;
  predicate.must = predicate.may = "((" + sql.full + ") IS TRUE)";
  predicate.must_not = predicate.may_not = "((" + sql.full + ") IS FALSE)";
  predicate.sql = std::move(sql);
  return predicate;
}

Predicate Expressions::atom() {
  if (may_take_risks && is_condition_ && random_.chance(25)) {
    const size_t before = errors_.size();
    if (const auto cast = risky_cast()) {
      const std::string error = errors_.back();
      errors_.resize(before);  // a condition's error is no item's
      const Sql compared = cast->sql + " > 5";
      Predicate predicate;
      predicate.is_risky = true;
      predicate.must = fmt::format("(NOT {} AND (({}) IS TRUE))", error, compared.full);
      predicate.may = fmt::format("({} OR (({}) IS TRUE))", error, compared.full);
      predicate.must_not = fmt::format("(NOT {} AND (({}) IS FALSE))", error, compared.full);
      predicate.may_not = fmt::format("({} OR (({}) IS FALSE))", error, compared.full);
      predicate.sql = compared;
      return predicate;
    }
  }
  const bool is_of_zeros = faults_.contains('n') && random_.chance(30);
  auto any = column([&](const Column& c) {
    return is_of_zeros ? c.kind == Kind::floating || c.kind == Kind::blob : c.kind != Kind::other;
  });
  if (!any) return safe(random_.pick({"true", "1 = 1", "NULL IS NULL"}));
  const Sql& x = any->sql;
  if (random_.chance(12)) return safe(x + random_.pick({" IS NULL", " IS NOT NULL"}));
  const std::string compare = random_.pick({"=", "<>", "<", ">", "<=", ">="});
  switch (any->kind) {
    case Kind::integer: {
      const std::string number = fmt::format("{}", random_.between(0, 60));
      switch (random_.below(4)) {
        case 0:
          return safe(x + " BETWEEN " + number + " AND " + fmt::format("{}", random_.between(20, 100)));
        case 1:
          return safe(x + random_.pick({" IN (1, 2, 3)", " NOT IN (0, 7)", " IN (2, NULL)"}));
        default:
          return safe(x + " " + compare + " " + number);
      }
    }
    case Kind::text:
      switch (random_.below(5)) {
        case 0:
          use("LIKE");
          return safe(x + random_.pick({" LIKE 'a%'", " NOT LIKE '%b'", " LIKE '_'", " ILIKE 'A%'",
                                        " LIKE '10\\%' ESCAPE '\\'"}));
        case 1:
          return safe(x + " IN (" + text_literal() + ", 'b', 'x')");
        case 2:
          return safe("length(" + x + ") > 1");
        case 3:
          return safe(x + " IS DISTINCT FROM " + text_literal());
        default:
          return safe(x + " " + compare + " " + text_literal());
      }
    case Kind::boolean:
      return safe(x);
    case Kind::floating:
      if (faults_.contains('n') && random_.chance(40)) return use("zero compared"), safe(x + " = 0");
      return safe(x + random_.pick({" > ", " < "}) + fmt::format("{}", random_.between(-100, 500)) + ".5");
    case Kind::decimal:
      return safe(x + random_.pick({" > ", " <= "}) + fmt::format("{}", random_.below(200)));
    case Kind::date:
    case Kind::timestamp:
      return safe(x + " " + compare + " " +
                  random_.pick({"DATE '2013-06-01'", "TIMESTAMP '2013-01-01 00:00:00'"}));
    case Kind::list:
      if (any->type == "VARCHAR[]") return safe("list_contains(" + x + ", 'a')");
      return safe("len(" + x + ") > 1");
    case Kind::json:
      use("JSON extraction");
      return safe("(" + x + "->>'$.a') = " + random_.pick({"'1'", "'x'"}));
    case Kind::blob:
      if (faults_.contains('n'))
        return use("BLOB compared"),
               safe(x + " = " + random_.pick({"'\\xFF'::BLOB", "'A'::BLOB", "''::BLOB"}));
      return safe(x + " IS NOT NULL");
    default:
      return safe(x + random_.pick({" IS NULL", " IS NOT NULL"}));
  }
}

Predicate Expressions::conjunct(int depth) {
  is_condition_ = true;
  Predicate made = predicate(depth);
  is_condition_ = false;
  return made;
}

Predicate Expressions::predicate(int depth) {
  if (depth <= 0 || random_.chance(45)) return atom();
  if (random_.chance(20)) {
    const Predicate a = predicate(depth - 1);
    return {"NOT (" + a.sql + ")", a.must_not, a.may_not, a.must, a.may, a.is_risky};
  }
  const Predicate a = predicate(depth - 1);
  const Predicate b = predicate(depth - 1);
  const bool is_and = random_.chance(55);
  const auto both = [](const std::string& x, const std::string& y) { return "(" + x + " AND " + y + ")"; };
  const auto either = [](const std::string& x, const std::string& y) { return "(" + x + " OR " + y + ")"; };
  Predicate out;
  out.sql = "(" + a.sql + (is_and ? " AND " : " OR ") + b.sql + ")";
  out.must = is_and ? both(a.must, b.must) : either(a.must, b.must);
  out.may = is_and ? both(a.may, b.may) : either(a.may, b.may);
  out.must_not = is_and ? either(a.must_not, b.must_not) : both(a.must_not, b.must_not);
  out.may_not = is_and ? either(a.may_not, b.may_not) : both(a.may_not, b.may_not);
  out.is_risky = a.is_risky || b.is_risky;
  return out;
}

}  // namespace anabranch::fuzz
