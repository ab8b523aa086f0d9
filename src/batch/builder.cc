#include "batch/builder.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/mistake.h"
#include "base/threads.h"
#include "batch/session_stop.h"
#include "batch/view_builder.h"
#include "model/names.h"
#include "sql/database.h"
#include "sql/database_folder.h"
#include "sql/object_urls.h"
#include "sql/parquet_file.h"
#include "sql/parquet_relation.h"

namespace anabranch::batch {

using views::Plan;

namespace {

constexpr int row_group_rows = 20480;  // a multiple of the engine's vector, 2,048

// With few events the time of a view goes into planning it, which the engine does on one thread: so views are
// built side by side. With many, a view alone keeps all threads busy, and two would need twice the memory.
constexpr model::Offset events_side_by_side_max = 1'000'000;

// A stream of at most so many bytes of archive is read once and kept in memory for all views.
constexpr uint64_t kept_bytes_max = 8 << 20;

// One build. Lives for one call of run_build.
class Build {
 public:
  Build(const BuildJob& job, lake::ObjectStore& store,
        const std::function<void(const BuildProgress&)>& on_progress, sql::Database& database,
        sql::Session session, SessionStop& stop)
      : job_(job),
        store_(store),
        on_progress_(on_progress),
        database_(database),
        session_(std::move(session)),
        stop_(stop),
        outcome_(job, store) {}

  Result<BuildResult> run() {
    const SessionStop::Watched watched(stop_, session_);
    if (Status begun = begin(); !begun) return fail(blaming_input(std::move(begun).error()));
    const std::vector<Plan>& plans = job_.world.plans;
    for (size_t i = 0; i < plans.size(); ++i) positions_[plans[i].view] = i;
    {
      Lock lock(mutex_);
      left_ = plans.size();
      waits_for_.resize(plans.size(), 0);
      read_by_.resize(plans.size());
      total_ = std::count_if(plans.begin(), plans.end(), [&](const Plan& plan) { return is_wanted(plan); });
      for (size_t i = 0; i < plans.size(); ++i) {
        for (const std::string& relation : plans[i].relations) {
          const auto below = positions_.find(relation);
          if (below == positions_.end() || below->second == i) continue;
          ++waits_for_[i];
          read_by_[below->second].push_back(i);
        }
        if (waits_for_[i] == 0) ready_.insert(i);
      }
    }
    run_on_threads(is_side_by_side() ? static_cast<size_t>(std::max(1, job_.threads)) : 1,
                   [this] { work(); });
    {
      Lock lock(mutex_);
      if (failure_) return fail(blaming_input(std::move(*failure_)));
      on_progress_({"checkpoint", "", done_, total_});
    }
    TRY(session_.run("CHECKPOINT build"));
    TRY(session_.run("DETACH build"));
    TRY(stop_.check());
    TRY(store_.adopt(outcome_.database_file(), state_file_));
    return outcome_.take();
  }

