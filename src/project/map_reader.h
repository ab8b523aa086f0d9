#pragma once
// Reads a YAML map whose keys are known, and reports what is unknown, missing or of the wrong kind.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/problem.h"
#include "project/secret_text.h"
#include "project/yaml_node.h"

namespace anabranch::project {

/// A text with the place where it stands.
struct Located {
  std::string text;
  Place place;
  std::vector<SecretName> secrets = {};  // where the key may name secrets

  SecretText secret_text() const { return {text, secrets}; }
};

/// Looks at a node for as long as the node lives. The constructor reports a node that is no map, and unknown
/// keys; each reader method reports a value of the wrong kind and then acts as if the key were missing. A key
/// that is there without a value is reported, too.
class MapReader {
 public:
  /// `what` names the map in messages: "a field".
  MapReader(const YamlNode& node, std::string what, std::vector<std::string> keys, Problems& problems);

  bool is_map() const { return node_.is_map(); }
  /// The value; null when the key is missing or has no value.
  const YamlNode* find(std::string_view key) const;
  /// As find(), and a missing key is reported with what to do.
  const YamlNode* require(std::string_view key, std::string_view hint) const;
  /// Where the value stands; the map itself when it is missing.
  Place place_of(std::string_view key) const;

  std::optional<std::string> text(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<uint64_t> number(std::string_view key, uint64_t min, uint64_t max) const;
  /// A number of bytes, or a number with a unit: 64MiB, 1GB.
  std::optional<uint64_t> bytes(std::string_view key, uint64_t min) const;
  /// One of a few words; its position among them.
  std::optional<size_t> choice(std::string_view key, const std::vector<std::string>& words) const;
  /// A text or a list of texts; empty when missing.
  std::vector<Located> texts(std::string_view key) const;
  /// The items of a list; empty when missing.
  std::vector<const YamlNode*> list(std::string_view key) const;
  /// Cron: five fields.
  std::optional<std::string> schedule() const;

 private:
  void wrong_kind(const YamlNode& value, std::string_view key, std::string_view wanted) const;

  const YamlNode& node_;
  const std::string what_;
  Problems& problems_;
};

/// The root map of a file; reports an empty file and returns null.
const YamlNode* root_map(const YamlNode& root, std::string_view what, Problems& problems);

}  // namespace anabranch::project
