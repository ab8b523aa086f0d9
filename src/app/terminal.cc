#include "app/terminal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace anabranch::app {

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

bool has_colors(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool is_dumb = term && std::string_view(term) == "dumb";
  return is_terminal(descriptor) && !(no_color && *no_color) && !is_dumb;
}

std::string colored(std::string_view text, Color color) {
  static const bool is_on = has_colors(STDOUT_FILENO);
  const char* code = "";
  switch (color) {
    case Color::none:
      break;
    case Color::bold:
      code = "1";
      break;
    case Color::dim:
      code = "2";
      break;
    case Color::red:
      code = "31";
      break;
    case Color::green:
      code = "32";
      break;
    case Color::yellow:
      code = "33";
      break;
    case Color::blue:
      code = "34";
      break;
  }
  if (!is_on || color == Color::none) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

std::string with_separators(int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return (number < 0 ? "-" : "") + digits;
}

std::string offsets_text(const nlohmann::json& offsets) {
  if (!offsets.is_array() || offsets.empty() || !offsets[0].is_number()) return "–";
  int64_t events = 0;
  for (const auto& offset : offsets) events += offset.get<int64_t>();
  return offsets.size() == 1 ? with_separators(events)
                             : fmt::format("{} in {} partitions", with_separators(events), offsets.size());
}

std::string duration_text(int64_t time_us) {
  if (time_us < 1000) return fmt::format("{} µs", time_us);
  if (time_us < 1'000'000) return fmt::format("{:.1f} ms", static_cast<double>(time_us) / 1e3);
  if (time_us < 120'000'000) return fmt::format("{:.1f} s", static_cast<double>(time_us) / 1e6);
  return fmt::format("{} min {} s", time_us / 60'000'000, time_us / 1'000'000 % 60);
}

std::string bytes_text(uint64_t bytes) {
  static const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(units); ++unit) value /= 1000;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

namespace {

// Columns that a text takes on a terminal: code points, near enough for the tables printed here.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string table_text(const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows,
                       const std::vector<bool>& is_right_aligned) {
  std::vector<size_t> widths;
  for (const std::string& name : header) widths.push_back(width_of(name));
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  }
  const auto line = [&](const std::vector<std::string>& cells, Color color) {
    std::string text;
    for (size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
      const std::string padding(widths[i] - width_of(cells[i]), ' ');
      const bool is_right = i < is_right_aligned.size() && is_right_aligned[i];
      const bool is_last = i + 1 == widths.size();
      text += (i ? "  " : "") + (is_right ? padding + colored(cells[i], color)
                                          : colored(cells[i], color) + (is_last ? "" : padding));
    }
    return text + "\n";
  };
  std::string text = line(header, Color::bold);
  std::vector<std::string> rule;
  for (const size_t width : widths) {
    std::string dashes;
    for (size_t i = 0; i < width; ++i) dashes += "─";
    rule.push_back(dashes);
  }
  text += line(rule, Color::dim);
  for (const auto& row : rows) text += line(row, Color::none);
  return text;
}

void print_error(const Error& error) {
  const bool is_colored = has_colors(STDERR_FILENO);
  Error without_hint = error;
  without_hint.hint.clear();
  fmt::print(stderr, "{}error:{} {}\n", is_colored ? "\033[1;31m" : "", is_colored ? "\033[0m" : "",
             without_hint.describe());
  if (!error.hint.empty()) fmt::print(stderr, "  what to do: {}\n", error.hint);
}

Progress::Progress(std::string title)
    : title_(std::move(title)), is_terminal_(app::is_terminal(STDERR_FILENO)) {}

Progress::~Progress() {
  if (is_line_open_) fmt::print(stderr, "\n");
}

void Progress::show(double share, const std::string& detail) {
  share = std::clamp(share, 0.0, 1.0);
  if (is_terminal_) {
    constexpr int width = 28;
    const int filled = static_cast<int>(share * width);
    std::string bar;
    for (int i = 0; i < width; ++i) bar += i < filled ? "█" : "░";
    fmt::print(stderr, "\r\033[K{}  {} {:3.0f} %  {}", title_, bar, share * 100, detail);
    std::fflush(stderr);
    is_line_open_ = true;
    return;
  }
  const int tenth = static_cast<int>(share * 10);
  if (tenth == last_tenth_) return;
  last_tenth_ = tenth;
  fmt::print(stderr, "{}: {:.0f} % {}\n", title_, share * 100, detail);
}

void Progress::done(const std::string& outcome) {
  if (is_terminal_) {
    fmt::print(stderr, "\r\033[K{}  {}\n", title_, outcome);
  } else {
    fmt::print(stderr, "{}: {}\n", title_, outcome);
  }
  is_line_open_ = false;
}

}  // namespace anabranch::app
