#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "speed/applier.h"
#include "speed/epoch.h"

namespace anabranch::speed {

/// The slices of all views under one basis, as tables of the in-memory database. One thread: the speed
/// layer's writer, or before its handover the thread that fills it.
///
/// Each part of a view has one active table, to which ticks append, and closed ones. While a build runs, the
/// closed ones are kept in two groups, before and after its cut-off, which are never merged with each other.
class StateSet {
 public:
  /// `id` keeps the names of tables and table functions apart from those of other sets.
  static Result<std::unique_ptr<StateSet>> create(sql::Database& database, int id,
                                                  std::shared_ptr<const views::World> world,
                                                  std::map<std::string, std::string> pinned_tables);

  Applier& applier() { return *applier_; }
  const std::shared_ptr<const views::World>& world() const { return world_; }
  const std::map<std::string, std::string>& pinned_tables() const { return pinned_tables_; }

  /// A view's statement failed: it is left out from now on, and answered at read time.
  void leave_out(const std::string& view, const std::string& why) {
    applier_->leave_out(view);
    unmaintained_[view] = why;
  }
  const std::map<std::string, std::string>& unmaintained() const { return unmaintained_; }

  /// Closes the active tables and begins new ones: of all parts, or only of those whose states combine. The
  /// caller publishes an epoch and then calls prepare().
  Status roll(bool all_parts);
  Status prepare() { return applier_->prepare(active_); }

  /// All that is closed now lies before a build's cut-off. Call after roll(true).
  void set_boundary();
  /// The build was abandoned: no boundary any more.
  void clear_boundary();
  /// The build with that cut-off holds this view now: forgets the slices before the boundary; returns their
  /// tables.
  std::vector<std::string> forget_before(const std::string& view);

  /// What compaction is to merge: closed tables of combining parts, and the table to make.
  struct Compaction {
    std::string view;
    std::string part;
    std::vector<std::string> tables;
    std::string into;
    std::string sql;  // makes `into`
  };
  std::vector<Compaction> plan_compaction();
  /// Puts the merged table in place of those it was made of; returns the tables to drop (which is `into`
  /// itself when the others are gone meanwhile).
  std::vector<std::string> finish_compaction(const Compaction& done);

  /// Every table of the set.
  std::vector<std::string> all_tables() const;
  /// view → part → tables, for an epoch.
  std::map<std::string, std::map<std::string, std::vector<std::string>>> slices() const;

 private:
  struct PartTables {
    std::vector<std::string> before;
    std::vector<std::string> closed;
  };
  StateSet(std::unique_ptr<Applier> applier, std::shared_ptr<const views::World> world,
           std::map<std::string, std::string> pinned_tables, int id)
      : applier_(std::move(applier)),
        world_(std::move(world)),
        pinned_tables_(std::move(pinned_tables)),
        id_(id) {}
  std::string new_table_name(const std::string& view, const std::string& part);

  std::unique_ptr<Applier> applier_;
  std::shared_ptr<const views::World> world_;
  std::map<std::string, std::string> pinned_tables_;
  const int id_;
  int64_t next_table_number_ = 0;
  std::map<std::string, std::string> unmaintained_;
  ActiveTables active_;
  std::map<std::string, std::map<std::string, PartTables>> closed_;
};

}  // namespace anabranch::speed
