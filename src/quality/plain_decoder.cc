#include "quality/plain_decoder.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "quality/plain_json.h"
#include "quality/plain_value.h"

namespace anabranch::quality {
namespace {

using sql::Value;
using Fields = std::vector<Value>;

// By the field's name, or by one that it had before.
const PlainJson* member_of(const PlainJson& object, const model::Field& field) {
  if (const PlainJson* member = object.member(field.name)) return member;
  for (const std::string& name : field.was) {
    if (const PlainJson* member = object.member(name)) return member;
  }
  return nullptr;
}

std::optional<Fields> from_object(const model::Schema& schema, const PlainJson& object) {
  Fields fields;
  for (const model::Field& field : schema.fields) {
    const PlainJson* member = member_of(object, field);
    auto value = member ? plain_value(field.type, *member) : Value{};
    if (!value) return std::nullopt;
    fields.push_back(std::move(*value));
  }
  return fields;
}

// `data` is the event; a field that it does not name is filled from the attribute of its name.
std::optional<Fields> from_cloudevent(const model::Schema& schema, const PlainJson& envelope) {
  static const PlainJson no_data{PlainJson::Kind::object, {}, {}, {}, {}};
  const PlainJson* data = envelope.member("data");
  auto fields = from_object(schema, data ? *data : no_data);
  for (size_t i = 0; fields && i < schema.fields.size(); ++i) {
    const model::Field& field = schema.fields[i];
    const PlainJson* attribute = member_of(envelope, field);
    if ((data && member_of(*data, field)) || !attribute || attribute == data) continue;
    auto value = plain_value(schema.fields[i].type, *attribute);
    if (!value) return std::nullopt;
    (*fields)[i] = std::move(*value);
  }
  return fields;
}

struct CsvField {
  std::string text;
  bool is_quoted = false;
};

// RFC 4180, one record.
std::optional<std::vector<CsvField>> split_csv(std::string_view record) {
  std::vector<CsvField> fields(1);
  bool is_inside = false;
  for (size_t i = 0; i < record.size(); ++i) {
    const char c = record[i];
    CsvField& field = fields.back();
    if (is_inside) {
      if (c != '"') {
        field.text += c;
      } else if (i + 1 < record.size() && record[i + 1] == '"') {
        field.text += '"';
        ++i;
      } else {
        is_inside = false;
      }
    } else if (c == '"' && field.text.empty() && !field.is_quoted) {
      field.is_quoted = is_inside = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '"' || field.is_quoted) {
      return std::nullopt;
    } else {
      field.text += c;
    }
  }
  if (is_inside) return std::nullopt;
  return fields;
}

std::optional<Fields> from_csv(const model::Schema& schema, std::string_view header,
                               std::string_view record) {
  const auto names = split_csv(header);
  const auto texts = split_csv(record);
  if (!names || !texts || names->size() != texts->size()) return std::nullopt;
  Fields fields(schema.fields.size());
  for (size_t i = 0; i < names->size(); ++i) {
    const std::string& name = (*names)[i].text;
    std::optional<size_t> field = schema.find(name);
    for (size_t at = 0; !field && at < schema.fields.size(); ++at) {
      const auto& was = schema.fields[at].was;
      if (std::find(was.begin(), was.end(), name) != was.end()) field = at;
    }
    const CsvField& given = (*texts)[i];
    if (!field || (given.text.empty() && !given.is_quoted)) continue;
    auto value = plain_text_value(schema.fields[*field].type, given.text);
    if (!value) return std::nullopt;
    fields[*field] = std::move(*value);
  }
  return fields;
}

std::optional<Fields> decode_record(const LogRecords& batch, const model::Schema& schema, size_t record) {
  if (batch.encoding == log::Encoding::csv) return from_csv(schema, batch.records[0], batch.records[record]);
  const auto json = read_plain_json(batch.records[record]);
  if (!json || json->kind != PlainJson::Kind::object) return std::nullopt;
  return batch.encoding == log::Encoding::cloudevents ? from_cloudevent(schema, *json)
                                                      : from_object(schema, *json);
}

}  // namespace

Result<std::vector<PlainEvent>> decode_plainly(const LogRecords& batch, const model::Schema& schema) {
  if (batch.encoding == log::Encoding::bulk)
    return fail(Code::refused, "the rows of a bulk file are not in the log");
  std::vector<PlainEvent> events;
  const size_t first = batch.encoding == log::Encoding::csv ? 1 : 0;
  for (size_t i = first; i < batch.records.size(); ++i) {
    PlainEvent event;
    event.offset = batch.base_offset + static_cast<model::Offset>(i - first);
    auto fields = decode_record(batch, schema, i);
    if (!fields) {
      return fail(Code::corrupt, fmt::format("the event at offset {} does not fit schema version {}",
                                             event.offset, batch.schema_version));
    }
    event.fields = std::move(*fields);
    event.raw = batch.records[i];
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace anabranch::quality
