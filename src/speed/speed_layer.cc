#include "speed/speed_layer.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/assert.h"
#include "base/mistake.h"
#include "io/process.h"
#include "model/names.h"
#include "sql/syntax.h"

namespace anabranch::speed {
namespace {

std::vector<history::StreamPartition> all_partitions(const std::vector<history::Stream>& streams) {
  std::vector<history::StreamPartition> all;
  for (const history::Stream& stream : streams) {
    const auto partitions = history::partitions_of(stream);
    all.insert(all.end(), partitions.begin(), partitions.end());
  }
  return all;
}

}  // namespace

SpeedLayer::SpeedLayer(sql::Database& database, sql::Session session,
                       const std::vector<history::Stream>& streams, io::Clock& clock, const Options& options)
    : database_(database),
      partitions_(all_partitions(streams)),
      clock_(clock),
      options_(options),
      ddl_session_(std::move(session)),
      readers_(partitions_.begin(), partitions_.end()),
      position_(partitions_.size(), 0),
      applied_(partitions_.size(), 0) {}

Result<std::unique_ptr<SpeedLayer>> SpeedLayer::create(sql::Database& database,
                                                       std::vector<history::Stream> streams, io::Clock& clock,
                                                       const Options& options) {
  auto session = TRY(database.connect());
  return std::unique_ptr<SpeedLayer>(new SpeedLayer(database, std::move(session), streams, clock, options));
}

SpeedLayer::~SpeedLayer() { stop(); }

// ---- start and stop ----

Status SpeedLayer::start(const Handover& first, const std::function<void(double)>& progress) {
  std::string columns = "number BIGINT, tick BIGINT";
  std::string zeros = "0, 0";
  for (size_t i = 0; i < partitions_.size(); ++i) {
    columns += fmt::format(", offset_{} BIGINT", i);
    zeros += ", 0";
  }
  if (!options_.slice_folder.empty()) {
    auto& files = io::local_file_system();
    TRY(files.remove_all(options_.slice_folder));  // of the last run: the log has it all
    TRY(files.create_folders(options_.slice_folder));
  }
  TRY(ddl_session_.run_together({fmt::format("CREATE TABLE epoch ({})", columns),
                                 fmt::format("INSERT INTO epoch VALUES ({})", zeros)}));
  TRY(attach(first.build_files));
  current_ = TRY(
      StateSet::create(database_, next_set_id_++, first.world, first.pinned_tables, options_.slice_folder));
  for (const auto& [view, why] : first.unmaintained) current_->leave_out(view, why);
  const Cutoffs begin = cutoffs(first);
  const auto from = first_offsets(begin);
  position_ = TRY(catch_up(*current_, begin, first.archives, from, durable(), progress, true));
  register_files(*current_);

  auto epoch = std::make_shared<Epoch>();
  epoch->number = 1;
  epoch->world = first.world;
  epoch->build_id = first.build_id;
  epoch->built = first.built;
  epoch->tables = first.pinned_tables;
  epoch->archives = first.archives;
  epoch->slices = current_->slices();
  epoch->unmaintained = current_->unmaintained();
  TRY(publish(std::move(epoch)));
  {
    Lock lock(mutex_);
    applied_ = position_;
    for (size_t i = 0; i < position_.size(); ++i) stats_.slice_events += position_[i] - from[i];
  }
  writer_ = std::thread([this] { run_writer(); });
  compactor_ = std::thread([this] { run_compactor(); });
  return {};
}

void SpeedLayer::stop() {
  {
    Lock lock(mutex_);
    is_stopping_ = true;
    wake_.notify_all();
    compact_.notify_all();
    applied_changed_.notify_all();
  }
  if (writer_.joinable()) writer_.join();
  if (compactor_.joinable()) compactor_.join();
}

void SpeedLayer::wake() {
  Lock lock(mutex_);
  is_woken_ = true;
  wake_.notify_one();
}

std::vector<model::Offset> SpeedLayer::durable() const {
  std::vector<model::Offset> offsets;
  std::vector<model::Offset> of_stream;
  for (const history::StreamPartition& partition : partitions_) {
    if (partition.number == 0 && !partition.stream.name.empty())
      of_stream = partition.stream.log->durable_offsets();
    offsets.push_back(partition.stream.name.empty() ? 0
                                                    : of_stream.at(static_cast<size_t>(partition.number)));
  }
  return offsets;
}

model::Offsets SpeedLayer::by_stream(const std::vector<model::Offset>& offsets) const {
  model::Offsets by_stream;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const history::Stream& stream = partitions_[i].stream;
    if (!stream.name.empty()) by_stream[stream.bare_name()].push_back(offsets[i]);
  }
  return by_stream;
}

