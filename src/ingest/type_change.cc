#include "ingest/type_change.h"

#include <array>
#include <memory>

#include <fmt/format.h>

#include "ingest/iso_time.h"
#include "ingest/value_parser.h"
#include "sql/text_function.h"

namespace anabranch::ingest {
namespace {

using Kind = model::Type::Kind;

// Types that texts are read as, by the engine's names.
constexpr std::array types_of_text = {"DATE", "TIME",     "TIMESTAMP", "TIMESTAMP WITH TIME ZONE",
                                      "UUID", "INTERVAL", "JSON"};

std::string function_of(std::string_view type) {
  std::string name = "text_as_";
  for (const char c : type) name += c == ' ' ? '_' : static_cast<char>(c | 0x20);
  return name;
}

constexpr std::string_view quoting_function = "json_with_quoted_words";

bool is_type_of_text(const std::string& type) {
  for (const char* each : types_of_text) {
    if (type == each) return true;
  }
  return false;
}

// Reads a text by the parser of events and writes it as the engine's cast reads it.
class TextReader {
 public:
  explicit TextReader(const model::Type& type) : parser_(type) {}

  bool operator()(std::string_view text, std::string& out) const {
    thread_local JsonText json;
    std::deque<std::string> chunks;
    TextArena arena(chunks);
    model::Column column;
    column.valid.resize(1);
    column.fixed.resize(parser_.type().layout_bytes());
    if (column.fixed.empty()) column.texts.resize(1);
    std::string problem;
    if (!parser_.parse_text(text, true, json, Cell{&column, 0, &arena}, problem)) return false;
    switch (parser_.type().kind) {
      case Kind::date:
        append_date(out, column.at<int32_t>(0));
        break;
      case Kind::time:
        append_time(out, column.at<int64_t>(0));
        break;
      case Kind::timestamp:
      case Kind::timestamptz:
        append_timestamp(out, column.at<int64_t>(0));
        break;
      default:
        out += column.texts[0];
    }
    return true;
  }

 private:
  ValueParser parser_;
};

// JSON of the engine's has words for what is no number; JSON has none.
bool quote_words(std::string_view json, std::string& out) {
  constexpr std::array<std::string_view, 3> words = {"NaN", "Infinity", "-Infinity"};
  bool is_in_text = false;
  for (size_t at = 0; at < json.size();) {
    size_t taken = 1;
    bool is_word = false;
    if (is_in_text) {
      taken = json[at] == '\\' ? 2 : 1;
    } else {
      for (const std::string_view word : words) {
        if (!json.substr(at).starts_with(word)) continue;
        taken = word.size();
        is_word = true;
      }
    }
    if (json[at] == '"') is_in_text = !is_in_text;
    if (is_word) out += '"';
    out += json.substr(at, taken);
    if (is_word) out += '"';
    at += taken;
  }
  return true;
}

bool is_integer(const std::string& type) { return type.ends_with("INT") || type.ends_with("INTEGER"); }
bool is_floating(const std::string& type) { return type == "FLOAT" || type == "DOUBLE"; }
bool has_floats(const std::string& type) {
  return type.find("FLOAT") != std::string::npos || type.find("DOUBLE") != std::string::npos;
}
bool is_time_point(const std::string& type) { return type.starts_with("TIMESTAMP") || type == "DATE"; }
bool is_nested(const std::string& type) {
  return type.ends_with("]") || type.starts_with("STRUCT") || type.starts_with("MAP");
}

}  // namespace

Status prepare_type_changes(sql::Session& session) {
  for (const char* type : types_of_text)
    TRY(sql::register_text_function(session, function_of(type), TextReader(TRY(model::Type::parse(type)))));
  return sql::register_text_function(session, std::string(quoting_function), quote_words);
}

std::string json_text(const std::string& value) {
  return fmt::format("{}({}::VARCHAR)", quoting_function, value);
}

bool is_number_type(const std::string& type) {
  return is_integer(type) || is_floating(type) || type.starts_with("DECIMAL");
}

bool may_change(const std::string& from, const std::string& to) {
  if (from == to || from == null_type || (is_number_type(from) && is_number_type(to))) return true;
  if (is_time_point(from) && is_time_point(to)) return true;
  if (from == "VARCHAR") return is_type_of_text(to);
  if (from == "BLOB" || from == "JSON")
    return to == "VARCHAR";  // text that another program marked as it does
  if (from.starts_with("TIME") && to == "TIME") return true;
  return to == "JSON" || is_nested(from);
}

std::string changed(const std::string& column, const std::string& from, const std::string& to) {
  if (from == to) return column;
  if (from == "VARCHAR") {
    const std::string read = fmt::format("TRY_CAST({}({}) AS {})", function_of(to), column, to);
    if (to != "INTERVAL") return read;
    // Files of the lake hold intervals as the engine writes them.
    return fmt::format(
        "coalesce({0}, CASE WHEN TRY_CAST({1} AS INTERVAL)::VARCHAR = {1} THEN TRY_CAST({1} AS INTERVAL) "
        "END)",
        read, column);
  }
  if (from == "BLOB" && to == "VARCHAR") return fmt::format("TRY(decode({}))", column);
  const std::string cast = fmt::format("TRY_CAST({} AS {})", column, to);
  return to == "JSON" && has_floats(from) ? fmt::format("{}::JSON", json_text(cast)) : cast;
}

std::string misfit(const std::string& column, const std::string& from, const std::string& to,
                   bool may_round) {
  if (from == to || from == null_type) return "false";
  const std::string there = changed(column, from, to);
  const bool is_rounded = may_round && is_floating(to) && !is_integer(from) && is_number_type(from);
  if (is_rounded || from == "VARCHAR" || from == "BLOB")
    return fmt::format("({} IS NOT NULL AND {} IS NULL)", column, there);
  return fmt::format("({0} IS NOT NULL AND ({1} IS NULL OR TRY_CAST({1} AS {2}) IS DISTINCT FROM {0}))",
                     column, there, from);
}

}  // namespace anabranch::ingest
