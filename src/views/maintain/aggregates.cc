// What all aggregates have in common: which plan is tried, and how the states of all become tables.

#include "views/maintain/aggregates.h"

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "views/maintain/aggregate_clauses.h"

namespace anabranch::views {

using sql::Expr;

std::optional<std::string> AggregatePlanner::refuse(std::string reason) {
  reason_ = std::move(reason);
  return std::nullopt;
}

std::string AggregatePlanner::argument(const Expr& call, size_t index) {
  return rows_.add(call.children.at(index), "a");
}

std::string AggregatePlanner::filter(const Expr& call) {
  if (is_planted("FILTER is lost")) return "";
  return call.filter ? rows_.add(*call.filter, "f") : "";
}

std::vector<std::string> AggregatePlanner::order_columns(const Expr& call) {
  std::vector<std::string> columns;
  for (const sql::OrderItem& item : call.order_by) columns.push_back(rows_.add(*item.expr, "a"));
  return columns;
}

std::string AggregatePlanner::sort_key(
    const std::vector<std::pair<std::string, std::string>>& columns) const {
  std::string text;
  for (const auto& [column, direction] : columns) text += fmt::format("{}, '{}', ", column, direction);
  return fmt::format("create_sort_key({}{}, 'ASC NULLS LAST')", text, sql::quote_identifier(order_name));
}

std::string AggregatePlanner::state(const std::string& partial, const std::string& merge) {
  for (const State& known : states_) {
    if (known.partial == partial) return known.name;
  }
  State added{fmt::format("s{}", states_.size()), partial, merge};
  states_.push_back(added);
  return added.name;
}

std::string AggregatePlanner::derive(size_t level, const std::string& expression) {
  if (derived_.size() <= level) derived_.resize(level + 1);
  for (const auto& [name, known] : derived_[level]) {
    if (known == expression) return name;
  }
  derived_[level].emplace_back(fmt::format("x{}", derived_count_++), expression);
  return derived_[level].back().first;
}

std::optional<std::string> AggregatePlanner::add(const Expr& call, const AggregateTypes& types) {
  reason_.clear();
  Expr plain = call;
  plain.name = first_name(call.name);
  const std::string& name = plain.name;
  if (is_one_of(name, {"approx_count_distinct", "approx_quantile", "approx_top_k", "reservoir_quantile"})) {
    return refuse(
        fmt::format("{} is an approximation that is made when the view is read: an exact "
                    "aggregate is kept up to date",
                    call.name));
  }
  // The first of equal values is the first of all.
  if (is_one_of(name,
                {"min", "max", "bool_and", "bool_or", "bit_and", "bit_or", "any_value", "first", "last"}) ||
      name.starts_with("arg_m")) {
    plain.is_distinct = false;
  }
  if (is_planted("DISTINCT is lost")) plain.is_distinct = false;
  if (!depends_on_order(plain)) plain.order_by.clear();

  Final planned;
  const auto is_planned = [&](Final made) {
    planned = std::move(made);
    return planned.has_value() || !reason_.empty();
  };
  if (plain.is_distinct) {
    planned = plan_distinct(plain, types);
  } else {
    static_cast<void>(is_planned(plan_sum(plain, types)) || is_planned(plan_moments(plain, types)) ||
                      is_planned(plan_picked(plain, types)) || is_planned(plan_first_rows(plain, types)) ||
                      is_planned(plan_list(plain, types)) || is_planned(plan_quantile(plain, types)) ||
                      is_planned(plan_counted(plain, types)));
  }
  if (!planned) {
    if (reason_.empty()) {
      reason_ = fmt::format("{} cannot be put together from parts here: it is computed when the view is read",
                            call.name);
    }
    return std::nullopt;
  }
  return fmt::format("CAST({} AS {})", *planned, types.result);
}

namespace {

// "<keys>, <columns>"
std::string after_keys(const std::vector<std::string>& keys, const std::string& columns) {
  const std::string first = join(keys);
  return first.empty() ? columns : columns.empty() ? first : first + ", " + columns;
}

const char* suffixes_of_one[] = {"_n", "_mean", "_m2"};
const char* suffixes_of_pair[] = {"_n", "_x", "_y", "_xx", "_yy", "_xy"};

}  // namespace

StatePart AggregatePlanner::main_part() const {
  StatePart main;
  main.name = "main";
  main.keys = keys_;
  std::string partial;
  std::string merge;
  std::string windows;
  for (const State& state : states_) {
    append_item(partial, fmt::format("{} AS {}", state.partial, state.name));
    append_item(merge,
                fmt::format("{} AS {}", fmt::format(fmt::runtime(state.merge), state.name), state.name));
  }
  for (const Moments& moments : moments_) {
    const std::string& m = moments.prefix;
    std::string text = moments.partial;
    for (size_t at = text.find('@'); at != std::string::npos; at = text.find('@')) text.replace(at, 1, m);
    append_item(partial, text);
    // The common mean; exactly the mean itself where all states agree, so that constants have no variance.
    const std::string mean =
        "CASE WHEN min({1}) OVER w = max({1}) OVER w THEN min({1}) OVER w ELSE fsum({0}_n * {1}) OVER w / "
        "sum({0}_n) OVER w END AS {1}_all";
    if (moments.is_pair) {
      append_item(windows, fmt::format(fmt::runtime(mean), m, m + "_x"));
      append_item(windows, fmt::format(fmt::runtime(mean), m, m + "_y"));
      append_item(merge,
                  fmt::format("coalesce(sum({0}_n), 0)::BIGINT AS {0}_n, any_value({0}_x_all) AS {0}_x, "
                              "any_value({0}_y_all) AS {0}_y",
                              m));
      for (const auto& [product, a, b] :
           {std::tuple("_xx", "_x", "_x"), std::tuple("_yy", "_y", "_y"), std::tuple("_xy", "_x", "_y")}) {
        append_item(merge,
                    fmt::format("coalesce(fsum({0}{1} + {0}_n * coalesce(({0}{2} - {0}{2}_all) * ({0}{3} - "
                                "{0}{3}_all), 0)), 0) AS {0}{1}",
                                m, product, a, b));
      }
    } else {
      append_item(windows, fmt::format(fmt::runtime(mean), m, m + "_mean"));
      append_item(
          merge,
          fmt::format("coalesce(sum({0}_n), 0)::BIGINT AS {0}_n, any_value({0}_mean_all) AS {0}_mean, "
                      "coalesce(fsum({0}_m2 + {1} * {0}_n * coalesce(({0}_mean - {0}_mean_all) * ({0}_mean - "
                      "{0}_mean_all), 0)), 0) AS {0}_m2",
                      m, is_planted("deviations forget how far means are apart") ? 0 : 1));
    }
  }
  if (states_.empty() && moments_.empty() && keys_.empty()) {  // GROUP BY (): one row, over no events too
    partial = "any_value(1) AS one";
    merge = "any_value(one) AS one";
  }
  const bool drops_null = !keys_.empty() && is_planted("groups of NULL are dropped");
  main.partial =
      fmt::format("SELECT {} FROM {}{}{}", after_keys(keys_, partial), sql::relation("rows"),
                  drops_null ? fmt::format(" WHERE {} IS NOT NULL", keys_[0]) : "", group_by(keys_));
  std::string states = sql::relation("states");
  if (!windows.empty()) {
    states = fmt::format("(SELECT *, {} FROM {} WINDOW w AS ({}))", windows, states, partition_by(keys_));
  }
  main.merge = fmt::format("SELECT {} FROM {}{}", after_keys(keys_, merge), states, group_by(keys_));
  return main;
}

StatePart AggregatePlanner::part(const Values& values) const {
  StatePart part;
  part.name = values.name;
  part.keys = keys_;
  if (!values.is_fallible) part.summary = summary(values);
  std::string columns;
  std::string inputs;
  std::string names;
  for (size_t i = 0; i < values.arguments.size(); ++i) {
    append_item(columns, fmt::format("{} AS v{}", values.arguments[i], i));
    append_item(inputs, values.arguments[i]);
    append_item(names, fmt::format("v{}", i));
  }
  const std::string order = sql::quote_identifier(order_name);
  if (values.is_list) {
    for (size_t i = 0; i < values.order_columns.size(); ++i) {
      append_item(columns, fmt::format("{} AS o{}", values.order_columns[i], i));
      append_item(names, fmt::format("o{}", i));
    }
    append_item(columns, order);
    append_item(names, order);
    part.is_combining = values.row_limit > 0;
    std::string where = values.filter.empty() ? "" : " WHERE " + values.filter;
    part.partial =
        fmt::format("SELECT {} FROM {}{}", after_keys(keys_, columns), sql::relation("rows"), where);
    part.merge = "SELECT * FROM " + sql::relation("states");
    if (values.row_limit > 0) {
      const std::string first = fmt::format(" QUALIFY row_number() OVER ({} ORDER BY {}) <= {}",
                                            partition_by(keys_), values.sort, values.row_limit);
      part.partial = fmt::format("SELECT {} FROM ({}){}", after_keys(keys_, names), part.partial, first);
      part.merge =
          fmt::format("SELECT {} FROM {}{}", after_keys(keys_, names), sql::relation("states"), first);
    }
    return part;
  }
  for (size_t i = 0; i < values.arguments.size(); ++i) part.keys.push_back(fmt::format("v{}", i));
  std::string where = values.filter;
  if (!values.keeps_null) {
    for (const std::string& input : values.arguments) append_item(where, input + " IS NOT NULL", " AND ");
  }
  part.partial =
      fmt::format("SELECT {}, count(*) AS n{} FROM {}{} GROUP BY {}", after_keys(keys_, columns),
                  values.has_first ? fmt::format(", min({}) AS o", order) : "", sql::relation("rows"),
                  where.empty() ? "" : " WHERE " + where, after_keys(keys_, inputs));
  part.merge =
      fmt::format("SELECT {}, {}(n)::BIGINT AS n{} FROM {} GROUP BY {}", after_keys(keys_, names),
                  is_planted("counts of values merge by the larger") ? "max" : "sum",
                  values.has_first ? ", min(o) AS o" : "", sql::relation("states"), after_keys(keys_, names));
  return part;
}

std::vector<StatePart> AggregatePlanner::parts() const {
  std::vector<StatePart> all;
  if (!keys_.empty() || !states_.empty() || !moments_.empty() || values_.empty()) all.push_back(main_part());
  for (const Values& values : values_) all.push_back(part(values));
  return all;
}

std::string AggregatePlanner::summary(const Values& values) const {
  std::string finals = join(keys_);
  for (const auto& [name, expression] : values.finals)
    append_item(finals, fmt::format("{} AS {}", expression, name));
  return fmt::format("SELECT {} FROM {}{}", finals, source(values), group_by(keys_));
}

std::string AggregatePlanner::from() const {
  std::string table = sql::relation("main");
  if (!values_.empty()) {
    const bool has_main = !keys_.empty() || !states_.empty() || !moments_.empty();
    std::vector<std::string> columns;
    for (const State& state : states_) columns.push_back(state.name);
    for (const Moments& moments : moments_) {
      if (moments.is_pair) {
        for (const char* suffix : suffixes_of_pair) columns.push_back(moments.prefix + suffix);
      } else {
        for (const char* suffix : suffixes_of_one) columns.push_back(moments.prefix + suffix);
      }
    }
    const size_t main_columns = columns.size();
    for (const Values& values : values_) {
      for (const auto& [name, expression] : values.finals) columns.push_back(name);
    }
    // Each part gives its own columns and NULL for the others; one row a group is put together above, so that
    // a filter on a key reaches every part.
    const auto padded = [&](size_t begin, size_t count) {
      std::string text = join(keys_);
      for (size_t i = 0; i < columns.size(); ++i) {
        append_item(text, i >= begin && i < begin + count ? columns[i] : "NULL AS " + columns[i]);
      }
      return text;
    };
    std::string parts;
    if (has_main) parts = fmt::format("SELECT {} FROM {}", padded(0, main_columns), sql::relation("main"));
    size_t begin = main_columns;
    for (const Values& values : values_) {
      append_item(parts,
                  fmt::format("SELECT {} FROM {}", padded(begin, values.finals.size()),
                              values.is_fallible ? "(" + summary(values) + ")"
                                                 : sql::relation(values.name + std::string(summary_suffix))),
                  " UNION ALL ");
      begin += values.finals.size();
    }
    std::string picked = join(keys_);
    for (const std::string& column : columns)
      append_item(picked, fmt::format("any_value({0}) AS {0}", column));
    table = fmt::format("(SELECT {} FROM ({}){})", picked, parts, group_by(keys_));
  }
  for (const auto& level : derived_) {
    std::string columns;
    for (const auto& [name, expression] : level)
      append_item(columns, fmt::format("{} AS {}", expression, name));
    if (!columns.empty()) table = fmt::format("(SELECT *, {} FROM {})", columns, table);
  }
  return table;
}

Result<std::map<std::string, AggregateTypes>> aggregate_types(const std::vector<Expr>& calls,
                                                              const std::string& from,
                                                              sql::Session& session) {
  std::map<std::string, AggregateTypes> types;
  std::string results;
  std::string arguments;
  std::vector<AggregateTypes*> of_result;
  std::vector<AggregateTypes*> of_argument;
  for (const Expr& call : calls) {
    Expr bare = call;
    bare.alias.clear();
    const std::string bare_sql = sql::to_sql(bare);
    const auto [entry, is_new] = types.try_emplace(bare_sql);
    if (!is_new) continue;
    append_item(results, bare_sql);
    of_result.push_back(&entry->second);
    for (Expr argument : call.children) {
      if (argument.kind == Expr::Kind::star) continue;
      argument.alias.clear();
      append_item(arguments, sql::to_sql(argument));
      of_argument.push_back(&entry->second);
    }
  }
  const auto describe = [&](const std::string& items,
                            size_t count) -> Result<std::vector<model::RelationColumn>> {
    if (count == 0) return std::vector<model::RelationColumn>{};
    auto columns = TRY(session.describe(fmt::format("SELECT {} FROM {}", items, from)));
    if (columns.size() != count)
      return fail(Code::internal,
                  fmt::format("{} columns for the {} values {}", columns.size(), count, items));
    return columns;
  };
  const auto result_columns = TRY(describe(results, of_result.size()));
  for (size_t i = 0; i < of_result.size(); ++i) of_result[i]->result = result_columns[i].type;
  const auto argument_columns = TRY(describe(arguments, of_argument.size()));
  for (size_t i = 0; i < of_argument.size(); ++i)
    of_argument[i]->arguments.push_back(argument_columns[i].type);
  return types;
}

}  // namespace anabranch::views
