#include "front/http_api/request_fields.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace anabranch::front::http_api {
namespace {

// A client's own words in a message: short, and one line.
std::string shown(std::string_view text) {
  constexpr size_t bytes_max = 60;
  std::string cut(text.substr(0, bytes_max));
  std::ranges::replace_if(cut, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text.size() > bytes_max ? cut + "…" : cut;
}

Place place_of(std::string_view text, size_t position) {
  const std::string_view before = text.substr(0, std::min(position, text.size()));
  const auto lines = std::ranges::count(before, '\n');
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return {"", static_cast<int>(lines) + 1, static_cast<int>(before.size() - line_begin) + 1};
}

}  // namespace

Result<Json> read_object(std::string_view body, std::initializer_list<std::string_view> keys) {
  const std::string expected = fmt::format("the keys are {}", fmt::join(keys, ", "));
  if (body.find_first_not_of(" \t\r\n") == body.npos) return Json::object();
  std::set<std::string> seen;
  std::string twice;
  const auto look = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth == 1 && event == Json::parse_event_t::key && !seen.insert(parsed.get<std::string>()).second) {
      twice = parsed.get<std::string>();
    }
    return true;
  };
  Json object;
  try {
    object = Json::parse(body, look);
  } catch (const Json::parse_error& error) {
    return fail_at(place_of(body, error.byte == 0 ? 0 : error.byte - 1), Code::bad_input,
                   "the body is not JSON", "send one JSON object; " + expected);
  } catch (const Json::exception&) {
    return fail(Code::bad_input, "the body has a number that is too large",
                "send one JSON object; " + expected);
  }
  if (!object.is_object()) return fail(Code::bad_input, "the body is not a JSON object", expected);
  if (!twice.empty()) return fail(Code::bad_input, fmt::format("the key '{}' stands twice", shown(twice)));
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(keys, std::string_view(key)) == keys.end()) {
      return fail(Code::bad_input, fmt::format("'{}' is not known here", shown(key)), expected);
    }
  }
  return object;
}

Result<std::vector<std::string>> read_names(const Json& object, std::string_view key) {
  std::vector<std::string> names;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return names;
  const bool is_list =
      found->is_array() && std::ranges::all_of(*found, [](const Json& item) { return item.is_string(); });
  if (!is_list) return fail(Code::bad_input, fmt::format("'{}' is not a list of names", key));
  for (const Json& item : *found) {
    auto name = item.get<std::string>();
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

Result<std::optional<std::string>> read_text(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) return fail(Code::bad_input, fmt::format("'{}' is not a text", key));
  return found->get<std::string>();
}

Result<std::optional<int64_t>> read_integer(const Json& object, std::string_view key, int64_t least) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  const bool fits = found->is_number_unsigned() ? found->get<uint64_t>() <= uint64_t{INT64_MAX}
                                                : found->is_number_integer();
  if (!fits || found->get<int64_t>() < least) {
    return fail(Code::bad_input, fmt::format("'{}' is not a whole number from {} on", key, least));
  }
  return found->get<int64_t>();
}

Status check_parameters(const http::NamedValues& query, std::initializer_list<std::string_view> names) {
  std::set<std::string_view> seen;
  for (const auto& [name, value] : query) {
    if (std::ranges::find(names, std::string_view(name)) == names.end()) {
      const std::string hint =
          names.size() == 0 ? "there are none here" : fmt::format("there are {}", fmt::join(names, ", "));
      return fail(Code::bad_input, fmt::format("the URL's parameter '{}' is not known here", shown(name)),
                  hint);
    }
    if (!seen.insert(name).second) {
      return fail(Code::bad_input, fmt::format("the URL's parameter '{}' stands twice", shown(name)));
    }
  }
  return {};
}

std::optional<int64_t> to_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<size_t> read_limit(const http::NamedValues& query, size_t by_default, size_t most) {
  const auto text = query.find("limit");
  if (!text) return by_default;
  const auto limit = to_integer(*text);
  if (!limit || *limit < 1) {
    return fail(Code::bad_input, fmt::format("limit '{}' is not a whole number from 1 on", shown(*text)));
  }
  return std::min(static_cast<size_t>(*limit), most);
}

}  // namespace anabranch::front::http_api
