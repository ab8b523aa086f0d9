#pragma once
// Files as a bad day has them: a disk that is full, a sync that fails, a power cut that forgets what was not
// synced. Wraps a real folder; what goes wrong is chosen by seed, so a failing seed is a bug that can be
// repeated.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/file_system.h"

namespace anabranch::test {

/// Every fault is off at first. Any thread may call. Files opened before a crash fail for ever after.
///
/// A power cut keeps what was synced, and of the rest whatever the seed says: all, a prefix, or some sectors
/// with zeros between them. Names created, renamed or removed since the last sync_folder() are kept up to a
/// random one of them; new folders are always kept. After a failed sync, bytes written before it are never
/// made durable by a later one, though that says so (as Linux does).
class FaultyFileSystem final : public io::FileSystem {
 public:
  FaultyFileSystem(io::FileSystem& real, uint64_t seed) : real_(real), random_(seed) {}

  /// Appends fail with disk_full once so many more bytes are written; the one that hits the limit is written
  /// in part. Nothing: no limit. Cutting a file gives its bytes back.
  void set_space(std::optional<uint64_t> bytes) {
    Lock lock(mutex_);
    space_ = bytes;
  }
  /// The sync of a file after so many more fails, once, with this code. Nothing: none does.
  void fail_sync_after(std::optional<uint64_t> syncs, Code code = Code::io) {
    Lock lock(mutex_);
    failing_sync_ = syncs;
    failing_sync_code_ = code;
  }
  /// While true, truncate() fails.
  void fail_truncates(bool fails) {
    Lock lock(mutex_);
    truncates_fail_ = fails;
  }
  /// The power goes off in the middle of a change (append, sync, rename, …) after so many more.
  void crash_after(uint64_t changes) {
    Lock lock(mutex_);
    crash_after_ = changes;
  }
  /// The power goes off now: every call fails until restart().
  void crash() {
    Lock lock(mutex_);
    power_off();
  }
  bool is_off() const {
    Lock lock(mutex_);
    return is_off_;
  }
  /// How many files were synced so far.
  uint64_t syncs() const {
    Lock lock(mutex_);
    return syncs_;
  }
  /// Forgets what was not durable and turns the power on again.
  void restart() {
    Lock lock(mutex_);
    if (!is_off_) power_off();
    lose_names();
    for (auto& [path, state] : states_) lose_bytes(path, *state);
    states_.clear();
    ++life_;
    is_off_ = false;
    crash_after_.reset();
    failing_sync_.reset();
    space_.reset();
    truncates_fail_ = false;
  }

  Result<std::unique_ptr<io::File>> open(const io::Path& path, Open mode) override;
  Status create_folders(const io::Path& path) override {
    Lock lock(mutex_);
    TRY(check_power());
    return real_.create_folders(path);
  }
  Result<std::vector<io::FolderEntry>> list(const io::Path& path) override {
    Lock lock(mutex_);
    TRY(check_power());
    return real_.list(path);
  }
  Result<bool> exists(const io::Path& path) override {
    Lock lock(mutex_);
    TRY(check_power());
    return real_.exists(path);
  }
  Status rename(const io::Path& from, const io::Path& to) override {
    Lock lock(mutex_);
    TRY(begin_change());
    NameChange change{NameChange::Kind::renamed, to, from, TRY(old_bytes(to))};
    TRY(real_.rename(from, to));
    names_.push_back(std::move(change));
    if (const auto moved = states_.find(from); moved != states_.end()) {
      states_[to] = moved->second;
      states_.erase(from);
    } else {
      states_.erase(to);
    }
    return {};
  }
  Status link(const io::Path& from, const io::Path& to) override {
    Lock lock(mutex_);
    TRY(begin_change());
    TRY(real_.link(from, to));
    names_.push_back({NameChange::Kind::created, to, {}, {}});
    if (const auto state = states_.find(from); state != states_.end()) states_[to] = state->second;
    return {};
  }
  Status remove(const io::Path& path) override {
    Lock lock(mutex_);
    TRY(begin_change());
    NameChange change{NameChange::Kind::removed, path, {}, TRY(old_bytes(path))};
    TRY(real_.remove(path));
    names_.push_back(std::move(change));
    states_.erase(path);
    return {};
  }
  Status remove_all(const io::Path& path) override {
    Lock lock(mutex_);
    TRY(begin_change());
    return real_.remove_all(path);
  }
  Status sync_folder(const io::Path& path) override {
    Lock lock(mutex_);
    TRY(begin_change());
    TRY(real_.exists(path));
    std::erase_if(names_, [&](const NameChange& change) { return change.path.parent_path() == path; });
    return {};
  }
  Result<uint64_t> free_bytes(const io::Path& path) override {
    Lock lock(mutex_);
    TRY(check_power());
    return space_ ? Result<uint64_t>(*space_) : real_.free_bytes(path);
  }
  Result<std::unique_ptr<io::FileLock>> lock(const io::Path& path, std::string_view owner) override {
    Lock lock(mutex_);
    TRY(check_power());
    return real_.lock(path, owner);
  }

