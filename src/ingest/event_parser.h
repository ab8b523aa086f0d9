#pragma once
// Bytes from outside become checked events for the log.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/csv_event_reader.h"
#include "ingest/json_event_reader.h"
#include "io/clock.h"
#include "log/batch.h"
#include "model/schema.h"

namespace anabranch::ingest {

enum class BodyFormat {
  ndjson,             // one object a line
  json,               // an array of objects, or one object
  cloudevents,        // one structured CloudEvent
  cloudevents_batch,  // an array of them
  csv,                // RFC 4180; the first record names the columns
  tsv,                // the same with tabs; kept with commas
};

/// By the media type, parameters aside; bad_input names the known ones.
Result<BodyFormat> body_format(std::string_view content_type);

struct ParsedBody {
  log::NewBatch batch;  // accepted events and rejects; both may be none
  /// Fields that events have and the schema lacks (on_drift: evolve). While there are any, `batch` is not to
  /// be stored: the caller keeps a new schema version with them and parses the body again with that. Mostly
  /// once is enough; a record that was refused can fit the type that a later one gave the field, and bring a
  /// field of its own.
  std::vector<model::Field> new_fields;
};

/// An event's text may be this long.
inline constexpr size_t event_bytes_max = 1 << 20;

/// So many records of a body may be no events. Each is kept with a reason, which takes far more memory than a
/// short record does in a body that was packed.
inline constexpr size_t body_rejects_max = 1 << 18;

/// Parses bodies by one schema. One thread at a time; keeps its buffers between bodies.
/// Every record of a body is either in the payload, its text exactly as sent (tabs as commas), or among the
/// rejects with its bytes and a reason; where an array or a quoted field breaks off, the rest of the body is
/// one record.
class EventParser {
 public:
  /// The clock tells how many fields events may add now (drift_room.h); it outlives the parser.
  explicit EventParser(const model::Schema& schema, io::Clock& clock = io::system_clock());
  ~EventParser();

  /// bad_input when no record can be told from another (a JSON body that is neither array nor object, a CSV
  /// header that cannot be read), too_large when there are more than body_rejects_max rejects: nothing is to
  /// be stored then.
  Result<ParsedBody> parse(BodyFormat format, std::string_view body);

 private:
  class Collector;

  void parse_ndjson(std::string_view body, Collector& into);
  Status parse_json(std::string_view body, bool takes_array, Collector& into);
  Status parse_csv(std::string_view body, char delimiter, Collector& into);
  JsonEventReader& json_reader(JsonEventReader::Shape shape);

  const model::Schema schema_;
  io::Clock& clock_;
  std::unique_ptr<JsonEventReader>
      reader_;  // the one for `shape_`, as long as it declares no more than schema_
  JsonEventReader::Shape shape_ = JsonEventReader::Shape::object;
};

}  // namespace anabranch::ingest
