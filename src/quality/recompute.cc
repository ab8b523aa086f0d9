#include "quality/recompute.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/join.h"
#include "io/clock.h"
#include "model/names.h"
#include "model/schema.h"
#include "quality/comparison.h"
#include "quality/raw_events.h"
#include "quality/sure_filter.h"
#include "sql/parser.h"
#include "sql/spelled_order.h"
#include "sql/syntax.h"

namespace anabranch::quality {
namespace {

// A recorded event is looked at alone; so many of a view.
constexpr int recorded_events_tried = 20;

// Rules of the engine's optimiser that have a part in how the platform reads. Without them it does what the
// text says. (Filters are pushed down where a WHERE joins tables: a cross product would never end.)
constexpr std::string_view rules_off =
    "statistics_propagation,compressed_materialization,common_subexpressions,common_aggregate,top_n,"
    "late_materialization,join_filter_pushdown,reorder_filter,in_clause,regex_range,limit_pushdown,"
    "duplicate_groups,sum_rewriter,join_order,build_side_probe_side,row_group_pruner,expression_rewriter";

std::string in_layer(const std::string& layer, const std::string& name) {
  return layer + "." + sql::quote_identifier(name);
}

std::string list_of(const std::vector<std::string>& names) { return join(names, sql::quote_identifier); }

std::string numbered(size_t count) {
  std::string list;
  for (size_t i = 0; i < count; ++i) list += fmt::format("{}c{}", i ? ", " : "", i);
  return list;
}

bool has_cross_join(const sql::Select& select) {
  bool is_found = false;
  const std::function<void(const sql::TableRef&)> look = [&](const sql::TableRef& table) {
    if (table.kind != sql::TableRef::Kind::join) return;
    is_found = is_found || table.join_kind == sql::TableRef::JoinKind::cross;
    look(*table.left);
    look(*table.right);
  };
  sql::visit_selects(select, [&](const sql::Select& inner) {
    look(inner.from);
    sql::visit_own_exprs(inner, [&](const sql::Expr& expr) {
      sql::visit_expr(expr, [&](const sql::Expr& node) {
        is_found = is_found || node.kind == sql::Expr::Kind::subquery;  // its filter may join too
        return true;
      });
    });
  });
  return is_found;
}

/// A view as it is run.
struct Written {
  sql::Select select;
  std::set<std::string> reads;  // "silver.flights", lower case, directly
  bool names_system_columns = false;
  bool needs_order = false;
  bool shows_order = false;  // who reads it needs its rows' order
  bool has_cross_join = false;
  bool is_aggregated = false;
  double tolerance = exact;  // of doubles
  std::vector<size_t> keys;  // columns by which rows are sampled
};

class Recompute {
 public:
  Recompute(const VerifyJob& job, const std::function<void(const VerifyProgress&)>& progress)
      : job_(job), progress_(progress) {}

  /// Everything that all views need.
  Status prepare() {
    sql::Database::Options options;
    options.threads = job_.threads;
    options.memory_bytes_max = job_.memory_bytes_max;
    options.temporary_folder = job_.folder;
    database_ = TRY(sql::Database::open(options));
    session_.emplace(TRY(database_->connect()));
    for (const char* schema : {"raw", "bronze", "silver", "gold"})
      TRY(session_->run(fmt::format("CREATE SCHEMA {}", schema)));
    TRY(session_->run(fmt::format("ATTACH {} AS read (READ_ONLY)", sql::quote_literal(job_.file))));
    const auto names = TRY(
        session_->query("SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = "
                        "'aggregate'"));
    for (size_t i = 0; i < names.row_count(); ++i) aggregates_.insert(names.text(i, 0).value_or(""));
    for (const auto& view : job_.views) TRY(write(view));
    for (const auto& stream : job_.streams) {
      const auto loaded = TRY(load_stream(*session_, stream, job_.raw_events_max, [&](int64_t done) {
        progress_({"events", stream.name, done, model::event_count(stream.ends)});
      }));
      if (source_.empty() || source_.size() < loaded.source.size()) source_ = loaded.source;
      add_stream_relation(stream);
      TRY(show_stream("", stream, ""));
    }
    for (const auto& table : job_.tables) {
      TRY(load_table(*session_, table));
      TRY(show_table("", table));
      sql::OrderedRelation relation{"bronze", table.name + ":all", {}, {}, {{std::string(table_row_column)}},
                                    false};
      for (const auto& column : table.columns) relation.columns.push_back(column.name);
      relations_[model::bronze(sql::lower(table.name)).text()] = std::move(relation);
    }
    return {};
  }

