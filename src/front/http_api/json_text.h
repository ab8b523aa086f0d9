#pragma once
// What the API's documents have in common.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "http/message.h"
#include "model/offsets.h"
#include "model/relation_column.h"

namespace anabranch::front::http_api {

/// Keeps the order of its keys, so that documents look as they do in docs/api.md.
using Json = nlohmann::ordered_json;

/// Bytes that are not UTF-8 become U+FFFD.
std::string to_text(const Json& document);
http::Response json_response(const Json& document);

Json offsets_json(const model::Offsets& offsets);
/// ISO 8601; null for 0, which means never.
Json time_json(int64_t time_us);
Json columns_json(const std::vector<model::RelationColumn>& columns);
/// Milliseconds, to the microsecond.
double to_ms(int64_t time_us);
/// null for an empty text.
Json text_or_null(const std::string& text);

/// The message of an error as a client may see it; what is inside goes to the log, see problem().
std::string public_message(const Error& error);

}  // namespace anabranch::front::http_api