 private:
  /// What a power cut may take from a file.
  struct FileState {
    uint64_t synced_bytes = 0;             // this many bytes at the front are safe
    std::optional<std::string> cut_bytes;  // after them, until the cut is synced
    bool is_sync_lost = false;             // a sync failed: later ones do nothing
  };
  struct NameChange {
    enum class Kind { created, renamed, removed } kind;
    io::Path path;
    io::Path from;
    std::optional<std::string> old_bytes;
  };

  class FaultyFile final : public io::File {
   public:
    FaultyFile(FaultyFileSystem& files, std::unique_ptr<io::File> real, std::shared_ptr<FileState> state,
               uint64_t life)
        : files_(files), real_(std::move(real)), state_(std::move(state)), life_(life) {}

    Status append(std::string_view bytes) override {
      Lock lock(files_.mutex_);
      if (Status begun = files_.begin_change(life_); !begun) {
        if (files_.is_crashing_) (void)real_->append(bytes.substr(0, files_.below(bytes.size() + 1)));
        return begun;
      }
      if (files_.space_ && bytes.size() > *files_.space_) {
        TRY(real_->append(bytes.substr(0, *files_.space_)));
        files_.space_ = 0;
        return fail(Code::disk_full, "cannot write: No space left on device");
      }
      if (files_.space_) *files_.space_ -= bytes.size();
      return real_->append(bytes);
    }
    Result<std::string> read_at(uint64_t position, size_t size) const override {
      {
        Lock lock(files_.mutex_);
        TRY(files_.check_power(life_));
      }
      return real_->read_at(position, size);
    }
    Status sync() override {
      Lock lock(files_.mutex_);
      if (Status begun = files_.begin_change(life_); !begun) {
        if (files_.is_crashing_ && files_.below(2) == 0) TRY(make_durable());
        return begun;
      }
      ++files_.syncs_;
      if (files_.failing_sync_ && (*files_.failing_sync_)-- == 0) {
        files_.failing_sync_.reset();
        state_->is_sync_lost = true;
        return fail(files_.failing_sync_code_, "cannot sync: Input/output error");
      }
      return make_durable();
    }
    Result<uint64_t> size() const override {
      Lock lock(files_.mutex_);
      TRY(files_.check_power(life_));
      return real_->size();
    }
    Status truncate(uint64_t size) override {
      Lock lock(files_.mutex_);
      TRY(files_.begin_change(life_));
      if (files_.truncates_fail_) return fail(Code::io, "cannot truncate: Input/output error");
      const uint64_t before = TRY(real_->size());
      if (files_.space_ && size < before) *files_.space_ += before - size;
      if (size < state_->synced_bytes) {
        std::string cut = TRY(real_->read_at(size, state_->synced_bytes - size));
        state_->cut_bytes = std::move(cut) + state_->cut_bytes.value_or("");
        state_->synced_bytes = size;
      }
      return real_->truncate(size);
    }

   private:
    Status make_durable() {
      if (state_->is_sync_lost) return {};
      state_->synced_bytes = TRY(real_->size());
      state_->cut_bytes.reset();
      return {};
    }

    FaultyFileSystem& files_;
    const std::unique_ptr<io::File> real_;
    const std::shared_ptr<FileState> state_;
    const uint64_t life_;
  };

  Status check_power(std::optional<uint64_t> life = std::nullopt) const REQUIRES(mutex_) {
    if (is_off_ || (life && *life != life_)) return fail(Code::io, "the power is off");
    return {};
  }
  Status begin_change(std::optional<uint64_t> life = std::nullopt) REQUIRES(mutex_) {
    is_crashing_ = false;
    TRY(check_power(life));
    if (crash_after_ && (*crash_after_)-- == 0) {
      power_off();
      is_crashing_ = true;  // this very change may still happen in part
      return check_power();
    }
    return {};
  }
  void power_off() REQUIRES(mutex_) {
    is_off_ = true;
    crash_after_.reset();
  }
  uint64_t below(uint64_t bound) REQUIRES(mutex_) { return random_() % bound; }

