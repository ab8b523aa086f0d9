// A corpus of ordinary analytics SQL, the views that working data engineers write: each equals plain DuckDB
// at random splits between batch and speed (law L2) and has the class that its file says; and how many of
// them are maintained never falls.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/corpus/corpus_run.h"

namespace anabranch {
namespace {

const io::Path corpus = io::Path(ANABRANCH_SOURCE) / "tests" / "corpus";

// Reached so far, of all views in tests/corpus/*.sql. Raise them when the compiler does more.
constexpr size_t maintained_min = 256;
constexpr size_t without_events_min = 285;  // maintained, or merged from what is maintained
constexpr size_t refused_max = 1;

class CorpusTheme : public ::testing::TestWithParam<std::string> {};

TEST_P(CorpusTheme, EveryViewEqualsPlainDuckDb) {
  const auto entries = test::read_corpus_file(corpus / (GetParam() + ".sql"));
  ASSERT_FALSE(entries.empty());
  test::Scene scene(corpus / "scenes" / "shop.sql");
  if (HasFatalFailure()) return;
  const uint64_t seed = test::seed();
  for (uint64_t run = 0; run < test::corpus_runs(); ++run) {
    test::run_schedule(scene, entries, seed + run, test::small_steps(seed + run));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, CorpusTheme, ::testing::ValuesIn(test::corpus_files("corpus")),
                         [](const auto& info) { return info.param; });

TEST(Corpus, ToldApartIsAllButTheLastOfTheRoundedDigits) {
  EXPECT_TRUE(test::are_rounded_alike("s2 | -~0.00019429842 | 72", "s2 | -~0.00019429841 | 72"));
  EXPECT_TRUE(test::are_rounded_alike("[~0.99999999, ~2]", "[~1, ~2]"));
  EXPECT_FALSE(test::are_rounded_alike("s2 | ~0.00019429842 | 72", "s2 | ~0.00019429822 | 72"));
  EXPECT_FALSE(test::are_rounded_alike("s2 | ~0.5 | 123456789", "s2 | ~0.5 | 123456788"));
  EXPECT_FALSE(test::are_rounded_alike("s2 | ~0.5", "s2 | -~0.5"));
  EXPECT_FALSE(test::are_rounded_alike("s2 | ~0.5", "s2 | ~0.5 | 1"));
  EXPECT_FALSE(test::are_rounded_alike("~0", "~0.00000001"));
}

TEST(Corpus, HasTheClassesThatItsFilesSayAndNoFewerMaintainedThanBefore) {
  const test::Scene scene(corpus / "scenes" / "shop.sql");
  test::CorpusClasses all;
  for (const std::string& file : test::corpus_files("corpus")) {
    const auto classes = test::check_classes(scene, test::read_corpus_file(corpus / (file + ".sql")), file);
    all.report += classes.report;
    all.views += classes.views;
    all.maintained += classes.maintained;
    all.merged += classes.merged;
    all.refused += classes.refused;
  }
  const auto percent = [&](size_t n) {
    return 100.0 * static_cast<double>(n) / static_cast<double>(all.views);
  };
  std::cout << all.report
            << fmt::format(
                   "all {} views: {} maintained ({:.1f} %), {} without events ({:.1f} %), {} refused\n",
                   all.views, all.maintained, percent(all.maintained), all.maintained + all.merged,
                   percent(all.maintained + all.merged), all.refused);
  EXPECT_GE(all.views, 300u);
  EXPECT_GE(all.maintained, maintained_min);
  EXPECT_GE(all.maintained + all.merged, without_events_min);
  EXPECT_LE(all.refused, refused_max);
}

}  // namespace
}  // namespace anabranch
