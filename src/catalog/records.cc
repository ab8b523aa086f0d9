#include "catalog/records.h"

#include <exception>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace anabranch::catalog {
namespace {

using Json = nlohmann::json;

// The JSON library throws where a text is not UTF-8 or a value has another type than expected.
Result<std::string> to_text(const Json& json) {
  try {
    return json.dump();
  } catch (const std::exception& error) {
    return fail(Code::bad_input, fmt::format("a name is not UTF-8: {}", error.what()));
  }
}

template <typename T>
Result<T> from_text(std::string_view text, std::string_view what) {
  try {
    return Json::parse(text).get<T>();
  } catch (const std::exception& error) {
    return fail(Code::corrupt, fmt::format("a record of the catalogue has no {}: {}", what, error.what()),
                "put a backup of catalog.db in its place");
  }
}

}  // namespace

Result<std::string> offsets_to_json(const model::Offsets& offsets) {
  Json json = Json::object();
  for (const auto& [stream, partitions] : offsets) json[stream] = partitions;
  return to_text(json);
}

Result<std::string> names_to_json(const std::vector<std::string>& names) { return to_text(Json(names)); }

Result<std::string> warnings_to_json(const std::vector<BuildWarning>& warnings) {
  Json json = Json::array();
  for (const BuildWarning& warning : warnings) json.push_back({warning.view, warning.message});
  return to_text(json);
}

Result<model::Offsets> offsets_from_json(std::string_view json) {
  return from_text<model::Offsets>(json, "offsets");
}

Result<std::vector<std::string>> names_from_json(std::string_view json) {
  return from_text<std::vector<std::string>>(json, "list of names");
}

Result<std::vector<BuildWarning>> warnings_from_json(std::string_view json) {
  std::vector<BuildWarning> warnings;
  for (auto& [view, message] :
       TRY((from_text<std::vector<std::pair<std::string, std::string>>>(json, "list of warnings")))) {
    warnings.push_back({std::move(view), std::move(message)});
  }
  return warnings;
}

}  // namespace anabranch::catalog
