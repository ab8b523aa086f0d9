#include "io/spawned_process.h"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/process_end.h"
#include "io/process_output.h"

namespace anabranch::io {
namespace {

constexpr int look_every_ms = 200;
constexpr size_t line_bytes_max = 65536;
constexpr int first_free_place = 10;  // beyond all places that a child is given

/// The thread that starts all children. A child that ties itself to its parent is tied to the thread that
/// started it, so that one lives as long as the program.
class Starter {
 public:
  static Starter& one() {
    static Starter starter;
    return starter;
  }

  /// Runs `start` on the thread; when it returns the child runs.
  int run(const std::function<int()>& start) EXCLUDES(mutex_) {
    Order order{&start};
    Lock lock(mutex_);
    orders_.push_back(&order);
    changed_.notify_all();
    while (!order.is_done) lock.wait(changed_);
    return order.outcome;
  }

 private:
  struct Order {
    const std::function<int()>* start;
    int outcome = 0;
    bool is_done = false;
  };

  Starter() : thread_([this] { work(); }) {}
  ~Starter() {
    {
      Lock lock(mutex_);
      is_ending_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  void work() EXCLUDES(mutex_) {
    Lock lock(mutex_);
    while (true) {
      while (orders_.empty() && !is_ending_) lock.wait(changed_);
      if (orders_.empty()) return;
      Order* order = orders_.front();
      orders_.pop_front();
      lock.unlock();
      const int outcome = (*order->start)();
      lock.lock();
      order->outcome = outcome;
      order->is_done = true;
      changed_.notify_all();
    }
  }

  Mutex mutex_;
  std::condition_variable changed_;
  std::deque<Order*> orders_ GUARDED_BY(mutex_);
  bool is_ending_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

/// The settings of one posix_spawn.
class SpawnSettings {
 public:
  SpawnSettings(int socket, int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, 1);
    ::posix_spawn_file_actions_adddup2(&actions_, output, 2);
    ::posix_spawn_file_actions_adddup2(&actions_, socket, SpawnedProcess::socket_place);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, SpawnedProcess::socket_place + 1);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;

  int spawn(pid_t& pid, const char* program, char* const* arguments, char* const* environment) const {
    return ::posix_spawn(&pid, program, &actions_, &attributes_, arguments, environment);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::unexpected<Error> cannot(std::string_view doing) {
  return fail(Code::io, fmt::format("cannot {} a child process: {}", doing, std::strerror(errno)));
}

/// The same, out of the way of the places that a child is given.
Result<Descriptor> out_of_the_way(const Descriptor& descriptor) {
  Descriptor moved(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, first_free_place));
  if (moved.get() < 0) return cannot("give a descriptor to");
  return moved;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> found;
  for (std::string& text : texts) found.push_back(text.data());
  found.push_back(nullptr);
  return found;
}

std::vector<std::string> environment_with(std::string variable) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
  variables.push_back(std::move(variable));
  return variables;
}

}  // namespace

Result<std::unique_ptr<SpawnedProcess>> SpawnedProcess::start(const SpawnOrder& order, Socket theirs) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot("make a pipe for");
  Descriptor output(ends[0]);
  const Descriptor written(ends[1]);
  const Descriptor socket_for_child = TRY(out_of_the_way(theirs.descriptor()));
  const Descriptor output_for_child = TRY(out_of_the_way(written));
  const SpawnSettings settings(socket_for_child.get(), output_for_child.get());
  std::vector<std::string> texts{order.program.string()};
  texts.insert(texts.end(), order.arguments.begin(), order.arguments.end());
  ProcessTerms terms = order.terms;
  terms.parent = ::getpid();
  std::vector<std::string> variables = environment_with(terms.to_environment());
  const std::vector<char*> arguments = pointers(texts);
  const std::vector<char*> environment = pointers(variables);
  pid_t pid = 0;
  const int error = Starter::one().run(
      [&] { return settings.spawn(pid, texts[0].c_str(), arguments.data(), environment.data()); });
  if (error != 0) return fail(Code::io, fmt::format("cannot start {}: {}", texts[0], std::strerror(error)));
  // By its number: the C library's header (2.36) declares the function as one of C++.
  Descriptor end(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
  std::unique_ptr<SpawnedProcess> process(new SpawnedProcess(pid, std::move(output), std::move(end)));
  if (process->end_.get() < 0) return cannot("watch");  // and ends it
  return process;
}

SpawnedProcess::~SpawnedProcess() {
  signal(SIGKILL);
  Lock lock(mutex_);
  if (!is_reaped_) (void)wait_for_end(pid_);
}

void SpawnedProcess::signal(int number) {
  Lock lock(mutex_);  // a process id may be given to another process once it is reaped
  if (!is_reaped_) ::kill(pid_, number);
}

Result<ProcessExit> SpawnedProcess::run(const Watch& watch) {
  OutputTail tail;
  OutputLines lines;
  const std::function<void(std::string_view)> on_line =
      watch.on_line ? watch.on_line : [](std::string_view) {};
  const auto read_output = [&] {
    char buffer[65536];
    ssize_t count = 0;
    while ((count = ::read(output_.get(), buffer, sizeof(buffer))) > 0) {
      const std::string_view piece(buffer, static_cast<size_t>(count));
      tail.add(piece);
      lines.add(piece, on_line);
      if (lines.begun_bytes() > line_bytes_max) lines.finish(on_line);
      if (static_cast<size_t>(count) < sizeof(buffer)) break;
    }
    if (count == 0) output_.close();
  };
  uint64_t peak = 0;
  bool has_ended = false;
  int64_t look_at_us = 0;
  while (!has_ended) {
    const int64_t now_us = system_clock().monotonic_us();
    if (now_us >= look_at_us) {
      look_at_us = now_us + look_every_ms * 1000;
      const auto memory = memory_of(pid_);
      if (memory) peak = memory->peak;
      if (memory && watch.on_memory) watch.on_memory(*memory);
    }
    // What has no descriptor any more is passed over.
    pollfd polled[2] = {{end_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}};
    const int wait_ms = static_cast<int>((look_at_us - now_us) / 1000) + 1;
    if (::poll(polled, 2, wait_ms) < 0 && errno != EINTR) return cannot("wait for");
    has_ended = polled[0].revents != 0;
    // A child of the child may still have the pipe: its end is not waited for.
    if (polled[1].revents != 0 || has_ended) read_output();
  }
  lines.finish(on_line);
  ProcessExit exit;
  {
    Lock lock(mutex_);
    exit = TRY(wait_for_end(pid_));
    is_reaped_ = true;
  }
  // What the system says of a process that was started so begins with the memory of its parent.
  exit.peak_memory_bytes = peak;
  exit.errors = tail.text();
  return exit;
}

Result<ProcessMemory> memory_of(int pid) {
  const Descriptor file(::open(fmt::format("/proc/{}/status", pid).c_str(), O_RDONLY | O_CLOEXEC));
  char text[8192];
  const ssize_t size = file.get() < 0 ? -1 : ::read(file.get(), text, sizeof(text) - 1);
  if (size < 0) return cannot("look at the memory of");
  text[size] = '\0';
  const auto kilobytes = [&](const char* name) {
    const char* found = std::strstr(text, name);
    unsigned long long value = 0;
    if (found == nullptr || std::sscanf(found + std::strlen(name), "%llu", &value) != 1) value = 0;
    return static_cast<uint64_t>(value);
  };
  const uint64_t peak = kilobytes("\nVmHWM:") * 1024;
  if (peak == 0) return fail(Code::io, "a process that has ended has no memory");
  return ProcessMemory{.anonymous = kilobytes("\nRssAnon:") * 1024, .peak = peak};
}

}  // namespace anabranch::io
