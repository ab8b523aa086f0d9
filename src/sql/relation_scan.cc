#include "sql/relation_scan.h"

#include <fmt/format.h>

#include "duckdb/function/replacement_scan.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/client_context_state.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node/list.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "duckdb/parser/tableref/pivotref.hpp"
#include "sql/syntax.h"

namespace anabranch::sql {
namespace {

constexpr const char* state_name = "anabranch relations";

// A meaning is a query with relations of its own, which have no names outside of it. When the engine asks for
// one, the names in its tree are replaced by numbers, under which this state finds them when the engine asks
// again.
class RelationState final : public duckdb::ClientContextState {
 public:
  const Query* outermost = nullptr;

  void clear() {
    outermost = nullptr;
    numbered_.clear();
    numbers_.clear();
  }

  const Query* find(const std::string& name) const {
    if (!outermost) return nullptr;
    if (name.starts_with('#')) {
      const size_t number = std::stoul(name.substr(1));
      return number < numbered_.size() ? numbered_[number].get() : nullptr;
    }
    const auto found = outermost->relations.find(name);
    return found == outermost->relations.end() ? nullptr : found->second.get();
  }

  std::string number(const std::shared_ptr<const Query>& query) {
    const auto [entry, is_new] = numbers_.try_emplace(query.get(), numbered_.size());
    if (is_new) numbered_.push_back(query);
    return fmt::format("#{}", entry->second);
  }

 private:
  std::vector<std::shared_ptr<const Query>> numbered_;
  std::map<const Query*, size_t> numbers_;
};

// Every table that a tree reads, wherever it stands.
class Numbering {
 public:
  Numbering(RelationState& state, const Meanings& relations) : state_(state), relations_(relations) {}

  void node(duckdb::QueryNode& node) {
    for (auto& entry : node.cte_map.map) this->node(*entry.second->query->node);
    const auto on_expr = [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { expr(*child); };
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeModifiers(node, on_expr);
    if (node.type == duckdb::QueryNodeType::SET_OPERATION_NODE) {
      for (auto& child : node.Cast<duckdb::SetOperationNode>().children) this->node(*child);
      return;
    }
    if (node.type != duckdb::QueryNodeType::SELECT_NODE) return;
    auto& select = node.Cast<duckdb::SelectNode>();
    if (select.from_table) table(*select.from_table);
    for (auto& item : select.select_list) expr(*item);
    for (auto& group : select.groups.group_expressions) expr(*group);
    for (auto* clause : {&select.where_clause, &select.having, &select.qualify}) {
      if (*clause) expr(**clause);
    }
  }

 private:
  void expr(duckdb::ParsedExpression& expr) {
    if (expr.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY)
      node(*expr.Cast<duckdb::SubqueryExpression>().subquery->node);
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        expr, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { this->expr(*child); });
  }

  void table(duckdb::TableRef& ref) {
    switch (ref.type) {
      case duckdb::TableReferenceType::BASE_TABLE: {
        auto& base = ref.Cast<duckdb::BaseTableRef>();
        if (base.schema_name != relation_schema) return;
        const auto found = relations_.find(base.table_name);
        if (found == relations_.end()) return;
        if (base.alias.empty()) base.alias = base.table_name;
        base.table_name = state_.number(found->second);
        return;
      }
      case duckdb::TableReferenceType::SUBQUERY:
        node(*ref.Cast<duckdb::SubqueryRef>().subquery->node);
        return;
      case duckdb::TableReferenceType::JOIN: {
        auto& join = ref.Cast<duckdb::JoinRef>();
        table(*join.left);
        table(*join.right);
        if (join.condition) expr(*join.condition);
        return;
      }
      case duckdb::TableReferenceType::PIVOT:
        table(*ref.Cast<duckdb::PivotRef>().source);
        return;
      case duckdb::TableReferenceType::TABLE_FUNCTION:
        expr(*ref.Cast<duckdb::TableFunctionRef>().function);
        return;
      case duckdb::TableReferenceType::EXPRESSION_LIST:
        for (auto& row : ref.Cast<duckdb::ExpressionListRef>().values) {
          for (auto& value : row) expr(*value);
        }
        return;
      default:
        return;
    }
  }

  RelationState& state_;
  const Meanings& relations_;
};

// `FROM x` as x itself, so that the engine need not bind a SELECT around it.
duckdb::unique_ptr<duckdb::TableRef> only_table(duckdb::SelectStatement& statement) {
  if (statement.node->type != duckdb::QueryNodeType::SELECT_NODE) return nullptr;
  auto& select = statement.node->Cast<duckdb::SelectNode>();
  const bool is_plain = select.select_list.size() == 1 && select.modifiers.empty() &&
                        select.cte_map.map.empty() && !select.where_clause && !select.having &&
                        !select.qualify && select.groups.group_expressions.empty() && select.from_table &&
                        select.from_table->type == duckdb::TableReferenceType::TABLE_FUNCTION &&
                        select.from_table->alias.empty();
  if (!is_plain || select.select_list[0]->GetExpressionClass() != duckdb::ExpressionClass::STAR)
    return nullptr;
  const auto& star = select.select_list[0]->Cast<duckdb::StarExpression>();
  if (star.columns || !star.exclude_list.empty() || !star.replace_list.empty() || !star.rename_list.empty())
    return nullptr;
  return std::move(select.from_table);
}

duckdb::unique_ptr<duckdb::TableRef> scan(duckdb::ClientContext& context, duckdb::ReplacementScanInput& input,
                                          duckdb::optional_ptr<duckdb::ReplacementScanData>) {
  if (input.schema_name != relation_schema) return nullptr;
  const auto state = context.registered_state->Get<RelationState>(state_name);
  const Query* query = state ? state->find(input.table_name) : nullptr;
  if (!query) return nullptr;
  duckdb::Parser parser(context.GetParserOptions());
  parser.ParseQuery(query->text);
  if (parser.statements.size() != 1 ||
      parser.statements[0]->type != duckdb::StatementType::SELECT_STATEMENT) {
    throw duckdb::InternalException("the meaning of a relation is not one SELECT");
  }
  auto select =
      duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(std::move(parser.statements[0]));
  Numbering(*state, query->relations).node(*select->node);
  if (auto table = only_table(*select)) return table;
  return duckdb::make_uniq<duckdb::SubqueryRef>(std::move(select));
}

}  // namespace

void add_relation_scan(duckdb::DBConfig& config) { config.replacement_scans.emplace_back(scan); }

RelationScope::RelationScope(duckdb::ClientContext& context, const Query& query) : context_(context) {
  const auto state = context_.registered_state->GetOrCreate<RelationState>(state_name);
  state->clear();
  state->outermost = &query;
}

RelationScope::~RelationScope() {
  context_.registered_state->GetOrCreate<RelationState>(state_name)->clear();
}

std::string relation(std::string_view name) {
  return fmt::format("{}.{}", relation_schema, quote_identifier(name));
}

std::shared_ptr<const Query> meaning(Query query) { return std::make_shared<const Query>(std::move(query)); }

Query table_query(std::string_view name) { return Query("FROM " + quote_identifier(name)); }

Query over(std::string text, std::string name, Query query) {
  Meanings relations;
  relations.emplace(std::move(name), meaning(std::move(query)));
  return Query(std::move(text), std::move(relations));
}

}  // namespace anabranch::sql
