#include "views/compiler.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "sql/parser.h"
#include "views/exposed.h"
#include "views/flattened.h"
#include "views/from_clause.h"
#include "views/functions.h"
#include "views/maintain/maintained.h"
#include "views/maintain/set_operations.h"
#include "views/row_order.h"
#include "views/spread_items.h"
#include "views/unpivoted.h"
#include "views/whole_windows.h"

namespace anabranch::views {

Result<Compiler> Compiler::create() {
  auto database = TRY(sql::Database::open({.has_external_access = false}));
  auto session = TRY(database->connect());
  TRY(session.run(fmt::format("CREATE SCHEMA {}", sql::relation_schema)));
  return Compiler(std::move(database), std::move(session));
}

void Compiler::add_relation(Relation relation) {
  relations_[sql::lower(relation.name)] = std::move(relation);
}

void Compiler::add_view(const CompiledView& view) {
  add_relation(view.relation);
  plans_[view.plan.view] = view.plan;
  if (view.of_tables) table_views_[sql::lower(view.plan.view)] = *view.of_tables;
}

void Compiler::forget_views() {
  plans_.clear();
  table_views_.clear();
  std::erase_if(relations_, [](const auto& entry) {
    return entry.second.kind != Relation::Kind::stream && !is_table(entry.second);
  });
}

// Most views are read by no other one, so a relation gets its tables when the first does.
Status Compiler::need(const std::set<std::string>& relations) {
  for (const std::string& name : relations) {
    if (created_.contains(name)) continue;
    TRY(create_tables(relations_.at(sql::lower(name))));
    created_.insert(name);
  }
  return {};
}

Status Compiler::create_tables(const Relation& relation) {
  for (const bool has_hidden : {true, false}) {
    std::string columns;
    const auto add = [&](const std::vector<model::RelationColumn>& list) {
      for (const auto& column : list) {
        append_item(columns, fmt::format("{} {}", sql::quote_identifier(column.name), column.type));
      }
    };
    add(relation.columns);
    if (has_hidden) add(relation.hidden_columns);
    const std::string name = has_hidden ? relation.name : visible_name(relation.name);
    TRY(session_.run(fmt::format("CREATE OR REPLACE TABLE {} ({})", sql::relation(name), columns)));
  }
  return {};
}

// The columns that the view gives. The engine sees our printing of the SELECT, so the place of its errors is
// looked up in the text by the name that it complains about, where it names one.
Result<std::vector<model::RelationColumn>> Compiler::check(const std::string& exposed,
                                                           std::string_view text) {
  auto columns = session_.describe(exposed);
  // Some things the engine refuses only when it plans.
  if (columns) {
    if (auto planned = session_.prepare(exposed); !planned) columns = fail(std::move(planned).error());
  }
  if (columns) return columns;
  Error error = std::move(columns).error();
  error.place = place_of_quoted(error.message, text);
  hide_marks(error.message);
  return fail(std::move(error));
}

namespace {

sql::Select without_distinct_parts(sql::Select select);

std::string read_relation(const sql::TableRef& table) {
  return table.name.ends_with('!') ? table.name.substr(0, table.name.size() - 1) : table.name;
}

std::set<std::string> relations_read(const sql::Select& select) {
  std::set<std::string> names;
  sql::visit_selects(select, [&](const sql::Select& inner) {
    sql::visit_tables(inner.from, [&](const sql::TableRef& table) {
      if (table.kind == sql::TableRef::Kind::base && table.schema == sql::relation_schema)
        names.insert(read_relation(table));
    });
  });
  return names;
}

}  // namespace

Result<CompiledView> Compiler::compile(const std::string& view, const sql::Select& select,
                                       std::string_view text) {
  forget_blocks_from(0);
  block_number_ = 0;
  const Exposed exposed = TRY(expose(select, relations_, text));
  std::set<std::string> read = exposed.relations;
  for (const std::string& name : exposed.relations) {  // what such a view reads stands in its place later
    if (const auto found = table_views_.find(sql::lower(name)); found != table_views_.end())
      read.merge(relations_read(found->second));
  }
  TRY(need(read));
  CompiledView compiled;
  compiled.plan = TRY(compile_select(view, exposed.select, text));
  compiled.relation = TRY(relation_of(compiled.plan));
  if (compiled.plan.streams.empty())
    compiled.of_tables = over_tables(inline_ctes(exposed.select), relations_, table_views_);
  for (const Plan& block : blocks_) compiled.block_relations.push_back(relations_.at(sql::lower(block.view)));
  compiled.blocks = blocks_;
  forget_blocks_from(0);
  return compiled;
}

Result<CompiledView> Compiler::compile(const std::string& view, std::string_view text) {
  const sql::Select select = TRY(sql::parse_select(text));
  auto compiled = TRY(compile(view, select, text));
  add_view(compiled);
  return compiled;
}

// A SELECT over relations of ours: that of a view, or of one of its blocks.
Result<Plan> Compiler::compile_select(const std::string& name, const sql::Select& as_written,
                                      std::string_view text) {
  Plan plan;
  plan.view = name;
  const std::string written = sql::to_sql(as_written);
  plan.columns = TRY(check(written, text));
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (model::is_reserved_name(plan.columns[i].name)) {
      return fail_at({"", 1, 1}, Code::bad_sql,
                     fmt::format("the column {} has a name of the platform's own", plan.columns[i].name),
                     "give it another one with AS");
    }
    // (a, b) is a struct whose members have no names: a value in a query, and no type of a column.
    const std::string& type = plan.columns[i].type;
    if (type.find("STRUCT(") != std::string::npos && !session_.describe("SELECT NULL::" + type)) {
      return fail_at({"", 1, 1}, Code::bad_sql,
                     fmt::format("the column {} is a row whose values have no names", plan.columns[i].name),
                     "give them names: {'a': a, 'b': b} in place of (a, b)");
    }
    for (size_t j = 0; j < i; ++j) {
      if (sql::same_name(plan.columns[i].name, plan.columns[j].name)) {
        return fail_at({"", 1, 1}, Code::bad_sql,
                       fmt::format("two columns are named {}", plan.columns[i].name),
                       "give one of them another name with AS");
      }
    }
  }
  const size_t blocks_before = blocks_.size();
  sql::Select flat = inline_ctes(as_written);
  const auto without = without_unpivots(flat, session_);
  if (without) flat = *without;
  const sql::Select& select = without ? *without : as_written;
  flat = unwrapped(with_rows_ordered(std::move(flat), plan.columns), plan.columns);
  if (auto spread = with_spread_items(flat, plan.columns, session_)) flat = std::move(*spread);
  const bool is_set = !flat.set_operation.empty();
  if (is_set) flat = without_distinct_parts(std::move(flat));
  const auto complete = [&](const std::set<std::string>& relations) {
    bool reads_events = false;
    plan.streams.clear();
    plan.tables.clear();
    plan.depends_on_moment = views::depends_on_moment(select);
    for (const std::string& read : relations) {
      const Relation& relation = relations_.at(sql::lower(read));
      if (relation.kind == Relation::Kind::stream) plan.streams.insert(read);
      if (is_table(relation)) plan.tables.insert(read);
      reads_events = reads_events || relation.kind == Relation::Kind::stream ||
                     relation.kind == Relation::Kind::linear_view;
      if (const auto below = plans_.find(read); below != plans_.end()) {
        plan.streams.insert(below->second.streams.begin(), below->second.streams.end());
        plan.tables.insert(below->second.tables.begin(), below->second.tables.end());
        plan.depends_on_moment = plan.depends_on_moment || below->second.depends_on_moment;
      }
    }
    return reads_events;
  };
  std::set<std::string> written_out;
  const auto whole = with_whole_windows(flat, session_);
  auto one = TRY(with_derived_rows(name, whole ? *whole : flat, written_out, text));
  if (!one && whole && whole->from.kind == sql::TableRef::Kind::base) one = whole;
  if (one) {
    Plan plan_of_one = plan;
    plan_of_one.relations = relations_read(*one);
    plan_of_one.relations.insert(written_out.begin(), written_out.end());
    TRY(plan_maintained(*one, text, relations_, session_, plan_of_one));
    if (plan_of_one.is_maintained()) {
      plan = std::move(plan_of_one);
      complete(plan.relations);
      spell_order(*one, plan);
      add_block_errors(plan);
      return plan;
    }
  }
  forget_blocks_from(blocks_before);
  written_out.clear();
  const auto blocked = is_set ? TRY(with_part_blocks(name, flat, plan, text))
                              : TRY(with_blocks(name, flat, written_out, text));
  const sql::Select& planned = blocked ? *blocked : flat;
  plan.relations = relations_read(planned);
  plan.relations.insert(written_out.begin(), written_out.end());
  const bool reads_events = complete(plan.relations);
  if (!is_set) {
    TRY(plan_maintained(planned, text, relations_, session_, plan));
  } else if (blocked) {
    const auto part = [&](const sql::Select& operand) { return linear_part(operand); };
    plan_set_operation(planned, part, session_, plan);
  }
  if (plan.is_maintained()) {
    spell_order(planned, plan);
    add_block_errors(plan);
    return plan;
  }
  plan.view_class = reads_events ? ViewClass::read_time : ViewClass::merged;
  if (plan.view_class == ViewClass::read_time && blocked) {
    // It goes back to events all the same, so nothing is gained by states of its blocks.
    forget_blocks_from(blocks_before);
    plan.relations = relations_read(flat);
    complete(plan.relations);
    spell_order(select, plan);
  } else {
    spell_order(planned, plan);
  }
  return plan;
}

