#include "sql/plan_guard.h"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "duckdb.hpp"
#include "duckdb/catalog/catalog_entry/table_catalog_entry.hpp"
#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/function/lambda_functions.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/client_context_state.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/parser/parsed_data/copy_info.hpp"
#include "duckdb/planner/expression/list.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/logical_operator_visitor.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "sql/plan_check.h"
#include "sql/session_connection.h"

namespace anabranch::sql {
namespace {

using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

constexpr const char* state_name = "anabranch guard";

template <typename Subject>
bool is_yes(const std::function<bool(Subject)>& rule, Subject subject) {
  return rule && rule(subject);
}

// Operators that only compute from what comes in.
bool only_computes(LogicalOperatorType type) {
  switch (type) {
    case LogicalOperatorType::LOGICAL_PROJECTION:
    case LogicalOperatorType::LOGICAL_FILTER:
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:
    case LogicalOperatorType::LOGICAL_WINDOW:
    case LogicalOperatorType::LOGICAL_UNNEST:
    case LogicalOperatorType::LOGICAL_LIMIT:
    case LogicalOperatorType::LOGICAL_ORDER_BY:
    case LogicalOperatorType::LOGICAL_TOP_N:
    case LogicalOperatorType::LOGICAL_DISTINCT:
    case LogicalOperatorType::LOGICAL_SAMPLE:
    case LogicalOperatorType::LOGICAL_CHUNK_GET:
    case LogicalOperatorType::LOGICAL_DELIM_GET:
    case LogicalOperatorType::LOGICAL_EXPRESSION_GET:
    case LogicalOperatorType::LOGICAL_DUMMY_SCAN:
    case LogicalOperatorType::LOGICAL_EMPTY_RESULT:
    case LogicalOperatorType::LOGICAL_CTE_REF:
    case LogicalOperatorType::LOGICAL_JOIN:
    case LogicalOperatorType::LOGICAL_DELIM_JOIN:
    case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
    case LogicalOperatorType::LOGICAL_ANY_JOIN:
    case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
    case LogicalOperatorType::LOGICAL_POSITIONAL_JOIN:
    case LogicalOperatorType::LOGICAL_ASOF_JOIN:
    case LogicalOperatorType::LOGICAL_UNION:
    case LogicalOperatorType::LOGICAL_EXCEPT:
    case LogicalOperatorType::LOGICAL_INTERSECT:
    case LogicalOperatorType::LOGICAL_RECURSIVE_CTE:
    case LogicalOperatorType::LOGICAL_MATERIALIZED_CTE:
      return true;
    default:
      return false;
  }
}

// Expressions that are neither calls nor hide any.
bool is_plain(ExpressionClass kind) {
  switch (kind) {
    case ExpressionClass::BOUND_CASE:
    case ExpressionClass::BOUND_CAST:
    case ExpressionClass::BOUND_COLUMN_REF:
    case ExpressionClass::BOUND_COMPARISON:
    case ExpressionClass::BOUND_CONJUNCTION:
    case ExpressionClass::BOUND_CONSTANT:
    case ExpressionClass::BOUND_OPERATOR:
    case ExpressionClass::BOUND_REF:
    case ExpressionClass::BOUND_BETWEEN:
    case ExpressionClass::BOUND_UNNEST:
    case ExpressionClass::BOUND_LAMBDA_REF:
      return true;
    default:
      return false;
  }
}

class Check {
 public:
  explicit Check(const PlanRules& rules) : rules_(rules) {}

  void plan(const LogicalOperator& op) {
    if (op.type == LogicalOperatorType::LOGICAL_GET) {
      get(op.Cast<duckdb::LogicalGet>());
    } else if (op.type == LogicalOperatorType::LOGICAL_COPY_TO_FILE) {
      const auto& copy = op.Cast<duckdb::LogicalCopyToFile>();
      if (!is_yes<std::string_view>(rules_.may_write_file, copy.file_path)) forbid("writing a file");
    } else if (!only_computes(op.type)) {
      forbid(op.GetName());
    }
    auto& asked = const_cast<LogicalOperator&>(op);  // NOLINT: enumerating changes nothing
    duckdb::LogicalOperatorVisitor::EnumerateExpressions(
        asked, [this](duckdb::unique_ptr<Expression>* child) { expression(**child); });
    for (const auto& child : op.children) plan(*child);
  }

