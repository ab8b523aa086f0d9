#include "project/project.h"

#include <fmt/format.h>

#include "project/nearest.h"

namespace anabranch::project {

const StreamFile* Project::find_stream(std::string_view name) const {
  for (const StreamFile& stream : streams) {
    if (stream.name == name) return &stream;
  }
  return nullptr;
}

const TableFile* Project::find_table(std::string_view name) const {
  for (const SourceFile& source : sources) {
    for (const TableFile& table : source.tables) {
      if (table.name == name) return &table;
    }
  }
  return nullptr;
}

const Model* Project::find_model(std::string_view name) const {
  for (const Model& model : models) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

Result<Settings> Project::settings_of(std::string_view target) const {
  if (target.empty()) target = default_target;
  if (target.empty()) return settings;
  std::vector<std::string> names;
  for (const Target& candidate : targets) {
    if (candidate.name == target) return candidate.settings;
    names.push_back(candidate.name);
  }
  return fail(Code::not_found, fmt::format("anabranch.yml has no target '{}'", target),
              suggest(target, names, "it has"));
}

std::string_view to_string(FileFormat format) {
  switch (format) {
    case FileFormat::csv:
      return "csv";
    case FileFormat::json:
      return "json";
    case FileFormat::parquet:
      return "parquet";
  }
  return "csv";
}

std::string_view to_string(SourceKind kind) {
  switch (kind) {
    case SourceKind::files:
      return "files";
    case SourceKind::sqlite:
      return "sqlite";
    case SourceKind::arriving_files:
      return "arriving_files";
  }
  return "files";
}

std::string_view to_string(Layer layer) {
  switch (layer) {
    case Layer::silver:
      return "silver";
    case Layer::gold:
      return "gold";
  }
  return "silver";
}

std::string_view to_string(Chart::Kind kind) {
  switch (kind) {
    case Chart::Kind::bar:
      return "bar";
    case Chart::Kind::line:
      return "line";
    case Chart::Kind::area:
      return "area";
    case Chart::Kind::scatter:
      return "scatter";
    case Chart::Kind::table:
      return "table";
    case Chart::Kind::number:
      return "number";
  }
  return "table";
}

std::string_view to_string(Expectation::Kind kind) {
  switch (kind) {
    case Expectation::Kind::not_null:
      return "not_null";
    case Expectation::Kind::unique:
      return "unique";
    case Expectation::Kind::accepted_values:
      return "accepted_values";
    case Expectation::Kind::expression:
      return "expression";
  }
  return "not_null";
}

}  // namespace anabranch::project
