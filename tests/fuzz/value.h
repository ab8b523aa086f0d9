#pragma once
// Values as the generator knows them, before anybody has decoded anything: the only source of what goes into
// the platform (JSON, CSV, files) and into the oracle (SQL literals).

#include <string>
#include <vector>

#include "model/type.h"
#include "tests/fuzz/random.h"

namespace anabranch::fuzz {

struct Value {
  bool is_null = true;
  std::string text;          // of a scalar: digits, bytes, ISO 8601 with a space; "inf" and "nan" too
  std::vector<Value> items;  // of a list; of a struct one a field; of a map key, value, key, value, …

  static Value of(std::string text) { return {false, std::move(text), {}}; }
  bool operator==(const Value&) const = default;
};

/// How wild values may be.
struct ValueStyle {
  bool has_long_nested_texts = false;
  bool has_wide_numbers = false;  // near the ends of their type: not to be added up
};

/// Never NULL at the top.
Value random_value(Random& random, const model::Type& type, const ValueStyle& style, int depth = 0);

/// False for infinities and NaN, which JSON has no numbers for, also within.
bool has_json(const model::Type& type, const Value& value);
std::string to_json(const model::Type& type, const Value& value);
/// A CSV field; NULL is empty.
std::string to_csv(const model::Type& type, const Value& value);
/// A literal with its type.
std::string to_sql(const model::Type& type, const Value& value);

std::string json_text(std::string_view text);

}  // namespace anabranch::fuzz
