#include "serve/view_sizes.h"

#include <fmt/format.h>

#include "serve/merged_read.h"
#include "sql/syntax.h"

namespace anabranch::serve {
namespace {

std::string count_of(const std::string& relation) { return "(SELECT count(*) FROM " + relation + ")"; }

// `SELECT 'gold.x', <rows of slices>, <recorded events>` for each view that has slices.
sql::Query counting_query(const speed::Epoch& epoch) {
  sql::Query query = "";
  std::string& sql = query.text;
  for (const views::Plan& plan : epoch.world->plans) {
    const auto slices = epoch.slices.find(plan.view);
    if (slices == epoch.slices.end() || !is_maintained(epoch, plan)) continue;
    std::string rows = "0", errors = "0";
    if (const auto relations = slices->second.find("main"); relations != slices->second.end()) {
      for (const std::string& relation : relations->second) rows += " + " + count_of(relation);
    }
    if (const auto* part = plan.part(views::errors_part)) {
      query.relations[plan.view] = sql::meaning(merged_part(epoch, plan, *part));
      errors = count_of(sql::relation(plan.view));
    }
    sql += fmt::format("{}SELECT {}, {}, {}", sql.empty() ? "" : " UNION ALL ", sql::quote_literal(plan.view),
                       rows, errors);
  }
  return query;
}

}  // namespace

Result<std::map<std::string, ViewSize>> view_sizes(QueryService& queries) {
  constexpr int64_t timeout_us = 5'000'000;
  std::map<std::string, ViewSize> sizes;
  TRY(queries.in_snapshot({.timeout_us = timeout_us},
                          [&](sql::Session& session, const auto& snapshot) -> Status {
                            const sql::Query counts = counting_query(*snapshot.epoch);
                            if (counts.text.empty()) return {};
                            const auto rows = TRY(session.query(counts));
                            for (size_t i = 0; i < rows.row_count(); ++i)
                              sizes[*rows.text(i, 0)] = {rows.integer(i, 1), rows.integer(i, 2)};
                            return {};
                          }));
  return sizes;
}

}  // namespace anabranch::serve