// The SELECT as it runs where nothing of it is maintained, alone and for those that ask for its rows' order.
void Compiler::spell_order(const sql::Select& select, Plan& plan) {
  const Describe describe = [&](const std::string& sql) { return session_.describe(sql); };
  const auto canonical = in_order(select, relations_, plan.relations, false, describe);
  const bool is_spelled = canonical && !is_planted("rows that are read have no order");
  plan.canonical = is_spelled ? canonical->sql : sql::to_sql(select);
  if (!plan.inlined.empty()) return;
  const auto ordered = in_order(select, relations_, plan.relations, true, describe);
  std::vector<sql::OrderKey> order;
  for (const RowOrder& own : plan.order) order.push_back(own.key);
  if (ordered && (order == ordered->order || !plan.is_maintained())) {
    plan.ordered = ordered->sql;
    if (plan.is_maintained()) return;
    const auto columns = session_.describe(plan.ordered);
    for (size_t i = 0; i < ordered->order.size() && columns; ++i)
      plan.order.push_back({ordered->order[i], (*columns)[plan.columns.size() + i].type});
  } else if (ordered && !plan.order.empty()) {
    // The same order in other columns than those of the merged states: here they are the place of the row.
    std::string columns;
    std::string by;
    for (const auto& column : plan.columns) columns += sql::quote_identifier(column.name) + ", ";
    for (const sql::OrderKey& key : ordered->order) {
      sql::OrderItem item{sql::column(key.column), key.is_descending, key.nulls};
      by += (by.empty() ? "ORDER BY " : ", ") + sql::to_sql(item);
    }
    std::string place = plan.order[0].key.is_descending ? "-" : "";
    place += fmt::format("row_number() OVER ({})", by);
    for (const auto& [key, type] : plan.order) {
      columns += fmt::format("{} AS {}, ", place, sql::quote_identifier(key.column));
      place = "NULL::BIGINT";
    }
    columns.resize(columns.size() - 2);
    plan.ordered = fmt::format("SELECT {} FROM ({})", columns, ordered->sql);
  } else if (!plan.order.empty()) {
    plan.order.clear();
    plan.ordered_finalise.clear();
  }
}

