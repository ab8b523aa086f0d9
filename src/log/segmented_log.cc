#include "log/segmented_log.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::log {
namespace {

// One for now. Offsets are vectors and the code is per partition, so that more can come without another
// format.
constexpr model::Partition partition_count = 1;

Status check_partition(model::Partition partition) {
  if (partition >= 0 && partition < partition_count) return {};
  return fail(Code::not_found,
              fmt::format("no partition {}; this stream has {}", partition, partition_count));
}

// A log with more partitions than this program reads must not look like one with fewer events.
Status check_folder(io::FileSystem& files, const io::Path& folder) {
  for (const io::FolderEntry& entry : TRY(files.list(folder))) {
    const bool is_number =
        !entry.name.empty() && entry.name.find_first_not_of("0123456789") == std::string::npos;
    if (!entry.is_folder || !is_number || entry.name == "0") continue;
    return fail(
        Code::refused,
        fmt::format("{} is a partition that this program does not know", (folder / entry.name).string()),
        "start the version that wrote it, or a newer one");
  }
  return {};
}

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
  TRY(check_folder(files, folder));
  std::vector<std::unique_ptr<Partition>> partitions;
  for (model::Partition number = 0; number < partition_count; ++number) {
    partitions.push_back(
        TRY(Partition::open(files, clock, folder / fmt::to_string(number), number,
                            {options.segment_bytes, options.tail_cache_bytes, options.producers})));
  }
  return std::unique_ptr<SegmentedLog>(new SegmentedLog(options, std::move(*lock), std::move(partitions)));
}

SegmentedLog::SegmentedLog(const Options& options, std::unique_ptr<io::FileLock> lock,
                           std::vector<std::unique_ptr<Partition>> partitions)
    : options_(options),
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

void SegmentedLog::append(NewBatch batch, Done done) {
  // Checked and summed here, so that many producers share the work and the committer only writes.
  auto prepared = prepare(std::move(batch));
  if (!prepared) return done(fail(std::move(prepared).error()));
  if (prepared->bytes() > options_.batch_bytes_max) {
    return done(
        fail(Code::too_large,
             fmt::format("a batch of {} bytes; at most {} fit", prepared->bytes(), options_.batch_bytes_max),
             "send it in smaller parts, or as a bulk file"));
  }
  if (Status queued = enqueue(*prepared, done); !queued) done(fail(std::move(queued).error()));
}

Status SegmentedLog::enqueue(PreparedBatch& prepared, Done& done) {
  Lock lock(mutex_);
  if (ended_by_) return fail_ended(*ended_by_);
  if (is_closing_) return fail(Code::unavailable, "the log is closed", "try again when the server is up");
  const size_t bytes = prepared.bytes();
  if (queue_bytes_ > 0 && queue_bytes_ + bytes > options_.queue_bytes_max) {
    return fail(Code::overloaded, fmt::format("{} bytes wait to be written already", queue_bytes_),
                "send again in a moment");
  }
  queue_bytes_ += bytes;
  queue_.push_back({std::move(prepared), std::move(done)});
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
    bytes += queue_.front().prepared.bytes();
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

void SegmentedLog::commit(std::vector<Pending> group) {
  size_t bytes = 0;
  std::vector<PreparedBatch> batches;
  for (Pending& pending : group) {
    bytes += pending.prepared.bytes();
    batches.push_back(std::move(pending.prepared));
  }
  auto appended = partitions_.front()->commit(std::move(batches));
  std::function<void()> listener;
  {
    Lock lock(mutex_);
    queue_bytes_ -= bytes;
    if (!appended && appended.error().code != Code::disk_full && !ended_by_) ended_by_ = appended.error();
    listener = listener_;
  }
  for (size_t i = 0; i < group.size(); ++i) {
    if (appended) {
      group[i].done(std::move((*appended)[i]));
    } else {
      group[i].done(fail(appended.error()));
    }
  }
  if (appended && listener) listener();
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

uint64_t SegmentedLog::next_sequence(std::string_view producer_id) const {
  return partitions_.front()->next_sequence(producer_id);
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

std::vector<TornTail> SegmentedLog::torn_tails() const {
  std::vector<TornTail> torn;
  for (const auto& partition : partitions_) {
    if (partition->torn_tail()) torn.push_back(*partition->torn_tail());
  }
  return torn;
}

}  // namespace anabranch::log