  std::string forbidden;

 private:
  void forbid(const std::string& what) {
    if (forbidden.empty()) forbidden = what;
  }

  void get(const duckdb::LogicalGet& get) {
    if (const auto table = get.GetTable()) {
      const BoundTable bound{table->catalog.GetName(), table->schema.name, table->name};
      if (!is_yes<const BoundTable&>(rules_.may_read_table, bound))
        forbid(fmt::format("the table {}", table->name));
      return;
    }
    const auto* files = dynamic_cast<const duckdb::MultiFileBindData*>(get.bind_data.get());
    if (files && (get.function.name == "read_parquet" || get.function.name == "parquet_scan")) {
      for (const auto& file : files->file_list->GetAllFiles()) {
        if (!is_yes<std::string_view>(rules_.may_read_file, file.path)) forbid("a file");
      }
      return;
    }
    if (files || !is_yes<std::string_view>(rules_.may_scan, get.function.name))
      forbid(fmt::format("the table function {}", get.function.name));
  }

  void call(const std::string& function) {
    if (!is_yes<std::string_view>(rules_.may_call, function))
      forbid(fmt::format("the function {}", function));
  }

  void expression(const Expression& expr) {
    const ExpressionClass kind = expr.GetExpressionClass();
    if (kind == ExpressionClass::BOUND_FUNCTION) {
      const auto& bound = expr.Cast<duckdb::BoundFunctionExpression>();
      call(bound.function.name);
      // A lambda's body stands in what its function was bound to.
      if (const auto* lambda = dynamic_cast<const duckdb::ListLambdaBindData*>(bound.bind_info.get());
          lambda && lambda->lambda_expr) {
        expression(*lambda->lambda_expr);
      }
    } else if (kind == ExpressionClass::BOUND_AGGREGATE) {
      call(expr.Cast<duckdb::BoundAggregateExpression>().function.name);
    } else if (kind == ExpressionClass::BOUND_WINDOW) {
      const auto& window = expr.Cast<duckdb::BoundWindowExpression>();
      if (window.aggregate) call(window.aggregate->name);
    } else if (!is_plain(kind)) {
      forbid(fmt::format("an expression of kind {}", static_cast<int>(kind)));
    }
    duckdb::ExpressionIterator::EnumerateChildren(expr,
                                                  [this](const Expression& child) { expression(child); });
  }

  const PlanRules& rules_;
};

// Rules of a connection that has a guard now.
class GuardState final : public duckdb::ClientContextState {
 public:
  const PlanRules* rules = nullptr;
  size_t checked = 0;
};

void check_plan(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<LogicalOperator>& plan) {
  const auto state = input.context.registered_state->Get<GuardState>(state_name);
  if (!state || !state->rules) return;
  ++state->checked;
  const std::string what = forbidden_part(*plan, *state->rules);
  if (!what.empty()) throw duckdb::PermissionException("the query may not use " + what);
}

}  // namespace

struct PlanGuard::State {
  PlanRules rules;
  duckdb::shared_ptr<GuardState> of_connection;
};

void add_plan_check(duckdb::DBConfig& config) {
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = check_plan;
  duckdb::OptimizerExtension::Register(config, std::move(extension));
}

std::string forbidden_part(const LogicalOperator& plan, const PlanRules& rules) {
  Check check(rules);
  check.plan(plan);
  return check.forbidden;
}

PlanGuard::PlanGuard(Session& session, PlanRules rules)
    : session_(session), state_(std::make_shared<State>()) {
  state_->rules = std::move(rules);
  state_->of_connection =
      SessionConnection::of(session_).context->registered_state->GetOrCreate<GuardState>(state_name);
  state_->of_connection->rules = &state_->rules;
  state_->of_connection->checked = 0;
}

PlanGuard::~PlanGuard() { state_->of_connection->rules = nullptr; }

size_t PlanGuard::checked() const { return state_->of_connection->checked; }

}  // namespace anabranch::sql
