#pragma once
// What lies in the folder _delta_log of a table. Included by src/lake only.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/object_store.h"

namespace anabranch::lake {

/// What version 0.1 of the program may have left of a checkpoint that it did not finish. Readers pass over
/// it.
inline constexpr std::string_view checkpoint_draft_name = "_checkpoint_draft.parquet";

/// By version. Other names than these are left out.
struct LogFolder {
  struct Checkpoint {
    int parts = 0;
    std::vector<std::string> keys;
    bool is_whole() const { return parts > 0 && static_cast<int>(keys.size()) == parts; }
  };
  std::set<int64_t> commits;
  std::map<int64_t, Checkpoint> checkpoints;
  std::map<int64_t, std::vector<std::string>> others;  // of other programs: checksums and the like
  bool has_other_checkpoints = false;                  // which we cannot read
  std::vector<std::string> drafts;                     // of a checkpoint that was not finished
};

/// `table` is the key of the table's folder.
Result<LogFolder> list_log(ObjectStore& store, const std::string& table);

}  // namespace anabranch::lake