  Verdict verify(const VerifyJob::View& view) {
    Verdict verdict;
    verdict.view = view.name;
    verdict.source = source_;
    const int64_t started_us = io::system_clock().monotonic_us();
    const Status done = verify(view, verdict);
    if (!done) {
      verdict.outcome = Verdict::Outcome::failed;
      note(verdict, done.error().describe());
    }
    verdict.elapsed_us = io::system_clock().monotonic_us() - started_us;
    return verdict;
  }

  /// For a view that is not asked for: others read it.
  void make(const VerifyJob::View& view) { (void)evaluate(view); }

 private:
  static void note(Verdict& verdict, const std::string& text) { append_item(verdict.note, text, "; "); }
  static void differ(Verdict& verdict, const std::string& why) {
    verdict.outcome = Verdict::Outcome::different;
    note(verdict, why);
  }

  // ---- views as they are written ----

  static bool names_column(const sql::Select& select, const std::set<std::string>& columns) {
    bool is_found = false;
    sql::visit_selects(select, [&](const sql::Select& inner) {
      sql::visit_own_exprs(inner, [&](const sql::Expr& expr) {
        sql::visit_expr(expr, [&](const sql::Expr& node) {
          for (const std::string& name : node.path) is_found = is_found || columns.contains(sql::lower(name));
          return !is_found;
        });
      });
    });
    return is_found;
  }

  Status write(const VerifyJob::View& view) {
    Written written;
    written.select = TRY(sql::parse_select(view.sql));
    written.names_system_columns = names_column(
        written.select, {std::string(model::partition_column), std::string(model::offset_column),
                         std::string(model::ingested_at_column), std::string(model::raw_column)});
    written.needs_order = written.names_system_columns || sql::needs_order(written.select);
    written.has_cross_join = has_cross_join(written.select);
    for (const auto& table : sql::table_names(written.select))
      written.reads.insert(sql::lower(model::RelationName{table.schema, table.name}.text()));
    written.is_aggregated = calls_one_of(written.select, aggregates_);
    if (written.is_aggregated) {
      static const sql::FunctionNames of_powers = {"kurtosis", "kurtosis_pop", "skewness"};
      written.tolerance = calls_one_of(written.select, of_powers) ? tolerance_of_powers : tolerance_of_sums;
    }
    for (const std::string& name : written.reads) {
      if (const auto below = written_.find(name); below != written_.end()) {
        written.is_aggregated = written.is_aggregated || below->second.is_aggregated;
        written.tolerance = std::max(written.tolerance, below->second.tolerance);
        written.has_cross_join = written.has_cross_join || below->second.has_cross_join;
        if (written.needs_order) show_order(name);
      }
    }
    written.keys = sample_keys(written.select, view.columns.size());
    written_[sql::lower(view.name)] = std::move(written);
    return {};
  }

  // Views are written in the order of their dependencies, so all below this one are there.
  void show_order(const std::string& name) {
    Written& written = written_.at(name);
    if (written.shows_order) return;
    written.shows_order = written.needs_order = true;
    for (const std::string& below : written.reads) {
      if (written_.contains(below)) show_order(below);
    }
  }

  static bool calls_one_of(const sql::Select& select, const sql::FunctionNames& functions) {
    bool is_found = false;
    sql::visit_selects(select, [&](const sql::Select& inner) {
      sql::visit_own_exprs(inner, [&](const sql::Expr& expr) {
        sql::visit_expr(expr, [&](const sql::Expr& node) {
          const bool is_call = node.kind == sql::Expr::Kind::call || node.kind == sql::Expr::Kind::window;
          is_found = is_found || (is_call && functions.contains(node.name));
          return true;
        });
      });
    });
    return is_found;
  }

