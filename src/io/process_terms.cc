#include "io/process_terms.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/descriptor.h"

namespace anabranch::io {
namespace {

constexpr char variable[] = "ANABRANCH_CHILD_TERMS";

}  // namespace

std::string ProcessTerms::to_environment() const {
  return fmt::format("{}={} {} {} {}", variable, parent, nice, data_bytes_max, oom_score_adj);
}

Result<ProcessTerms> ProcessTerms::take() {
  const char* text = std::getenv(variable);
  ProcessTerms terms;
  unsigned long long data = 0;
  if (text == nullptr ||
      std::sscanf(text, "%d %d %llu %d", &terms.parent, &terms.nice, &data, &terms.oom_score_adj) != 4)
    return fail(Code::bad_input, "this command is for the program itself, which starts it as a child",
                "use another command");
  terms.data_bytes_max = data;
  ::unsetenv(variable);
  return terms;
}

Status ProcessTerms::apply() const {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
    return fail(Code::io, fmt::format("cannot tie this process to its parent: {}", std::strerror(errno)));
  // It may have ended before that.
  if (::getppid() != parent) return fail(Code::unavailable, "the process that started this one has gone");
  // Lower is always allowed; who may not, goes on as before.
  if (nice > 0) (void)::setpriority(PRIO_PROCESS, 0, nice);
  if (oom_score_adj > 0) {
    const Descriptor file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    const std::string text = std::to_string(oom_score_adj);
    // The same: it is a wish.
    [[maybe_unused]] const ssize_t written = ::write(file.get(), text.data(), text.size());
  }
  if (data_bytes_max > 0) {
    const rlimit limit{data_bytes_max, data_bytes_max};
    if (::setrlimit(RLIMIT_DATA, &limit) != 0)
      return fail(Code::io, fmt::format("cannot limit the memory of this process: {}", std::strerror(errno)));
  }
  return {};
}

}  // namespace anabranch::io
