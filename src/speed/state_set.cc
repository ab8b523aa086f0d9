#include "speed/state_set.h"

#include <algorithm>

#include <fmt/format.h>

#include "sql/syntax.h"

namespace anabranch::speed {

Result<std::unique_ptr<StateSet>> StateSet::create(sql::Database& database, int id,
                                                   std::shared_ptr<const views::World> world,
                                                   std::map<std::string, std::string> pinned_tables) {
  auto applier = TRY(Applier::create(database, id, world, pinned_tables));
  std::unique_ptr<StateSet> set(
      new StateSet(std::move(applier), std::move(world), std::move(pinned_tables), id));
  TRY(set->roll(true));
  TRY(set->prepare());
  return set;
}

std::string StateSet::new_table_name(const std::string& view, const std::string& part) {
  return fmt::format("slice_{}_{}_{}_{}", id_, next_table_number_++, view, part);
}

Status StateSet::roll(bool all_parts) {
  std::string creates = "BEGIN TRANSACTION;";
  ActiveTables next = active_;
  for (const views::Plan& plan : world_->plans) {
    if (!plan.is_maintained()) continue;
    for (const views::StatePart& part : plan.parts) {
      std::string& table = next[plan.view][part.name];
      if (!table.empty() && !part.is_combining && !all_parts) continue;
      table = new_table_name(plan.view, part.name);
      creates += create_table_sql(table, part);
    }
  }
  if (Status created = applier_->run(creates + "COMMIT;"); !created) {
    (void)applier_->run("ROLLBACK");
    return created;
  }
  for (const auto& [view, parts] : active_) {
    for (const auto& [part, table] : parts) {
      if (next[view][part] != table) closed_[view][part].closed.push_back(table);
    }
  }
  active_ = std::move(next);
  return {};
}

void StateSet::set_boundary() {
  for (auto& [view, parts] : closed_) {
    for (auto& [part, tables] : parts) {
      tables.before.insert(tables.before.end(), tables.closed.begin(), tables.closed.end());
      tables.closed.clear();
    }
  }
}

void StateSet::clear_boundary() {
  for (auto& [view, parts] : closed_) {
    for (auto& [part, tables] : parts) {
      tables.closed.insert(tables.closed.begin(), tables.before.begin(), tables.before.end());
      tables.before.clear();
    }
  }
}

std::vector<std::string> StateSet::forget_before(const std::string& view) {
  std::vector<std::string> forgotten;
  for (auto& [part, tables] : closed_[view]) {
    forgotten.insert(forgotten.end(), tables.before.begin(), tables.before.end());
    tables.before.clear();
  }
  return forgotten;
}

std::vector<StateSet::Compaction> StateSet::plan_compaction() {
  std::vector<Compaction> jobs;
  for (const views::Plan& plan : world_->plans) {
    for (const views::StatePart& part : plan.parts) {
      const auto& tables = closed_[plan.view][part.name].closed;
      if (!part.is_combining || tables.empty()) continue;
      Compaction job{plan.view, part.name, tables, new_table_name(plan.view, part.name), ""};
      std::string columns;
      for (const auto& column : part.columns)
        columns += (columns.empty() ? "" : ", ") + sql::quote_identifier(column.name);
      std::string states;
      for (const std::string& table : tables) {
        states += fmt::format("{}SELECT {} FROM {}", states.empty() ? "" : " UNION ALL ", columns,
                              sql::quote_identifier(table));
      }
      // Sorted by key, so that a read of one key passes over most of it.
      std::string order;
      for (const std::string& key : part.keys)
        order += (order.empty() ? " ORDER BY " : ", ") + sql::quote_identifier(key);
      // Cast to the declared types: what an engine version infers for a merged state must not drift.
      job.sql = fmt::format("BEGIN TRANSACTION; {} INSERT INTO {} SELECT * FROM ({}){}; COMMIT;",
                            create_table_sql(job.into, part), sql::quote_identifier(job.into),
                            views::bind_relations(part.merge, {{"states", "(" + states + ")"}}), order);
      jobs.push_back(std::move(job));
    }
  }
  return jobs;
}

std::vector<std::string> StateSet::finish_compaction(const Compaction& done) {
  PartTables& tables = closed_[done.view][done.part];
  for (auto* list : {&tables.before, &tables.closed}) {
    const auto first = std::find(list->begin(), list->end(), done.tables.front());
    if (first == list->end()) continue;
    const auto at = list->erase(first, first + static_cast<std::ptrdiff_t>(done.tables.size()));
    list->insert(at, done.into);
    return done.tables;
  }
  return {done.into};
}

std::vector<std::string> StateSet::all_tables() const {
  std::vector<std::string> all;
  for (const auto& [view, parts] : slices()) {
    for (const auto& [part, tables] : parts) all.insert(all.end(), tables.begin(), tables.end());
  }
  return all;
}

std::map<std::string, std::map<std::string, std::vector<std::string>>> StateSet::slices() const {
  std::map<std::string, std::map<std::string, std::vector<std::string>>> all;
  for (const auto& [view, parts] : active_) {
    for (const auto& [part, table] : parts) {
      auto& list = all[view][part];
      if (const auto found = closed_.find(view); found != closed_.end()) {
        if (const auto tables = found->second.find(part); tables != found->second.end()) {
          list = tables->second.before;
          list.insert(list.end(), tables->second.closed.begin(), tables->second.closed.end());
        }
      }
      list.push_back(table);
    }
  }
  return all;
}

}  // namespace anabranch::speed
