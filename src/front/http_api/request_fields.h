#pragma once
// Reads what a client wrote, strictly: a misspelt key must not be a silent default.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "front/http_api/json_text.h"
#include "http/message.h"

namespace anabranch::front::http_api {

/// A body that is one JSON object with no keys but these, each once; an empty body is an empty object. Errors
/// are bad_input, with line and column where it is not JSON.
Result<Json> read_object(std::string_view body, std::initializer_list<std::string_view> keys);

/// A list of names; none when the key is absent or null.
Result<std::vector<std::string>> read_names(const Json& object, std::string_view key);
/// A text; nothing when the key is absent or null.
Result<std::optional<std::string>> read_text(const Json& object, std::string_view key);
/// An integer from `least` on; nothing when the key is absent or null.
Result<std::optional<int64_t>> read_integer(const Json& object, std::string_view key, int64_t least);

/// bad_input for a parameter of the URL that is none of these, or comes twice.
Status check_parameters(const http::NamedValues& query, std::initializer_list<std::string_view> names);
/// A number of things from the URL; more than `most` is `most`.
Result<size_t> read_limit(const http::NamedValues& query, size_t by_default, size_t most);
/// The whole text as an integer.
std::optional<int64_t> to_integer(std::string_view text);

}  // namespace anabranch::front::http_api
