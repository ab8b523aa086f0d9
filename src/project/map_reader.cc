#include "project/map_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>

#include <fmt/format.h>

#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {
namespace {

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<uint64_t> parse_bytes(std::string_view text) {
  static constexpr std::pair<std::string_view, uint64_t> units[] = {{"kib", 1ull << 10},
                                                                    {"mib", 1ull << 20},
                                                                    {"gib", 1ull << 30},
                                                                    {"tib", 1ull << 40},
                                                                    {"kb", 1'000},
                                                                    {"mb", 1'000'000},
                                                                    {"gb", 1'000'000'000},
                                                                    {"tb", 1'000'000'000'000},
                                                                    {"b", 1}};
  const std::string folded = fold_case(text);
  std::string_view digits = folded;
  uint64_t factor = 1;
  for (const auto& [unit, bytes] : units) {
    if (!digits.ends_with(unit)) continue;
    digits.remove_suffix(unit.size());
    factor = bytes;
    break;
  }
  while (digits.ends_with(' ')) digits.remove_suffix(1);
  const auto number = parse_number(digits);
  if (!number || *number > std::numeric_limits<int64_t>::max() / factor) return std::nullopt;
  return *number * factor;
}

}  // namespace

MapReader::MapReader(const YamlNode& node, std::string what, std::vector<std::string> keys,
                     Problems& problems)
    : node_(node), what_(std::move(what)), problems_(problems) {
  if (!node_.is_map()) {
    problems_.error(node_.place, fmt::format("{} must be a map, not {}", what_, node_.describe()),
                    fmt::format("write 'key: value' with any of {}", fmt::join(keys, ", ")));
    return;
  }
  for (size_t i = 0; i < node_.keys.size(); ++i) {
    const auto& [key, place] = node_.keys[i];
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      problems_.error(place, fmt::format("{} has no key '{}'", what_, key),
                      suggest(key, keys, "known keys:"));
    } else if (node_.items[i].kind == YamlNode::Kind::null) {
      problems_.error(place, fmt::format("'{}' has no value", key),
                      "give it one (in quotes if it is meant to be a text), or remove the key");
    }
  }
}

const YamlNode* MapReader::find(std::string_view key) const {
  const YamlNode* value = node_.find(key);
  return value && value->kind != YamlNode::Kind::null ? value : nullptr;
}

const YamlNode* MapReader::require(std::string_view key, std::string_view hint) const {
  if (node_.is_map() && !node_.find(key)) {
    problems_.error(node_.place, fmt::format("{} needs '{}'", what_, key), std::string(hint));
  }
  return find(key);
}

Place MapReader::place_of(std::string_view key) const {
  const YamlNode* value = node_.find(key);
  return value ? value->place : node_.place;
}

std::optional<std::string> MapReader::text(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  if (value->is_scalar()) return value->text;
  wrong_kind(*value, key, "a text");
  return std::nullopt;
}

std::optional<bool> MapReader::boolean(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  if (value->is_scalar() && fold_case(value->text) == "true") return true;
  if (value->is_scalar() && fold_case(value->text) == "false") return false;
  wrong_kind(*value, key, "true or false");
  return std::nullopt;
}

std::optional<uint64_t> MapReader::number(std::string_view key, uint64_t min, uint64_t max) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  const auto number = value->is_scalar() ? parse_number(value->text) : std::nullopt;
  if (number && *number >= min && *number <= max) return number;
  wrong_kind(*value, key, fmt::format("a whole number from {} to {}", min, max));
  return std::nullopt;
}

std::optional<uint64_t> MapReader::bytes(std::string_view key, uint64_t min) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  const auto number = value->is_scalar() ? parse_bytes(value->text) : std::nullopt;
  if (number && *number >= min) return number;
  wrong_kind(*value, key, fmt::format("a number of bytes, at least {}, such as 67108864, 64MiB or 1GB", min));
  return std::nullopt;
}

std::optional<size_t> MapReader::choice(std::string_view key, const std::vector<std::string>& words) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  for (size_t i = 0; value->is_scalar() && i < words.size(); ++i) {
    if (value->text == words[i]) return i;
  }
  problems_.error(value->place, fmt::format("'{}' cannot be {}", key, value->describe()),
                  suggest(value->text, words, words.size() == 1 ? "it can be" : "it can be one of"));
  return std::nullopt;
}

std::vector<Located> MapReader::texts(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value) return {};
  if (value->is_scalar()) return {{value->text, value->place, value->secrets}};
  if (value->is_map()) {
    wrong_kind(*value, key, "a text or a list of texts");
    return {};
  }
  std::vector<Located> all;
  for (const YamlNode& item : value->items) {
    if (item.is_scalar()) {
      all.push_back({item.text, item.place, item.secrets});
    } else {
      wrong_kind(item, key, "a text or a list of texts");
    }
  }
  return all;
}

std::vector<const YamlNode*> MapReader::list(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value) return {};
  std::vector<const YamlNode*> all;
  if (value->kind != YamlNode::Kind::sequence) {
    wrong_kind(*value, key, "a list");
    return {};
  }
  for (const YamlNode& item : value->items) all.push_back(&item);
  return all;
}

std::optional<std::string> MapReader::schedule() const {
  const auto schedule = text("schedule");
  if (!schedule) return std::nullopt;
  std::istringstream words(*schedule);
  std::string word;
  int fields = 0;
  bool is_cron = true;
  for (; words >> word; ++fields) {
    is_cron &= word.find_first_not_of("0123456789*/,-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
               std::string::npos;
  }
  if (is_cron && fields == 5) return schedule;
  problems_.error(place_of("schedule"), fmt::format("'{}' is not a schedule", *schedule),
                  "write five cron fields in UTC: minute, hour, day, month, weekday, as in '0 3 * * *'");
  return std::nullopt;
}

void MapReader::wrong_kind(const YamlNode& value, std::string_view key, std::string_view wanted) const {
  problems_.error(value.place, fmt::format("'{}' must be {}, not {}", key, wanted, value.describe()),
                  fmt::format("correct the value of '{}'", key));
}

const YamlNode* root_map(const YamlNode& root, std::string_view what, Problems& problems) {
  if (root.kind != YamlNode::Kind::null) return &root;
  problems.error({root.place.file, 1, 1}, fmt::format("the file is empty, so {} is missing", what),
                 "write it, or delete the file");
  return nullptr;
}

}  // namespace anabranch::project
