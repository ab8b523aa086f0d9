#pragma once
// Values of events by the rules of docs/api.md ("Events in"), read the plain way: verify's own conversion.

#include <optional>
#include <string_view>

#include "model/type.h"
#include "quality/plain_json.h"
#include "sql/table_writer.h"

namespace anabranch::quality {

/// A JSON value as one of a type. Nothing where it does not fit; null is NULL for every type.
std::optional<sql::Value> plain_value(const model::Type& type, const PlainJson& json);

/// The text of a CSV field, or of a map's key, as a value of a type. Nothing where it does not fit.
std::optional<sql::Value> plain_text_value(const model::Type& type, std::string_view text);

}  // namespace anabranch::quality
