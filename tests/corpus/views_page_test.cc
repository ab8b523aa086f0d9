// docs/views.md says what is kept up to date: each construct of tests/corpus/constructs/*.sql with its class,
// and why not where it is not. The page is written by this test (ANABRANCH_WRITE_DOCS=1) and checked by it.

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/corpus/corpus_run.h"

namespace anabranch {
namespace {

const io::Path constructs = io::Path(ANABRANCH_SOURCE) / "tests" / "corpus" / "constructs";
const io::Path page = io::Path(ANABRANCH_SOURCE) / "docs" / "views.md";

constexpr std::string_view introduction = R"(# What is kept up to date

Every SELECT that DuckDB runs can be a view, and every view is right at every offset. This page says what a read of it
costs: views that are *maintained* are computed from their state, without events; others go back to all of them. The
command `anabranch explain VIEW` says the same of a view of yours.

The page is written from `tests/corpus/constructs/`, where each construct is a view that the tests compare with plain
DuckDB over random splits between batch and speed:

    ANABRANCH_WRITE_DOCS=1 build/dev/tests/corpus_test --gtest_filter='ViewsPage.*'

A view has the dearest class of all its parts: linear, distributive, algebraic, holistic, keyed; and one clause that is
answered at read time is enough for the whole view.
)";

constexpr std::string_view maintained_introduction = R"(
## Maintained

The state of a view is one or more tables; the columns that the state is grouped by are counted as keys, the types are
those of the others. `values` and `list` hold a row for each value of a group; `errors` the events that were left out
because an expression failed on them.

| construct | class | state | test |
| --- | --- | --- | --- |
)";

constexpr std::string_view merged_introduction = R"(
## Merged

Computed when they are read, from the merged results of other views and from tables. They do not go back to events
either.

| construct | reason | test |
| --- | --- | --- |
)";

constexpr std::string_view read_time_introduction = R"(
## Answered at read time

Computed when they are read, over all events: right, but each read costs a pass over them. The reason is the one that
`explain` gives.

| construct | reason | test |
| --- | --- | --- |
)";

constexpr std::string_view refused_introduction = R"(
## Refused

| construct | message | test |
| --- | --- | --- |
)";

// In a table's cell.
std::string cell(std::string text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string state_of(const views::Plan& plan) {
  std::string text;
  for (const views::StatePart& part : plan.parts) {
    text += (text.empty() ? "" : "; ") + part.name + ": ";
    if (plan.view_class == views::ViewClass::linear && part.name == "main") {
      text += "the rows";
      continue;
    }
    if (!part.keys.empty())
      text += fmt::format("{} key{}", part.keys.size(), part.keys.size() == 1 ? "" : "s");
    bool is_first = true;
    for (const auto& column : part.columns) {
      if (std::find(part.keys.begin(), part.keys.end(), column.name) != part.keys.end()) continue;
      text += (is_first ? part.keys.empty() ? "" : " → " : ", ") + column.type;
      is_first = false;
    }
  }
  return text;
}

std::string reasons_of(const views::Plan& plan) {
  std::string text;
  for (const views::Reason& reason : plan.reasons) {
    const std::string one = fmt::format("{}: {}", reason.clause, reason.reason);
    if (text.find(one) == std::string::npos) text += (text.empty() ? "" : "; ") + one;
  }
  return text;
}

// The messages of what is refused end in lists of what there is.
std::string shortened(std::string message, const std::string& view) {
  if (message.starts_with(view + ":")) message = message.substr(message.find(": ") + 2);
  if (const size_t list = message.find(" (there are: "); list != std::string::npos) message.resize(list);
  return message;
}

std::string written_page() {
  const test::Scene scene(constructs.parent_path() / "scenes" / "shop.sql");
  std::string maintained(maintained_introduction);
  std::string merged(merged_introduction);
  std::string read_time(read_time_introduction);
  std::string refused_rows(refused_introduction);
  for (const std::string file : {"rows", "joins", "groups", "aggregates", "keys", "shapes"}) {
    const auto entries = test::read_corpus_file(constructs / (file + ".sql"));
    const auto compiled = scene.compile(entries);
    const auto refused = test::CorpusRun::refused_views(scene, entries);
    for (const test::CorpusEntry& entry : entries) {
      EXPECT_FALSE(entry.construct.empty()) << entry.name << " has no construct";
      const std::string test_name = fmt::format("{}: `{}`", file, entry.name);
      const views::Plan* plan = compiled.world.plan(entry.name);
      if (!plan) {
        refused_rows += fmt::format("| {} | {} | {} |\n", cell(entry.construct),
                                    cell(shortened(refused.at(entry.name), entry.name)), test_name);
      } else if (plan->is_maintained()) {
        maintained += fmt::format("| {} | {} | {} | {} |\n", cell(entry.construct),
                                  views::to_string(plan->view_class), cell(state_of(*plan)), test_name);
      } else {
        (plan->view_class == views::ViewClass::merged ? merged : read_time) +=
            fmt::format("| {} | {} | {} |\n", cell(entry.construct), cell(reasons_of(*plan)), test_name);
      }
    }
  }
  return std::string(introduction) + maintained + merged + read_time + refused_rows;
}

TEST(ViewsPage, IsWhatTheCompilerSaysOfEachConstruct) {
  const std::string written = written_page();
  if (std::getenv("ANABRANCH_WRITE_DOCS")) std::ofstream(page, std::ios::binary | std::ios::trunc) << written;
  std::ifstream stream(page, std::ios::binary);
  std::stringstream found;
  found << stream.rdbuf();
  EXPECT_EQ(found.str(), written) << "write it anew, with ANABRANCH_WRITE_DOCS=1";
}

class Constructs : public ::testing::TestWithParam<std::string> {};

TEST_P(Constructs, EqualPlainDuckDbAndHaveTheirClass) {
  auto entries = test::read_corpus_file(constructs / (GetParam() + ".sql"));
  test::Scene scene(constructs.parent_path() / "scenes" / "shop.sql");
  if (HasFatalFailure()) return;
  std::cout << test::check_classes(scene, entries, GetParam()).report;
  std::erase_if(entries, [](const auto& entry) { return entry.view_class == "refused"; });
  const uint64_t seed = test::seed();
  for (uint64_t run = 0; run < test::corpus_runs(); ++run) {
    test::run_schedule(scene, entries, seed + run, test::small_steps(seed + run));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Constructs, ::testing::ValuesIn(test::corpus_files("corpus/constructs")),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace anabranch
