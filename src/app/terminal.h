#pragma once
// What people see: colours where they are wanted, progress where there is a terminal, numbers that can be
// read.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace anabranch::app {

/// Standard output or error is a terminal.
bool is_terminal(int descriptor);
/// Colours: on a terminal, unless NO_COLOR is set or TERM is dumb.
bool has_colors(int descriptor);

enum class Color { none, bold, dim, red, green, yellow, blue };
/// The text in a colour, for standard output.
std::string colored(std::string_view text, Color color);

/// 1234567 → "1,234,567".
std::string with_separators(int64_t number);
/// Offsets of a stream, a list of one entry a partition, as the events before them: "336,776", or
/// "336,776 in 8 partitions". "–" for what is none.
std::string offsets_text(const nlohmann::json& offsets);
/// Microseconds as "312 µs", "4.2 ms", "1.3 s", "2 min 5 s".
std::string duration_text(int64_t time_us);
/// Bytes as "4.8 MB".
std::string bytes_text(uint64_t bytes);

/// Rows as a table with aligned columns; numbers to the right.
std::string table_text(const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows,
                       const std::vector<bool>& is_right_aligned);

/// "error: …" with place and hint, to standard error.
void print_error(const Error& error);

/// One line that is rewritten on a terminal, and a plain line now and then elsewhere.
class Progress {
 public:
  explicit Progress(std::string title);
  ~Progress();  // ends the line
  /// share: 0 to 1; detail: what is being done.
  void show(double share, const std::string& detail);
  void done(const std::string& outcome);

 private:
  const std::string title_;
  const bool is_terminal_;
  int last_tenth_ = -1;
  bool is_line_open_ = false;
};

}  // namespace anabranch::app
