#include "views/compiler.h"

#include <fmt/format.h>

#include "sql/parser.h"
#include "views/exposed.h"
#include "views/from_clause.h"
#include "views/maintained.h"

namespace anabranch::views {

Result<Compiler> Compiler::create() {
  auto database = TRY(sql::Database::open({.has_external_access = false}));
  auto session = TRY(database->connect());
  TRY(session.run(fmt::format("CREATE SCHEMA {}", sql::relation_schema)));
  return Compiler(std::move(database), std::move(session));
}

Status Compiler::add_relation(Relation relation) {
  for (const bool has_hidden : {true, false}) {
    std::string columns;
    const auto add = [&](const std::vector<sql::OutputColumn>& list) {
      for (const auto& column : list) {
        columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", sql::quote_identifier(column.name),
                               column.type);
      }
    };
    add(relation.columns);
    if (has_hidden) add(relation.hidden_columns);
    const std::string name = has_hidden ? relation.name : visible_name(relation.name);
    TRY(session_.run(fmt::format("CREATE OR REPLACE TABLE {} ({})", sql::relation(name), columns)));
  }
  relations_[sql::lower(relation.name)] = std::move(relation);
  return {};
}

// The columns that the view gives. The engine sees our printing of the SELECT, so the place of its errors is
// looked up in the text by the name that it complains about, where it names one.
Result<std::vector<sql::OutputColumn>> Compiler::check(const std::string& exposed, std::string_view text) {
  auto columns = session_.describe(exposed);
  if (columns) return columns;
  Error error = std::move(columns).error();
  error.place = place_of_quoted(error.message, text);
  hide_marks(error.message);
  return fail(std::move(error));
}

Result<Plan> Compiler::compile(const std::string& view, std::string_view text) {
  const sql::Select select = TRY(sql::parse_select(text));
  const Exposed exposed = TRY(expose(select, relations_, text));
  Plan plan;
  plan.view = view;
  plan.columns = TRY(check(exposed.sql, text));
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (sql::same_name(plan.columns[i].name, plan.columns[j].name)) {
        return fail_at({"", 1, 1}, Code::bad_sql,
                       fmt::format("two columns are named {}", plan.columns[i].name),
                       "give one of them another name with AS");
      }
    }
  }
  plan.relations = exposed.relations;
  plan.canonical = exposed.sql;
  bool reads_events = false;
  for (const std::string& name : plan.relations) {
    const Relation& relation = relations_.at(sql::lower(name));
    if (relation.kind == Relation::Kind::stream) plan.streams.insert(name);
    if (relation.kind == Relation::Kind::table) plan.tables.insert(name);
    reads_events = reads_events || relation.kind == Relation::Kind::stream ||
                   relation.kind == Relation::Kind::linear_view;
    if (const auto below = plans_.find(name); below != plans_.end()) {
      plan.streams.insert(below->second.streams.begin(), below->second.streams.end());
      plan.tables.insert(below->second.tables.begin(), below->second.tables.end());
    }
  }
  TRY(plan_maintained(inline_ctes(select), text, relations_, session_, plan));
  if (!plan.is_maintained()) {
    plan.canonical = exposed.sql;
    plan.view_class = reads_events ? ViewClass::read_time : ViewClass::merged;
  }

  Relation relation;
  relation.name = view;
  relation.columns = plan.columns;
  const bool is_inlined = plan.view_class == ViewClass::linear && !plan.inlined.empty();
  relation.kind = is_inlined ? Relation::Kind::linear_view : Relation::Kind::other_view;
  if (is_inlined) {
    const auto all = TRY(session_.describe(inlined_query(plan, plan.rows)));
    for (const auto& column : all) {
      if (column.name == order_column || column.name == row_partition_column ||
          column.name == row_offset_column)
        relation.hidden_columns.push_back(column);
    }
  }
  TRY(add_relation(std::move(relation)));
  plans_[view] = plan;
  return plan;
}

}  // namespace anabranch::views
