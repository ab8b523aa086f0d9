#include "batch/view_builder.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/mistake.h"
#include "lake/type_mapping.h"
#include "model/names.h"
#include "sql/object_urls.h"
#include "sql/parquet_file.h"
#include "sql/parquet_relation.h"
#include "views/exposed.h"

namespace anabranch::batch {

using views::Plan;

std::string BuildOutcome::database_file() const { return fmt::format("serving/{}.duckdb", job_.build_id); }

void BuildOutcome::mean_relation(const views::Relation& relation, const sql::Query& query) {
  Lock lock(mutex_);
  views::add_meaning(meanings_, relation, query);
}

void BuildOutcome::mean_view(const std::string& view, const sql::Query& query, const sql::Query& ordered) {
  Lock lock(mutex_);
  meanings_[views::visible_name(view)] = sql::meaning(query);
  meanings_[view] = sql::meaning(ordered);
}

void BuildOutcome::mean_hidden(const std::string& view, const sql::Query& query) {
  Lock lock(mutex_);
  meanings_[view] = sql::meaning(query);
}

sql::Meanings BuildOutcome::meanings_for(const Plan& plan) const {
  Lock lock(mutex_);
  return views::only(plan.relations, meanings_);
}

std::vector<std::string> BuildOutcome::input_files() const {
  std::vector<std::string> all;
  for (const auto& [stream, partitions] : job_.archives) {
    for (const auto& files : partitions) all.insert(all.end(), files.begin(), files.end());
  }
  for (const auto& [name, table] : job_.world.tables) all.push_back(table.file);
  return all;
}

bool BuildOutcome::names_input(std::string_view message) const {
  return std::ranges::any_of(
      input_files(), [&](const std::string& file) { return message.find(file) != std::string_view::npos; });
}

void BuildOutcome::add(lake::ViewBuild built) {
  Lock lock(mutex_);
  result_.rows += built.rows;
  result_.views[built.view] = std::move(built);
}

void BuildOutcome::add_failure(const std::string& view, std::string message) {
  Lock lock(mutex_);
  result_.failed[view] = std::move(message);
}

BuildResult BuildOutcome::take() {
  Lock lock(mutex_);
  return std::move(result_);
}

namespace {

std::string column_list(const std::vector<model::RelationColumn>& columns) {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  return list;
}

// States lie sorted by key, so that a read of one key looks at little of them.
std::string order_by(const views::StatePart& part) {
  std::string order;
  for (const std::string& key : part.keys)
    order += (order.empty() ? " ORDER BY " : ", ") + sql::quote_identifier(key);
  return order;
}

}  // namespace

// Whether the view's SQL over its data is to blame, rather than memory, the disk, a file of the lake or us:
// then the others are built all the same, and a read of this one gives the error.
bool ViewBuilder::is_of_the_view(const Error& error) const {
  const bool is_of_sql =
      error.code == Code::bad_sql || error.code == Code::bad_input || error.code == Code::refused;
  return is_of_sql && !outcome_.names_input(error.message);
}

Status ViewBuilder::build() {
  lake::ViewBuild built;
  built.view = plan_.view;
  built.build_id = outcome_.job().build_id;
  built.plan_hash = outcome_.job().world.basis_hashes.at(plan_.view);
  for (const std::string& stream : plan_.streams) {
    const std::string name = model::name_in_layer(stream);
    built.cutoff[name] = outcome_.job().cutoff.at(name);
    if (is_planted("a build says of itself that it ends one event earlier")) --built.cutoff[name][0];
  }
  built.database_file = outcome_.database_file();
  sql::Query select = "";
  if (plan_.is_maintained()) {
    auto states = build_states(built);
    if (!states && is_of_the_view(states.error())) {
      record_failure(states.error());
      TRY(remove_states());
      pass_over();
      return {};
    }
    if (!states) return fail(std::move(states).error());
    select = views::finalise_query(plan_, *states);
    if (plan_.inlined.empty())
      outcome_.mean_view(plan_.view, select, views::ordered_finalise_query(plan_, std::move(*states)));
  } else {
    select = views::canonical_query(plan_, meanings_);
    outcome_.mean_view(plan_.view, select, views::ordered_query(plan_, meanings_));
  }
  built.rows = built.part_rows.contains("main") ? built.part_rows.at("main") : 0;
  if (outcome_.job().world.materialized.at(plan_.view) && !plan_.depends_on_moment) {
    Status written = write_result(select, built);
    if (!written && !is_of_the_view(written.error())) return written;
    if (!written) record_failure(written.error());
  }
  outcome_.add(std::move(built));
  return {};
}

void ViewBuilder::pass_over() {
  outcome_.mean_view(plan_.view, views::canonical_query(plan_, meanings_),
                     views::ordered_query(plan_, meanings_));
  if (plan_.inlined.empty()) return;
  outcome_.mean_hidden(plan_.view, views::inlined_query(plan_, views::rows_query(plan_, meanings_)));
}

void ViewBuilder::record_failure(const Error& error) {
  std::string message = error.message;  // its place is one in our text, not in the person's
  views::hide_marks(message);
  outcome_.add_failure(plan_.view, std::move(message));
}

// Where the states of each part are.
Result<sql::Meanings> ViewBuilder::build_states(lake::ViewBuild& built) {
  sql::Meanings states;
  for (const views::StatePart& part : plan_.parts) {
    states[part.name] = sql::meaning(TRY(build_part(part, built)));
    if (auto summary = build_summary(part, states.at(part.name), built))
      states[views::summary_name(part)] = sql::meaning(std::move(*summary));
  }
  return states;
}

// Of the parts that were done before another one failed.
Status ViewBuilder::remove_states() {
  for (const views::StatePart& part : plan_.parts) {
    TRY(session_.run("DROP TABLE IF EXISTS " + state_table(part.name)));
    TRY(session_.run("DROP TABLE IF EXISTS " + state_table(views::summary_name(part))));
  }
  return outcome_.store().remove(row_file());
}

// Computes one part over all events; returns its states.
Result<sql::Query> ViewBuilder::build_part(const views::StatePart& part, lake::ViewBuild& built) {
  const bool is_rows = plan_.view_class == views::ViewClass::linear && part.name == "main";
  if (is_rows) return build_rows(built);
  const bool forgets = part.name == views::errors_part && is_planted("a build forgets recorded events");
  const std::string table = state_table(part.name);
  const auto made = TRY(session_.query(sql::over(
      fmt::format("CREATE TABLE {} AS SELECT {} FROM {}{}{}", table, column_list(part.columns),
                  sql::relation("states"), forgets ? " WHERE false" : "", order_by(part)),
      "states", views::partial_query(plan_, part, meanings_, views::rows_query(plan_, meanings_)))));
  built.part_rows[part.name] = made.integer(0, 0);
  return sql::Query("FROM " + table);
}

// Value counts summed up, a row a group; returns where. Nothing where there are no groups, or where it
// fails: then so does finalise, which says why.
std::optional<sql::Query> ViewBuilder::build_summary(const views::StatePart& part,
                                                     const std::shared_ptr<const sql::Query>& states,
                                                     lake::ViewBuild& built) {
  if (part.summary.empty() || plan_.part("main") == nullptr || plan_.part("main")->keys.empty()) return {};
  const std::string name = views::summary_name(part);
  const std::string table = state_table(name);
  const sql::Query summary(part.summary, {{part.name, states}});
  const auto made =
      session_.query(sql::over(fmt::format("CREATE TABLE {} AS SELECT * FROM {}{}", table,
                                           sql::relation("summary"), order_by(*plan_.part("main"))),
                               "summary", summary));
  if (!made) return {};
  built.part_rows[name] = made->integer(0, 0);
  return sql::Query("FROM " + table);
}

Result<sql::Query> ViewBuilder::build_rows(lake::ViewBuild& built) {
  const std::string file = row_file();
  // The views above read it with where each row came from.
  const std::vector<model::RelationColumn> columns =
      TRY(session_.describe(views::rows_query(plan_, meanings_)));
  const bool is_swapped = columns.size() > 1 && columns[0].type == columns[1].type &&
                          is_planted("two columns of a row file change places");
  const std::string from = is_swapped ? "SELECT * REPLACE (c1 AS c0, c0 AS c1) FROM " : "FROM ";
  const std::string select = TRY(lake::select_for_rows(columns, from + sql::relation("rows")));
  const std::string url = sql::object_url(file);
  built.part_rows["main"] =
      TRY(sql::write_parquet(session_, sql::over(select, "rows", views::rows_query(plan_, meanings_)), url));
  built.row_files = {file};
  sql::Query rows = "FROM " + sql::parquet_relation({url}, columns, "");
  if (!plan_.inlined.empty()) {
    outcome_.mean_relation(outcome_.job().world.relations.at(sql::lower(plan_.view)),
                           views::inlined_query(plan_, rows));
  }
  return rows;
}

Status ViewBuilder::write_result(const sql::Query& select, lake::ViewBuild& built) {
  lake::DeltaCopy copy;
  const auto view = model::RelationName::of(plan_.view);
  copy.table = fmt::format("lake/{}/{}", view.layer, view.name);
  copy.columns = plan_.columns;
  TRY(lake::check_columns(plan_.columns));
  const std::string name = lake::data_file_name(outcome_.job().build_id, 0);
  const std::string key = copy.table + "/" + name;
  const std::string for_parquet =
      TRY(lake::select_for_parquet(plan_.columns, "FROM " + sql::relation("result")));
  const auto copied =
      sql::write_parquet(session_, sql::over(for_parquet, "result", select), sql::object_url(key));
  if (!copied) {
    (void)outcome_.store().remove(key);
    return fail(copied.error());
  }
  built.rows = *copied;
  const auto bytes = static_cast<int64_t>(TRY(outcome_.store().open(key))->size());
  copy.files.push_back({name, bytes, built.rows});
  built.delta = std::move(copy);
  return {};
}

std::string ViewBuilder::state_table(const std::string& part) const {
  return "build.main." + sql::quote_identifier(plan_.view + "#" + part);
}

std::string ViewBuilder::row_file() const {
  return fmt::format("serving/{}/{}.parquet", outcome_.job().build_id, plan_.view);
}

}  // namespace anabranch::batch
