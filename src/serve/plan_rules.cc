#include "serve/plan_rules.h"

#include <algorithm>
#include <utility>

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

// A slice stands as the SQL of a relation: a quoted table, or a read of files.
template <typename Is>
bool any_slice(const Epoch& epoch, const Is& is) {
  for (const auto& [view, parts] : epoch.slices) {
    for (const auto& [part, relations] : parts) {
      if (std::ranges::any_of(relations, is)) return true;
    }
  }
  return false;
}

bool is_table_of(const Epoch& epoch, const sql::BoundTable& table) {
  if (table.schema != main_schema) return false;
  if (table.database == memory) {
    for (const auto& [name, pinned] : epoch.tables) {
      if (pinned == table.name) return true;
    }
    const std::string quoted = sql::quote_identifier(table.name);
    return any_slice(epoch, [&](const std::string& relation) { return relation == quoted; });
  }
  // "gold.daily#main" in the file of the build that has this view.
  const std::string_view view = table.name.substr(0, table.name.find('#'));
  const auto built = epoch.built.find(std::string(view));
  return built != epoch.built.end() && built->second.database == table.database &&
         view.size() < table.name.size();
}

bool is_file_of(const Epoch& epoch, std::string_view file) {
  for (const auto& [stream, archive] : epoch.archives) {
    if (std::ranges::find(archive.files, file) != archive.files.end()) return true;
  }
  for (const auto& [view, built] : epoch.built) {
    if (std::ranges::find(built.row_files, file) != built.row_files.end()) return true;
  }
  const std::string literal = sql::quote_literal(sql::escape_pattern(file));
  return any_slice(epoch, [&](const std::string& relation) {
    return relation.starts_with('(') && relation.find(literal) != std::string::npos;
  });
}

}  // namespace

sql::PlanRules plan_rules(const Epoch& epoch, PlanSources sources) {
  const auto shared = std::make_shared<const PlanSources>(std::move(sources));
  sql::PlanRules rules;
  rules.may_read_table = [&epoch](const sql::BoundTable& table) { return is_table_of(epoch, table); };
  rules.may_read_file = [&epoch, shared](std::string_view file) {
    return is_file_of(epoch, file) || (shared->is_bulk_file && shared->is_bulk_file(file));
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
                                           "variant_normalize"};
  return names;
}

}  // namespace anabranch::serve
