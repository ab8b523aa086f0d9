#include "batch/builder.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/mistake.h"
#include "batch/state_file.h"
#include "lake/type_mapping.h"
#include "sql/database.h"
#include "sql/parquet_file.h"
#include "sql/parquet_relation.h"
#include "views/exposed.h"

namespace anabranch::batch {

using views::Plan;

namespace {

constexpr int row_group_rows = 20480;  // a multiple of the engine's vector, 2,048

// Whether the view's SQL over its data is to blame, rather than memory, the disk or us: then the others are
// built all the same, and a read of this one gives the error.
bool is_of_the_view(Code code) {
  return code == Code::bad_sql || code == Code::bad_input || code == Code::refused;
}

std::string column_list(const std::vector<sql::OutputColumn>& columns) {
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

// One build. Lives for one call of run_build.
class Build {
 public:
  Build(const BuildJob& job, const std::function<void(const BuildProgress&)>& on_progress,
        sql::Session session)
      : job_(job),
        on_progress_(on_progress),
        session_(std::move(session)),
        folder_(job.data_folder),
        state_file_(folder_ / database_file()) {}

  Result<BuildResult> run() {
    TRY(begin());
    const auto wanted = [&](const std::string& name) {
      const std::string_view view = views::view_of_block(name);
      return job_.views.empty() || std::find(job_.views.begin(), job_.views.end(), view) != job_.views.end();
    };
    const auto total =
        static_cast<int64_t>(std::count_if(job_.world.plans.begin(), job_.world.plans.end(),
                                           [&](const Plan& plan) { return wanted(plan.view); }));
    int64_t done = 0;
    for (const Plan& plan : job_.world.plans) {
      on_progress_({"views", plan.view, done, total});
      Status built = wanted(plan.view) ? build_view(plan) : pass_over(plan);
      if (!built) return in_context(std::move(built), plan.view);
      if (wanted(plan.view)) ++done;
    }
    on_progress_({"checkpoint", "", done, total});
    TRY(session_.run("CHECKPOINT build"));
    TRY(session_.run("DETACH build"));
    TRY(state_file_.move_into_place());
    return std::move(result_);
  }

 private:
  Status begin() {
    auto& files = io::local_file_system();
    TRY(files.create_folders(folder_ / "serving" / job_.build_id));
    // States are sorted by key: with small row groups a read of one key looks at one of them.
    TRY(session_.run(fmt::format("ATTACH {} AS build (ROW_GROUP_SIZE {})",
                                 sql::quote_literal(state_file_.path().string()), row_group_rows)));
    for (const auto& [stream, schema] : job_.world.schemas) {
      const views::Relation& relation = job_.world.relations.at(sql::lower(stream));
      std::vector<sql::OutputColumn> columns = relation.columns;
      columns.insert(columns.end(), relation.hidden_columns.begin(), relation.hidden_columns.end());
      const auto cutoff = job_.cutoff.find(stream.substr(stream.find('.') + 1));
      const model::Offset end = cutoff == job_.cutoff.end() ? 0 : cutoff->second.at(0);
      const auto archive = job_.archives.find(stream);
      std::string events;
      if (archive != job_.archives.end() && !archive->second.empty()) {
        events = sql::archive_relation(archive->second, columns,
                                       end - (is_planted("a build ends one event too early") ? 1 : 0));
      } else {
        std::string nulls;
        for (const auto& column : columns) {
          nulls += fmt::format("{}NULL::{} AS {}", nulls.empty() ? "" : ", ", column.type,
                               sql::quote_identifier(column.name));
        }
        events = fmt::format("(SELECT {} WHERE false)", nulls);
      }
      views::add_meaning(meanings_, relation, "FROM " + events);
    }
    for (const auto& [name, table] : job_.world.tables) {
      const bool is_short = is_planted("a build misses the first row of tables");
      const std::string memory_table = sql::quote_identifier("table " + name);
      TRY(session_.run(fmt::format("CREATE TABLE {} AS FROM {}{}", memory_table,
                                   sql::table_file_relation(table.file, table.columns, views::row_column),
                                   is_short ? " OFFSET 1" : "")));
      views::add_meaning(meanings_, job_.world.relations.at(sql::lower(name)), "FROM " + memory_table);
    }
    return {};
  }

  // A view that is not built now, but may be read by one that is.
  Status pass_over(const Plan& plan) {
    mean(plan, views::canonical_query(plan, meanings_));
    return {};
  }

  Status build_view(const Plan& plan) {
    lake::ViewBuild built;
    built.view = plan.view;
    built.build_id = job_.build_id;
    built.plan_hash = job_.world.basis_hashes.at(plan.view);
    for (const std::string& stream : plan.streams) {
      const std::string name = stream.substr(stream.find('.') + 1);
      built.cutoff[name] = job_.cutoff.at(name);
      if (is_planted("a build says of itself that it ends one event earlier")) --built.cutoff[name][0];
    }
    built.database_file = database_file();
    sql::Query select = "";
    if (plan.is_maintained()) {
      auto states = build_states(plan, built);
      if (!states && is_of_the_view(states.error().code)) {
        record_failure(plan, states.error());
        TRY(remove_states(plan));
        return pass_over(plan);
      }
      if (!states) return fail(std::move(states).error());
      select = views::finalise_query(plan, std::move(*states));
      if (plan.inlined.empty()) mean(plan, select);
    } else {
      select = views::canonical_query(plan, meanings_);
      mean(plan, select);
    }
    built.rows = built.part_rows.contains("main") ? built.part_rows.at("main") : 0;
    if (job_.world.materialized.at(plan.view) && !plan.depends_on_moment) {
      Status written = write_result(plan, select, built);
      if (!written && !is_of_the_view(written.error().code)) return written;
      if (!written) record_failure(plan, written.error());
    }
    result_.rows += built.rows;
    result_.views[plan.view] = std::move(built);
    return {};
  }

  void record_failure(const Plan& plan, const Error& error) {
    std::string message = error.message;  // its place is one in our text, not in the person's
    views::hide_marks(message);
    result_.failed[plan.view] = std::move(message);
  }

  // Where the states of each part are.
  Result<sql::Meanings> build_states(const Plan& plan, lake::ViewBuild& built) {
    sql::Meanings states;
    for (const views::StatePart& part : plan.parts) {
      states[part.name] = sql::meaning(TRY(build_part(plan, part, built)));
      if (auto summary = build_summary(plan, part, states.at(part.name), built))
        states[views::summary_name(part)] = sql::meaning(std::move(*summary));
    }
    return states;
  }

  // Of the parts that were done before another one failed.
  Status remove_states(const Plan& plan) {
    for (const views::StatePart& part : plan.parts) {
      TRY(session_.run("DROP TABLE IF EXISTS " + state_table(plan, part.name)));
      TRY(session_.run("DROP TABLE IF EXISTS " + state_table(plan, views::summary_name(part))));
    }
    return io::local_file_system().remove_all(folder_ / row_file(plan));
  }

  // Computes one part over all events; returns its states.
  Result<sql::Query> build_part(const Plan& plan, const views::StatePart& part, lake::ViewBuild& built) {
    const bool is_rows = plan.view_class == views::ViewClass::linear && part.name == "main";
    if (is_rows) return build_rows(plan, built);
    const bool forgets = part.name == views::errors_part && is_planted("a build forgets recorded events");
    const std::string table = state_table(plan, part.name);
    TRY(session_.run(sql::over(
        fmt::format("CREATE TABLE {} AS SELECT {} FROM {}{}{}", table, column_list(part.columns),
                    sql::relation("states"), forgets ? " WHERE false" : "", order_by(part)),
        "states", views::partial_query(plan, part, meanings_, views::rows_query(plan, meanings_)))));
    built.part_rows[part.name] = TRY(session_.query("SELECT count(*) FROM " + table)).integer(0, 0);
    return sql::Query("FROM " + table);
  }

  // Value counts summed up, a row a group; returns where. Nothing where there are no groups, or where it
  // fails: then so does finalise, which says why.
  std::optional<sql::Query> build_summary(const Plan& plan, const views::StatePart& part,
                                          const std::shared_ptr<const sql::Query>& states,
                                          lake::ViewBuild& built) {
    if (part.summary.empty() || plan.part("main") == nullptr || plan.part("main")->keys.empty()) return {};
    const std::string name = views::summary_name(part);
    const std::string table = state_table(plan, name);
    const sql::Query summary(part.summary, {{part.name, states}});
    const Status made =
        session_.run(sql::over(fmt::format("CREATE TABLE {} AS SELECT * FROM {}{}", table,
                                           sql::relation("summary"), order_by(*plan.part("main"))),
                               "summary", summary));
    if (!made) return {};
    const auto rows = session_.query("SELECT count(*) FROM " + table);
    if (!rows) return {};
    built.part_rows[name] = rows->integer(0, 0);
    return sql::Query("FROM " + table);
  }

  Result<sql::Query> build_rows(const Plan& plan, lake::ViewBuild& built) {
    const std::string file = row_file(plan);
    // The views above read it with where each row came from.
    const std::vector<sql::OutputColumn> columns = TRY(session_.describe(views::rows_query(plan, meanings_)));
    const bool is_swapped = columns.size() > 1 && columns[0].type == columns[1].type &&
                            is_planted("two columns of a row file change places");
    const std::string from = is_swapped ? "SELECT * REPLACE (c1 AS c0, c0 AS c1) FROM " : "FROM ";
    const std::string select = TRY(lake::select_for_rows(columns, from + sql::relation("rows")));
    const std::string path = (folder_ / file).string();
    built.part_rows["main"] = TRY(
        sql::write_parquet(session_, sql::over(select, "rows", views::rows_query(plan, meanings_)), path));
    built.row_files = {file};
    sql::Query rows = "FROM " + sql::parquet_relation({path}, columns, "");
    if (!plan.inlined.empty()) {
      views::add_meaning(meanings_, job_.world.relations.at(sql::lower(plan.view)),
                         views::inlined_query(plan, rows));
    }
    return rows;
  }

  Status write_result(const Plan& plan, const sql::Query& select, lake::ViewBuild& built) {
    lake::DeltaCopy copy;
    copy.table = fmt::format("lake/{}/{}", plan.view.substr(0, plan.view.find('.')),
                             plan.view.substr(plan.view.find('.') + 1));
    copy.columns = plan.columns;
    TRY(lake::check_columns(plan.columns));
    auto& files = io::local_file_system();
    TRY(files.create_folders(folder_ / copy.table));
    const std::string name = lake::data_file_name(job_.build_id, 0);
    const io::Path path = folder_ / copy.table / name;
    const std::string for_parquet =
        TRY(lake::select_for_parquet(plan.columns, "FROM " + sql::relation("result")));
    const auto copied = sql::write_parquet(session_, sql::over(for_parquet, "result", select), path.string());
    if (!copied) {
      (void)files.remove_all(path);
      return fail(copied.error());
    }
    built.rows = *copied;
    const auto file = TRY(files.open(path, io::FileSystem::Open::read));
    const auto bytes = static_cast<int64_t>(TRY(file->size()));
    copy.files.push_back({name, bytes, built.rows});
    built.delta = std::move(copy);
    return {};
  }

  void mean(const Plan& plan, const sql::Query& query) {
    meanings_[plan.view] = meanings_[views::visible_name(plan.view)] = sql::meaning(query);
    if (!plan.inlined.empty()) {
      meanings_[plan.view] = sql::meaning(views::inlined_query(plan, views::rows_query(plan, meanings_)));
    }
  }

  static std::string state_table(const Plan& plan, const std::string& part) {
    return "build.main." + sql::quote_identifier(plan.view + "#" + part);
  }
  std::string row_file(const Plan& plan) const {
    return fmt::format("serving/{}/{}.parquet", job_.build_id, plan.view);
  }
  std::string database_file() const { return fmt::format("serving/{}.duckdb", job_.build_id); }

  const BuildJob& job_;
  const std::function<void(const BuildProgress&)>& on_progress_;
  sql::Session session_;
  const io::Path folder_;
  StateFile state_file_;
  sql::Meanings meanings_;
  BuildResult result_;
};

}  // namespace

Result<BuildResult> run_build(const BuildJob& job,
                              const std::function<void(const BuildProgress&)>& on_progress) {
  sql::Database::Options options;
  options.threads = job.threads;
  options.memory_bytes_max = job.memory_bytes_max;
  options.temporary_folder = io::Path(job.data_folder) / "serving" / job.build_id / "spill";
  const auto database = TRY(sql::Database::open(options));
  auto session = TRY(database->connect());
  // States are sorted by key and rows carry their order: the engine need not keep one.
  TRY(session.run("SET preserve_insertion_order = false"));
  return Build(job, on_progress, std::move(session)).run();
}

}  // namespace anabranch::batch