Result<Relation> Compiler::relation_of(const Plan& plan) {
  Relation relation;
  relation.name = plan.view;
  relation.columns = plan.columns;
  const bool is_inlined = plan.view_class == ViewClass::linear && !plan.inlined.empty();
  relation.kind = is_inlined ? Relation::Kind::linear_view : Relation::Kind::other_view;
  relation.is_block = plan.is_hidden;
  relation.is_of_events = !plan.streams.empty();
  for (const auto& [key, type] : plan.order) {
    relation.order.push_back(key);
    if (!is_inlined) relation.hidden_columns.push_back({key.column, type});
  }
  if (is_inlined) {
    const auto all = TRY(session_.describe(inlined_query(plan, plan.rows)));
    for (const auto& column : all) {
      const bool is_order = column.name == order_column || column.name.starts_with(order_columns_prefix);
      if (is_order || column.name == row_partition_column || column.name == row_offset_column)
        relation.hidden_columns.push_back(column);
    }
  }
  return relation;
}

// ---- blocks: derived tables, CTEs and the parts of set operations, compiled like views ----

Result<std::optional<sql::Select>> Compiler::with_blocks(const std::string& view, const sql::Select& select,
                                                         std::set<std::string>& written,
                                                         std::string_view text) {
  sql::Select out = select;
  const auto views = put_table_rows(out, relations_, table_views_, session_);
  for (const std::string& name : views.value_or(std::set<std::string>{}))
    written.insert(relations_.at(name).name);
  const bool is_changed = TRY(extract(view, out.from, text));
  if (!is_changed && !views) return std::nullopt;
  return out;
}

