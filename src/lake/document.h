#pragma once
// The JSON files that the lake keeps of itself (manifests, table versions): one object that begins with the
// number of its format and a checksum of the file. See FORMAT.md. Included by src/lake only.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace anabranch::lake {

/// The text of a document: `{"format": 1, "crc32c": "…", …body}`. bad_input when a text in it is not UTF-8.
Result<std::string> seal_document(int format, const nlohmann::ordered_json& body);

/// What seal_document wrote. Errors name the file: corrupt when it is damaged, refused when its format is
/// newer than format_max.
Result<nlohmann::json> open_document(const std::string& file, std::string_view text, int format_max);

/// "00000000000000000007.json": numbered documents sort by name.
std::string document_name(uint64_t number);
/// The number in the last part of a key; nothing when it is no such name.
std::optional<uint64_t> document_number(std::string_view key);

/// Reads the fields of one object. Fields that are not asked for are ignored; one that is missing or of
/// another type is a corrupt error that names the file and the field.
class DocumentReader {
 public:
  /// `object` outlives the reader. `place` is the path in the file, empty for all of it.
  DocumentReader(const nlohmann::json& object, std::string file, std::string place = "")
      : object_(object), file_(std::move(file)), place_(std::move(place)) {}

  Result<std::string> text(const std::string& key) const;
  Result<int64_t> integer(const std::string& key) const;
  Result<const nlohmann::json*> object(const std::string& key) const;
  Result<const nlohmann::json*> array(const std::string& key) const;
  /// Null when it is not there.
  const nlohmann::json* find(const std::string& key) const;

  /// A reader for what lies below, e.g. below("files", 2, element).
  DocumentReader below(const std::string& key, const nlohmann::json& object) const;
  DocumentReader below(const std::string& key, size_t index, const nlohmann::json& object) const;

  std::unexpected<Error> broken(const std::string& key, std::string_view what) const;

 private:
  Result<const nlohmann::json*> get(const std::string& key, bool (*is_right)(const nlohmann::json&),
                                    std::string_view kind) const;

  const nlohmann::json& object_;
  const std::string file_;
  const std::string place_;
};

}  // namespace anabranch::lake
