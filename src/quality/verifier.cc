#include "quality/verifier.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "io/random.h"
#include "model/names.h"
#include "quality/read_export.h"

namespace anabranch::quality {
namespace {

using nlohmann::json;

constexpr int64_t sample_buckets = 64;
constexpr auto watch_interval = std::chrono::milliseconds(50);

void say(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

json row_json(const std::optional<std::vector<std::optional<std::string>>>& row) {
  if (!row) return nullptr;
  json values = json::array();
  for (const auto& value : *row) values.push_back(value ? json(*value) : json());
  return values;
}

std::optional<std::vector<std::optional<std::string>>> row_from(const json& document) {
  if (!document.is_array()) return std::nullopt;
  std::vector<std::optional<std::string>> row;
  for (const auto& value : document)
    row.push_back(value.is_null() ? std::nullopt : std::optional(value.get<std::string>()));
  return row;
}

std::vector<Verdict> all_failed(const std::vector<std::string>& views, const std::string& why) {
  std::vector<Verdict> verdicts;
  for (const std::string& view : views) {
    Verdict verdict;
    verdict.view = view;
    verdict.outcome = Verdict::Outcome::failed;
    verdict.note = why;
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace

// ---- lines ----

std::string to_line(const Verdict& verdict) {
  json differences = json::array();
  for (const auto& difference : verdict.differences) {
    differences.push_back({{"columns", difference.columns},
                           {"expected", row_json(difference.expected)},
                           {"actual", row_json(difference.actual)}});
  }
  return json{{"verdict", verdict.view},
              {"outcome", to_string(verdict.outcome)},
              {"rows", verdict.rows},
              {"elapsed_us", verdict.elapsed_us},
              {"source", verdict.source},
              {"sample", verdict.sample},
              {"predicates", verdict.predicates},
              {"note", verdict.note},
              {"differences", differences}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_line(const VerifyProgress& progress) {
  return json{
      {"stage", progress.stage}, {"name", progress.name}, {"done", progress.done}, {"total", progress.total}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Verdict> verdict_from(std::string_view line) {
  const auto document = json::parse(line, nullptr, false);
  if (!document.is_object() || !document.contains("verdict")) return std::nullopt;
  Verdict verdict;
  verdict.view = document["verdict"];
  const std::string outcome = document["outcome"];
  verdict.outcome = outcome == "equal"       ? Verdict::Outcome::equal
                    : outcome == "different" ? Verdict::Outcome::different
                                             : Verdict::Outcome::failed;
  verdict.rows = document["rows"];
  verdict.elapsed_us = document["elapsed_us"];
  verdict.source = document["source"];
  verdict.sample = document["sample"];
  verdict.predicates = document["predicates"];
  verdict.note = document["note"];
  for (const auto& entry : document["differences"])
    verdict.differences.push_back({entry["columns"], row_from(entry["expected"]), row_from(entry["actual"])});
  return verdict;
}

std::optional<VerifyProgress> progress_from(std::string_view line) {
  const auto document = json::parse(line, nullptr, false);
  if (!document.is_object() || !document.contains("stage")) return std::nullopt;
  return VerifyProgress{document["stage"], document["name"], document["done"], document["total"]};
}

int verify_in_child() {
  const std::string input{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  const auto job = VerifyJob::from_json(input);
  if (!job) {
    say(json{{"error", job.error().describe()}}.dump());
    return 1;
  }
  for (const Verdict& verdict :
       recompute(*job, [](const VerifyProgress& progress) { say(to_line(progress)); }))
    say(to_line(verdict));
  return 0;
}

// ---- the parent's side ----

std::string definition_of(const views::World& world, const std::string& view) {
  if (!world.plan(view)) return "";
  std::set<std::string> needed = {view};
  uint64_t hash = fnv1a("");
  for (auto plan = world.plans.rbegin(); plan != world.plans.rend(); ++plan) {
    if (!needed.contains(plan->view)) continue;
    needed.insert(plan->relations.begin(), plan->relations.end());
    hash = fnv1a(plan->view + "\n" + world.basis_hashes.at(plan->view) + "\n", hash);
  }
  return fmt::format("{:016x}", hash);
}

Result<std::unique_ptr<Verifier>> Verifier::create(serve::QueryService& queries, sql::Database& database,
                                                   io::Clock& clock, Options options) {
  auto& files = io::local_file_system();
  TRY(files.remove_all(options.folder));  // of a run that was killed
  TRY(files.create_folders(options.folder));
  return std::unique_ptr<Verifier>(new Verifier(queries, database, clock, std::move(options)));
}

void Verifier::stop() {
  Lock lock(mutex_);
  is_stopped_ = true;
  if (child_) child_->kill();
}

void Verifier::expect(std::shared_ptr<const views::World> now, VerifySources sources) {
  Lock lock(mutex_);
  world_before_ = std::move(now);
  sources_before_ = std::exchange(sources_, std::make_shared<const VerifySources>(std::move(sources)));
}

void Verifier::expect_nothing() {
  Lock lock(mutex_);
  sources_ = sources_before_;
  world_before_ = nullptr;
}

std::shared_ptr<const VerifySources> Verifier::sources_of(const views::World& world) {
  Lock lock(mutex_);
  return world_before_.get() == &world ? sources_before_ : sources_;
}

Result<Verdict> Verifier::verify(const std::string& view) {
  auto verdicts = TRY(verify(Request{{view}, false, nullptr, nullptr}));
  return std::move(verdicts.front());
}

Status Verifier::wait_for_turn(const Request& request) {
  Lock lock(mutex_);
  while (is_busy_) {
    if (is_stopped_ || (request.is_cancelled && request.is_cancelled()))
      return fail(Code::cancelled, "verify was stopped");
    lock.wait_for(turn_, watch_interval);
  }
  is_busy_ = true;
  return {};
}

Result<std::vector<Verdict>> Verifier::verify(const Request& request) {
  TRY(wait_for_turn(request));
  struct Turn {
    Verifier& verifier;
    ~Turn() {
      Lock lock(verifier.mutex_);
      verifier.is_busy_ = false;
      verifier.turn_.notify_one();
    }
  } const turn{*this};
  auto& files = io::local_file_system();
  const int64_t started_us = clock_.monotonic_us();
  const io::Path folder = options_.folder / fmt::format("{:016x}", io::random_u64());
  TRY(files.create_folders(folder));
  struct Removed {
    io::FileSystem& files;
    const io::Path& folder;
    ~Removed() { (void)files.remove_all(folder); }
  } removed{files, folder};
  ExportRequest exported;
  exported.views = request.views;
  exported.sample_buckets = request.is_sample ? sample_buckets : 1;
  exported.file = folder / fmt::format("{:016x}.duckdb", io::random_u64());
  exported.plain_file = options_.plain_file;
  exported.sources = [this](const views::World& world) { return sources_of(world); };
  exported.is_cancelled = request.is_cancelled;
  const auto held = queries_.hold_epochs();  // the child reads archive and log when the snapshot is over
  Export reads = TRY(export_reads(queries_, database_, exported));
  reads.job.folder = (folder / "temporary").string();
  reads.job.threads = options_.threads;
  reads.job.memory_bytes_max = options_.memory_bytes_max;
  reads.job.raw_events_max = options_.raw_events_max;
  const int64_t exported_us = clock_.monotonic_us() - started_us;
  auto found = TRY(run(reads.job, request));
  std::vector<Verdict> verdicts;
  for (const std::string& view : request.views) {
    const auto verdict =
        std::find_if(found.begin(), found.end(), [&](const auto& each) { return each.view == view; });
    if (verdict == found.end()) return fail(Code::internal, fmt::format("there is no verdict of {}", view));
    verdict->definition = definition_of(*reads.epoch->world, view);
    verdict->elapsed_us += exported_us / static_cast<int64_t>(request.views.size());
    for (const std::string& stream : reads.epoch->world->plan(view)->streams) {
      const std::string name = model::name_in_layer(stream);
      verdict->offsets[name] = reads.offsets.at(name);
    }
    verdicts.push_back(*verdict);
  }
  return verdicts;
}

Result<std::vector<Verdict>> Verifier::run(const VerifyJob& job, const Request& request) {
  const auto progress = [&](const VerifyProgress& done) {
    if (request.on_progress) request.on_progress(done);
  };
  if (options_.program.empty()) return recompute(job, progress);
  auto process = TRY(io::start_process(options_.program, {"child", "verify"}, job.to_json()));
  bool has_ended = false;
  bool is_too_late = false;
  bool was_cancelled = false;
  {
    Lock lock(mutex_);
    if (is_stopped_) return fail(Code::cancelled, "verify was stopped");
    child_ = process.get();
  }
  std::thread watch([&] {
    const int64_t deadline_us = clock_.monotonic_us() + options_.timeout_us;
    Lock lock(mutex_);
    while (!has_ended) {
      lock.wait_for(ended_, watch_interval);
      is_too_late = is_too_late || (!has_ended && clock_.monotonic_us() >= deadline_us);
      was_cancelled = was_cancelled || (!has_ended && request.is_cancelled && request.is_cancelled());
      if (is_too_late || was_cancelled) process->kill();
    }
  });
  if (on_child) on_child(*process);
  std::vector<Verdict> verdicts;
  std::string error;
  const auto exit = process->run([&](std::string_view line) {
    if (auto verdict = verdict_from(line)) {
      verdicts.push_back(std::move(*verdict));
    } else if (const auto done = progress_from(line)) {
      progress(*done);
    } else {
      error = line;
    }
  });
  bool was_stopped = false;
  {
    Lock lock(mutex_);
    child_ = nullptr;
    has_ended = true;
    was_stopped = is_stopped_;
    ended_.notify_all();
  }
  watch.join();
  if (was_stopped || was_cancelled) return fail(Code::cancelled, "verify was stopped");
  const auto ended = TRY(Result<io::ProcessExit>(exit));
  if (is_too_late) {
    return all_failed(request.views, fmt::format("it ran longer than {} s and was stopped",
                                                 options_.timeout_us / 1'000'000));
  }
  if (!ended.is_success() || verdicts.size() != request.views.size()) {
    const std::string how = ended.signal != 0 ? fmt::format("was ended by signal {}", ended.signal)
                                              : fmt::format("ended with code {}: {}", ended.code,
                                                            error.empty() ? ended.errors : error);
    return all_failed(request.views,
                      "the process that recomputes " + how +
                          (ended.signal == 9 ? " (the system may have run out of memory)" : ""));
  }
  return verdicts;
}

}  // namespace anabranch::quality
