#include "ingest/event_parser.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/mistake.h"
#include "ingest/drift_room.h"
#include "ingest/excerpt.h"
#include "ingest/json_elements.h"
#include "ingest/number.h"

namespace anabranch::ingest {
namespace {

using Kind = model::Type::Kind;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// What the texts of an undeclared CSV column have in common. CSV has no types, so all of the body's texts are
// looked at: the first alone would make a column of codes one of numbers.
class CsvColumnType {
 public:
  void add(std::string_view text, bool is_quoted) {
    if (text.empty() && !is_quoted) return;
    has_text_ = true;
    if (is_boolean_) is_boolean_ = text == "true" || text == "false";
    if (!is_bigint_ && !is_double_) return;
    const std::optional<Number> number = read_number(text);
    __int128 integer = 0;
    double real = 0;
    is_bigint_ = is_bigint_ && number && !number->has_point_or_exponent &&
                 to_scaled(*number, 0, integer) == Fit::exact &&
                 integer >= std::numeric_limits<int64_t>::min() &&
                 integer <= std::numeric_limits<int64_t>::max();
    is_double_ = is_double_ && number && to_double(*number, real);
  }
  std::optional<model::Type> type() const {
    if (!has_text_) return std::nullopt;
    model::Type type;
    type.kind = is_boolean_  ? Kind::boolean
                : is_bigint_ ? Kind::bigint
                : is_double_ ? Kind::double_precision
                             : Kind::varchar;
    return type;
  }

 private:
  bool has_text_ = false;
  bool is_boolean_ = true;
  bool is_bigint_ = true;
  bool is_double_ = true;
};

bool is_blank(std::string_view line) { return std::all_of(line.begin(), line.end(), JsonText::is_space); }

std::string too_long(size_t bytes) {
  return fmt::format("has {} bytes; an event has at most {}", bytes, event_bytes_max);
}

}  // namespace

Result<BodyFormat> body_format(std::string_view content_type) {
  const std::string type = folded(JsonText::trimmed(content_type.substr(0, content_type.find(';'))));
  if (type == "application/json" || type == "text/json") return BodyFormat::json;
  for (const std::string_view name :
       {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}) {
    if (type == name) return BodyFormat::ndjson;
  }
  if (type == "application/cloudevents+json") return BodyFormat::cloudevents;
  if (type == "application/cloudevents-batch+json") return BodyFormat::cloudevents_batch;
  if (type == "text/csv" || type == "application/csv") return BodyFormat::csv;
  if (type == "text/tab-separated-values") return BodyFormat::tsv;
  return fail(Code::bad_input, fmt::format("'{}' is not a media type of events", excerpt(content_type)),
              "send application/json, application/x-ndjson, application/cloudevents+json, "
              "application/cloudevents-batch+json, text/csv or text/tab-separated-values");
}

// Puts together what parse() returns.
class EventParser::Collector {
 public:
  Collector(std::string_view body, uint32_t schema_version, log::Encoding encoding)
      : body_end_(body.data() + body.size()) {
    parsed.batch.schema_version = schema_version;
    parsed.batch.encoding = encoding;
  }

  // How many bytes of the body follow a part of it.
  size_t bytes_after(std::string_view part) const {
    return static_cast<size_t>(body_end_ - (part.data() + part.size()));
  }

  void accept(std::string_view record) {
    log::put_record(parsed.batch.payload, record);
    ++parsed.batch.count;
  }

  bool is_full() const { return parsed.batch.rejects.size() > body_rejects_max; }

  void reject(std::string_view where, std::string_view record, std::string_view problem) {
    parsed.batch.rejects.push_back({fmt::format("{}: {}", where, problem), std::string(record)});
  }

  void take(JsonEventReader& reader, std::string_view where, size_t number, std::string_view record) {
    bool is_event = false;
    if (record.size() > event_bytes_max) {
      problem_ = too_long(record.size());
    } else {
      is_event = reader.read(record, bytes_after(record), Row{}, problem_);
      if (reader.is_wrapper(record, bytes_after(record), problem_)) is_event = false;
    }
    if (is_event) {
      if (!reader.found().empty()) {
        parsed.new_fields.insert(parsed.new_fields.end(), reader.found().begin(), reader.found().end());
        // The events that follow are held to the type that this one gave the field.
        reader.declare(std::vector<model::Field>(reader.found()));
      }
      return accept(record);
    }
    reject(fmt::format("{} {}", where, number), record, problem_);
  }

