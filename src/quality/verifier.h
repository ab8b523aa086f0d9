#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/process.h"
#include "quality/read_export.h"
#include "quality/recompute.h"
#include "quality/verdict.h"
#include "quality/verify_job.h"
#include "serve/query_service.h"
#include "views/world.h"

namespace anabranch::quality {

/// Compares what reads of a view give with its SELECT as it is written, over the raw events, at the same
/// offsets. The reads are taken in one snapshot and written to a file; the recompute is done by a child
/// process, which can be killed and knows nothing of the platform but files (recompute.h). Owner: the
/// application. Any thread may call; verifies run one after the other.
class Verifier {
 public:
  struct Options {
    io::Path
        folder;  // for the rows of reads, below a folder that the database may open; emptied at the start
    io::Path program;  // is run with the arguments `child verify`; empty: the work is done in this process
    VerifySources sources;
    PlainFile plain_file;
    int64_t timeout_us = int64_t{3600} * 1'000'000;  // of the child
    uint64_t memory_bytes_max = uint64_t{1} << 30;   // of the child's engine
    int threads = 2;
    int64_t raw_events_max =
        2'000'000;  // of one stream: above, its archive is read, and compared with samples of the log
  };
  struct Request {
    std::vector<std::string> views;
    bool is_sample = false;  // one in 64 of the keys
    std::function<void(const VerifyProgress&)> on_progress;
    std::function<bool()> is_cancelled;  // asked now and then; true ends the child
  };

  static Result<std::unique_ptr<Verifier>> create(serve::QueryService& queries, sql::Database& database,
                                                  io::Clock& clock, Options options);

  /// A verdict for each view, in their order, all of one snapshot. not_found for a view that there is not. A
  /// view whose evaluation raises on both sides alike is equal, with a note. Where the child was killed, ran
  /// too long or fell over, every verdict is failed and says so. cancelled after stop().
  Result<std::vector<Verdict>> verify(const Request& request) EXCLUDES(mutex_);
  Result<Verdict> verify(const std::string& view);

  /// Reads of every world but `now`, the one in force, are of these sources from here on.
  void expect(std::shared_ptr<const views::World> now, VerifySources sources) EXCLUDES(mutex_);
  /// They never came: the ones before hold for all.
  void expect_nothing() EXCLUDES(mutex_);

  /// Ends the running child at once, and refuses later calls. Any thread.
  void stop() EXCLUDES(mutex_);

  /// Called when a child has started, on the thread of its verify; for tests, which end it.
  std::function<void(io::Process&)> on_child;

 private:
  Verifier(serve::QueryService& queries, sql::Database& database, io::Clock& clock, Options options)
      : queries_(queries),
        database_(database),
        clock_(clock),
        options_(std::move(options)),
        sources_(std::make_shared<const VerifySources>(options_.sources)) {}
  std::shared_ptr<const VerifySources> sources_of(const views::World& world) EXCLUDES(mutex_);
  Status wait_for_turn(const Request& request) EXCLUDES(mutex_);
  Result<std::vector<Verdict>> run(const VerifyJob& job, const Request& request) EXCLUDES(mutex_);

  serve::QueryService& queries_;
  sql::Database& database_;
  io::Clock& clock_;
  const Options options_;
  Mutex mutex_;
  std::condition_variable ended_;
  io::Process* child_ GUARDED_BY(mutex_) = nullptr;
  bool is_stopped_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<const VerifySources> sources_ GUARDED_BY(mutex_);
  std::shared_ptr<const VerifySources> sources_before_ GUARDED_BY(mutex_);
  std::shared_ptr<const views::World> world_before_ GUARDED_BY(mutex_);
  bool is_busy_ GUARDED_BY(mutex_) = false;  // one verify at a time: each may take all of the memory
  std::condition_variable turn_;
};

/// What a verdict is of: changes with the view's SQL, that of the views below it, its tables' versions and
/// its streams' schemas. Empty for a view that there is not.
std::string definition_of(const views::World& world, const std::string& view);

}  // namespace anabranch::quality
