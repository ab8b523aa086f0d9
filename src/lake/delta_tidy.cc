// DeltaTable: what no version needs any more, goes.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "lake/delta_checkpoint.h"
#include "lake/delta_log_folder.h"
#include "lake/delta_table.h"

namespace anabranch::lake {
namespace {

// So many commits are read after the newest checkpoint at most.
constexpr int64_t checkpoint_interval = 10;

}  // namespace

Result<int64_t> DeltaTable::tidy(const Keep& keep) {
  Lock lock(mutex_);
  TRY(refresh());
  if (!state_.exists()) return int64_t{0};
  bool is_log_due = !is_searched_;  // a crash may have come in between
  int64_t gone = TRY(remove_files(keep));
  if (state_.version - checkpoint_ >= checkpoint_interval) {
    TRY(write_checkpoint());
    is_log_due = true;
  }
  if (is_log_due) gone += TRY(remove_log_before(keep.removed_after_ms));
  return gone;
}

Result<int64_t> DeltaTable::remove_files(const Keep& keep) {
  std::vector<std::string> due;
  for (const auto& [path, removed_ms] : state_.removed) {
    if (removed_ms < keep.removed_after_ms && !(keep.is_used && keep.is_used(path))) due.push_back(path);
  }
  if (!is_searched_ && keep.is_ours) {
    const std::string folder = key_ + "/";
    for (const ObjectInfo& object : TRY(store_.list(folder))) {
      const std::string path = object.key.substr(folder.size());
      const bool is_known =
          path.starts_with("_delta_log/") || state_.adds.contains(path) || state_.removed.contains(path);
      if (!is_known && keep.is_ours(path) && !(keep.is_used && keep.is_used(path))) due.push_back(path);
    }
  }
  for (const std::string& path : due) {
    TRY(store_.remove(data_file_key(path)));
    // The log still says it, until its next checkpoint. That names all that were kept, whatever their age: a
    // later process must know of them.
    state_.removed.erase(path);
  }
  is_searched_ = true;
  return static_cast<int64_t>(due.size());
}

Status DeltaTable::write_checkpoint() {
  const std::string key = fmt::format("{}/_delta_log/{}", key_, checkpoint_name(state_.version));
  const std::string bytes = TRY(lake::write_checkpoint(checkpoint_actions(state_)));
  const Status written = store_.put_if_absent(key, bytes);
  // Another program was first: its checkpoint of this version says the same.
  if (!written && written.error().code != Code::conflict) return in_context(Status(written), key);
  checkpoint_ = state_.version;
  return {};
}

// All versions from a checkpoint on that is older than `time_ms` can be read, and that is what is kept.
Result<int64_t> DeltaTable::remove_log_before(int64_t time_ms) {
  const LogFolder log = TRY(list_log(store_, key_));
  int64_t first = -1;  // the version from which on all is kept
  for (const auto& [version, checkpoint] : log.checkpoints) {
    if (!checkpoint.is_whole()) continue;
    if (log.commits.contains(version)) {
      const auto made_ms = time_of_delta_commit(TRY(store_.get(log_key(version))));
      if (!made_ms || *made_ms >= time_ms) break;
    }
    first = version;
  }
  std::vector<std::string> due = log.drafts;
  for (const int64_t version : log.commits) {
    if (version < first) due.push_back(log_key(version));
  }
  for (const auto& [version, keys] : log.others) {
    if (version < first) due.insert(due.end(), keys.begin(), keys.end());
  }
  bool is_checkpoint_gone = false;
  for (const auto& [version, checkpoint] : log.checkpoints) {
    if (version >= first) break;
    due.insert(due.end(), checkpoint.keys.begin(), checkpoint.keys.end());
    is_checkpoint_gone = true;
  }
  // It may point to one of these; readers find the newest without it.
  if (is_checkpoint_gone) TRY(store_.remove(key_ + "/_delta_log/_last_checkpoint"));
  for (const std::string& key : due) TRY(store_.remove(key));
  return static_cast<int64_t>(due.size());
}

}  // namespace anabranch::lake
