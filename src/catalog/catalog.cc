#include "catalog/catalog.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "catalog/migrator.h"
#include "catalog/records.h"
#include "catalog/sqlite.h"

namespace anabranch::catalog {
namespace {

constexpr std::array build_states{BuildState::running, BuildState::published, BuildState::failed,
                                  BuildState::abandoned};
constexpr std::array verdict_results{VerdictRecord::Result::equal, VerdictRecord::Result::different,
                                     VerdictRecord::Result::failed};

// The value whose name it is; the tables allow no other names.
template <typename Values>
auto named(const Values& values, std::string_view name) {
  for (const auto value : values) {
    if (to_string(value) == name) return value;
  }
  return values.front();
}

int64_t clamped(size_t limit) {
  return std::in_range<int64_t>(limit) ? static_cast<int64_t>(limit) : INT64_MAX;
}

Status check_file(Sqlite& database, const io::Path& path) {
  auto statement = TRY(database.prepare("PRAGMA quick_check(1)"));
  if (TRY(statement.step()) && statement.text(0) == "ok") return {};
  return fail(
      Code::corrupt, fmt::format("{} is damaged: {}", path.string(), statement.text(0)),
      "stop the program, put a backup of this file in its place, or move it away: the history of runs is "
      "then lost, but no data");
}

}  // namespace

std::string_view to_string(BuildState state) {
  switch (state) {
    case BuildState::running:
      return "running";
    case BuildState::published:
      return "published";
    case BuildState::failed:
      return "failed";
    case BuildState::abandoned:
      return "abandoned";
  }
  return "failed";
}

std::string_view to_string(VerdictRecord::Result result) {
  switch (result) {
    case VerdictRecord::Result::equal:
      return "equal";
    case VerdictRecord::Result::different:
      return "different";
    case VerdictRecord::Result::failed:
      return "failed";
  }
  return "failed";
}

Catalog::Catalog(io::Path path, std::unique_ptr<Sqlite> database)
    : path_(std::move(path)), database_(std::move(database)) {}
Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::open(io::FileSystem& files, const io::Path& path,
                                               std::span<const Migration> migrations) {
  TRY(files.create_folders(path.parent_path()));
  auto database = std::make_unique<Sqlite>(TRY(Sqlite::open(path)));
  TRY(check_file(*database, path));
  TRY(migrate(*database, files, path, migrations));
  // Only now is it known to be ours. WAL lets readers go on while someone writes; FULL syncs before a commit
  // returns.
  TRY(database->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"));
  return std::unique_ptr<Catalog>(new Catalog(path, std::move(database)));
}

Status Catalog::begin_build(const BuildStart& start) {
  const std::string views = TRY(names_to_json(start.views));
  const std::string cutoff = TRY(offsets_to_json(start.cutoff));
  Lock lock(mutex_);
  auto statement =
      TRY(database_->prepare("INSERT INTO builds (id, state, reason, views, cutoff, started_at_us) VALUES "
                             "(?, 'running', ?, ?, ?, ?) "
                             "ON CONFLICT (id) DO NOTHING"));
  TRY(statement.bind(start.id).bind(start.reason).bind(views).bind(cutoff).bind(start.started_at_us).run());
  if (database_->changed_rows() == 1) return {};
  return fail(Code::conflict, fmt::format("{} has a build {} already", path_.string(), start.id));
}

Status Catalog::finish_build(const std::string& id, const BuildEnd& end) {
  if (end.state == BuildState::running)
    return fail(Code::bad_input, fmt::format("build {} cannot end as running", id));
  const std::string warnings = TRY(warnings_to_json(end.warnings));
  Lock lock(mutex_);
  auto statement =
      TRY(database_->prepare("UPDATE builds SET state = ?, finished_at_us = ?, rows = ?, peak_memory_bytes = "
                             "?, error = ?, warnings = ? "
                             "WHERE id = ? AND state = 'running'"));
  TRY(statement.bind(to_string(end.state))
          .bind(end.finished_at_us)
          .bind(end.rows)
          .bind(end.peak_memory_bytes)
          .bind(end.error)
          .bind(warnings)
          .bind(id)
          .run());
  if (database_->changed_rows() == 1) return {};
  auto found = TRY(database_->prepare("SELECT state FROM builds WHERE id = ?"));
  if (TRY(found.bind(id).step())) {
    return fail(Code::conflict, fmt::format("build {} has ended before: {}", id, found.text(0)));
  }
  return fail(Code::not_found, fmt::format("{} has no build {}", path_.string(), id));
}

Result<std::vector<BuildRun>> Catalog::builds(size_t limit) {
  Lock lock(mutex_);
  auto statement =
      TRY(database_->prepare("SELECT id, state, reason, views, cutoff, started_at_us, finished_at_us, rows, "
                             "peak_memory_bytes, error, warnings "
                             "FROM builds ORDER BY started_at_us DESC, rowid DESC LIMIT ?"));
  statement.bind(clamped(limit));
  std::vector<BuildRun> runs;
  while (TRY(statement.step())) {
    BuildRun run;
    run.start.id = statement.text(0);
    run.state = named(build_states, statement.text(1));
    run.start.reason = statement.text(2);
    run.start.views = TRY(names_from_json(statement.text(3)));
    run.start.cutoff = TRY(offsets_from_json(statement.text(4)));
    run.start.started_at_us = statement.integer(5);
    if (const auto finished_at_us = statement.optional_integer(6)) {
      run.end =
          BuildEnd{run.state, *finished_at_us, statement.integer(7), statement.integer(8), statement.text(9)};
      run.end->warnings = TRY(warnings_from_json(statement.text(10)));
    }
    runs.push_back(std::move(run));
  }
  return runs;
}

Result<std::vector<std::string>> Catalog::abandon_running(int64_t at_us) {
  Lock lock(mutex_);
  auto statement = TRY(database_->prepare(
      "UPDATE builds SET state = 'abandoned', finished_at_us = ?, error = 'the program ended "
      "while it ran' WHERE state = 'running' RETURNING id"));
  statement.bind(at_us);
  std::vector<std::string> ids;
  while (TRY(statement.step())) ids.push_back(statement.text(0));
  return ids;
}

Status Catalog::record_verdict(const VerdictRecord& verdict) {
  const std::string offsets = TRY(offsets_to_json(verdict.offsets));
  Lock lock(mutex_);
  auto statement =
      TRY(database_->prepare("INSERT INTO verdicts (view, result, rows, offsets, at_us, elapsed_ms, note, "
                             "definition, source, sample) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return statement.bind(verdict.view)
      .bind(to_string(verdict.result))
      .bind(verdict.rows)
      .bind(offsets)
      .bind(verdict.at_us)
      .bind(verdict.elapsed_ms)
      .bind(verdict.note)
      .bind(verdict.definition)
      .bind(verdict.source)
      .bind(verdict.sample)
      .run();
}

Result<std::vector<VerdictRecord>> Catalog::last_verdicts() {
  Lock lock(mutex_);
  auto statement = TRY(database_->prepare(
      "SELECT view, result, rows, offsets, at_us, elapsed_ms, note, definition, source, sample FROM verdicts "
      "WHERE number IN (SELECT max(number) FROM verdicts GROUP BY view) ORDER BY view"));
  std::vector<VerdictRecord> verdicts;
  while (TRY(statement.step())) {
    VerdictRecord verdict;
    verdict.view = statement.text(0);
    verdict.result = named(verdict_results, statement.text(1));
    verdict.rows = statement.integer(2);
    verdict.offsets = TRY(offsets_from_json(statement.text(3)));
    verdict.at_us = statement.integer(4);
    verdict.elapsed_ms = statement.integer(5);
    verdict.note = statement.text(6);
    verdict.definition = statement.text(7);
    verdict.source = statement.text(8);
    verdict.sample = statement.text(9);
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

Status Catalog::record_copy(const TableCopy& copy) {
  Lock lock(mutex_);
  auto statement = TRY(database_->prepare(
      "INSERT INTO copies (table_name, version, rows, at_us, source) VALUES (?, ?, ?, ?, ?)"));
  return statement.bind(copy.table)
      .bind(copy.version)
      .bind(copy.rows)
      .bind(copy.at_us)
      .bind(copy.source)
      .run();
}

Result<std::vector<TableCopy>> Catalog::copies(size_t limit) {
  Lock lock(mutex_);
  auto statement = TRY(database_->prepare(
      "SELECT table_name, version, rows, at_us, source FROM copies ORDER BY number DESC LIMIT ?"));
  statement.bind(clamped(limit));
  std::vector<TableCopy> copies;
  while (TRY(statement.step())) {
    copies.push_back({statement.text(0), statement.integer(1), statement.integer(2), statement.integer(3),
                      statement.text(4)});
  }
  return copies;
}

Status Catalog::forget_old(size_t kept) {
  Lock lock(mutex_);
  for (const char* sql :
       {"DELETE FROM builds WHERE state <> 'running' AND rowid NOT IN "
        "(SELECT rowid FROM builds ORDER BY started_at_us DESC, rowid DESC LIMIT ?)",
        "DELETE FROM copies WHERE number NOT IN (SELECT number FROM copies ORDER BY number DESC LIMIT ?)",
        "DELETE FROM verdicts WHERE number NOT IN (SELECT number FROM verdicts ORDER BY number DESC LIMIT ?) "
        "AND number NOT IN (SELECT max(number) FROM verdicts GROUP BY view)"}) {
    auto statement = TRY(database_->prepare(sql));
    TRY(statement.bind(clamped(kept)).run());
  }
  return {};
}

Status Catalog::keep_verdicts_of(const std::set<std::string>& views) {
  Lock lock(mutex_);
  std::vector<std::string> gone;
  {
    auto statement = TRY(database_->prepare("SELECT DISTINCT view FROM verdicts"));
    while (TRY(statement.step())) {
      if (!views.contains(statement.text(0))) gone.push_back(statement.text(0));
    }
  }
  for (const std::string& view : gone) {
    auto statement = TRY(database_->prepare("DELETE FROM verdicts WHERE view = ?"));
    TRY(statement.bind(view).run());
  }
  return {};
}

Status Catalog::keep_keyed_answer(const KeyedAnswer& answer) {
  Lock lock(mutex_);
  auto statement = TRY(
      database_->prepare("INSERT INTO keyed_answers (route, key, fingerprint, body) VALUES (?, ?, ?, ?)"));
  TRY(statement.bind(answer.route).bind(answer.key).bind(answer.fingerprint).bind(answer.body).run());
  return database_->run(
      "DELETE FROM keyed_answers WHERE number <= (SELECT max(number) FROM keyed_answers) - 10000");
}

Result<std::optional<KeyedAnswer>> Catalog::keyed_answer(std::string_view route, std::string_view key) {
  Lock lock(mutex_);
  auto statement =
      TRY(database_->prepare("SELECT fingerprint, body FROM keyed_answers WHERE route = ? AND key = ?"));
  statement.bind(route).bind(key);
  if (!TRY(statement.step())) return std::nullopt;
  return KeyedAnswer{std::string(route), std::string(key), statement.integer(0), statement.text(1)};
}

}  // namespace anabranch::catalog
