#pragma once
// What a reader reads: which builds and which slices, under which basis. The number of the epoch in force
// stands in one row of the in-memory database, which every reader's transaction reads first; the rest is
// here.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "history/stream.h"
#include "model/offsets.h"
#include "views/world.h"

namespace anabranch::speed {

/// A view's part of a build.
struct BuiltView {
  std::string build_id;
  std::string database;                // the name under which the build's file is attached
  std::vector<std::string> row_files;  // Parquet files with the rows of a linear view
  std::set<std::string> summaries;     // which parts' summaries the build holds: "values0.summary"
  model::Offsets cutoff;
  int64_t rows = 0;
};

/// Immutable, shared by all readers that began while it was in force.
struct Epoch {
  int64_t number = 0;
  std::shared_ptr<const views::World> world;
  std::string build_id;                    // of the newest build; empty: none yet
  std::map<std::string, BuiltView> built;  // by view; absent: never built
  std::map<std::string, std::map<std::string, std::vector<std::string>>> slices;  // view → part → relations
  std::map<std::string, std::string> tables;         // "bronze.planes" → in-memory table
  std::map<std::string, history::Archive> archives;  // by "bronze.<stream>"
  std::map<std::string, std::string> unmaintained;   // views whose tick or build failed: view → why

  /// Of a stream, "bronze.<stream>"; empty when nothing of it is in the lake.
  const history::Archive& archive(const std::string& stream) const {
    static const history::Archive none;
    const auto found = archives.find(stream);
    return found == archives.end() ? none : found->second;
  }
};

using EpochPtr = std::shared_ptr<const Epoch>;

/// Counts the readers of each epoch, because the engine lets a file be detached under an open transaction and
/// breaks it later. Any thread may call.
class EpochRegister {
 public:
  /// Holds its epoch, and with it every later one, until destroyed.
  class Pin {
   public:
    Pin(EpochRegister& owner, int64_t number) : owner_(&owner), number_(number) {}
    Pin(Pin&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), number_(other.number_) {}
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
      if (owner_) owner_->unpin(number_);
    }

   private:
    EpochRegister* owner_;
    int64_t number_;
  };

  /// Makes an epoch known; readers may meet it from now on.
  void add(EpochPtr epoch) EXCLUDES(mutex_);
  /// Pins the newest epoch. A reader pins first and then reads the epoch row: it meets this one or a later
  /// one.
  Pin pin() EXCLUDES(mutex_);
  EpochPtr find(int64_t number) const EXCLUDES(mutex_);
  EpochPtr newest() const EXCLUDES(mutex_);
  std::vector<EpochPtr> all() const EXCLUDES(mutex_);
  /// Takes out and returns the epochs that are not the newest and that no reader can meet any more, oldest
  /// first.
  std::vector<EpochPtr> retire() EXCLUDES(mutex_);

 private:
  void unpin(int64_t number) EXCLUDES(mutex_);
  mutable Mutex mutex_;
  std::map<int64_t, EpochPtr> epochs_ GUARDED_BY(mutex_);
  std::map<int64_t, size_t> pins_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::speed
