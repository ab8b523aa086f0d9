// What a planted mistake does, and who finds it. Runs one project through a fixed schedule of everything
// (ticks, CSV, bulk files, drift, builds of all and of some views with events in between, a new version of a
// table, a changed model, restarts) and asks `verify` on the way and at its end; what it finds nothing in is
// compared with plain DuckDB, which was given the same events by INSERT. Writes one line, `<who>\t<what>`;
// nobody: `nobody\t`.
//
//   ANABRANCH_MISTAKE=NAME  the mistake, of those in mistakes.txt; none: everything must be right

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <spdlog/spdlog.h>

#include "tests/support/corpus_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/plain_engine.h"
#include "tests/support/platform_reads.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

constexpr int64_t wait_us = 30'000'000;
constexpr int64_t first_with_extra = 420;  // as in events.sql
const io::Path source = ANABRANCH_SOURCE;

struct Found {
  std::string who;
  std::string what;
};

class Check {
 public:
  Check() {
    views_ = test::write_corpus_project(folder_.path(), (source / "tests/equivalence/views.sql").string());
    own_views_ = test::read_view_corpus((source / "tests/mistakes/views.sql").string());
    for (const auto& view : own_views_) {
      views_.push_back(view);
      write_model(view.name, view.sql);
    }
    test::write_text(folder_.path() / "streams" / "events.yml",
                     "fields:\n"
                     "  - {name: id, type: bigint, required: true}\n"
                     "  - {name: k, type: varchar}\n"
                     "  - {name: g, type: integer}\n"
                     "  - {name: x, type: integer}\n"
                     "  - {name: y, type: double}\n"
                     "  - {name: d, type: 'decimal(10,2)'}\n"
                     "  - {name: w, type: 'decimal(38,2)'}\n"
                     "  - {name: flag, type: boolean}\n"
                     "  - {name: ts, type: timestamp}\n"
                     "  - {name: zoned, type: timestamptz}\n"
                     "  - {name: s, type: varchar}\n"
                     "  - {name: tags, type: 'varchar[]'}\n"
                     "on_drift: evolve\n");
    make_events();
  }

  /// What was found first; nothing where all is right. An error: the program itself refused to go on.
  Result<std::optional<Found>> run() {
    TRY(open());
    TRY(platform_->copy({}));
    TRY(send_json(60));
    TRY(start());
    TRY(send_json(50));
    TRY(send_csv(40));
    TRY(build({}, 30));
    TRY(send_json(40));
    TRY(send_bulk(40));
    TRY(send_json(30));
    if (auto found = TRY(ask_verify())) return found;
    TRY(build({"gold.sums", "gold.joined", "silver.clean", "gold.counted", "silver.two_texts"}, 0));
    TRY(send_csv(40));
    TRY(restart());
    TRY(send_json(40));
    if (auto found = TRY(ask_verify())) return found;
    test::write_dim(folder_.path(), 1);
    TRY(platform_->copy({}));
    TRY(send_json(90));  // some with a field that the stream does not declare
    TRY(build({}, 40));
    TRY(send_bulk(30));
    TRY(send_json(30));
    if (auto found = TRY(ask_verify())) return found;
    write_model("gold.changed", "SELECT k, min(x) AS v FROM bronze.events GROUP BY k");
    TRY(restart());
    TRY(send_json(40));
    if (auto found = TRY(ask_verify())) return found;
    return ask_plain();
  }

 private:
  void write_model(const std::string& name, const std::string& sql) {
    test::write_model(folder_.path(), name, sql);
  }

  void make_events() {
    std::stringstream script;
    script << std::ifstream(source / "tests/mistakes/events.sql").rdbuf();
    std::string statement;
    for (std::string line; std::getline(script, line);) {
      if (line.starts_with("--")) continue;
      statement += line + "\n";
      if (!line.ends_with(";")) continue;
      plain_.run(statement);
      statement.clear();
    }
    plain_.run("CREATE TABLE bronze.events AS SELECT * EXCLUDE (n) FROM made LIMIT 0");
  }

  // ---- the platform ----