  // The output columns that tell rows apart on both sides alike: those that are grouped by; all, where
  // nothing is aggregated; none where a limit makes the choice of rows depend on all others.
  std::vector<size_t> sample_keys(const sql::Select& select, size_t column_count) const {
    std::vector<size_t> keys;
    if (!select.set_operation.empty() || select.limit || select.offset || !select.grouping_sets.empty())
      return keys;
    const bool is_plain = std::none_of(select.items.begin(), select.items.end(), [](const sql::Expr& item) {
      return item.kind == sql::Expr::Kind::star;
    });
    if (!is_plain || select.items.size() != column_count) return keys;
    const bool is_grouped = !select.group_by.empty() || select.is_group_by_all;
    std::vector<sql::Expr> groups = select.group_by;
    if (!is_grouped && !select.distinct_on.empty()) groups = select.distinct_on;
    for (size_t i = 0; i < select.items.size(); ++i) {
      sql::Expr bare = select.items[i];
      bare.alias.clear();
      const bool is_key = std::any_of(groups.begin(), groups.end(), [&](const sql::Expr& group) {
        return sql::same_expr(group, bare) || sql::to_sql(group) == fmt::to_string(i + 1) ||
               (group.kind == sql::Expr::Kind::column && group.path.size() == 1 &&
                sql::same_name(group.path[0], select.items[i].alias));
      });
      if (is_key) keys.push_back(i);
    }
    return keys;
  }

  // ---- relations ----

  void add_stream_relation(const VerifyJob::Stream& stream) {
    sql::OrderedRelation relation;
    relation.schema = "bronze";
    relation.ordered_name = stream.name + ":all";
    for (const auto& field : stream.schema.fields) relation.columns.push_back(field.name);
    relation.order = {{std::string(model::offset_column)}, {std::string(model::partition_column)}};
    relation.is_of_events = true;
    relations_[model::bronze(sql::lower(stream.name)).text()] = std::move(relation);
  }

  // bronze.<stream>, plain and with hidden columns, in a catalog; `where` leaves events out.
  Status show_stream(const std::string& catalog, const VerifyJob::Stream& stream, const std::string& where) {
    std::string columns;
    for (const auto& field : stream.schema.fields) append_item(columns, sql::quote_identifier(field.name));
    const std::string raw = "memory.raw." + sql::quote_identifier(stream.name);
    TRY(session_->run(fmt::format("CREATE OR REPLACE VIEW {}{} AS SELECT * FROM {}{}", catalog,
                                  in_layer("bronze", stream.name + ":all"), raw, where)));
    return session_->run(fmt::format("CREATE OR REPLACE VIEW {}{} AS SELECT {} FROM {}{}", catalog,
                                     in_layer("bronze", stream.name), columns, raw, where));
  }

  Status show_table(const std::string& catalog, const VerifyJob::Table& table) {
    std::string columns;
    for (const auto& column : table.columns) append_item(columns, sql::quote_identifier(column.name));
    const std::string raw = "memory.raw." + sql::quote_identifier(table.name);
    TRY(session_->run(fmt::format("CREATE OR REPLACE VIEW {}{} AS SELECT * FROM {}", catalog,
                                  in_layer("bronze", table.name + ":all"), raw)));
    return session_->run(fmt::format("CREATE OR REPLACE VIEW {}{} AS SELECT {} FROM {}", catalog,
                                     in_layer("bronze", table.name), columns, raw));
  }

  // ---- evaluating ----

  Status use_rules(bool is_cross_join, bool is_default) {
    const std::string off =
        is_default ? "" : std::string(rules_off) + (is_cross_join ? "" : ",filter_pushdown,filter_pullup");
    return session_->run(fmt::format("SET disabled_optimizers = {}", sql::quote_literal(off)));
  }

  // The text to run, and how its rows are ordered.
  struct Run {
    std::string sql;
    std::vector<sql::OrderKey> order;
  };
  Result<sql::SpelledOrder> in_order(const sql::Select& select, bool names_system_columns,
                                     bool shows_order) const {
    sql::OrderedRelations relations = relations_;
    for (const auto& stream : job_.streams) {
      if (!names_system_columns) break;
      auto& named = relations.at(model::bronze(sql::lower(stream.name)).text()).named_columns;
      named = {std::string(model::partition_column), std::string(model::offset_column),
               std::string(model::ingested_at_column), std::string(model::raw_column)};
    }
    return sql::spell_order(select, relations, shows_order, aggregates_);
  }
  Result<Run> text_of(const VerifyJob::View& view, bool is_sure) {
    const Written& written = written_.at(sql::lower(view.name));
    const sql::Select select = is_sure ? with_sure_filters(written.select) : written.select;
    const std::string as_written = is_sure ? sql::to_sql(select) : view.sql;
    if (!written.needs_order) return Run{as_written, {}};
    auto spelled = in_order(select, written.names_system_columns, written.shows_order);
    if (!spelled && written.shows_order) spelled = in_order(select, written.names_system_columns, false);
    if (!spelled) return Run{as_written, {}};
    return Run{sql::to_sql(spelled->select), std::move(spelled->order)};
  }

