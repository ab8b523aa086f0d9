#pragma once
// Values that several documents of the lake hold, as JSON. Included by src/lake only.

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lake/data_file.h"
#include "lake/document.h"
#include "model/offsets.h"
#include "model/relation_column.h"

namespace anabranch::lake {

nlohmann::ordered_json offsets_json(const model::Offsets& offsets);
Result<model::Offsets> read_offsets(const DocumentReader& document, const std::string& key);

nlohmann::ordered_json files_json(const std::vector<DataFile>& files);
Result<std::vector<DataFile>> read_files(const DocumentReader& document, const std::string& key);

nlohmann::ordered_json columns_json(const std::vector<model::RelationColumn>& columns);
Result<std::vector<model::RelationColumn>> read_columns(const DocumentReader& document,
                                                        const std::string& key);

Result<std::vector<std::string>> read_texts(const DocumentReader& document, const std::string& key);

template <typename T>
nlohmann::ordered_json map_json(const std::map<std::string, T>& map) {
  auto json = nlohmann::ordered_json::object();
  for (const auto& [key, value] : map) json[key] = value;
  return json;
}

/// Integers by name.
template <typename T>
Result<std::map<std::string, T>> read_map(const DocumentReader& document, const std::string& key) {
  std::map<std::string, T> map;
  const nlohmann::json& object = *TRY(document.object(key));
  const DocumentReader entries = document.below(key, object);
  for (const auto& item : object.items()) {
    const int64_t value = TRY(entries.integer(item.key()));
    if (!std::in_range<T>(value)) return entries.broken(item.key(), "is out of range");
    map[item.key()] = static_cast<T>(value);
  }
  return map;
}

}  // namespace anabranch::lake
