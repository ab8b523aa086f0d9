#pragma once
// Where a stream's events lie: in the archive, in bulk files beside the log, and in the log itself. Nobody
// else decides it.

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "history/log_feed.h"
#include "history/stream.h"
#include "history/stream_reader.h"
#include "model/offsets.h"
#include "model/relation_column.h"
#include "model/schema.h"
#include "sql/database.h"

namespace anabranch::history {

/// The events of all streams, as relations of an engine. (As batches, in order: stream_reader.h.)
/// Owner: the application; the database and what the streams point to outlive it. Any thread may call.
class History {
 public:
  /// Who goes through events: each has feeds of its own, so that what reads go back to can be counted.
  enum class Reader { query, archiver };

  /// Consecutive events that lie in one place.
  struct Piece {
    model::OffsetRange range;
    std::string source;  // a table expression: the schema's columns and the four system columns
  };

  History(sql::Database& database, const std::vector<Stream>& streams)
      : database_(database), streams_(streams.begin(), streams.end()) {}

  /// One more, which is not known yet: a stream that the project has got while it runs.
  void add(const Stream& stream) EXCLUDES(streams_mutex_);
  /// Nobody knows it any more, nor reads it; what it points to stays all the same. Another may come by its
  /// name.
  void remove(const std::string& name) EXCLUDES(streams_mutex_) EXCLUDES(mutex_);
  std::vector<Stream> streams() const EXCLUDES(streams_mutex_);
  /// By "bronze.<stream>"; null when there is none. Stays valid.
  const Stream* find(std::string_view name) const EXCLUDES(streams_mutex_);

  /// Makes what relation() and unarchived() name known to the engine. Before a transaction that uses them
  /// begins: what is registered after its first look at functions is not there for it. not_found: no such
  /// stream.
  Status prepare(const std::string& stream, const model::Schema& schema, Reader reader) EXCLUDES(mutex_);

  /// A SELECT of all events with offsets before `ends`, one a partition (none: 0): those of the archive from
  /// its files, the others from where they lie. corrupt when the log names a bulk file in a way that cannot
  /// be read, unavailable when it has forgotten events that the archive does not have.
  Result<std::string> relation(const std::string& stream, const model::Schema& schema, const Archive& archive,
                               const std::vector<model::Offset>& ends) EXCLUDES(mutex_);

  /// The events of a partition's range without the archive, in order of their offsets, without gaps. A piece
  /// of the log has at most log_events_max events, a bulk file is one piece.
  Result<std::vector<Piece>> unarchived(const StreamPartition& partition, const model::Schema& schema,
                                        model::OffsetRange range, Reader reader,
                                        model::Offset log_events_max = INT64_MAX) EXCLUDES(mutex_);

  /// The bulk files that relation() names for these offsets.
  Result<std::set<std::string, std::less<>>> bulk_files(const std::string& stream, const Archive& archive,
                                                        const std::vector<model::Offset>& ends) const;

  /// The engine's functions that give a stream's log to queries, one a partition.
  std::vector<std::string> log_functions(const std::string& stream, const model::Schema& schema) const
      EXCLUDES(mutex_);

  /// Events that queries have gone back to in logs so far.
  int64_t log_rows_read() const EXCLUDES(mutex_);

 private:
  std::string feed_name(std::string_view prefix, const StreamPartition& partition,
                        const model::Schema& schema) const REQUIRES(mutex_);
  Result<std::string> feed(const StreamPartition& partition, const model::Schema& schema, Reader reader)
      EXCLUDES(mutex_);
  Result<const Stream*> known(const std::string& name) const;

  sql::Database& database_;
  mutable Mutex streams_mutex_;
  std::deque<Stream> streams_ GUARDED_BY(streams_mutex_);  // what is in it never moves; no name: removed
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<LogFeed>> feeds_ GUARDED_BY(mutex_);
  std::map<std::string, int> removed_ GUARDED_BY(mutex_);  // how often one of that name went
};

/// The columns of a stream's events as relations have them: the schema's and the four system columns.
std::vector<model::RelationColumn> columns_of(const std::string& stream, const model::Schema& schema);

/// The events of a step that lie in files as a table expression: the schema's columns and the four system
/// columns. corrupt: the batch of a bulk file names none.
Result<std::string> file_source(const Events& events, const model::Schema& schema);

}  // namespace anabranch::history