  ParsedBody parsed;

 private:
  const char* const body_end_;
  std::string problem_;
};

EventParser::EventParser(const model::Schema& schema, io::Clock& clock) : schema_(schema), clock_(clock) {}
EventParser::~EventParser() = default;

JsonEventReader& EventParser::json_reader(JsonEventReader::Shape shape) {
  if (reader_ == nullptr || shape != shape_ || reader_->schema().fields.size() != schema_.fields.size()) {
    reader_ = std::make_unique<JsonEventReader>(schema_, shape);
    shape_ = shape;
  }
  if (schema_.on_drift == model::OnDrift::evolve) reader_->set_room(drift_room(schema_, clock_.now_us()));
  return *reader_;
}

Result<ParsedBody> EventParser::parse(BodyFormat format, std::string_view body) {
  if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
  const bool is_cloudevent = format == BodyFormat::cloudevents || format == BodyFormat::cloudevents_batch;
  const bool is_csv = format == BodyFormat::csv || format == BodyFormat::tsv;
  Collector collector(body, schema_.version,
                      is_csv          ? log::Encoding::csv
                      : is_cloudevent ? log::Encoding::cloudevents
                                      : log::Encoding::json);
  switch (format) {
    case BodyFormat::ndjson:
      parse_ndjson(body, collector);
      break;
    case BodyFormat::json:
    case BodyFormat::cloudevents_batch:
      TRY(parse_json(body, true, collector));
      break;
    case BodyFormat::cloudevents:
      TRY(parse_json(body, false, collector));
      break;
    case BodyFormat::csv:
      TRY(parse_csv(body, ',', collector));
      break;
    case BodyFormat::tsv:
      TRY(parse_csv(body, '\t', collector));
      break;
  }
  if (collector.is_full()) {
    return fail(
        Code::too_large,
        fmt::format("more than {} records of the body are no events; nothing of it was kept. The first, {}",
                    body_rejects_max, collector.parsed.batch.rejects.front().reason),
        "look whether the Content-Type is right, or send fewer at once");
  }
  return std::move(collector.parsed);
}

void EventParser::parse_ndjson(std::string_view body, Collector& into) {
  JsonEventReader& reader = json_reader(JsonEventReader::Shape::object);
  into.parsed.batch.payload.reserve(body.size() + body.size() / 32);  // record lengths
  size_t number = 0;
  while (!body.empty() && !into.is_full()) {
    ++number;
    const size_t end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (end == std::string_view::npos && is_planted("the last line of NDJSON is lost")) break;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_blank(line)) into.take(reader, "line", number, line);
  }
}

Status EventParser::parse_json(std::string_view body, bool takes_array, Collector& into) {
  const bool is_cloudevent = into.parsed.batch.encoding == log::Encoding::cloudevents;
  JsonEventReader& reader =
      json_reader(is_cloudevent ? JsonEventReader::Shape::cloudevent : JsonEventReader::Shape::object);
  JsonElements elements(body);
  if (elements.first() != '{' && (elements.first() != '[' || !takes_array)) {
    return fail(Code::bad_input,
                fmt::format("the body is {}, no {}: {}", elements.first() == 0 ? "empty" : "something else",
                            takes_array ? "JSON array or object" : "JSON object", excerpt(body)),
                takes_array ? "send one JSON object or an array of them; NDJSON goes as application/x-ndjson"
                            : "send one CloudEvent; several go as application/cloudevents-batch+json");
  }
  const bool is_array = elements.first() == '[';
  JsonElements::Element element;
  for (size_t number = 1; !into.is_full() && elements.next(element); ++number) {
    switch (element.kind) {
      case JsonElements::Element::Kind::whole:
        if (element.text.empty()) {
          into.reject(fmt::format("element {}", number), element.text,
                      "nothing stands here; is a comma too many?");
        } else {
          into.take(reader, is_array ? "element" : "object", number, element.text);
        }
        break;
      case JsonElements::Element::Kind::broken:
        if (number == 1 && element.text.empty()) {
          return fail(Code::bad_input, "the body breaks off before its first event",
                      "send the whole body again");
        }
        into.reject(fmt::format("{} {}", is_array ? "element" : "object", number), element.text,
                    "the body breaks off here; what is left of it is this record");
        break;
      case JsonElements::Element::Kind::beyond:
        into.reject(
            is_array ? "after the array" : "after the object", element.text,
            "nothing may follow; several events go into an array, or one a line as application/x-ndjson");
        break;
    }
  }
  return {};
}