  // Makes layer."<view>:all", a table of its rows and what orders them, and layer.<view> over it.
  Status evaluate(const VerifyJob::View& view) {
    const auto [layer, name] = model::RelationName::of(view.name);
    const auto below = TRY(evaluate_below(view));
    TRY(leave_out_recorded(view));
    const auto done = evaluate_into(view, ":all");
    for (const auto& [reads, relation] : below) TRY(show_view(*reads, relation));
    TRY(show_all_events(view));
    if (!done) {
      // Others may read columns of it that do not fail.
      (void)session_->run(fmt::format("CREATE OR REPLACE VIEW {} AS {}", in_layer(layer, name), view.sql));
      relations_.erase(sql::lower(view.name));
      return fail(done.error());
    }
    return show_view(view, relation_of(view, ":all", *done));
  }

  sql::OrderedRelation relation_of(const VerifyJob::View& view, const std::string& table,
                                   const std::vector<sql::OrderKey>& order) const {
    const auto [layer, name] = model::RelationName::of(view.name);
    sql::OrderedRelation relation{layer, name + table, view.columns, {}, order, false};
    for (const std::string& read : written_.at(sql::lower(view.name)).reads) {
      const auto below = relations_.find(read);
      relation.is_of_events =
          relation.is_of_events || (below != relations_.end() && below->second.is_of_events);
    }
    return relation;
  }

  // layer.<view> over a table of its rows, for those that read it.
  Status show_view(const VerifyJob::View& view, const sql::OrderedRelation& relation) {
    const auto [layer, name] = model::RelationName::of(view.name);
    relations_[sql::lower(view.name)] = relation;
    return session_->run(fmt::format("CREATE OR REPLACE VIEW {} AS SELECT {} FROM {}", in_layer(layer, name),
                                     list_of(view.columns), in_layer(layer, relation.ordered_name)));
  }

  // An event that failed in this view is left out of what it reads too: there it may not have failed. Gives
  // the views below as they were before.
  using Below = std::vector<std::pair<const VerifyJob::View*, sql::OrderedRelation>>;
  Result<Below> evaluate_below(const VerifyJob::View& view) {
    Below before;
    if (!recorded_stream(view) ||
        TRY(session_->query("SELECT count(*) FROM read." + view.recorded_table)).integer(0, 0) == 0)
      return before;
    std::set<std::string> needed = written_.at(sql::lower(view.name)).reads;
    for (auto other = job_.views.rbegin(); other != job_.views.rend(); ++other) {
      const std::string name = sql::lower(other->name);
      if (needed.contains(name))
        needed.insert(written_.at(name).reads.begin(), written_.at(name).reads.end());
    }
    for (const VerifyJob::View& other : job_.views) {
      const auto relation = relations_.find(sql::lower(other.name));
      if (!needed.contains(sql::lower(other.name)) || relation == relations_.end()) continue;
      const auto [layer, name] = model::RelationName::of(other.name);
      TRY(leave_out_recorded(view, &other));
      TRY(session_->run(fmt::format("DROP TABLE IF EXISTS {}", in_layer(layer, name + ":some"))));
      const auto order = evaluate_into(other, ":some");
      if (!order) continue;  // the rows that it has are all that can be said
      before.emplace_back(&other, relation->second);
      TRY(show_view(other, relation_of(other, ":some", *order)));
    }
    return before;
  }

  Result<std::vector<sql::OrderKey>> evaluate_into(const VerifyJob::View& view, const std::string& table) {
    auto done = evaluate_once(view, table, false, false);
    if (!done && done.error().code != Code::cancelled) {
      // Which filter is run first may not decide whether an event fails.
      const Error first = done.error();
      done = evaluate_once(view, table, true, false);
      if (!done) done = evaluate_once(view, table, false, true);
      if (!done) done = fail(first);
    }
    return done;
  }

