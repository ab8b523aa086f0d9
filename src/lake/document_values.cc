#include "lake/document_values.h"

namespace anabranch::lake {

using OrderedJson = nlohmann::ordered_json;

OrderedJson offsets_json(const model::Offsets& offsets) { return map_json(offsets); }

Result<model::Offsets> read_offsets(const DocumentReader& document, const std::string& key) {
  model::Offsets offsets;
  const nlohmann::json& object = *TRY(document.object(key));
  const DocumentReader streams = document.below(key, object);
  for (const auto& item : object.items()) {
    for (const nlohmann::json& offset : *TRY(streams.array(item.key()))) {
      if (!offset.is_number_integer()) return streams.broken(item.key(), "is not a list of offsets");
      offsets[item.key()].push_back(offset.get<model::Offset>());
    }
  }
  return offsets;
}

OrderedJson files_json(const std::vector<DataFile>& files) {
  OrderedJson list = OrderedJson::array();
  for (const DataFile& file : files) {
    list.push_back({{"path", file.path}, {"size", file.size}, {"rows", file.rows}});
  }
  return list;
}

Result<std::vector<DataFile>> read_files(const DocumentReader& document, const std::string& key) {
  const nlohmann::json& list = *TRY(document.array(key));
  std::vector<DataFile> files;
  for (size_t i = 0; i < list.size(); ++i) {
    const DocumentReader entry = document.below(key, i, list[i]);
    DataFile file;
    file.path = TRY(entry.text("path"));
    file.size = TRY(entry.integer("size"));
    file.rows = TRY(entry.integer("rows"));
    files.push_back(std::move(file));
  }
  return files;
}

OrderedJson columns_json(const std::vector<model::RelationColumn>& columns) {
  OrderedJson list = OrderedJson::array();
  for (const model::RelationColumn& column : columns) {
    list.push_back({{"name", column.name}, {"type", column.type}});
  }
  return list;
}

Result<std::vector<model::RelationColumn>> read_columns(const DocumentReader& document,
                                                        const std::string& key) {
  const nlohmann::json& list = *TRY(document.array(key));
  std::vector<model::RelationColumn> columns;
  for (size_t i = 0; i < list.size(); ++i) {
    const DocumentReader entry = document.below(key, i, list[i]);
    model::RelationColumn column;
    column.name = TRY(entry.text("name"));
    column.type = TRY(entry.text("type"));
    columns.push_back(std::move(column));
  }
  return columns;
}

Result<std::vector<std::string>> read_texts(const DocumentReader& document, const std::string& key) {
  std::vector<std::string> texts;
  for (const nlohmann::json& text : *TRY(document.array(key))) {
    if (!text.is_string()) return document.broken(key, "is not a list of texts");
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

}  // namespace anabranch::lake
