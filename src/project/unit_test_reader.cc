#include "project/unit_test_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/names.h"
#include "project/dependencies.h"
#include "project/map_reader.h"
#include "project/nearest.h"

namespace anabranch::project {
namespace {

// Rows are maps; a list of none is a relation without rows.
std::vector<std::string> read_rows(const YamlNode& list, const std::vector<std::string>& columns,
                                   Problems& problems) {
  std::vector<std::string> rows;
  if (list.kind != YamlNode::Kind::sequence) {
    problems.error(list.place, fmt::format("rows must be a list, not {}", list.describe()),
                   "write '- {column: value, …}' for each row, or [] for none");
    return rows;
  }
  for (const YamlNode& row : list.items) {
    if (!row.is_map()) {
      problems.error(row.place, fmt::format("a row must be a map, not {}", row.describe()),
                     "write {column: value, …}");
      continue;
    }
    for (const YamlNode::Key& key : row.keys) {
      if (columns.empty() || std::find(columns.begin(), columns.end(), key.text) != columns.end()) continue;
      problems.error(key.place, fmt::format("there is no column '{}'", key.text),
                     suggest(key.text, columns, "there are"));
    }
    rows.push_back(row.to_json());
  }
  return rows;
}

// The columns that a stream declares; empty when they are not known here: a table may have more than it
// declares.
std::vector<std::string> columns_of(const std::string& relation, const Project& project) {
  std::vector<std::string> names;
  const auto name = model::RelationName::parse(relation);
  if (!name || !name->is_bronze()) return names;
  if (const StreamFile* stream = project.find_stream(name->name)) {
    for (const model::Field& field : stream->schema.fields) names.push_back(field.name);
  }
  return names;
}

void read_given(const YamlNode& given, const Project& project, UnitTest& test, Problems& problems) {
  if (!given.is_map()) {
    problems.error(given.place, fmt::format("given must be a map, not {}", given.describe()),
                   "write 'bronze.NAME: ' and the list of its rows");
    return;
  }
  std::vector<std::string> known = relation_names(project);
  std::erase_if(known, [](const std::string& name) { return !model::RelationName::of(name).is_bronze(); });
  for (size_t i = 0; i < given.keys.size(); ++i) {
    const auto& [relation, place] = given.keys[i];
    if (std::find(known.begin(), known.end(), relation) == known.end()) {
      problems.error(place, fmt::format("there is no stream or table '{}'", relation),
                     suggest(relation, known, "given can be"));
    }
    test.given.push_back({relation, read_rows(given.items[i], columns_of(relation, project), problems)});
  }
}

std::optional<UnitTest> read_unit_test(const YamlNode& node, const Project& project, Problems& problems) {
  const MapReader map(node, "a test", {"name", "view", "given", "expect", "ordered"}, problems);
  if (!map.is_map()) return std::nullopt;
  UnitTest test;
  test.place = node.place;
  test.name = map.text("name").value_or("");
  test.is_ordered = map.boolean("ordered").value_or(false);
  map.require("view", "write 'view: ' and the name of the view to test");
  if (auto view = map.text("view")) {
    test.view = *view;
    if (!project.find_model(*view)) {
      std::vector<std::string> names;
      for (const Model& model : project.models) names.push_back(model.name);
      problems.error(map.place_of("view"), fmt::format("there is no view '{}'", *view),
                     suggest(*view, names, "there are"));
    }
  }
  if (const YamlNode* given = map.require("given", "write what comes in, as in 'bronze.NAME: [{a: 1}]'")) {
    read_given(*given, project, test, problems);
  }
  if (const YamlNode* expect = map.require("expect", "write the rows of the view, or [] for none")) {
    test.expect = read_rows(*expect, {}, problems);
  }
  return test;
}

}  // namespace

std::vector<UnitTest> read_unit_tests(const ProjectFolder& folder, const std::string& file,
                                      const Project& project) {
  std::vector<UnitTest> tests;
  Problems& problems = folder.problems();
  const auto yaml = folder.read_yaml(file);
  if (!yaml || yaml->kind == YamlNode::Kind::null) return tests;  // a file without tests is no mistake
  if (yaml->kind != YamlNode::Kind::sequence) {
    problems.error(yaml->place, fmt::format("a file of tests must be a list, not {}", yaml->describe()),
                   "begin each test with '- view: '");
    return tests;
  }
  for (const YamlNode& node : yaml->items) {
    auto test = read_unit_test(node, project, problems);
    if (!test) continue;
    if (test->name.empty()) test->name = fmt::format("{}:{}", stem_of(file), tests.size() + 1);
    tests.push_back(std::move(*test));
  }
  return tests;
}

}  // namespace anabranch::project