SpeedLayer::Cutoffs SpeedLayer::cutoffs(const Handover& handover) const {
  Cutoffs all;
  for (const views::Plan& plan : handover.world->plans) {
    if (!plan.is_maintained() || handover.unmaintained.contains(plan.view)) continue;
    const auto built = handover.built.find(plan.view);
    for (const history::StreamPartition& partition : partitions_) {
      if (!plan.streams.contains(partition.stream.name.text())) continue;
      model::Offset cutoff =
          built == handover.built.end()
              ? 0
              : model::offset_of(built->second.cutoff, partition.stream.bare_name(), partition.number);
      if (cutoff > 0 && is_planted("the event before the cut-off counts twice")) --cutoff;
      all[partition.stream.name.text()][plan.view].push_back(cutoff);
    }
  }
  return all;
}

std::vector<model::Offset> SpeedLayer::first_offsets(const Cutoffs& cutoffs) const {
  std::vector<model::Offset> offsets = durable();
  for (size_t i = 0; i < offsets.size(); ++i) {
    const auto views = cutoffs.find(partitions_[i].stream.name.text());
    if (views == cutoffs.end()) continue;
    const auto number = static_cast<size_t>(partitions_[i].number);
    for (const auto& [view, cutoff] : views->second) offsets[i] = std::min(offsets[i], cutoff.at(number));
  }
  return offsets;
}

Status SpeedLayer::attach(const std::map<std::string, std::string>& files) {
  for (const auto& [name, file] : files) {
    if (attached_.contains(name)) continue;
    TRY(ddl_session_.run(
        fmt::format("ATTACH {} AS {} (READ_ONLY)", sql::quote_literal(file), sql::quote_identifier(name))));
    attached_[name] = file;
  }
  return {};
}

// ---- epochs ----

std::shared_ptr<Epoch> SpeedLayer::next_epoch() const {
  auto epoch = std::make_shared<Epoch>(*epochs_.newest());
  ++epoch->number;
  return epoch;
}

std::string SpeedLayer::epoch_row(int64_t number, const std::vector<model::Offset>& offsets) const {
  std::string sql = fmt::format("UPDATE epoch SET number = {}, tick = {}", number, tick_number_);
  for (size_t i = 0; i < offsets.size(); ++i) sql += fmt::format(", offset_{} = {}", i, offsets[i]);
  return sql;
}

Status SpeedLayer::publish(std::shared_ptr<Epoch> epoch) {
  const int64_t number = epoch->number;
  epochs_.add(std::move(epoch));  // known before the row names it
  return ddl_session_.run(epoch_row(number, position_));
}

void SpeedLayer::drop_tables(const std::vector<std::string>& tables) {
  std::vector<std::string> drops;
  for (const std::string& table : tables)
    drops.push_back("DROP TABLE IF EXISTS " + sql::quote_identifier(table));
  if (drops.empty()) return;
  // Readers that began before still see them: the engine keeps what their transaction can see.
  if (const Status dropped = ddl_session_.run_together(drops); !dropped) {
    spdlog::warn("old slices could not be dropped: {}", dropped.error().describe());
  }
}

void SpeedLayer::retire_epochs() {
  const auto retired = epochs_.retire();
  remove_unread_files();
  if (retired.empty()) return;
  std::set<std::string> in_use;
  for (const EpochPtr& epoch : epochs_.all()) {
    for (const auto& [view, built] : epoch->built) in_use.insert(built.database);
  }
  in_use.insert(arriving_.begin(), arriving_.end());
  for (auto it = attached_.begin(); it != attached_.end();) {
    if (in_use.contains(it->first)) {
      ++it;
      continue;
    }
    if (const Status detached = ddl_session_.run("DETACH " + sql::quote_identifier(it->first)); !detached) {
      spdlog::warn("an old build could not be detached: {}", detached.error().describe());
      ++it;
    } else {
      it = attached_.erase(it);
    }
  }
}

