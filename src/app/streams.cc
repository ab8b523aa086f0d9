#include "app/streams.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::app {

std::vector<Error> schema_problems(const ingest::SchemaPlan& plan, const project::StreamFile& stream) {
  std::vector<Error> problems;
  for (const auto& change : plan.changes) {
    if (change.kind != ingest::FieldChange::Kind::incompatible) continue;
    const bool has_place = change.declared_at && *change.declared_at < stream.field_places.size();
    problems.push_back({Code::bad_input,
                        fmt::format("field {} of stream {} cannot be changed so: {}", change.field,
                                    stream.name, change.detail),
                        change.hint, has_place ? stream.field_places[*change.declared_at] : stream.place});
  }
  return problems;
}

void Streams::add(OpenStream stream) {
  Lock lock(mutex_);
  streams_.push_back(std::move(stream));
}

OpenStream* Streams::find(const std::string& name) {
  Lock lock(mutex_);
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const OpenStream& stream) { return stream.name == name; });
  return found == streams_.end() || name.empty() ? nullptr : &*found;
}

std::vector<OpenStream*> Streams::all() const {
  std::vector<OpenStream*> all;
  Lock lock(mutex_);
  for (OpenStream& stream : streams_) {
    if (!stream.name.empty()) all.push_back(&stream);
  }
  return all;
}

void Streams::close(const std::string& name) {
  OpenStream* open = find(name);
  if (open) {
    open->log->close();
    Lock lock(mutex_);
    open->name.clear();
    open->refused.clear();
  }
  damaged_.erase(name);
}

void Streams::close_logs() {
  Lock lock(mutex_);
  for (OpenStream& stream : streams_) {
    if (stream.log) stream.log->close();
  }
}

}  // namespace anabranch::app
