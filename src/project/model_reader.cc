#include "project/model_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/names.h"
#include "project/expectation_reader.h"
#include "project/map_reader.h"
#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {
namespace {

std::vector<ModelColumn> read_columns(const MapReader& map, Problems& problems) {
  std::vector<ModelColumn> columns;
  const YamlNode* node = map.find("columns");
  if (!node) return columns;
  if (!node->is_map()) {
    problems.error(node->place, fmt::format("columns must be a map of names, not {}", node->describe()),
                   "write 'NAME: description' or 'NAME: {description: …, critical: true}'");
    return columns;
  }
  for (size_t i = 0; i < node->keys.size(); ++i) {
    ModelColumn column{node->keys[i].text, "", false, node->keys[i].place};
    const YamlNode& value = node->items[i];
    if (value.is_scalar()) {
      column.description = value.text;
    } else {
      const MapReader options(value, "a column", {"description", "critical"}, problems);
      column.description = options.text("description").value_or("");
      column.is_critical = options.boolean("critical").value_or(false);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

void read_options(const ProjectFolder& folder, const std::string& file, SelectReader& selects, Model& model) {
  Problems& problems = folder.problems();
  const auto yaml = folder.read_yaml(file);
  if (!yaml) return;
  const YamlNode* root = root_map(*yaml, "the view's description", problems);
  if (!root) return;
  const MapReader map(*root, "a model", {"description", "materialize", "schedule", "expectations", "columns"},
                      problems);
  if (!map.is_map()) return;
  model.description = map.text("description").value_or("");
  model.is_materialized = map.boolean("materialize").value_or(model.is_materialized);
  model.schedule = map.schedule();
  model.expectations = read_expectations(map, selects, problems);
  model.columns = read_columns(map, problems);
}

std::optional<ReadModel> read_model(const ProjectFolder& folder, Layer layer, const std::string& file,
                                    SelectReader& selects) {
  Problems& problems = folder.problems();
  ReadModel read;
  read.model.layer = layer;
  read.model.name = model::RelationName{std::string(to_string(layer)), stem_of(file)}.text();
  read.model.file = file;
  read.model.is_materialized = layer == Layer::gold;
  check_identifier(stem_of(file), "a view", {file}, problems);
  const auto source = folder.read(file);
  if (!source) return std::nullopt;
  read.model.sql = source->text;
  if (source->text.find_first_not_of(" \t\r\n") == std::string::npos) {
    problems.error({file, 1, 1}, "the file is empty", "write one SELECT");
    return read;
  }
  const auto in_characters = [&](int line, int column_bytes) {
    return source->place_at(std::max(1, line) - 1, std::max(1, column_bytes) - 1);
  };
  auto select = selects.read(source->text);
  if (!select) {
    Error error = select.error();
    if (error.place) error.place = in_characters(error.place->line, error.place->column);
    problems.error(error, {file, 1, 1});
    return read;
  }
  read.model.select = std::move(select->tree);
  for (TableName& table : select->tables) {
    const Place place = in_characters(table.line, table.column);
    read.tables.push_back({std::move(table.schema), std::move(table.name), place});
  }
  return read;
}

void read_layer(const ProjectFolder& folder, Layer layer, SelectReader& selects,
                std::vector<ReadModel>& models) {
  const std::string path = fmt::format("models/{}", to_string(layer));
  std::vector<std::string> names, options;
  for (const io::FolderEntry& entry : folder.list(path)) {
    const std::string file = path + "/" + entry.name;
    if (entry.is_folder) {
      folder.problems().error({file}, "a folder inside a layer is not read",
                              fmt::format("put its files into {}/: the path is the view's name", path));
    } else if (entry.name.ends_with(".sql")) {
      names.push_back(stem_of(file));
      if (auto model = read_model(folder, layer, file, selects)) models.push_back(std::move(*model));
    } else if (entry.name.ends_with(".yml")) {
      options.push_back(file);
    } else {
      folder.warn_stray(file, "*.sql and *.yml");
    }
  }
  for (const std::string& file : options) {
    const std::string name = model::RelationName{std::string(to_string(layer)), stem_of(file)}.text();
    if (std::find(names.begin(), names.end(), stem_of(file)) == names.end()) {
      const auto meant = nearest(stem_of(file), names);
      folder.problems().error(
          {file}, fmt::format("options for {}, but there is no {}/{}.sql", name, path, stem_of(file)),
          meant ? fmt::format("did you mean '{}.yml'?", *meant) : "write the view, or delete the file");
      Model nobody;
      read_options(folder, file, selects, nobody);
      continue;
    }
    const auto model = std::find_if(models.begin(), models.end(),
                                    [&](const ReadModel& read) { return read.model.name == name; });
    Model unread;  // its .sql could not be read; mistakes in the options are still worth knowing
    read_options(folder, file, selects, model != models.end() ? model->model : unread);
  }
}

}  // namespace

std::vector<ReadModel> read_models(const ProjectFolder& folder, SelectReader& selects) {
  std::vector<ReadModel> models;
  static const std::vector<std::string> layers = {"silver", "gold"};
  for (const io::FolderEntry& entry : folder.list("models")) {
    const std::string file = "models/" + entry.name;
    if (entry.is_folder && std::find(layers.begin(), layers.end(), entry.name) == layers.end()) {
      folder.problems().error({file}, fmt::format("'{}' is no layer", entry.name),
                              suggest(entry.name, layers, "the layers are"));
    } else if (!entry.is_folder && (entry.name.ends_with(".sql") || entry.name.ends_with(".yml"))) {
      folder.problems().error({file}, "a model outside of a layer",
                              "move it to models/silver/ or models/gold/");
    } else if (!entry.is_folder) {
      folder.warn_stray(file, "models/silver/ and models/gold/");
    }
  }
  read_layer(folder, Layer::silver, selects, models);
  read_layer(folder, Layer::gold, selects, models);
  return models;
}

}  // namespace anabranch::project
