#include "lake/delta_table.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "lake/delta_checkpoint.h"
#include "lake/delta_log_folder.h"

namespace anabranch::lake {
namespace {

constexpr int attempts_max = 100;

// Other programs put the files of a checkpoint into any order.
void sort_by_time(DeltaSnapshot& table) {
  std::map<std::string, int64_t> times;
  for (const auto& [path, add] : table.adds)
    times[path] = time_of_delta_commit(fmt::format(R"({{"add":{}}})", add)).value_or(0);
  std::stable_sort(table.files.begin(), table.files.end(),
                   [&](const DataFile& a, const DataFile& b) { return times[a.path] < times[b.path]; });
}

// Its version is the caller's to fill in.
Result<DeltaSnapshot> table_of_checkpoint(std::vector<std::string> parts) {
  DeltaSnapshot table;
  for (const std::string& action : TRY(lake::read_checkpoint(std::move(parts))))
    TRY(apply_delta_action(action, table));
  if (table.metadata.empty() || table.protocol.empty())
    return fail(Code::corrupt, "the checkpoint has no metaData or no protocol");
  sort_by_time(table);
  return table;
}

}  // namespace

Result<std::unique_ptr<DeltaTable>> DeltaTable::open(ObjectStore& store, std::string key, io::Clock& clock) {
  std::unique_ptr<DeltaTable> table(new DeltaTable(store, std::move(key), clock));
  TRY(table->snapshot());
  return table;
}

Result<DeltaSnapshot> DeltaTable::snapshot() {
  Lock lock(mutex_);
  TRY(refresh());
  return state_;
}

Result<DeltaCommit> DeltaTable::create(const std::vector<model::RelationColumn>& columns, const DeltaTxn& txn,
                                       const std::map<std::string, std::string>& configuration) {
  return commit({DeltaWrite::Kind::create, columns, {}, {}, txn, configuration});
}

Result<DeltaCommit> DeltaTable::append(const std::vector<model::RelationColumn>& columns,
                                       const std::vector<DataFile>& files, const DeltaTxn& txn) {
  return commit({DeltaWrite::Kind::append, columns, files, {}, txn, {}});
}

Result<DeltaCommit> DeltaTable::replace(const std::vector<model::RelationColumn>& columns,
                                        const std::vector<DataFile>& files, const DeltaTxn& txn) {
  return commit({DeltaWrite::Kind::replace, columns, files, {}, txn, {}});
}

Result<DeltaCommit> DeltaTable::commit(const DeltaWrite& write) {
  if (write.txn.app_id.empty()) return fail(Code::bad_input, "a write to a Delta table needs a txn app id");
  Lock lock(mutex_);
  bool is_unsure = false;  // whether the last attempt landed
  bool are_files_durable = false;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    if (Status read = refresh(); !read) {
      if (is_unsure) read.error().code = Code::unknown_outcome;
      return fail(std::move(read).error());
    }
    if (state_.has_written(write.txn)) {
      // Whoever wrote it may have died before its name was durable.
      const auto durable = store_.make_durable(log_key(state_.version));
      // A checkpoint that holds it is durable, too.
      if (!durable && (durable.error().code != Code::not_found || state_.version != checkpoint_))
        return fail(durable.error());
      return DeltaCommit{state_.version, true};
    }
    // Not there. If an answer was lost and the object still arrives, it arrives under the key that we try
    // next or that a stranger has taken: it can never land beside ours.
    if (!are_files_durable) TRY(make_files_durable(write.files));
    are_files_durable = true;
    const size_t slash = key_.rfind('/');
    const std::string name = slash == std::string::npos ? key_ : key_.substr(slash + 1);
    auto bytes = make_delta_commit(state_, write, clock_.now_us(), name);
    if (!bytes) return in_context(std::move(bytes), key_);
    const int64_t version = state_.version + 1;
    Status put = store_.put_if_absent(log_key(version), *bytes);
    if (put) {
      TRY(apply(*bytes));
      return DeltaCommit{version, false};
    }
    is_unsure = put.error().code == Code::unknown_outcome;
    if (!is_unsure && put.error().code != Code::conflict) return fail(std::move(put).error());
  }
  return fail(
      is_unsure ? Code::unknown_outcome : Code::retry,
      fmt::format("{}: {} attempts to commit to its log did not succeed", key_, attempts_max),
      is_unsure ? "check the connection to the lake" : "other programs write this table all the time");
}

Result<DeltaCommit> DeltaTable::rewrite(const std::vector<model::RelationColumn>& columns,
                                        const std::vector<std::string>& gone,
                                        const std::vector<DataFile>& files, const DeltaTxn& txn) {
  return commit({DeltaWrite::Kind::rewrite, columns, files, gone, txn, {}});
}

