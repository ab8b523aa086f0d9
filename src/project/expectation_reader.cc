#include "project/expectation_reader.h"

#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "project/column_types.h"
#include "project/names.h"

namespace anabranch::project {
namespace {

using Kind = Expectation::Kind;

constexpr const char* forms_hint =
    "write one of 'not_null: COLUMN', 'unique: [COLUMN, …]', 'accepted_values: {column: COLUMN, values: [A, "
    "B]}', "
    "'expression: CONDITION'";

std::string sql_literal(const YamlNode& value) {
  const std::string json = value.to_json();
  if (!json.starts_with('"')) return json;  // a number, true, false or null
  std::string literal = "'";
  for (const char c : value.text) literal += c == '\'' ? std::string("''") : std::string(1, c);
  return literal + "'";
}

void read_accepted_values(const YamlNode& node, Expectation& rule, Problems& problems) {
  const MapReader map(node, "accepted_values", {"column", "values"}, problems);
  if (!map.is_map()) return;
  map.require("column", "write 'column: ' and its name");
  map.require("values", "write 'values: ' and the list of them");
  if (auto column = map.text("column")) rule.columns.push_back(*column);
  for (const YamlNode* value : map.list("values")) {
    if (value->is_scalar()) {
      rule.values.push_back(sql_literal(*value));
    } else {
      problems.error(value->place, fmt::format("an accepted value cannot be {}", value->describe()),
                     "write a text, a number, true or false; NULL is always accepted, not_null forbids it");
    }
  }
  if (map.find("values") && rule.values.empty()) {
    problems.error(map.place_of("values"), "no values are accepted", "list at least one");
  }
}

void read_expression(const MapReader& map, Expectation& rule, SelectReader& selects, Problems& problems) {
  const auto expression = map.text("expression");
  if (!expression) return;
  rule.expression = *expression;
  // The line break keeps a comment at the end from hiding the bracket.
  const auto read = selects.read(fmt::format("SELECT ({}\n)", *expression));
  if (read) return;
  Error error = read.error();
  error.place = std::nullopt;  // its place in the SELECT made here would mislead
  error.message = "'expression' is not an SQL condition: " + error.message;
  problems.error(error, map.place_of("expression"));
}

std::optional<Expectation> read_expectation(const YamlNode& node, SelectReader& selects, Problems& problems) {
  static const std::vector<std::string> kinds = {"not_null", "unique", "accepted_values", "expression"};
  constexpr Kind values[] = {Kind::not_null, Kind::unique, Kind::accepted_values, Kind::expression};
  const MapReader map(node, "an expectation", {"not_null", "unique", "accepted_values", "expression", "name"},
                      problems);
  if (!map.is_map()) return std::nullopt;
  Expectation rule;
  rule.place = node.place;
  int found = 0;
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (!node.find(kinds[i])) continue;
    rule.kind = values[i];
    ++found;
  }
  if (found != 1) {
    problems.error(node.place,
                   found == 0 ? "an expectation without a rule" : "several rules in one expectation",
                   found == 0 ? forms_hint : "give each its own '-'");
    return std::nullopt;
  }
  switch (rule.kind) {
    case Kind::not_null:
    case Kind::unique: {
      const std::vector<Located> columns = map.texts(to_string(rule.kind));
      check_distinct(columns, "column", problems);
      for (const Located& column : columns) rule.columns.push_back(column.text);
      if (columns.empty() && map.find(to_string(rule.kind))) {
        problems.error(map.place_of(to_string(rule.kind)),
                       fmt::format("'{}' without a column", to_string(rule.kind)), forms_hint);
      }
      break;
    }
    case Kind::accepted_values:
      if (const YamlNode* form = map.find("accepted_values")) read_accepted_values(*form, rule, problems);
      break;
    case Kind::expression:
      read_expression(map, rule, selects, problems);
      break;
  }
  if (auto name = map.text("name")) {
    rule.name = *name;
    check_identifier(*name, "an expectation", map.place_of("name"), problems);
  }
  return rule;
}

std::string default_name(const Expectation& rule) {
  std::string name(to_string(rule.kind));
  for (const std::string& column : rule.columns) name += "_" + fold_case(column);
  return name;
}

}  // namespace

std::vector<Expectation> read_expectations(const MapReader& model, SelectReader& selects,
                                           Problems& problems) {
  std::vector<Expectation> rules;
  std::set<std::string> names;
  for (const YamlNode* node : model.list("expectations")) {
    auto rule = read_expectation(*node, selects, problems);
    if (!rule) continue;
    if (rule->name.empty()) {
      const std::string base = default_name(*rule);
      rule->name = base;
      for (int number = 2; names.contains(rule->name); ++number)
        rule->name = fmt::format("{}_{}", base, number);
    } else if (names.contains(rule->name)) {
      problems.error(rule->place, fmt::format("two expectations have the name '{}'", rule->name),
                     "rename one");
    }
    names.insert(rule->name);
    rules.push_back(std::move(*rule));
  }
  return rules;
}

}  // namespace anabranch::project
