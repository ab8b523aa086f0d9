#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/tasks.h"
#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::app {

/// Runs one task of ours in a child process of the program (ours): the job on its standard input, one line of
/// JSON as its answer. Blocks. Tasks: "copy" (ingest/table_copy.h), "import" (ingest/bulk_import.h). Builds
/// go through the slot "batch engine", verifies through quality/verifier.h.
/// Ends with its task.
Result<std::string> run_in_child(const io::Path& program, const std::string& name, const std::string& job,
                                 Task& task);

/// What others name is looked at here first: a child that opens a pipe or a device would wait for ever.
Status check_readable(io::FileSystem& files, const io::Path& path);

/// The child's side, for `anabranch child TASK`. Returns the exit code.
int child_main(const std::string& task);

}  // namespace anabranch::app
