#pragma once
// What is wrong with a project: every mistake with its place and what to do about it.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::project {

enum class Severity { error, warning };

/// An error keeps the project from running; a warning does not.
struct Problem {
  Severity severity = Severity::error;
  Place place;  // the file is relative to the project's root; columns count characters
  std::string message;
  std::string hint;     // what to do; may be empty
  std::string excerpt;  // the line of the file, without its end; empty when there is none to show

  /// "file:line:column: error: message (hint)".
  std::string describe_line() const;
  /// describe_line(), then the line of the file and a caret under the column. Ends without a newline.
  std::string describe() const;
};

/// Collects problems while files are read.
class Problems {
 public:
  void error(Place place, std::string message, std::string hint = {});
  void warning(Place place, std::string message, std::string hint = {});
  /// An error of another station; its own place counts, or else the one given.
  void error(const Error& error, const Place& place);
  /// Everything so far, each once, by file, line and column. Leaves the collection empty.
  std::vector<Problem> take_sorted();

 private:
  std::vector<Problem> found_;
};

/// Fills in the excerpts that are missing, from the files as they are now. A file that cannot be read gives
/// none.
void add_excerpts(std::vector<Problem>& problems, io::FileSystem& files, const io::Path& root);

/// All of them for a terminal, and a last line that counts them ("2 errors, 1 warning"). Empty when there are
/// none.
std::string describe(const std::vector<Problem>& problems);
/// [{"severity","file","line","column","message","hint"}]; line and column are null where they are unknown.
std::string to_json(const std::vector<Problem>& problems);

std::string_view to_string(Severity severity);

}  // namespace anabranch::project
