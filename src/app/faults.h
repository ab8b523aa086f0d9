#pragma once

#include <map>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::app {

/// What is wrong with a project's data and does not keep it from being served: files that are missing or
/// damaged, and what could not be written. Said once in the log, and told until it is cleared. Any thread.
class Faults {
 public:
  /// `root`: the project's, which no text names.
  explicit Faults(io::Path root) : root_(std::move(root)) {}

  /// `of`: "bronze.planes", "the catalogue". In the place of the one that was.
  void set(const std::string& of, const Error& error) EXCLUDES(mutex_);
  void clear(const std::string& of) EXCLUDES(mutex_);
  std::map<std::string, Error> all() const EXCLUDES(mutex_);

 private:
  const io::Path root_;
  mutable Mutex mutex_;
  std::map<std::string, Error> faults_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::app