Result<bool> DeltaTable::newest_commit_is(ObjectStore& store, const std::string& key, const DeltaTxn& txn) {
  const LogFolder log = TRY(list_log(store, key));
  if (log.commits.empty()) return false;
  const std::string newest = fmt::format("{}/_delta_log/{}", key, delta_log_name(*log.commits.rbegin()));
  const std::string text = TRY(store.get(newest));
  DeltaSnapshot seen;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    // Of what is broken here open() says more.
    if (end > begin && !apply_delta_action(std::string_view(text).substr(begin, end - begin), seen))
      return false;
    begin = end + 1;
  }
  if (!seen.has_written(txn)) return false;
  TRY(store.make_durable(newest));  // whoever wrote it may have died before its name was durable
  return true;
}

Status DeltaTable::refresh() {
  const int64_t known = state_.version;
  if (!state_.exists()) TRY(read_beginning());
  TRY(read_commits());
  if (known < 0 || state_.version != known) return {};
  // Nothing new: or the log was removed meanwhile, or begins later now.
  const auto newest = store_.get(log_key(known));
  if (newest) return {};
  if (newest.error().code != Code::not_found) return fail(newest.error());
  state_ = {};
  TRY(read_beginning());
  return read_commits();
}

// Versions follow each other without gaps.
Status DeltaTable::read_commits() {
  for (;;) {
    Status read = read_commit(state_.version + 1);
    if (read) continue;
    if (read.error().code != Code::not_found) return read;
    return {};
  }
}

// From the newest checkpoint that is whole, or from the first commit.
Status DeltaTable::read_beginning() {
  checkpoint_ = -1;
  const LogFolder log = TRY(list_log(store_, key_));
  for (auto checkpoint = log.checkpoints.rbegin(); checkpoint != log.checkpoints.rend(); ++checkpoint) {
    if (!checkpoint->second.is_whole()) continue;
    const Status read = read_checkpoint(checkpoint->first, checkpoint->second.keys);
    if (read) {
      checkpoint_ = checkpoint->first;
      break;
    }
    state_ = {};
    // What it sums up may still be there in full.
    if (read.error().code != Code::corrupt || log.commits.empty() || *log.commits.begin() != 0) return read;
  }
  if (checkpoint_ < 0 && log.has_other_checkpoints && !log.commits.contains(0)) {
    return fail(Code::refused,
                fmt::format("the beginning of {}/_delta_log lies in a checkpoint of a later kind", key_),
                "only those of reader version 1 are read: write one with that program, or remove the "
                "folder, and the table is made anew from the newest manifest");
  }
  int64_t due = checkpoint_ + 1;
  for (auto commit = log.commits.lower_bound(due); commit != log.commits.end(); ++commit, ++due) {
    if (*commit == due) continue;
    return fail(Code::corrupt, fmt::format("{} is there, but {} is missing", log_key(*commit), log_key(due)),
                std::string(delta_log_hint));
  }
  return {};
}

Status DeltaTable::read_checkpoint(int64_t version, const std::vector<std::string>& keys) {
  std::vector<std::string> parts;
  for (const std::string& key : keys) parts.push_back(TRY(store_.get(key)));
  auto read = table_of_checkpoint(std::move(parts));
  if (read) {
    state_ = std::move(*read);
    state_.version = version;
    return {};
  }
  Error error = read.error();
  if (error.code == Code::corrupt && error.hint.empty()) error.hint = delta_log_hint;
  return in_context(Status(fail(std::move(error))), keys.front());
}

Status DeltaTable::read_commit(int64_t version) {
  const std::string bytes = TRY(store_.get(log_key(version)));
  return apply(bytes);
}

Status DeltaTable::apply(std::string_view bytes) {
  const std::string file = log_key(state_.version + 1);
  auto applied = apply_delta_commit(std::exchange(state_, {}), bytes);  // after an error we begin anew
  if (!applied) return in_context(std::move(applied), file);
  state_ = std::move(*applied);
  return {};
}

Status DeltaTable::make_files_durable(const std::vector<DataFile>& files) {
  for (const DataFile& file : files) {
    const std::string key = data_file_key(file.path);
    const int64_t size = TRY(store_.make_durable(key));
    if (size == file.size) continue;
    return fail(Code::corrupt, fmt::format("{} has {} bytes, not {}", key, size, file.size),
                "build it again: the file was not finished, or was changed afterwards");
  }
  return {};
}

}  // namespace anabranch::lake
