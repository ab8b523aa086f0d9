#include "app/view_comparison.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/tables.h"
#include "model/names.h"
#include "serve/merged_read.h"
#include "serve/plan_rules.h"
#include "serve/query_check.h"
#include "sql/object_urls.h"
#include "sql/parquet_relation.h"
#include "sql/plan_guard.h"
#include "sql/syntax.h"
#include "views/exposed.h"
#include "views/relation.h"

namespace anabranch::app {
namespace {

using View = front::ProjectDiff::View;
using views::Plan;
using views::World;

constexpr size_t value_letters_max = 200;  // of a value that is shown

// A column of both, by the name that it has in each.
struct Shared {
  std::string before;
  std::string after;
};

const model::RelationColumn* find_column(const Plan& plan, const std::string& name) {
  const auto found = std::ranges::find_if(plan.columns, [&](const model::RelationColumn& column) {
    return sql::lower(column.name) == sql::lower(name);
  });
  return found == plan.columns.end() ? nullptr : &*found;
}

std::vector<Shared> compare_columns(const Plan* before, const Plan* after, View& view) {
  std::vector<Shared> shared;
  for (const auto& column : after ? after->columns : before->columns) {
    const auto* was = before && after ? find_column(*before, column.name) : &column;
    if (!was) {
      view.columns_added.push_back(column);
      continue;
    }
    shared.push_back({was->name, column.name});
    if (was->type != column.type) view.columns_retyped.push_back({column.name, was->type, column.type});
  }
  if (!before || !after) return shared;
  for (const auto& column : before->columns) {
    if (!find_column(*after, column.name)) view.columns_removed.push_back(column);
  }
  return shared;
}

// Whether the engine has one type in which values of both are what they were.
bool have_common_type(const std::string& a, const std::string& b) {
  const auto is_number = [](const std::string& type) {
    return type.ends_with("INT") || type == "INTEGER" || type == "UINTEGER" || type == "FLOAT" ||
           type == "DOUBLE" || (type.starts_with("DECIMAL(") && type.ends_with(")"));
  };
  const auto is_time = [](const std::string& type) {
    return type == "DATE" || type.starts_with("TIMESTAMP");
  };
  const auto is_text = [](const std::string& type) { return type == "VARCHAR"; };
  const auto is_plain = [&](const std::string& type) {
    return is_number(type) || (is_time(type) && !type.ends_with("]")) || is_text(type) || type == "BOOLEAN" ||
           type == "UUID";
  };
  if (!is_plain(a) || !is_plain(b)) return false;
  return (is_number(a) && is_number(b)) || (is_time(a) && is_time(b)) || is_text(a) || is_text(b);
}

std::string list_of(std::string_view prefix, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(fmt::format("{}{}", prefix, i));
  return fmt::format("{}", fmt::join(names, ", "));
}

// The rows of both, under names of ours: a side that has no such view has no rows.
std::string united(const std::vector<Shared>& columns, bool has_before, bool has_after) {
  const auto part = [&](int side, const char* relation, bool is_there, std::string Shared::* name) {
    std::string items;
    for (const Shared& column : columns) items += ", v." + sql::quote_identifier(column.*name);
    return fmt::format("SELECT {}{} FROM {} AS v{}", side, items, sql::relation(relation),
                       is_there ? "" : " WHERE false");
  };
  return part(0, has_before ? "before" : "after", has_before, &Shared::before) + " UNION ALL " +
         part(1, has_after ? "after" : "before", has_after, &Shared::after);
}

// By what a value is compared: a sum of doubles differs in its last digits with the order of its rows.
std::string compared_value(const std::string& name, const std::string& type) {
  if (type != "DOUBLE" && type != "FLOAT") return name;
  return fmt::format(
      "CASE WHEN isfinite({0}) AND {0} <> 0 THEN round({0}::DOUBLE, {1} - "
      "floor(log10(abs({0}::DOUBLE)))::INTEGER) "
      "ELSE {0} END",
      name, type == "DOUBLE" ? 9 : 5);
}

// Counts (kind 0), and rows that differ (1 before, 2 after) in one order, so that those of one key stand
// together.
std::string comparison(const std::string& united, const std::vector<std::string>& types, size_t sample_max) {
  const size_t count = types.size();
  std::string values;
  std::string texts;
  std::string nulls;
  std::string order = "kind";
  for (size_t i = 0; i < count; ++i) {
    values += fmt::format("{} AS k{}, ", compared_value(fmt::format("c{}", i), types[i]), i);
    texts += fmt::format(", left(CAST(k{} AS VARCHAR), {})", i, value_letters_max);
    nulls += ", NULL";
  }
  if (count > 0) order = list_of("k", count) + ", kind";
  const std::string group = count > 0 ? "GROUP BY " + list_of("k", count) : "";
  const std::string differing =
      "(SELECT {0} AS kind, {1} AS times, * FROM anabranch_counted WHERE {1} > 0 ORDER BY {2} LIMIT {3})";
  const size_t shown = count > 0 ? sample_max : 0;
  return fmt::format(
      "WITH anabranch_united({}) AS ({}), anabranch_counted AS MATERIALIZED (SELECT {} count(*) FILTER "
      "(WHERE side "
      "= 0) AS n0, count(*) FILTER (WHERE side = 1) AS n1 FROM anabranch_united {}), anabranch_differing AS "
      "({} "
      "UNION ALL {}) "
      "SELECT 0, 0, sum(n0)::BIGINT, sum(n1)::BIGINT, sum(greatest(n0 - n1, 0))::BIGINT, sum(greatest(n1 - "
      "n0, "
      "0))::BIGINT{} FROM anabranch_counted UNION ALL SELECT kind, row_number() OVER (ORDER BY {}), times, "
      "0, 0, "
      "0{} FROM anabranch_differing ORDER BY 2",
      count > 0 ? "side, " + list_of("c", count) : "side", united, values, group,
      fmt::format(fmt::runtime(differing), 1, "n0 - n1", order, shown),
      fmt::format(fmt::runtime(differing), 2, "n1 - n0", order, shown), nulls, order, texts);
}

// As a build computes it: events that fail are left out.
sql::Query rows_by_plan(const Plan& plan, sql::Meanings& meanings) {
  if (!plan.is_maintained()) {
    meanings[plan.view] = sql::meaning(views::ordered_query(plan, meanings));
    return views::canonical_query(plan, meanings);
  }
  const sql::Query rows = views::rows_query(plan, meanings);
  sql::Meanings states;
  for (const views::StatePart& part : plan.parts)
    states[part.name] = sql::meaning(views::partial_query(plan, part, meanings, rows));
  meanings[plan.view] = sql::meaning(plan.inlined.empty() ? views::ordered_finalise_query(plan, states)
                                                          : views::inlined_query(plan, rows));
  return views::finalise_query(plan, std::move(states));
}

// What it reads, and what those read.
std::set<std::string> all_below(const World& world, const Plan& plan) {
  std::set<std::string> all = plan.relations;
  for (auto below = world.plans.rbegin(); below != world.plans.rend(); ++below) {
    if (all.contains(below->view)) all.insert(below->relations.begin(), below->relations.end());
  }
  return all;
}

std::string why_absent(const World& world, const std::string& view) {
  const auto found = world.absent.find(sql::lower(view));
  return found == world.absent.end() ? std::string() : found->second.message;
}

sql::PlanRules either(sql::PlanRules a, sql::PlanRules b) {
  sql::PlanRules rules;
  rules.may_read_table = [x = a.may_read_table, y = b.may_read_table](const sql::BoundTable& table) {
    return x(table) || y(table);
  };
  const auto of = [](auto x, auto y) {
    return [x = std::move(x), y = std::move(y)](std::string_view name) { return x(name) || y(name); };
  };
  rules.may_read_file = of(a.may_read_file, b.may_read_file);
  rules.may_scan = of(a.may_scan, b.may_scan);
  rules.may_call = of(a.may_call, b.may_call);
  return rules;
}

}  // namespace

ViewComparison::ViewComparison(const Options& options, Events events, std::unique_ptr<sql::Database> database,
                               sql::Session session)
    : options_(options),
      events_(std::move(events)),
      database_(std::move(database)),
      history_(*database_, events_.streams),
      session_(std::move(session)) {}

Result<std::unique_ptr<ViewComparison>> ViewComparison::create(const Options& options, Events events,
                                                               std::shared_ptr<const World> before,
                                                               std::shared_ptr<const World> after) {
  sql::Database::Options engine;
  engine.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
  engine.memory_bytes_max = options.memory_bytes_max;
  engine.has_external_access = false;
  engine.allowed_folders = options.folders;
  auto database = TRY(sql::Database::open(engine));
  if (options.lake) TRY(sql::give_objects(*database, *options.lake, {"lake/"}));
  sql::Session session = TRY(database->connect());
  std::unique_ptr<ViewComparison> made(
      new ViewComparison(options, std::move(events), std::move(database), std::move(session)));
  made->functions_ = TRY(sql::bound_names(made->session_, serve::allowed_functions()));
  TRY(made->prepare(made->before_, std::move(before)));
  TRY(made->prepare(made->after_, std::move(after)));
  TRY(made->database_->lock_configuration());
  return made;
}

Status ViewComparison::prepare(Side& side, std::shared_ptr<const World> world) {
  side.epoch.archives = events_.archives;
  // Partial states are no part of what a query runs, and are computed here.
  World partials;
  for (const Plan& plan : world->plans) {
    for (const views::StatePart& part : plan.parts) partials.plans.emplace_back().rows = part.partial;
  }
  functions_.merge(TRY(serve::functions_of_views(session_, *world)));
  functions_.merge(TRY(serve::functions_of_views(session_, partials)));
  side.epoch.world = std::move(world);
  return {};
}

Result<sql::Query> ViewComparison::events_of(Side& side, const std::string& stream) {
  if (const auto known = side.streams.find(stream); known != side.streams.end()) return known->second;
  const model::Schema& schema = side.world().schemas.at(stream);
  sql::Query events = "";
  if (history_.find(stream)) {
    TRY(history_.prepare(stream, schema, history::History::Reader::query));
    const auto end = events_.ends.find(model::name_in_layer(stream));
    events = TRY(history_.relation(stream, schema, side.epoch.archive(stream),
                                   end == events_.ends.end() ? std::vector<model::Offset>{} : end->second));
  } else {
    const auto relation = views::stream_relation(stream, schema);
    std::string items;
    for (const auto* columns : {&relation.columns, &relation.hidden_columns}) {
      for (const auto& column : *columns)
        items += fmt::format("{}CAST(NULL AS {}) AS {}", items.empty() ? "" : ", ", column.type,
                             sql::quote_identifier(column.name));
    }
    events = fmt::format("SELECT {} WHERE false", items);
  }
  side.streams.emplace(stream, events);
  return events;
}

Status ViewComparison::load_table(Side& side, const views::PinnedTable& table) {
  if (table.is_in_place || side.epoch.tables.contains(table.name)) return {};
  const std::string memory = fmt::format("{}@{}", table.name, table.version);
  TRY(session_.run(fmt::format("CREATE TABLE IF NOT EXISTS {} AS FROM {}", sql::quote_identifier(memory),
                               sql::table_file_relation(table.file, table.columns, views::row_column))));
  side.epoch.tables[table.name] = memory;
  return {};
}

Result<sql::Query> ViewComparison::rows_of(Side& side, const Plan& plan) {
  const World& world = side.world();
  const std::set<std::string> below = all_below(world, plan);
  serve::StreamRelations streams;
  std::set<std::string> leaves;
  for (const std::string& name : below) {
    if (world.schemas.contains(name)) streams.emplace(name, TRY(events_of(side, name)));
    if (const auto table = world.tables.find(name); table != world.tables.end())
      TRY(load_table(side, table->second));
    if (!world.plan(name)) leaves.insert(name);
  }
  sql::Meanings meanings = serve::relation_meanings(side.epoch, leaves, streams);
  for (const Plan& each : world.plans) {
    if (below.contains(each.view)) {
      sql::Query rows = rows_by_plan(each, meanings);
      meanings[views::visible_name(each.view)] = sql::meaning(std::move(rows));
    }
  }
  return rows_by_plan(plan, meanings);
}

Result<sql::Rows> ViewComparison::run(const sql::Query& query) {
  const auto rules_of = [&](const Side& side) {
    serve::PlanSources sources;
    sources.functions = &functions_;
    sources.is_bulk_file = [this, &side](std::string_view file) {
      for (const auto& [stream, schema] : side.world().schemas) {
        const auto end = events_.ends.find(model::name_in_layer(stream));
        if (!history_.find(stream) || end == events_.ends.end()) continue;
        const auto files = history_.bulk_files(stream, side.epoch.archive(stream), end->second);
        if (files && files->contains(file)) return true;
      }
      return false;
    };
    for (const auto& [stream, schema] : side.world().schemas)
      for (const std::string& function : history_.log_functions(stream, schema))
        sources.logs.insert(function);
    return serve::plan_rules(side.epoch, std::move(sources));
  };
  const sql::PlanGuard guard(session_, either(rules_of(before_), rules_of(after_)));
  return session_.query(query);
}

Status ViewComparison::count(View& view, const Plan* before, const Plan* after) {
  std::vector<Shared> shared = compare_columns(before, after, view);
  sql::Meanings meanings;
  if (before) meanings["before"] = sql::meaning(TRY(rows_of(before_, *before)));
  if (after) meanings["after"] = sql::meaning(TRY(rows_of(after_, *after)));
  for (const auto& retyped : view.columns_retyped) {
    if (have_common_type(retyped.before, retyped.after)) continue;
    view.notes.push_back(
        fmt::format("column {}: {} and {} cannot be compared", retyped.name, retyped.before, retyped.after));
    shared.erase(std::ranges::find(shared, retyped.name, &Shared::after));
  }
  std::vector<std::string> types;
  const std::string both = united(shared, before != nullptr, after != nullptr);
  for (const auto& column : TRY(session_.describe({both, meanings}))) types.push_back(column.type);
  types.erase(types.begin());  // the side
  for (const Shared& column : shared) view.columns.push_back(column.after);
  const auto rows = TRY(run({comparison(both, types, options_.sample_max), std::move(meanings)}));
  if (before) view.rows_before = rows.integer(0, 2);
  if (after) view.rows_after = rows.integer(0, 3);
  view.only_before = rows.integer(0, 4);
  view.only_after = rows.integer(0, 5);
  for (size_t i = 1; i < rows.row_count(); ++i) {
    front::ProjectDiff::Row row{rows.integer(i, 0) == 2, rows.integer(i, 2), {}};
    for (size_t c = 0; c < types.size(); ++c) row.values.push_back(rows.text(i, 6 + c));
    view.sample.push_back(std::move(row));
  }
  return {};
}

Status ViewComparison::compare(View& view, Task& task) {
  const Plan* before = before_.world().plan(view.name);
  const Plan* after = after_.world().plan(view.name);
  const std::string absent_before = why_absent(before_.world(), view.name);
  const std::string absent_after = why_absent(after_.world(), view.name);
  if (!absent_before.empty()) view.not_compared = "before: " + absent_before;
  if (!absent_after.empty())
    view.not_compared += (absent_before.empty() ? "" : "; ") + ("after: " + absent_after);
  if (!before && !after) return {};
  TRY(task.check());
  const Task::Killing killing(task, [this] { session_.interrupt(); });
  View counted = view;
  const Status done = count(counted, before, after);
  if (done) {
    // Where one side is not known nothing is said to be new or gone.
    if (!view.not_compared.empty()) {
      counted.only_before.reset();
      counted.only_after.reset();
      counted.sample.clear();
    }
    view = std::move(counted);
    return {};
  }
  TRY(task.check());
  view.columns_added = std::move(counted.columns_added);
  view.columns_removed = std::move(counted.columns_removed);
  view.columns_retyped = std::move(counted.columns_retyped);
  std::string why = done.error().message;
  views::hide_marks(why);
  if (done.error().code == Code::too_large)
    why = "its rows do not fit into limits.query_memory_bytes: " + why;
  view.not_compared = view.not_compared.empty() ? why : view.not_compared + "; " + why;
  return {};
}

}  // namespace anabranch::app
