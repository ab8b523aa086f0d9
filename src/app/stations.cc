#include "app/stations.h"

#include <fmt/format.h>

#include "io/random.h"

namespace anabranch::app {

Error in_project(Error error, const io::Path& root) {
  const std::string folder = (root / "").string();
  for (std::string* text : {&error.message, &error.hint}) {
    for (size_t at = text->find(folder); at != std::string::npos; at = text->find(folder, at))
      text->erase(at, folder.size());
  }
  return error;
}

Stations::Stations(project::Project started_with, std::string chosen_target)
    : project(std::move(started_with)),
      target(std::move(chosen_target)),
      data_folder(project.root / project.settings.data_folder),
      tasks(std::make_unique<Tasks>(clock)) {}

std::string Stations::new_id() const {
  std::string id;
  for (const char c : io::to_iso8601(clock.now_us() / 1000 * 1000)) {
    if (c != '-' && c != ':') id += c;
  }
  return fmt::format("{}-{:04x}", id, static_cast<unsigned>(io::random_u64() & 0xffff));
}

quality::VerifySources Stations::verify_sources(const project::Project& of) const {
  quality::VerifySources sources;
  for (const project::Model& model : of.models) sources.models[model.name] = model.sql;
  for (const project::StreamFile& stream : of.streams)
    sources.streams[stream.name] = data_folder / "log" / stream.name;
  return sources;
}

}  // namespace anabranch::app