namespace {

sql::Select all_of(const std::string& block) {
  sql::Select all;
  sql::Expr star;
  star.kind = sql::Expr::Kind::star;
  all.items.push_back(std::move(star));
  all.from.kind = sql::TableRef::Kind::base;
  all.from.schema = sql::relation_schema;
  all.from.name = visible_name(block);
  all.from.alias = "unnamed_subquery";
  return all;
}

// A derived table as the relation that it is a block of.
sql::TableRef in_place_of(const sql::TableRef& table, const std::string& block) {
  sql::TableRef base;
  base.kind = sql::TableRef::Kind::base;
  base.schema = sql::relation_schema;
  base.name = visible_name(block);
  base.alias = table.alias.empty() ? "unnamed_subquery" : table.alias;
  base.column_aliases = table.column_aliases;
  base.position = table.position;
  return base;
}

// Of a part of UNION, INTERSECT and EXCEPT only the different rows count, whether it says so or not.
sql::Select without_distinct_parts(sql::Select select) {
  if (!is_set_of_values(select) || counts_rows(select)) return select;
  for (sql::Select& operand : select.operands) {
    if (operand.set_operation.empty() && operand.distinct_on.empty() && operand.order_by.empty() &&
        !operand.limit && !operand.offset)
      operand.is_distinct = false;
  }
  return select;
}

std::vector<std::string> types_of(const std::vector<model::RelationColumn>& columns) {
  std::vector<std::string> types;
  for (const auto& column : columns) types.push_back(column.type);
  return types;
}

}  // namespace

// Both are resolved by themselves and held against the engine's own reading of them; the outer one over an
// empty relation with the columns of the inner one.
Result<std::optional<sql::Select>> Compiler::with_derived_rows(const std::string& view,
                                                               const sql::Select& select,
                                                               std::set<std::string>& written,
                                                               std::string_view text) {
  if (!is_over_derived_rows(select)) return std::nullopt;
  sql::Select inner = *select.from.query;
  const auto columns = session_.describe(sql::to_sql(inner));
  if (!columns) return std::nullopt;  // correlated
  std::set<std::string> names;
  for (const auto& column : *columns) {
    if (!names.insert(sql::lower(column.name)).second) return std::nullopt;
  }
  if (auto below = TRY(with_derived_rows(view, inner, written, text))) {
    inner = std::move(*below);
  } else if (auto blocked = TRY(with_blocks(view, inner, written, text))) {
    inner = std::move(*blocked);
  }
  const FromClause from = analyse_from(inner.from, relations_, text);
  Reason reason;
  if (!from.obstacles.empty()) return std::nullopt;
  const auto resolved = TRY(understood(inner, from, session_, reason));
  if (!resolved) return std::nullopt;
  Relation rows;
  rows.name = block_name(view_of_block(view), ++block_number_);
  rows.is_block = true;
  rows.kind = Relation::Kind::other_view;
  rows.columns = *columns;
  TRY(create_tables(rows));
  sql::Select outer = select;
  outer.from = in_place_of(select.from, rows.name);
  const std::string alias = outer.from.alias;
  const std::string key = sql::lower(rows.name);
  add_relation(std::move(rows));
  auto resolved_outer = understood(outer, analyse_from(outer.from, relations_, text), session_, reason);
  relations_.erase(key);
  if (!resolved_outer) return fail(std::move(resolved_outer).error());
  if (!*resolved_outer) return std::nullopt;
  auto one = flattened(**resolved_outer, *resolved, alias, *columns);
  if (!one) return std::nullopt;
  const auto before = session_.describe(sql::to_sql(select));
  const auto after = session_.describe(sql::to_sql(*one));
  if (!before || !after || *before != *after) return std::nullopt;
  return one;
}

