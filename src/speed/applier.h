#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/stream_reader.h"
#include "sql/database.h"
#include "views/world.h"

namespace anabranch::speed {

/// The events of one step, by stream name: at most one piece a partition.
using Step = std::map<std::string, std::vector<history::Events>>;

/// Tables to which the states of a step are appended: view → part → table.
using ActiveTables = std::map<std::string, std::map<std::string, std::string>>;

/// Evaluates the rows and partial stages of all views on a few events and appends the states.
/// One thread. Prepared statements over a table function of ours: parameters and growing tables under a
/// prepared plan are both wrong here (a plan keeps the statistics of the moment when it was prepared).
class Applier {
 public:
  /// `id` keeps the table functions of several appliers apart. `tables` maps "bronze.planes" to the in-memory
  /// table that holds the pinned version. The world outlives the applier's last step.
  static Result<std::unique_ptr<Applier>> create(sql::Database& database, int id,
                                                 std::shared_ptr<const views::World> world,
                                                 std::map<std::string, std::string> tables);

  /// Forgets all plans of statements; to be called after any CREATE or DROP, which would make every statement
  /// plan again at each run. A step plans what it runs and finds unplanned: with hundreds of views most of
  /// them have no events between a build's start and its handover.
  void forget_plans(const ActiveTables& active);

  /// Plans all statements now, so that the first step finds them. Those that cannot be planned are left to
  /// the step that runs them, which says whose they are.
  void plan_all();

  /// One transaction: the states of the step and what `also` says (the epoch row). When a view's statement
  /// fails or cannot be planned, its name goes to `failed_view` and nothing is changed. `only`, when not
  /// null: no other views than these.
  Status apply(const Step& step, const std::string& also, std::string& failed_view,
               const std::set<std::string>* only = nullptr);

  /// Runs statements outside of a step, all of them or none.
  Status run_together(const std::vector<std::string>& statements) {
    return session_.run_together(statements);
  }

  /// From now on a view is left out.
  void leave_out(const std::string& view) { left_out_.insert(view); }

 private:
  class StepFeed;
  struct Insert {
    std::string view;
    std::set<std::string> streams;
    std::string table;                       // takes the states
    const views::StatePart* part = nullptr;  // of the world
    std::optional<sql::Statement> statement;
  };
  /// A linear view that others read: its rows are made once in a step, and all statements read them.
  struct Staged {
    std::string view;
    std::set<std::string> streams;
    std::shared_ptr<sql::Stage> rows;
    std::optional<sql::Statement> statement;
  };
  Applier(sql::Session session, std::shared_ptr<const views::World> world,
          std::map<std::string, std::string> tables)
      : session_(std::move(session)), world_(std::move(world)), tables_(std::move(tables)) {}
  std::string feed_name(const std::string& stream) const;
  /// What every relation but the streams means, with the streams meaning what `streams` says.
  sql::Meanings meanings(const sql::Meanings& streams, bool reads_stages = false) const;
  sql::Meanings feed_meanings() const;
  Result<std::string> step_source(const std::string& stream,
                                  const std::vector<history::Events>& pieces) const;
  bool is_staged(const std::string& view) const;
  static sql::Query stage_query(const views::Plan& plan, const sql::Meanings& meanings);
  /// The rows of a view: from its stage, or computed.
  sql::Query rows_of(const views::Plan& plan, const sql::Meanings& meanings, bool reads_stages) const;
  sql::Query insert_query(const std::string& table, const views::Plan& plan, const views::StatePart& part,
                          const sql::Meanings& meanings, bool reads_stages) const;
  Status stage_views(sql::Database& database);
  /// Whether the step has events for it, and nobody has left it out.
  bool takes_part(const Insert& insert, const Step& step, const std::set<std::string>* only) const;
  Status plan(Staged& staged);
  Status plan(Insert& insert);
  /// Each statement computes all that it reads from now on, so that only those that do fail are left out.
  void forget_stages();
  Status plan_step(const Step& step, std::string& failed_view, const std::set<std::string>* only);
  Status run_stages(const Step& step);
  Status run_inserts(const Step& step, std::string& failed_view, const std::set<std::string>* only);
  std::string stage_name(const std::string& view) const;

  sql::Session session_;
  std::shared_ptr<const views::World> world_;
  std::map<std::string, std::string> tables_;
  int id_ = 0;
  std::map<std::string, std::shared_ptr<StepFeed>> feeds_;
  std::vector<Staged> staged_;  // in the order of dependencies
  std::vector<Insert> inserts_;
  sql::Meanings meanings_of_plans_;  // what relations mean in all planned statements
  ActiveTables active_;
  std::set<std::string> left_out_;
};

/// `INSERT` target columns of a part: its CREATE TABLE.
std::string create_table_sql(const std::string& table, const views::StatePart& part);

}  // namespace anabranch::speed
