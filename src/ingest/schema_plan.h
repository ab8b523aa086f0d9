#pragma once
// What becomes of a stream's schema when its file says something else than before: the next version, or why
// there can be none.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/schema.h"

namespace anabranch::ingest {

struct FieldChange {
  enum class Kind {
    added,
    restored,  // was dropped, and is declared again
    renamed,
    widened,
    dropped,
    no_longer_required,
    required,   // events without it go to quarantine from now on
    described,  // its description, or the names under which events may still bring it
    incompatible,
  };
  Kind kind = Kind::added;
  std::string field;                  // by its new name, where it has one
  std::string detail;                 // "was page", "INTEGER to BIGINT"; why it is incompatible
  std::string hint;                   // of what is incompatible: what to do
  std::optional<size_t> declared_at;  // its place among the declared fields

  /// "url is renamed (was page)".
  std::string describe() const;
};

/// Immutable. With is_new == false the declaration says what holds already.
struct SchemaPlan {
  model::Schema next;  // the version to add; not to be used when something is incompatible
  bool is_new = false;
  std::vector<FieldChange> changes;

  bool is_compatible() const;
  /// bad_input that names each incompatible field, why it is, and what to do.
  Status check(std::string_view stream) const;
};

/// Pure. `latest` is null before the first version. A compatible change keeps every event readable: fields
/// are added, renamed (was), widened, dropped, required or no longer, all else by name. A field that events
/// brought and no file declares stays.
SchemaPlan plan_schema(const model::Schema* latest, const model::Schema& declared);

/// Whether SELECTs that may be written for the later version can be answered by the earlier one: no field
/// went or changed its name or type in between. Fields that came do not count.
bool reads_alike(const model::Schema& pinned, const model::Schema& latest);

}  // namespace anabranch::ingest
