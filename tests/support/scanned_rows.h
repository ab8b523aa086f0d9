#pragma once
// How many rows a read really scanned, and of what: from the engine's own profile of a run.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/platform.h"

namespace anabranch::test {

/// Rows by what they are. Scans of anything else fail the test, so that no way back to events is overlooked.
struct ScannedRows {
  int64_t logged = 0;                     // events from the log
  int64_t archived = 0;                   // events from files of lake/bronze
  int64_t bulk = 0;                       // events from bulk files beside the log
  int64_t tables = 0;                     // pinned tables in memory
  std::map<std::string, int64_t> states;  // by view: builds, slices, files with the rows of linear views

  int64_t events() const { return logged + archived + bulk; }
};

/// Tables and files of states have the names of their views in theirs.
inline std::string longest_name_in(const std::string& text, const std::vector<std::string>& names) {
  std::string longest;
  for (const std::string& name : names) {
    if (name.size() > longest.size() && text.find(name) != std::string::npos) longest = name;
  }
  return longest;
}

inline void add_scans(const nlohmann::json& node, const std::vector<std::string>& views, ScannedRows& rows) {
  const auto children = node.value("children", nlohmann::json::array());
  for (const auto& child : children) add_scans(child, views, rows);
  if (node.value("operator_type", "") != "TABLE_SCAN") return;
  const nlohmann::json info = node.value("extra_info", nlohmann::json::object());
  const auto text = [&](const char* key) { return info.contains(key) ? info.at(key).dump() : ""; };
  const auto given_out = node.value("operator_cardinality", int64_t{0});
  // Before filters. Of functions other than the engine's own this is only a guess.
  const auto scanned = std::max(given_out, node.value("operator_rows_scanned", int64_t{0}));
  const std::string function = text("Function");
  const std::string files = text("Filename(s)");
  const std::string table = text("Table");
  if (function.find("LOG_") == 1) {
    rows.logged += given_out;
  } else if (files.find("/lake/bronze/") != std::string::npos) {
    rows.archived += scanned;
  } else if (files.find("/log/") != std::string::npos) {
    rows.bulk += scanned;
  } else if (table.find(".table_") != std::string::npos) {
    rows.tables += scanned;
  } else if (const std::string view = longest_name_in(table + files, views); !view.empty()) {
    rows.states[view] += scanned;
  } else {
    ADD_FAILURE() << "a scan of something unknown: " << node.dump(2);
  }
}

/// Runs a query as QueryService::query does, and says what it scanned.
inline ScannedRows scanned_rows(app::Platform& platform, const std::string& query) {
  ScannedRows rows;
  std::vector<std::string> views;
  for (const auto& model : platform.models()) views.push_back(model.name);
  const int64_t logged_before = platform.queries().log_rows_read();
  const Status read = platform.queries().in_snapshot(
      {}, [&](sql::Session& session, const serve::QueryService::Snapshot& snapshot) -> Status {
        sql::Query bound = TRY(platform.queries().bound_query(session, query, snapshot));
        bound.text = "EXPLAIN (ANALYZE, FORMAT JSON) " + bound.text;
        const auto profile = TRY(session.query(bound));
        add_scans(nlohmann::json::parse(profile.text(0, 1).value()), views, rows);
        return {};
      });
  EXPECT_TRUE(read) << read.error().describe();
  EXPECT_EQ(rows.logged, platform.queries().log_rows_read() - logged_before)
      << "the engine's profile and the counter of log rows disagree";
  return rows;
}

}  // namespace anabranch::test
