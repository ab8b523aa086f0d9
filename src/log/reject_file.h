#pragma once
// The rejects of a segment that was removed, in a file of their own beside the segments. See FORMAT.md.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/batch.h"

namespace anabranch::log {

/// What is known of such a file without reading its rejects: a value.
struct RejectFile {
  io::Path path;
  model::Offset base_offset = 0;  // of the segment
  uint64_t entries_at = 0;        // in the file
  uint64_t batches = 0;
  uint64_t rejects = 0;
  uint64_t first_position = 0;  // of batches, within the partition
  uint64_t last_position = 0;
  int64_t first_received_at_us = 0;
  int64_t last_received_at_us = 0;
  uint64_t bytes = 0;
  bool operator==(const RejectFile&) const = default;
};

/// A batch with rejects, as it is listed there.
struct RejectedBatch {
  uint64_t position = 0;  // within the partition, where it stood: what it is known by
  model::Offset at_offset = 0;
  int64_t received_at_us = 0;
  uint64_t body_at = 0;  // in the file
  uint32_t body_bytes = 0;
  uint32_t rejects = 0;
  uint32_t body_crc = 0;
};

/// "00000000000000000042.rejects"
std::string reject_file_name(model::Offset base_offset);
/// The base offset of such a name; nothing when it is none.
std::optional<model::Offset> parse_reject_file_name(std::string_view name);

/// The name under which such a file was being written, when a crash came.
bool is_unfinished_reject_file(std::string_view name);

/// Writes one beside its place. Nothing of it counts before finish(), and nothing is left without it. One
/// thread.
class RejectFileWriter {
 public:
  RejectFileWriter(RejectFileWriter&&) = default;
  RejectFileWriter& operator=(RejectFileWriter&&) = delete;
  ~RejectFileWriter();
  static Result<RejectFileWriter> create(io::FileSystem& files, const io::Path& folder,
                                         model::Partition partition, model::Offset base_offset);
  /// The next batch, in the order of positions; `encoded` as in a batch's body. Place and sum of the body are
  /// found here.
  Status add(RejectedBatch batch, std::string_view encoded);
  /// Durable under its name when it returns, in place of the one that was there.
  Result<RejectFile> finish();

 private:
  RejectFileWriter(io::FileSystem& files, io::Path temporary, std::unique_ptr<io::File> file,
                   model::Partition partition)
      : files_(&files), temporary_(std::move(temporary)), file_(std::move(file)), partition_(partition) {}
  Status flush();

  io::FileSystem* files_;
  io::Path temporary_;
  std::unique_ptr<io::File> file_;
  model::Partition partition_;
  RejectFile written_;
  std::string buffer_;
  uint64_t flushed_ = 0;
  std::string entries_;
};

/// Reads one. One thread.
class RejectFileReader {
 public:
  /// Checks what the file says of itself; rejects are checked when they are read. corrupt, or refused when a
  /// later version wrote it.
  static Result<RejectFileReader> open(io::FileSystem& files, const io::Path& path,
                                       model::Partition partition);
  const RejectFile& file() const { return known_; }

  Result<RejectedBatch> batch(uint64_t number) const;
  /// The number of the first batch at or after a position; that of all batches where there is none.
  Result<uint64_t> first_from(uint64_t position) const;
  /// The body, checked.
  Result<std::string> encoded(const RejectedBatch& batch) const;
  Result<std::vector<Reject>> rejects(const RejectedBatch& batch) const;

 private:
  RejectFileReader(std::unique_ptr<io::File> file, RejectFile known)
      : file_(std::move(file)), known_(std::move(known)) {}
  std::unexpected<Error> broken(uint64_t at, std::string_view what) const;

  std::unique_ptr<io::File> file_;
  RejectFile known_;
};

}  // namespace anabranch::log