  Result<std::optional<std::string>> old_bytes(const io::Path& path) REQUIRES(mutex_) {
    if (!TRY(real_.exists(path))) return std::nullopt;
    return TRY(real_.read_file(path));
  }
  void put_file(const io::Path& path, std::string_view bytes) REQUIRES(mutex_) {
    (void)real_.remove(path);
    auto file = real_.open(path, Open::create_new);
    if (file) (void)(*file)->append(bytes);
  }
  // A journal replays changes of names up to some point.
  void lose_names() REQUIRES(mutex_) {
    const size_t kept = below(names_.size() + 1);
    while (names_.size() > kept) {
      const NameChange change = std::move(names_.back());
      names_.pop_back();
      switch (change.kind) {
        case NameChange::Kind::created:
          (void)real_.remove(change.path);
          break;
        case NameChange::Kind::renamed:
          (void)real_.rename(change.path, change.from);
          if (const auto state = states_.find(change.path); state != states_.end()) {
            states_[change.from] = state->second;
            states_.erase(change.path);
          }
          if (change.old_bytes) put_file(change.path, *change.old_bytes);
          break;
        case NameChange::Kind::removed:
          if (change.old_bytes) put_file(change.path, *change.old_bytes);
          break;
      }
    }
    names_.clear();
  }
  void lose_bytes(const io::Path& path, const FileState& state) REQUIRES(mutex_) {
    const auto now = real_.read_file(path);
    if (!now || now->size() < state.synced_bytes) return;
    std::string kept = now->substr(0, state.synced_bytes);
    const std::string_view rest = std::string_view(*now).substr(state.synced_bytes);
    if (state.cut_bytes && below(2) == 0) {
      kept += *state.cut_bytes;  // the cut itself was forgotten
    } else if (const uint64_t luck = below(3); luck == 0) {
      kept += rest;
    } else if (luck == 1) {
      kept += rest.substr(0, below(rest.size() + 1));
    } else {
      constexpr size_t sector_bytes = 512;
      std::string torn(rest.substr(0, below(rest.size() + 1)));
      for (size_t at = 0; at < torn.size();) {
        const size_t end = std::min(torn.size(), (state.synced_bytes + at) / sector_bytes * sector_bytes +
                                                     sector_bytes - state.synced_bytes);
        if (below(3) == 0)
          std::fill(torn.begin() + static_cast<ptrdiff_t>(at), torn.begin() + static_cast<ptrdiff_t>(end),
                    '\0');
        at = end;
      }
      kept += torn;
    }
    if (kept != *now) put_file(path, kept);
  }

  io::FileSystem& real_;
  mutable Mutex mutex_;
  std::mt19937_64 random_ GUARDED_BY(mutex_);
  std::map<io::Path, std::shared_ptr<FileState>> states_ GUARDED_BY(mutex_);
  std::vector<NameChange> names_ GUARDED_BY(mutex_);
  std::optional<uint64_t> space_ GUARDED_BY(mutex_);
  std::optional<uint64_t> failing_sync_ GUARDED_BY(mutex_);
  Code failing_sync_code_ GUARDED_BY(mutex_) = Code::io;
  std::optional<uint64_t> crash_after_ GUARDED_BY(mutex_);
  bool truncates_fail_ GUARDED_BY(mutex_) = false;
  bool is_off_ GUARDED_BY(mutex_) = false;
  bool is_crashing_ GUARDED_BY(mutex_) = false;
  uint64_t syncs_ GUARDED_BY(mutex_) = 0;
  uint64_t life_ GUARDED_BY(mutex_) = 0;
};

inline Result<std::unique_ptr<io::File>> FaultyFileSystem::open(const io::Path& path, Open mode) {
  Lock lock(mutex_);
  TRY(check_power());
  const bool is_there = TRY(real_.exists(path));
  if (!is_there && mode != Open::read) TRY(begin_change());
  auto file = TRY(real_.open(path, mode));
  std::shared_ptr<FileState>& state = states_[path];
  if (!state) {
    state = std::make_shared<FileState>();
    // What was there before this object is durable.
    state->synced_bytes = TRY(file->size());
  }
  if (!is_there) names_.push_back({NameChange::Kind::created, path, {}, {}});
  return std::make_unique<FaultyFile>(*this, std::move(file), state, life_);
}

}  // namespace anabranch::test