// UNION ALL … ORDER BY … LIMIT takes its rows as any SELECT does, from a set of rows that is a block.
sql::Select Compiler::with_rows_ordered(sql::Select select,
                                        const std::vector<model::RelationColumn>& columns) {
  if (select.set_operation.empty() || is_set_of_values(select) || is_plain_set_operation(select))
    return select;
  auto places = order_by_place(select, columns, session_);
  if (!places || select.is_distinct || !select.distinct_on.empty()) return select;
  sql::Select out;
  out.limit = std::move(select.limit);
  out.offset = std::move(select.offset);
  out.is_limit_percent = select.is_limit_percent;
  out.order_by = std::move(*places);
  select.order_by.clear();
  select.limit = select.offset = {};
  select.is_limit_percent = false;
  sql::Expr star;
  star.kind = sql::Expr::Kind::star;
  out.items.push_back(std::move(star));
  out.from = sql::subquery_table(std::move(select), "unnamed_subquery");
  return out;
}

// SELECT * FROM (…) is what stands in the parentheses, with an ORDER BY and LIMIT where it has none of its
// own.
sql::Select Compiler::unwrapped(sql::Select select, const std::vector<model::RelationColumn>& columns) {
  const auto is_star = [](const sql::Expr& item) {
    return item.kind == sql::Expr::Kind::star && item.exclude.empty() && item.replace.empty() &&
           item.rename.empty();
  };
  if (!select.set_operation.empty() || select.items.size() != 1 || !is_star(select.items[0]) ||
      select.from.kind != sql::TableRef::Kind::subquery || select.where || !select.group_by.empty() ||
      !select.grouping_sets.empty() || select.is_group_by_all || select.having || select.qualify ||
      select.is_distinct || !select.distinct_on.empty() || select.is_limit_percent)
    return select;
  sql::Select inner = *select.from.query;
  const auto found = session_.describe(sql::to_sql(inner));
  if (!found || *found != columns) return select;
  if (!select.order_by.empty() || select.limit || select.offset) {
    const bool is_ordered =
        !inner.order_by.empty() || inner.limit || inner.offset || !inner.distinct_on.empty();
    if (is_ordered || (!inner.set_operation.empty() && !is_set_of_values(inner))) return select;
    auto places = order_by_place(select, columns, session_);
    if (!places) return select;
    inner.order_by = std::move(*places);
    inner.limit = std::move(select.limit);
    inner.offset = std::move(select.offset);
  }
  return unwrapped(std::move(inner), columns);
}

// A set operation with its parts as blocks. Where not all of them are kept by their rows, the others are read
// from merged results, and those rows are too: as the different ones, which is all that it asks for.
Result<std::optional<sql::Select>> Compiler::with_part_blocks(const std::string& view,
                                                              const sql::Select& select, Plan& plan,
                                                              std::string_view text) {
  const size_t before = blocks_.size();
  sql::Select out = select;
  const auto types = types_of(plan.columns);
  const bool takes_apart = is_set_of_values(select) && !select.set_operation.ends_with("BY NAME");
  if (!TRY(extract_parts(view, out, takes_apart ? &types : nullptr, plan, text))) {
    forget_blocks_from(before);
    return std::nullopt;
  }
  size_t linear = 0;
  size_t all = 0;
  const std::function<void(const sql::Select&)> count = [&](const sql::Select& node) {
    for (const sql::Select& operand : node.operands) {
      if (!operand.set_operation.empty()) {
        count(operand);
      } else {
        ++all;
        linear += linear_part(operand) ? 1 : 0;
      }
    }
  };
  count(out);
  if (linear < all && is_set_of_values(out) && !counts_rows(out)) TRY(make_distinct(view, out, text));
  return out;
}

// A part that is a set operation of the same types is taken apart too: what is there follows from all parts.
Result<bool> Compiler::extract_parts(const std::string& view, sql::Select& select,
                                     const std::vector<std::string>* types, Plan& plan,
                                     std::string_view text) {
  for (sql::Select& operand : select.operands) {
    if (types && is_plain_set_operation(operand) && !operand.set_operation.ends_with("BY NAME")) {
      const auto columns = session_.describe(sql::to_sql(operand));
      if (columns && types_of(*columns) == *types) {
        if (!TRY(extract_parts(view, operand, types, plan, text))) return false;
        continue;
      }
    }
    if (relations_read(operand).empty()) continue;  // constants
    std::vector<Reason> reasons;
    const auto block = TRY(add_block(view, operand, text, &reasons));
    if (!block) {
      plan.reasons = std::move(reasons);
      plan.reasons.insert(plan.reasons.begin(),
                          {select.set_operation, "a part of it is computed when the view is read", {}});
      return false;
    }
    operand = all_of(*block);
  }
  return true;
}