Status EventParser::parse_csv(std::string_view body, char delimiter, Collector& into) {
  CsvEventReader reader(schema_, delimiter);
  CsvRecords records(body, delimiter);
  std::string_view header;
  if (!records.next(header)) {
    return fail(Code::bad_input, "the body is empty", "the first line of CSV names the columns");
  }
  TRY(reader.read_header(header));
  const std::string kept_header = delimiter == ',' ? std::string(header) : reader.with_commas();
  // In a file of one column a blank line is an event with a null; elsewhere it is nothing.
  std::string problem;
  size_t columns = reader.fields().size();
  const auto is_event = [&](std::string_view record) { return columns == 1 || !record.empty(); };

  struct Beyond {
    size_t column = 0;
    std::string problem;
  };
  std::vector<Beyond> beyond;  // columns for which there is no room
  std::vector<CsvEventReader::Undeclared> candidates;
  std::vector<model::Field> candidate_fields;
  if (schema_.on_drift == model::OnDrift::evolve && !reader.undeclared().empty()) {
    std::vector<CsvColumnType> types(reader.undeclared().size());
    CsvRecords ahead = records;
    for (std::string_view record; ahead.next(record);) {
      if (!is_event(record) || !simdjson::validate_utf8(record) || !reader.split(record, problem)) continue;
      for (size_t i = 0; i < types.size(); ++i) {
        const CsvField& field = reader.fields()[reader.undeclared()[i].column];
        types[i].add(field.text, field.is_quoted);
      }
    }
    const DriftRoom room = drift_room(schema_, clock_.now_us());
    for (size_t i = 0; i < types.size(); ++i) {
      const std::optional<model::Type> type = types[i].type();
      if (!type || schema_.is_dropped(reader.undeclared()[i].name)) continue;
      if (candidates.size() == room.fields) {
        beyond.push_back({reader.undeclared()[i].column, room.problem(reader.undeclared()[i].name)});
        continue;
      }
      if (const std::string why = column_objection(reader.undeclared()[i].name); !why.empty()) {
        return fail(Code::bad_input, fmt::format("header: {}", why),
                    "the first line of CSV names the columns, each once, as the stream's fields are named");
      }
      candidates.push_back(reader.undeclared()[i]);
      candidate_fields.push_back({candidates.back().name, *type, false, {}});
    }
    reader.declare(candidate_fields);
    TRY(reader.read_header(header));
  }

  std::vector<uint8_t> is_used(candidates.size());
  for (std::string_view record; !into.is_full() && records.next(record);) {
    if (!is_event(record)) continue;
    if (record.size() > event_bytes_max) {
      problem = too_long(record.size());
    } else if (reader.read(record, Row{}, problem)) {
      const auto misplaced = std::find_if(beyond.begin(), beyond.end(), [&](const Beyond& each) {
        const CsvField& field = reader.fields()[each.column];
        return !field.text.empty() || field.is_quoted;
      });
      if (misplaced != beyond.end()) {
        into.reject(fmt::format("line {}", records.line()), record, misplaced->problem);
        continue;
      }
      for (size_t i = 0; i < candidates.size(); ++i) {
        const CsvField& field = reader.fields()[candidates[i].column];
        is_used[i] |= !field.text.empty() || field.is_quoted;
      }
      if (into.parsed.batch.count == 0) log::put_record(into.parsed.batch.payload, kept_header);
      into.accept(delimiter == ',' ? record : std::string_view(reader.with_commas()));
      continue;
    }
    into.reject(fmt::format("line {}", records.line()), record, problem);
  }
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (is_used[i]) into.parsed.new_fields.push_back(candidate_fields[i]);
  }
  return {};
}

}  // namespace anabranch::ingest
