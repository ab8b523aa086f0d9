#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "batch/batch_engine.h"

namespace anabranch::batch {

std::string BuildJob::to_json() const {
  return nlohmann::json{{"build_id", build_id},
                        {"work_folder", work_folder},
                        {"views", views},
                        {"cutoff", cutoff},
                        {"archives", archives},
                        {"threads", threads},
                        {"memory_bytes_max", memory_bytes_max},
                        {"world", world.to_json()}}
      .dump();
}

Result<BuildJob> BuildJob::from_json(std::string_view text) {
  BuildJob job;
  try {
    const auto document = nlohmann::json::parse(text);
    job.build_id = document.at("build_id");
    job.work_folder = document.at("work_folder");
    job.views = document.at("views");
    job.cutoff = document.at("cutoff");
    job.archives = document.at("archives");
    job.threads = document.at("threads");
    job.memory_bytes_max = document.at("memory_bytes_max");
    job.world = TRY(views::World::from_json(document.at("world").get<std::string>()));
  } catch (const nlohmann::json::exception& error) {
    return fail(Code::bad_input, fmt::format("a build job cannot be read: {}", error.what()));
  }
  return job;
}

}  // namespace anabranch::batch
