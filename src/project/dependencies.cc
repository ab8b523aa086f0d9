#include "project/dependencies.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "model/names.h"
#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {
namespace {

// A hint for a name that is unknown: the same name in another schema, or the nearest one.
std::string suggest_relation(const std::string& schema, const std::string& name,
                             const std::vector<std::string>& known) {
  std::vector<std::string> same_name;
  for (const std::string& relation : known) {
    if (model::name_in_layer(relation) == name) same_name.push_back(relation);
  }
  if (!same_name.empty()) return fmt::format("did you mean '{}'?", same_name.front());
  if (!schema.empty()) {
    if (auto meant = nearest(model::RelationName{schema, name}.text(), known))
      return fmt::format("did you mean '{}'?", *meant);
  }
  std::vector<std::string> names;
  for (const std::string& relation : known) names.push_back(model::name_in_layer(relation));
  if (auto meant = nearest(name, names)) {
    const auto position = std::find(names.begin(), names.end(), *meant) - names.begin();
    return fmt::format("did you mean '{}'?", known[static_cast<size_t>(position)]);
  }
  return suggest("", known, "there are");
}

// Checks one name in the SQL of a model; the relation that it reads, if it is one.
std::optional<std::string> resolve(const Model& model, const TableUse& table,
                                   const std::vector<std::string>& known, Problems& problems) {
  const Place& place = table.place;
  const std::string schema = fold_case(table.schema);
  const std::string name = fold_case(table.name);
  if (schema.empty()) {
    problems.error(
        place, fmt::format("'{}' has no schema: names must begin with bronze., silver. or gold.", table.name),
        suggest_relation(schema, name, known));
    return std::nullopt;
  }
  if (schema != "bronze" && schema != "silver" && schema != "gold") {
    problems.error(place,
                   fmt::format("'{}.{}': there is no schema '{}', only bronze, silver and gold", table.schema,
                               table.name, table.schema),
                   suggest_relation(schema, name, known));
    return std::nullopt;
  }
  const std::string relation = model::RelationName{schema, name}.text();
  if (std::find(known.begin(), known.end(), relation) == known.end()) {
    problems.error(
        place, fmt::format("there is no {} '{}'", schema == "bronze" ? "stream or table" : "view", relation),
        suggest_relation(schema, name, known));
    return std::nullopt;
  }
  if (model.layer == Layer::silver && schema == "gold") {
    problems.error(
        place, fmt::format("a silver view reads '{}'", relation),
        "silver may read bronze and silver only: move this view to models/gold/, or what it needs to "
        "models/silver/");
    return std::nullopt;
  }
  return relation;
}

using Positions = std::map<std::string, size_t>;

// The models that the given ones read, as long as they are still waiting for their turn.
class Order {
 public:
  Order(std::vector<ReadModel>& models, Problems& problems) : models_(models), problems_(problems) {
    for (size_t i = 0; i < models.size(); ++i) {
      positions_.emplace(models[i].model.name, i);
      waiting_.insert(i);
    }
  }

  std::vector<size_t> run() {
    std::vector<size_t> order;
    while (!waiting_.empty()) {
      const auto ready =
          std::find_if(waiting_.begin(), waiting_.end(), [&](size_t i) { return !next_of(i); });
      if (ready != waiting_.end()) {
        order.push_back(*ready);
        waiting_.erase(ready);
      } else {
        // The cycle is reported and put aside whole, so that what is behind it is not blamed for it.
        for (const size_t i : report_cycle()) {
          aside_.push_back(i);
          waiting_.erase(i);
        }
      }
    }
    order.insert(order.end(), aside_.begin(), aside_.end());
    return order;
  }

 private:
  // The first waiting model that a model reads.
  std::optional<size_t> next_of(size_t i) const {
    for (const std::string& name : models_[i].model.depends_on) {
      const auto known = positions_.find(name);
      if (known != positions_.end() && waiting_.contains(known->second)) return known->second;
    }
    return std::nullopt;
  }

  std::vector<size_t> report_cycle() {
    std::vector<size_t> path;
    size_t at = *waiting_.begin();
    while (std::find(path.begin(), path.end(), at) == path.end()) {
      path.push_back(at);
      at = *next_of(at);
    }
    path.erase(path.begin(), std::find(path.begin(), path.end(), at));
    std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
    std::string names;
    for (const size_t i : path) names += models_[i].model.name + " → ";
    const ReadModel& first = models_[path.front()];
    const Model& second = models_[path[1 % path.size()]].model;
    problems_.error(
        place_of(first, second.name),
        path.size() == 1 ? fmt::format("the view {} reads itself", first.model.name)
                         : fmt::format("views read each other in a cycle: {}{}", names, first.model.name),
        path.size() == 1 ? "read what it is made from instead"
                         : "take one of these reads out, or move what they share into a view of its own");
    return path;
  }

  static Place place_of(const ReadModel& read, const std::string& relation) {
    for (const TableUse& table : read.tables) {
      if (fold_case(model::RelationName{table.schema, table.name}.text()) == relation) {
        return table.place;
      }
    }
    return {read.model.file};
  }

  std::vector<ReadModel>& models_;
  Problems& problems_;
  Positions positions_;
  std::set<size_t> waiting_;
  std::vector<size_t> aside_;
};

std::vector<std::string> bronze_names(const Project& project) {
  std::vector<std::string> names;
  for (const StreamFile& stream : project.streams) names.push_back(model::bronze(stream.name).text());
  for (const SourceFile& source : project.sources) {
    for (const TableFile& table : source.tables) names.push_back(model::bronze(table.name).text());
  }
  return names;
}

}  // namespace

std::vector<Model> link_models(std::vector<ReadModel> models, const Project& project, Problems& problems) {
  std::sort(models.begin(), models.end(), [](const ReadModel& a, const ReadModel& b) {
    return std::tie(a.model.layer, a.model.name) < std::tie(b.model.layer, b.model.name);
  });
  std::vector<std::string> known = bronze_names(project);
  for (const ReadModel& read : models) known.push_back(read.model.name);
  for (ReadModel& read : models) {
    std::vector<std::string>& depends_on = read.model.depends_on;
    for (const TableUse& table : read.tables) {
      auto relation = resolve(read.model, table, known, problems);
      if (!relation || std::find(depends_on.begin(), depends_on.end(), *relation) != depends_on.end())
        continue;
      depends_on.push_back(std::move(*relation));
    }
  }
  std::vector<Model> ordered;
  for (const size_t i : Order(models, problems).run()) ordered.push_back(std::move(models[i].model));
  return ordered;
}

std::vector<std::string> relation_names(const Project& project) {
  std::vector<std::string> names = bronze_names(project);
  for (const Model& model : project.models) names.push_back(model.name);
  return names;
}

}  // namespace anabranch::project
