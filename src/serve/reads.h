#pragma once
// Reads as every door asks for them: who asks, for what, and a plain answer. No session of an engine and no
// epoch passes here, so those who answer may be other processes than those who ask.

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/offsets.h"
#include "model/relation_column.h"
#include "security/caller.h"
#include "speed/speed_layer.h"
#include "sql/database.h"
#include "views/plan.h"

namespace anabranch::serve {

enum class RowFormat { json, csv, arrow, parquet };

/// What a read of rows says beside what it reads.
struct RowTerms {
  security::Caller caller;
  model::Offsets min_offsets;  // exclusive: wait until these are included
  int64_t timeout_us = 0;      // 0: the service's limit
  RowFormat format = RowFormat::json;
  sql::Numbers numbers = sql::Numbers::number;              // in JSON
  std::shared_ptr<const std::atomic<bool>> cancelled = {};  // becomes true when nobody waits any more
};

/// One SELECT.
struct QueryRead {
  RowTerms terms;
  std::string sql;
};

/// The first rows of a view.
struct ViewRead {
  RowTerms terms;
  std::string view;  // "gold.daily"
  size_t limit = 1000;
};

/// What is known of an answer before its rows.
struct RowsHead {
  std::vector<model::RelationColumn> columns;
  std::string build_id;    // empty: no build yet
  model::Offsets offsets;  // exclusive, of the streams that the caller may see
  int64_t epoch = 0;
};

struct RowsEnd {
  int64_t elapsed_us = 0;
};

/// Takes an answer as it is made: its head, then its rows in the format that was asked for, in frames of
/// about sql::frame_bytes (JSON: [[…],…]; Parquet: one frame, as the file is whole only at its end). On the
/// thread that reads: who waits here keeps the read waiting, and its time goes on. With an error the read
/// ends and gives it back: cancelled, when nobody takes the rows any more.
class RowsSink {
 public:
  virtual ~RowsSink() = default;
  virtual Status head(RowsHead head) = 0;
  virtual Status frame(std::string rows) = 0;
};

/// An answer whole in memory, for who needs it so.
struct RowsAnswer final : RowsSink {
  RowsHead about;
  std::string rows;
  Status head(RowsHead head) override {
    about = std::move(head);
    return {};
  }
  Status frame(std::string bytes) override {
    if (rows.empty()) {
      rows = std::move(bytes);
    } else {
      rows += bytes;
    }
    return {};
  }
};

/// A view as it is read. Counts are of all rows, so they are there only for who sees it whole.
struct ViewRecord {
  std::string name;
  views::ViewClass view_class = views::ViewClass::read_time;
  bool is_maintained = false;
  std::vector<model::RelationColumn> columns;  // that the caller may see
  std::set<std::string> depends_on;            // as columns
  std::optional<int64_t> build_rows;
  std::optional<int64_t> slice_rows;
  std::optional<int64_t> errors;  // events recorded against it
  bool is_whole = true;           // the caller sees all of it
};

struct ViewDetail {
  ViewRecord record;
  std::optional<views::Plan> plan;  // nothing: the caller does not see all of it
  bool has_failed = false;          // a tick or a build failed to compute it on its events
};

/// An event that is recorded against a view.
struct ViewError {
  std::string stream;
  model::Partition partition = 0;
  model::Offset offset = 0;
  std::string message;
  std::string raw;
};

struct ViewErrors {
  int64_t total = 0;
  std::vector<ViewError> errors;
};

/// How far reads are, of all streams: a door shows a caller those that are there for it.
struct ReadState {
  int64_t epoch = 0;
  model::Offsets applied;  // exclusive
  speed::SpeedLayer::Stats speed;
  int64_t log_rows_read = 0;  // events that reads have gone back to so far
  size_t running = 0;         // queries
};

/// The port. Any thread may call; those that read rows or errors block.
class Reads {
 public:
  virtual ~Reads() = default;

  /// bad_sql and refused have a place in the text; timeout, cancelled, overloaded; too_large when a JSON
  /// document or a Parquet file is larger than an answer may be. All of them may come after the head and some
  /// frames, of which the rest is then missing.
  virtual Result<RowsEnd> query(const QueryRead& read, RowsSink& sink) = 0;
  /// The same, and not_found for a view that is not there for the caller.
  virtual Result<RowsEnd> rows(const ViewRead& read, RowsSink& sink) = 0;

  /// The views that there are for the caller, in the order of their dependencies. Here and below: unavailable
  /// while nobody can be asked.
  virtual Result<std::vector<std::string>> view_names(const security::Caller& caller) = 0;
  /// The same with their sizes; a size that cannot be told in time is left out.
  virtual Result<std::vector<ViewRecord>> views(const security::Caller& caller) = 0;
  virtual Result<ViewDetail> view(const security::Caller& caller, const std::string& name) = 0;
  /// Recorded events with their message and raw text. refused for who does not see the view, and the streams
  /// that it reads, whole.
  virtual Result<ViewErrors> errors(const security::Caller& caller, const std::string& view,
                                    size_t limit) = 0;

  virtual ReadState state() = 0;
};

}  // namespace anabranch::serve
