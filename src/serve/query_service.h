#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "history/history.h"
#include "io/clock.h"
#include "model/names.h"
#include "security/policy.h"
#include "serve/caller_sight.h"
#include "serve/merged_read.h"
#include "serve/reads.h"
#include "speed/speed_layer.h"
#include "sql/database.h"
#include "sql/function_names.h"
#include "sql/plan_guard.h"

namespace anabranch::serve {

/// What a read saw.
struct Answer {
  sql::Rows rows;
  std::string build_id;    // empty: no build yet
  model::Offsets offsets;  // exclusive, by stream that the caller may see
  int64_t epoch = 0;
  int64_t elapsed_us = 0;
};

struct ReadOptions {
  security::Caller caller = security::local_caller();
  model::Offsets min_offsets;  // exclusive: wait until these are included
  int64_t timeout_us = 0;      // 0: the service's limit; -1: none (verify)
  bool is_for_files = false;   // integers of more than 64 bits as DECIMAL(38,0), which Arrow and Parquet have
  /// Asked from time to time; true cancels the query (the client went away).
  std::function<bool()> is_cancelled;
};

/// What a read saw, its rows in a file.
struct FileAnswer {
  int64_t rows = 0;
  std::string build_id;
  model::Offsets offsets;
  int64_t epoch = 0;
};

/// Answers SELECTs over streams, tables and views, each at one offset.
/// Owner: the application. Any thread may call; a query runs on the caller's thread.
class QueryService {
 public:
  struct Options {
    size_t queries_max = 8;  // at once, those that wait for an offset too; more are overloaded
    int64_t timeout_us = 30'000'000;
    size_t answer_bytes_max = size_t{128}
                              << 20;  // of an answer's rows in memory, or of what they are written as
    io::Path
        answer_folder;  // for answers as files, on their way; emptied at the start; none: no such answers
    std::shared_ptr<const security::Policy> policy = security::allow_all();
  };
  static Result<std::unique_ptr<QueryService>> create(sql::Database& database, history::History& history,
                                                      speed::SpeedLayer& speed, io::Clock& clock,
                                                      const Options& options);
  ~QueryService();

  /// bad_sql and refused have a place in the text; timeout, cancelled, overloaded; too_large when the rows
  /// take more memory than an answer may.
  Result<Answer> query(const std::string& text, const ReadOptions& options);

  /// The same, its rows frame by frame as the engine makes them; by Reads. Only JSON, which is one document,
  /// has a largest size.
  Result<RowsEnd> stream(const std::string& text, const ReadOptions& options, RowFormat format,
                         sql::Numbers numbers, RowsSink& sink);

  /// The same, as the bytes of a Parquet file, appended to `out`. The rows are never in memory together.
  Result<FileAnswer> query_parquet(const std::string& text, const ReadOptions& options, std::string& out);

  /// A transaction that sees one epoch: what query() runs in, for others who must see exactly the same
  /// (verify).
  struct Snapshot {
    speed::EpochPtr epoch;
    model::Offsets offsets;
    /// Of a stream, "bronze.<stream>": one a partition.
    const std::vector<model::Offset>& ends(std::string_view stream) const {
      return offsets.at(model::name_in_layer(stream));
    }
  };
  /// Calls `work` with a session inside such a transaction. At most timeout_us after the start the session's
  /// query is cancelled.
  Status in_snapshot(const ReadOptions& options,
                     const std::function<Status(sql::Session&, const Snapshot&)>& work);

  /// What snapshots from now on name stays on the disk until this is destroyed: files, and events that their
  /// archives do not have in the log.
  speed::EpochRegister::Pin hold_epochs() { return speed_.epochs().pin(); }

  /// What query() runs for a statement in this snapshot; only its own session may run it, because it names
  /// what the snapshot's epoch names. As the platform itself reads, with no policy: for verify and tests.
  Result<sql::Query> bound_query(sql::Session& session, const std::string& text, const Snapshot& snapshot) {
    const security::AllowAll everything;
    const CallerSight sight(everything, {}, *snapshot.epoch->world);
    return TRY(bind(session, text, snapshot, sight)).query;
  }

  const security::Policy& policy() const { return *options_.policy; }

  /// What the streams mean at these offsets: archived files, bulk files and the log.
  Result<StreamRelations> stream_relations(const Snapshot& snapshot, const std::set<std::string>& streams);

  /// Events that reads have gone back to so far: none for maintained views.
  int64_t log_rows_read() const { return history_.log_rows_read(); }
  size_t running() const EXCLUDES(mutex_);

 private:
  QueryService(sql::Database& database, history::History& history, speed::SpeedLayer& speed, io::Clock& clock,
               const Options& options)
      : database_(database), history_(history), speed_(speed), clock_(clock), options_(options) {}
  struct Running {
    sql::Session* session = nullptr;
    int64_t deadline_us = 0;
    std::function<bool()> is_cancelled;
    bool is_timed_out = false;
    bool was_cancelled = false;
  };
  // A connection, with what every read does first planned once.
  struct Reader {
    sql::Session session;
    sql::Statement epoch_row;
  };
  Status wait_for_offsets(const ReadOptions& options, int64_t deadline_us);
  Result<std::unique_ptr<Reader>> take_reader() EXCLUDES(mutex_);
  Result<std::unique_ptr<Reader>> new_reader();
  void give_back(std::unique_ptr<Reader> reader, bool is_usable) EXCLUDES(mutex_);
  void watch() EXCLUDES(mutex_);
  Status prepare_streams(const views::World& world);
  struct Bound {
    sql::Query query;
    bool may_tell = true;  // what the data makes fail may be told with its values
  };
  Result<Bound> bind(sql::Session& session, const std::string& text, const Snapshot& snapshot,
                     const CallerSight& sight);
  static Status check_restricted(sql::Session& session, const std::set<std::string>& named,
                                 const CallerSight& sight, const sql::Meanings& meanings);
  using Run = std::function<Status(sql::Session&, const sql::Query&, const Snapshot&, const CallerSight&,
                                   const std::function<Status()>& was_checked)>;
  /// Binds a statement and lets it run. What comes of it must not leave before was_checked() has said so.
  Status run(const std::string& text, const ReadOptions& options, const Run& run);
  Error with_drift(Error error, const Snapshot& snapshot, const CallerSight& sight) const;
  /// An error as the caller may see it, before the engine has looked at data.
  std::unexpected<Error> told(Error error, const std::string& text, const Snapshot& snapshot,
                              const CallerSight& sight) const;
  sql::PlanRules rules(const Snapshot& snapshot) EXCLUDES(mutex_);
  bool is_called_by_views(const std::shared_ptr<const views::World>& world, std::string_view function)
      EXCLUDES(mutex_);
  Result<std::set<std::string, std::less<>>> bulk_files(const Snapshot& snapshot);

  sql::Database& database_;
  history::History& history_;
  speed::SpeedLayer& speed_;
  io::Clock& clock_;
  const Options options_;
  sql::FunctionNames functions_;        // set by create(), as the next one
  sql::FunctionNames bound_functions_;  // users' SQL may call them, as the engine binds them

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_ GUARDED_BY(mutex_);
  size_t taken_ GUARDED_BY(mutex_) = 0;
  std::set<Running*> running_ GUARDED_BY(mutex_);
  // What the views of a world call, of the world that was asked about last.
  std::shared_ptr<const views::World> views_asked_ GUARDED_BY(mutex_);
  sql::FunctionNames functions_of_views_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::condition_variable changed_;
  std::thread watchdog_;
};

}  // namespace anabranch::serve