  Status open() {
    speed::SpeedLayer::Options options;
    options.tick_rows_max = 25;
    options.replay_rows_max = 17;
    options.compaction_rows = 30;
    options.tick_interval_us = 100;
    platform_ = TRY(test::open_platform(folder_.path(), options));
    return {};
  }

  Status start() {
    TRY(platform_->start());
    is_started_ = true;
    return wait();
  }

  Status restart() {
    is_started_ = false;
    platform_.reset();
    TRY(open());
    return start();
  }

  // Until everything is included.
  Status wait() { return platform_->speed().wait_for({{"events", {arrived_ + too_many_}}}, wait_us); }

  Status wait_for_compaction() {
    auto& clock = io::system_clock();
    const int64_t deadline_us = clock.monotonic_us() + wait_us;
    while (platform_->speed().stats().compactions == 0) {
      if (clock.monotonic_us() > deadline_us) return fail(Code::timeout, "there was no compaction");
      std::this_thread::yield();
    }
    return {};
  }

  // While the build is computed, so many events come in.
  Status build(const std::vector<std::string>& views, int64_t events_meanwhile) {
    Status sent;
    platform_->on_build_progress([&](const batch::BuildProgress& progress) {
      if (progress.stage != "views" || events_meanwhile == 0) return;
      sent = send_json(events_meanwhile);
      events_meanwhile = 0;
    });
    TRY(platform_->build(views, "test"));
    platform_->on_build_progress(nullptr);
    TRY(Status(sent));
    return wait();
  }

  // ---- events ----

  // The next events are those of the plain engine too; gives one column of them.
  std::vector<std::string> next(int64_t count, const std::string& column) {
    const std::string range = fmt::format("n >= {} AND n < {}", arrived_, arrived_ + count);
    plain_.run(
        fmt::format("INSERT INTO bronze.events SELECT * EXCLUDE (n) FROM made WHERE {} ORDER BY n", range));
    const auto rows =
        plain_.session().query(fmt::format("SELECT {} FROM sent WHERE {} ORDER BY n", column, range));
    std::vector<std::string> texts;
    for (size_t i = 0; rows && i < rows->row_count(); ++i) texts.push_back(rows->text(i, 0).value_or(""));
    if (texts.size() != static_cast<size_t>(count)) std::exit(2);  // plain DuckDB has said why
    arrived_ += count;
    return texts;
  }

  Status check(const Result<ingest::Accepted>& accepted, int64_t events, int64_t rubbish) {
    if (!accepted) return std::unexpected(accepted.error());
    too_many_ += accepted->accepted - events;
    const bool is_right = accepted->accepted == events && accepted->quarantined == rubbish;
    if (!is_right && wrongly_accepted_.empty()) {
      wrongly_accepted_ = fmt::format("{} events and {} for quarantine: {} and {} were taken", events,
                                      rubbish, accepted->accepted, accepted->quarantined);
    }
    return is_started_ ? wait() : Status{};
  }

  // With rubbish in between, and no line break at the end.
  Status send_json(int64_t count) {
    static const char* rubbish[] = {"not json", "{\"k\":\"no id\"}", "{\"id\":1,\"x\":5.5}"};
    std::string body;
    int64_t number = 0;
    for (const std::string& line : next(count, "as_json")) {
      if (number % 10 == 4) body += fmt::format("{}\n", rubbish[number / 10 % 3]);
      body += (body.empty() || body.ends_with('\n') ? "" : "\n") + line;
      if (++number < count) body += "\n";
    }
    return check(platform_->stream("events")->accept_and_wait(ingest::BodyFormat::ndjson, body), count,
                 (count + 5) / 10);
  }

  Status send_csv(int64_t count) {
    std::string body = "id,k,g,x,y,d,w,flag,ts,zoned,s,tags\n";
    for (const std::string& line : next(count, "as_csv")) body += line + "\n";
    return check(platform_->stream("events")->accept_and_wait(ingest::BodyFormat::csv, body), count, 0);
  }

