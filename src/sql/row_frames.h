#pragma once
// Rows as bytes on their way out: in frames, each bounded, as the engine makes them.

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/database.h"

namespace anabranch::sql {

/// The forms of docs/api.md in which rows can be written while they come.
enum class Encoding { json, csv, arrow };

/// Takes the rows of one SELECT. On the thread that asked for them, in between the engine's work: who waits
/// here keeps the engine waiting. An error ends the statement, and is what the one who asked gets.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  /// The statement is bound and planned; it has given no row yet.
  virtual Status begin(const std::vector<model::RelationColumn>& columns) = 0;
  /// The next bytes, never none.
  virtual Status frame(std::string bytes) = 0;
};

/// A frame is sent off as soon as it has so much. Of Arrow, whose batches are whole, it is what the rows take
/// in the engine; a row is whole, too.
inline constexpr size_t frame_bytes = 1 << 20;

/// too_large: an answer, or what it becomes, is over this.
Error answer_too_large(size_t bytes_max);

/// Runs one SELECT. All frames together are what Rows::append_json(), _csv() or _arrow() would give; the rows
/// are never in memory together. There is one frame at least.
Status stream_rows(Session& session, const Query& select, Encoding encoding, Numbers numbers,
                   FrameSink& sink);

}  // namespace anabranch::sql
