#include "app/child.h"

#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/engine_process.h"
#include "app/slots.h"
#include "ingest/bulk_import.h"
#include "ingest/table_copy.h"
#include "io/process.h"
#include "quality/recompute.h"

namespace anabranch::app {

using nlohmann::json;

namespace {

// The texts of a list in a JSON object; none where it is not there.
std::vector<std::string> texts_of(const std::string& object, const char* list) {
  const auto document = json::parse(object, nullptr, false);
  std::vector<std::string> texts;
  if (!document.is_object() || !document.contains(list)) return texts;
  for (const auto& text : document[list]) texts.push_back(text.is_string() ? text.get<std::string>() : "");
  return texts;
}

}  // namespace

Status check_readable(io::FileSystem& files, const io::Path& path) {
  const auto file = files.open(path, io::FileSystem::Open::read);
  if (file) return {};
  return fail(Code::bad_input, file.error().message, "name a file that the server may read");
}

Result<std::string> run_in_child(const io::Path& program, const std::string& name, const std::string& job,
                                 Task& task) {
  TRY(task.check());
  auto process = TRY(io::start_process(program, {"child", name}, job));
  std::string answer;
  auto ended = [&] {
    const Task::Killing killing(task, [&] { process->kill(); });
    return process->run([&](std::string_view line) { answer = line; });
  }();
  const auto exit = TRY(std::move(ended));
  TRY(task.check());
  const auto document = json::parse(answer, nullptr, false);
  if (document.is_object() && document.contains("error")) {
    const auto code = static_cast<Code>(document.value("code", static_cast<int>(Code::internal)));
    // Such a child does nothing but read somebody's file: what the engine cannot explain is wrong with that.
    if (code == Code::internal)
      return fail(Code::bad_input, fmt::format("a file cannot be read: {}", document.value("error", "")),
                  "look whether it is whole");
    return fail(code, document["error"], document.value("hint", ""));
  }
  if (exit.signal == SIGKILL) {
    return fail(Code::unavailable, fmt::format("the {} process was killed", name),
                "the server stops, or the system has run out of memory: try again");
  }
  if (!exit.is_success() || !document.is_object()) {
    return fail(Code::internal,
                exit.signal != 0
                    ? fmt::format("the {} process was ended by signal {}", name, exit.signal)
                    : fmt::format("the {} process ended with code {}: {}", name, exit.code, exit.errors));
  }
  return answer;
}

Result<std::vector<ingest::TableCopyResult>> copy_in_child(const io::Path& program,
                                                           const std::vector<ingest::TableCopyJob>& jobs,
                                                           Task& task) {
  json list = json::array();
  for (const ingest::TableCopyJob& job : jobs) list.push_back(job.to_json());
  const std::string answer = TRY(run_in_child(program, "copy", json{{"jobs", list}}.dump(), task));
  std::vector<ingest::TableCopyResult> results;
  for (const std::string& result : texts_of(answer, "results"))
    results.push_back(TRY(ingest::TableCopyResult::from_json(result)));
  if (results.size() != jobs.size()) return fail(Code::internal, "a copy has not told of all its tables");
  return results;
}

namespace {

Result<std::string> run_task(const std::string& task, const std::string& input) {
  if (task == "copy") {
    std::vector<ingest::TableCopyJob> jobs;
    for (const std::string& job : texts_of(input, "jobs"))
      jobs.push_back(TRY(ingest::TableCopyJob::from_json(job)));
    const auto sources = TRY(open_table_sources(jobs));
    json results = json::array();
    for (size_t i = 0; i < jobs.size(); ++i) {
      const auto result = TRY(ingest::copy_table(jobs[i], *sources[i]));
      results.push_back(result.to_json());
    }
    return json{{"results", results}}.dump();
  }
  if (task == "import") {
    const auto job = TRY(ingest::BulkImportJob::from_json(input));
    const auto result = TRY(ingest::import_bulk(job));
    return result.to_json();
  }
  return fail(Code::bad_input, fmt::format("there is no task {}", task));
}

}  // namespace

int child_main(const std::string& task) {
  if (task == "build") return build_in_child();
  if (task == "engine") return engine_main();
  if (task == "verify") return quality::verify_in_child();
  const std::string input{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  const auto answer = run_task(task, input);
  const std::string line = answer ? *answer
                                  : json{{"error", answer.error().message},
                                         {"hint", answer.error().hint},
                                         {"code", static_cast<int>(answer.error().code)}}
                                        .dump(-1, ' ', false, json::error_handler_t::replace);
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  return answer ? 0 : 1;
}

}  // namespace anabranch::app
