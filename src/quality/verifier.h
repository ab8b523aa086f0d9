#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "model/offsets.h"
#include "serve/query_service.h"

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
  int64_t rows = 0;
  model::Offsets offsets;  // exclusive: what both sides saw
  int64_t elapsed_us = 0;
  std::string note;  // recorded events left out, a boundary within the tolerance, or why it failed
  std::vector<Difference> differences;  // the first ones
};

std::string_view to_string(Verdict::Outcome outcome);

/// Compares what reads of a view give with its SELECT evaluated from scratch. Any thread may call.
class Verifier {
 public:
  Verifier(serve::QueryService& queries, io::Clock& clock) : queries_(queries), clock_(clock) {}

  /// not_found for a view that there is not. A view whose evaluation raises on both sides alike is equal,
  /// with a note.
  Result<Verdict> verify(const std::string& view);

 private:
  serve::QueryService& queries_;
  io::Clock& clock_;
};

}  // namespace anabranch::quality
