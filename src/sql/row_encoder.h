#pragma once
// Chunks of rows to bytes. Included by src/sql only.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "duckdb.hpp"
#include "sql/row_frames.h"

namespace anabranch::sql {

/// Writes the rows of one result and sends them off frame by frame. One thread. begin(), then add() for each
/// chunk in order, then end(); after an error, none of them.
class RowEncoder {
 public:
  /// What it is told of the result lives as long as it does.
  RowEncoder(const std::vector<model::RelationColumn>& columns, FrameSink& sink)
      : columns_(columns), sink_(sink) {}
  virtual ~RowEncoder() = default;

  virtual Status begin() = 0;
  virtual Status add(duckdb::DataChunk& chunk) = 0;
  virtual Status end() = 0;

 protected:
  Status send() { return out_.empty() ? Status{} : sink_.frame(std::exchange(out_, {})); }
  Status send_if_full() { return out_.size() < frame_bytes ? Status{} : send(); }

  const std::vector<model::RelationColumn>& columns_;
  std::string out_;  // of the next frame

 private:
  FrameSink& sink_;
};

std::unique_ptr<RowEncoder> json_encoder(const std::vector<model::RelationColumn>& columns, Numbers numbers,
                                         FrameSink& sink);
std::unique_ptr<RowEncoder> csv_encoder(const std::vector<model::RelationColumn>& columns, FrameSink& sink);
std::unique_ptr<RowEncoder> arrow_encoder(const std::vector<model::RelationColumn>& columns,
                                          const duckdb::QueryResult& result, FrameSink& sink);

}  // namespace anabranch::sql
