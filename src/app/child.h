#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/tasks.h"
#include "base/result.h"
#include "ingest/table_copy.h"
#include "io/file_system.h"

namespace anabranch::app {

/// Runs one task of ours in a child process of the program (ours): the job on its standard input, one line of
/// JSON as its answer. Blocks. Tasks: "copy" (below), "import" (ingest/bulk_import.h). Builds
/// go through the slot "batch engine", verifies through quality/verifier.h.
/// Ends with its task.
Result<std::string> run_in_child(const io::Path& program, const std::string& name, const std::string& job,
                                 Task& task);

/// Copies tables together, in the order of the jobs, which have one kind of source (app/slots.h). A failure
/// leaves no file.
Result<std::vector<ingest::TableCopyResult>> copy_in_child(const io::Path& program,
                                                           const std::vector<ingest::TableCopyJob>& jobs,
                                                           Task& task);

/// What others name is looked at here first: a child that opens a pipe or a device would wait for ever.
Status check_readable(io::FileSystem& files, const io::Path& path);

/// The child's side, for `anabranch child TASK`. Returns the exit code.
int child_main(const std::string& task);

}  // namespace anabranch::app
