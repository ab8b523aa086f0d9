#pragma once
// One SELECT to a plan of four stages (rows, partial, merge, finalise).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sql/database.h"
#include "sql/syntax.h"
#include "views/plan.h"
#include "views/relation.h"

namespace anabranch::views {

/// Compiles the views of one project, in the order of their dependencies. One thread at a time.
/// Holds an engine of its own with an empty table for each relation, to bind and type expressions; it reads
/// no data.
class Compiler {
 public:
  static Result<Compiler> create();

  /// Streams and tables first, then each view that was compiled.
  Status add_relation(Relation relation);

  /// The plan of a view, whose relation is then known to the next ones. Every SELECT that the engine can run
  /// has a plan; what cannot be maintained is of class merged or read_time and says why. bad_sql and refused
  /// carry their place in `text`.
  Result<Plan> compile(const std::string& view, std::string_view text);

  /// The blocks of the view compiled last that are maintained like views, in the order of their dependencies;
  /// they come before it.
  std::vector<Plan> take_blocks() { return std::exchange(blocks_, {}); }

  const Relations& relations() const { return relations_; }

 private:
  Compiler(std::unique_ptr<sql::Database> database, sql::Session session)
      : database_(std::move(database)), session_(std::move(session)) {}

  Result<std::vector<sql::OutputColumn>> check(const std::string& exposed, std::string_view text);
  Result<Plan> compile_select(const std::string& name, const sql::Select& select, std::string_view text);
  /// The same SELECT with its derived tables as blocks, where all of them can be.
  Result<std::optional<sql::Select>> with_blocks(const std::string& view, const sql::Select& select,
                                                 std::string_view text);
  Result<bool> extract(const std::string& view, sql::TableRef& table, std::string_view text);
  Result<std::optional<std::string>> add_block(const std::string& view, const sql::Select& select,
                                               std::string_view text);
  void spell_order(const sql::Select& select, Plan& plan);
  bool plan_union(const sql::Select& select, Plan& plan);
  void add_block_errors(Plan& plan);
  void forget_blocks_from(size_t count);
  Status add_view_relation(const Plan& plan);
  std::unique_ptr<sql::Database> database_;
  sql::Session session_;
  Relations relations_;
  std::map<std::string, Plan> plans_;
  std::vector<Plan> blocks_;
  size_t block_number_ = 0;
};

}  // namespace anabranch::views
