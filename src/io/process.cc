#include "io/process.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/descriptor.h"
#include "io/process_end.h"
#include "io/process_output.h"

namespace anabranch::io {
namespace {

constexpr int child_nice = 5;
constexpr int late_work_nice = 10;

// A reader that has gone is an error of this write, never the end of this program (SIGPIPE).
ssize_t write_without_signal(int fd, const void* bytes, size_t size) {
  sigset_t pipe_signal, before;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t count = ::write(fd, bytes, size);
  const int error = errno;
  const timespec at_once{};
  if (count < 0 && error == EPIPE) (void)::sigtimedwait(&pipe_signal, nullptr, &at_once);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return count;
}

Result<std::pair<Descriptor, Descriptor>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(Code::io, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  return std::pair{Descriptor(ends[0]), Descriptor(ends[1])};
}

class LocalProcess;

// All that run, so that the end of the program need not ask everybody who may have started one.
struct Running {
  std::mutex mutex;
  std::set<LocalProcess*> all;
};
Running& running() {
  static Running* const all = new Running;  // outlives whatever ends with the program
  return *all;
}

class LocalProcess final : public Process {
 public:
  LocalProcess(pid_t pid, Descriptor input, Descriptor output, Descriptor errors, std::string to_write)
      : pid_(pid),
        input_(std::move(input)),
        output_(std::move(output)),
        errors_(std::move(errors)),
        to_write_(std::move(to_write)) {
    std::lock_guard lock(running().mutex);
    running().all.insert(this);
  }

  ~LocalProcess() override {
    {
      std::lock_guard lock(running().mutex);
      running().all.erase(this);
    }
    if (!is_reaped_) {
      kill();
      int status = 0;
      ::waitpid(pid_, &status, 0);
    }
  }

  Result<ProcessExit> run(const std::function<void(std::string_view)>& on_line) override {
    OutputLines lines;
    OutputTail errors;
    size_t written = 0;
    if (to_write_.empty()) input_.close();
    while (output_.get() >= 0 || errors_.get() >= 0) {
      pollfd polled[3] = {{output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}, {input_.get(), POLLOUT, 0}};
      if (::poll(polled, 3, -1) < 0) {
        if (errno == EINTR) continue;
        return fail(Code::io, fmt::format("cannot wait for a child process: {}", std::strerror(errno)));
      }
      if (polled[2].revents != 0) {
        const ssize_t count =
            write_without_signal(input_.get(), to_write_.data() + written, to_write_.size() - written);
        if (count > 0) written += static_cast<size_t>(count);
        if (written == to_write_.size() || (count < 0 && errno != EAGAIN && errno != EINTR)) input_.close();
      }
      char buffer[65536];
      if (polled[0].revents != 0) {
        const ssize_t count = ::read(output_.get(), buffer, sizeof(buffer));
        if (count == 0) output_.close();
        if (count > 0) lines.add({buffer, static_cast<size_t>(count)}, on_line);
      }
      if (polled[1].revents != 0) {
        const ssize_t count = ::read(errors_.get(), buffer, sizeof(buffer));
        if (count == 0) errors_.close();
        if (count > 0) errors.add({buffer, static_cast<size_t>(count)});
      }
    }
    lines.finish(on_line);
    ProcessExit exit = TRY(wait_for_end(pid_));
    {
      std::lock_guard lock(mutex_);
      is_reaped_ = true;
    }
    exit.errors = errors.text();
    return exit;
  }

  void kill() override {
    std::lock_guard lock(mutex_);  // a pid may be given to another process once it is reaped
    if (!is_reaped_) ::kill(pid_, SIGKILL);
  }

 private:
  const pid_t pid_;
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  const std::string to_write_;
  std::mutex mutex_;
  bool is_reaped_ = false;
};

}  // namespace

Result<std::unique_ptr<Process>> start_process(const Path& program, const std::vector<std::string>& arguments,
                                               std::string input) {
  auto [input_read, input_write] = TRY(make_pipe());
  auto [output_read, output_write] = TRY(make_pipe());
  auto [errors_read, errors_write] = TRY(make_pipe());
  std::string program_text = program.string();
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv{program_text.data()};
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(Code::io, fmt::format("cannot start {}: {}", program_text, std::strerror(errno)));
  if (pid == 0) {
    // Only async-signal-safe calls from here to exec.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::setpriority(PRIO_PROCESS, 0, child_nice);
    ::dup2(input_read.get(), 0);
    ::dup2(output_write.get(), 1);
    ::dup2(errors_write.get(), 2);
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGINT, SIG_IGN);  // Ctrl-C goes to the parent, which decides
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::fcntl(input_write.get(), F_SETFL, O_NONBLOCK);
  return std::make_unique<LocalProcess>(pid, std::move(input_write), std::move(output_read),
                                        std::move(errors_read), std::move(input));
}

Result<ProcessExit> wait_for_end(int pid) {
  int status = 0;
  rusage usage{};
  while (::wait4(pid, &status, 0, &usage) < 0) {
    if (errno != EINTR)
      return fail(Code::io, fmt::format("cannot wait for a child process: {}", std::strerror(errno)));
  }
  ProcessExit exit;
  if (WIFEXITED(status)) exit.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
  exit.peak_memory_bytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  return exit;
}

void kill_all_processes() {
  std::lock_guard lock(running().mutex);
  for (LocalProcess* process : running().all) process->kill();
}

void yield_to_other_threads() {
  // 0 means the calling thread here, as nice values are per thread on Linux. Who may not, goes on as before.
  (void)::setpriority(PRIO_PROCESS, 0, late_work_nice);
}

Result<Path> own_program() {
  std::error_code error;
  Path path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail(Code::io, fmt::format("cannot find the own program: {}", error.message()));
  return path;
}

uint64_t own_memory_bytes() {
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[128] = {};
  const ssize_t size = ::read(fd, text, sizeof(text) - 1);
  ::close(fd);
  unsigned long long total = 0;
  unsigned long long resident = 0;
  if (size <= 0 || std::sscanf(text, "%llu %llu", &total, &resident) != 2) return 0;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace anabranch::io
