#pragma once
// The port of the slot "event log": the only door by which events come in.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/batch.h"
#include "log/log_extent.h"

namespace anabranch::log {

/// What an acknowledged append got.
struct Appended {
  model::Partition partition = 0;
  model::OffsetRange range;  // empty when the batch held only rejects
  int64_t ingested_at_us = 0;
  uint32_t rejects = 0;    // that are stored with it
  bool is_repeat = false;  // its producer had sent it before: nothing was stored now
};

/// One reject as it is listed: where it stands in the log, and itself.
struct QuarantineEntry {
  model::Partition partition = 0;
  model::Offset at_offset = 0;  // the next offset when it came in
  uint64_t batch_position = 0;  // identifies the batch within its partition, grows with time
  uint32_t index = 0;           // within the batch
  int64_t received_at_us = 0;
  Reject reject;
};

/// What a removal took from the disk.
struct Removed {
  uint64_t segments = 0;  // whole ones, from the front
  uint64_t bytes = 0;     // theirs and those of bulk files
};

/// The events of one stream. Owner: the application. Any thread may call any method.
class EventLog {
 public:
  virtual ~EventLog() = default;

  /// How many partitions there are; never fewer than before.
  virtual model::Partition partition_count() const = 0;

  /// What became of a request: of each of its parts, in the order of partitions. Of one that came before,
  /// what it got then.
  using DoneParts = std::function<void(Result<std::vector<Appended>>)>;
  /// Queues the batches of one request, at most one a partition, and returns at once. The first is its home:
  /// where the request is known by its producer, also when it holds no events. `done` is called
  /// exactly once: on the log's own thread, when all are durable (law L1) or one has failed: disk_full
  /// (nothing of the request is stored; try again when there is space), unavailable (an earlier write failed;
  /// restart), unknown_outcome (a sync failed, or a failed write could not be undone), retry (of several
  /// parts some are stored, and for others there was no space). What is refused at once, before
  /// append_parts() returns and on the caller's thread, was not queued: overloaded (queue full), too_large,
  /// bad_input (the payload does not fit the count; two parts for one partition; different producers),
  /// not_found (no such partition), unavailable (closed). A request that its producer had sent before is not
  /// stored again, nor any part of it: it gets the first one's answer, once that is durable, also after a
  /// crash in the middle of it. conflict: its sequence leaves a gap, its answer is no longer kept, or its
  /// content is another one (ProducerTable).
  virtual void append_parts(std::vector<NewBatch> parts, DoneParts done) = 0;

  using Done = std::function<void(Result<Appended>)>;
  /// append_parts() of one.
  void append(NewBatch batch, Done done);
  /// append() and wait. Not from `done` or the listener: they run on the thread that it waits for.
  Result<Appended> append_and_wait(NewBatch batch);

  /// The next offset of each partition; everything before it is durable.
  virtual std::vector<model::Offset> durable_offsets() const = 0;
  /// The first event that is still there; the next offset when none is. Only remove_before() moves it.
  virtual model::Offset first_offset(model::Partition partition) const = 0;

  /// Durable batches from the one that contains `from`, in order, until max_bytes of payload are passed (at
  /// least one batch when there is one) or `end` is reached. The first batch may begin before `from`. Batches
  /// with count 0 are left out. corrupt names file and position. not_found: `from` is before first_offset(),
  /// also when it was not yet when the call began.
  virtual Result<std::vector<BatchPtr>> read(model::Partition partition, model::Offset from,
                                             model::Offset end, size_t bytes_max) const = 0;

  /// The durable batches that name bulk files and overlap [from, end), in order: known from the headers, so
  /// that nothing else is read. not_found as for read().
  virtual Result<std::vector<BatchPtr>> bulk_batches(model::Partition partition, model::Offset from,
                                                     model::Offset end) const = 0;

  /// Called after every group commit, on the log's own thread; must return fast. One listener, set before the
  /// first append.
  virtual void on_durable(std::function<void()> listener) = 0;

  /// The partition that knows a producer, or a key, by a request that was told apart there; nothing where
  /// none does.
  virtual std::optional<model::Partition> partition_of(const Producer& producer) const = 0;

  /// The number that a producer's next batch has; 0 for one that is not known. A producer that chooses
  /// partitions numbers its batches for each: `chosen` is the one that is meant. None: a batch for which the
  /// key or the turn decides, which is told apart in partition_of().
  virtual uint64_t next_sequence(std::string_view producer_id,
                                 std::optional<model::Partition> chosen) const = 0;

  virtual uint64_t quarantined_count() const = 0;
  /// Rejects in order of arrival after (partition, batch_position, index) given by `after`, at most `limit`.
  struct QuarantinePosition {
    model::Partition partition = 0;
    uint64_t batch_position = 0;
    uint32_t index = 0;
  };
  virtual Result<std::vector<QuarantineEntry>> quarantine(const std::optional<QuarantinePosition>& after,
                                                          size_t limit) const = 0;

  /// Removes what lies before `end` and whose last event came in before `last_ingested_before_us`, in units
  /// of the log's own (whole segments), with the bulk files that nothing names any more. Rejects stay in
  /// quarantine under their positions, and repeats of what went are still known. The caller has seen to it
  /// that the events are in the archive and that nobody is about to read them. When it fails, what is still
  /// there can be read, and the next call goes on: io, disk_full, corrupt (a reject cannot be read).
  virtual Result<Removed> remove_before(model::Partition partition, model::Offset end,
                                        int64_t last_ingested_before_us) = 0;
  /// Gives up rejects that came in before this time; how many. Those in what remove_before() has not taken
  /// yet stay until then.
  virtual Result<uint64_t> remove_quarantined_before(int64_t received_before_us) = 0;

  /// How far it reaches, for who reads its files beside it (FollowedLog); of a log that cannot be read so: no
  /// partitions. The schema version is not known here.
  virtual LogExtent extent() const { return {}; }

  /// Of what is there; bulk files are not counted.
  virtual uint64_t bytes_on_disk() const = 0;

  /// Finishes what is queued. Appends from now on are unavailable, readers go on. One thread; not the log's
  /// own.
  virtual void close() = 0;
};

}  // namespace anabranch::log
