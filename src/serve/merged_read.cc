#include "serve/merged_read.h"

#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/mistake.h"
#include "sql/parquet_relation.h"
#include "sql/syntax.h"
#include "views/exposed.h"

namespace anabranch::serve {

using speed::Epoch;
using views::Plan;
using views::Relation;

bool is_maintained(const Epoch& epoch, const Plan& plan) {
  return plan.is_maintained() && !epoch.unmaintained.contains(plan.view);
}

namespace {

// The relations that a view's reading needs, itself not included.
std::set<std::string> reads(const Epoch& epoch, const Plan& plan) {
  return is_maintained(epoch, plan) ? std::set<std::string>{} : plan.relations;
}

std::string built_table(const speed::BuiltView& built, const Plan& plan, const std::string& part) {
  return fmt::format("{}.main.{}", sql::quote_identifier(built.database),
                     sql::quote_identifier(plan.view + "#" + part));
}

std::vector<std::string> slice_relations(const Epoch& epoch, const Plan& plan, const std::string& part) {
  const auto slices = epoch.slices.find(plan.view);
  if (slices == epoch.slices.end()) return {};
  const auto relations = slices->second.find(part);
  auto found = relations == slices->second.end() ? std::vector<std::string>{} : relations->second;
  if (!found.empty() && is_planted("a read misses the newest slice")) found.pop_back();
  return found;
}

std::string column_list(const views::StatePart& part) {
  std::string columns;
  for (const auto& column : part.columns)
    columns += (columns.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  return columns;
}

sql::Query states_query(const Epoch& epoch, const Plan& plan, const views::StatePart& part) {
  const std::string columns = column_list(part);
  std::string states;
  const auto add = [&](const std::string& from) {
    states += fmt::format("{}SELECT {} FROM {}", states.empty() ? "" : " UNION ALL ", columns, from);
  };
  if (const auto built = epoch.built.find(plan.view); built != epoch.built.end()) {
    const bool is_rows = plan.view_class == views::ViewClass::linear && part.name == "main";
    const bool is_file_lost = is_planted("a read misses the rows of the build");
    if (is_rows && !built->second.row_files.empty() && !is_file_lost) {
      add(sql::parquet_relation(built->second.row_files, part.columns, ""));
    } else if (!is_rows) {
      add(built_table(built->second, plan, part.name));
    }
  }
  for (const std::string& relation : slice_relations(epoch, plan, part.name)) add(relation);
  return states;
}

// A part's summary: as the build has it for groups that no later slice touches, summed up again for the
// others. What a read costs then follows what has changed and not how many values all of history has.
// Nothing where the build holds no summary.
std::optional<sql::Query> summary_query(const Epoch& epoch, const Plan& plan, const views::StatePart& part) {
  const auto built = epoch.built.find(plan.view);
  if (built == epoch.built.end() || !built->second.summaries.contains(views::summary_name(part)))
    return std::nullopt;
  const std::vector<std::string>& keys = plan.part("main")->keys;
  std::string groups;   // the groups of later slices: each value that counts has its row in main
  std::string is_same;  // an equality, which lets the engine skip what cannot match; NULL keys stand apart
  std::string has_no_null;
  std::string has_null;
  const std::string key_list = fmt::format("{}", fmt::join(keys, ", "));
  for (const std::string& key : keys) {
    is_same += fmt::format("{}touched.{} = built.{}", is_same.empty() ? "" : " AND ", key, key);
    has_no_null += fmt::format("{}{} IS NOT NULL", has_no_null.empty() ? "" : " AND ", key);
    if (is_planted("summaries of NULL groups are those of the build")) has_no_null = "true";
    has_null += fmt::format("{}{} IS NULL", has_null.empty() ? "" : " OR ", key);
  }
  for (const std::string& relation : slice_relations(epoch, plan, "main"))
    groups += fmt::format("{}SELECT {} FROM {}", groups.empty() ? "" : " UNION ALL ", key_list, relation);
  const std::string built_summary = built_table(built->second, plan, views::summary_name(part));
  if (groups.empty() || is_planted("summaries are those of the build")) return "FROM " + built_summary;
  const std::string touched =
      fmt::format("WITH touched AS MATERIALIZED (SELECT DISTINCT {} FROM ({}))", key_list, groups);
  const std::string built_states = built_table(built->second, plan, part.name);
  std::string states = fmt::format(
      "{0} SELECT {1} FROM {2} AS built SEMI JOIN touched ON ({3}) UNION ALL SELECT {1} FROM {2} WHERE {4}",
      touched, column_list(part), built_states, is_same, has_null);
  for (const std::string& relation : slice_relations(epoch, plan, part.name))
    states += fmt::format(" UNION ALL SELECT {} FROM {}", column_list(part), relation);
  sql::Query again = sql::over(part.summary, part.name, views::merge_query(part, std::move(states)));
  return sql::over(
      fmt::format("{} SELECT built.* FROM {} AS built ANTI JOIN touched ON ({}) WHERE {} UNION ALL "
                  "FROM {}",
                  touched, built_summary, is_same, has_no_null, sql::relation("again")),
      "again", std::move(again));
}

sql::Meanings merged_parts(const Epoch& epoch, const Plan& plan) {
  sql::Meanings merged;
  for (const views::StatePart& part : plan.parts) {
    merged[part.name] = sql::meaning(merged_part(epoch, plan, part));
    if (part.summary.empty()) continue;
    if (auto summary = summary_query(epoch, plan, part))
      merged[views::summary_name(part)] = sql::meaning(std::move(*summary));
  }
  return merged;
}

// The rows of a maintained linear view as others read them. Where a row came from is not kept in its states,
// and nobody asks for it when it is read.
sql::Query inlined_states(const Epoch& epoch, const Plan& plan) {
  const auto& main = *plan.part("main");
  return views::inlined_query(
      plan, sql::over("SELECT *, NULL::INTEGER AS _partition, NULL::BIGINT AS _offset FROM anabranch.states",
                      "states", states_query(epoch, plan, main)));
}

// All relations that have to mean something, in the order of dependencies.
std::set<std::string> closure(const Epoch& epoch, const std::set<std::string>& relations) {
  std::set<std::string> all = relations;
  for (auto plan = epoch.world->plans.rbegin(); plan != epoch.world->plans.rend(); ++plan) {
    if (!all.contains(plan->view)) continue;
    for (const std::string& name : reads(epoch, *plan)) all.insert(name);
  }
  return all;
}

}  // namespace

sql::Query merged_part(const Epoch& epoch, const Plan& plan, const views::StatePart& part) {
  return views::merge_query(part, states_query(epoch, plan, part));
}

std::set<std::string> needed_streams(const Epoch& epoch, const std::set<std::string>& relations) {
  std::set<std::string> streams;
  for (const std::string& name : closure(epoch, relations)) {
    if (epoch.world->schemas.contains(name)) streams.insert(name);
  }
  return streams;
}

sql::Meanings relation_meanings(const Epoch& epoch, const std::set<std::string>& relations,
                                const StreamRelations& streams) {
  const auto needed = closure(epoch, relations);
  sql::Meanings meanings;
  for (const std::string& name : needed) {
    const Relation& relation = epoch.world->relations.at(sql::lower(name));
    if (relation.kind == Relation::Kind::stream) {
      if (const auto found = streams.find(name); found != streams.end())
        views::add_meaning(meanings, relation, found->second);
    } else if (relation.kind == Relation::Kind::table) {
      if (const auto found = epoch.tables.find(name); found != epoch.tables.end()) {
        views::add_meaning(meanings, relation, sql::table_query(found->second));
      }
    } else if (relation.kind == Relation::Kind::table_in_place) {
      const views::PinnedTable& table = epoch.world->tables.at(name);
      views::add_meaning(meanings, relation,
                         "FROM " + sql::table_file_relation(table.file, table.columns, views::row_column));
    }
  }
  for (const Plan& plan : epoch.world->plans) {
    if (!needed.contains(plan.view)) continue;
    const auto states = is_maintained(epoch, plan) ? merged_parts(epoch, plan) : sql::Meanings{};
    meanings[views::visible_name(plan.view)] =
        sql::meaning(is_maintained(epoch, plan) ? views::finalise_query(plan, states)
                                                : views::canonical_query(plan, meanings));
    // With hidden columns: what reads it may depend on the order of its rows.
    if (plan.inlined.empty()) {
      meanings[plan.view] =
          sql::meaning(is_maintained(epoch, plan) ? views::ordered_finalise_query(plan, states)
                                                  : views::ordered_query(plan, meanings));
    } else if (is_maintained(epoch, plan)) {
      meanings[plan.view] = sql::meaning(inlined_states(epoch, plan));
    } else {
      meanings[plan.view] = sql::meaning(views::inlined_query(plan, views::rows_query(plan, meanings)));
    }
  }
  return meanings;
}

}  // namespace anabranch::serve
