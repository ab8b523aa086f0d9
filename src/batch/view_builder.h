#pragma once
// One view of a build: its states, its rows, its result. Used by builder.cc.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "batch/batch_engine.h"
#include "lake/object_store.h"
#include "sql/database.h"
#include "views/plan.h"

namespace anabranch::batch {

/// What the views of a build share. Any thread.
class BuildOutcome {
 public:
  BuildOutcome(const BuildJob& job, lake::ObjectStore& store) : job_(job), store_(store) {}

  const BuildJob& job() const { return job_; }
  lake::ObjectStore& store() const { return store_; }
  std::string database_file() const;

  /// What a stream or a table means.
  void mean_relation(const views::Relation& relation, const sql::Query& query) EXCLUDES(mutex_);
  /// What a view means to those above it; `ordered` to those that ask for its rows' order.
  void mean_view(const std::string& view, const sql::Query& query, const sql::Query& ordered)
      EXCLUDES(mutex_);
  /// The same with its hidden columns, where that is something else.
  void mean_hidden(const std::string& view, const sql::Query& query) EXCLUDES(mutex_);
  /// What a view's relations mean: those below it are built.
  sql::Meanings meanings_for(const views::Plan& plan) const EXCLUDES(mutex_);

  /// The files that were given to the build.
  std::vector<std::string> input_files() const;
  /// Whether an error of the engine names one of them: then it is damaged or gone.
  bool names_input(std::string_view message) const;

  void add(lake::ViewBuild built) EXCLUDES(mutex_);
  void add_failure(const std::string& view, std::string message) EXCLUDES(mutex_);
  BuildResult take() EXCLUDES(mutex_);

 private:
  const BuildJob& job_;
  lake::ObjectStore& store_;
  mutable Mutex mutex_;
  sql::Meanings meanings_ GUARDED_BY(mutex_);
  BuildResult result_ GUARDED_BY(mutex_);
};

/// Lives for the building of one view, whose relations have their meanings, on one thread.
class ViewBuilder {
 public:
  ViewBuilder(BuildOutcome& outcome, sql::Session& session, const views::Plan& plan)
      : outcome_(outcome), session_(session), plan_(plan), meanings_(outcome.meanings_for(plan)) {}

  /// Computes it and says what it means. What its own data makes fail is recorded as its failure.
  Status build();
  /// A view that is not built now, but may be read by one that is.
  void pass_over();

 private:
  bool is_of_the_view(const Error& error) const;
  void record_failure(const Error& error);
  Result<sql::Meanings> build_states(lake::ViewBuild& built);
  Status remove_states();
  Result<sql::Query> build_part(const views::StatePart& part, lake::ViewBuild& built);
  std::optional<sql::Query> build_summary(const views::StatePart& part,
                                          const std::shared_ptr<const sql::Query>& states,
                                          lake::ViewBuild& built);
  Result<sql::Query> build_rows(lake::ViewBuild& built);
  Status write_result(const sql::Query& select, lake::ViewBuild& built);
  std::string state_table(const std::string& part) const;
  std::string row_file() const;

  BuildOutcome& outcome_;
  sql::Session& session_;
  const views::Plan& plan_;
  const sql::Meanings meanings_;
};

}  // namespace anabranch::batch