  Result<std::vector<sql::OrderKey>> evaluate_once(const VerifyJob::View& view, const std::string& table,
                                                   bool is_sure, bool is_default) {
    const auto [layer, name] = model::RelationName::of(view.name);
    TRY(use_rules(written_.at(sql::lower(view.name)).has_cross_join, is_default));
    auto run = TRY(text_of(view, is_sure));
    // As a view first, which takes the text as it is, comments at its end too.
    TRY(session_->run(
        fmt::format("CREATE OR REPLACE VIEW {} AS {}", in_layer(layer, name + ":written"), run.sql)));
    Status made = session_->run(fmt::format("CREATE TABLE {} AS SELECT * FROM {} AS written({})",
                                            in_layer(layer, name + table), in_layer(layer, name + ":written"),
                                            list_of(view.columns)));
    TRY(use_rules(false, false));
    TRY(std::move(made));
    return std::move(run.order);
  }

  const VerifyJob::Stream* recorded_stream(const VerifyJob::View& view) const {
    for (const auto& stream : job_.streams) {
      if (!view.recorded_table.empty() && stream.name == view.recorded_stream) return &stream;
    }
    return nullptr;
  }
  Status leave_out_recorded(const VerifyJob::View& view, const VerifyJob::View* also = nullptr) {
    const auto* stream = recorded_stream(view);
    if (!stream) return {};
    std::string where;
    for (const VerifyJob::View* each : {&view, also}) {
      if (!each || recorded_stream(*each) != stream) continue;
      where += fmt::format("{} (_partition, _offset) NOT IN (SELECT (_partition, _offset) FROM read.{})",
                           where.empty() ? " WHERE" : " AND", each->recorded_table);
    }
    return show_stream("", *stream, where);
  }
  Status show_all_events(const VerifyJob::View& view) {
    const auto* stream = recorded_stream(view);
    return stream ? show_stream("", *stream, "") : Status{};
  }

  // ---- one view ----

  Status verify(const VerifyJob::View& view, Verdict& verdict) {
    TRY(check_recorded(view, verdict));
    const Status made = evaluate(view);
    if (!made) return compare_errors(view, made.error(), verdict);
    if (!view.read_error.empty()) {
      differ(verdict, "reading it raises, and recomputing it does not: " + view.read_error);
      return {};
    }
    TRY(compare(view, verdict));
    return check_predicates(view, verdict);
  }

  static Status compare_errors(const VerifyJob::View& view, const Error& error, Verdict& verdict) {
    if (!view.read_error.empty()) {
      note(verdict, "reading it raises, and so does recomputing it: " + error.describe());
    } else if (view.is_maintained) {
      differ(verdict, "recomputing it raises, and reading it does not: " + error.describe());
    } else {
      return fail(error);
    }
    return {};
  }

  Status compare(const VerifyJob::View& view, Verdict& verdict) {
    const auto [layer, name] = model::RelationName::of(view.name);
    const Written& written = written_.at(sql::lower(view.name));
    const std::string actual = "read." + view.read_table;
    const auto expected_columns = TRY(session_->describe(
        fmt::format("SELECT {} FROM {}", list_of(view.columns), in_layer(layer, name + ":all"))));
    const auto actual_columns = TRY(session_->describe("SELECT * FROM " + actual));
    std::vector<std::string> types;
    for (size_t i = 0; i < expected_columns.size(); ++i) {
      if (i >= actual_columns.size() || expected_columns[i].type != actual_columns[i].type) {
        differ(verdict, fmt::format("the column {} is {} when recomputed and {} when read", view.columns[i],
                                    expected_columns[i].type,
                                    i < actual_columns.size() ? actual_columns[i].type : "missing"));
        return {};
      }
      types.push_back(expected_columns[i].type);
    }
    std::string expected =
        fmt::format("(SELECT * FROM (SELECT {} FROM {}) AS rows({}))", list_of(view.columns),
                    in_layer(layer, name + ":all"), numbered(view.columns.size()));
    std::string sampled = actual;
    if (job_.sample_buckets > 1) {
      std::string keys;
      for (const size_t key : sampled_by(written, types)) append_item(keys, fmt::format("c{}", key));
      if (!keys.empty()) {
        const std::string where = fmt::format(" WHERE hash({}) % {} = 0", keys, job_.sample_buckets);
        expected = fmt::format("(SELECT * FROM {}{})", expected, where);
        sampled = fmt::format("(SELECT * FROM {}{})", actual, where);
        verdict.sample = fmt::format("one in {} of its keys", job_.sample_buckets);
      }
    }
    const auto compared =
        TRY(compare_rows(*session_, expected, sampled, view.columns, types, written.tolerance));
    verdict.rows = compared.actual_rows;
    verdict.differences = compared.differences;
    if (compared.different_rows == 0) return {};
    if (TRY(are_boundary(view, written, compared))) {
      note(verdict,
           fmt::format("{} rows are taken or left by a comparison of doubles that are equal within 1e-9",
                       compared.different_rows));
      verdict.differences.clear();
      return {};
    }
    verdict.outcome = Verdict::Outcome::different;
    return {};
  }

