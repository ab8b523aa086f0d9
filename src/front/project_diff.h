#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "front/project_plan.h"
#include "model/offsets.h"
#include "model/relation_column.h"

namespace anabranch::front {

/// What two projects make of the same events, view by view. A plain record.
struct ProjectDiff {
  struct Retyped {
    std::string name;
    std::string before;
    std::string after;
  };
  /// A row that only one of both has, or has more often.
  struct Row {
    bool is_after = false;
    int64_t count = 1;                               // so much more often than the other
    std::vector<std::optional<std::string>> values;  // of the columns that were compared, as text
  };
  /// A view whose result may differ.
  struct View {
    std::string name;
    ProjectPlan::Change change = ProjectPlan::Change::changed;
    std::vector<model::RelationColumn> columns_added;
    std::vector<model::RelationColumn> columns_removed;
    std::vector<Retyped> columns_retyped;
    std::vector<std::string> columns;  // by which rows were compared
    // Multisets; nothing where that side has no such view or could not be computed.
    std::optional<int64_t> rows_before, rows_after;
    std::optional<int64_t> only_before, only_after;
    std::vector<Row> sample;   // some of these
    std::string not_compared;  // why; empty: it was
    std::vector<std::string> notes;
  };

  ProjectPlan plan;
  model::Offsets offsets;  // of the events that both saw, exclusive
  std::vector<View> views;

  bool is_different() const { return !plan.items.empty(); }
};

/// What is to be compared: the files of a project by their paths, '/' between. Absent: before is what runs,
/// after are the files as they are now.
struct DiffRequest {
  std::optional<std::map<std::string, std::string>> before;
  std::optional<std::map<std::string, std::string>> after;
  size_t sample_max = 5;  // rows of each view and side that are shown
};

}  // namespace anabranch::front