Status Compiler::make_distinct(const std::string& view, sql::Select& select, std::string_view text) {
  for (sql::Select& operand : select.operands) {
    if (!operand.set_operation.empty()) {
      TRY(make_distinct(view, operand, text));
    } else if (linear_part(operand)) {
      sql::Select different = operand;
      different.is_distinct = true;
      if (const auto block = TRY(add_block(view, different, text))) operand = all_of(*block);
    }
  }
  return {};
}

std::optional<SetPart> Compiler::linear_part(const sql::Select& operand) const {
  if (operand.from.kind != sql::TableRef::Kind::base) return std::nullopt;
  const auto found = relations_.find(sql::lower(read_relation(operand.from)));
  if (found == relations_.end() || !found->second.is_block ||
      found->second.kind != Relation::Kind::linear_view)
    return std::nullopt;
  return SetPart{found->second, plans_.at(found->second.name)};
}

Result<bool> Compiler::extract(const std::string& view, sql::TableRef& table, std::string_view text) {
  if (table.kind == sql::TableRef::Kind::join) {
    const bool is_left = TRY(extract(view, *table.left, text));
    const bool is_right = TRY(extract(view, *table.right, text));
    return is_left || is_right;
  }
  if (table.kind != sql::TableRef::Kind::subquery || is_table_rows(table) || is_table_value(table))
    return false;
  const auto block = TRY(add_block(view, *table.query, text));
  if (!block) return false;
  table = in_place_of(table, *block);
  return true;
}

// Nothing where the block cannot stand for itself (it is correlated, or has two columns of a name), or where
// it would only be recomputed when it is read.
Result<std::optional<std::string>> Compiler::add_block(const std::string& view, const sql::Select& select,
                                                       std::string_view text, std::vector<Reason>* reasons) {
  if (relations_read(select).empty() || !session_.describe(sql::to_sql(select))) return std::nullopt;
  const std::string name = block_name(view_of_block(view), ++block_number_);
  const size_t before = blocks_.size();
  auto plan = compile_select(name, select, text);
  if (!plan || plan->view_class == ViewClass::read_time) {
    forget_blocks_from(before);
    if (!plan && plan.error().code == Code::internal) return fail(std::move(plan).error());
    if (plan && reasons) *reasons = std::move(plan->reasons);
    return std::nullopt;
  }
  plan->is_hidden = true;
  Relation relation = TRY(relation_of(*plan));
  TRY(create_tables(relation));
  add_relation(std::move(relation));
  plans_[name] = *plan;
  blocks_.push_back(std::move(*plan));
  return name;
}

void Compiler::forget_blocks_from(size_t count) {
  while (blocks_.size() > count) {
    plans_.erase(blocks_.back().view);
    relations_.erase(sql::lower(blocks_.back().view));
    blocks_.pop_back();
  }
}

// Events that fail in a block are those of the view: who wrote it knows of no block.
void Compiler::add_block_errors(Plan& plan) {
  std::string errors;
  std::set<std::string> relations;
  for (const std::string& read : plan.relations) {
    const auto block = plans_.find(read);
    if (block == plans_.end() || !block->second.is_hidden) continue;
    const StatePart* part = block->second.part(errors_part);
    if (!part) continue;
    errors += fmt::format(" UNION ALL SELECT _partition, _offset FROM ({})", part->partial);
    relations.insert(block->second.relations.begin(), block->second.relations.end());
  }
  if (errors.empty()) return;
  plan.relations.insert(relations.begin(), relations.end());
  for (StatePart& part : plan.parts) {
    if (part.name != errors_part) continue;
    part.partial =
        fmt::format("SELECT DISTINCT _partition, _offset FROM (SELECT _partition, _offset FROM ({}){})",
                    part.partial, errors);
    return;
  }
  StatePart part;
  part.name = errors_part;
  part.partial = fmt::format("SELECT DISTINCT _partition, _offset FROM ({})", errors.substr(11));
  part.merge = "SELECT DISTINCT _partition, _offset FROM anabranch.states";
  part.keys = {"_partition", "_offset"};
  part.columns = {{"_partition", "INTEGER"}, {"_offset", "BIGINT"}};
  plan.parts.push_back(std::move(part));
}

}  // namespace anabranch::views
