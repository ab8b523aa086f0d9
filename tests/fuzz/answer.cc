#include "tests/fuzz/answer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace anabranch::fuzz {
namespace {

using Row = std::vector<std::optional<std::string>>;

bool is_floating(const std::string& type) {
  return type.find("DOUBLE") != std::string::npos || type.find("FLOAT") != std::string::npos;
}

bool is_number_start(std::string_view text, size_t at) {
  const auto is_digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  return is_digit(at) || (text[at] == '-' && (is_digit(at + 1) || text.substr(at + 1).starts_with("inf")));
}

bool near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)) + 1e-9;
}

// Equal but for the last digits of the numbers within.
bool near_text(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_number_start(a, i) && is_number_start(b, j)) {
      double x = 0;
      double y = 0;
      const auto x_end = std::from_chars(a.data() + i, a.data() + a.size(), x).ptr;
      const auto y_end = std::from_chars(b.data() + j, b.data() + b.size(), y).ptr;
      if (!near(x, y)) return false;
      i = static_cast<size_t>(x_end - a.data());
      j = static_cast<size_t>(y_end - b.data());
    } else if (a[i++] != b[j++]) {
      return false;
    }
  }
  return i == a.size() && j == b.size();
}

bool same(const Row& a, const Row& b, const std::vector<bool>& is_near) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].has_value() != b[i].has_value()) return false;
    if (!a[i] || *a[i] == *b[i]) continue;
    if (!is_near[i] || !near_text(*a[i], *b[i])) return false;
  }
  return true;
}

std::string shown(const Row& row) {
  std::string text;
  for (const auto& value : row) text += (text.empty() ? "" : " | ") + value.value_or("NULL");
  return text;
}

std::string columns(const Answer& answer) {
  std::string text;
  for (size_t i = 0; i < answer.names.size(); ++i)
    text += fmt::format("{}{} {}", i ? ", " : "", answer.names[i],
                        i < answer.types.size() ? answer.types[i] : "");
  return text;
}

bool is_overflow(const std::string& error) { return error.find("verflow") != std::string::npos; }

// What stands in a and has no partner in b.
std::vector<Row> unmatched(const std::vector<Row>& a, const std::vector<Row>& b,
                           const std::vector<bool>& is_near) {
  const auto key = [&](const Row& row) {
    std::string text;
    for (size_t i = 0; i < row.size(); ++i) {
      if (!is_near[i]) text += row[i] ? fmt::format("{}:{}|", row[i]->size(), *row[i]) : "N|";
    }
    return text;
  };
  std::map<std::string, std::vector<const Row*>> partners;
  for (const Row& row : b) partners[key(row)].push_back(&row);
  std::vector<Row> left;
  for (const Row& row : a) {
    auto& candidates = partners[key(row)];
    // The exact one first, so that neighbours do not take each other's partner.
    auto found =
        std::find_if(candidates.begin(), candidates.end(), [&](const Row* other) { return *other == row; });
    if (found == candidates.end())
      found = std::find_if(candidates.begin(), candidates.end(),
                           [&](const Row* other) { return same(row, *other, is_near); });
    if (found == candidates.end()) {
      left.push_back(row);
    } else {
      candidates.erase(found);
    }
  }
  return left;
}

}  // namespace

Answer Answer::of(const Result<sql::Rows>& rows) {
  Answer answer;
  if (!rows) {
    answer.error = rows.error().describe();
    return answer;
  }
  for (const auto& column : rows->columns()) {
    answer.names.push_back(column.name);
    answer.types.push_back(column.type);
  }
  for (size_t i = 0; i < rows->row_count(); ++i) {
    Row row;
    for (size_t j = 0; j < answer.names.size(); ++j) row.push_back(rows->text(i, j));
    answer.rows.push_back(std::move(row));
  }
  return answer;
}

std::string difference(const Answer& expected, const Answer& actual, const View& view) {
  const bool is_expected = is_overflow(expected.error);
  if (!expected.error.empty() && !is_expected) return "plain DuckDB: " + expected.error;
  if (is_overflow(actual.error) && (is_expected || view.can_overflow_early)) return "";
  if (!actual.error.empty()) return "got the error " + actual.error;
  if (is_expected && view.is_overflow_below) return "";
  if (is_expected) return "expected the error " + expected.error + "\n  got rows";
  if (expected.names != actual.names || (!actual.types.empty() && expected.types != actual.types))
    return fmt::format("expected the columns {}\n  got {}", columns(expected), columns(actual));
  std::vector<bool> is_near;
  for (const std::string& type : expected.types) is_near.push_back(is_floating(type));
  const auto missing = unmatched(expected.rows, actual.rows, is_near);
  const auto strange = unmatched(actual.rows, expected.rows, is_near);
  if (missing.empty() && strange.empty()) return "";
  std::string text = fmt::format("columns {}\n  {} rows expected, {} got", columns(expected),
                                 expected.rows.size(), actual.rows.size());
  for (size_t i = 0; i < std::min<size_t>(missing.size(), 4); ++i)
    text += "\n  expected: " + shown(missing[i]);
  for (size_t i = 0; i < std::min<size_t>(strange.size(), 4); ++i)
    text += "\n  got:      " + shown(strange[i]);
  return text;
}

}  // namespace anabranch::fuzz
