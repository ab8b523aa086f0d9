#pragma once
// The build manifest: the one object that makes a build visible (law L3). See FORMAT.md.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "lake/data_file.h"
#include "lake/object_store.h"
#include "model/offsets.h"
#include "model/relation_column.h"

namespace anabranch::lake {

/// The rows of a view as a Delta table for other readers.
struct DeltaCopy {
  std::string table;  // its folder, e.g. "lake/gold/delay_by_carrier"
  std::vector<DataFile> files;
  std::vector<model::RelationColumn> columns;
  uint64_t manifest = 0;  // number of the manifest that first named these files: the version of their txn
  bool operator==(const DeltaCopy&) const = default;
};

/// What a build computed for one view. Paths are relative to the data folder.
struct ViewBuild {
  std::string view;  // e.g. "gold.delay_by_carrier"
  std::string build_id;
  std::string plan_hash;
  model::Offsets cutoff;
  std::string database_file;           // e.g. "serving/<build>.duckdb"; holds the state tables
  std::vector<std::string> row_files;  // Parquet of linear views
  std::map<std::string, int64_t> part_rows;
  int64_t rows = 0;
  std::optional<DeltaCopy> delta;
  bool operator==(const ViewBuild&) const = default;
};

/// A view that its data made fail in its newest build (a cast or a sum that overflows when it is aggregated).
/// When it is in Manifest::views too, its states are good and only its result is missing or older; else there
/// are no states, and it is answered by recomputing it, which gives a reader the error if there still is one.
struct FailedView {
  std::string build_id;
  std::string plan_hash;
  std::string error;
  bool operator==(const FailedView&) const = default;
};

/// What the states were computed under, beside the plans of the views.
struct Basis {
  std::map<std::string, int64_t> tables;    // versions of tables
  std::map<std::string, uint32_t> schemas;  // schema versions of streams
  bool operator==(const Basis&) const = default;
};

/// Every view with its newest build: those of this build, and those carried over.
struct Manifest {
  uint64_t number = 0;   // from 1, without gaps
  std::string build_id;  // of the build that published it
  int64_t published_at_us = 0;
  Basis basis;
  std::map<std::string, ViewBuild> views;    // by name
  std::map<std::string, FailedView> failed;  // by name
  model::Offsets archived;                   // events before these are in lake/bronze
  bool operator==(const Manifest&) const = default;

  /// bad_input when a text in it is not UTF-8.
  Result<std::string> to_json() const;
  /// What to_json gave, whatever fields later versions add. `file` is named in errors: corrupt (damaged, or a
  /// field is missing), refused (a newer format).
  static Result<Manifest> from_json(const std::string& file, std::string_view json);
};

/// The manifests of a data folder: lake/manifests/<number>.json, never changed.
/// Owner: the application. Any thread may call; any number of programs may publish, one wins each number.
class ManifestStore {
 public:
  explicit ManifestStore(ObjectStore& store) : store_(store) {}

  /// The newest, or nothing before the first build. It is durable: what it replaced may be deleted. A newest
  /// manifest that cannot be read is an error that names its file, never skipped.
  Result<std::optional<Manifest>> latest() EXCLUDES(mutex_);

  /// The newest that can be read; `damaged` gets why newer ones cannot. Its number is then that of the newest
  /// of all, so that the next one comes after it; where none can be read it holds nothing else.
  Result<std::optional<Manifest>> newest_readable(std::vector<Error>& damaged) EXCLUDES(mutex_);

  /// At most `limit`, the newest first.
  Result<std::vector<Manifest>> history(size_t limit);

  /// Removes all but the newest so many, oldest first.
  Status keep_newest(size_t count);

  /// Visible and durable when it returns; its number is one more than the newest. Publishing the same
  /// manifest again does nothing. conflict: another one has this number: look at latest(), decide anew.
  /// bad_input: the number leaves one out, or the manifest contradicts itself. unknown_outcome: call again
  /// with the same manifest, whose outcome is then found out.
  Status publish(const Manifest& manifest);

 private:
  Result<std::vector<uint64_t>> numbers();
  Result<Manifest> read(uint64_t number);

  ObjectStore& store_;
  Mutex mutex_;
  uint64_t durable_number_ GUARDED_BY(mutex_) = 0;
};

}  // namespace anabranch::lake
