#include "lake/delta_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace anabranch::lake {
namespace {

constexpr int attempts_max = 100;

// The version of a commit's file; nothing for other names.
std::optional<int64_t> version_of(std::string_view name) {
  constexpr size_t digits = 20;
  if (name.size() != digits + 5 || !name.ends_with(".json")) return std::nullopt;
  int64_t version = 0;
  for (const char c : name.substr(0, digits)) {
    if (c < '0' || c > '9' || version > (INT64_MAX - 9) / 10) return std::nullopt;
    version = version * 10 + (c - '0');
  }
  return version;
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

Result<DeltaCommit> DeltaTable::create(const std::vector<sql::OutputColumn>& columns, const DeltaTxn& txn,
                                       const std::map<std::string, std::string>& configuration) {
  return commit({DeltaWrite::Kind::create, columns, {}, txn, configuration});
}

Result<DeltaCommit> DeltaTable::append(const std::vector<sql::OutputColumn>& columns,
                                       const std::vector<DataFile>& files, const DeltaTxn& txn) {
  return commit({DeltaWrite::Kind::append, columns, files, txn, {}});
}

Result<DeltaCommit> DeltaTable::replace(const std::vector<sql::OutputColumn>& columns,
                                        const std::vector<DataFile>& files, const DeltaTxn& txn) {
  return commit({DeltaWrite::Kind::replace, columns, files, txn, {}});
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
      TRY(store_.make_durable(log_key(state_.version)));
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

Status DeltaTable::refresh() {
  if (!state_.exists()) TRY(check_log_begins());
  // Versions follow each other without gaps.
  for (;;) {
    Status read = read_commit(state_.version + 1);
    if (read) continue;
    if (read.error().code != Code::not_found) return read;
    return {};
  }
}

Status DeltaTable::check_log_begins() {
  const std::string folder = key_ + "/_delta_log/";
  bool has_checkpoint = false;
  std::vector<int64_t> versions;
  for (const ObjectInfo& object : TRY(store_.list(folder))) {
    const std::string_view name = std::string_view(object.key).substr(folder.size());
    if (name == "_last_checkpoint" || name.find(".checkpoint.") != name.npos) has_checkpoint = true;
    if (const auto version = version_of(name)) versions.push_back(*version);
  }
  if (has_checkpoint && (versions.empty() || versions.front() != 0)) {
    return fail(
        Code::refused,
        fmt::format("the beginning of {} lies in a checkpoint that another program wrote", folder),
        "only JSON commits are read: keep them longer with that program (delta.logRetentionDuration); or "
        "remove the folder, and the table is made anew from the newest manifest");
  }
  for (size_t i = 0; i < versions.size(); ++i) {
    if (versions[i] == static_cast<int64_t>(i)) continue;
    return fail(
        Code::corrupt,
        fmt::format("{} is there, but {} is missing", log_key(versions[i]), log_key(static_cast<int64_t>(i))),
        std::string(delta_log_hint));
  }
  return {};
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