 private:
  Status begin() {
    // The engine writes a database here and there in its file, as no object can be: it becomes one when it is
    // whole.
    state_folder_.emplace(TRY(sql::DatabaseFolder::in(job_.work_folder)));
    state_file_ = state_folder_->path() / "states.duckdb";
    // States are sorted by key: with small row groups a read of one key looks at one of them. Nobody sees the
    // file before it is whole, so it needs no log of its own.
    TRY(session_.run(fmt::format("ATTACH {} AS build (ROW_GROUP_SIZE {}, RECOVERY_MODE 'no_wal_writes')",
                                 sql::quote_literal(state_file_.string()), row_group_rows)));
    for (const auto& [stream, schema] : job_.world.schemas) {
      const views::Relation& relation = job_.world.relations.at(sql::lower(stream));
      std::vector<model::RelationColumn> columns = relation.columns;
      columns.insert(columns.end(), relation.hidden_columns.begin(), relation.hidden_columns.end());
      std::string events = archived_events(stream, schema, columns);
      if (!events.empty()) {
        if (TRY(is_kept(stream))) {
          const std::string kept = sql::quote_identifier("stream " + stream);
          TRY(session_.run(fmt::format("CREATE TABLE {} AS FROM {}", kept, events)));
          events = kept;
        }
      } else {
        std::string nulls;
        for (const auto& column : columns) {
          nulls += fmt::format("{}NULL::{} AS {}", nulls.empty() ? "" : ", ", column.type,
                               sql::quote_identifier(column.name));
        }
        events = fmt::format("(SELECT {} WHERE false)", nulls);
      }
      outcome_.mean_relation(relation, "FROM " + events);
    }
    for (const auto& [name, table] : job_.world.tables) {
      const views::Relation& relation = job_.world.relations.at(sql::lower(name));
      if (table.is_in_place) {
        outcome_.mean_relation(
            relation, "FROM " + sql::table_file_relation(table.file, table.columns, views::row_column));
        continue;
      }
      const bool is_short = is_planted("a build misses the first row of tables");
      const std::string memory_table = sql::quote_identifier("table " + name);
      TRY(session_.run(fmt::format("CREATE TABLE {} AS FROM {}{}", memory_table,
                                   sql::table_file_relation(table.file, table.columns, views::row_column),
                                   is_short ? " OFFSET 1" : "")));
      outcome_.mean_relation(relation, "FROM " + memory_table);
    }
    return {};
  }

  // Those before the cut-off, as a table expression; empty where there are no files.
  std::string archived_events(const std::string& stream, const model::Schema& schema,
                              const std::vector<model::RelationColumn>& columns) const {
    const auto archive = job_.archives.find(stream);
    if (archive == job_.archives.end()) return "";
    std::string all;
    size_t sources = 0;
    for (size_t number = 0; number < archive->second.size(); ++number) {
      const auto& files = archive->second[number];
      if (files.empty()) continue;
      const auto partition = static_cast<model::Partition>(number);
      const model::Offset end = model::offset_of(job_.cutoff, model::name_in_layer(stream), partition);
      const std::string source = sql::archive_relation(
          files, columns, schema, end - (is_planted("a build ends one event too early") ? 1 : 0),
          archive->second.size() > 1 ? std::optional(partition) : std::nullopt);
      all += (all.empty() ? "FROM " : " UNION ALL FROM ") + source;
      ++sources;
    }
    if (sources == 1) return all.substr(std::string_view("FROM ").size());
    return all.empty() ? all : "(" + all + ")";
  }

  // Whether the scan of a stream is worth sharing.
  Result<bool> is_kept(const std::string& stream) const {
    const auto readers =
        std::count_if(job_.world.plans.begin(), job_.world.plans.end(),
                      [&](const Plan& plan) { return is_wanted(plan) && plan.relations.contains(stream); });
    if (readers < 2) return false;
    uint64_t bytes = 0;
    for (const auto& files : job_.archives.at(stream)) {
      for (const std::string& file : files) {
        const auto key = sql::object_key(file);
        if (!key) return fail(Code::internal, fmt::format("{} is no object of the lake", file));
        bytes += TRY(store_.open(*key))->size();
      }
    }
    return bytes <= kept_bytes_max;
  }

  bool is_side_by_side() const {
    model::Offset events = 0;
    for (const auto& [stream, cutoff] : job_.cutoff) events += model::event_count(cutoff);
    return events <= events_side_by_side_max;
  }

  bool is_wanted(const Plan& plan) const {
    const std::string_view view = views::view_of_block(plan.view);
    return job_.views.empty() || std::find(job_.views.begin(), job_.views.end(), view) != job_.views.end();
  }

