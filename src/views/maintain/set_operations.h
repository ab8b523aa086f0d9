#pragma once
// Set operations over blocks whose states are their rows. UNION ALL is several sources of one set of rows.
// All others are groups: the rows of all parts, grouped by all columns, with a state for each part that says
// whether, or how often, it has the row; which rows are there, and how often, follows from these.

#include <functional>
#include <optional>
#include <string>

#include "model/relation_column.h"
#include "sql/database.h"
#include "sql/syntax.h"
#include "views/plan.h"
#include "views/relation.h"

namespace anabranch::views {

/// A part of a set operation: a block that is linear.
struct SetPart {
  Relation relation;
  Plan plan;
};
/// The block that an operand `SELECT * FROM block` reads; nothing where it is another one.
using SetParts = std::function<std::optional<SetPart>(const sql::Select& operand)>;

/// Whether rows are told apart by all of their columns: every set operation but UNION ALL.
bool is_set_of_values(const sql::Select& select);
/// Whether it matters how often a part has a row: INTERSECT ALL or EXCEPT ALL somewhere in it.
bool counts_rows(const sql::Select& select);
/// Whether it is a set operation and nothing else: without ORDER BY, LIMIT and the like.
bool is_plain_set_operation(const sql::Select& select);

/// ORDER BY of a set operation as places of its columns, which is what names there mean. Nothing where it
/// says something else.
std::optional<std::vector<sql::OrderItem>> order_by_place(const sql::Select& select,
                                                          const std::vector<model::RelationColumn>& columns,
                                                          sql::Session& session);

/// Plans a set operation over relations of ours; operands that are set operations have the same types as the
/// whole. Where it cannot be maintained, a reason is added and nothing else is changed. `session` has the
/// relations as empty tables.
void plan_set_operation(const sql::Select& select, const SetParts& parts, sql::Session& session, Plan& plan);

}  // namespace anabranch::views
