#include "app/intake.h"

#include <fmt/format.h>

#include "app/child.h"
#include "ingest/bulk_import.h"

namespace anabranch::app {

Status check_backlog(bool has_failed, int64_t unbuilt_events, int64_t limit_events) {
  if (has_failed) {
    return fail(Code::unavailable, "events cannot be read back from the log",
                "see the server's log, then restart it");
  }
  if (limit_events > 0 && unbuilt_events >= limit_events) {
    return fail(Code::overloaded, fmt::format("{} events wait for a build", unbuilt_events),
                "try again when the build that is running is done");
  }
  return {};
}

ingest::Ingestor* Intake::stream(const std::string& name) {
  if (!ground_.terms.has_stream(name)) return nullptr;  // also one that is open still
  OpenStream* open = ground_.streams.find(name);
  return open ? open->ingestor.get() : nullptr;
}

std::vector<std::string> Intake::stream_names() const {
  std::vector<std::string> names;
  for (const OpenStream* stream : ground_.streams.all()) {
    if (ground_.terms.has_stream(stream->name)) names.push_back(stream->name);
  }
  return names;
}

Result<ingest::Accepted> Intake::ingest_file(const std::string& name, const std::string& path,
                                             const std::optional<ingest::Sender>& sender,
                                             std::optional<model::Partition> partition) {
  ingest::Ingestor* ingestor = stream(name);
  if (!ingestor) return fail(Code::not_found, fmt::format("there is no stream {}", name));
  TRY(check_readable(ground_.files, path));
  const auto task = TRY(ground_.tasks.begin(new_task_id(ground_.clock), "import", name,
                                            ground_.import_timeout_ms, "copy_timeout_ms"));
  return ingestor->accept_file(
      path, ground_.data_folder / "log" / name, sender,
      [&](const ingest::BulkImportJob& job) -> Result<ingest::BulkImportResult> {
        return ingest::BulkImportResult::from_json(
            TRY(run_in_child(ground_.program, "import", job.to_json(), *task)));
      },
      partition);
}

}  // namespace anabranch::app
