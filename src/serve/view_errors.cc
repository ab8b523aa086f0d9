#include "serve/view_errors.h"

#include <fmt/format.h>

#include "model/names.h"
#include "serve/merged_read.h"

namespace anabranch::serve {
namespace {

// The view and its blocks.
std::vector<const views::Plan*> tried_plans(const views::World& world, const views::Plan& plan) {
  std::vector<const views::Plan*> plans = {&plan};
  for (const std::string& name : plan.relations) {
    const views::Plan* read = world.plan(name);
    if (read && read->is_hidden) plans.push_back(read);
  }
  return plans;
}

}  // namespace

Result<ViewErrors> recorded_errors(QueryService& queries, sql::Database& database, const std::string& view,
                                   size_t limit) {
  ViewErrors out;
  TRY(queries.in_snapshot({}, [&](sql::Session& session, const QueryService::Snapshot& snapshot) -> Status {
    const views::Plan* plan = snapshot.epoch->world->plan(view);
    if (!plan) return fail(Code::not_found, fmt::format("there is no view {}", view));
    const auto* part = plan->part(views::errors_part);
    if (!part || !is_maintained(*snapshot.epoch, *plan) || plan->streams.size() != 1) return {};
    const sql::Query recorded = merged_part(*snapshot.epoch, *plan, *part);
    const std::string stream = *plan->streams.begin();
    // First: what it may register, the transaction sees only before it has looked for any function.
    const auto events = TRY(queries.stream_relations(snapshot, {stream}));
    out.total = TRY(session.query(sql::over("SELECT count(*) FROM anabranch.recorded", "recorded", recorded)))
                    .integer(0, 0);
    if (out.total == 0) return {};
    const auto rows = TRY(session.query(
        {fmt::format(
             "SELECT e._partition, e._offset, e._raw FROM anabranch.events AS e JOIN anabranch.recorded "
             "AS f ON e._partition = f._partition AND e._offset = f._offset ORDER BY 2, 1 LIMIT {}",
             limit),
         {{"events", sql::meaning(events.at(stream))}, {"recorded", sql::meaning(recorded)}}}));
    auto alone = TRY(database.connect());  // an error ends the transaction that it comes in
    for (size_t i = 0; i < rows.row_count(); ++i) {
      ViewError error;
      error.stream = model::name_in_layer(stream);
      error.partition = static_cast<model::Partition>(rows.integer(i, 0));
      error.offset = rows.integer(i, 1);
      error.raw = rows.text(i, 2).value_or("");
      // The message comes from evaluating the view's own SELECT on this one event.
      auto meanings = relation_meanings(
          *snapshot.epoch, plan->relations,
          {{stream,
            sql::over(fmt::format("SELECT * FROM anabranch.events WHERE _partition = {} AND _offset = {}",
                                  error.partition, error.offset),
                      "events", events.at(stream))}});
      // A block of the view gives no row for it and no error either, so blocks are tried too.
      error.message = "it fails together with other events";
      for (const views::Plan* tried : tried_plans(*snapshot.epoch->world, *plan)) {
        const auto again = alone.query(views::canonical_query(*tried, meanings));
        if (again) continue;
        error.message = again.error().message;
        break;
      }
      out.errors.push_back(std::move(error));
    }
    return {};
  }));
  return out;
}

}  // namespace anabranch::serve
