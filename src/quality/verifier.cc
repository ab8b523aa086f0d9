#include "quality/verifier.h"

#include <fmt/format.h>

#include "serve/merged_read.h"
#include "sql/syntax.h"
#include "views/exposed.h"

namespace anabranch::quality {

using speed::Epoch;
using views::Plan;

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

namespace {

constexpr int differences_max = 10;

/// The view from scratch: its own SELECT over all events, views below it likewise.
class Recompute {
 public:
  Recompute(const Epoch& epoch, serve::StreamRelations streams)
      : epoch_(epoch), streams_(std::move(streams)) {
    for (const auto& [name, table] : epoch.tables) {
      views::add_meaning(tables_, epoch.world->relations.at(sql::lower(name)), sql::table_query(table));
    }
  }

  /// The canonical SELECT, or (`is_staged`) all stages over everything at once, for a SELECT that raises
  /// although each of its failing events is recorded: which filter an engine runs first may not decide that.
  sql::Query select_of(const std::string& view, bool is_staged) {
    sql::Meanings meanings;
    for (const Plan& plan : epoch_.world->plans) {
      auto own = tables_;
      own.insert(meanings.begin(), meanings.end());
      add_streams(own, is_staged ? nullptr : plan.part(views::errors_part), plan);
      const bool is_asked = plan.view == view;
      sql::Query select = views::canonical_query(plan, own);
      if (is_asked && is_staged && plan.is_maintained()) select = staged(plan, own);
      if (is_asked) return select;
      meanings[plan.view] = meanings[views::visible_name(plan.view)] = sql::meaning(select);
      if (!plan.inlined.empty()) {
        auto all = tables_;
        all.insert(meanings.begin(), meanings.end());
        add_streams(all, nullptr, plan);
        const sql::Query rows = views::inlined_query(plan, views::rows_query(plan, all));
        meanings[plan.view] = sql::meaning(rows);
        if (plan.part(views::errors_part)) {  // its SELECT may raise; its rows do not
          views::add_meaning(meanings, epoch_.world->relations.at(sql::lower(plan.view)), rows);
        }
      }
    }
    return "";
  }

 private:
  void add_streams(sql::Meanings& meanings, const views::StatePart* errors, const Plan& plan) const {
    for (const auto& [stream, events] : streams_) {
      sql::Query query = events;
      if (errors && serve::is_maintained(epoch_, plan)) {
        query = {
            "SELECT * FROM anabranch.events AS e WHERE NOT EXISTS (SELECT 1 FROM anabranch.recorded AS f "
            "WHERE "
            "f._partition = e._partition AND f._offset = e._offset)",
            {{"events", sql::meaning(events)},
             {"recorded", sql::meaning(serve::merged_part(epoch_, plan, *errors))}}};
      }
      views::add_meaning(meanings, epoch_.world->relations.at(sql::lower(stream)), query);
    }
  }

  static sql::Query staged(const Plan& plan, const sql::Meanings& meanings) {
    sql::Meanings states;
    for (const views::StatePart& part : plan.parts) {
      states[part.name] =
          sql::meaning(views::partial_query(plan, part, meanings, views::rows_query(plan, meanings)));
    }
    return views::finalise_query(plan, states);
  }

  const Epoch& epoch_;
  const serve::StreamRelations streams_;
  sql::Meanings tables_;
};

bool is_double(const std::string& type) { return type == "DOUBLE" || type == "FLOAT"; }

bool has_double_inside(const std::string& type) {
  return type.find("DOUBLE") != std::string::npos || type.find("FLOAT") != std::string::npos;
}

// Doubles that went through an aggregate differ in their last digits; rows computed one by one do not.
bool is_tolerant(const Plan& plan) {
  return plan.view_class != views::ViewClass::linear && plan.view_class != views::ViewClass::keyed;
}

/// Compares two SELECTs with the same columns inside one session.
class Comparison {
 public:
  Comparison(sql::Session& session, const Plan& plan, sql::Query expected, sql::Query actual)
      : session_(session), plan_(plan), expected_(std::move(expected)), actual_(std::move(actual)) {}

  Status run(Verdict& verdict) {
    bool has_doubles = false;
    for (const auto& column : plan_.columns) has_doubles = has_doubles || has_double_inside(column.type);
    if (!has_doubles || !is_tolerant(plan_)) {
      // Count and sum of hashes: as long as both agree, no row needs to be kept in memory.
      const auto actual = TRY(digest(actual_));
      verdict.rows = actual.rows;
      const auto expected = TRY(digest(expected_));
      if (expected.rows == actual.rows && expected.hash == actual.hash) return {};
    } else {
      verdict.rows = TRY(session_.query(sql::over("SELECT count(*) FROM anabranch.side", "side", actual_)))
                         .integer(0, 0);
    }
    return find_differences(verdict);
  }

 private:
  struct Digest {
    int64_t rows = 0;
    std::string hash;
  };

  Result<Digest> digest(const sql::Query& select) {
    std::string columns;
    for (const auto& column : plan_.columns)
      columns += (columns.empty() ? "" : ", ") + sql::quote_identifier(column.name);
    const auto rows = TRY(session_.query(sql::over(
        fmt::format("SELECT count(*), sum(hash({})::HUGEINT)::VARCHAR FROM anabranch.side", columns), "side",
        select)));
    return Digest{rows.integer(0, 0), rows.text(0, 1).value_or("")};
  }

