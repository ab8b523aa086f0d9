#pragma once
// Events written as JSON: checks them against a schema, or decodes them into columns.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/cell.h"
#include "ingest/declared_fields.h"
#include "ingest/drift_room.h"
#include "ingest/json_text.h"
#include "model/schema.h"

namespace anabranch::ingest {

/// One event at a time. One thread at a time; keeps its buffers between events.
class JsonEventReader {
 public:
  /// `object`: the event is the JSON object. `cloudevent`: the object is a structured CloudEvent, the event
  /// is its `data`, and a declared field that `data` lacks takes the attribute of that name.
  enum class Shape { object, cloudevent };

  JsonEventReader(const model::Schema& schema, Shape shape);

  /// False with the reason in `problem` when the text is no event of the schema.
  /// With a row that goes somewhere, puts the values there and takes no notice of undeclared fields; fields
  /// that the event lacks are left as they are. `readable_after`: see JsonText::open.
  bool read(std::string_view text, size_t readable_after, const Row& row, std::string& problem);

  /// After read() of the same text: whether it has no field of the stream, but a list of objects that have
  /// some, as answers of an API do: {"results": [{...}, {...}]}. Then `problem` says so, whatever it said.
  bool is_wrapper(std::string_view text, size_t readable_after, std::string& problem);

  /// What the event that was read last would add to the schema (on_drift: evolve), in its order.
  const std::vector<model::Field>& found() const { return found_; }

  /// How many fields events may add from now on; none before it is said.
  void set_room(DriftRoom room) {
    room_ = room;
    fields_before_ = fields_->size();
  }
  /// From now on these are declared too.
  void declare(const std::vector<model::Field>& fields);
  const model::Schema& schema() const { return fields_->schema(); }

 private:
  bool read_members(simdjson::ondemand::object& object, const Row& row, std::string& problem);
  bool begins_with_event(simdjson::ondemand::array& list);
  bool read_cloudevent(simdjson::ondemand::object& object, const Row& row, std::string& problem);
  bool fill_from_attributes(const Row& row, std::string& problem);
  bool take_undeclared(std::string_view name, simdjson::ondemand::value& value, std::string_view token,
                       std::string& problem);
  bool is_seen(size_t field) const { return seen_[field] == event_; }

  struct Attribute {
    std::string_view name;
    std::string_view token;
  };
  const Attribute* attribute(std::string_view name) const;
  const Attribute* attribute_of(const model::Field& field) const;

  const Shape shape_;
  std::unique_ptr<DeclaredFields> fields_;
  JsonText json_;
  std::vector<uint64_t> seen_;  // for each field, the last event that had it
  uint64_t event_ = 0;
  DriftRoom room_;
  size_t fields_before_ = 0;   // when the room was set
  bool has_declared_ = false;  // the event has a declared field
  std::vector<model::Field> found_;
  std::vector<std::string_view> undeclared_;
  std::vector<Attribute> attributes_;
};

}  // namespace anabranch::ingest
