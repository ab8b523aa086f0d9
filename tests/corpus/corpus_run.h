#pragma once
// Law L2 for the views of a corpus: their events are split at random between builds and ticks, and every view
// read through the platform equals plain DuckDB running its SELECT over all events so far.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>

#include "tests/corpus/scene.h"
#include "tests/support/open_platform.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::test {

/// Stands before each number that was rounded.
constexpr char rounded_mark = '~';

/// Rows as sorted text, a line each. Numbers in columns with doubles, also within lists, structs and maps,
/// are rounded to eight digits and marked.
inline std::vector<std::string> comparable_rows(const sql::Rows& rows) {
  const auto rounded = [](const std::string& text) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const bool is_number = std::isdigit(static_cast<unsigned char>(text[at])) &&
                             (at == 0 || !std::isalnum(static_cast<unsigned char>(text[at - 1])));
      char* end = nullptr;
      const double value = is_number ? std::strtod(text.c_str() + at, &end) : 0;
      if (!is_number || end == text.c_str() + at) {
        out += text[at++];
        continue;
      }
      if (value < 1e-9 && !out.empty() && out.back() == '-') out.pop_back();
      out += rounded_mark;
      out += value < 1e-9 ? "0" : fmt::format("{:.8g}", value * (1 + 1e-12));
      at = static_cast<size_t>(end - text.c_str());
    }
    return out;
  };
  std::vector<std::string> lines;
  for (size_t i = 0; i < rows.row_count(); ++i) {
    std::string line;
    for (size_t column = 0; column < rows.columns().size(); ++column) {
      const std::string& type = rows.columns()[column].type;
      const bool has_doubles =
          type.find("DOUBLE") != std::string::npos || type.find("FLOAT") != std::string::npos;
      const auto text = rows.text(i, column);
      line += (column ? " | " : "") + (!text ? "NULL" : has_doubles ? rounded(*text) : *text);
    }
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Whether two lines differ by nothing but the last of the eight digits of rounded numbers: values a hair
/// apart may lie on two sides of where digits are rounded.
inline bool are_rounded_alike(const std::string& left, const std::string& right) {
  const char* a = left.c_str();
  const char* b = right.c_str();
  while (*a && *b) {
    if (*a != *b) return false;
    if (*a++ == rounded_mark) {
      char* a_end = nullptr;
      char* b_end = nullptr;
      const double x = std::strtod(a, &a_end);
      const double y = std::strtod(++b, &b_end);
      if (std::abs(x - y) > 1.01e-7 * std::abs(x)) return false;
      a = a_end;
      b = b_end;
    } else {
      ++b;
    }
  }
  return *a == *b;
}

/// Takes away what stands in both but for the rounding of numbers.
inline void drop_rounded_alike(std::vector<std::string>& left, std::vector<std::string>& right) {
  std::erase_if(left, [&](const std::string& line) {
    const auto same = std::find_if(right.begin(), right.end(),
                                   [&](const std::string& other) { return are_rounded_alike(line, other); });
    if (same == right.end()) return false;
    right.erase(same);
    return true;
  });
}

/// What the compiler makes of the views of a file, held against what the file says.
struct CorpusClasses {
  size_t views = 0;
  size_t maintained = 0;  // linear to keyed
  size_t merged = 0;
  size_t read_time = 0;
  size_t refused = 0;
  std::string report;  // marks that can go, and the counts
};

inline CorpusClasses check_classes(const Scene& scene, const std::vector<CorpusEntry>& entries,
                                   const std::string& file) {
  CorpusClasses classes;
  const auto compiled = scene.compile(entries);
  std::map<std::string, std::string> refused;
  for (const Error& error : compiled.errors)
    refused[error.place ? error.place->file : "?"] = error.describe();
  for (const CorpusEntry& entry : entries) {
    const views::Plan* plan = compiled.world.plan(entry.name);
    const std::string found = plan ? std::string(views::to_string(plan->view_class)) : "refused";
    if (found == entry.view_class) {
      if (!entry.today.empty())
        classes.report += fmt::format("{} is {} now: `today` can go\n", entry.name, found);
    } else if (found != entry.today && (plan || entry.known.empty())) {
      std::string why = plan ? "" : "\n  " + refused[entry.name];
      for (const auto& reason : plan ? plan->reasons : std::vector<views::Reason>{})
        why += fmt::format("\n  {}: {}", reason.clause, reason.reason);
      ADD_FAILURE() << entry.name << " in " << file << ".sql is " << found << ", not " << entry.view_class
                    << why;
    }
    if (plan && !entry.known.empty() && entry.known.find("refused") != std::string::npos)
      classes.report += fmt::format("{} is {} now: `known` can go\n", entry.name, found);
    ++classes.views;
    ++(!plan                   ? classes.refused
       : plan->is_maintained() ? classes.maintained
       : found == "merged"     ? classes.merged
                               : classes.read_time);
  }
  classes.report +=
      fmt::format("{:16} {:3} views: {:3} maintained, {:2} merged, {:2} at read time, {:2} refused\n", file,
                  classes.views, classes.maintained, classes.merged, classes.read_time, classes.refused);
  return classes;
}

/// One scene, its views, a platform on them. Lives for one test.
class CorpusRun {
 public:
  struct Options {
    speed::SpeedLayer::Options speed;
    bool has_bulk_files = false;  // some events come as Parquet files
  };

  CorpusRun(Scene& scene, std::vector<CorpusEntry> entries, const Options& options)
      : scene_(scene), entries_(std::move(entries)), options_(options) {}

  /// Views that the compiler refuses are left out; those that nobody knew of fail the test.
  void open() {
    scene_.forget_events();
    std::vector<CorpusEntry> kept;
    const auto refused = refused_views(scene_, entries_);
    for (const CorpusEntry& entry : entries_) {
      const auto found = refused.find(entry.name);
      if (found == refused.end()) {
        kept.push_back(entry);
      } else if (entry.known.empty()) {
        ADD_FAILURE() << entry.name << " is refused: " << found->second;
      } else {
        std::cout << "known: " << entry.name << ": " << entry.known << "\n";
      }
    }
    entries_ = std::move(kept);
    scene_.write_project(folder_.path(), entries_);
    for (const CorpusEntry& entry : entries_) {
      const Status created =
          scene_.session().run(fmt::format("CREATE OR REPLACE VIEW {} AS {}", entry.name, entry.sql));
      ASSERT_TRUE(created) << entry.name << ": " << created.error().describe();
    }
    auto opened = open_platform(folder_.path(), options_.speed);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
    if (scene_.tables().empty()) return;
    const auto copied = platform_->copy({});
    ASSERT_TRUE(copied) << copied.error().describe();
  }

  /// By view, the compiler's message.
  static std::map<std::string, std::string> refused_views(const Scene& scene,
                                                          const std::vector<CorpusEntry>& entries) {
    std::map<std::string, std::string> refused;
    for (const Error& error : scene.compile(entries).errors)
      refused[error.place ? error.place->file : "?"] = error.describe();
    return refused;
  }

  void start() {
    const Status started = platform_->start();
    ASSERT_TRUE(started) << started.error().describe();
    ASSERT_TRUE(platform_->left_out().empty()) << platform_->left_out().front().describe();
  }

  void restart() {
    platform_.reset();
    auto opened = open_platform(folder_.path(), options_.speed);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
    start();
  }

  /// About a share of all streams' events, in chunks that alternate between streams.
  void ingest(std::mt19937_64& random, double share) {
    const size_t chunks = 3;
    for (size_t chunk = 0; chunk < chunks; ++chunk) {
      for (Scene::Stream& stream : scene_.streams()) {
        const size_t most =
            1 + static_cast<size_t>(static_cast<double>(stream.events.size()) * share * 2 / chunks);
        arrive(stream, random() % most, random() % 3 == 0);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }

  void ingest_rest() {
    for (Scene::Stream& stream : scene_.streams()) arrive(stream, stream.events.size(), false);
  }

  void build() {
    const auto built = platform_->build({}, "test");
    ASSERT_TRUE(built) << built.error().describe();
  }

  void check(const std::string& after) {
    wait();
    if (::testing::Test::HasFatalFailure()) return;
    for (const CorpusEntry& entry : entries_) {
      SCOPED_TRACE(entry.name + " after " + after);
      const std::string difference = compare(entry);
      if (entry.known.empty()) {
        if (!difference.empty()) ADD_FAILURE() << difference;
      } else if (!difference.empty()) {
        known_seen_.insert(entry.name);
      }
    }
    ++checks_;
  }

  /// What was marked as wrong and was right all the time.
  void print_known() const {
    for (const CorpusEntry& entry : entries_) {
      if (entry.known.empty()) continue;
      std::cout << "known: " << entry.name << ": " << entry.known
                << (known_seen_.contains(entry.name) ? "" : " (NOT SEEN in this run)") << "\n";
    }
  }

  app::Platform& platform() { return *platform_; }
  const std::vector<CorpusEntry>& entries() const { return entries_; }

 private:
  void arrive(Scene::Stream& stream, size_t count, bool is_bulk) {
    count = std::min(count, stream.events.size() - stream.arrived);
    if (count == 0) return;
    if (constexpr size_t body_events_max = 50'000; !is_bulk && count > body_events_max) {
      arrive(stream, body_events_max, false);
      if (::testing::Test::HasFatalFailure()) return;
      return arrive(stream, count - body_events_max, false);
    }
    Result<ingest::Accepted> accepted = ingest::Accepted{};
    if (is_bulk && options_.has_bulk_files) {
      const io::Path file = scratch_.path() / "events.parquet";
      scene_.arrive_as_file(stream, count, file);
      accepted = platform_->ingest_file(stream.name, file.string());
    } else {
      accepted = platform_->stream(stream.name)
                     ->accept_and_wait(ingest::BodyFormat::ndjson, scene_.arrive(stream, count));
    }
    ASSERT_TRUE(accepted) << accepted.error().describe();
    ASSERT_EQ(accepted->accepted, static_cast<int64_t>(count)) << stream.name;
  }

  void wait() {
    for (const Scene::Stream& stream : scene_.streams()) {
      const auto end = platform_->stream(stream.name)->log().durable_offsets();
      ASSERT_EQ(end[0], static_cast<int64_t>(stream.arrived)) << stream.name;
      const Status waited = platform_->speed().wait_for({{stream.name, end}}, 60'000'000);
      ASSERT_TRUE(waited) << waited.error().describe();
    }
    const auto epoch = platform_->speed().epochs().newest();
    for (const auto& [view, why] : epoch->unmaintained) {
      const auto entry =
          std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.name == view; });
      if (entry == entries_.end() || entry->known.empty()) ADD_FAILURE() << view << " was left out: " << why;
    }
  }

  // How the read differs from plain DuckDB; nothing where it does not.
  std::string compare(const CorpusEntry& entry) {
    const auto expected = scene_.session().query("SELECT * FROM " + entry.name);
    if (!expected) return "plain DuckDB: " + expected.error().describe();
    const auto actual = platform_->queries().query("SELECT * FROM " + entry.name, {});
    if (!actual) return actual.error().describe();
    if (actual->rows.columns() != expected->columns()) {
      std::string text = "other columns:";
      for (const auto* rows : {&*expected, &actual->rows}) {
        text += "\n ";
        for (const auto& column : rows->columns()) text += fmt::format(" {} {},", column.name, column.type);
      }
      return text;
    }
    const auto left = comparable_rows(*expected);
    const auto right = comparable_rows(actual->rows);
    if (left == right) return "";
    std::string text = fmt::format("{} rows expected, {} read", left.size(), right.size());
    std::vector<std::string> missing;
    std::vector<std::string> extra;
    std::set_difference(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(missing));
    std::set_difference(right.begin(), right.end(), left.begin(), left.end(), std::back_inserter(extra));
    if (missing.size() < 100) drop_rounded_alike(missing, extra);
    if (missing.empty() && extra.empty()) return "";
    for (size_t i = 0; i < missing.size() && i < 3; ++i) text += "\n  expected: " + missing[i].substr(0, 400);
    for (size_t i = 0; i < extra.size() && i < 3; ++i) text += "\n  read:     " + extra[i].substr(0, 400);
    return text;
  }

  Scene& scene_;
  std::vector<CorpusEntry> entries_;
  const Options options_;
  TemporaryFolder folder_;
  TemporaryFolder scratch_;
  std::unique_ptr<app::Platform> platform_;
  std::set<std::string> known_seen_;
  int checks_ = 0;
};

/// Small steps and early compaction, so that a few events meet all of the machinery.
inline CorpusRun::Options small_steps(uint64_t seed) {
  CorpusRun::Options options;
  options.speed.tick_rows_max = 20 + seed % 400;
  options.speed.replay_rows_max = 300;
  options.speed.compaction_rows = 400;
  options.speed.tick_interval_us = 2'000;
  return options;
}

/// Events before the start, after it, between builds and after them; all views after a build and more events,
/// and at the end.
inline void run_schedule(Scene& scene, const std::vector<CorpusEntry>& entries, uint64_t seed,
                         const CorpusRun::Options& options) {
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  CorpusRun run(scene, entries, options);
  const std::vector<std::pair<std::string, std::function<void()>>> steps = {
      {"opening", [&] { run.open(); }},
      {"events before the start", [&] { run.ingest(random, 0.1); }},
      {"the start", [&] { run.start(); }},
      {"the first events", [&] { run.ingest(random, 0.2); }},
      {"a build", [&] { run.build(); }},
      {"events after a build", [&] { run.ingest(random, 0.2); }},
      {"reads over a build and ticks", [&] { run.check("a build and more events"); }},
      {"a second build", [&] { run.build(); }},
      {"the last events", [&] { run.ingest_rest(); }},
      {"reads of everything", [&] { run.check("all events"); }},
  };
  for (const auto& [name, step] : steps) {
    SCOPED_TRACE(name);
    step();
    if (::testing::Test::HasFatalFailure()) return;
  }
  run.print_known();
}

/// How many schedules a test runs: ANABRANCH_CORPUS_RUNS in the long mode.
inline uint64_t corpus_runs() {
  const char* given = std::getenv("ANABRANCH_CORPUS_RUNS");
  return given ? std::strtoull(given, nullptr, 10) : 2;
}

}  // namespace anabranch::test
