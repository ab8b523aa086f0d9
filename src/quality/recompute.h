#pragma once
// The work of a verify: every view from scratch, out of the text of its model and the raw events, in an
// engine that has nothing of the platform's: not its plans, states, relations, decoder or settings.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "quality/verdict.h"
#include "quality/verify_job.h"

namespace anabranch::quality {

/// What is being done: "events" of a stream, or "views".
struct VerifyProgress {
  std::string stage;
  std::string name;
  int64_t done = 0;
  int64_t total = 0;
};

/// A verdict for each view that is asked for, without offsets and definition, which the job does not have.
/// What makes one view fail is its verdict; what concerns all (an archive that is no longer what the log
/// says) is every verdict's.
std::vector<Verdict> recompute(const VerifyJob& job,
                               const std::function<void(const VerifyProgress&)>& progress);

/// The child's side: the job comes on standard input, progress and verdicts go line by line to standard
/// output. Returns the exit code.
int verify_in_child();

/// One line of the child's output, and back.
std::string to_line(const Verdict& verdict);
std::string to_line(const VerifyProgress& progress);
/// Nothing where the line is another one.
std::optional<Verdict> verdict_from(std::string_view line);
std::optional<VerifyProgress> progress_from(std::string_view line);

}  // namespace anabranch::quality
