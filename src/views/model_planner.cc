#include "views/model_planner.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/threads.h"
#include "sql/parser.h"

namespace anabranch::views {

ModelPlanner::ModelPlanner(const std::vector<ModelSource>& models, const std::vector<Relation>& sources,
                           const std::map<std::string, Error>& absent)
    : sources_(models),
      relations_(sources),
      absent_(absent),
      models_(models.size()),
      planned_(models.size()) {}

Result<std::vector<PlannedModel>> ModelPlanner::run(size_t threads) {
  std::map<std::string, size_t> before;
  for (size_t i = 0; i < sources_.size(); ++i) {
    read(i);
    if (models_[i].select) {
      std::set<size_t> reads;
      for (const auto& table : sql::table_names(*models_[i].select)) {
        const auto found = before.find(sql::lower(table.schema + "." + table.name));
        if (found != before.end()) reads.insert(found->second);
      }
      models_[i].reads.assign(reads.begin(), reads.end());
      for (const size_t other : reads) {
        models_[other].read_by.push_back(i);
        planned_[i].reads.push_back(sql::lower(sources_[other].name));
      }
    }
    before[sql::lower(sources_[i].name)] = i;
  }
  {
    Lock lock(mutex_);
    left_ = models_.size();
    for (size_t i = 0; i < models_.size(); ++i) {
      models_[i].waits_for = models_[i].reads.size();
      if (models_[i].waits_for == 0) ready_.insert(i);
    }
  }
  // A compiler is an engine: not more of them than pay.
  constexpr size_t models_per_thread_min = 8;
  const size_t wanted =
      threads > 0 ? threads : std::min(core_count(), 1 + models_.size() / models_per_thread_min);
  run_on_threads(wanted, [this] {
    Status worked = work();
    if (worked) return;
    Lock lock(mutex_);
    if (!failure_) failure_ = std::move(worked).error();
    changed_.notify_all();
  });
  Lock lock(mutex_);
  if (failure_) return fail(*failure_);
  return std::move(planned_);
}

// Parses a model that nobody has parsed, and finds what it reads that is not there.
void ModelPlanner::read(size_t index) {
  const ModelSource& source = sources_[index];
  Model& model = models_[index];
  std::vector<Error>& errors = planned_[index].errors;
  model.select = source.select;
  if (!model.select) {
    auto parsed = sql::parse_select(source.sql);
    if (!parsed) {
      Error error = std::move(parsed).error();
      if (!error.place) error.place = Place{"", 1, 1};
      error.place->file = source.file;
      errors.push_back(std::move(error));
      return;
    }
    model.select = std::make_shared<const sql::Select>(std::move(*parsed));
  }
  for (const auto& table : sql::table_names(*model.select)) {
    const std::string full = sql::lower(table.schema + "." + table.name);
    const auto absent = absent_.find(full);
    if (absent == absent_.end()) continue;
    Error error = absent->second;
    error.place = sql::place_at(source.sql, table.position);
    error.place->file = source.file;
    errors.push_back(std::move(error));
  }
}

Result<Compiler> ModelPlanner::create_compiler() const {
  auto compiler = TRY(Compiler::create());
  for (const Relation& relation : relations_) compiler.add_relation(relation);
  return compiler;
}

Status ModelPlanner::work() {
  auto compiler = TRY(create_compiler());
  while (true) {
    size_t index = 0;
    {
      Lock lock(mutex_);
      while (ready_.empty() && left_ > 0 && !failure_) lock.wait(changed_);
      if (left_ == 0 || failure_) return {};
      index = *ready_.begin();
      ready_.erase(ready_.begin());
    }
    plan(index, compiler);
    Lock lock(mutex_);
    for (const size_t next : models_[index].read_by) {
      if (--models_[next].waits_for == 0) ready_.insert(next);
    }
    --left_;
    changed_.notify_all();
  }
}

void ModelPlanner::plan(size_t index, Compiler& compiler) {
  const ModelSource& source = sources_[index];
  const Model& model = models_[index];
  PlannedModel& outcome = planned_[index];
  // Errors are said once, where they began.
  const bool reads_failed = std::any_of(model.reads.begin(), model.reads.end(),
                                        [&](size_t below) { return !planned_[below].view; });
  if (!model.select || !outcome.errors.empty() || reads_failed) return;
  compiler.forget_views();
  for (const size_t below : model.reads) compiler.add_view(*planned_[below].view);
  auto view = compiler.compile(source.name, *model.select, source.sql);
  if (view) {
    outcome.view = std::make_shared<const CompiledView>(std::move(*view));
    return;
  }
  Error error = std::move(view).error();
  if (!error.place) error.place = Place{"", 1, 1};
  error.place->file = source.file;
  outcome.errors.push_back(std::move(error));
}

}  // namespace anabranch::views
