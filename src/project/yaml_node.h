#pragma once
// A YAML file as a tree in which every key and value knows its place. The only folder that sees yaml-cpp is
// this one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "project/problem.h"
#include "project/secret_text.h"
#include "project/source_text.h"

namespace anabranch::project {

struct YamlNode {
  enum class Kind { null, scalar, sequence, map };
  struct Key {
    std::string text;
    Place place;
  };

  Kind kind = Kind::null;
  std::string text;             // scalar
  bool is_plain = false;        // scalar without quotes: true, 5 and 2.5 are no texts then
  std::vector<Key> keys;        // map: one for each item
  std::vector<YamlNode> items;  // sequence, map
  Place place;                  // a value that is left out has the place of its key
  // Secrets that the text names, where a secret may stand: read it as a SecretText there.
  std::vector<SecretName> secrets;

  /// The value of a key; null when the map lacks it or this is no map.
  const YamlNode* find(std::string_view key) const;
  bool is_map() const { return kind == Kind::map; }
  bool is_scalar() const { return kind == Kind::scalar; }
  /// "a map", "a list", "'5'", "nothing": for messages.
  std::string describe() const;
  /// JSON text: plain scalars become numbers and booleans where they are spelt so, all else strings.
  std::string to_json() const;
};

/// Reports syntax errors and keys that stand twice. Nothing when the file cannot be read as one YAML
/// document; an empty file is a null node.
std::optional<YamlNode> parse_yaml(const SourceText& source, Problems& problems);

}  // namespace anabranch::project
