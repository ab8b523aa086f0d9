#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "app/slots.h"
#include "app/stream_writer.h"
#include "io/clock.h"
#include "io/file_system.h"

namespace anabranch::app {

/// Writes the logs in this process: what it opens has an ingestor. All that it is given outlives it.
class LocalStreamWriter final : public StreamWriter {
 public:
  LocalStreamWriter(const OpenLog& open_log, io::FileSystem& files, io::Clock& clock, io::Path data_folder,
                    const project::Limits& limits)
      : open_log_(open_log),
        files_(files),
        clock_(clock),
        data_folder_(std::move(data_folder)),
        limits_(limits) {}

  Result<std::vector<OpenStream>> open(const std::vector<project::StreamFile>& streams,
                                       std::map<std::string, Error>& damaged) override;
  /// What its file says of the schema and the key of one that is open already: as open().
  Status declare(OpenStream& open, const project::StreamFile& stream);
  Status change_schema(OpenStream& stream, const model::Schema& declared) override;
  void set_key(OpenStream& stream, const std::vector<std::string>& key) override;
  Status close(OpenStream& stream) override;
  Result<ingest::Accepted> accept(OpenStream& stream, const ingest::Arrival& arrival) override;

  /// Takes a Parquet file on this machine in (Intake::ingest_file). Set before the first accept().
  using Import = std::function<Result<ingest::Accepted>(const std::string& stream, const std::string& path,
                                                        const ingest::Sender& sender)>;
  void import_by(Import import) { import_ = std::move(import); }

 private:
  Result<OpenStream> open_one(const project::StreamFile& stream);

  Result<OpenStream> open(const project::StreamFile& stream);

  const OpenLog& open_log_;
  io::FileSystem& files_;
  io::Clock& clock_;
  const io::Path data_folder_;
  const project::Limits limits_;
  Import import_;
};

}  // namespace anabranch::app