// Closed rows that no epoch names any more.
void SpeedLayer::remove_unread_files() {
  if (slice_files_.empty()) return;
  std::set<std::string> in_use;
  for (const EpochPtr& epoch : epochs_.all()) {
    for (const auto& [view, parts] : epoch->slices) {
      for (const auto& [part, relations] : parts) in_use.insert(relations.begin(), relations.end());
    }
  }
  for (auto it = slice_files_.begin(); it != slice_files_.end();) {
    if (in_use.contains(it->first)) {
      ++it;
      continue;
    }
    if (const Status removed = io::local_file_system().remove_all(it->second); !removed)
      spdlog::warn("an old slice could not be removed: {}", removed.error().describe());
    it = slice_files_.erase(it);
  }
}

// ---- the writer ----

Status SpeedLayer::apply_step(StateSet& set, const Step& step, const std::string& also,
                              const std::set<std::string>* only) {
  while (true) {
    std::string failed_view;
    // Out of memory is nobody's mistake: a query may hold it for a moment.
    Status applied = set.applier().apply(step, also, failed_view, only);
    if (applied || failed_view.empty() || applied.error().code == Code::too_large) return applied;
    // The view cannot be maintained on this data (a sum that overflows, say). It is answered at read time
    // from now on, which gives the reader the error, if there still is one.
    spdlog::warn("{} is answered at read time from now on: {}", failed_view, applied.error().describe());
    set.leave_out(failed_view, applied.error().describe());
  }
}

Status SpeedLayer::tick() {
  Step step;
  size_t rows = 0;
  int64_t oldest_us = INT64_MAX;
  std::vector<model::Offset> next = position_;
  const auto end = durable();
  for (size_t i = 0; i < readers_.size(); ++i) {
    if (position_[i] >= end[i]) continue;
    history::Events events = TRY(readers_[i].read(position_[i], end[i], options_.tick_rows_max));
    if (events.range.size() == 0) continue;
    rows += static_cast<size_t>(events.range.size());
    next[i] = events.range.end;
    if (!events.batches.empty())
      oldest_us = std::min(oldest_us, events.batches.front()->row_ingested_at_us.front());
    step[partitions_[i].stream.name.text()].push_back(std::move(events));
  }
  if (step.empty()) return {};
  const int64_t started_us = clock_.monotonic_us();
  ++tick_number_;
  const size_t unmaintained_before = current_->unmaintained().size();
  if (Status applied = apply_step(*current_, step, epoch_row(epochs_.newest()->number, next)); !applied) {
    if (applied.error().code != Code::too_large) return applied;
    TRY(wait_for_memory(applied.error()));
    Lock lock(mutex_);
    is_woken_ = true;  // the same events again, at the next tick
    return {};
  }
  position_ = next;
  waits_for_memory_since_us_ = 0;
  if (current_->unmaintained().size() > unmaintained_before) {
    auto epoch = next_epoch();
    epoch->unmaintained = current_->unmaintained();
    TRY(publish(std::move(epoch)));
  }
  rows_since_roll_ += rows;
  const int64_t ended_us = clock_.monotonic_us();
  const int64_t now_us = clock_.now_us();
  {
    Lock lock(mutex_);
    applied_ = position_;
    ++stats_.ticks;
    stats_.slice_events += static_cast<int64_t>(rows);
    tick_times_.add(ended_us - started_us);
    if (oldest_us != INT64_MAX) freshness_.add(now_us - oldest_us);
    applied_changed_.notify_all();
    is_woken_ = is_woken_ || position_ != end;
  }
  if (rows_since_roll_ >= options_.compaction_rows) return roll_for_compaction();
  return {};
}

Status SpeedLayer::roll_for_compaction() {
  {
    Lock lock(mutex_);
    if (is_compacting_) return {};
  }
  auto jobs = TRY(current_->roll_for_compaction());
  auto epoch = next_epoch();
  epoch->slices = current_->slices();
  TRY(publish(std::move(epoch)));
  current_->forget_plans();
  retire_epochs();
  rows_since_roll_ = 0;
  if (jobs.empty()) return {};
  Lock lock(mutex_);
  is_compacting_ = true;
  compactions_ = std::move(jobs);
  compact_.notify_one();
  return {};
}

