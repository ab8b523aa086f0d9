#pragma once
// Values of lists, structs and maps.

#include <string>
#include <string_view>

#include "ingest/json_text.h"
#include "model/type.h"

namespace anabranch::ingest {

/// Checks a list or object against a nested type and writes it as the JSON text that SQL's cast from JSON to
/// the type reads without loss: every member of a struct, in the order of the type; numbers as they fit the
/// type; decimals, large integers and times as strings. False with the reason, and where in the value, in
/// `problem`.
bool write_nested(const model::Type& type, JsonText& json, simdjson::ondemand::object& object, int depth,
                  std::string& out, std::string& problem);
bool write_nested(const model::Type& type, JsonText& json, simdjson::ondemand::array& array, int depth,
                  std::string& out, std::string& problem);

}  // namespace anabranch::ingest
