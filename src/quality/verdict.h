#pragma once
// What verify says of a view.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/offsets.h"

namespace anabranch::quality {

struct Difference {
  std::vector<std::string> columns;
  /// A row as SQL text, a value an entry; nothing where one side has no such row.
  std::optional<std::vector<std::optional<std::string>>> expected;
  std::optional<std::vector<std::optional<std::string>>> actual;
};

struct Verdict {
  enum class Outcome { equal, different, failed };
  std::string view;
  Outcome outcome = Outcome::equal;
  int64_t rows = 0;        // compared, on the side of the read
  model::Offsets offsets;  // exclusive: what both sides saw
  int64_t elapsed_us = 0;
  std::string definition;  // hash of what it is a verdict of: the view, those below it, tables, schemas
  std::string source;      // what the events were read from: "log", "log and archive", …
  std::string sample;      // empty: all rows; else which
  int64_t predicates = 0;  // reads with a condition that were compared too
  std::string note;        // recorded events left out, a boundary within the tolerance, or why it failed
  std::vector<Difference> differences;  // the first ones
};

std::string_view to_string(Verdict::Outcome outcome);

}  // namespace anabranch::quality