void SpeedLayer::run_writer() {
  int64_t next_tick_us = 0;
  while (true) {
    std::vector<std::packaged_task<Status()>> tasks;
    {
      Lock lock(mutex_);
      while (!is_stopping_ && tasks_.empty()) {
        const int64_t wait_us = next_tick_us - clock_.monotonic_us();
        if (is_woken_ && wait_us <= 0) break;
        if (is_woken_) {
          lock.wait_for(wake_, std::chrono::microseconds(wait_us));
        } else {
          lock.wait(wake_);
        }
      }
      if (is_stopping_) break;
      tasks.swap(tasks_);
      is_woken_ = tasks.empty() ? false : is_woken_;
    }
    for (auto& task : tasks) task();
    if (!tasks.empty()) continue;
    next_tick_us = clock_.monotonic_us() + options_.tick_interval_us;
    if (Status ticked = tick(); !ticked) {
      spdlog::error("the speed layer stopped: {}", ticked.error().describe());
      Lock lock(mutex_);
      stats_.failure = ticked.error();
      is_stopping_ = true;
      applied_changed_.notify_all();
      compact_.notify_all();
      break;
    }
  }
  Lock lock(mutex_);
  tasks_.clear();  // who waits for them gets a broken promise, see on_writer
}

Status SpeedLayer::on_writer(std::function<Status()> task) {
  std::packaged_task<Status()> packaged(std::move(task));
  auto outcome = packaged.get_future();
  {
    Lock lock(mutex_);
    if (is_stopping_) return fail(Code::unavailable, "the speed layer has stopped");
    tasks_.push_back(std::move(packaged));
    wake_.notify_one();
  }
  try {
    return outcome.get();
  } catch (const std::future_error&) {
    return fail(Code::unavailable, "the speed layer has stopped");
  }
}

// ---- builds ----

Result<model::Offsets> SpeedLayer::begin_build() {
  model::Offsets cutoff;
  TRY(on_writer([&]() -> Status {
    if (is_building_) return fail(Code::conflict, "a build is running", "wait for it, or stop it");
    TRY(current_->roll());
    auto epoch = next_epoch();
    epoch->slices = current_->slices();
    TRY(publish(std::move(epoch)));
    current_->set_boundary();
    current_->forget_plans();
    is_building_ = true;
    build_cutoff_ = position_;
    cutoff = by_stream(position_);
    return {};
  }));
  return cutoff;
}

void SpeedLayer::abandon_build() {
  (void)on_writer([&]() -> Status {
    if (is_building_) current_->clear_boundary();
    is_building_ = false;
    return {};
  });
}

Status SpeedLayer::hand_over(Handover next) {
  bool has_new_world = false;
  std::vector<model::Offset> from;
  int set_id = 0;
  TRY(on_writer([&]() -> Status {
    TRY(attach(next.build_files));
    for (const auto& [name, file] : next.build_files) arriving_.insert(name);
    const auto& old_hashes = current_->world()->basis_hashes;
    has_new_world = next.world->basis_hashes != old_hashes ||
                    next.world->schemas != current_->world()->schemas ||
                    next.pinned_tables != current_->pinned_tables() || !current_->unmaintained().empty() ||
                    !next.unmaintained.empty();
    if (!has_new_world) return swap_build(next);
    from = is_planted("a new world begins at the newest event") ? durable() : first_offsets(cutoffs(next));
    set_id = next_set_id_++;
    return {};
  }));
  if (!has_new_world) return {};
  // Beside the current slices, on this thread, while ticks go on; the writer does the last stretch itself.
  auto set = StateSet::create(database_, set_id, next.world, next.pinned_tables, options_.slice_folder);
  if (!set) {
    abandon_build();
    return fail(std::move(set).error());
  }
  for (const auto& [view, why] : next.unmaintained) (*set)->leave_out(view, why);
  while (true) {
    const auto to = durable();
    auto reached = catch_up(**set, cutoffs(next), next.archives, from, to, nullptr, false);
    if (!reached) {
      discard(**set);
      abandon_build();
      return fail(std::move(reached).error());
    }
    int64_t behind = 0;
    from = *reached;
    const auto now = durable();
    for (size_t i = 0; i < from.size(); ++i) behind += now[i] - from[i];
    if (behind < static_cast<int64_t>(options_.tick_rows_max)) break;
  }
  return on_writer([&]() -> Status { return swap_world(next, std::move(*set), from); });
}

