#include "serve/plan_rules.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sql/parquet_file.h"
#include "sql/parser.h"
#include "sql/syntax.h"

namespace anabranch::serve {
namespace {

using speed::Epoch;

// The engine's name for the database in memory and for a file's only schema.
constexpr std::string_view memory = "memory";
constexpr std::string_view main_schema = "main";

constexpr std::string_view table_functions[] = {"generate_series", "json_each", "json_tree", "range",
                                                "unnest"};

// What an epoch names, gathered when it is first asked for: a plan may have many tables and files.
class Names {
 public:
  explicit Names(const Epoch& epoch) : epoch_(epoch) {}

  bool has_table(const sql::BoundTable& table) {
    if (table.schema != main_schema) return false;
    if (table.database == memory) {
      gather();
      return tables_.contains(table.name) || slices_.contains(sql::quote_identifier(table.name));
    }
    // "gold.daily#main" in the file of the build that has this view.
    const std::string_view view = table.name.substr(0, table.name.find('#'));
    const auto built = epoch_.built.find(std::string(view));
    return built != epoch_.built.end() && built->second.database == table.database &&
           view.size() < table.name.size();
  }

  bool has_file(std::string_view file) {
    gather();
    if (files_.contains(file)) return true;
    const std::string literal = sql::quote_literal(sql::escape_pattern(file));
    return std::ranges::any_of(
        reads_, [&](std::string_view read) { return read.find(literal) != std::string_view::npos; });
  }

 private:
  void gather() {
    if (is_gathered_) return;
    is_gathered_ = true;
    for (const auto& [name, pinned] : epoch_.tables) tables_.insert(pinned);
    for (const auto& [name, table] : epoch_.world->tables) {
      if (table.is_in_place) files_.insert(table.file);
    }
    for (const auto& [stream, archive] : epoch_.archives) {
      for (const auto& partition : archive.partitions)
        files_.insert(partition.files.begin(), partition.files.end());
    }
    for (const auto& [view, built] : epoch_.built)
      files_.insert(built.row_files.begin(), built.row_files.end());
    // A slice stands as the SQL of a relation: a quoted table, or a read of files.
    for (const auto& [view, parts] : epoch_.slices) {
      for (const auto& [part, relations] : parts) {
        for (const std::string& relation : relations) {
          if (relation.starts_with('('))
            reads_.push_back(relation);
          else
            slices_.insert(relation);
        }
      }
    }
  }

  const Epoch& epoch_;
  bool is_gathered_ = false;
  std::set<std::string_view> tables_;  // all of them are the epoch's
  std::set<std::string_view> slices_;
  std::set<std::string_view> files_;
  std::vector<std::string_view> reads_;
};

}  // namespace

sql::PlanRules plan_rules(const Epoch& epoch, PlanSources sources) {
  const auto shared = std::make_shared<const PlanSources>(std::move(sources));
  sql::PlanRules rules;
  const auto names = std::make_shared<Names>(epoch);
  rules.may_read_table = [names](const sql::BoundTable& table) { return names->has_table(table); };
  rules.may_read_file = [names, shared](std::string_view file) {
    return names->has_file(file) || (shared->is_bulk_file && shared->is_bulk_file(file));
  };
  rules.may_scan = [shared](std::string_view function) {
    return std::ranges::find(table_functions, function) != std::end(table_functions) ||
           shared->logs.contains(function);
  };
  rules.may_call = [shared](std::string_view function) {
    const std::string name = sql::lower(function);
    return (shared->functions && shared->functions->contains(name)) || unnamed_functions().contains(name) ||
           name.starts_with("icu_collate_") ||  // one for each language
           (shared->is_called_by_views && shared->is_called_by_views(name));
  };
  return rules;
}

Result<sql::FunctionNames> functions_of_views(sql::Session& session, const views::World& world) {
  sql::FunctionNames called;
  const auto add = [&](const std::string& text) -> Status {
    if (text.empty()) return {};
    sql::visit_selects(TRY(sql::parse_select(text)), [&](const sql::Select& select) {
      sql::visit_own_exprs(select, [&](const sql::Expr& expr) {
        sql::visit_expr(expr, [&](const sql::Expr& node) {
          if (node.kind == sql::Expr::Kind::call || node.kind == sql::Expr::Kind::window)
            called.insert(node.name);
          return true;
        });
      });
    });
    return {};
  };
  for (const views::Plan& plan : world.plans) {
    for (const std::string* text : {&plan.canonical, &plan.rows, &plan.finalise, &plan.inlined})
      TRY(add(*text));
    for (const views::StatePart& part : plan.parts) {
      for (const std::string* text : {&part.merge, &part.summary}) TRY(add(*text));
    }
  }
  return sql::bound_names(session, called);
}

const sql::FunctionNames& unnamed_functions() {
  // Comparisons of times with a zone, intervals and variants, collations, ORDER BY in aggregates, scalar and
  // row-wise subqueries, casts of structs; and ours that looks out for -0.0 in what is written as Parquet.
  static const sql::FunctionNames names = {"anabranch_zero_watch",
                                           "count_star",
                                           "create_sort_key",
                                           "error",
                                           "first",
                                           "list",
                                           "list_value",
                                           "lower",
                                           "nfc_normalize",
                                           "normalized_interval",
                                           "remap_struct",
                                           "row",
                                           "strip_accents",
                                           "struct_pack",
                                           "timetz_byte_comparable",
                                           "unpivot_list",
                                           "variant_normalize"};
  return names;
}

}  // namespace anabranch::serve
