#include "ingest/binary_cloudevent.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/excerpt.h"
#include "ingest/json_elements.h"
#include "ingest/json_text.h"
#include "ingest/number.h"

namespace anabranch::ingest {
namespace {

using Kind = model::Type::Kind;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// CloudEvents' binding to HTTP, 3.1.3.2: quotes of the header field first, then percent-escapes.
std::string text_of(std::string_view value) {
  std::string unquoted;
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    for (size_t i = 1; i + 1 < value.size(); ++i) {
      if (value[i] == '\\' && i + 2 < value.size()) ++i;
      unquoted += value[i];
    }
    value = unquoted;
  }
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    const int high = value[i] == '%' && i + 2 < value.size() ? hex_digit(value[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(value[i + 2]) : -1;
    text += low >= 0 ? static_cast<char>(high * 16 + low) : value[i];
    if (low >= 0) i += 2;
  }
  return text;
}

std::string json_of(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      json += c;
    }
  }
  return json += '"';
}

bool is_token_of(const model::Type& type, std::string_view text) {
  if (type.kind == Kind::boolean) return text == "true" || text == "false";
  const bool is_number = type.kind >= Kind::tinyint && type.kind <= Kind::decimal;
  return is_number && read_number(text).has_value();
}

std::string value_of(std::string_view name, const std::string& text, const model::Schema& schema) {
  for (const std::string_view always_text : {"specversion", "id", "source", "type"}) {
    if (name == always_text) return json_of(text);
  }
  const auto field = std::find_if(schema.fields.begin(), schema.fields.end(), [&](const model::Field& each) {
    return each.name == name || std::find(each.was.begin(), each.was.end(), name) != each.was.end();
  });
  return field != schema.fields.end() && is_token_of(field->type, text) ? text : json_of(text);
}

bool is_json(std::string_view content_type) {
  const std::string type = folded(JsonText::trimmed(content_type.substr(0, content_type.find(';'))));
  return type.empty() || type == "application/json" || type == "text/json" || type.ends_with("+json");
}

}  // namespace

Result<std::string> structured_cloudevent(const EventAttributes& attributes, std::string_view content_type,
                                          std::string_view body, const model::Schema& schema) {
  if (!is_json(content_type)) {
    return fail(Code::bad_input,
                fmt::format("the data of a CloudEvent is '{}', not JSON", excerpt(content_type)),
                "send its data as application/json, or events of another format without ce- fields");
  }
  // Only one whole object: what else stands in the body could pass for attributes.
  JsonElements elements(body);
  JsonElements::Element data;
  JsonElements::Element beyond;
  if (elements.first() != '{' || !elements.next(data) || data.kind != JsonElements::Element::Kind::whole ||
      elements.next(beyond)) {
    return fail(Code::bad_input,
                fmt::format("the body is no single JSON object, but has ce- fields: {}", excerpt(body)),
                "send one event's data; several CloudEvents go as application/cloudevents-batch+json");
  }
  std::string event = "{";
  for (const auto& [name, value] : attributes) {
    const std::string text = text_of(value);
    if (!simdjson::validate_utf8(text))
      return fail(Code::bad_input, fmt::format("the attribute {} is not UTF-8", excerpt(name)),
                  "percent-encode what is not ASCII");
    event += fmt::format("{}:{},", json_of(folded(name)), value_of(folded(name), text, schema));
  }
  if (!content_type.empty()) event += fmt::format("\"datacontenttype\":{},", json_of(content_type));
  event += "\"data\":";
  return event.append(data.text) + "}";
}

}  // namespace anabranch::ingest
