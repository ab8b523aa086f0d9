#include "speed/applier.h"

#include <fmt/format.h>

#include "ingest/bulk.h"
#include "sql/syntax.h"

namespace anabranch::speed {

/// Gives the batches of the step that is being applied.
class Applier::StepFeed final : public sql::Feed {
 public:
  void set(const std::vector<std::shared_ptr<const model::ColumnBatch>>* batches) { batches_ = batches; }

  Result<std::unique_ptr<Cursor>> open(model::Offset, model::Offset) override {
    return std::make_unique<StepCursor>(batches_);
  }

 private:
  struct StepCursor final : Cursor {
    explicit StepCursor(const std::vector<std::shared_ptr<const model::ColumnBatch>>* from) : batches(from) {}
    const std::vector<std::shared_ptr<const model::ColumnBatch>>* batches;
    size_t at = 0;
    Result<std::shared_ptr<const model::ColumnBatch>> next() override {
      if (!batches || at == batches->size()) return nullptr;
      return (*batches)[at++];
    }
  };
  const std::vector<std::shared_ptr<const model::ColumnBatch>>* batches_ = nullptr;  // of the step that is running
};

std::string create_table_sql(const std::string& table, const views::StatePart& part) {
  std::string columns;
  for (const auto& column : part.columns) {
    columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", sql::quote_identifier(column.name), column.type);
  }
  return fmt::format("CREATE TABLE {} ({});", sql::quote_identifier(table), columns);
}

Result<std::unique_ptr<Applier>> Applier::create(sql::Database& database, int id, std::shared_ptr<const views::World> world,
                                                 std::map<std::string, std::string> tables) {
  std::unique_ptr<Applier> applier(new Applier(TRY(database.connect()), std::move(world), std::move(tables)));
  applier->id_ = id;
  for (const auto& [stream, schema] : applier->world_->schemas) {
    auto feed = std::make_shared<StepFeed>();
    applier->feeds_[stream] = feed;
    TRY(database.register_feed(applier->feed_name(stream), schema, feed));
  }
  return applier;
}

std::string Applier::feed_name(const std::string& stream) const {
  return fmt::format("feed_{}_{}", id_, stream.substr(stream.find('.') + 1));
}

std::map<std::string, std::string> Applier::meanings(const std::map<std::string, std::string>& streams) const {
  std::map<std::string, std::string> all = streams;
  for (const auto& [table, memory_table] : tables_) all[table] = sql::quote_identifier(memory_table);
  for (const views::Plan& plan : world_->plans) {  // in the order of dependencies
    if (!plan.inlined.empty()) all[plan.view] = "(" + views::bind_relations(plan.inlined, all) + ")";
  }
  return all;
}

Status Applier::prepare(const ActiveTables& active) {
  active_ = active;
  inserts_.clear();
  std::map<std::string, std::string> streams;
  for (const auto& [stream, feed] : feeds_) streams[stream] = feed_name(stream) + "()";
  const auto bound = meanings(streams);
  for (const views::Plan& plan : world_->plans) {
    if (!plan.is_maintained() || left_out_.contains(plan.view)) continue;
    const auto tables = active.find(plan.view);
    if (tables == active.end()) continue;
    for (const views::StatePart& part : plan.parts) {
      const std::string partial = views::bind_relations(part.partial, {{"rows", "(" + plan.rows + ")"}});
      const std::string insert = fmt::format("INSERT INTO {} ", sql::quote_identifier(tables->second.at(part.name))) + partial;
      auto statement = session_.prepare(views::bind_relations(insert, bound));
      if (!statement) return in_context(std::move(statement), "planning " + plan.view);
      inserts_.push_back({plan.view, plan.streams, insert, std::move(*statement)});
    }
  }
  return {};
}

Status Applier::run_inserts(const Step& step, std::string& failed_view, const std::set<std::string>* only) {
  // Bulk files are read in place of the feed, by statements made for this step.
  std::map<std::string, std::string> streams;
  bool has_bulk = false;
  for (const auto& [stream, events] : step) {
    streams[stream] = feed_name(stream) + "()";
    const auto feed = feeds_.find(stream);
    if (feed != feeds_.end()) feed->second->set(&events.batches);
  }
  for (const auto& [stream, events] : step) {
    if (!events.bulk) continue;
    has_bulk = true;
    const auto file = TRY(ingest::bulk_file(*events.bulk));
    const io::Path folder = ingest::bulk_folder(events.stream_folder, events.bulk->partition);
    streams[stream] = ingest::bulk_relation(file, folder, *events.bulk, world_->schemas.at(stream), events.range.first, events.range.end);
  }
  std::map<std::string, std::string> bound;
  if (has_bulk) bound = meanings(streams);
  for (Insert& insert : inserts_) {
    if (left_out_.contains(insert.view) || (only && !only->contains(insert.view))) continue;
    bool has_events = false;
    for (const std::string& stream : insert.streams) {
      const auto events = step.find(stream);
      has_events = has_events || (events != step.end() && events->second.range.size() > 0);
    }
    if (!has_events) continue;
    Status done;
    if (has_bulk) {
      done = session_.run(views::bind_relations(insert.sql, bound));
    } else if (auto ran = insert.statement.run(); !ran) {
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
  TRY(session_.run("BEGIN TRANSACTION"));
  Status done = run_inserts(step, failed_view, only);
  for (auto& [stream, feed] : feeds_) feed->set(nullptr);
  if (done && !also.empty()) done = session_.run(also);
  if (done) done = session_.run("COMMIT");
  if (!done) (void)session_.run("ROLLBACK");
  return done;
}

}  // namespace anabranch::speed
