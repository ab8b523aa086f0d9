#include "project/dashboard_reader.h"

#include <fmt/format.h>

#include "project/map_reader.h"
#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {
namespace {

void check_view(const Located& view, const Project& project, Problems& problems) {
  if (project.find_model(view.text)) return;
  std::vector<std::string> names;
  for (const Model& model : project.models) names.push_back(model.name);
  problems.error(view.place, fmt::format("there is no view '{}'", view.text),
                 suggest(view.text, names, "there are"));
}

std::optional<Chart> read_chart(const YamlNode& node, const Project& project, Problems& problems) {
  static const std::vector<std::string> kinds = {"bar", "line", "area", "scatter", "table", "number"};
  constexpr Chart::Kind values[] = {Chart::Kind::bar,     Chart::Kind::line,  Chart::Kind::area,
                                    Chart::Kind::scatter, Chart::Kind::table, Chart::Kind::number};
  const MapReader map(node, "a chart", {"title", "view", "kind", "x", "y", "series", "rows_max"}, problems);
  if (!map.is_map()) return std::nullopt;
  Chart chart;
  chart.place = node.place;
  map.require("view", "write 'view: ' and a view's name, such as gold.daily_traffic");
  map.require("kind", fmt::format("write 'kind: ' and one of {}", fmt::join(kinds, ", ")));
  if (auto view = map.text("view")) {
    chart.view = *view;
    check_view({*view, map.place_of("view")}, project, problems);
  }
  chart.title = map.text("title").value_or(chart.view);
  chart.x = map.text("x").value_or("");
  for (const Located& y : map.texts("y")) chart.y.push_back(y.text);
  chart.series = map.text("series").value_or("");
  chart.rows_max = map.number("rows_max", 1, 100'000).value_or(chart.rows_max);
  const auto kind = map.choice("kind", kinds);
  if (!kind) return chart;
  chart.kind = values[*kind];
  const bool draws = chart.kind != Chart::Kind::table && chart.kind != Chart::Kind::number;
  if (draws) map.require("x", "write 'x: ' and the column for the horizontal axis");
  if (chart.kind != Chart::Kind::table)
    map.require("y", "write 'y: ' and the column, or a list of them, to show");
  return chart;
}

}  // namespace

std::optional<Dashboard> read_dashboard(const ProjectFolder& folder, const std::string& file,
                                        const Project& project) {
  Problems& problems = folder.problems();
  constexpr const char* charts_hint = "list at least one, as in '- {view: gold.x, kind: bar, x: a, y: b}'";
  Dashboard dashboard;
  dashboard.name = stem_of(file);
  dashboard.place = {file};
  check_identifier(dashboard.name, "a dashboard", {file}, problems);
  const auto yaml = folder.read_yaml(file);
  if (!yaml) return std::nullopt;
  const YamlNode* root = root_map(*yaml, "'charts'", problems);
  if (!root) return std::nullopt;
  const MapReader map(*root, "a dashboard", {"title", "description", "charts"}, problems);
  if (!map.is_map()) return std::nullopt;
  dashboard.title = map.text("title").value_or(dashboard.name);
  dashboard.description = map.text("description").value_or("");
  map.require("charts", charts_hint);
  for (const YamlNode* node : map.list("charts")) {
    if (auto chart = read_chart(*node, project, problems)) dashboard.charts.push_back(std::move(*chart));
  }
  if (const YamlNode* charts = map.find("charts");
      charts && charts->kind == YamlNode::Kind::sequence && charts->items.empty()) {
    problems.error(charts->place, "a dashboard without charts", charts_hint);
  }
  return dashboard;
}

}  // namespace anabranch::project
