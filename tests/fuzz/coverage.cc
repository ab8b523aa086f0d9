#include "tests/fuzz/coverage.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/fuzz/constructs.h"

namespace anabranch::fuzz {

namespace {

constexpr int64_t projects_with_rare_meetings = 2000;

}  // namespace

void Coverage::add(const std::string& kind, const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++counts_[kind][name];
}

void Coverage::add_case(const Case& done, size_t compared) {
  for (const Stream& stream : done.streams) {
    for (const Field& field : stream.fields) {
      std::string type = field.type.to_sql();
      if (type.starts_with("DECIMAL")) type = "DECIMAL";
      if (type.starts_with("STRUCT") && !type.ends_with("]")) type = "STRUCT";
      if (type.starts_with("MAP")) type = "MAP";
      if (type.ends_with("]")) type = "LIST";
      add("type", type);
    }
  }
  for (const Table& table : done.tables) add("table", table.format);
  const std::lock_guard lock(mutex_);
  ++cases_;
  compared_ += static_cast<int64_t>(compared);
  cases_with_processes_ += done.has_processes;
  views_.push_back(static_cast<int64_t>(done.views.size()));
  events_.push_back(static_cast<int64_t>(done.event_count()));
}

std::vector<std::string> Coverage::missing(const Faults& faults, int64_t projects) const {
  std::vector<std::string> wanted;
  const auto want = [&](const std::string& kind, const std::string& name) {
    const auto found = counts_.find(kind);
    if (found == counts_.end() || !found->second.contains(name)) wanted.push_back(kind + ": " + name);
  };
  const std::lock_guard lock(mutex_);
  for (const Construct& construct : constructs()) {
    if (construct.fault == 0 || faults.contains(construct.fault)) want("construct", construct.name);
  }
  for (const char* type : {"BOOLEAN",
                           "TINYINT",
                           "SMALLINT",
                           "INTEGER",
                           "BIGINT",
                           "HUGEINT",
                           "UTINYINT",
                           "USMALLINT",
                           "UINTEGER",
                           "UBIGINT",
                           "FLOAT",
                           "DOUBLE",
                           "DECIMAL",
                           "VARCHAR",
                           "BLOB",
                           "DATE",
                           "TIME",
                           "TIMESTAMP",
                           "TIMESTAMP WITH TIME ZONE",
                           "INTERVAL",
                           "UUID",
                           "JSON",
                           "LIST",
                           "STRUCT",
                           "MAP"})
    want("type", type);
  for (const char* step : {"events as ndjson", "events as json", "events as csv", "events as cloudevents",
                           "bulk file", "build of all views", "build of some views", "new version of a table",
                           "restart", "kill", "kill during a build", "changed models"})
    want("step", step);
  for (const char* format : {"csv", "json", "parquet"}) want("table", format);
  for (const char* view_class :
       {"linear", "distributive", "algebraic", "holistic", "keyed", "merged", "read_time"})
    want("class", view_class);
  for (const char* pair : {"linear over linear", "merged over another", "drift field seen by views",
                           "event left out of a view", "sum without a place"})
    want("meeting", pair);
  // A matter of milliseconds, which few hundred kills may not meet.
  if (projects >= projects_with_rare_meetings) want("meeting", "build published by a killed server");
  return wanted;
}

int64_t Coverage::median(std::vector<int64_t> all) {
  if (all.empty()) return 0;
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
  return all[all.size() / 2];
}

std::string Coverage::describe() const {
  std::string text =
      fmt::format("{} projects ({} with processes), median {} views and {} events, {} answers compared\n",
                  cases_, cases_with_processes_, median_views(), median_events(), compared_);
  const std::lock_guard lock(mutex_);
  for (const auto& [kind, names] : counts_) {
    text += kind + ":";
    for (const auto& [name, count] : names) text += fmt::format(" {} {};", name, count);
    text += "\n";
  }
  return text;
}

}  // namespace anabranch::fuzz