  // One thread of the build: each view once those that it reads are there, the first of the order first.
  void work() {
    auto session = database_.connect();
    if (!session) return give_up(std::move(session).error());
    const SessionStop::Watched watched(stop_, *session);
    while (true) {
      size_t index = 0;
      {
        Lock lock(mutex_);
        while (ready_.empty() && left_ > 0 && !failure_) lock.wait(changed_);
        if (left_ == 0 || failure_) return;
        index = *ready_.begin();
        ready_.erase(ready_.begin());
        on_progress_({"views", job_.world.plans[index].view, done_, total_});
      }
      if (Status goes_on = stop_.check(); !goes_on) return give_up(std::move(goes_on).error());
      const Plan& plan = job_.world.plans[index];
      ViewBuilder builder(outcome_, *session, plan);
      Status built;
      if (is_wanted(plan)) {
        built = builder.build();
      } else {
        builder.pass_over();
      }
      if (!built) return give_up(in_context(std::move(built), plan.view).error());
      Lock lock(mutex_);
      for (const size_t reader : read_by_[index]) {
        if (--waits_for_[reader] == 0) ready_.insert(reader);
      }
      if (is_wanted(plan)) ++done_;
      --left_;
      changed_.notify_all();
    }
  }

  // An error that may come from a damaged file says which one: the engine's own words for what it finds in
  // there name none.
  Error blaming_input(Error error) {
    constexpr std::array not_of_bytes = {Code::too_large, Code::disk_full, Code::cancelled, Code::io};
    if (std::ranges::find(not_of_bytes, error.code) != not_of_bytes.end()) return error;
    if (!outcome_.names_input(error.message)) {
      const auto files = outcome_.input_files();
      const auto damaged = std::ranges::find_if(files, [&](const auto& file) {
        const auto read =
            session_.query("SELECT count(hash(COLUMNS(*))) FROM " + sql::read_files("read_parquet", {file}));
        return !read && std::ranges::find(not_of_bytes, read.error().code) == not_of_bytes.end();
      });
      if (damaged == files.end()) return error;
      error.message = fmt::format("{} is damaged: {}", *damaged, error.message);
    }
    error.code = Code::corrupt;
    error.hint = "restore the file from a backup";
    error.place.reset();  // one in our text
    return error;
  }

  void give_up(Error error) {
    Lock lock(mutex_);
    if (!failure_) failure_ = std::move(error);
    changed_.notify_all();
  }

  const BuildJob& job_;
  lake::ObjectStore& store_;
  const std::function<void(const BuildProgress&)>& on_progress_;  // called by one thread at a time
  sql::Database& database_;
  sql::Session session_;
  SessionStop& stop_;
  BuildOutcome outcome_;
  std::optional<sql::DatabaseFolder> state_folder_;
  io::Path state_file_;
  std::map<std::string, size_t> positions_;

  Mutex mutex_;
  std::condition_variable changed_;
  std::vector<size_t> waits_for_ GUARDED_BY(mutex_);  // by plan: views below it that are not built yet
  std::vector<std::vector<size_t>> read_by_ GUARDED_BY(mutex_);
  std::set<size_t> ready_ GUARDED_BY(mutex_);
  size_t left_ GUARDED_BY(mutex_) = 0;
  int64_t done_ GUARDED_BY(mutex_) = 0;
  int64_t total_ GUARDED_BY(mutex_) = 0;
  std::optional<Error> failure_ GUARDED_BY(mutex_);
};

}  // namespace

Result<BuildResult> run_build(const BuildJob& job, lake::ObjectStore& store,
                              const std::function<void(const BuildProgress&)>& on_progress,
                              const std::stop_token& token) {
  auto& files = io::local_file_system();
  struct Work {  // goes after the engine that has files in it
    io::FileSystem& files;
    const io::Path folder;
    ~Work() { (void)files.remove_all(folder); }
  } const work{files, job.work_folder};
  TRY(files.create_folders(work.folder));
  sql::Database::Options options;
  options.threads = job.threads;
  options.memory_bytes_max = job.memory_bytes_max;
  options.temporary_folder = work.folder / "spill";
  SessionStop stop(token);
  const auto database = TRY(sql::Database::open(options));
  TRY(sql::give_objects(*database, store));
  auto session = TRY(database->connect());
  // States are sorted by key and rows carry their order: the engine need not keep one.
  TRY(session.run("SET preserve_insertion_order = false"));
  auto built = Build(job, store, on_progress, *database, std::move(session), stop).run();
  TRY(stop.check());  // whatever came of it
  return built;
}

}  // namespace anabranch::batch
