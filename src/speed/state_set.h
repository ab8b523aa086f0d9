#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "speed/applier.h"
#include "speed/epoch.h"

namespace anabranch::speed {

/// The slices of all views under one basis, as tables of the in-memory database. One thread: the speed
/// layer's writer, or before its handover the thread that fills it.
///
/// Each part of a view has one active table, to which ticks append, and closed segments. While a build runs,
/// the closed ones are kept in two groups, before and after its cut-off, which are never merged with each
/// other. Closed rows of linear views go to Parquet files, which take a tenth of the memory that a table
/// does.
class StateSet {
 public:
  /// What a reader reads, and what has to go when none does any more.
  struct Segment {
    std::string name;      // of a table, or the path of a file
    std::string relation;  // as readers name it
    bool is_file = false;
  };

  /// `id` keeps the names of tables and table functions apart from those of other sets. `folder` takes the
  /// files of closed rows; when it is empty, they stay in tables.
  static Result<std::unique_ptr<StateSet>> create(sql::Database& database, int id,
                                                  std::shared_ptr<const views::World> world,
                                                  std::map<std::string, std::string> pinned_tables,
                                                  const io::Path& folder);

  Applier& applier() { return *applier_; }
  const std::shared_ptr<const views::World>& world() const { return world_; }
  const std::map<std::string, std::string>& pinned_tables() const { return pinned_tables_; }

  /// A view's statement failed: it is left out from now on, and answered at read time.
  void leave_out(const std::string& view, const std::string& why) {
    applier_->leave_out(view);
    unmaintained_[view] = why;
  }
  const std::map<std::string, std::string>& unmaintained() const { return unmaintained_; }

  /// What compaction is to merge: closed segments of a part, and the one to make of them.
  struct Compaction {
    std::string view;
    std::string part;
    std::vector<Segment> segments;
    Segment into;
    sql::Query query;
  };

  /// Closes the active tables and begins new ones, of all parts. The caller publishes an epoch and then calls
  /// forget_plans().
  Status roll();
  /// The same for the parts that compaction makes smaller, and makes the tables that it needs.
  Result<std::vector<Compaction>> roll_for_compaction();
  void forget_plans() { applier_->forget_plans(active_); }

  /// All that is closed now lies before a build's cut-off. Call after roll().
  void set_boundary();
  /// The build was abandoned: no boundary any more.
  void clear_boundary();
  /// The build with that cut-off holds this view now: forgets the slices before the boundary; returns their
  /// tables.
  std::vector<std::string> forget_before(const std::string& view);

  /// Puts the merged segment in place of those it was made of; returns the tables to drop (which is `into`
  /// itself when it failed, or when the others are gone meanwhile).
  std::vector<std::string> finish_compaction(const Compaction& job, bool is_done);

  /// A view gives way: no states of it any more. Returns what is to be removed. The caller publishes an epoch
  /// where readers know the set, then drops it and calls forget_plans().
  std::vector<Segment> forget(const std::string& view, const std::string& why);
  /// view → its tables.
  std::map<std::string, std::vector<std::string>> tables_of_views() const;
  /// Closed rows that lie in files: relation → file.
  std::map<std::string, std::string> files() const;

  /// Every table of the set.
  std::vector<std::string> all_tables() const;
  /// view → part → relations, for an epoch.
  std::map<std::string, std::map<std::string, std::vector<std::string>>> slices() const;

 private:
  struct PartSegments {
    std::vector<Segment> before;
    std::vector<Segment> closed;
  };
  StateSet(std::unique_ptr<Applier> applier, std::shared_ptr<const views::World> world,
           std::map<std::string, std::string> pinned_tables, int id, io::Path folder)
      : applier_(std::move(applier)),
        world_(std::move(world)),
        pinned_tables_(std::move(pinned_tables)),
        id_(id),
        folder_(std::move(folder)) {}
  std::string new_table_name(const std::string& view, const std::string& part);
  /// Files rather than tables hold this part's closed segments.
  bool is_in_files(const views::Plan& plan, const views::StatePart& part) const;
  Compaction merge_segments(const views::Plan& plan, const views::StatePart& part,
                            std::vector<Segment> closed);
  Compaction write_file(const views::Plan& plan, const views::StatePart& part, std::vector<Segment> closed);

  std::unique_ptr<Applier> applier_;
  std::shared_ptr<const views::World> world_;
  std::map<std::string, std::string> pinned_tables_;
  const int id_;
  const io::Path folder_;
  int64_t next_table_number_ = 0;
  std::map<std::string, std::string> unmaintained_;
  std::set<std::string> forgotten_;  // of these
  ActiveTables active_;
  std::map<std::string, std::map<std::string, PartSegments>> closed_;
};

}  // namespace anabranch::speed
