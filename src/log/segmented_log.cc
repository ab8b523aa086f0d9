#include "log/segmented_log.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/threads.h"
#include "io/random.h"

namespace anabranch::log {
namespace {

// The partitions that are on the disk; 0 for none. They are numbered from 0 without gaps, or it is not a
// folder that a program like this one wrote.
Result<model::Partition> stored_partitions(io::FileSystem& files, const io::Path& folder) {
  std::set<model::Partition> found;
  for (const io::FolderEntry& entry : TRY(files.list(folder))) {
    model::Partition number = 0;
    const char* end = entry.name.data() + entry.name.size();
    const auto read = std::from_chars(entry.name.data(), end, number);
    if (entry.is_folder && read.ec == std::errc() && read.ptr == end && entry.name == fmt::to_string(number))
      found.insert(number);
  }
  const auto count = static_cast<model::Partition>(found.size());
  if (found.empty() || (*found.begin() == 0 && *found.rbegin() == count - 1)) return count;
  return fail(
      Code::corrupt,
      fmt::format("{}: of partitions 0 to {} only {} are there", folder.string(), *found.rbegin(), count),
      "restore the missing folder from a backup of the log folder");
}

// Partitions that are written at once: more wait for the same disk.
constexpr size_t threads_max = 8;

std::unexpected<Error> fail_ended(const Error& error) {
  return fail(Code::unavailable, fmt::format("the log takes no more events since {}", error.message),
              "look after the disk, then restart");
}

}  // namespace

Result<std::unique_ptr<SegmentedLog>> SegmentedLog::open(io::FileSystem& files, io::Clock& clock,
                                                         const io::Path& folder, const Options& options) {
  TRY(files.create_folders(folder));
  TRY(files.sync_folder(folder.parent_path()));
  auto lock = files.lock(folder / "lock", "an open event log");
  if (!lock) {
    return fail(lock.error().code,
                fmt::format("cannot open the log in {}: {}", folder.string(), lock.error().message),
                lock.error().code == Code::conflict ? "stop the other process that uses this data folder"
                                                    : lock.error().hint);
  }
  const model::Partition count = std::max(TRY(stored_partitions(files, folder)), options.partitions);
  std::vector<std::unique_ptr<Partition>> partitions;
  for (model::Partition number = 0; number < count; ++number) {
    partitions.push_back(
        TRY(Partition::open(files, clock, folder / fmt::to_string(number), number,
                            {options.segment_bytes, options.tail_cache_bytes, options.producers})));
  }
  return std::unique_ptr<SegmentedLog>(new SegmentedLog(options, std::move(*lock), std::move(partitions)));
}

SegmentedLog::SegmentedLog(const Options& options, std::unique_ptr<io::FileLock> lock,
                           std::vector<std::unique_ptr<Partition>> partitions)
    : options_(options),
      writer_(io::random_u64()),
      folder_lock_(std::move(lock)),
      partitions_(std::move(partitions)),
      committer_([this] { run(); }) {}

SegmentedLog::~SegmentedLog() { close(); }

void SegmentedLog::close() {
  {
    Lock lock(mutex_);
    is_closing_ = true;
    wake_.notify_all();
  }
  if (committer_.joinable()) committer_.join();
}

Status SegmentedLog::check_partition(model::Partition partition) const {
  if (partition >= 0 && partition < partition_count()) return {};
  return fail(Code::not_found,
              fmt::format("no partition {}; this stream has {}", partition, partition_count()));
}

size_t SegmentedLog::Pending::bytes() const {
  size_t bytes = 0;
  for (const PreparedBatch& part : parts) bytes += part.bytes();
  return bytes;
}

void SegmentedLog::Writes::add(PreparedBatch batch, size_t owner) {
  const auto partition = static_cast<size_t>(batch.batch.partition);
  batches[partition].push_back(std::move(batch));
  owners[partition].push_back(owner);
}

void SegmentedLog::append_parts(std::vector<NewBatch> parts, DoneParts done) {
  auto prepared = prepare_request(std::move(parts), partition_count(), options_.batch_bytes_max);
  if (!prepared) return done(fail(std::move(prepared).error()));
  Pending pending{std::move(*prepared), std::move(done)};
  if (Status queued = enqueue(pending); !queued) pending.done(fail(std::move(queued).error()));
}

Status SegmentedLog::enqueue(Pending& pending) {
  Lock lock(mutex_);
  if (ended_by_) return fail_ended(*ended_by_);
  if (is_closing_) return fail(Code::unavailable, "the log is closed", "try again when the server is up");
  const size_t bytes = pending.bytes();
  if (queue_bytes_ > 0 && queue_bytes_ + bytes > options_.queue_bytes_max) {
    return fail(Code::overloaded, fmt::format("{} bytes wait to be written already", queue_bytes_),
                "send again in a moment");
  }
  queue_bytes_ += bytes;
  queue_.push_back(std::move(pending));
  wake_.notify_one();
  return {};
}

void SegmentedLog::run() {
  while (true) {
    std::vector<std::packaged_task<Status()>> tasks;
    std::vector<Pending> group = take_group(tasks);
    if (group.empty() && tasks.empty()) break;
    for (auto& task : tasks) task();
    if (!group.empty()) commit(std::move(group));
  }
  for (const auto& partition : partitions_) partition->close();
}

std::vector<SegmentedLog::Pending> SegmentedLog::take_group(
    std::vector<std::packaged_task<Status()>>& tasks) {
  std::vector<Pending> group;
  Lock lock(mutex_);
  while (queue_.empty() && tasks_.empty() && !is_closing_) lock.wait(wake_);
  tasks.swap(tasks_);
  size_t bytes = 0;
  while (!queue_.empty()) {
    bytes += queue_.front().bytes();
    if (!group.empty() && bytes > options_.group_bytes_max) break;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

Status SegmentedLog::on_committer(std::function<Status()> task) {
  std::packaged_task<Status()> packaged(std::move(task));
  auto outcome = packaged.get_future();
  {
    Lock lock(mutex_);
    if (is_closing_ || ended_by_) return {};
    tasks_.push_back(std::move(packaged));
    wake_.notify_one();
  }
  return outcome.get();
}

// A request with several parts is told apart in the partition of its first one, its home, which is written
// last: where that is durable, all of it is. What a crash left of the others is found again when it is sent
// again (Producer::is_part).
void SegmentedLog::commit(std::vector<Pending> group) {
  size_t bytes = 0;
  std::vector<Outcome> outcomes(group.size());
  std::vector<bool> has_others;
  std::vector<std::optional<Producer>> producers;
  Writes homes(partitions_.size());
  for (size_t i = 0; i < group.size(); ++i) {
    bytes += group[i].bytes();
    has_others.push_back(group[i].parts.size() > 1);
    producers.push_back(group[i].parts.front().batch.producer);
    homes.add(std::move(group[i].parts.front()), i);
  }
  if (std::find(has_others.begin(), has_others.end(), true) != has_others.end()) {
    judge_requests(homes, has_others, outcomes);
    Writes others(partitions_.size());
    for (size_t i = 0; i < group.size(); ++i) {
      for (size_t part = 1; part < group[i].parts.size() && !outcomes[i].is_judged; ++part)
        others.add(std::move(group[i].parts[part]), i);
    }
    write(std::move(others), outcomes);
    homes = without_failed(std::move(homes), has_others, outcomes);
  }
  write(std::move(homes), outcomes);
  std::function<void()> listener;
  {
    Lock lock(mutex_);
    queue_bytes_ -= bytes;
    listener = listener_;
  }
  bool has_stored = false;
  for (size_t i = 0; i < group.size(); ++i) {
    Outcome& outcome = outcomes[i];
    has_stored = has_stored || outcome.has_stored;
    if (outcome.error) {
      group[i].done(fail(std::move(*outcome.error)));
      continue;
    }
    if (producers[i]) gather(*producers[i], outcome);
    std::sort(outcome.parts.begin(), outcome.parts.end(),
              [](const Appended& a, const Appended& b) { return a.partition < b.partition; });
    group[i].done(std::move(outcome.parts));
  }
  if (has_stored && listener) listener();
}

// Before anything of them is written.
void SegmentedLog::judge_requests(const Writes& homes, const std::vector<bool>& has_others,
                                  std::vector<Outcome>& outcomes) const {
  for (size_t p = 0; p < homes.batches.size(); ++p) {
    const auto& owners = homes.owners[p];
    if (std::none_of(owners.begin(), owners.end(), [&](size_t owner) { return has_others[owner]; })) continue;
    const auto judged = partitions_[p]->judge(homes.batches[p]);
    for (size_t k = 0; k < judged.size(); ++k) outcomes[owners[k]].is_judged = judged[k].has_value();
  }
}

// Nor what was a repeat of one that failed: the parts of the repeat were left out.
SegmentedLog::Writes SegmentedLog::without_failed(Writes homes, const std::vector<bool>& has_others,
                                                  std::vector<Outcome>& outcomes) const {
  std::optional<Error> failed;
  for (const Outcome& outcome : outcomes) {
    if (outcome.error && !failed) failed = outcome.error;
  }
  for (bool has_changed = failed.has_value(); has_changed;) {
    Writes due(partitions_.size());
    has_changed = false;
    for (size_t p = 0; p < homes.batches.size(); ++p) {
      for (size_t k = 0; k < homes.batches[p].size(); ++k) {
        if (!outcomes[homes.owners[p][k]].error) due.add(std::move(homes.batches[p][k]), homes.owners[p][k]);
      }
      const auto judged = partitions_[p]->judge(due.batches[p]);
      for (size_t k = 0; k < judged.size(); ++k) {
        Outcome& outcome = outcomes[due.owners[p][k]];
        if (!has_others[due.owners[p][k]] || !outcome.is_judged || judged[k]) continue;
        outcome.error = failed;
        has_changed = true;
      }
    }
    homes = std::move(due);
  }
  return homes;
}

void SegmentedLog::write(Writes writes, std::vector<Outcome>& outcomes) {
  std::vector<size_t> numbers;
  for (size_t p = 0; p < writes.batches.size(); ++p) {
    if (!writes.batches[p].empty()) numbers.push_back(p);
  }
  std::vector<std::optional<Result<std::vector<Result<Appended>>>>> results(partitions_.size());
  std::atomic<size_t> next = 0;
  run_on_threads(std::min(numbers.size(), threads_max), [&] {
    for (size_t at = next++; at < numbers.size(); at = next++) {
      const size_t p = numbers[at];
      results[p] = partitions_[p]->commit(std::move(writes.batches[p]));
    }
  });
  for (const size_t p : numbers) {
    auto& written = *results[p];
    if (!written && written.error().code != Code::disk_full) {
      Lock lock(mutex_);
      if (!ended_by_) ended_by_ = written.error();
    }
    for (size_t k = 0; k < writes.owners[p].size(); ++k) {
      Outcome& outcome = outcomes[writes.owners[p][k]];
      const auto appended =
          written ? std::move((*written)[k]) : Result<Appended>(std::unexpected(written.error()));
      if (appended) {
        outcome.parts.push_back(*appended);
        outcome.has_stored = outcome.has_stored || !appended->is_repeat;
      } else if (!outcome.error) {
        outcome.error = appended.error();
      }
    }
  }
  for (Outcome& outcome : outcomes) {
    if (!outcome.error || !outcome.has_stored || outcome.error->code == Code::unknown_outcome) continue;
    outcome.error = Error{outcome.error->code == Code::disk_full ? Code::retry : Code::unknown_outcome,
                          "a part of the request is stored, another is not: " + outcome.error->message,
                          "send it again: under the same key or sequence, what is stored is not stored twice",
                          {}};
  }
}

// What a repeat got: its parts are where they were put when it came first.
void SegmentedLog::gather(const Producer& producer, Outcome& outcome) const {
  const bool is_whole = outcome.parts.size() == 1 && outcome.parts.front().is_repeat;
  if (!is_whole || partitions_.size() == 1) return;
  Producer part = producer;
  part.is_part = true;
  for (const auto& partition : partitions_) {
    if (auto found = partition->find(part)) outcome.parts.push_back(*found);
  }
}

std::vector<model::Offset> SegmentedLog::durable_offsets() const {
  std::vector<model::Offset> offsets;
  for (const auto& partition : partitions_) offsets.push_back(partition->next_offset());
  return offsets;
}

Result<std::vector<BatchPtr>> SegmentedLog::read(model::Partition partition, model::Offset from,
                                                 model::Offset end, size_t bytes_max) const {
  TRY(check_partition(partition));
  if (from < 0) return fail(Code::bad_input, fmt::format("offset {} is before the first one, 0", from));
  return partitions_[static_cast<size_t>(partition)]->read(from, end, bytes_max);
}

Result<std::vector<BatchPtr>> SegmentedLog::bulk_batches(model::Partition partition, model::Offset from,
                                                         model::Offset end) const {
  TRY(check_partition(partition));
  return partitions_[static_cast<size_t>(partition)]->bulk_batches(from, end);
}

model::Offset SegmentedLog::first_offset(model::Partition partition) const {
  return check_partition(partition) ? partitions_[static_cast<size_t>(partition)]->first_offset() : 0;
}

Result<Removed> SegmentedLog::remove_before(model::Partition partition, model::Offset end,
                                            int64_t last_ingested_before_us) {
  TRY(check_partition(partition));
  Partition& from = *partitions_[static_cast<size_t>(partition)];
  TRY(on_committer([&]() -> Status {
    Status sealed = from.seal(end, last_ingested_before_us);
    if (sealed || sealed.error().code == Code::disk_full) return {};  // what is sealed can go all the same
    Lock lock(mutex_);
    if (!ended_by_) ended_by_ = sealed.error();
    return sealed;
  }));
  return from.remove_before(end, last_ingested_before_us);
}

Result<uint64_t> SegmentedLog::remove_quarantined_before(int64_t received_before_us) {
  uint64_t removed = 0;
  for (const auto& partition : partitions_)
    removed += TRY(partition->remove_quarantined_before(received_before_us));
  return removed;
}

void SegmentedLog::on_durable(std::function<void()> listener) {
  Lock lock(mutex_);
  listener_ = std::move(listener);
}

std::optional<model::Partition> SegmentedLog::partition_of(const Producer& producer) const {
  for (size_t number = 0; number < partitions_.size(); ++number) {
    if (partitions_[number]->knows(producer)) return static_cast<model::Partition>(number);
  }
  return std::nullopt;
}

uint64_t SegmentedLog::next_sequence(std::string_view producer_id,
                                     std::optional<model::Partition> chosen) const {
  const auto partition = chosen ? chosen : partition_of({std::string(producer_id), 0, 0});
  if (!partition || !check_partition(*partition)) return 0;
  return partitions_[static_cast<size_t>(*partition)]->next_sequence(producer_id);
}

uint64_t SegmentedLog::quarantined_count() const {
  uint64_t count = 0;
  for (const auto& partition : partitions_) count += partition->quarantined_count();
  return count;
}

Result<std::vector<QuarantineEntry>> SegmentedLog::quarantine(const std::optional<QuarantinePosition>& after,
                                                              size_t limit) const {
  std::vector<QuarantineEntry> entries;
  if (after) TRY(check_partition(after->partition));
  for (size_t number = after ? static_cast<size_t>(after->partition) : 0; number < partitions_.size();
       ++number) {
    std::optional<std::pair<uint64_t, uint32_t>> place;
    if (after && static_cast<size_t>(after->partition) == number)
      place.emplace(after->batch_position, after->index);
    TRY(partitions_[number]->quarantine(place, limit, entries));
  }
  return entries;
}

uint64_t SegmentedLog::bytes_on_disk() const {
  uint64_t bytes = 0;
  for (const auto& partition : partitions_) bytes += partition->bytes_on_disk();
  return bytes;
}

LogExtent SegmentedLog::extent() const {
  LogExtent extent;
  extent.writer = writer_;
  for (const auto& partition : partitions_) extent.partitions.push_back(partition->extent());
  return extent;
}

std::vector<TornTail> SegmentedLog::torn_tails() const {
  std::vector<TornTail> torn;
  for (const auto& partition : partitions_) {
    if (partition->torn_tail()) torn.push_back(*partition->torn_tail());
  }
  return torn;
}

}  // namespace anabranch::log
