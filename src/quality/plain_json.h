#pragma once
// JSON as a tree, read the plain way: one character after the other, everything copied. Verify's own reader,
// which shares nothing with the one that events come in through.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anabranch::quality {

struct PlainJson {
  enum class Kind { null, boolean, number, string, list, object };
  Kind kind = Kind::null;
  std::string source;  // as it is written, without the space around it
  std::string text;    // of a string, without its escapes
  std::vector<PlainJson> elements;
  std::vector<std::pair<std::string, PlainJson>> members;  // in the order in which they are written

  /// The first member of this name; null when there is none.
  const PlainJson* member(std::string_view name) const;
  /// Without space between tokens.
  std::string compact() const;
};

/// Nothing when the text is not one JSON value.
std::optional<PlainJson> read_plain_json(std::string_view text);

}  // namespace anabranch::quality
