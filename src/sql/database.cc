#include "sql/database.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/join.h"
#include "duckdb.hpp"
#include "duckdb/common/types/column/column_data_collection.hpp"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/main/prepared_statement_data.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/planner/expression/list.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/logical_operator.hpp"
#include "duckdb/planner/logical_operator_visitor.hpp"
#include "duckdb/planner/planner.hpp"
#include "duckdb/storage/buffer_manager.hpp"
#include "sql/bound_difference.h"
#include "sql/engine_error.h"
#include "sql/feed_function.h"
#include "sql/freed_memory.h"
#include "sql/parquet_file.h"
#include "sql/plan_check.h"
#include "sql/plan_corrections.h"
#include "sql/relation_scan.h"
#include "sql/row_frames.h"
#include "sql/rows.h"
#include "sql/session_connection.h"
#include "sql/stage.h"
#include "sql/syntax.h"
#include "sql/zero_watch.h"

namespace anabranch::sql {

struct Statement::Impl {
  duckdb::Connection& connection;  // of the session
  duckdb::unique_ptr<duckdb::PreparedStatement> prepared;
  Query query;

  // Once a table was created or dropped the engine plans a statement anew at each run, and forgets the plan.
  void plan_anew_where_needed() {
    if (!connection.context->transaction.HasActiveTransaction()) return;
    if (!prepared->data->RequireRebind(*connection.context, nullptr)) return;
    auto again = connection.Prepare(query.text);
    if (!again->HasError()) prepared = std::move(again);  // else the run says what is wrong
  }
};

Statement::Statement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

Result<int64_t> Statement::run() {
  try {
    const RelationScope scope(*impl_->connection.context, impl_->query);  // it may be planned once more
    duckdb::vector<duckdb::Value> values;
    auto result = impl_->prepared->Execute(values, false);
    if (result->HasError())
      return fail(engine_error(result->GetErrorObject(), impl_->query.text, Code::internal));
    auto chunk = result->Fetch();
    if (!chunk || chunk->size() == 0 || chunk->ColumnCount() == 0) return 0;
    const duckdb::Value changed = chunk->GetValue(0, 0);
    return changed.type().IsIntegral() && !changed.IsNull() ? changed.GetValue<int64_t>() : 0;
  } catch (const std::exception& error) {
    return fail(engine_error(error, impl_->query.text, Code::internal));
  }
}

Result<Rows> Statement::query() {
  try {
    const RelationScope scope(*impl_->connection.context, impl_->query);
    impl_->plan_anew_where_needed();
    duckdb::vector<duckdb::Value> values;
    auto result = impl_->prepared->Execute(values, false);
    if (result->HasError())
      return fail(engine_error(result->GetErrorObject(), impl_->query.text, Code::internal));
    return Rows(std::make_unique<Rows::Impl>(
        duckdb::unique_ptr_cast<duckdb::QueryResult, duckdb::MaterializedQueryResult>(std::move(result))));
  } catch (const std::exception& error) {
    return fail(engine_error(error, impl_->query.text, Code::internal));
  }
}

Status Statement::run_into(Stage& stage) {
  stage.clear();
  try {
    const RelationScope scope(*impl_->connection.context, impl_->query);  // it may be planned once more
    duckdb::vector<duckdb::Value> values;
    auto result = impl_->prepared->Execute(values, false);
    if (result->HasError())
      return fail(engine_error(result->GetErrorObject(), impl_->query.text, Code::internal));
    while (auto chunk = result->Fetch()) {
      if (chunk->size() == 0) break;
      auto kept = duckdb::make_uniq<duckdb::DataChunk>();
      kept->Initialize(duckdb::Allocator::DefaultAllocator(), stage.impl().types);
      chunk->Copy(*kept);  // what is fetched lives in the result only
      stage.impl().chunks.push_back(std::move(kept));
    }
    return {};
  } catch (const std::exception& error) {
    return fail(engine_error(error, impl_->query.text, Code::internal));
  }
}

struct Session::Impl {
  duckdb::Connection connection;
  explicit Impl(duckdb::DuckDB& database) : connection(database) {}
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

duckdb::Connection& SessionConnection::of(Session& session) { return session.impl_->connection; }

Result<duckdb::unique_ptr<duckdb::SQLStatement>> only_statement(duckdb::Connection& connection,
                                                                const std::string& text) {
  auto statements = connection.ExtractStatements(text);
  if (statements.size() != 1) {
    return fail(Code::refused, fmt::format("one statement at a time runs here, not {}", statements.size()),
                "leave out what stands after the semicolon");
  }
  return std::move(statements[0]);
}

Result<Rows> Session::query(const Query& query) {
  try {
    const RelationScope scope(*impl_->connection.context, query);
    auto result = impl_->connection.Query(TRY(only_statement(impl_->connection, query.text)));
    if (result->HasError()) return fail(engine_error(result->GetErrorObject(), query.text, Code::internal));
    return Rows(std::make_unique<Rows::Impl>(std::move(result)));
  } catch (const std::exception& error) {
    return fail(engine_error(error, query.text, Code::internal));
  }
}

Result<Rows> Session::query(const Query& query, size_t bytes_max) {
  const std::string& text = query.text;
  try {
    const RelationScope scope(*impl_->connection.context, query);
    auto result = impl_->connection.SendQuery(TRY(only_statement(impl_->connection, text)));
    if (result->HasError()) return fail(engine_error(result->GetErrorObject(), text, Code::internal));
    auto rows =
        duckdb::make_uniq<duckdb::ColumnDataCollection>(duckdb::Allocator::DefaultAllocator(), result->types);
    duckdb::ColumnDataAppendState state;
    rows->InitializeAppend(state);
    for (auto chunk = result->Fetch(); chunk && chunk->size() > 0; chunk = result->Fetch()) {
      rows->Append(state, *chunk);
      if (rows->AllocationSize() > bytes_max) return fail(answer_too_large(bytes_max));
    }
    if (result->HasError()) return fail(engine_error(result->GetErrorObject(), text, Code::internal));
    return Rows(std::make_unique<Rows::Impl>(duckdb::make_uniq<duckdb::MaterializedQueryResult>(
        result->statement_type, result->properties, result->names, std::move(rows),
        result->client_properties)));
  } catch (const std::exception& error) {
    return fail(engine_error(error, text, Code::internal));
  }
}

Status Session::run(const Query& query) {
  TRY(this->query(query));
  return {};
}

Status Session::run_together(const std::vector<std::string>& statements) {
  TRY(run("BEGIN TRANSACTION"));
  Status done;
  for (const std::string& statement : statements) {
    done = run(statement);
    if (!done) break;
  }
  if (done) done = run("COMMIT");
  if (!done) (void)run("ROLLBACK");
  return done;
}

Result<Statement> Session::prepare(const Query& query) {
  try {
    const RelationScope scope(*impl_->connection.context, query);
    auto prepared = impl_->connection.Prepare(query.text);
    if (prepared->HasError()) return fail(engine_error(prepared->error, query.text, Code::internal));
    return Statement(std::make_unique<Statement::Impl>(impl_->connection, std::move(prepared), query));
  } catch (const std::exception& error) {
    return fail(engine_error(error, query.text, Code::internal));
  }
}

void Session::interrupt() { impl_->connection.Interrupt(); }

Result<std::vector<model::RelationColumn>> Session::describe(const Query& select) {
  try {
    const RelationScope scope(*impl_->connection.context, select);
    auto statement = TRY(only_statement(impl_->connection, select.text));
    auto& context = *impl_->connection.context;
    std::vector<model::RelationColumn> columns;
    // An optimiser and a physical plan, as preparing it makes, are twice the work.
    context.RunFunctionInTransaction([&] {
      duckdb::Planner planner(context);
      planner.CreatePlan(std::move(statement));
      for (size_t i = 0; i < planner.names.size(); ++i)
        columns.push_back({planner.names[i], planner.types[i].ToString()});
    });
    return columns;
  } catch (const std::exception& error) {
    return fail(engine_error(error, select.text, Code::bad_sql));
  }
}

namespace {

using duckdb::LogicalTypeId;

// Digits that any value of an integer type has at most; 0 for other types.
int integer_digits(LogicalTypeId type) {
  switch (type) {
    case LogicalTypeId::BOOLEAN:
      return 1;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::UTINYINT:
      return 3;
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::USMALLINT:
      return 5;
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::UINTEGER:
      return 10;
    case LogicalTypeId::BIGINT:
      return 19;
    case LogicalTypeId::UBIGINT:
      return 20;
    case LogicalTypeId::HUGEINT:
      return 39;
    default:
      return 0;
  }
}

bool is_unsigned(LogicalTypeId type) {
  return type == LogicalTypeId::UTINYINT || type == LogicalTypeId::USMALLINT ||
         type == LogicalTypeId::UINTEGER || type == LogicalTypeId::UBIGINT;
}

// Whether a cast takes every value. The engine's own CanThrow misses some (a DECIMAL that is too large for
// TINYINT), so what is not known to be safe is not safe.
bool is_safe_cast(const duckdb::LogicalType& from, const duckdb::LogicalType& to) {
  if (from == to || from.id() == LogicalTypeId::SQLNULL) return true;
  const bool is_text = to.id() == LogicalTypeId::VARCHAR && !to.IsJSONType();
  if (is_text) return true;
  const int from_digits = integer_digits(from.id());
  const int to_digits = integer_digits(to.id());
  const bool to_floating = to.id() == LogicalTypeId::DOUBLE || to.id() == LogicalTypeId::FLOAT;
  if (from_digits > 0 && to_floating) return true;
  if (from_digits > 0 && to_digits > 0) {
    return to_digits > from_digits &&
           (!is_unsigned(to.id()) || is_unsigned(from.id()) || from.id() == LogicalTypeId::BOOLEAN);
  }
  if (from_digits > 0 && to.id() == LogicalTypeId::DECIMAL) {
    return duckdb::DecimalType::GetWidth(to) - duckdb::DecimalType::GetScale(to) >= from_digits;
  }
  if (from.id() == LogicalTypeId::DECIMAL && to.id() == LogicalTypeId::DECIMAL) {
    const int from_whole = duckdb::DecimalType::GetWidth(from) - duckdb::DecimalType::GetScale(from);
    const int to_whole = duckdb::DecimalType::GetWidth(to) - duckdb::DecimalType::GetScale(to);
    return to_whole >= from_whole && duckdb::DecimalType::GetScale(to) >= duckdb::DecimalType::GetScale(from);
  }
  if (from.id() == LogicalTypeId::DECIMAL && to_floating) return true;
  if (from.id() == LogicalTypeId::FLOAT && to.id() == LogicalTypeId::DOUBLE) return true;
  if (from.id() == LogicalTypeId::STRUCT && to.id() == LogicalTypeId::STRUCT) {
    const auto& members = duckdb::StructType::GetChildTypes(from);
    const auto& wanted = duckdb::StructType::GetChildTypes(to);
    return std::equal(
        members.begin(), members.end(), wanted.begin(), wanted.end(), [](const auto& a, const auto& b) {
          return duckdb::StringUtil::CIEquals(a.first, b.first) && is_safe_cast(a.second, b.second);
        });
  }
  return from.id() == LogicalTypeId::TIMESTAMP && to.id() == LogicalTypeId::DATE;
}

// Whether an expression has one value, which is then given.
bool folds(const duckdb::Expression& expr, duckdb::ClientContext& context, duckdb::Value& value) {
  return expr.IsFoldable() && duckdb::ExpressionExecutor::TryEvaluateScalar(context, expr, value);
}

// Functions that take every value of their arguments. All others are taken to be able to fail.
bool is_safe_function(const duckdb::BoundFunctionExpression& function, duckdb::ClientContext& context) {
  static const std::set<std::string, std::less<>> always = {"lower",
                                                            "upper",
                                                            "lcase",
                                                            "ucase",
                                                            "length",
                                                            "len",
                                                            "strlen",
                                                            "concat",
                                                            "||",
                                                            "trim",
                                                            "ltrim",
                                                            "rtrim",
                                                            "replace",
                                                            "reverse",
                                                            "left",
                                                            "right",
                                                            "substring",
                                                            "substr",
                                                            "prefix",
                                                            "suffix",
                                                            "contains",
                                                            "starts_with",
                                                            "ends_with",
                                                            "~~",
                                                            "!~~",
                                                            "like_escape",
                                                            "~~*",
                                                            "!~~*",
                                                            "instr",
                                                            "strpos",
                                                            "position",
                                                            "greatest",
                                                            "least",
                                                            "isnan",
                                                            "isinf",
                                                            "isfinite",
                                                            "sign",
                                                            "struct_pack",
                                                            "struct_extract",
                                                            "list_value",
                                                            "list_zip",
                                                            "unpivot_list",
                                                            "row",
                                                            "year",
                                                            "month",
                                                            "day",
                                                            "hour",
                                                            "minute",
                                                            "second",
                                                            "quarter",
                                                            "week",
                                                            "dayofweek",
                                                            "dayofyear",
                                                            "isodow",
                                                            "weekday",
                                                            "dayname",
                                                            "monthname",
                                                            "md5",
                                                            "hash",
                                                            "ifnull",
                                                            "list_contains",
                                                            "array_contains",
                                                            "nullif",
                                                            "not_like_escape",
                                                            "strip_accents"};
  static const std::set<std::string, std::less<>> for_floating = {
      "+", "-", "*", "/", "%", "//", "abs", "@", "round", "floor", "ceil", "ceiling", "trunc"};
  const std::string& name = function.function.name;
  if (always.contains(name)) return true;
  const auto is_floating = [](const duckdb::LogicalType& type) {
    return type.id() == LogicalTypeId::DOUBLE || type.id() == LogicalTypeId::FLOAT;
  };
  if (for_floating.contains(name) && !function.children.empty() &&
      is_floating(function.children[0]->return_type)) {
    return true;
  }
  if ((name == "//" || name == "%") && function.children.size() == 2) {
    // Only the smallest integer divided by -1 overflows.
    duckdb::Value divisor;
    return folds(*function.children[1], context, divisor) && !divisor.IsNull() &&
           divisor.type().IsIntegral() && divisor.GetValue<duckdb::hugeint_t>() > duckdb::hugeint_t(0);
  }
  return false;
}

bool can_fail(const duckdb::Expression& expr, duckdb::ClientContext& context) {
  if (duckdb::Value value; folds(expr, context, value)) return false;
  bool child_can_fail = false;
  duckdb::ExpressionIterator::EnumerateChildren(expr, [&](const duckdb::Expression& child) {
    child_can_fail = child_can_fail || can_fail(child, context);
  });
  switch (expr.GetExpressionClass()) {
    case duckdb::ExpressionClass::BOUND_CAST: {
      const auto& cast = expr.Cast<duckdb::BoundCastExpression>();
      return child_can_fail || (!cast.try_cast && !is_safe_cast(cast.child->return_type, cast.return_type));
    }
    case duckdb::ExpressionClass::BOUND_FUNCTION:
      return child_can_fail || !is_safe_function(expr.Cast<duckdb::BoundFunctionExpression>(), context);
    case duckdb::ExpressionClass::BOUND_OPERATOR:
      return expr.GetExpressionType() != duckdb::ExpressionType::OPERATOR_TRY && child_can_fail;
    case duckdb::ExpressionClass::BOUND_SUBQUERY:
      return true;
    default:
      return child_can_fail;
  }
}

}  // namespace

namespace {

// The plan as it was bound: the optimiser folds and moves what we ask about.
duckdb::unique_ptr<duckdb::LogicalOperator> bound_plan(duckdb::Connection& connection, const Query& query) {
  const RelationScope scope(*connection.context, query);
  auto& config = duckdb::ClientConfig::GetConfig(*connection.context);
  const bool was_enabled = config.enable_optimizer;
  config.enable_optimizer = false;
  try {
    auto plan = connection.ExtractPlan(query.text);
    config.enable_optimizer = was_enabled;
    return plan;
  } catch (...) {
    config.enable_optimizer = was_enabled;
    throw;
  }
}

// A transaction for as long as it lives, where there is none.
class OwnTransaction {
 public:
  explicit OwnTransaction(duckdb::Connection& connection)
      : connection_(connection), is_own_(!connection.HasActiveTransaction()) {
    if (is_own_) connection_.BeginTransaction();
  }
  ~OwnTransaction() {
    if (!is_own_) return;
    try {
      connection_.Rollback();
    } catch (const std::exception&) {  // nothing was written
    }
  }
  OwnTransaction(const OwnTransaction&) = delete;
  OwnTransaction& operator=(const OwnTransaction&) = delete;