  // One of its rows has no id.
  Status send_bulk(int64_t count) {
    const std::string range = fmt::format("n >= {} AND n < {}", arrived_, arrived_ + count);
    const io::Path file = scratch_.path() / fmt::format("bulk-{}.parquet", arrived_);
    const char* left_out = arrived_ < first_with_extra ? "n, extra" : "n";
    plain_.run(
        fmt::format("COPY (SELECT * EXCLUDE ({}) FROM (FROM made WHERE {} UNION ALL SELECT * REPLACE "
                    "(NULL AS id) FROM made WHERE n = 0) ORDER BY n) TO {} (FORMAT parquet)",
                    left_out, range, sql::quote_literal(file.string())));
    (void)next(count, "id");
    return check(platform_->ingest_file("events", file.string()), count, 1);
  }

  // ---- who finds it ----

  Result<std::optional<Found>> ask_verify() {
    TRY(wait_for_compaction());
    quality::Verifier::Request all;
    for (const auto& view : views_) all.views.push_back(view.name);
    const auto verdicts = TRY(platform_->verifier().verify(all));
    std::string views;
    std::string first;
    for (const auto& verdict : verdicts) {
      if (verdict.outcome == quality::Verdict::Outcome::equal) continue;
      views += (views.empty() ? "" : ", ") + verdict.view;
      if (first.empty()) first = test::describe_differences(verdict);
    }
    if (views.empty()) return std::optional<Found>();
    return std::optional(Found{"verify", views + ": " + first});
  }

  Result<std::optional<Found>> ask_plain() {
    if (!wrongly_accepted_.empty()) return std::optional(Found{"equivalence", wrongly_accepted_});
    for (const auto& [table, types] :
         {std::pair("dim", "{'k': 'VARCHAR', 'name': 'VARCHAR', 'weight': 'DOUBLE'}"),
          std::pair("lookup", "{'g': 'INTEGER', 'label': 'VARCHAR'}")}) {
      plain_.run(fmt::format("CREATE TABLE bronze.{0} AS FROM read_csv('{1}/data/{0}.csv', types = {2})",
                             table, folder_.path().string(), types));
    }
    std::vector<std::pair<std::string, std::string>> asked = {{"bronze.events", ""}};
    for (const auto& view : own_views_) {
      // Plain DuckDB gives an error where the platform leaves an event out and records it.
      if (view.sql.find("::INTEGER") == std::string::npos) asked.emplace_back(view.name, view.sql);
    }
    for (auto& [name, sql] : asked) {
      if (name == "gold.changed") sql = "SELECT k, min(x) AS v FROM bronze.events GROUP BY k";
      if (!sql.empty()) plain_.run(fmt::format("CREATE VIEW {} AS {}", name, sql));
      const std::string expected = test::sorted_rows(plain_.session(), "SELECT * FROM " + name);
      const std::string actual = test::platform_rows(*platform_, name);
      if (actual != expected)
        return std::optional(Found{"equivalence", name + first_difference(expected, actual)});
    }
    return std::optional<Found>();
  }

  static std::string first_difference(const std::string& expected, const std::string& actual) {
    std::istringstream left(expected);
    std::istringstream right(actual);
    std::string a;
    std::string b;
    while (a == b && (left || right)) {
      if (!std::getline(left, a)) a = "no row";
      if (!std::getline(right, b)) b = "no row";
    }
    return fmt::format("\n  expected: {}\n  actual: {}", a, b);
  }

  test::TemporaryFolder folder_;
  test::TemporaryFolder scratch_;
  test::PlainEngine plain_;
  std::vector<test::CorpusView> views_;
  std::vector<test::CorpusView> own_views_;
  std::unique_ptr<app::Platform> platform_;
  int64_t arrived_ = 0;   // of the events that were made
  int64_t too_many_ = 0;  // were taken in
  bool is_started_ = false;
  std::string wrongly_accepted_;
};

std::string in_one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text.substr(0, 600);
}

}  // namespace
}  // namespace anabranch

int main() {
  spdlog::set_level(spdlog::level::off);
  anabranch::Check check;
  const auto found = check.run();
  if (!found) {
    std::printf("program\t%s\n", anabranch::in_one_line(found.error().describe()).c_str());
  } else if (*found) {
    std::printf("%s\t%s\n", (*found)->who.c_str(), anabranch::in_one_line((*found)->what).c_str());
  } else {
    std::printf("nobody\t\n");
  }
  return 0;
}