Status SpeedLayer::swap_build(Handover& next) {
  std::vector<std::string> dropped;
  for (const std::string& view : next.rebuilt) {
    if (is_planted("slices stay when their build comes")) continue;
    const auto tables = current_->forget_before(view);
    dropped.insert(dropped.end(), tables.begin(), tables.end());
  }
  current_->clear_boundary();
  is_building_ = false;
  auto epoch = next_epoch();
  epoch->build_id = next.build_id;
  epoch->world = next.world;
  epoch->built = next.built;
  epoch->archives = next.archives;
  epoch->slices = current_->slices();
  TRY(publish(std::move(epoch)));
  arriving_.clear();
  drop_tables(dropped);
  current_->forget_plans();
  retire_epochs();
  Lock lock(mutex_);
  stats_.slice_events = 0;
  for (size_t i = 0; i < position_.size() && i < build_cutoff_.size(); ++i)
    stats_.slice_events += position_[i] - build_cutoff_[i];
  return {};
}

Status SpeedLayer::swap_world(Handover& next, std::unique_ptr<StateSet> set,
                              std::vector<model::Offset> reached) {
  // Up to the last tick exactly: a reader must not see fewer events than before, nor more than the row says.
  std::vector<model::Offset> to = position_;
  for (size_t i = 0; i < to.size(); ++i) to[i] = std::max(to[i], reached[i]);
  auto caught_up = catch_up(*set, cutoffs(next), next.archives, reached, to, nullptr, false);
  if (!caught_up) {
    discard(*set);
    current_->clear_boundary();
    is_building_ = false;
    arriving_.clear();
    return fail(std::move(caught_up).error());
  }
  const auto dropped = current_->all_tables();
  const auto old_tables = current_->pinned_tables();
  current_ = std::move(set);
  register_files(*current_);
  is_building_ = false;
  position_ = to;
  rows_since_roll_ = 0;
  auto epoch = next_epoch();
  epoch->build_id = next.build_id;
  epoch->world = next.world;
  epoch->built = next.built;
  epoch->tables = next.pinned_tables;
  epoch->archives = next.archives;
  epoch->slices = current_->slices();
  epoch->unmaintained = current_->unmaintained();
  TRY(publish(std::move(epoch)));
  arriving_.clear();
  drop_tables(dropped);
  std::vector<std::string> unpinned;
  for (const auto& [name, table] : old_tables) {
    const auto still = next.pinned_tables.find(name);
    if (still == next.pinned_tables.end() || still->second != table) unpinned.push_back(table);
  }
  drop_tables(unpinned);
  current_->forget_plans();
  retire_epochs();
  const auto from = first_offsets(cutoffs(next));
  Lock lock(mutex_);
  applied_ = position_;
  applied_changed_.notify_all();
  stats_.slice_events = 0;
  for (size_t i = 0; i < position_.size(); ++i) stats_.slice_events += position_[i] - from[i];
  return {};
}

Status SpeedLayer::set_archives(std::map<std::string, history::Archive> archives) {
  return on_writer([&]() -> Status {
    auto epoch = next_epoch();
    epoch->archives = std::move(archives);
    TRY(publish(std::move(epoch)));
    retire_epochs();
    return {};
  });
}

std::vector<history::StreamPartition> SpeedLayer::partitions() const {
  Lock lock(mutex_);
  return partitions_;
}

Status SpeedLayer::add_streams(const std::vector<history::Stream>& streams) {
  if (streams.empty()) return {};
  return on_writer([&]() -> Status {
    const auto added = all_partitions(streams);
    std::vector<std::string> columns;
    for (size_t i = 0; i < added.size(); ++i)
      columns.push_back(
          fmt::format("ALTER TABLE epoch ADD COLUMN offset_{} BIGINT DEFAULT 0", partitions_.size() + i));
    TRY(ddl_session_.run_together(columns));
    {
      Lock lock(mutex_);
      for (const history::StreamPartition& partition : added) {
        partitions_.push_back(partition);
        readers_.emplace_back(partition);
        // No view reads it: what it has from an earlier time is nobody's yet.
        position_.push_back(partition.durable_end());
      }
      applied_ = position_;
    }
    return publish(next_epoch());
  });
}

