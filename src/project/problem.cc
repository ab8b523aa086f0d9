#include "project/problem.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "project/source_text.h"

namespace anabranch::project {
namespace {

constexpr size_t excerpt_characters_max = 110;

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

// What a terminal can show: control characters and bytes that are not UTF-8 become '?', tabs stay.
std::string printable(std::string_view line) {
  std::string shown;
  while (!line.empty()) {
    const size_t length = utf8_character_bytes(line);
    const bool is_control = static_cast<unsigned char>(line[0]) < 0x20 || line[0] == 0x7f;
    if (length == 0 || (is_control && line[0] != '\t')) {
      shown += '?';
      line.remove_prefix(1);
    } else {
      shown += line.substr(0, length);
      line.remove_prefix(length);
    }
  }
  return shown;
}

std::vector<std::string_view> characters(std::string_view line) {
  std::vector<std::string_view> all;
  for (size_t begin = 0; begin < line.size();) {
    size_t end = begin + 1;
    while (end < line.size() && !starts_character(line[end])) ++end;
    all.push_back(line.substr(begin, end - begin));
    begin = end;
  }
  return all;
}

std::string counted(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::string Problem::describe_line() const {
  std::string text;
  if (!place.file.empty()) {
    text = place.file;
    if (place.line > 0) text += fmt::format(":{}", place.line);
    if (place.line > 0 && place.column > 0) text += fmt::format(":{}", place.column);
    text += ": ";
  }
  text += fmt::format("{}: {}", to_string(severity), message);
  if (!hint.empty()) text += fmt::format(" ({})", hint);
  return text;
}

std::string Problem::describe() const {
  std::string text = describe_line();
  if (excerpt.empty()) return text;
  const std::vector<std::string_view> all = characters(excerpt);
  const size_t caret = place.column > 0 ? static_cast<size_t>(place.column) - 1 : 0;
  const size_t half = excerpt_characters_max / 2;
  size_t begin = 0;
  if (all.size() > excerpt_characters_max && caret > half) {
    begin = std::min(caret - half, all.size() - excerpt_characters_max);
  }
  const size_t end = std::min(all.size(), begin + excerpt_characters_max);
  const std::string number = fmt::format("{:>5} | ", place.line);
  std::string shown = begin > 0 ? "…" : "";
  std::string under = begin > 0 ? " " : "";
  for (size_t i = begin; i < end; ++i) {
    shown += all[i];
    if (i < caret) under += all[i] == "\t" ? "\t" : " ";
  }
  if (end < all.size()) shown += "…";
  text += fmt::format("\n{}{}", number, shown);
  if (place.column > 0 && caret >= begin && caret <= end) {
    text += fmt::format("\n{:>5} | {}^", "", under);
  }
  return text;
}

void Problems::error(Place place, std::string message, std::string hint) {
  found_.push_back({Severity::error, std::move(place), std::move(message), std::move(hint), ""});
}

void Problems::warning(Place place, std::string message, std::string hint) {
  found_.push_back({Severity::warning, std::move(place), std::move(message), std::move(hint), ""});
}

void Problems::error(const Error& error, const Place& place) {
  this->error(error.place && error.place->line > 0 ? *error.place : place, error.message, error.hint);
}

std::vector<Problem> Problems::take_sorted() {
  const auto order = [](const Problem& problem) {
    return std::tie(problem.place.file, problem.place.line, problem.place.column);
  };
  std::stable_sort(found_.begin(), found_.end(),
                   [&](const Problem& a, const Problem& b) { return order(a) < order(b); });
  const auto is_same = [&](const Problem& a, const Problem& b) {
    return order(a) == order(b) && a.message == b.message;
  };
  found_.erase(std::unique(found_.begin(), found_.end(), is_same), found_.end());
  return std::exchange(found_, {});
}

void add_excerpts(std::vector<Problem>& problems, io::FileSystem& files, const io::Path& root) {
  std::map<std::string, std::string> texts;
  for (Problem& problem : problems) {
    if (!problem.excerpt.empty() || problem.place.line <= 0 || problem.place.file.empty()) continue;
    auto known = texts.find(problem.place.file);
    if (known == texts.end()) {
      auto text = files.read_file(root / problem.place.file);
      known = texts.emplace(problem.place.file, without_byte_order_mark(text ? *text : "")).first;
    }
    problem.excerpt = printable(line_of(known->second, problem.place.line));
  }
}

std::string describe(const std::vector<Problem>& problems) {
  if (problems.empty()) return "";
  std::string text;
  size_t errors = 0;
  for (const Problem& problem : problems) {
    text += problem.describe() + "\n";
    if (problem.severity == Severity::error) ++errors;
  }
  const size_t warnings = problems.size() - errors;
  text += errors > 0 ? counted(errors, "error") : "";
  text += errors > 0 && warnings > 0 ? ", " : "";
  text += warnings > 0 ? counted(warnings, "warning") : "";
  return text + "\n";
}

std::string to_json(const std::vector<Problem>& problems) {
  auto list = nlohmann::ordered_json::array();
  for (const Problem& problem : problems) {
    const auto known = [](int number) {
      return number > 0 ? nlohmann::ordered_json(number) : nlohmann::ordered_json(nullptr);
    };
    list.push_back({{"severity", to_string(problem.severity)},
                    {"file", problem.place.file},
                    {"line", known(problem.place.line)},
                    {"column", known(problem.place.column)},
                    {"message", problem.message},
                    {"hint", problem.hint}});
  }
  // Names out of a file that is not UTF-8 may stand in a message.
  return list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
  }
  return "error";
}

}  // namespace anabranch::project
