#pragma once
// The type that JSON values have in common.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/json_text.h"
#include "ingest/text_type.h"
#include "model/type.h"

namespace anabranch::ingest {

/// Looks at all values of a column; the type that it gives keeps each of them whole. What has no such type
/// (values of several kinds, very large numbers, objects with very many names) is JSON.
class JsonType {
 public:
  /// False with the reason in `problem` where the value is not JSON.
  bool add(JsonText& json, simdjson::ondemand::value& value, std::string_view token, int depth,
           std::string& problem);
  /// VARCHAR when all values were null.
  model::Type type() const;

 private:
  enum class Kind : uint8_t { none, boolean, number, text, list, object, mixed };
  bool add_list(JsonText& json, simdjson::ondemand::value& value, int depth, std::string& problem);
  bool add_object(JsonText& json, simdjson::ondemand::value& value, int depth, std::string& problem);

  Kind kind_ = Kind::none;
  NumberType numbers_;
  TextType texts_{false};
  std::unique_ptr<JsonType> element_;
  std::vector<std::pair<std::string, std::unique_ptr<JsonType>>> members_;
};

}  // namespace anabranch::ingest
