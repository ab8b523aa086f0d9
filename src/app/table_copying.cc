#include "app/table_copying.h"

#include <algorithm>
#include <chrono>
#include <list>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/child.h"
#include "app/storage.h"
#include "ingest/table_copy.h"
#include "model/names.h"
#include "project/data_files.h"

namespace anabranch::app {
namespace {

constexpr auto turn_interval = std::chrono::milliseconds(50);

// A file, and the object that it became, which no version names: gone at the end, unless it was kept.
class Unnamed {
 public:
  Unnamed(io::FileSystem& files, lake::ObjectStore& store, io::Path path, std::string key)
      : files_(files), store_(store), path_(std::move(path)), key_(std::move(key)) {}
  Unnamed(const Unnamed&) = delete;
  Unnamed& operator=(const Unnamed&) = delete;
  ~Unnamed() {
    (void)files_.remove(path_.string() + ".tmp");
    (void)files_.remove(path_);
    if (!is_kept_) (void)store_.remove(key_);
  }
  void keep() { is_kept_ = true; }

 private:
  io::FileSystem& files_;
  lake::ObjectStore& store_;
  const io::Path path_;
  const std::string key_;
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

// An error of looking for files, which names one or a folder above, "cannot list FOLDER: why", as it lies on
// the disk: there, a secret is not always what it holds to the letter.
Error without_place(Error error, const project::SecretText& path, const io::Path& root,
                    const std::string& filled) {
  if (!path.has_secrets()) return error;
  const size_t before = error.message.find(" " + (io::Path(filled).is_absolute() ? "/" : root.string()));
  if (before == std::string::npos) return error;
  const size_t begin = before + 1;
  const size_t end = std::max(begin, std::min(error.message.rfind(": "), error.message.size()));
  error.message.replace(begin, end - begin, path.text);
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
  if (const Status looked = look(); !looked) {
    Error error = hidden(looked.error(), path, found, secrets);
    return fail(without_place(std::move(error), path, root, filled));
  }
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

std::map<std::string, std::vector<std::string>> TableCopying::sources() const {
  std::map<std::string, std::vector<std::string>> all;
  const auto project = running_.get();
  for (const project::SourceFile& source : project->sources) {
    auto& tables = all[source.name];
    for (const project::TableFile& table : source.tables) tables.push_back(table.name);
  }
  return all;
}

Result<std::vector<front::TableCopied>> TableCopying::copy(const std::vector<std::string>& sources) {
  const auto project = running_.get();
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
  const auto task = TRY(stations_.tasks->begin(
      stations_.new_id(), "copy", of, stations_.project.settings.limits.copy_timeout_ms, "copy_timeout_ms"));
  std::vector<front::TableCopied> copied;
  const Status done = copy_tables(tables, *task, copied);
  if (stations_.is_ready) {
    // A table that nobody had copied, or whose file was damaged, is there now: views that read it come to
    // life, under the pins that there are.
    const auto world = stations_.speed->epochs().newest()->world;
    const bool is_awaited = std::any_of(copied.begin(), copied.end(), [&](const front::TableCopied& table) {
      return world->absent.contains(model::bronze(table.name).text());
    });
    if (is_awaited) {
      is_repin_due_ = true;
      repin_if_due();
    }
  }
  if (!done) return fail(stations_.shown(done.error()));
  return copied;
}

Status TableCopying::copy_tables(const std::vector<const project::TableFile*>& tables, Task& task,
                                 std::vector<front::TableCopied>& copied) {
  for (size_t at = 0; at < tables.size();) {
    std::vector<const project::TableFile*> together = {tables[at++]};
    while (at < tables.size() && together.front()->kind == project::SourceKind::sqlite &&
           tables[at]->source == together.front()->source)
      together.push_back(tables[at++]);
    TRY(copy_together(together, task, copied));
  }
  return {};
}

// While this lives, nobody else copies these tables.
class TableCopying::Turn {
 public:
  Turn(TableCopying& copies, const std::vector<const project::TableFile*>& tables)
      : copies_(copies), tables_(tables) {}
  ~Turn() {
    Lock lock(copies_.mutex_);
    if (!has_begun_) return;
    for (const project::TableFile* table : tables_) copies_.copying_.erase(table->name);
    copies_.copy_ended_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  Status wait(Task& task) {
    Lock lock(copies_.mutex_);
    while (is_busy()) {
      lock.wait_for(copies_.copy_ended_, turn_interval);
      TRY(task.check());
    }
    for (const project::TableFile* table : tables_) copies_.copying_.insert(table->name);
    has_begun_ = true;
    return {};
  }

 private:
  bool is_busy() const REQUIRES(copies_.mutex_) {
    for (const project::TableFile* table : tables_) {
      if (copies_.copying_.contains(table->name)) return true;
    }
    return false;
  }

  TableCopying& copies_;
  const std::vector<const project::TableFile*>& tables_;
  bool has_begun_ = false;
};

// A copy of a table on its way to a version.
struct TableCopying::Underway {
  Underway(Stations& stations, const project::TableFile& of, ingest::TableCopyJob its_job,
           lake::TableVersion its_version)
      : table(of),
        job(std::move(its_job)),
        version(std::move(its_version)),
        file(stations.files, *stations.store, job.target, version.file_key()) {}
  const project::TableFile& table;
  ingest::TableCopyJob job;
  lake::TableVersion version;
  Unnamed file;
};

Status TableCopying::copy_together(const std::vector<const project::TableFile*>& tables, Task& task,
                                   std::vector<front::TableCopied>& copied) {
  Turn turn(*this, tables);
  TRY(turn.wait(task));
  const project::Secrets secrets = [this](const std::string& name) { return stations_.secrets->get(name); };
  // The child knows files only, and looks at what it has written: the lake takes the files in when they are
  // whole.
  TRY(stations_.files.create_folders(stations_.data_folder / copy_folder_name));
  std::list<Underway> all;
  std::vector<ingest::TableCopyJob> jobs;
  for (const project::TableFile* table : tables) {
    ingest::TableCopyJob job = TRY(job_of(stations_.files, *table, stations_.project.root, secrets));
    lake::TableVersion version;
    version.table = table->name;
    version.file.path = lake::data_file_name(stations_.new_id(), 0);
    job.target = (stations_.data_folder / copy_folder_name / version.file.path).string();
    jobs.push_back(job);
    all.emplace_back(stations_, *table, std::move(job), std::move(version));
  }
  const auto results = copy_in_child(stations_.program, jobs, task);
  if (!results) {
    Error error = results.error();
    for (const Underway& copy : all) error = hidden(std::move(error), copy.table, copy.job, secrets);
    return fail(std::move(error));
  }
  auto result = results->begin();
  for (Underway& copy : all) {
    lake::TableVersion& version = copy.version;
    const std::string key = version.file_key();
    TRY(stations_.store->adopt(key, copy.job.target));
    version.file = {version.file.path, TRY(stations_.store->make_durable(key)), result->rows};
    version.columns = result->columns;
    version.content_hash = result->content_hash;
    version.memory_bytes = result->memory_bytes;
    ++result;
  }
  TRY(task.check());
  for (Underway& copy : all) copied.push_back(TRY(add_version(copy)));
  return {};
}

Result<front::TableCopied> TableCopying::add_version(Underway& copy) {
  const project::TableFile& table = copy.table;
  const auto before = TRY(stations_.table_versions->latest(table.name));
  const bool is_damaged = before && !stations_.tables->check_file(*before);
  auto outcome = stations_.table_versions->add(table.name, copy.version, is_damaged);
  if (!outcome && outcome.error().code == Code::unknown_outcome)
    copy.file.keep();  // its version may be there
  const lake::TableVersion added = TRY(std::move(outcome));
  const bool has_changed = !before || added.version != before->version;
  if (has_changed) copy.file.keep();
  // It is there, whatever comes now.
  if (const Status delta = stations_.table_versions->write_delta(table.name); !delta)
    spdlog::error("the table {} for other readers is written at the next start or copy: {}", table.name,
                  delta.error().describe());
  if (has_changed) {
    const Status recorded = stations_.catalog->record_copy(
        {table.name, added.version, added.file.rows, stations_.clock.now_us(), table.source});
    if (!recorded)
      spdlog::error("the copy of {} is not in the catalogue: {}", table.name, recorded.error().describe());
  }
  return front::TableCopied{table.name, added.version, added.file.rows, has_changed};
}

void TableCopying::repin_if_due() {
  while (is_repin_due_) {
    const std::unique_lock building(changes_.mutex().native(), std::try_to_lock);
    if (!building) return;
    if (!is_repin_due_.exchange(false)) continue;
    if (const Status repinned = repin_after_copy(); repinned) {
      faults_.clear("copied tables");
    } else {
      faults_.set("copied tables", {Code::unavailable,
                                    "they cannot be read yet: " + repinned.error().message,
                                    "run anabranch build",
                                    {}});
    }
  }
}

Status TableCopying::repin_after_copy() {
  std::vector<Error> left_out;
  const auto world = TRY(basis_.make_world(false, left_out));
  const auto manifest = basis_.manifest();
  basis_.set_left_out(std::move(left_out));
  return stations_.speed->hand_over(TRY(basis_.handover_of(manifest ? *manifest : lake::Manifest(), world)));
}

}  // namespace anabranch::app
