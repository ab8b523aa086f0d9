#pragma once
// The one place that decides whether a value fits a type without loss. Checking an event and decoding it are
// the same code, so what was accepted always decodes.

#include <string>
#include <string_view>

#include "ingest/cell.h"
#include "ingest/json_text.h"
#include "model/type.h"

namespace anabranch::ingest {

/// Reads values of one type. Immutable.
/// Each method returns false with the reason in `problem` when the value does not fit; the cell is then
/// untouched. null is for the caller: none of these takes it.
class ValueParser {
 public:
  explicit ValueParser(const model::Type& type);

  const model::Type& type() const { return type_; }

  /// Any JSON value; `token` is its first token, trimmed. Walks through lists and objects.
  bool parse_json(JsonText& json, simdjson::ondemand::value& value, std::string_view token, const Cell& cell,
                  std::string& problem) const {
    if (token[0] == '{' || token[0] == '[') return parse_nested(json, value, token, cell, problem);
    return parse_scalar(json, token, cell, problem);
  }
  /// A JSON value that is neither list nor object.
  bool parse_scalar(JsonText& json, std::string_view token, const Cell& cell, std::string& problem) const;
  /// The text of a CSV field or of a map's key. `lasts`: it lives as long as the column. `json` reads JSON in
  /// it.
  bool parse_text(std::string_view text, bool lasts, JsonText& json, const Cell& cell,
                  std::string& problem) const;

 private:
  bool parse_nested(JsonText& json, simdjson::ondemand::value& value, std::string_view token,
                    const Cell& cell, std::string& problem) const;
  bool parse_json_text(std::string_view text, JsonText& json, const Cell& cell, std::string& problem) const;
  bool parse_number(std::string_view token, const Cell& cell, std::string& problem) const;
  bool parse_string(std::string_view text, bool lasts, const Cell& cell, std::string& problem) const;
  bool parse_boolean(std::string_view token, const Cell& cell, std::string& problem) const;
  void put_integer(__int128 value, const Cell& cell) const;
  bool refuse(std::string_view shown, std::string_view token, std::string& problem) const;

  enum class Takes : uint8_t { number, string, boolean, json, list, object };

  model::Type type_;
  Takes takes_;
  int64_t least64_ = 0;  // of integers, as far as 64 bits go
  int64_t most64_ = 0;
  __int128 least_ = 0;  // of integers, and of the digits of a decimal
  __int128 most_ = 0;
};

}  // namespace anabranch::ingest
