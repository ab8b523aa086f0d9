// The platform's copies of tables: from the files of a source to a version, and to the views that waited for
// it.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/child.h"
#include "app/platform.h"
#include "ingest/table_copy.h"
#include "model/names.h"
#include "project/data_files.h"

namespace anabranch::app {
namespace {

constexpr auto turn_interval = std::chrono::milliseconds(50);

// A file that no version names: gone at the end, unless it was kept.
class Unnamed {
 public:
  Unnamed(io::FileSystem& files, io::Path path) : files_(files), path_(std::move(path)) {}
  ~Unnamed() {
    (void)files_.remove(path_.string() + ".tmp");
    if (!is_kept_) (void)files_.remove(path_);
  }
  void keep() { is_kept_ = true; }

 private:
  io::FileSystem& files_;
  const io::Path path_;
  bool is_kept_ = false;
};

// An error of one who used a path, without what secrets hold: neither as it is nor as a part of file names.
Error hidden(Error error, const project::SecretText& path, const std::vector<io::Path>& files,
             const project::Secrets& secrets) {
  if (!path.has_secrets()) return error;
  for (const io::Path& file : files) {
    for (std::string* text : {&error.message, &error.hint}) {
      for (size_t at = text->find(file.string()); at != std::string::npos;
           at = text->find(file.string(), at + path.text.size()))
        text->replace(at, file.string().size(), path.text);
    }
  }
  return path.hidden(std::move(error), secrets);
}

Error hidden(Error error, const project::TableFile& table, const ingest::TableCopyJob& job,
             const project::Secrets& secrets) {
  const std::vector<io::Path> files(job.paths.begin(), job.paths.end());
  for (const project::SecretText& path : table.paths) error = hidden(std::move(error), path, files, secrets);
  return error;
}

Result<std::vector<io::Path>> files_of(io::FileSystem& files, const project::TableFile& table,
                                       const project::SecretText& path, const io::Path& root,
                                       const project::Secrets& secrets) {
  const std::string filled = TRY(path.filled(secrets));
  std::vector<io::Path> found;
  const auto look = [&]() -> Status {
    found = TRY(project::matching_files(files, root, filled));
    for (const io::Path& file : found) TRY(check_readable(files, file));
    return {};
  };
  if (const Status looked = look(); !looked) return fail(hidden(looked.error(), path, found, secrets));
  if (!found.empty()) return found;
  return fail(Code::not_found, fmt::format("table {}: no file matches '{}'", table.name, path.text),
              "paths are relative to the folder of anabranch.yml");
}

Result<ingest::TableCopyJob> job_of(io::FileSystem& files, const project::TableFile& table,
                                    const io::Path& root, const project::Secrets& secrets) {
  ingest::TableCopyJob job;
  job.table = table.name;
  job.kind = to_string(table.kind);
  job.source_table = table.table;
  for (const project::SecretText& path : table.paths) {
    for (const io::Path& file : TRY(files_of(files, table, path, root, secrets))) {
      job.paths.push_back(file.string());
      const std::string prefix = root.string() + "/";
      const bool is_below = file.string().starts_with(prefix);
      job.shown.push_back(path.has_secrets() ? path.text
                          : is_below         ? file.string().substr(prefix.size())
                                             : file.string());
    }
  }
  job.format = table.format == project::FileFormat::csv    ? "csv"
               : table.format == project::FileFormat::json ? "json"
                                                           : "parquet";
  job.delimiter = table.csv.delimiter;
  job.has_header = table.csv.header;
  job.null_text = table.csv.null_text;
  job.root = root.string();
  for (const auto& column : table.columns)
    job.columns.push_back({column.name, column.from, column.type ? column.type->to_sql() : ""});
  return job;
}

}  // namespace

std::map<std::string, std::vector<std::string>> Platform::sources() const {
  std::map<std::string, std::vector<std::string>> all;
  const auto project = this->project();
  for (const project::SourceFile& source : project->sources) {
    auto& tables = all[source.name];
    for (const project::TableFile& table : source.tables) tables.push_back(table.name);
  }
  return all;
}

Result<std::vector<front::TableCopied>> Platform::copy(const std::vector<std::string>& sources) {
  const auto project = this->project();
  for (const std::string& name : sources) {
    const bool is_known = std::any_of(project->sources.begin(), project->sources.end(),
                                      [&](const auto& source) { return source.name == name; });
    if (!is_known) return fail(front::no_such_source(name));
  }
  std::string of;
  std::vector<const project::TableFile*> tables;
  for (const project::SourceFile& source : project->sources) {
    if (!sources.empty() && std::find(sources.begin(), sources.end(), source.name) == sources.end()) continue;
    of += (of.empty() ? "" : ", ") + source.name;
    for (const project::TableFile& table : source.tables) tables.push_back(&table);
  }
  const auto task = TRY(tasks_->begin(build_id_of(clock_.now_us()), "copy", of,
                                      project_.settings.limits.copy_timeout_ms, "copy_timeout_ms"));
  std::vector<front::TableCopied> copied;
  std::optional<Error> failure;
  for (const project::TableFile* table : tables) {
    auto one = copy_table(*table, *task);
    if (!one) {
      failure = in_project(std::move(one).error(), project_.root);
      break;
    }
    copied.push_back(std::move(*one));
  }
  if (is_ready_) {
    // A table that nobody had copied, or whose file was damaged, is there now: views that read it come to
    // life, under the pins that there are.
    const auto world = speed_->epochs().newest()->world;
    const bool is_awaited = std::any_of(copied.begin(), copied.end(), [&](const front::TableCopied& table) {
      return world->absent.contains(model::bronze(table.name).text());
    });
    if (is_awaited) {
      is_repin_due_ = true;
      repin_if_due();
    }
  }
  if (failure) return fail(std::move(*failure));
  return copied;
}

// One copy of a table at a time. No build waits for it: until its version is there, it changes nothing.
Result<front::TableCopied> Platform::copy_table(const project::TableFile& table, Task& task) {
  {
    Lock lock(mutex_);
    while (copying_.contains(table.name)) {
      lock.wait_for(copy_ended_, turn_interval);
      TRY(task.check());
    }
    copying_.insert(table.name);
  }
  struct Turn {
    Platform& platform;
    const std::string& table;
    ~Turn() {
      Lock lock(platform.mutex_);
      platform.copying_.erase(table);
      platform.copy_ended_.notify_all();
    }
  } const turn{*this, table.name};

  const project::Secrets secrets = [this](const std::string& name) { return secrets_->get(name); };
  ingest::TableCopyJob job = TRY(job_of(files_, table, project_.root, secrets));
  lake::TableVersion version;
  version.table = table.name;
  version.file.path = lake::data_file_name(build_id_of(clock_.now_us()), 0);
  const std::string key = version.file_key();
  TRY(store_->prepare(key));
  job.target = store_->local_path(key);
  Unnamed file(files_, job.target);
  const auto answer = run_in_child(program_, "copy", job.to_json(), task);
  if (!answer) return fail(hidden(answer.error(), table, job, secrets));
  const auto result = TRY(ingest::TableCopyResult::from_json(*answer));
  version.file = {version.file.path, TRY(store_->make_durable(key)), result.rows};
  version.columns = result.columns;
  version.content_hash = result.content_hash;
  version.memory_bytes = result.memory_bytes;

  const auto before = TRY(table_versions_->latest(table.name));
  const bool is_damaged = before && !tables_->check_file(*before);
  TRY(task.check());
  auto outcome = table_versions_->add(table.name, version, is_damaged);
  if (!outcome && outcome.error().code == Code::unknown_outcome) file.keep();  // its version may be there
  const lake::TableVersion added = TRY(std::move(outcome));
  const bool has_changed = !before || added.version != before->version;
  if (has_changed) file.keep();
  // It is there, whatever comes now.
  if (const Status delta = write_delta_of(table.name); !delta)
    spdlog::error("the table {} for other readers is written at the next start or copy: {}", table.name,
                  delta.error().describe());
  if (has_changed) {
    const Status recorded =
        catalog_->record_copy({table.name, added.version, added.file.rows, clock_.now_us(), table.source});
    if (!recorded)
      spdlog::error("the copy of {} is not in the catalogue: {}", table.name, recorded.error().describe());
  }
  return front::TableCopied{table.name, added.version, added.file.rows, has_changed};
}

Status Platform::write_delta_of(const std::string& table) {
  Lock lock(delta_mutex_);
  return table_versions_->write_delta(table);
}

// By whoever holds the mutex of builds last: nobody waits for it.
void Platform::repin_if_due() {
  while (is_repin_due_) {
    const std::unique_lock building(build_mutex_.native(), std::try_to_lock);
    if (!building) return;
    if (!is_repin_due_.exchange(false)) continue;
    if (const Status repinned = repin_after_copy(); repinned) {
      clear_fault("copied tables");
    } else {
      set_fault("copied tables", {Code::unavailable,
                                  "they cannot be read yet: " + repinned.error().message,
                                  "run anabranch build",
                                  {}});
    }
  }
}

Status Platform::repin_after_copy() {
  std::vector<Error> left_out;
  const auto world = TRY(make_world(false, left_out));
  lake::Manifest manifest;
  {
    Lock lock(mutex_);
    if (manifest_) manifest = *manifest_;
  }
  left_out_ = std::move(left_out);
  return speed_->hand_over(TRY(handover_of(manifest, world)));
}

}  // namespace anabranch::app
