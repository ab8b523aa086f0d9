#pragma once
// What a verify in its own process is told, as JSON on its standard input: everything it needs, so that it
// asks nothing of the platform.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/offsets.h"
#include "model/relation_column.h"
#include "model/schema.h"

namespace anabranch::quality {

struct VerifyJob {
  struct Stream {
    std::string name;                         // "flights"
    std::string log_folder;                   // log/<stream>, absolute
    std::vector<model::Offset> ends;          // events before these, one a partition
    model::Schema schema;                     // the pinned version: the columns of bronze.<stream>
    std::vector<std::string> archive_files;   // of all partitions
    std::vector<model::Offset> archive_ends;  // may be fewer: 0

    model::Offset archive_end(model::Partition partition) const {
      const auto index = static_cast<size_t>(partition);
      return index < archive_ends.size() ? archive_ends[index] : 0;
    }
  };
  struct Table {
    std::string name;  // "planes"
    std::string file;
    std::vector<model::RelationColumn> columns;
  };
  /// A read with a condition: how many rows it gave, and the sum of their hashes over `hashed` columns.
  struct Predicate {
    std::string where;  // over the columns c0, c1, …
    std::string shown;  // as a person would write it
    std::vector<size_t> hashed;
    int64_t rows = 0;
    std::string hash;
  };
  struct View {
    std::string name;  // "gold.delay_by_carrier"
    std::string sql;   // as it is written
    std::vector<std::string> columns;
    bool is_asked = false;       // else only others read it
    bool is_maintained = false;  // its reads come from states
    std::string read_table;      // in the file: the rows of its read, as c0, c1, …
    std::string read_error;      // why there are none
    std::string
        recorded_table;  // in the file: _partition, _offset of the events recorded against it; or empty
    std::string recorded_stream;
    std::vector<Predicate> predicates;
  };
  std::string file;    // a database with the rows of the reads
  std::string folder;  // for what does not fit into memory; the caller removes it
  std::vector<Stream> streams;
  std::vector<Table> tables;
  std::vector<View> views;     // in the order of their dependencies
  int64_t sample_buckets = 1;  // rows whose key's hash modulo this is 0 are compared; 1: all rows
  int64_t raw_events_max = 0;  // more events than this are read from the archive as far as it reaches
  int threads = 2;
  uint64_t memory_bytes_max = 0;

  std::string to_json() const;
  static Result<VerifyJob> from_json(std::string_view json);
};

}  // namespace anabranch::quality
