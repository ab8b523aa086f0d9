// The program of the tests of this station, and what it does as a child.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processes/link_for_tests.h"
#include "processes/own_link.h"
#include "processes/program_for_tests.h"
#include "processes/supervisor.h"

namespace anabranch::processes {

namespace {

/// Of a process or thread, as the system says it; 'X' where there is none.
char state_of(const std::string& folder) {
  std::ifstream file(folder + "/stat");
  std::string text;
  if (!std::getline(file, text)) return 'X';
  const size_t name_end = text.rfind(") ");
  return name_end == std::string::npos ? 'X' : text[name_end + 2];
}

}  // namespace

bool is_gone(int pid) {
  const char state = state_of("/proc/" + std::to_string(pid));
  return state == 'Z' || state == 'X';
}

bool is_asleep(int thread) { return state_of("/proc/self/task/" + std::to_string(thread)) == 'S'; }

int open_descriptors() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count - 1;  // that of the folder itself
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG | __WALL) >= 0 || errno != ECHILD; }

namespace {

std::string descriptors() {
  std::string found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(entry.path(), error).string();
    if (!target.starts_with("/proc/")) found += entry.path().filename().string() + " ";
  }
  return found;
}

Result<std::string> answer_of_child(IncomingCall& call) {
  static std::vector<std::string> eaten;
  if (call.method() == "exit") ::_exit(7);
  if (call.method() == "abort") std::abort();
  if (call.method() == "pid") return std::to_string(::getpid());
  if (call.method() == "descriptors") return descriptors();
  if (call.method() == "place")
    return std::to_string(::getpriority(PRIO_PROCESS, 0)) + " " +
           (::getpgrp() == ::getpid() ? "own group" : "ours");
  if (call.method() == "terms") return std::getenv("ANABRANCH_CHILD_TERMS") == nullptr ? "taken" : "there";
  if (call.method() == "score") {
    std::ifstream file("/proc/self/oom_score_adj");
    std::string text;
    std::getline(file, text);
    return text;
  }
  if (call.method() == "eat") {
    try {
      eaten.emplace_back(std::stoull(std::string(call.request())) << 20, 'x');
    } catch (const std::bad_alloc&) {
      return fail(Code::overloaded, "no memory");
    }
    return "eaten";
  }
  if (call.method() == "say") {
    std::fprintf(stderr, "%s\n", std::string(call.request()).c_str());
    return "said";
  }
  return answer_of_tests(call);
}

int child_main(const std::string& task) {
  auto own = OwnLink::take();
  if (!own) {
    std::fprintf(stderr, "%s\n", own.error().describe().c_str());
    return 2;
  }
  if (task == "crash") {
    std::fprintf(stderr, "first words\ncannot open the lake\n");
    return 3;
  }
  if (task == "orphan") {
    std::printf("alone\n");
    std::fflush(stdout);
    while (true) ::pause();
  }
  if (task == "garbage") {
    const std::string bytes(1000, '\x17');
    (void)!::write(3, bytes.data(), bytes.size());
    while (true) ::pause();
  }
  if (task == "deaf") ::signal(SIGTERM, SIG_IGN);
  OwnLink& parent = **own;
  parent.begin(
      [&parent](IncomingCall& call) -> Result<std::string> {
        if (call.method() != "progress") return answer_of_child(call);
        parent.say_progress();
        return "said";
      },
      {}, small_options);
  if (task != "never_ready") (*own)->say_ready();
  (*own)->wait_for_stop();
  while (task == "deaf") ::pause();
  std::fprintf(stderr, "ends in order\n");
  return 0;
}

/// Says which children it has, and waits to be killed.
int parent_main() {
  Supervisor worker({.child = child_of_tests("work")}, {}, {}, {});
  worker.start();
  (void)worker.wait_for_link(20'000'000);
  std::atomic<bool> is_alone = false;
  auto order = child_of_tests("orphan");
  order.on_line = [&](std::string_view) { is_alone = true; };
  const auto orphan = Child::start(order, {}).value();
  (void)comes_true([&] { return is_alone.load(); });
  std::printf("%d %d\n", worker.report().pid, orphan->pid());
  std::fflush(stdout);
  while (true) ::pause();
}

}  // namespace
}  // namespace anabranch::processes

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "child") == 0) return anabranch::processes::child_main(argv[2]);
  if (argc == 2 && std::strcmp(argv[1], "parent") == 0) return anabranch::processes::parent_main();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