// Its column of the epoch row stays, and so does its place here, as one that never had an event: its log is
// not read again.
Status SpeedLayer::remove_streams(const std::set<std::string>& names) {
  return on_writer([&]() -> Status {
    retire_epochs();
    for (const EpochPtr& epoch : epochs_.all()) {
      for (const std::string& name : names) {
        if (epoch->world->schemas.contains(name) || epoch->world->tables.contains(name))
          return fail(Code::conflict, fmt::format("{} is read by something that began earlier", name),
                      "try again when it has ended: anabranch tasks lists what takes long");
      }
    }
    Lock lock(mutex_);
    for (size_t i = 0; i < partitions_.size(); ++i) {
      if (!names.contains(partitions_[i].stream.name.text())) continue;
      partitions_[i].stream.name = {};
      position_[i] = 0;
    }
    applied_ = position_;
    return {};
  });
}

// ---- compaction ----

void SpeedLayer::run_compactor() {
  io::yield_to_other_threads();  // ticks and reads go first
  auto session = database_.connect();
  if (!session) {
    spdlog::error("no compaction: {}", session.error().describe());
    return;
  }
  while (true) {
    std::vector<StateSet::Compaction> jobs;
    {
      Lock lock(mutex_);
      while (!is_stopping_ && compactions_.empty()) lock.wait(compact_);
      if (is_stopping_) return;
      jobs.swap(compactions_);
    }
    std::vector<StateSet::Compaction> done;
    std::vector<StateSet::Compaction> failed;
    for (auto& job : jobs) {
      if (const Status merged = session->run(job.query); merged) {
        done.push_back(std::move(job));
      } else {
        // The slices stay as they are: reads are right, only slower. (A handover may have dropped them
        // meanwhile.)
        spdlog::debug("compaction of {} left out: {}", job.view, merged.error().describe());
        failed.push_back(std::move(job));
      }
    }
    (void)on_writer([&] { return finish_compaction(done, failed); });
    Lock lock(mutex_);
    is_compacting_ = false;
    ++stats_.compactions;
  }
}

Status SpeedLayer::finish_compaction(const std::vector<StateSet::Compaction>& done,
                                     const std::vector<StateSet::Compaction>& failed) {
  std::vector<std::string> dropped;
  for (const auto* jobs : {&done, &failed}) {
    for (const auto& job : *jobs) {
      if (job.into.is_file) slice_files_[job.into.relation] = job.into.name;
      const auto tables = current_->finish_compaction(job, jobs == &done);
      dropped.insert(dropped.end(), tables.begin(), tables.end());
    }
  }
  auto epoch = next_epoch();
  epoch->slices = current_->slices();
  TRY(publish(std::move(epoch)));
  drop_tables(dropped);
  current_->forget_plans();
  retire_epochs();
  return {};
}

// ---- what others ask ----

model::Offsets SpeedLayer::applied() const {
  Lock lock(mutex_);
  return by_stream(applied_);
}

Status SpeedLayer::wait_for(const model::Offsets& offsets, int64_t timeout_us) {
  const int64_t deadline_us = clock_.monotonic_us() + timeout_us;
  Lock lock(mutex_);
  while (true) {
    bool is_included = true;
    for (size_t i = 0; i < partitions_.size(); ++i) {
      const history::StreamPartition& partition = partitions_[i];
      if (partition.stream.name.empty()) continue;
      is_included = is_included &&
                    applied_[i] >= model::offset_of(offsets, partition.stream.bare_name(), partition.number);
    }
    if (is_included) return {};
    if (is_stopping_) return fail(Code::unavailable, "the speed layer has stopped");
    const int64_t left_us = deadline_us - clock_.monotonic_us();
    if (left_us <= 0) {
      return fail(Code::timeout, "the offsets that were asked for are not included yet",
                  "ask again, or check that min_offset is one that the stream has given out");
    }
    lock.wait_for(applied_changed_, std::chrono::microseconds(left_us));
  }
}

SpeedLayer::Stats SpeedLayer::stats() const {
  Lock lock(mutex_);
  Stats stats = stats_;
  stats.tick_us_p50 = tick_times_.percentile_us(0.5);
  stats.tick_us_p99 = tick_times_.percentile_us(0.99);
  stats.freshness_us_p50 = freshness_.percentile_us(0.5);
  stats.freshness_us_p99 = freshness_.percentile_us(0.99);
  return stats;
}

}  // namespace anabranch::speed
