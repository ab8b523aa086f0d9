#include "sql/parser.h"

#include <algorithm>
#include <atomic>
#include <cctype>

#include <fmt/format.h>

#include "duckdb.hpp"
#include "duckdb/parser/parsed_data/sample_options.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node/list.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "sql/engine_error.h"
#include "sql/normal_form.h"
#include "sql/pivot.h"
#include "sql/tree_conversion.h"

namespace anabranch::sql {
namespace {

constexpr std::string_view show_statement = "SHOW";

std::atomic<uint64_t> parsed_count = 0;

}  // namespace

TableRef convert_table(const duckdb::TableRef& ref) {
  const Deeper deeper(position_of(ref.query_location));
  TableRef out;
  out.alias = ref.alias;
  out.column_aliases = ref.column_name_alias;
  out.position = position_of(ref.query_location);
  if (ref.sample) throw NotTaken{"SAMPLE", out.position};
  switch (ref.type) {
    case duckdb::TableReferenceType::BASE_TABLE: {
      const auto& base = ref.Cast<duckdb::BaseTableRef>();
      if (base.at_clause) throw NotTaken{"AT", out.position};
      out.kind = TableRef::Kind::base;
      // "a.b.c": a catalog makes the schema part of a name that is not ours.
      out.schema = base.catalog_name.empty() ? base.schema_name : base.catalog_name + "." + base.schema_name;
      out.name = base.table_name;
      return out;
    }
    case duckdb::TableReferenceType::SUBQUERY:
      out.kind = TableRef::Kind::subquery;
      out.query = convert(*ref.Cast<duckdb::SubqueryRef>().subquery->node);
      return out;
    case duckdb::TableReferenceType::JOIN: {
      const auto& join = ref.Cast<duckdb::JoinRef>();
      out.kind = TableRef::Kind::join;
      out.left = convert_table(*join.left);
      out.right = convert_table(*join.right);
      switch (join.type) {
        case duckdb::JoinType::INNER:
          out.join_type = "INNER";
          break;
        case duckdb::JoinType::LEFT:
          out.join_type = "LEFT";
          break;
        case duckdb::JoinType::RIGHT:
          out.join_type = "RIGHT";
          break;
        case duckdb::JoinType::OUTER:
          out.join_type = "FULL";
          break;
        case duckdb::JoinType::SEMI:
          out.join_type = "SEMI";
          break;
        case duckdb::JoinType::ANTI:
          out.join_type = "ANTI";
          break;
        default:
          throw NotTaken{"this kind of join", out.position};
      }
      switch (join.ref_type) {
        case duckdb::JoinRefType::REGULAR:
          out.join_kind = TableRef::JoinKind::on;
          break;
        case duckdb::JoinRefType::NATURAL:
          out.join_kind = TableRef::JoinKind::natural;
          break;
        case duckdb::JoinRefType::CROSS:
          out.join_kind = TableRef::JoinKind::cross;
          break;
        case duckdb::JoinRefType::POSITIONAL:
          out.join_kind = TableRef::JoinKind::positional;
          break;
        case duckdb::JoinRefType::ASOF:
          out.join_kind = TableRef::JoinKind::asof;
          break;
        default:
          throw NotTaken{"this kind of join", out.position};
      }
      out.using_columns = join.using_columns;
      if (join.condition) out.condition = convert(*join.condition);
      return out;
    }
    case duckdb::TableReferenceType::TABLE_FUNCTION: {
      const auto& function = ref.Cast<duckdb::TableFunctionRef>();
      if (function.subquery) throw NotTaken{"a table function over a query", out.position};
      out.kind = TableRef::Kind::function;
      out.function = convert(*function.function);
      out.has_ordinality = function.with_ordinality == duckdb::OrdinalityType::WITH_ORDINALITY;
      return out;
    }
    case duckdb::TableReferenceType::EXPRESSION_LIST: {
      const auto& list = ref.Cast<duckdb::ExpressionListRef>();
      out.kind = TableRef::Kind::values;
      for (const auto& row : list.values) out.values.push_back(convert_all(row));
      return out;
    }
    case duckdb::TableReferenceType::EMPTY_FROM:
      return out;
    case duckdb::TableReferenceType::PIVOT:  // others are replaced before
      out.kind = TableRef::Kind::function;
      out.function = convert_unpivot(ref.Cast<duckdb::PivotRef>());
      return out;
    case duckdb::TableReferenceType::SHOW_REF:
      throw NotTaken{std::string(show_statement), out.position};
    default:
      throw NotTaken{"this kind of table", out.position};
  }
}

namespace {

void convert_modifiers(const duckdb::QueryNode& node, Select& out) {
  for (const auto& modifier : node.modifiers) {
    switch (modifier->type) {
      case duckdb::ResultModifierType::DISTINCT_MODIFIER: {
        const auto& distinct = modifier->Cast<duckdb::DistinctModifier>();
        if (distinct.distinct_on_targets.empty()) {
          out.is_distinct = true;
        } else {
          out.distinct_on = convert_all(distinct.distinct_on_targets);
        }
        break;
      }
      case duckdb::ResultModifierType::ORDER_MODIFIER:
        out.order_by = convert_order(modifier->Cast<duckdb::OrderModifier>().orders);
        break;
      case duckdb::ResultModifierType::LIMIT_MODIFIER: {
        const auto& limit = modifier->Cast<duckdb::LimitModifier>();
        if (limit.limit) out.limit = convert(*limit.limit);
        if (limit.offset) out.offset = convert(*limit.offset);
        break;
      }
      case duckdb::ResultModifierType::LIMIT_PERCENT_MODIFIER: {
        const auto& limit = modifier->Cast<duckdb::LimitPercentModifier>();
        if (limit.limit) out.limit = convert(*limit.limit);
        if (limit.offset) out.offset = convert(*limit.offset);
        out.is_limit_percent = true;
        break;
      }
      default:
        throw NotTaken{"this clause", -1};
    }
  }
}

void convert_select(const duckdb::SelectNode& select, Select& out) {
  if (select.sample) throw NotTaken{"SAMPLE", -1};
  out.items = convert_all(select.select_list);
  if (select.from_table) out.from = convert_table(*select.from_table);
  if (select.where_clause) out.where = convert(*select.where_clause);
  out.group_by = convert_all(select.groups.group_expressions);
  const auto& sets = select.groups.grouping_sets;
  // GROUP BY () is one set of nothing.
  if (sets.size() > 1 ||
      (sets.size() == 1 && (out.group_by.empty() || sets[0].size() != out.group_by.size()))) {
    for (const auto& set : sets) {
      std::vector<size_t> indexes;
      for (const auto& index : set) indexes.push_back(static_cast<size_t>(index));
      out.grouping_sets.push_back(std::move(indexes));
    }
  }
  out.is_group_by_all = select.aggregate_handling == duckdb::AggregateHandling::FORCE_AGGREGATES;
  if (select.having) out.having = convert(*select.having);
  if (select.qualify) out.qualify = convert(*select.qualify);
}

}  // namespace

Select convert(const duckdb::QueryNode& node) {
  const Deeper deeper(-1);
  Select out;
  for (const auto& entry : node.cte_map.map) {
    if (!entry.second->key_targets.empty()) throw NotTaken{"USING KEY", -1};
    Cte cte;
    cte.name = entry.first;
    cte.column_aliases = entry.second->aliases;
    cte.query = convert(*entry.second->query->node);
    cte.is_materialized = entry.second->materialized == duckdb::CTEMaterialize::CTE_MATERIALIZE_ALWAYS;
    out.ctes.push_back(std::move(cte));
  }
  convert_modifiers(node, out);
  switch (node.type) {
    case duckdb::QueryNodeType::SELECT_NODE:
      convert_select(node.Cast<duckdb::SelectNode>(), out);
      return out;
    case duckdb::QueryNodeType::SET_OPERATION_NODE: {
      const auto& set = node.Cast<duckdb::SetOperationNode>();
      switch (set.setop_type) {
        case duckdb::SetOperationType::UNION:
        case duckdb::SetOperationType::UNION_BY_NAME:
          out.set_operation = "UNION";
          break;
        case duckdb::SetOperationType::EXCEPT:
          out.set_operation = "EXCEPT";
          break;
        case duckdb::SetOperationType::INTERSECT:
          out.set_operation = "INTERSECT";
          break;
        default:
          throw NotTaken{"this set operation", -1};
      }
      if (set.setop_all) out.set_operation += " ALL";
      if (set.setop_type == duckdb::SetOperationType::UNION_BY_NAME) out.set_operation += " BY NAME";
      for (const auto& child : set.children) out.operands.push_back(convert(*child));
      return out;
    }
    case duckdb::QueryNodeType::RECURSIVE_CTE_NODE:
      throw NotTaken{"WITH RECURSIVE", -1};
    default:
      throw NotTaken{"this kind of query", -1};
  }
}

namespace {

// The engine's tree says SHOW, DESCRIBE and SUMMARIZE alike; here is which one was written.
std::string show_name(std::string_view text) {
  for (const auto& token : duckdb::Parser::Tokenize(std::string(text))) {
    for (const std::string_view word : {"SHOW", "DESCRIBE", "DESC", "SUMMARIZE"}) {
      if (same_name(text.substr(token.start, word.size()), word)) return std::string(word);
    }
  }
  return std::string(show_statement);
}

// For what the engine's tree has no place of: where the last word of `what` stands in the text; -1 when it
// does not.
Position position_of_word(std::string_view text, const std::string& what) {
  const std::string word = what.substr(what.rfind(' ') + 1);
  for (const auto& token : duckdb::Parser::Tokenize(std::string(text))) {
    if (same_name(text.substr(token.start, word.size()), word)) return static_cast<Position>(token.start);
  }
  return -1;
}

// The first word of a statement, as a person knows it.
std::string statement_name(std::string_view text) {
  for (const auto& token : duckdb::Parser::Tokenize(std::string(text))) {
    if (token.type == duckdb::SimplifiedTokenType::SIMPLIFIED_TOKEN_COMMENT) continue;
    size_t end = token.start;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0) ++end;
    if (end > token.start)
      return duckdb::StringUtil::Upper(std::string(text.substr(token.start, end - token.start)));
  }
  return "this statement";
}

Position position_after_semicolon(std::string_view text) {
  bool is_after = false;
  for (const auto& token : duckdb::Parser::Tokenize(std::string(text))) {
    if (is_after && text[token.start] != ';') return static_cast<Position>(token.start);
    is_after = is_after || text[token.start] == ';';
  }
  return 0;
}

// What is run later is our printing of the tree, so it has to be the same statement to the engine's parser.
// Whatever our tree has no place for is found here, and not taken.
Status check_printing(const Select& select, const duckdb::SelectStatement& written, std::string_view text) {
  const std::string printed = to_sql(select);
  if (is_same_statement(printed, written)) return {};
  return fail_at(place_at(text, 0), Code::refused, "this form of SELECT is not supported",
                 fmt::format("write it in another way; it was understood as: {}", printed));
}

}  // namespace

