#include "app/plan_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/terminal.h"

namespace anabranch::app {
namespace {

using nlohmann::json;

constexpr size_t value_width_max = 40;
constexpr size_t markdown_bytes_max = 60'000;  // a comment may have 65,536 letters

char sign_of(const std::string& change) {
  if (change == "added") return '+';
  if (change == "removed") return '-';
  if (change == "recomputed") return '*';
  return '~';
}

std::string colored_sign(const std::string& change) {
  const char sign = sign_of(change);
  return colored(std::string(1, sign), sign == '+'   ? Color::green
                                       : sign == '-' ? Color::red
                                       : sign == '*' ? Color::dim
                                                     : Color::yellow);
}

std::string count_of(int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", with_separators(number), noun, number == 1 ? "" : "s");
}

size_t letters_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

// On one line, with nothing that a terminal would take for a command.
std::string value_text(const json& value) {
  if (value.is_null()) return "NULL";
  std::string shown;
  size_t letters = 0;
  for (const char c : value.get_ref<const std::string&>()) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80 && ++letters > value_width_max) return shown + "…";
    if (c == '\n') {
      shown += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown;
}

// ---- of one view ----

std::string columns_text(const json& view) {
  std::vector<std::string> parts;
  const auto text = [](const json& value) { return value.get<std::string>(); };
  for (const auto& column : view["columns_added"])
    parts.push_back(fmt::format("+ {} {}", text(column["name"]), text(column["type"])));
  for (const auto& column : view["columns_removed"])
    parts.push_back(fmt::format("- {} {}", text(column["name"]), text(column["type"])));
  for (const auto& column : view["columns_retyped"])
    parts.push_back(
        fmt::format("{} {} becomes {}", text(column["name"]), text(column["before"]), text(column["after"])));
  return parts.empty() ? "" : fmt::format("columns: {}", fmt::join(parts, ", "));
}

std::string rows_text(const json& view) {
  if (view["not_compared"].is_string()) return "not compared: " + view["not_compared"].get<std::string>();
  if (view["rows_before"].is_null())
    return fmt::format("new, with {}", count_of(view["rows_after"].get<int64_t>(), "row"));
  if (view["rows_after"].is_null())
    return fmt::format("gone, with {}", count_of(view["rows_before"].get<int64_t>(), "row"));
  const auto only_before = view["only_before"].get<int64_t>();
  const auto only_after = view["only_after"].get<int64_t>();
  const std::string rows =
      fmt::format("{} before, {} after", count_of(view["rows_before"].get<int64_t>(), "row"),
                  with_separators(view["rows_after"].get<int64_t>()));
  if (only_before == 0 && only_after == 0) return rows + ": all the same";
  return fmt::format("{}: {} only before, {} only after", rows, with_separators(only_before),
                     with_separators(only_after));
}

// Lines that begin with '-', '+' or, the one of the columns' names, with a space.
std::vector<std::string> sample_lines(const json& view) {
  if (view["sample"].empty()) return {};
  std::vector<std::vector<std::string>> cells(1);
  for (const auto& column : view["columns"]) cells.front().push_back(value_text(column));
  for (const auto& row : view["sample"]) {
    auto& line = cells.emplace_back();
    for (const auto& value : row["row"]) line.push_back(value_text(value));
  }
  std::vector<size_t> widths(cells.front().size());
  for (const auto& line : cells) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], letters_of(line[i]));
  }
  std::vector<std::string> lines;
  for (size_t r = 0; r < cells.size(); ++r) {
    std::string line = r == 0 ? " " : view["sample"][r - 1]["side"] == "after" ? "+" : "-";
    for (size_t i = 0; i < cells[r].size(); ++i)
      line += "  " + cells[r][i] + std::string(widths[i] - letters_of(cells[r][i]), ' ');
    if (r > 0 && view["sample"][r - 1]["count"] != 1)
      line += fmt::format("  ({} times)", view["sample"][r - 1]["count"].get<int64_t>());
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

int64_t shown_of(const json& view) {
  int64_t shown = 0;
  for (const auto& row : view["sample"]) shown += row["count"].get<int64_t>();
  return shown;
}

std::string more_text(const json& view) {
  if (view["sample"].empty()) return "";
  const int64_t all = view["only_before"].get<int64_t>() + view["only_after"].get<int64_t>();
  const int64_t more = all - shown_of(view);
  return more > 0 ? fmt::format("and {} more", count_of(more, "row")) : "";
}

std::string events_text(const json& diff) {
  std::vector<std::string> parts;
  for (const auto& [stream, offsets] : diff["offsets"].items())
    parts.push_back(fmt::format("{} {}", stream, offsets_text(offsets)));
  return parts.empty() ? "" : fmt::format(", both over the same events ({})", fmt::join(parts, ", "));
}

// ---- Markdown ----

// Text as it is, in a line or in a cell of a table: nobody is mentioned and nothing linked by it.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
    } else if (c == '@' || c == '<' || c == '>' || c == '&' || c == '#') {
      out += fmt::format("&#{};", static_cast<int>(c));
    } else {
      if (std::string_view("\\`*_{}[]()|~!").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string fenced(const std::vector<std::string>& lines) {
  size_t longest = 2;
  for (const std::string& line : lines) {
    size_t run = 0;
    for (const char c : line) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  }
  const std::string fence(longest + 1, '`');
  return fmt::format("{}diff\n{}\n{}\n", fence, fmt::join(lines, "\n"), fence);
}

std::string view_markdown(const json& view) {
  std::string out =
      fmt::format("\n**{}**: {}\n", escaped(view["name"].get<std::string>()), escaped(rows_text(view)));
  if (const std::string columns = columns_text(view); !columns.empty()) out += "\n" + escaped(columns) + "\n";
  for (const auto& note : view["notes"]) out += "\n" + escaped(note.get<std::string>()) + "\n";
  if (const auto lines = sample_lines(view); !lines.empty()) out += "\n" + fenced(lines);
  if (const std::string more = more_text(view); !more.empty()) out += "\n" + more + "\n";
  return out;
}

}  // namespace

std::string changes_text(const json& changes) {
  size_t longest = 0;
  for (const auto& item : changes)
    longest = std::max(longest, item["name"].get_ref<const std::string&>().size());
  std::string out;
  for (const auto& item : changes) {
    const std::string& name = item["name"].get_ref<const std::string&>();
    out += fmt::format(
        "  {} {:<7} {:<{}}  {}", colored_sign(item["change"]), item["kind"].get<std::string>(), name, longest,
        item["breaking"].get<bool>() ? colored("breaking", Color::red) : item["change"].get<std::string>());
    const char* before = ": ";
    for (const auto& note : item["notes"]) {
      out += before + note.get<std::string>();
      before = "; ";
    }
    out += "\n";
  }
  return out;
}

std::string cost_text(const json& plan) {
  const auto computed = std::ranges::count_if(plan["changes"], [](const json& item) {
    return item["kind"] == "view" && item["computed"].get<bool>();
  });
  if (computed == 0) return "";
  std::string out = count_of(computed, "view") + " computed anew";
  if (plan["events"].is_number())
    out += fmt::format(", {} to go through", count_of(plan["events"].get<int64_t>(), "event"));
  if (plan["estimated_ms"].is_number())
    out += ", about " + duration_text(plan["estimated_ms"].get<int64_t>() * 1000);
  return out;
}

std::string diff_text(const json& diff, const std::string& before) {
  if (!diff["different"].get<bool>()) return fmt::format("nothing differs from {}\n", before);
  std::string out = fmt::format("the files, compared with {}{}:\n", before, events_text(diff));
  out += changes_text(diff["changes"]);
  if (const std::string cost = cost_text(diff); !cost.empty()) out += "to apply it: " + cost + "\n";
  for (const auto& view : diff["views"]) {
    const bool is_known = view["not_compared"].is_null();
    out += fmt::format("\n{}  {}\n", colored(view["name"].get<std::string>(), Color::bold),
                       is_known ? rows_text(view) : colored(rows_text(view), Color::yellow));
    if (const std::string columns = columns_text(view); !columns.empty()) out += "  " + columns + "\n";
    for (const auto& note : view["notes"]) out += "  " + note.get<std::string>() + "\n";
    for (const std::string& line : sample_lines(view)) {
      const Color color = line.starts_with('+')   ? Color::green
                          : line.starts_with('-') ? Color::red
                                                  : Color::dim;
      out += "  " + colored(line, color) + "\n";
    }
    if (const std::string more = more_text(view); !more.empty()) out += "  " + more + "\n";
  }
  return out;
}

std::string diff_markdown(const json& diff, const std::string& before) {
  std::string out = "### What the files change\n\n";
  out += fmt::format("Compared with {}{}.\n", escaped(before), escaped(events_text(diff)));
  if (!diff["different"].get<bool>()) return out + "\nNothing differs.\n";
  for (const auto& warning : diff["warnings"])
    out += fmt::format("\n> **Warning:** {}\n", escaped(warning.get<std::string>()));
  out += "\n| | | | |\n| --- | --- | --- | --- |\n";
  size_t listed = 0;
  for (const auto& item : diff["changes"]) {
    if (out.size() > markdown_bytes_max / 2) break;
    ++listed;
    std::vector<std::string> notes;
    for (const auto& note : item["notes"]) notes.push_back(escaped(note.get<std::string>()));
    out += fmt::format("| `{}` | {} | {} | {}{}{} |\n", sign_of(item["change"]),
                       item["kind"].get<std::string>(), escaped(item["name"].get<std::string>()),
                       item["breaking"].get<bool>() ? "**breaking**" : item["change"].get<std::string>(),
                       notes.empty() ? "" : ": ", fmt::join(notes, "; "));
  }
  if (const size_t left = diff["changes"].size() - listed; left > 0)
    out += fmt::format("\nand {}\n", count_of(static_cast<int64_t>(left), "more change"));
  if (const std::string cost = cost_text(diff); !cost.empty()) out += "\nTo apply it: " + cost + ".\n";
  size_t told = 0;
  for (const auto& view : diff["views"]) {
    const std::string text = view_markdown(view);
    if (out.size() + text.size() > markdown_bytes_max) break;
    out += text;
    ++told;
  }
  if (const size_t left = diff["views"].size() - told; left > 0)
    out += fmt::format("\nand {}: run anabranch diff to see them\n",
                       count_of(static_cast<int64_t>(left), "more view"));
  return out;
}

}  // namespace anabranch::app
