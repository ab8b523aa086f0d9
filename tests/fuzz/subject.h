#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "tests/fuzz/answer.h"
#include "tests/fuzz/case.h"

namespace anabranch::fuzz {

/// The program under test, on a project in a folder. One thread. It is closed when it is destroyed.
class Subject {
 public:
  virtual ~Subject() = default;
  /// Opens the project, copies its tables when asked to, and is ready.
  virtual Status start(bool is_copying) = 0;
  /// Ends as an operator ends it.
  virtual Status stop() = 0;
  /// Ends at once; what was acknowledged must be there afterwards. Begins a build of all views before, of
  /// which nobody waits for the end, when asked to.
  virtual Status kill(bool is_building, int work_before) = 0;

  struct Accepted {
    int64_t accepted = 0;
    int64_t quarantined = 0;
  };
  virtual Result<Accepted> ingest(const std::string& stream, const std::string& format,
                                  const std::string& body) = 0;
  virtual Result<Accepted> ingest_file(const std::string& stream, const io::Path& file) = 0;
  virtual Status build(const std::vector<std::string>& views) = 0;
  virtual Status copy() = 0;
  /// The newest build's name; empty: none.
  virtual Result<std::string> newest_build() = 0;
  /// Sees everything that was acknowledged.
  virtual Answer ask(const std::string& view, const std::vector<std::string>& columns) = 0;
  virtual Result<std::map<std::string, std::string>> classes() = 0;
  /// Whether answers come as text without types.
  virtual bool is_as_text() const = 0;
};

/// The stations in this process, with small ticks.
std::unique_ptr<Subject> in_this_process(io::Path folder, int tick_rows);
/// The real program, over HTTP.
std::unique_ptr<Subject> in_processes(io::Path folder);

}  // namespace anabranch::fuzz
