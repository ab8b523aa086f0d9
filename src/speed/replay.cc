// The speed layer's replay of the log, and what it does where memory ends.
#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/mistake.h"
#include "io/file_system.h"
#include "speed/speed_layer.h"
#include "sql/syntax.h"

namespace anabranch::speed {
namespace {

// A replay compacts when so many times the rows of a compaction were applied: each plans all statements anew.
constexpr size_t compactions_together = 10;
// A step that does not fit is tried with fewer events, down to this.
constexpr size_t step_rows_min = 1'000;

}  // namespace

Result<std::vector<model::Offset>> SpeedLayer::catch_up(
    StateSet& set, const Cutoffs& cutoffs, const Archives& archives, std::vector<model::Offset> from,
    const std::vector<model::Offset>& to, const std::function<void(double)>& progress, bool gives_way) {
  int64_t total = 0;
  int64_t done = 0;
  for (size_t i = 0; i < from.size(); ++i) total += std::max<int64_t>(0, to[i] - from[i]);
  Room room{options_.replay_rows_max, 0, gives_way};
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const history::StreamPartition& partition = partitions_[i];
    const auto number = static_cast<size_t>(partition.number);
    const auto archive = archives.find(partition.stream.name.text());
    history::StreamReader reader(partition, archive == archives.end() ? history::Archive() : archive->second,
                                 database_);
    while (from[i] < to[i]) {
      // Up to the next view's cut-off, and only for the views whose cut-off is behind us.
      model::Offset end = to[i];
      std::set<std::string> only;
      if (const auto views = cutoffs.find(partition.stream.name.text()); views != cutoffs.end()) {
        for (const auto& [view, of_partitions] : views->second) {
          const model::Offset cutoff = of_partitions.at(number);
          const bool skips_first = is_planted("a replay passes over the first step after the cut-off");
          if (skips_first ? cutoff < from[i] : cutoff <= from[i]) only.insert(view);
          if (cutoff > from[i]) end = std::min(end, cutoff);
        }
      }
      auto read = reader.read(from[i], end, room.step_rows);
      const model::Offset kept = partition.first_offset();
      if (!read && from[i] < kept && read.error().code != Code::too_large) {
        // Nobody can compute these views; all others are right. They are asked for at read time, with the
        // same error while the archive is as it is.
        spdlog::error("events that views need cannot be read: {}", read.error().describe());
        for (const std::string& view : only) set.leave_out(view, read.error().message);
        from[i] = std::min(end, kept);
        continue;
      }
      history::Events events = TRY(std::move(read));
      if (events.range.size() == 0) {
        return fail(Code::corrupt,
                    fmt::format("{}: the log has no event at offset {} although {} are durable",
                                partition.describe(), from[i], to[i]));
      }
      const model::OffsetRange range = events.range;
      Step step;
      step[partition.stream.name.text()].push_back(std::move(events));
      Status applied = apply_step(set, step, "", &only);
      if (!applied && applied.error().code == Code::too_large) {
        TRY(make_room(set, room, applied.error()));
        continue;
      }
      TRY(std::move(applied));
      done += range.size();
      from[i] = range.end;
      room.rows_since += static_cast<size_t>(range.size());
      if (progress && total > 0) progress(static_cast<double>(done) / static_cast<double>(total));
      if (room.rows_since < compactions_together * options_.compaction_rows) continue;
      room.rows_since = 0;
      TRY(compact(set));
    }
  }
  return from;
}

// What nobody reads yet is made smaller; then less is done at once; then views give way.
Status SpeedLayer::make_room(StateSet& set, Room& room, const Error& error) {
  if (room.rows_since > 0) {
    room.rows_since = 0;
    if (compact(set)) return {};
  }
  if (room.step_rows > step_rows_min) {
    room.step_rows = std::max(step_rows_min, room.step_rows / 4);
    return {};
  }
  if (!room.gives_way) return fail(error);
  return give_way(set, error);
}

Status SpeedLayer::compact(StateSet& set) {
  const auto jobs = TRY(set.roll_for_compaction());
  auto session = TRY(database_.connect());
  std::vector<std::string> dropped;
  for (const auto& job : jobs) {
    const bool is_done = session.run(job.query).has_value();
    if (!is_done && job.into.is_file) (void)io::local_file_system().remove_all(job.into.name);
    const auto tables = set.finish_compaction(job, is_done);
    dropped.insert(dropped.end(), tables.begin(), tables.end());
  }
  Status gone = drop(set, dropped);
  set.forget_plans();
  return gone;
}

Status SpeedLayer::drop(StateSet& set, const std::vector<std::string>& tables) {
  std::vector<std::string> drops;
  for (const std::string& table : tables)
    drops.push_back("DROP TABLE IF EXISTS " + sql::quote_identifier(table));
  return drops.empty() ? Status{} : set.applier().run_together(drops);
}

// The view whose states take most is computed when it is read, so that the others can go on.
Status SpeedLayer::give_way(StateSet& set, const Error& error) {
  auto session = TRY(database_.connect());
  const auto rows =
      TRY(session.query("SELECT table_name, estimated_size * column_count FROM duckdb_tables()"));
  std::map<std::string, int64_t> values;
  for (size_t i = 0; i < rows.row_count(); ++i) values[rows.text(i, 0).value_or("")] = rows.integer(i, 1);
  std::string largest;
  int64_t most = 0;
  for (const auto& [view, tables] : set.tables_of_views()) {
    int64_t sum = 0;
    for (const std::string& table : tables) sum += values[table];
    if (sum <= most) continue;
    most = sum;
    largest = view;
  }
  if (largest.empty()) return fail(error);
  const std::string why =
      "its states do not fit into the memory for states: raise limits.states_memory_bytes, then restart";
  spdlog::error("{} is answered at read time from now on: {}", largest, why);
  std::vector<std::string> tables;
  for (const StateSet::Segment& segment : set.forget(largest, why)) {
    if (!segment.is_file) tables.push_back(segment.name);
    if (segment.is_file && !slice_files_.contains(segment.relation))
      (void)io::local_file_system().remove_all(segment.name);
  }
  if (&set == current_.get() && epochs_.newest()) {  // readers read it
    auto epoch = next_epoch();
    epoch->unmaintained = set.unmaintained();
    epoch->slices = set.slices();
    TRY(publish(std::move(epoch)));
  }
  Status gone = drop(set, tables);
  set.forget_plans();
  return gone;
}

// A query may hold the memory for a moment. What holds it for long is the states.
Status SpeedLayer::wait_for_memory(const Error& error) {
  const int64_t now_us = clock_.monotonic_us();
  if (waits_for_memory_since_us_ == 0) {
    waits_for_memory_since_us_ = now_us;
    spdlog::warn("a tick waits for memory: {}", error.describe());
  }
  if (now_us - waits_for_memory_since_us_ < options_.memory_wait_us) return {};
  waits_for_memory_since_us_ = 0;
  if (Status given = give_way(*current_, error); !given)
    spdlog::error("there is no memory for new events: {}", given.error().describe());
  return {};
}

void SpeedLayer::register_files(const StateSet& set) {
  for (const auto& [relation, file] : set.files()) slice_files_[relation] = file;
}

void SpeedLayer::discard(StateSet& set) {
  if (const Status gone = drop(set, set.all_tables()); !gone)
    spdlog::warn("slices that nobody reads could not be dropped: {}", gone.error().describe());
  for (const auto& [relation, file] : set.files()) (void)io::local_file_system().remove_all(file);
}

}  // namespace anabranch::speed
