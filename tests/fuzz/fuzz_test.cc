// Law L2 against plain DuckDB: random projects with random schedules, every view after every step.
//
//   ANABRANCH_SEED=n           one project, the one of this seed
//   ANABRANCH_FUZZ_PROJECTS=n  so many (default 300)
//   ANABRANCH_FUZZ_FAULTS=ab   forms that the program is known to get wrong, too ("all"; see faults.h)
//   ANABRANCH_FUZZ_FAILURES=n  go on until so many projects have failed (default 1)
//   ANABRANCH_FUZZ_SHRINK=n    runs to make a failing project smaller (default 400)

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "tests/fuzz/case_generator.h"
#include "tests/fuzz/coverage.h"
#include "tests/fuzz/runner.h"
#include "tests/fuzz/shrink.h"
#include "tests/support/seed.h"

namespace anabranch::fuzz {
namespace {

// Each its own process, so that they run side by side.
constexpr int shards = 2;
constexpr int projects_by_default = 300;
constexpr int shrink_runs_max = 400;
constexpr int64_t projects_a_line = 50;  // of what is printed meanwhile

int64_t number_from(const char* variable, int64_t otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : std::strtoll(given, nullptr, 0);
}

// Every fifth is run with processes.
bool has_processes(uint64_t seed) { return seed % 5 == 0; }

// What runs, for the message when the program itself dies of it.
std::atomic<uint64_t> running;

void say_what_ran(int signal) {
  char text[64] = "died while this ran: ANABRANCH_SEED=";
  size_t end = std::char_traits<char>::length(text);
  char digits[20];
  size_t count = 0;
  for (uint64_t rest = running.load(); rest > 0 || count == 0; rest /= 10)
    digits[count++] = static_cast<char>('0' + rest % 10);
  while (count > 0) text[end++] = digits[--count];
  text[end++] = '\n';
  if (::write(STDERR_FILENO, text, end) == static_cast<ssize_t>(end)) ::signal(signal, SIG_DFL);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

// In memory where there is room: what dies here is a process and never the machine, and half of a project's
// time would be waiting for a disk.
void lie_in_memory() {
  const char* memory = "/dev/shm";
  constexpr uintmax_t bytes_min = uintmax_t{2} << 30;
  std::error_code error;
  const auto space = std::filesystem::space(memory, error);
  if (!error && space.available >= bytes_min) ::setenv("TMPDIR", memory, 0);
}

class Fuzz : public ::testing::TestWithParam<int64_t> {
 protected:
  Fuzz() {
    spdlog::set_level(spdlog::level::off);
    lie_in_memory();
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE}) ::signal(signal, say_what_ran);
  }

  // True when all was right.
  bool run_one(uint64_t seed) {
    running = seed;
    const Case made = make_case(seed, has_processes(seed), faults_);
    if (std::getenv("ANABRANCH_FUZZ_PRINT") != nullptr) fmt::print("{}\n", made.describe());
    bool invalid = false;
    const auto failure = run(made, &coverage_, invalid);
    if (invalid) fmt::print("plain DuckDB does not take the project of ANABRANCH_SEED={}\n", seed);
    invalid_cases_ += invalid;
    if (!failure) return true;
    fmt::print("ANABRANCH_SEED={}: {}\n… is made smaller\n", seed, failure->text);
    std::fflush(stdout);
    const Shrunk shrunk =
        shrink(made, *failure, static_cast<int>(number_from("ANABRANCH_FUZZ_SHRINK", shrink_runs_max)));
    ADD_FAILURE() << failure->text << "\nmade smaller in " << shrunk.runs << " runs:\n"
                  << shrunk.failure.text << "\n"
                  << shrunk.small.describe();
    return false;
  }

  const Faults faults_ = faults_to_make();
  Coverage coverage_;
  int64_t invalid_cases_ = 0;
};

// What neither this half nor the others missed alone: each leaves what it missed for the last one to judge.
// Their processes have the same parent.
std::set<std::string> missing_in_all(int64_t shard, const std::vector<std::string>& missing) {
  const auto file = [](int64_t of) {
    return std::filesystem::temp_directory_path() /
           fmt::format("anabranch-fuzz-missing-{}-{}", getppid(), of);
  };
  std::ofstream own(file(shard));
  for (const std::string& line : missing) own << line << '\n';
  own.close();
  std::set<std::string> in_all(missing.begin(), missing.end());
  for (int64_t other = 0; other < shards; ++other) {
    std::ifstream left(file(other));
    if (!left) return {};  // still running, or it failed
    std::set<std::string> of_other;
    for (std::string line; std::getline(left, line);) of_other.insert(line);
    std::erase_if(in_all, [&](const std::string& line) { return !of_other.contains(line); });
  }
  for (int64_t each = 0; each < shards; ++each) std::filesystem::remove(file(each));
  return in_all;
}

TEST_P(Fuzz, EveryViewEqualsPlainDuckDbAfterEveryStep) {
  if (std::getenv("ANABRANCH_SEED") != nullptr) {
    if (GetParam() == 0) run_one(test::seed());
    return;
  }
  const bool is_ordinary = std::getenv("ANABRANCH_FUZZ_ORDINARY") != nullptr;
  const int64_t projects =
      (is_ordinary ? projects_by_default : number_from("ANABRANCH_FUZZ_PROJECTS", projects_by_default)) /
      shards;
  const int64_t failures_max = number_from("ANABRANCH_FUZZ_FAILURES", 1);
  // What script/test runs are always the same ones, so that a change is judged and not luck.
  const uint64_t begin = is_ordinary ? 1 : test::seed() % 1'000'000'000 * 10'000;
  const uint64_t first = begin + static_cast<uint64_t>(GetParam() * projects);
  fmt::print("the projects of ANABRANCH_SEED={} and the {} after it\n", first, projects - 1);
  int64_t failures = 0;
  for (int64_t i = 0; i < projects && failures < failures_max; ++i) {
    failures += run_one(first + static_cast<uint64_t>(i)) ? 0 : 1;
    if ((i + 1) % projects_a_line != 0) continue;
    fmt::print("{} of {} projects, {} failed\n", i + 1, projects, failures);
    std::fflush(stdout);
  }
  fmt::print("{}", coverage_.describe());
  if (failures > 0) return;
  EXPECT_LE(invalid_cases_, projects / 50) << "projects that plain DuckDB itself did not take";
  EXPECT_GE(coverage_.median_views(), 3);
  EXPECT_GE(coverage_.median_events(), 200);
  EXPECT_GE(coverage_.cases_with_processes(), projects / 6);
  if (projects < projects_by_default / shards) return;
  for (const std::string& missing : missing_in_all(GetParam(), coverage_.missing(faults_, projects * shards)))
    ADD_FAILURE() << "not reached: " << missing;
}

INSTANTIATE_TEST_SUITE_P(RandomProjects, Fuzz, ::testing::Range<int64_t>(0, shards));

}  // namespace
}  // namespace anabranch::fuzz
