// A corpus of ordinary analytics SQL, the views that working data engineers write: each equals plain DuckDB
// at random splits between batch and speed (law L2) and has the class that its file says; and how many of
// them are maintained never falls.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/corpus/corpus_run.h"

namespace anabranch {
namespace {

const io::Path corpus = io::Path(ANABRANCH_SOURCE) / "tests" / "corpus";

// Reached so far, of all views in tests/corpus/*.sql. Raise it when more are maintained.
constexpr size_t maintained_min = 0;

class CorpusTheme : public ::testing::TestWithParam<std::string> {};

TEST_P(CorpusTheme, EveryViewEqualsPlainDuckDb) {
  const auto entries = test::read_corpus_file(corpus / (GetParam() + ".sql"));
  ASSERT_FALSE(entries.empty());
  test::Scene scene(corpus / "scenes" / "shop.sql");
  if (HasFatalFailure()) return;
  const uint64_t seed = test::seed();
  for (uint64_t run = 0; run < test::corpus_runs(); ++run) {
    test::run_schedule(scene, entries, seed + run, false);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, CorpusTheme, ::testing::ValuesIn(test::corpus_files("corpus")),
                         [](const auto& info) { return info.param; });

TEST(Corpus, HasTheClassesThatItsFilesSayAndNoFewerMaintainedThanBefore) {
  const test::Scene scene(corpus / "scenes" / "shop.sql");
  size_t views = 0;
  size_t maintained = 0;
  std::string report;
  for (const std::string& file : test::corpus_files("corpus")) {
    const auto entries = test::read_corpus_file(corpus / (file + ".sql"));
    const auto compiled = scene.compile(entries);
    auto refused = test::CorpusRun::refused_views(scene, entries);
    size_t maintained_here = 0;
    for (const test::CorpusEntry& entry : entries) {
      const views::Plan* plan = compiled.world.plan(entry.name);
      const std::string found = plan ? std::string(views::to_string(plan->view_class)) : "refused";
      if (found == entry.view_class) {
        if (!entry.today.empty()) report += fmt::format("{} is {} now: `today` can go\n", entry.name, found);
      } else if (found != entry.today && (entry.known.empty() || plan)) {
        std::string why;
        for (const auto& reason : plan ? plan->reasons : std::vector<views::Reason>{})
          why += fmt::format("\n  {}: {}", reason.clause, reason.reason);
        if (!plan) why = "\n  " + refused[entry.name];
        ADD_FAILURE() << entry.name << " in " << file << ".sql is " << found << ", not " << entry.view_class
                      << why;
      }
      maintained_here += test::is_maintained_class(found) ? 1 : 0;
    }
    report += fmt::format("{:24} {:3} of {:3} maintained\n", file, maintained_here, entries.size());
    views += entries.size();
    maintained += maintained_here;
  }
  std::cout << report
            << fmt::format("{} of {} maintained: {:.1f} %\n", maintained, views, 100.0 * maintained / views);
  EXPECT_GE(views, 300u);
  EXPECT_GE(maintained, maintained_min);
}

}  // namespace
}  // namespace anabranch