  // Keys that a double may not be in, as its last digits are not the same on both sides.
  static std::vector<size_t> sampled_by(const Written& written, const std::vector<std::string>& types) {
    std::vector<size_t> keys = written.keys;
    if (keys.empty() && !written.is_aggregated && !written.select.limit && !written.select.offset) {
      for (size_t i = 0; i < types.size(); ++i) keys.push_back(i);
    }
    if (written.is_aggregated) std::erase_if(keys, [&](size_t key) { return has_double(types[key]); });
    return keys;
  }

  // Whether every different row comes and goes when the aggregates in HAVING and QUALIFY are a little larger
  // or smaller: then rounding decides, and either answer is right.
  Result<bool> are_boundary(const VerifyJob::View& view, const Written& written,
                            const ComparedRows& compared) {
    const sql::Select& select = written.select;
    if (!written.is_aggregated || (!select.having && !select.qualify)) return false;
    if (compared.exact_columns.empty()) return false;
    const auto nudged = [&](const char* factor) -> Result<std::string> {
      sql::Select other = select;
      const auto nudge = [&](const sql::Expr& expr) {
        return sql::rewrite(expr, [&](const sql::Expr& node) -> Box<sql::Expr> {
          if (node.kind != sql::Expr::Kind::call || !aggregates_.contains(node.name)) return {};
          sql::Expr bare = node;
          bare.alias.clear();
          const std::string text = sql::to_sql(bare);
          return sql::text_expr(
              fmt::format("({0} * CASE WHEN typeof({0}) IN ('DOUBLE', 'FLOAT') THEN {1}::DOUBLE ELSE 1 END)",
                          text, factor));
        });
      };
      if (other.having) other.having = nudge(*other.having);
      if (other.qualify) other.qualify = nudge(*other.qualify);
      if (!written.needs_order) return sql::to_sql(other);
      return sql::to_sql(TRY(in_order(other, written.names_system_columns, false)).select);
    };
    const std::string more = TRY(nudged("1.000000001"));
    const std::string less = TRY(nudged("0.999999999"));
    TRY(leave_out_recorded(view));
    const auto rows_of = [&](const std::string& text) {
      return fmt::format("(SELECT {} FROM ({}\n) AS nudged({}))", compared.exact_columns, text,
                         numbered(view.columns.size()));
    };
    const std::string come_and_go =
        fmt::format("(({0} UNION {1}) EXCEPT ({0} INTERSECT {1}))", rows_of(more), rows_of(less));
    const auto rows = session_->query(
        fmt::format("SELECT count(*) FROM (({}) EXCEPT {})", compared.different_select, come_and_go));
    TRY(show_all_events(view));
    if (!rows) return false;
    return rows->integer(0, 0) == 0;
  }

  // What was read with a condition is what the rows that were read without one say.
  Status check_predicates(const VerifyJob::View& view, Verdict& verdict) {
    for (const auto& predicate : view.predicates) {
      std::string hashed;
      for (const size_t column : predicate.hashed) append_item(hashed, fmt::format("c{}", column));
      const auto rows = TRY(session_->query(fmt::format(
          "SELECT count(*), {} FROM read.{} WHERE {}",
          hashed.empty() ? "''" : fmt::format("coalesce(sum(hash({})::HUGEINT)::VARCHAR, '')", hashed),
          view.read_table, predicate.where)));
      ++verdict.predicates;
      const int64_t count = rows.integer(0, 0);
      if (count == predicate.rows && rows.text(0, 1).value_or("") == predicate.hash) continue;
      differ(verdict,
             count == predicate.rows
                 ? fmt::format("WHERE {} gives other rows than those of the whole view", predicate.shown)
                 : fmt::format("WHERE {} gives {} rows when read, and {} rows of the whole view are so",
                               predicate.shown, predicate.rows, count));
      return {};
    }
    return {};
  }