  // Rows are paired by their exact columns; those that agree in all of them are told apart by their place
  // among them.
  Status find_differences(Verdict& verdict) {
    std::string keys;
    std::string on = "e._nth = a._nth";
    std::string order;
    std::string differs;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      const auto& column = plan_.columns[i];
      const std::string name = sql::quote_identifier(column.name);
      const bool is_compared = is_tolerant(plan_) && is_double(column.type);
      order += (order.empty() ? "" : ", ") + name;
      if (is_compared) {
        differs += fmt::format(
            " OR NOT ((e.{0} IS NULL AND a.{0} IS NULL) OR coalesce(e.{0} = a.{0}, false) OR "
            "coalesce(abs(e.{0} - a.{0}) <= 1e-9 * "
            "greatest(abs(e.{0}), abs(a.{0}), 1), false))",
            name);
      } else {
        keys += (keys.empty() ? "" : ", ") + name;
        on += fmt::format(" AND e.{0} IS NOT DISTINCT FROM a.{0}", name);
      }
    }
    const auto numbered = [&](const sql::Query& select) {
      return sql::meaning(
          sql::over(fmt::format("SELECT *, row_number() OVER ({}{}ORDER BY {}) AS _nth FROM anabranch.side",
                                keys.empty() ? "" : "PARTITION BY ", keys.empty() ? "" : keys + " ", order),
                    "side", select));
    };
    std::string columns = "e._nth IS NOT NULL, a._nth IS NOT NULL";
    for (const char* side : {"e", "a"}) {
      for (const auto& column : plan_.columns)
        columns += fmt::format(", {}.{}::VARCHAR", side, sql::quote_identifier(column.name));
    }
    const auto rows =
        TRY(session_.query({fmt::format("SELECT {} FROM anabranch.expected AS e FULL JOIN anabranch.actual "
                                        "AS a ON {} WHERE e._nth IS NULL "
                                        "OR a._nth IS NULL{} LIMIT {}",
                                        columns, on, differs, differences_max),
                            {{"expected", numbered(expected_)}, {"actual", numbered(actual_)}}}));
    for (size_t row = 0; row < rows.row_count(); ++row) {
      Difference difference;
      for (const auto& column : plan_.columns) difference.columns.push_back(column.name);
      const auto side = [&](size_t first) {
        std::vector<std::optional<std::string>> values;
        for (size_t i = 0; i < plan_.columns.size(); ++i) values.push_back(rows.text(row, first + i));
        return values;
      };
      if (rows.text(row, 0) == "true") difference.expected = side(2);
      if (rows.text(row, 1) == "true") difference.actual = side(2 + plan_.columns.size());
      verdict.differences.push_back(std::move(difference));
    }
    if (!verdict.differences.empty()) verdict.outcome = Verdict::Outcome::different;
    return {};
  }

  sql::Session& session_;
  const Plan& plan_;
  const sql::Query expected_;
  const sql::Query actual_;
};

}  // namespace

Result<Verdict> Verifier::verify(const std::string& view) {
  Verdict verdict;
  verdict.view = view;
  const int64_t started_us = clock_.monotonic_us();
  serve::QueryOptions options;
  options.timeout_us = -1;
  TRY(queries_.in_snapshot(
      options, [&](sql::Session& session, const serve::QueryService::Snapshot& snapshot) -> Status {
        const Epoch& epoch = *snapshot.epoch;
        const Plan* plan = epoch.world->plan(view);
        if (!plan)
          return fail(Code::not_found, fmt::format("there is no view {}", view),
                      "anabranch status lists them");
        for (const std::string& stream : plan->streams) {
          const std::string name = stream.substr(stream.find('.') + 1);
          verdict.offsets[name] = snapshot.offsets.at(name);
        }
        const auto streams = TRY(queries_.stream_relations(snapshot, plan->streams));
        const auto read_streams =
            TRY(queries_.stream_relations(snapshot, serve::needed_streams(epoch, {view})));
        const sql::Query actual =
            *serve::relation_meanings(epoch, {view}, read_streams).at(views::visible_name(view));
        Recompute recompute(epoch, streams);
        if (const auto* errors = plan->part(views::errors_part);
            errors && serve::is_maintained(epoch, *plan)) {
          const auto recorded =
              TRY(session.query(sql::over("SELECT count(*) FROM anabranch.recorded", "recorded",
                                          serve::merged_part(epoch, *plan, *errors))));
          if (recorded.integer(0, 0) > 0) {
            verdict.note =
                fmt::format("{} events are recorded as failed in this view and left out on both sides",
                            recorded.integer(0, 0));
          }
        }
        Status compared = Comparison(session, *plan, recompute.select_of(view, false), actual).run(verdict);
        if (!compared && compared.error().code == Code::bad_sql) {
          const std::string first_error = compared.error().describe();
          const auto read = session.query(sql::over("SELECT count(*) FROM anabranch.side", "side", actual));
          if (!read) {
            verdict.note = "reading it raises, and so does recomputing it: " + first_error;
            return {};
          }
          verdict.note += (verdict.note.empty() ? "" : "; ") + std::string("the SELECT as written raises (") +
                          first_error + "), so it was recomputed with its errors guarded";
          compared = Comparison(session, *plan, recompute.select_of(view, true), actual).run(verdict);
        }
        return compared;
      }));
  verdict.elapsed_us = clock_.monotonic_us() - started_us;
  return verdict;
}

}  // namespace anabranch::quality
