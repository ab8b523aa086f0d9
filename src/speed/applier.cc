#include "speed/applier.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/mistake.h"
#include "history/history.h"
#include "model/names.h"
#include "sql/syntax.h"
#include "views/exposed.h"

namespace anabranch::speed {

/// Gives the batches of the step that is being applied, those in memory.
class Applier::StepFeed final : public sql::Feed {
 public:
  using Batches = std::vector<std::shared_ptr<const model::ColumnBatch>>;
  void set(const std::vector<history::Events>& pieces) {
    batches_ = std::make_shared<Batches>();
    for (const history::Events& piece : pieces)
      batches_->insert(batches_->end(), piece.batches.begin(), piece.batches.end());
  }
  void clear() { batches_.reset(); }

  Result<std::unique_ptr<Cursor>> open(model::Offset, model::Offset) override {
    auto cursor = std::make_unique<StepCursor>(batches_);
    if (is_planted("the first statement of a step takes the events from the others")) clear();
    return cursor;
  }

 private:
  struct StepCursor final : Cursor {
    explicit StepCursor(std::shared_ptr<const Batches> from) : batches(std::move(from)) {}
    const std::shared_ptr<const Batches> batches;
    size_t at = 0;
    Result<std::shared_ptr<const model::ColumnBatch>> next() override {
      if (!batches || at == batches->size()) return nullptr;
      return (*batches)[at++];
    }
  };
  std::shared_ptr<Batches> batches_;  // of the step that is running
};

namespace {

// The statements of such a step are made for it, and read no stages.
bool lie_in_files(const std::vector<history::Events>& pieces) {
  return std::any_of(pieces.begin(), pieces.end(),
                     [](const history::Events& piece) { return piece.lie_in_files(); });
}

bool has_files(const Step& step) {
  return std::any_of(step.begin(), step.end(), [](const auto& each) { return lie_in_files(each.second); });
}

bool has_events_of(const Step& step, const std::set<std::string>& streams) {
  return std::any_of(streams.begin(), streams.end(), [&](const std::string& stream) {
    const auto events = step.find(stream);
    return events != step.end() && !events->second.empty();
  });
}

}  // namespace

std::string create_table_sql(const std::string& table, const views::StatePart& part) {
  std::string columns;
  for (const auto& column : part.columns) {
    columns +=
        fmt::format("{}{} {}", columns.empty() ? "" : ", ", sql::quote_identifier(column.name), column.type);
  }
  return fmt::format("CREATE TABLE {} ({})", sql::quote_identifier(table), columns);
}

Result<std::unique_ptr<Applier>> Applier::create(sql::Database& database, int id,
                                                 std::shared_ptr<const views::World> world,
                                                 std::map<std::string, std::string> tables) {
  auto session = TRY(database.connect());
  std::unique_ptr<Applier> applier(new Applier(std::move(session), std::move(world), std::move(tables)));
  applier->id_ = id;
  for (const auto& [stream, schema] : applier->world_->schemas) {
    auto feed = std::make_shared<StepFeed>();
    applier->feeds_[stream] = feed;
    TRY(database.register_feed(applier->feed_name(stream), schema, feed));
  }
  TRY(applier->stage_views(database));
  return applier;
}

// Linear views that several statements read: it is the joins and checks in them that a tick spends its time
// on.
Status Applier::stage_views(sql::Database& database) {
  for (const views::Plan& plan : world_->plans) {
    if (plan.inlined.empty() || !plan.is_maintained()) continue;
    const auto is_reader = [&](const views::Plan& other) {
      return other.is_maintained() && (other.view == plan.view || other.relations.contains(plan.view));
    };
    if (std::count_if(world_->plans.begin(), world_->plans.end(), is_reader) < 2) continue;
    auto select = session_.prepare(stage_query(plan, meanings(feed_meanings(), true)));
    if (!select) continue;  // the statements of the views that read it say what is wrong
    auto rows = TRY(database.register_stage(stage_name(plan.view), *select));
    staged_.push_back({plan.view, plan.streams, std::move(rows), std::nullopt});
  }
  return {};
}

std::string Applier::stage_name(const std::string& view) const {
  std::string name = fmt::format("stage_{}_{}", id_, view);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::string Applier::feed_name(const std::string& stream) const {
  return fmt::format("feed_{}_{}", id_, model::name_in_layer(stream));
}

sql::Meanings Applier::feed_meanings() const {
  sql::Meanings streams;
  for (const auto& [stream, feed] : feeds_)
    streams[stream] = sql::meaning("FROM " + sql::quote_identifier(feed_name(stream)) + "()");
  return streams;
}

// The pieces in files, and the feed with those in memory, as one relation.
Result<std::string> Applier::step_source(const std::string& stream,
                                         const std::vector<history::Events>& pieces) const {
  const model::Schema& schema = world_->schemas.at(stream);
  std::string columns;
  for (const auto& column : history::columns_of(stream, schema))
    columns += (columns.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  std::vector<std::string> sources;
  for (const history::Events& piece : pieces) {
    if (piece.lie_in_files()) sources.push_back(TRY(history::file_source(piece, schema)));
  }
  if (sources.size() < pieces.size()) sources.push_back(sql::quote_identifier(feed_name(stream)) + "()");
  std::string all;
  for (const std::string& source : sources)
    all += fmt::format("{}SELECT {} FROM {}", all.empty() ? "" : " UNION ALL ", columns, source);
  return fmt::format("FROM ({})", all);
}

// A stage holds the rows of a linear view with all of their columns.
sql::Query Applier::stage_query(const views::Plan& plan, const sql::Meanings& meanings) {
  return views::rows_query(plan, meanings);
}

bool Applier::is_staged(const std::string& view) const {
  return std::any_of(staged_.begin(), staged_.end(),
                     [&](const Staged& staged) { return staged.view == view; });
}

sql::Meanings Applier::meanings(const sql::Meanings& streams, bool reads_stages) const {
  sql::Meanings all = streams;
  for (const auto& [table, memory_table] : tables_)
    views::add_meaning(all, world_->relations.at(sql::lower(table)), sql::table_query(memory_table));
  for (const views::Plan& plan : world_->plans) {  // in the order of dependencies
    if (plan.inlined.empty()) continue;
    all[plan.view] = sql::meaning(views::inlined_query(plan, rows_of(plan, all, reads_stages)));
  }
  return all;
}

sql::Query Applier::rows_of(const views::Plan& plan, const sql::Meanings& meanings, bool reads_stages) const {
  if (reads_stages && is_staged(plan.view))
    return "FROM " + sql::quote_identifier(stage_name(plan.view)) + "()";
  return views::rows_query(plan, meanings);
}

void Applier::forget_plans(const ActiveTables& active) {
  active_ = active;
  inserts_.clear();
  meanings_of_plans_ = meanings(feed_meanings(), true);
  for (Staged& staged : staged_) staged.statement.reset();
  for (const views::Plan& plan : world_->plans) {
    if (!plan.is_maintained() || left_out_.contains(plan.view)) continue;
    const auto tables = active.find(plan.view);
    if (tables == active.end()) continue;
    for (const views::StatePart& part : plan.parts) {
      inserts_.push_back({plan.view, plan.streams, tables->second.at(part.name), &part, std::nullopt});
    }
  }
}

void Applier::plan_all() {
  for (Staged& staged : staged_) (void)plan(staged);
  for (Insert& insert : inserts_) (void)plan(insert);
}

void Applier::forget_stages() {
  staged_.clear();
  forget_plans(active_);
}

Status Applier::plan(Staged& staged) {
  if (staged.statement) return {};
  auto select = session_.prepare(stage_query(*world_->plan(staged.view), meanings_of_plans_));
  if (!select) return in_context(std::move(select), "planning " + staged.view);
  staged.statement = std::move(*select);
  return {};
}

Status Applier::plan(Insert& insert) {
  if (insert.statement) return {};
  auto statement = session_.prepare(
      insert_query(insert.table, *world_->plan(insert.view), *insert.part, meanings_of_plans_, true));
  if (!statement) return in_context(std::move(statement), "planning " + insert.view);
  insert.statement = std::move(*statement);
  return {};
}

// Outside of the step's transaction, which a failure would end.
Status Applier::plan_step(const Step& step, std::string& failed_view, const std::set<std::string>* only) {
  if (has_files(step)) return {};
  for (Staged& staged : staged_) {
    if (!has_events_of(step, staged.streams)) continue;
    Status planned = plan(staged);
    if (planned) continue;
    if (planned.error().code == Code::too_large) return planned;
    forget_stages();
    break;
  }
  for (Insert& insert : inserts_) {
    if (!takes_part(insert, step, only)) continue;
    if (Status planned = plan(insert); !planned) {
      failed_view = insert.view;
      return planned;
    }
  }
  return {};
}

sql::Query Applier::insert_query(const std::string& table, const views::Plan& plan,
                                 const views::StatePart& part, const sql::Meanings& meanings,
                                 bool reads_stages) const {
  return sql::over(
      fmt::format("INSERT INTO {} FROM {}", sql::quote_identifier(table), sql::relation("states")), "states",
      views::partial_query(plan, part, meanings, rows_of(plan, meanings, reads_stages)));
}

bool Applier::takes_part(const Insert& insert, const Step& step, const std::set<std::string>* only) const {
  return !left_out_.contains(insert.view) && (!only || only->contains(insert.view)) &&
         has_events_of(step, insert.streams);
}

Status Applier::run_stages(const Step& step) {
  if (has_files(step)) return {};
  for (Staged& staged : staged_) {
    if (has_events_of(step, staged.streams)) TRY(staged.statement->run_into(*staged.rows));
  }
  return {};
}

Status Applier::run_inserts(const Step& step, std::string& failed_view, const std::set<std::string>* only) {
  // Files are read in place of the feed, by statements made for this step.
  sql::Meanings streams = feed_meanings();
  const bool has_file = has_files(step);
  for (const auto& [stream, pieces] : step) {
    if (!lie_in_files(pieces) || !world_->schemas.contains(stream))
      continue;  // a removed stream's last events
    streams[stream] = sql::meaning(TRY(step_source(stream, pieces)));
  }
  sql::Meanings bound;
  if (has_file) bound = meanings(streams);
  for (Insert& insert : inserts_) {
    if (!takes_part(insert, step, only)) continue;
    if (has_file && insert.part->name == views::errors_part &&
        is_planted("ticks of bulk files record no errors"))
      continue;
    Status done;
    if (has_file) {
      done = session_.run(insert_query(insert.table, *world_->plan(insert.view), *insert.part, bound, false));
    } else if (auto ran = insert.statement->run(); !ran) {
      done = fail(std::move(ran).error());
    }
    if (!done) {
      failed_view = insert.view;
      return in_context(std::move(done), "computing " + insert.view);
    }
  }
  return {};
}

Status Applier::apply(const Step& step, const std::string& also, std::string& failed_view,
                      const std::set<std::string>* only) {
  TRY(plan_step(step, failed_view, only));
  for (const auto& [stream, pieces] : step) {
    if (const auto feed = feeds_.find(stream); feed != feeds_.end()) feed->second->set(pieces);
  }
  TRY(session_.run("BEGIN TRANSACTION"));
  Status done = run_stages(step);
  if (!done && done.error().code != Code::too_large) {
    (void)session_.run("ROLLBACK");
    forget_stages();
    done = plan_step(step, failed_view, only);
    if (!done) {
      for (auto& [stream, feed] : feeds_) feed->clear();
      return done;
    }
    TRY(session_.run("BEGIN TRANSACTION"));
    done = {};
  }
  if (done) done = run_inserts(step, failed_view, only);
  for (auto& [stream, feed] : feeds_) feed->clear();
  for (Staged& staged : staged_) staged.rows->clear();
  if (done && !also.empty()) done = session_.run(also);
  if (done) done = session_.run("COMMIT");
  if (!done) (void)session_.run("ROLLBACK");
  return done;
}

}  // namespace anabranch::speed
