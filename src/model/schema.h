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
  std::vector<std::string> was = {};  // names that it had: events may still bring it under them
  std::string stored_as = {};         // its column in files of events, where that is not its name
  int64_t found_at_us = 0;            // when an event brought it; 0: somebody declared it

  /// In the stream's Parquet files, and for ever: a new name changes no file.
  const std::string& stored_name() const { return stored_as.empty() ? name : stored_as; }
  bool is_declared() const { return found_at_us == 0; }
  bool operator==(const Field&) const = default;
};

/// What to do with a field of an event that the stream does not declare.
enum class OnDrift { evolve, freeze, quarantine };

/// How far events may widen a stream (evolve).
struct DriftLimits {
  uint32_t fields_max = 500;  // the stream has no more fields by it, the declared ones among them
  uint32_t per_hour = 200;    // fields that events add within an hour
  bool operator==(const DriftLimits&) const = default;
};

/// Immutable; versions count from 1 in each stream.
struct Schema {
  uint32_t version = 0;
  std::vector<Field> fields;
  OnDrift on_drift = OnDrift::evolve;
  DriftLimits drift = {};
  std::vector<Field> dropped = {};  // no longer fields; what events brought stays in the log and the archive

  /// Case-sensitive, as names are in events.
  std::optional<size_t> find(std::string_view name) const;
  /// The field with this column in files of events. Whoever looks for a field of one version in events of
  /// another goes by it: names may have changed.
  std::optional<size_t> find_stored(std::string_view stored_name) const;
  /// Whether a field of that name was dropped and is none now.
  bool is_dropped(std::string_view name) const;
  /// Appends a field; where its name is that of another's column in files, it gets another column.
  void add(Field field);
  /// Every field that ever was, named as its column in files of events: how those are written.
  Schema as_stored() const;

  /// A JSON text that from_json understands, whatever later versions of the program add.
  std::string to_json() const;
  /// The same; where fields were added to the version before and nothing else was changed, only those.
  std::string to_json_after(const Schema& before) const;
  /// `before` is the version before, for texts of to_json_after.
  static Result<Schema> from_json(std::string_view json, const Schema* before = nullptr);
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
