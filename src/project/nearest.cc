#include "project/nearest.h"

#include <algorithm>

#include <fmt/format.h>

#include "project/names.h"

namespace anabranch::project {

size_t edit_distance(std::string_view a, std::string_view b) {
  const std::string x = fold_case(a);
  const std::string y = fold_case(b);
  // Row i holds the distances of the first i letters of x; a swap looks two rows back.
  std::vector<size_t> before_last(y.size() + 1), last(y.size() + 1), row(y.size() + 1);
  for (size_t j = 0; j <= y.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= x.size(); ++i) {
    before_last = std::move(last);
    last = row;
    row[0] = i;
    for (size_t j = 1; j <= y.size(); ++j) {
      const size_t replaced = last[j - 1] + (x[i - 1] == y[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[y.size()];
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t word_bytes_max = 200;  // nobody mistypes a name that long
  if (word.empty() || word.size() > word_bytes_max) return std::nullopt;
  const std::string* best = nullptr;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > word_bytes_max) continue;
    const size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (!best) return std::nullopt;
  return *best;
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates,
                    std::string_view else_say) {
  if (const auto meant = nearest(word, candidates)) return fmt::format("did you mean '{}'?", *meant);
  if (candidates.empty()) return "";
  constexpr size_t listed_max = 12;
  std::string list;
  for (size_t i = 0; i < candidates.size() && i < listed_max; ++i) {
    list += (i ? ", " : "") + candidates[i];
  }
  if (candidates.size() > listed_max) list += ", …";
  return fmt::format("{} {}", else_say, list);
}

}  // namespace anabranch::project
