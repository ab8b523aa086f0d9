#pragma once
// Records of the log become rows, the plain way: simple, slow, and sharing nothing with the decoder that the
// ticks use, so that neither can hide a mistake of the other.

#include <string>
#include <vector>

#include "base/result.h"
#include "model/schema.h"
#include "quality/log_records.h"
#include "sql/table_writer.h"

namespace anabranch::quality {

/// One event: the schema's fields in order, then its text.
struct PlainEvent {
  model::Offset offset = 0;
  std::vector<sql::Value> fields;
  std::string raw;
};

/// The events of a batch that is no bulk file, by the schema version that it names. corrupt names the offset
/// of what cannot be read.
Result<std::vector<PlainEvent>> decode_plainly(const LogRecords& batch, const model::Schema& schema);

}  // namespace anabranch::quality
