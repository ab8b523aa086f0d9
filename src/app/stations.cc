#include "app/stations.h"

namespace anabranch::app {

Result<std::unique_ptr<io::FileLock>> lock_data(io::FileSystem& files, const io::Path& data_folder,
                                                const std::string& owner) {
  auto lock = files.lock(data_folder / "lock", owner);
  if (lock || lock.error().code != Code::conflict) return lock;
  return fail(Code::conflict, lock.error().message, "stop it, or let this command go through it");
}

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

quality::VerifySources Stations::verify_sources(const project::Project& of) const {
  quality::VerifySources sources;
  for (const project::Model& model : of.models) sources.models[model.name] = model.sql;
  for (const project::StreamFile& stream : of.streams)
    sources.streams[stream.name] = data_folder / "log" / stream.name;
  return sources;
}

}  // namespace anabranch::app