  // ---- recorded events ----

  // Events that are recorded as failed are left out; so each must be one that fails.
  Status check_recorded(const VerifyJob::View& view, Verdict& verdict) {
    const auto* stream = recorded_stream(view);
    if (!stream) return {};
    const auto recorded = TRY(session_->query(
        fmt::format("SELECT _offset, count(*) OVER (), _partition FROM read.{0} ORDER BY hash((_partition, "
                    "_offset)) LIMIT {1}",
                    view.recorded_table, recorded_events_tried)));
    if (recorded.row_count() == 0) return {};
    const int64_t count = recorded.integer(0, 1);
    note(verdict,
         fmt::format("{} events are recorded as failed in this view and left out on both sides", count));
    TRY(make_lone());
    for (size_t i = 0; i < recorded.row_count(); ++i) {
      const int64_t offset = recorded.integer(i, 0);
      const int64_t partition = recorded.integer(i, 2);
      TRY(session_->run(fmt::format("UPDATE lone.main.at SET o = {}, p = {}", offset, partition)));
      TRY(session_->run("USE lone"));
      const auto alone = session_->query(view.sql);
      TRY(session_->run("USE memory"));
      if (!alone) continue;
      differ(verdict,
             fmt::format("the event at offset {}{} is recorded as failed, and alone it does not fail", offset,
                         stream->ends.size() > 1 ? fmt::format(" of partition {}", partition) : ""));
      return {};
    }
    return {};
  }

  // A second catalog with the same relations, whose streams have one event.
  Status make_lone() {
    if (has_lone_) return {};
    has_lone_ = true;
    TRY(session_->run("ATTACH ':memory:' AS lone"));
    for (const char* schema : {"bronze", "silver", "gold"})
      TRY(session_->run(fmt::format("CREATE SCHEMA lone.{}", schema)));
    TRY(session_->run("CREATE TABLE lone.main.at (o BIGINT, p INTEGER)"));
    TRY(session_->run("INSERT INTO lone.main.at VALUES (0, 0)"));
    for (const auto& stream : job_.streams)
      TRY(show_stream(
          "lone.", stream,
          " WHERE _offset = (SELECT o FROM lone.main.at) AND _partition = (SELECT p FROM lone.main.at)"));
    for (const auto& table : job_.tables) TRY(show_table("lone.", table));
    TRY(session_->run("USE lone"));
    for (const auto& view : job_.views) {
      const auto [layer, name] = model::RelationName::of(view.name);
      (void)session_->run(fmt::format("CREATE VIEW {} AS {}", in_layer(layer, name), view.sql));
    }
    return session_->run("USE memory");
  }

  const VerifyJob& job_;
  const std::function<void(const VerifyProgress&)>& progress_;
  std::unique_ptr<sql::Database> database_;
  std::optional<sql::Session> session_;
  sql::FunctionNames aggregates_;
  std::map<std::string, Written> written_;  // by view, lower case
  sql::OrderedRelations relations_;
  std::string source_;
  bool has_lone_ = false;
};

}  // namespace

std::string_view to_string(Verdict::Outcome outcome) {
  switch (outcome) {
    case Verdict::Outcome::equal:
      return "equal";
    case Verdict::Outcome::different:
      return "different";
    case Verdict::Outcome::failed:
      return "failed";
  }
  return "failed";
}

std::vector<Verdict> recompute(const VerifyJob& job,
                               const std::function<void(const VerifyProgress&)>& progress) {
  Recompute work(job, progress);
  const Status prepared = work.prepare();
  std::vector<Verdict> verdicts;
  const auto total = static_cast<int64_t>(job.views.size());
  for (const auto& view : job.views) {
    if (!prepared) {
      if (!view.is_asked) continue;
      Verdict verdict;
      verdict.view = view.name;
      // Events that are not what was acknowledged are no failure to verify: they are what it is there to
      // find.
      verdict.outcome =
          prepared.error().code == Code::corrupt ? Verdict::Outcome::different : Verdict::Outcome::failed;
      verdict.note = prepared.error().describe();
      verdicts.push_back(std::move(verdict));
      continue;
    }
    progress({"views", view.name, static_cast<int64_t>(verdicts.size()), total});
    if (view.is_asked) {
      verdicts.push_back(work.verify(view));
    } else {
      work.make(view);
    }
  }
  return verdicts;
}

}  // namespace anabranch::quality
