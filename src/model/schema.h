#pragma once
// What the events of a stream look like. Versions of a schema are kept for ever: the one in force at an
// event's offset decodes it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/type.h"

namespace anabranch::model {

struct Field {
  std::string name;
  Type type;
  bool required = false;
  std::string description;
  bool operator==(const Field&) const = default;
};

/// What to do with a field of an event that the stream does not declare.
enum class OnDrift { evolve, freeze, quarantine };

/// Immutable; versions count from 1 in each stream.
struct Schema {
  uint32_t version = 0;
  std::vector<Field> fields;
  OnDrift on_drift = OnDrift::evolve;

  /// Case-sensitive, as names are in events.
  std::optional<size_t> find(std::string_view name) const;
  /// A JSON text that from_json understands, whatever later versions of the program add.
  std::string to_json() const;
  static Result<Schema> from_json(std::string_view json);
  bool operator==(const Schema&) const = default;
};

using SchemaPtr = std::shared_ptr<const Schema>;

/// The columns that every stream has beside its fields; readable by name, not part of `*`.
inline constexpr std::string_view partition_column = "_partition";      // INTEGER
inline constexpr std::string_view offset_column = "_offset";            // BIGINT
inline constexpr std::string_view ingested_at_column = "_ingested_at";  // TIMESTAMP WITH TIME ZONE
inline constexpr std::string_view raw_column = "_raw";                  // VARCHAR
bool is_system_column(std::string_view name);

/// Columns of ours that nobody sees begin so; a field, a table's column or a view's that does is refused at
/// the door. In any case of letters, as SQL compares names.
inline constexpr std::string_view reserved_prefix = "anabranch:";
bool is_reserved_name(std::string_view name);

std::string_view to_string(OnDrift on_drift);

}  // namespace anabranch::model
