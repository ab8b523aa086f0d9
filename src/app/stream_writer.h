#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/streams.h"
#include "base/result.h"
#include "ingest/event_source.h"
#include "ingest/ingestor.h"
#include "model/schema.h"
#include "project/project.h"

namespace anabranch::app {

/// What only the process can do that writes the logs of a project's streams; whoever asks may be another one,
/// which reads their files. Owner: the stations. Under the lock of changes, but for accept(): any thread.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;

  /// Opens streams, and brings their schemas up to what their files say, where that is compatible with the
  /// events that are there (ingest/schema_plan.h). Where it is not, the stream goes on with the schema that
  /// it had, and `refused` of it says why. A stream whose files are damaged is left out, and `damaged` says
  /// why, by its name.
  virtual Result<std::vector<OpenStream>> open(const std::vector<project::StreamFile>& streams,
                                               std::map<std::string, Error>& damaged) = 0;
  /// As ingest::Ingestor: when it returns, `schemas` of the stream has the new version.
  virtual Status change_schema(OpenStream& stream, const model::Schema& declared) = 0;
  virtual void set_key(OpenStream& stream, const std::vector<std::string>& key) = 0;
  /// It takes no more events: before its data goes.
  virtual Status close(OpenStream& stream) = 0;
  /// Takes in what an event source has, and waits until it is durable; nothing of what came before.
  virtual Result<ingest::Accepted> accept(OpenStream& stream, const ingest::Arrival& arrival) = 0;
};

}  // namespace anabranch::app