Place place_at(std::string_view text, Position position) {
  Place place;
  if (position < 0) return place;
  const auto before = text.substr(0, std::min(static_cast<size_t>(position), text.size()));
  place.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const size_t newline = before.rfind('\n');
  place.column =
      static_cast<int>(newline == std::string_view::npos ? before.size() : before.size() - newline - 1) + 1;
  return place;
}

std::string output_name(const Expr& item) {
  Expr bare = item;
  bare.alias.clear();
  try {
    duckdb::Parser parser;
    parser.ParseQuery("SELECT " + to_sql(bare));
    const auto& node = *parser.statements.at(0)->Cast<duckdb::SelectStatement>().node;
    return node.Cast<duckdb::SelectNode>().select_list.at(0)->GetName();
  } catch (const std::exception&) {
    return "";
  }
}

uint64_t statements_parsed() { return parsed_count; }

Result<Select> parse_select(std::string_view text) {
  ++parsed_count;
  // The engine would take the text up to there, and be silent about the rest.
  if (const size_t zero = text.find('\0'); zero != text.npos) {
    return fail_at(place_at(text, static_cast<Position>(zero)), Code::bad_sql,
                   "a zero byte stands in the statement");
  }
  try {
    duckdb::Parser parser;
    parser.ParseQuery(std::string(text));
    if (parser.statements.empty()) {
      return fail_at({"", 1, 1}, Code::bad_sql, "there is no statement", "write one SELECT");
    }
    if (parser.statements.size() > 1) {
      return fail_at(place_at(text, position_after_semicolon(text)), Code::refused, "more than one statement",
                     "write one SELECT, without a second one after a semicolon");
    }
    auto& statement = *parser.statements[0];
    if (statement.type != duckdb::StatementType::SELECT_STATEMENT) {
      // The engine makes several statements of a PIVOT whose columns it has to find out first.
      const bool is_pivot =
          statement.type == duckdb::StatementType::MULTI_STATEMENT && position_of_word(text, "PIVOT") >= 0;
      const std::string name = is_pivot ? "PIVOT" : statement_name(text);
      const Position position = std::max<Position>(0, position_of_word(text, name));
      return fail_at(place_at(text, position), Code::refused, name + " is not allowed",
                     is_pivot ? "name the values that become columns: PIVOT … ON column IN ('a', 'b') USING …"
                              : "only SELECT reads data here, and nothing changes it");
    }
    Deeper::begin();
    replace_pivots(*statement.Cast<duckdb::SelectStatement>().node);
    normalise(*statement.Cast<duckdb::SelectStatement>().node);
    const auto& written = statement.Cast<duckdb::SelectStatement>();
    Select select = convert(*written.node);
    TRY(check_printing(select, written, text));
    return select;
  } catch (const NotTaken& problem) {
    const std::string what = problem.what == show_statement ? show_name(text) : problem.what;
    const Position position = problem.position < 0 ? position_of_word(text, what) : problem.position;
    return fail_at(place_at(text, position), Code::refused, what + " is not supported",
                   "write the query without it");
  } catch (const std::exception& error) {
    return fail(engine_error(error, text, Code::bad_sql));
  }
}

