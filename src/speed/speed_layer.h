#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "speed/epoch.h"
#include "speed/recent_times.h"
#include "speed/state_set.h"

namespace anabranch::speed {

/// What a build brought: under which world it was made and what each view's part of it is.
struct Handover {
  std::shared_ptr<const views::World> world;
  std::map<std::string, std::string> pinned_tables;  // "bronze.planes" → in-memory table, loaded already
  std::string build_id;                              // of the newest build; may be empty at the start
  std::map<std::string, BuiltView> built;            // all views that have a build, carried-over ones too
  std::map<std::string, std::string> build_files;    // database name → file, to be attached
  std::map<std::string, std::string> unmaintained;   // views of which the build has no states: view → why
  std::map<std::string, history::Archive> archives;
  std::vector<std::string> rebuilt;  // views whose build is new
};

/// Maintains all views on the events after their builds' cut-offs.
/// Owner: the application. One writer thread of its own makes ticks; a second one compacts. Any thread may
/// call.
///
/// Order of calls: create, start; then begin_build and either hand_over or abandon_build, any number of
/// times; stop.
class SpeedLayer {
 public:
  struct Options {
    size_t tick_rows_max = 20'000;
    size_t replay_rows_max = 100'000;
    int64_t tick_interval_us = 4'000;     // from the start of a tick to the start of the next
    size_t compaction_rows = 100'000;     // compacts when so many events were applied since the last time
    int64_t memory_wait_us = 10'000'000;  // a tick that gets no memory for so long leaves a view out
    io::Path slice_folder;  // takes closed rows as files; emptied at the start; none: they stay in memory
  };
  /// `database` is the in-memory database that readers use too; the streams' logs and it outlive the speed
  /// layer.
  static Result<std::unique_ptr<SpeedLayer>> create(sql::Database& database,
                                                    std::vector<history::Stream> streams, io::Clock& clock,
                                                    const Options& options);
  ~SpeedLayer();

  /// Publishes the first epoch and replays the log from the builds' cut-offs to what is durable now;
  /// `progress` is told the share done (0 to 1). Then ticks begin.
  Status start(const Handover& first, const std::function<void(double)>& progress);
  void stop();

  /// There may be new durable events. Cheap; any thread, the log's own too.
  void wake();

  /// What the last tick included: the next offset of each stream, as names without "bronze.".
  model::Offsets applied() const EXCLUDES(mutex_);
  /// Waits until these offsets (exclusive) are included. timeout, or unavailable when the layer stopped.
  Status wait_for(const model::Offsets& offsets, int64_t timeout_us) EXCLUDES(mutex_);

  /// Draws the line for a build: everything applied so far is before its cut-off, which is returned. conflict
  /// while another build is under way.
  Result<model::Offsets> begin_build();
  void abandon_build();
  /// Replaces the slices before the line by the build, in one step for all readers. When the world has
  /// changed, the slices after the cut-off are computed anew under it first, from the log, beside the current
  /// ones. Blocks until done; ticks go on meanwhile.
  Status hand_over(Handover next);
  /// More of the log was archived.
  Status set_archives(std::map<std::string, history::Archive> archives);

  /// Streams that the project has got while it runs: after those that there are, and before a world that
  /// reads them is handed over. No handover may be under way.
  Status add_streams(const std::vector<history::Stream>& streams) EXCLUDES(mutex_);
  /// Forgets streams that no world reads ("bronze.<stream>"; also names of tables, which are only looked
  /// for): when it returns nobody meets an epoch with one of them any more. No handover may be under way.
  /// conflict while somebody reads such an epoch still; nothing was done then.
  Status remove_streams(const std::set<std::string>& names) EXCLUDES(mutex_);

  EpochRegister& epochs() { return epochs_; }
  /// Columns of the epoch row after number and tick, in this order; a row that was read before add_streams()
  /// has fewer. Those of a stream without a name were removed.
  std::vector<history::StreamPartition> partitions() const EXCLUDES(mutex_);

  struct Stats {
    int64_t ticks = 0;
    int64_t compactions = 0;
    int64_t slice_events = 0;  // events applied after the newest build
    std::optional<int64_t> tick_us_p50, tick_us_p99, freshness_us_p50, freshness_us_p99;
    std::optional<Error> failure;  // the writer stopped: a log cannot be read
  };
  Stats stats() const EXCLUDES(mutex_);

 private:
  SpeedLayer(sql::Database& database, sql::Session session, const std::vector<history::Stream>& streams,
             io::Clock& clock, const Options& options);

