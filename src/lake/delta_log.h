#pragma once
// The actions of a Delta log, without any I/O: what a commit does to a table, and what to write to change it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "lake/data_file.h"
#include "model/relation_column.h"

namespace anabranch::lake {

/// What to do about a log that is damaged.
inline constexpr std::string_view delta_log_hint =
    "restore the file from a backup; or remove the table's folder _delta_log, and it is made anew from what "
    "has been published";

/// Who writes, and the how-manieth write of theirs it is: what makes a write land exactly once. A table keeps
/// the highest version of each writer; a version not above it was written before.
struct DeltaTxn {
  std::string app_id;
  int64_t version = 0;
  bool operator==(const DeltaTxn&) const = default;
};

/// A table at one version.
struct DeltaSnapshot {
  int64_t version = -1;  // -1: there is no table yet
  std::vector<model::RelationColumn> columns;
  std::vector<DataFile> files;  // in the order in which they were added, as far as the log says it
  std::map<std::string, int64_t> transactions;
  std::map<std::string, std::string> configuration;
  std::map<std::string, int64_t> removed;  // files that were there, with when they went, in ms since 1970
  std::string schema;                      // a Delta schema
  // Actions in force as they were written, JSON: what a checkpoint repeats.
  std::string protocol;
  std::string metadata;
  std::map<std::string, std::string> adds;  // by the file's path

  bool exists() const { return version >= 0; }
  bool has_written(const DeltaTxn& txn) const;
};

struct DeltaWrite {
  enum class Kind { create, append, replace, rewrite };
  Kind kind = Kind::replace;
  std::vector<model::RelationColumn> columns;
  std::vector<DataFile> files;
  std::vector<std::string> rewritten;  // rewrite: paths of the files that hold the same rows
  DeltaTxn txn;
  std::map<std::string, std::string> configuration;  // used when this write makes the table
};

/// "00000000000000000007.json"
std::string delta_log_name(int64_t version);

/// Replays one commit, the one after `before`. corrupt names the line that is broken; refused says what in
/// the table is beyond reader version 1 and writer version 2.
Result<DeltaSnapshot> apply_delta_commit(DeltaSnapshot before, std::string_view json_lines);

/// Takes in one action, from a commit or a checkpoint. Errors as apply_delta_commit().
Status apply_delta_action(std::string_view json, DeltaSnapshot& table);

/// The actions of a checkpoint: what the table is, and which files it had that may still lie there.
std::vector<std::string> checkpoint_actions(const DeltaSnapshot& table);

/// When a commit was made, in ms since 1970, by what its actions say; nothing when none of them does.
std::optional<int64_t> time_of_delta_commit(std::string_view json_lines);

/// The commit that does `write` on top of `before`, which has not seen its txn.
/// bad_input: a column does not fit. refused: the table forbids it. conflict: create, and it is there;
/// rewrite, and a file to be rewritten is not.
Result<std::string> make_delta_commit(const DeltaSnapshot& before, const DeltaWrite& write, io::TimeUs now_us,
                                      std::string_view table_name);

}  // namespace anabranch::lake
