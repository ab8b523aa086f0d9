#include "lake/document.h"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "base/crc32c.h"

namespace anabranch::lake {
namespace {

using Json = nlohmann::json;

constexpr std::string_view checksum_begin = "\"crc32c\": \"";
constexpr std::string_view no_checksum = "00000000";
constexpr std::string_view restore_hint = "restore the file from a backup of the data folder";

// Where the checksum's digits stand: in the first lines, before anything that users name.
std::optional<size_t> checksum_place(std::string_view text) {
  const size_t at = text.find(checksum_begin);
  if (at == text.npos || at + checksum_begin.size() + no_checksum.size() > text.size()) return std::nullopt;
  return at + checksum_begin.size();
}

std::string checksum_of(std::string_view text, size_t place) {
  const uint32_t before = crc32c(text.substr(0, place));
  const uint32_t middle = crc32c(no_checksum, before);
  return fmt::format("{:08x}", crc32c(text.substr(place + no_checksum.size()), middle));
}

}  // namespace

Result<std::string> seal_document(int format, const nlohmann::ordered_json& body) {
  nlohmann::ordered_json document{{"format", format}, {"crc32c", no_checksum}};
  for (const auto& [key, value] : body.items()) document[key] = value;
  try {
    std::string text = document.dump(2) + "\n";
    const size_t place = checksum_place(text).value();
    text.replace(place, no_checksum.size(), checksum_of(text, place));
    return text;
  } catch (const std::exception& error) {  // the library's only error here
    return fail(Code::bad_input, fmt::format("a name is not UTF-8: {}", error.what()));
  }
}

Result<Json> open_document(const std::string& file, std::string_view text, int format_max) {
  const auto damaged = [&](std::string_view what) {
    return fail(Code::corrupt, fmt::format("{}: {}", file, what), std::string(restore_hint));
  };
  Json document = Json::parse(text, nullptr, false);
  if (!document.is_object()) return damaged("it is damaged: no JSON object");
  const auto format = document.find("format");
  if (format == document.end() || !format->is_number_integer()) return damaged("'format' is missing");
  if (format->get<int64_t>() > format_max) {
    return fail(Code::refused,
                fmt::format("{} has format {}; this program reads formats up to {}", file,
                            format->get<int64_t>(), format_max),
                "start the newer version of the program that wrote it");
  }
  const auto place = checksum_place(text);
  if (!place) return damaged("'crc32c' is missing");
  if (text.substr(*place, no_checksum.size()) != checksum_of(text, *place))
    return damaged("it is damaged: its checksum is another one");
  return document;
}

std::string document_name(uint64_t number) { return fmt::format("{:020}.json", number); }

std::optional<uint64_t> document_number(std::string_view key) {
  constexpr size_t digits = 20;
  const std::string_view name = key.substr(key.rfind('/') + 1);
  if (name.size() != digits + 5 || !name.ends_with(".json")) return std::nullopt;
  uint64_t number = 0;
  for (const char c : name.substr(0, digits)) {
    if (c < '0' || c > '9' || number > (UINT64_MAX - 9) / 10) return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number;
}

Result<std::string> DocumentReader::text(const std::string& key) const {
  return TRY(get(key, [](const Json& value) { return value.is_string(); }, "text"))->get<std::string>();
}
Result<int64_t> DocumentReader::integer(const std::string& key) const {
  return TRY(get(
                 key, [](const Json& value) { return value.is_number_integer(); }, "an integer"))
      ->get<int64_t>();
}
Result<const Json*> DocumentReader::object(const std::string& key) const {
  return get(key, [](const Json& value) { return value.is_object(); }, "an object");
}
Result<const Json*> DocumentReader::array(const std::string& key) const {
  return get(key, [](const Json& value) { return value.is_array(); }, "a list");
}

const Json* DocumentReader::find(const std::string& key) const {
  const auto value = object_.find(key);
  return value == object_.end() ? nullptr : &*value;
}

Result<const Json*> DocumentReader::get(const std::string& key, bool (*is_right)(const Json&),
                                        std::string_view kind) const {
  const Json* value = object_.is_object() ? find(key) : nullptr;
  if (value == nullptr) return broken(key, "is missing");
  if (!is_right(*value)) return broken(key, fmt::format("is not {}", kind));
  return value;
}

DocumentReader DocumentReader::below(const std::string& key, const Json& object) const {
  return {object, file_, place_.empty() ? key : place_ + "." + key};
}
DocumentReader DocumentReader::below(const std::string& key, size_t index, const Json& object) const {
  return below(fmt::format("{}[{}]", key, index), object);
}

std::unexpected<Error> DocumentReader::broken(const std::string& key, std::string_view what) const {
  return fail(Code::corrupt,
              fmt::format("{}: '{}{}{}' {}", file_, place_, place_.empty() ? "" : ".", key, what),
              std::string(restore_hint));
}

}  // namespace anabranch::lake
