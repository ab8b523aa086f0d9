#include "speed/state_set.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/mistake.h"
#include "lake/type_mapping.h"
#include "sql/parquet_file.h"
#include "sql/parquet_relation.h"
#include "sql/syntax.h"

namespace anabranch::speed {
namespace {

StateSet::Segment table_segment(const std::string& table) { return {table, sql::quote_identifier(table)}; }

std::string column_list(const views::StatePart& part) {
  std::string columns;
  for (const auto& column : part.columns)
    columns += (columns.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  return columns;
}

std::string select_all(const views::StatePart& part, const std::vector<StateSet::Segment>& segments) {
  std::string select;
  for (const auto& segment : segments) {
    select += fmt::format("{}SELECT {} FROM {}", select.empty() ? "" : " UNION ALL ", column_list(part),
                          segment.relation);
  }
  return select;
}

// Adds the tables among the segments.
void add_tables(std::vector<std::string>& tables, const std::vector<StateSet::Segment>& segments) {
  for (const auto& segment : segments) {
    if (!segment.is_file) tables.push_back(segment.name);
  }
}

}  // namespace

Result<std::unique_ptr<StateSet>> StateSet::create(sql::Database& database, int id,
                                                   std::shared_ptr<const views::World> world,
                                                   std::map<std::string, std::string> pinned_tables,
                                                   const io::Path& folder) {
  auto applier = TRY(Applier::create(database, id, world, pinned_tables));
  std::unique_ptr<StateSet> set(
      new StateSet(std::move(applier), std::move(world), std::move(pinned_tables), id, folder));
  TRY(set->roll());
  set->forget_plans();
  set->applier_->plan_all();
  return set;
}

std::string StateSet::new_table_name(const std::string& view, const std::string& part) {
  return fmt::format("slice_{}_{}_{}_{}", id_, next_table_number_++, view, part);
}

bool StateSet::is_in_files(const views::Plan& plan, const views::StatePart& part) const {
  return !folder_.empty() && plan.view_class == views::ViewClass::linear && part.name == "main" &&
         lake::select_for_rows(part.columns, "").has_value();
}

Status StateSet::roll() {
  std::vector<std::string> creates;
  ActiveTables next;
  for (const views::Plan& plan : world_->plans) {
    if (!plan.is_maintained() || forgotten_.contains(plan.view)) continue;
    for (const views::StatePart& part : plan.parts) {
      std::string& table = next[plan.view][part.name];
      table = new_table_name(plan.view, part.name);
      creates.push_back(create_table_sql(table, part));
    }
  }
  TRY(applier_->run_together(creates));
  for (const auto& [view, parts] : active_) {
    for (const auto& [part, table] : parts) closed_[view][part].closed.push_back(table_segment(table));
  }
  active_ = std::move(next);
  return {};
}

Result<std::vector<StateSet::Compaction>> StateSet::roll_for_compaction() {
  std::vector<std::string> creates;
  ActiveTables next = active_;
  std::vector<Compaction> jobs;
  for (const views::Plan& plan : world_->plans) {
    if (!plan.is_maintained() || forgotten_.contains(plan.view)) continue;
    for (const views::StatePart& part : plan.parts) {
      const bool is_file = is_in_files(plan, part);
      if (!part.is_combining && !is_file) continue;
      const Segment active = table_segment(active_.at(plan.view).at(part.name));
      std::string& table = next[plan.view][part.name];
      table = new_table_name(plan.view, part.name);
      creates.push_back(create_table_sql(table, part));
      std::vector<Segment> closed = closed_[plan.view][part.name].closed;
      closed.push_back(active);
      if (is_file) {
        const auto last_file = std::find_if(closed.rbegin(), closed.rend(),
                                            [](const Segment& segment) { return segment.is_file; });
        closed.erase(closed.begin(), last_file.base());
        jobs.push_back(write_file(plan, part, std::move(closed)));
      } else {
        jobs.push_back(merge_segments(plan, part, std::move(closed)));
        creates.push_back(create_table_sql(jobs.back().into.name, part));
      }
    }
  }
  TRY(applier_->run_together(creates));
  for (const Compaction& job : jobs) closed_[job.view][job.part].closed.push_back(job.segments.back());
  active_ = std::move(next);
  return jobs;
}

StateSet::Compaction StateSet::merge_segments(const views::Plan& plan, const views::StatePart& part,
                                              std::vector<Segment> closed) {
  Compaction job{plan.view, part.name, std::move(closed), table_segment(new_table_name(plan.view, part.name)),
                 sql::Query("")};
  std::vector<Segment> merged = job.segments;
  if (merged.size() > 1 && is_planted("compaction loses the newest slice")) merged.pop_back();
  // Sorted by key, so that a read of one key passes over most of it.
  std::string order;
  for (const std::string& key : part.keys)
    order += (order.empty() ? " ORDER BY " : ", ") + sql::quote_identifier(key);
  job.query = sql::over(
      fmt::format("INSERT INTO {} SELECT * FROM {}{}", job.into.relation, sql::relation("merged"), order),
      "merged", views::merge_query(part, select_all(part, merged)));
  return job;
}

StateSet::Compaction StateSet::write_file(const views::Plan& plan, const views::StatePart& part,
                                          std::vector<Segment> closed) {
  const std::string file = (folder_ / (new_table_name(plan.view, part.name) + ".parquet")).string();
  const Segment into{file, sql::parquet_relation({file}, part.columns, ""), true};
  // is_in_files has asked whether these columns can be written.
  const auto select = lake::select_for_rows(part.columns, select_all(part, closed));
  return {plan.view, part.name, std::move(closed), into,
          sql::copy_to_parquet(*select, part.columns, file, "ROW_GROUP_SIZE 40960")};
}

void StateSet::set_boundary() {
  for (auto& [view, parts] : closed_) {
    for (auto& [part, segments] : parts) {
      segments.before.insert(segments.before.end(), segments.closed.begin(), segments.closed.end());
      segments.closed.clear();
    }
  }
}

void StateSet::clear_boundary() {
  for (auto& [view, parts] : closed_) {
    for (auto& [part, segments] : parts) {
      segments.closed.insert(segments.closed.begin(), segments.before.begin(), segments.before.end());
      segments.before.clear();
    }
  }
}

std::vector<std::string> StateSet::forget_before(const std::string& view) {
  std::vector<std::string> tables;
  for (auto& [part, segments] : closed_[view]) {
    add_tables(tables, segments.before);
    segments.before.clear();
  }
  return tables;
}

std::vector<std::string> StateSet::finish_compaction(const Compaction& job, bool is_done) {
  std::vector<std::string> tables;
  PartSegments& segments = closed_[job.view][job.part];
  for (auto* list : {&segments.before, &segments.closed}) {
    const auto first = std::find_if(list->begin(), list->end(), [&](const Segment& segment) {
      return segment.name == job.segments.front().name;
    });
    if (!is_done || first == list->end()) continue;
    const size_t replaced =
        job.segments.size() - (is_planted("compaction keeps a slice beside its sum") ? 1 : 0);
    add_tables(tables, {first, first + static_cast<std::ptrdiff_t>(replaced)});
    const auto at = list->erase(first, first + static_cast<std::ptrdiff_t>(replaced));
    list->insert(at, job.into);
    return tables;
  }
  add_tables(tables, {job.into});
  return tables;
}

std::vector<StateSet::Segment> StateSet::forget(const std::string& view, const std::string& why) {
  leave_out(view, why);
  forgotten_.insert(view);
  std::vector<Segment> segments;
  if (const auto active = active_.find(view); active != active_.end()) {
    for (const auto& [part, table] : active->second) segments.push_back(table_segment(table));
  }
  for (const auto& [part, closed] : closed_[view]) {
    segments.insert(segments.end(), closed.before.begin(), closed.before.end());
    segments.insert(segments.end(), closed.closed.begin(), closed.closed.end());
  }
  active_.erase(view);
  closed_.erase(view);
  return segments;
}

std::map<std::string, std::vector<std::string>> StateSet::tables_of_views() const {
  std::map<std::string, std::vector<std::string>> all;
  for (const auto& [view, parts] : active_) {
    for (const auto& [part, table] : parts) all[view].push_back(table);
  }
  for (const auto& [view, parts] : closed_) {
    for (const auto& [part, segments] : parts) {
      add_tables(all[view], segments.before);
      add_tables(all[view], segments.closed);
    }
  }
  return all;
}

std::map<std::string, std::string> StateSet::files() const {
  std::map<std::string, std::string> files;
  for (const auto& [view, parts] : closed_) {
    for (const auto& [part, segments] : parts) {
      for (const auto* list : {&segments.before, &segments.closed}) {
        for (const Segment& segment : *list) {
          if (segment.is_file) files[segment.relation] = segment.name;
        }
      }
    }
  }
  return files;
}

std::vector<std::string> StateSet::all_tables() const {
  std::vector<std::string> all;
  for (const auto& [view, parts] : active_) {
    for (const auto& [part, table] : parts) all.push_back(table);
  }
  for (const auto& [view, parts] : closed_) {
    for (const auto& [part, segments] : parts) {
      add_tables(all, segments.before);
      add_tables(all, segments.closed);
    }
  }
  return all;
}

std::map<std::string, std::map<std::string, std::vector<std::string>>> StateSet::slices() const {
  std::map<std::string, std::map<std::string, std::vector<std::string>>> all;
  for (const auto& [view, parts] : active_) {
    for (const auto& [part, table] : parts) {
      auto& list = all[view][part];
      if (const auto found = closed_.find(view); found != closed_.end()) {
        if (const auto segments = found->second.find(part); segments != found->second.end()) {
          for (const Segment& segment : segments->second.before) list.push_back(segment.relation);
          for (const Segment& segment : segments->second.closed) list.push_back(segment.relation);
        }
      }
      list.push_back(sql::quote_identifier(table));
    }
  }
  return all;
}

}  // namespace anabranch::speed