  // Writer thread.
  void run_writer();
  Status tick();
  Status roll_for_compaction();
  Status finish_compaction(const std::vector<StateSet::Compaction>& done,
                           const std::vector<StateSet::Compaction>& failed);
  Status publish(std::shared_ptr<Epoch> epoch);
  std::shared_ptr<Epoch> next_epoch() const;
  std::string epoch_row(int64_t number, const std::vector<model::Offset>& offsets) const;
  Status apply_step(StateSet& set, const Step& step, const std::string& also,
                    const std::set<std::string>* only = nullptr);
  void drop_tables(const std::vector<std::string>& tables);
  void retire_epochs();
  void remove_unread_files();
  /// Runs on the writer between two ticks; the caller waits.
  Status on_writer(std::function<Status()> task) EXCLUDES(mutex_);
  Status swap_world(Handover& next, std::unique_ptr<StateSet> set, std::vector<model::Offset> reached);
  Status swap_build(Handover& next);

  /// Where each view's slices begin in the partitions of each stream: its build's cut-off, 0 where it has
  /// none. stream → view → offsets
  using Cutoffs = std::map<std::string, std::map<std::string, std::vector<model::Offset>>>;
  Cutoffs cutoffs(const Handover& handover) const;
  /// The least of them, in the order of the partitions; where no view reads a stream, what is durable.
  std::vector<model::Offset> first_offsets(const Cutoffs& cutoffs) const;
  model::Offsets by_stream(const std::vector<model::Offset>& offsets) const;
  /// Applies [from, to) to a set that no reader sees, to each view what is after its own cut-off. Compacts on
  /// the way. Where memory ends all the same, views whose states take most are left out when `gives_way`;
  /// else it is the error.
  /// What the logs forgot is read from the archives; views that need what is nowhere are left out.
  using Archives = std::map<std::string, history::Archive>;
  Result<std::vector<model::Offset>> catch_up(StateSet& set, const Cutoffs& cutoffs, const Archives& archives,
                                              std::vector<model::Offset> from,
                                              const std::vector<model::Offset>& to,
                                              const std::function<void(double)>& progress, bool gives_way);
  /// How a replay gets on in the memory that there is.
  struct Room {
    size_t step_rows = 0;
    size_t rows_since = 0;  // the last compaction
    bool gives_way = false;
  };
  Status make_room(StateSet& set, Room& room, const Error& error);
  Status compact(StateSet& set);
  Status drop(StateSet& set, const std::vector<std::string>& tables);
  Status give_way(StateSet& set, const Error& error);
  Status wait_for_memory(const Error& error);
  void register_files(const StateSet& set);
  void discard(StateSet& set);
  std::vector<model::Offset> durable() const;
  Status attach(const std::map<std::string, std::string>& files);

  void run_compactor();

  sql::Database& database_;
  /// Of all streams. Changed by the writer thread alone, under mutex_; it and handovers read it without,
  /// others with it. All vectors of offsets here are in this order.
  std::vector<history::StreamPartition> partitions_;
  io::Clock& clock_;
  const Options options_;
  EpochRegister epochs_;
  sql::Session ddl_session_;  // writer thread, and start()

  // Writer thread only (start() and stop() before and after it).
  std::unique_ptr<StateSet> current_;
  std::vector<history::StreamReader> readers_;
  std::vector<model::Offset> position_;
  int64_t tick_number_ = 0;
  size_t rows_since_roll_ = 0;
  int64_t waits_for_memory_since_us_ = 0;        // 0: it does not
  std::map<std::string, std::string> attached_;  // database name → file
  std::set<std::string> arriving_;  // attached for a handover that is under way: no epoch names them yet
  std::map<std::string, std::string> slice_files_;  // relation → file
  int next_set_id_ = 1;
  bool is_building_ = false;
  std::vector<model::Offset> build_cutoff_;

  mutable Mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable applied_changed_;
  bool is_woken_ GUARDED_BY(mutex_) = false;
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::packaged_task<Status()>> tasks_ GUARDED_BY(mutex_);
  std::vector<model::Offset> applied_ GUARDED_BY(mutex_);
  Stats stats_ GUARDED_BY(mutex_);
  RecentTimes tick_times_ GUARDED_BY(mutex_);
  RecentTimes freshness_ GUARDED_BY(mutex_);

  std::condition_variable compact_;
  std::vector<StateSet::Compaction> compactions_ GUARDED_BY(mutex_);
  bool is_compacting_ GUARDED_BY(mutex_) = false;

  std::thread writer_;
  std::thread compactor_;
};

}  // namespace anabranch::speed