 private:
  duckdb::Connection& connection_;
  const bool is_own_;
};

void add_facts_of(const duckdb::LogicalOperator& op, duckdb::ClientContext& context,
                  Session::SelectFacts& facts) {
  const auto add = [&](const duckdb::Expression& expr) {
    facts.elsewhere_can_fail = facts.elsewhere_can_fail || can_fail(expr, context);
    facts.elsewhere_is_volatile = facts.elsewhere_is_volatile || expr.IsVolatile() || !expr.IsConsistent();
  };
  duckdb::LogicalOperatorVisitor::EnumerateExpressions(
      const_cast<duckdb::LogicalOperator&>(op),  // NOLINT: only looked at
      [&](duckdb::unique_ptr<duckdb::Expression>* expr) { add(**expr); });
  for (const auto& child : op.children) add_facts_of(*child, context, facts);
}

}  // namespace

Result<Session::SelectFacts> Session::facts(const Query& select) {
  try {
    auto& context = *impl_->connection.context;
    const auto plan = bound_plan(impl_->connection, select);
    const OwnTransaction transaction(impl_->connection);  // constants are computed in it
    SelectFacts facts;
    for (const auto& expr : plan->expressions) {
      facts.items.push_back({expr->return_type.ToString(), can_fail(*expr, context),
                             expr->IsVolatile() || !expr->IsConsistent()});
    }
    for (const auto& child : plan->children) add_facts_of(*child, context, facts);
    return facts;
  } catch (const std::exception& error) {
    return fail(engine_error(error, select.text, Code::bad_sql));
  }
}

Result<std::optional<std::string>> Session::bound_difference(const Query& a, const Query& b) {
  std::string_view text = a.text;
  try {
    const auto of_a = bound_plan(impl_->connection, a);
    text = b.text;
    const auto of_b = bound_plan(impl_->connection, b);
    return sql::bound_difference(*of_a, *of_b);
  } catch (const std::exception& error) {
    return fail(engine_error(error, text, Code::bad_sql));
  }
}

struct Database::Impl {
  duckdb::unique_ptr<duckdb::DuckDB> duckdb;
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
  try {
#ifdef ANABRANCH_OVERWRITE_FREED_MEMORY
    overwrite_what_is_freed();
#endif
    duckdb::DBConfig config;
    if (options.is_read_only) config.options.access_mode = duckdb::AccessMode::READ_ONLY;
    config.SetOptionByName("threads", duckdb::Value::INTEGER(options.threads));
    config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
    config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
    config.SetOptionByName("default_null_order", duckdb::Value("nulls_last"));
    // Memory that a tick or a query freed goes back to the system soon, by a thread of the allocator's.
    config.SetOptionByName("allocator_background_threads", duckdb::Value::BOOLEAN(true));
    config.SetOptionByName("allocator_flush_threshold", duckdb::Value("16MiB"));
    config.SetOptionByName("allocator_bulk_deallocation_flush_threshold", duckdb::Value("16MiB"));
    if (options.memory_bytes_max > 0) {
      config.SetOptionByName("memory_limit",
                             duckdb::Value(fmt::format("{}MiB", options.memory_bytes_max >> 20)));
    }
    config.SetOptionByName("temp_directory", duckdb::Value(options.temporary_folder.string()));
    add_relation_scan(config);
    add_plan_check(config);
    add_plan_corrections(config);
    const std::string file = options.file.string();
    auto impl = std::make_unique<Impl>();
    impl->duckdb = duckdb::make_uniq<duckdb::DuckDB>(file.empty() ? nullptr : file.c_str(), &config);
    auto database = std::make_unique<Database>(std::move(impl));
    duckdb::Connection setup(*database->impl_->duckdb);
    create_zero_watch(setup);
    // The rule takes what occurs twice out of a TRY, whose errors are then nobody's.
    std::string settings =
        "SET GLOBAL TimeZone = 'UTC'; SET GLOBAL checkpoint_threshold = '1TB'; SET GLOBAL "
        "disabled_optimizers = "
        "'common_subexpressions';";
    if (!options.has_external_access) {
      std::string folders;
      for (const auto& folder : options.allowed_folders) {
        // A read names its files as patterns, which is how the engine compares them. It looks for the log of
        // an attached file in front of a '?', where it takes options to begin.
        std::set<std::string> texts = {folder.string(), escape_pattern(folder.string())};
        if (const size_t at = folder.string().find('?'); at != std::string::npos)
          texts.insert(folder.string().insert(at, ".wal"));
        for (const std::string& text : texts) append_item(folders, quote_literal(text));
      }
      settings += fmt::format(
          "SET GLOBAL allowed_directories = [{}]; SET GLOBAL enable_external_access = false;", folders);
    }
    auto result = setup.Query(settings);
    if (result->HasError()) result->ThrowError();
    return database;
  } catch (const std::exception& error) {
    Error problem = engine_error(error, "", Code::io);
    problem.message = fmt::format("cannot open the database {}: {}", options.file.string(), problem.message);
    return fail(std::move(problem));
  }
}

Result<Session> Database::connect() {
  try {
    return Session(std::make_unique<Session::Impl>(*impl_->duckdb));
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::internal));
  }
}

Status Database::register_feed(const std::string& name, const model::Schema& schema,
                               std::shared_ptr<Feed> feed) {
  try {
    duckdb::Connection connection(*impl_->duckdb);
    create_feed_function(connection, name, schema, std::move(feed));
    return {};
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::internal));
  }
}

Result<std::shared_ptr<Stage>> Database::register_stage(const std::string& name, const Statement& select) {
  try {
    auto impl = std::make_unique<Stage::Impl>();
    impl->names = select.impl_->prepared->GetNames();
    impl->types = select.impl_->prepared->GetTypes();
    auto stage = std::make_shared<Stage>(std::move(impl));
    duckdb::Connection connection(*impl_->duckdb);
    create_stage_function(connection, name, stage);
    return stage;
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::internal));
  }
}

Status Database::lock_configuration() {
  TRY(TRY(connect()).run("SET GLOBAL lock_configuration = true"));
  return {};
}

uint64_t Database::memory_bytes_used() {
  return duckdb::BufferManager::GetBufferManager(*impl_->duckdb->instance).GetUsedMemory();
}

std::string engine_version() { return duckdb::DuckDB::LibraryVersion(); }

}  // namespace anabranch::sql
