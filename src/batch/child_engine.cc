#include "batch/child_engine.h"

#include <cstdio>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "batch/builder.h"

namespace anabranch::batch {

using nlohmann::json;

namespace {

json to_json(const lake::ViewBuild& view) {
  json document = {{"view", view.view},
                   {"build_id", view.build_id},
                   {"plan_hash", view.plan_hash},
                   {"cutoff", view.cutoff},
                   {"database_file", view.database_file},
                   {"row_files", view.row_files},
                   {"part_rows", view.part_rows},
                   {"rows", view.rows}};
  if (view.delta) {
    json files = json::array();
    for (const auto& file : view.delta->files) files.push_back({file.path, file.size, file.rows});
    json columns = json::array();
    for (const auto& column : view.delta->columns) columns.push_back({column.name, column.type});
    document["delta"] = {{"table", view.delta->table}, {"files", files}, {"columns", columns}};
  }
  return document;
}

lake::ViewBuild view_from(const json& document) {
  lake::ViewBuild view;
  view.view = document.at("view");
  view.build_id = document.at("build_id");
  view.plan_hash = document.at("plan_hash");
  view.cutoff = document.at("cutoff");
  view.database_file = document.at("database_file");
  view.row_files = document.at("row_files");
  view.part_rows = document.at("part_rows");
  view.rows = document.at("rows");
  if (document.contains("delta")) {
    lake::DeltaCopy copy;
    copy.table = document["delta"].at("table");
    for (const auto& file : document["delta"].at("files")) copy.files.push_back({file[0], file[1], file[2]});
    for (const auto& column : document["delta"].at("columns")) copy.columns.push_back({column[0], column[1]});
    view.delta = std::move(copy);
  }
  return view;
}

void say(const json& line) {
  const std::string text = line.dump() + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

Result<BuildResult> ChildEngine::run(const BuildJob& job,
                                     const std::function<void(const BuildProgress&)>& on_progress) {
  {
    Lock lock(mutex_);
    is_running_ = true;
    is_stopped_ = false;
  }
  auto process =
      io::start_process(program_, arguments_, json{{"lake", lake_}, {"job", job.to_json()}}.dump());
  {
    Lock lock(mutex_);
    if (!process) {
      is_running_ = false;
      return fail(std::move(process).error());
    }
    running_ = process->get();
    if (is_stopped_) running_->kill();  // it was asked for while the child started
  }
  std::optional<BuildResult> result;
  std::optional<Error> error;
  auto exit = (*process)->run([&](std::string_view line) {
    const auto document = json::parse(line, nullptr, false);
    if (!document.is_object()) return;
    if (document.contains("error")) {
      error = Error{static_cast<Code>(document.value("code", static_cast<int>(Code::internal))),
                    document["error"],
                    document.value("hint", ""),
                    {}};
    } else if (document.contains("result")) {
      result.emplace();
      for (const auto& view : document["result"].at("views")) {
        auto built = view_from(view);
        result->views[built.view] = std::move(built);
      }
      result->failed = document["result"].at("failed");
      result->rows = document["result"].at("rows");
    } else {
      on_progress({document.value("stage", ""), document.value("view", ""),
                   document.value("done", int64_t{0}), document.value("total", int64_t{0})});
    }
  });
  bool was_stopped = false;
  {
    Lock lock(mutex_);
    running_ = nullptr;
    is_running_ = false;
    was_stopped = is_stopped_;
  }
  (void)io::local_file_system().remove_all(job.work_folder);  // a child that was ended has left it
  const auto ended = TRY(std::move(exit));
  if (was_stopped) return fail(Code::cancelled, "the build was stopped");
  if (error) return fail(std::move(*error));
  if (!ended.is_success() || !result) {
    return fail(Code::internal,
                ended.signal != 0
                    ? fmt::format("the build's process was ended by signal {}", ended.signal)
                    : fmt::format("the build's process ended with code {}: {}", ended.code, ended.errors),
                ended.signal == 9 ? "the system may have run out of memory" : "");
  }
  result->peak_memory_bytes = ended.peak_memory_bytes;
  return std::move(*result);
}

void ChildEngine::stop() {
  Lock lock(mutex_);
  is_stopped_ = is_running_;
  if (running_) running_->kill();
}

int build_in_child(const OpenLake& open_lake) {
  const std::string input{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  const auto attempt = [&]() -> Result<BuildResult> {
    const json order = json::parse(input, nullptr, false);
    if (!order.is_object()) return fail(Code::bad_input, "what is to be built cannot be read");
    const BuildJob job = TRY(BuildJob::from_json(order.value("job", "")));
    const auto store = TRY(open_lake(order.value("lake", "")));
    return run_build(job, *store, [](const BuildProgress& progress) {
      say({{"stage", progress.stage},
           {"view", progress.view},
           {"done", progress.done},
           {"total", progress.total}});
    });
  };
  const auto result = attempt();
  if (!result) {
    say({{"error", result.error().message},
         {"hint", result.error().hint},
         {"code", static_cast<int>(result.error().code)}});
    return 1;
  }
  json views = json::array();
  for (const auto& [name, view] : result->views) views.push_back(to_json(view));
  say({{"result", {{"views", views}, {"failed", result->failed}, {"rows", result->rows}}}});
  return 0;
}

}  // namespace anabranch::batch
