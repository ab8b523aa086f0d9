#pragma once
// One SELECT to a plan of four stages (rows, partial, merge, finalise).

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/relation_column.h"
#include "sql/database.h"
#include "sql/syntax.h"
#include "views/maintain/set_operations.h"
#include "views/plan.h"
#include "views/relation.h"
#include "views/table_rows.h"

namespace anabranch::views {

/// A view as others need to know it.
struct CompiledView {
  Plan plan;
  Relation relation;
  /// Those of its blocks that are maintained like views, in the order of their dependencies; they come before
  /// it.
  std::vector<Plan> blocks;
  std::vector<Relation> block_relations;
  std::optional<sql::Select> of_tables;  // where it reads nothing but tables
};

/// Compiles the views of one project, in the order of their dependencies. One thread at a time.
/// Holds an engine of its own with an empty table for each relation that was read, to bind and type
/// expressions; it reads no data.
class Compiler {
 public:
  static Result<Compiler> create();

  /// A stream or a table.
  void add_relation(Relation relation);
  /// A view that was compiled, by this compiler or by another one with the same streams and tables.
  void add_view(const CompiledView& view);
  /// Knows no view any more, only streams and tables.
  void forget_views();

  /// Every SELECT that the engine can run has a plan; what cannot be maintained is of class merged or
  /// read_time and says why. bad_sql and refused carry their place in `text`, which `select` was parsed from.
  /// The view is not known to the next ones before it is added.
  Result<CompiledView> compile(const std::string& view, const sql::Select& select, std::string_view text);
  /// Parses the text, compiles it and adds the view.
  Result<CompiledView> compile(const std::string& view, std::string_view text);

  const Relations& relations() const { return relations_; }

 private:
  Compiler(std::unique_ptr<sql::Database> database, sql::Session session)
      : database_(std::move(database)), session_(std::move(session)) {}

  Result<std::vector<model::RelationColumn>> check(const std::string& exposed, std::string_view text);
  Result<Plan> compile_select(const std::string& name, const sql::Select& select, std::string_view text);
  /// The same SELECT with its derived tables as blocks, where all of them can be.
  /// `written`: gets the views that are written out in it.
  Result<std::optional<sql::Select>> with_blocks(const std::string& view, const sql::Select& select,
                                                 std::set<std::string>& written, std::string_view text);
  /// It and its derived table as one SELECT, where that can be; what of it is maintained is to be seen.
  Result<std::optional<sql::Select>> with_derived_rows(const std::string& view, const sql::Select& select,
                                                       std::set<std::string>& written, std::string_view text);
  Result<bool> extract(const std::string& view, sql::TableRef& table, std::string_view text);
  /// `reasons`: gets those of a block that would be computed when it is read.
  Result<std::optional<std::string>> add_block(const std::string& view, const sql::Select& select,
                                               std::string_view text, std::vector<Reason>* reasons = nullptr);
  sql::Select with_rows_ordered(sql::Select select, const std::vector<model::RelationColumn>& columns);
  sql::Select unwrapped(sql::Select select, const std::vector<model::RelationColumn>& columns);
  Result<std::optional<sql::Select>> with_part_blocks(const std::string& view, const sql::Select& select,
                                                      Plan& plan, std::string_view text);
  /// `types`: those of a part that is taken apart; null: none is.
  Result<bool> extract_parts(const std::string& view, sql::Select& select,
                             const std::vector<std::string>* types, Plan& plan, std::string_view text);
  Status make_distinct(const std::string& view, sql::Select& select, std::string_view text);
  std::optional<SetPart> linear_part(const sql::Select& operand) const;
  void spell_order(const sql::Select& select, Plan& plan);
  void add_block_errors(Plan& plan);
  void forget_blocks_from(size_t count);
  Result<Relation> relation_of(const Plan& plan);
  Status create_tables(const Relation& relation);
  Status need(const std::set<std::string>& relations);
  std::unique_ptr<sql::Database> database_;
  sql::Session session_;
  Relations relations_;
  std::set<std::string> created_;  // relations whose tables are there; a block's are created anew each time
  std::map<std::string, Plan> plans_;
  TableViews table_views_;
  std::vector<Plan> blocks_;
  size_t block_number_ = 0;
};

}  // namespace anabranch::views