namespace {

void collect_tables(const Select& select, std::vector<std::string> cte_names, std::vector<TableName>& out);

void collect_tables(const Expr& expr, const std::vector<std::string>& cte_names,
                    std::vector<TableName>& out) {
  visit_expr(expr, [&](const Expr& node) {
    if (node.query) collect_tables(*node.query, cte_names, out);
    return true;
  });
}

void collect_tables(const TableRef& table, const std::vector<std::string>& cte_names,
                    std::vector<TableName>& out) {
  switch (table.kind) {
    case TableRef::Kind::base: {
      const bool is_cte =
          table.schema.empty() && std::any_of(cte_names.begin(), cte_names.end(),
                                              [&](auto& name) { return same_name(name, table.name); });
      if (!is_cte) out.push_back({table.schema, table.name, table.position});
      return;
    }
    case TableRef::Kind::subquery:
      collect_tables(*table.query, cte_names, out);
      return;
    case TableRef::Kind::join:
      collect_tables(*table.left, cte_names, out);
      collect_tables(*table.right, cte_names, out);
      if (table.condition) collect_tables(*table.condition, cte_names, out);
      return;
    case TableRef::Kind::function:
      collect_tables(*table.function, cte_names, out);
      return;
    case TableRef::Kind::values:
      for (const auto& row : table.values) {
        for (const auto& value : row) collect_tables(value, cte_names, out);
      }
      return;
    case TableRef::Kind::empty:
      return;
  }
}

void collect_tables(const Select& select, std::vector<std::string> cte_names, std::vector<TableName>& out) {
  for (const Cte& cte : select.ctes) {
    collect_tables(*cte.query, cte_names, out);  // a CTE sees those before it
    cte_names.push_back(cte.name);
  }
  for (const Select& operand : select.operands) collect_tables(operand, cte_names, out);
  collect_tables(select.from, cte_names, out);
  visit_own_exprs(select, [&](const Expr& expr) { collect_tables(expr, cte_names, out); });
}

}  // namespace

std::vector<TableName> table_names(const Select& select) {
  std::vector<TableName> names;
  collect_tables(select, {}, names);
  return names;
}

}  // namespace anabranch::sql
