#pragma once
// What reads of views give, written to a database file in one snapshot, for a recompute that compares.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "model/offsets.h"
#include "quality/verify_job.h"
#include "serve/query_service.h"
#include "sql/database.h"

namespace anabranch::quality {

/// What a verify goes by beside the world: the models as they are written, and where events lie.
struct VerifySources {
  std::map<std::string, std::string> models;  // "gold.daily" → its SQL
  std::map<std::string, io::Path> streams;    // "flights" → its log's folder
};

/// The plain file of what an epoch names: the recompute shares nothing with what it checks, so it opens files
/// by their paths. It may be made, below the folder, which goes when the verify has ended. Null: names are
/// paths.
using PlainFile = std::function<Result<io::Path>(const std::string& name, const io::Path& folder)>;

struct ExportRequest {
  std::vector<std::string> views;
  int64_t sample_buckets = 1;
  io::Path file;  // made; must not be there yet
  std::function<std::shared_ptr<const VerifySources>(const views::World&)>
      sources;  // of the snapshot's world
  PlainFile plain_file;
  std::function<bool()> is_cancelled;
};

struct Export {
  VerifyJob job;           // views, streams, tables and the file
  model::Offsets offsets;  // of all streams
  speed::EpochPtr epoch;
};

/// The rows of each view, the events recorded against it and below it, and reads with conditions on sampled
/// values. Reads are those that any query makes. A view whose read raises has its error in the job instead of
/// rows. not_found for a view that there is not, or whose model is not known.
Result<Export> export_reads(serve::QueryService& queries, sql::Database& database,
                            const ExportRequest& request);

}  // namespace anabranch::quality
