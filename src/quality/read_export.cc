#include "quality/read_export.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/join.h"
#include "model/names.h"
#include "quality/comparison.h"
#include "serve/merged_read.h"
#include "sql/syntax.h"

namespace anabranch::quality {
namespace {

using speed::Epoch;
using views::Plan;

// Conditions of one view: on so many columns, each with some of its values.
constexpr size_t columns_tried = 4;
constexpr int values_tried = 2;

// Whose values can be written into SQL, and come back as they were.
bool is_plain_type(const std::string& type) {
  static const std::set<std::string, std::less<>> plain = {"BOOLEAN",
                                                           "TINYINT",
                                                           "SMALLINT",
                                                           "INTEGER",
                                                           "BIGINT",
                                                           "HUGEINT",
                                                           "UTINYINT",
                                                           "USMALLINT",
                                                           "UINTEGER",
                                                           "UBIGINT",
                                                           "DOUBLE",
                                                           "FLOAT",
                                                           "VARCHAR",
                                                           "DATE",
                                                           "TIME",
                                                           "TIMESTAMP",
                                                           "TIMESTAMP WITH TIME ZONE",
                                                           "UUID",
                                                           "BLOB"};
  return plain.contains(type) || type.starts_with("DECIMAL(");
}

std::string list_of(size_t count) {
  std::string list;
  for (size_t i = 0; i < count; ++i) list += fmt::format("{}c{}", i ? ", " : "", i);
  return list;
}

// One attempt: everything in one transaction, which an error ends.
class Exporter {
 public:
  Exporter(serve::QueryService& queries, const ExportRequest& request,
           const std::map<std::string, Error>& raising, const std::set<std::string>& without_predicates)
      : queries_(queries), request_(request), raising_(raising), without_predicates_(without_predicates) {}

  Status run(sql::Session& session, const serve::QueryService::Snapshot& snapshot,
             const std::string& database) {
    database_ = database;
    out.epoch = snapshot.epoch;
    out.offsets = snapshot.offsets;
    const auto& world = *snapshot.epoch->world;
    sources_ = request_.sources(world);
    std::set<std::string> needed(request_.views.begin(), request_.views.end());
    for (const std::string& view : request_.views) {
      if (!world.plan(view))
        return fail(Code::not_found, fmt::format("there is no view {}", view), "anabranch status lists them");
    }
    for (auto plan = world.plans.rbegin(); plan != world.plans.rend(); ++plan) {
      if (needed.contains(plan->view)) needed.insert(plan->relations.begin(), plan->relations.end());
    }
    for (const Plan& plan : world.plans) {
      if (needed.contains(plan.view) && !plan.is_hidden) TRY(add_view(session, snapshot, plan));
    }
    for (const auto& [name, schema] : world.schemas) {
      if (needed.contains(name)) TRY(add_stream(snapshot, name, schema));
    }
    for (const auto& [name, table] : world.tables) {
      if (needed.contains(name))
        out.job.tables.push_back({model::name_in_layer(name), TRY(plain_file(table.file)), table.columns});
    }
    return session.run("COMMIT");
  }

  Export out;
  std::string at_view;  // the one being read
  bool is_at_predicate = false;

 private:
  Result<std::string> plain_file(const std::string& name) const {
    if (!request_.plain_file) return name;
    return TRY(request_.plain_file(name, request_.file.parent_path())).string();
  }

  Status add_stream(const serve::QueryService::Snapshot& snapshot, const std::string& name,
                    const model::Schema& schema) {
    VerifyJob::Stream stream;
    stream.name = model::name_in_layer(name);
    const auto folder = sources_->streams.find(stream.name);
    if (folder == sources_->streams.end())
      return fail(Code::internal, fmt::format("the folder of the stream {} is not known", stream.name));
    stream.log_folder = folder->second.string();
    stream.ends = snapshot.offsets.at(stream.name);
    stream.schema = schema;
    const history::Archive& archive = snapshot.epoch->archive(name);
    const auto archived = archive.files();
    const std::set<std::string> files(archived.begin(), archived.end());
    for (const std::string& file : files) stream.archive_files.push_back(TRY(plain_file(file)));
    stream.archive_ends = archive.ends();
    out.job.streams.push_back(std::move(stream));
    return {};
  }

  Status add_view(sql::Session& session, const serve::QueryService::Snapshot& snapshot, const Plan& plan) {
    VerifyJob::View view;
    view.name = plan.view;
    const auto model = sources_->models.find(plan.view);
    if (model == sources_->models.end())
      return fail(Code::not_found, fmt::format("the model of {} is not known", plan.view));
    view.sql = model->second;
    for (const auto& column : plan.columns) view.columns.push_back(column.name);
    view.is_asked =
        std::find(request_.views.begin(), request_.views.end(), plan.view) != request_.views.end();
    view.is_maintained = serve::is_maintained(*snapshot.epoch, plan);
    const size_t number = out.job.views.size();
    if (const auto* errors = plan.part(views::errors_part);
        errors && view.is_maintained && plan.streams.size() == 1) {
      view.recorded_table = fmt::format("recorded{}", number);
      view.recorded_stream = model::name_in_layer(*plan.streams.begin());
      TRY(session.run(sql::over(
          fmt::format("CREATE TABLE {}.main.{} AS FROM anabranch.recorded", database_, view.recorded_table),
          "recorded", serve::merged_part(*snapshot.epoch, plan, *errors))));
    }
    if (view.is_asked) {
      if (const auto raised = raising_.find(plan.view); raised != raising_.end()) {
        view.read_error = raised->second.describe();
      } else {
        at_view = plan.view;
        TRY(add_rows(session, snapshot, plan, number, view));
      }
    }
    out.job.views.push_back(std::move(view));
    return {};
  }

  Status add_rows(sql::Session& session, const serve::QueryService::Snapshot& snapshot, const Plan& plan,
                  size_t number, VerifyJob::View& view) {
    view.read_table = fmt::format("read{}", number);
    const std::string table = fmt::format("{}.main.{}", database_, view.read_table);
    const std::string columns = list_of(plan.columns.size());
    TRY(session.run(sql::over(
        fmt::format("CREATE TABLE {} AS SELECT * FROM anabranch.answer AS answer({})", table, columns),
        "answer", TRY(queries_.bound_query(session, "SELECT * FROM " + plan.view, snapshot)))));
    if (without_predicates_.contains(plan.view)) return {};
    is_at_predicate = true;
    TRY(add_predicates(session, snapshot, plan, table, view));
    is_at_predicate = false;
    return {};
  }

  // Reads with a condition, as users make them: the engine takes the condition down to files and states, past
  // statistics and filters that may be wrong.
  Status add_predicates(sql::Session& session, const serve::QueryService::Snapshot& snapshot,
                        const Plan& plan, const std::string& table, VerifyJob::View& view) {
    if (plan.columns.empty()) return {};
    std::vector<size_t> hashed;
    for (size_t i = 0; i < plan.columns.size(); ++i) {
      if (!has_double(plan.columns[i].type))
        hashed.push_back(i);  // its last digits are not the same each time
    }
    // Another set of columns each time, so that all are tried in the end.
    const size_t first = static_cast<size_t>(snapshot.epoch->number) % plan.columns.size();
    size_t tried = 0;
    for (size_t i = 0; i < plan.columns.size() && tried < columns_tried; ++i) {
      const size_t column = (first + i) % plan.columns.size();
      const auto& [name, type] = plan.columns[column];
      if (!is_plain_type(type) || is_ambiguous(plan, name)) continue;
      ++tried;
      const std::string c = fmt::format("c{}", column);
      const auto values =
          TRY(session.query(fmt::format("SELECT DISTINCT {0}::VARCHAR FROM (SELECT {0}, hash({0}) AS h FROM "
                                        "{1} WHERE {0} IS NOT NULL ORDER BY h "
                                        "LIMIT {2})",
                                        c, table, values_tried)));
      std::vector<std::string> conditions = {" IS NULL"};
      for (size_t row = 0; row < values.row_count(); ++row) {
        const std::string value = values.text(row, 0).value_or("");
        const std::string literal = fmt::format("CAST({} AS {})", sql::quote_literal(value), type);
        conditions.push_back(" = " + literal);
        if (row == 0) conditions.push_back(" > " + literal);
        if (row == 1) conditions.push_back(" <= " + literal);
      }
      for (const std::string& condition : conditions) {
        const std::string shown = sql::quote_identifier(name) + condition;
        TRY(add_predicate(session, snapshot, plan, c + condition, shown, hashed, view));
      }
    }
    return {};
  }

  static bool is_ambiguous(const Plan& plan, const std::string& name) {
    return std::count_if(plan.columns.begin(), plan.columns.end(),
                         [&](const auto& column) { return sql::same_name(column.name, name); }) != 1;
  }

  Status add_predicate(sql::Session& session, const serve::QueryService::Snapshot& snapshot, const Plan& plan,
                       const std::string& where, const std::string& shown, const std::vector<size_t>& hashed,
                       VerifyJob::View& view) {
    std::string list;
    for (const size_t column : hashed) append_item(list, fmt::format("c{}", column));
    const auto rows = TRY(session.query(sql::over(
        fmt::format("SELECT count(*), {} FROM anabranch.answer AS answer({})",
                    list.empty() ? "''" : fmt::format("coalesce(sum(hash({})::HUGEINT)::VARCHAR, '')", list),
                    list_of(plan.columns.size())),
        "answer",
        TRY(queries_.bound_query(session, fmt::format("SELECT * FROM {} WHERE {}", plan.view, shown),
                                 snapshot)))));
    view.predicates.push_back({where, shown, hashed, rows.integer(0, 0), rows.text(0, 1).value_or("")});
    return {};
  }

  serve::QueryService& queries_;
  const ExportRequest& request_;
  std::shared_ptr<const VerifySources> sources_;
  const std::map<std::string, Error>& raising_;
  const std::set<std::string>& without_predicates_;
  std::string database_;
};

bool is_of_view(const Error& error) { return error.code == Code::bad_sql; }

}  // namespace

Result<Export> export_reads(serve::QueryService& queries, sql::Database& database,
                            const ExportRequest& request) {
  auto& files = io::local_file_system();
  auto owner = TRY(database.connect());
  std::map<std::string, Error> raising;
  std::set<std::string> without_predicates;
  for (int attempt = 0;; ++attempt) {
    // Each in a file of its own: the engine lets go of one only when nothing looks at it any more.
    io::Path file = request.file;
    if (attempt > 0)
      file.replace_filename(fmt::format("{}_{}.duckdb", request.file.stem().string(), attempt));
    const std::string name = sql::quote_identifier("verify_" + file.stem().string());
    // Attached before the snapshot's transaction, which writes into it and nothing else.
    TRY(owner.run(fmt::format("ATTACH {} AS {}", sql::quote_literal(file.string()), name)));
    Exporter exporter(queries, request, raising, without_predicates);
    serve::ReadOptions options;
    options.timeout_us = -1;
    options.is_cancelled = request.is_cancelled;
    Status done = queries.in_snapshot(options, [&](sql::Session& session, const auto& snapshot) {
      return exporter.run(session, snapshot, name);
    });
    if (done) done = owner.run("CHECKPOINT " + name);
    const Status detached = owner.run("DETACH " + name);
    if (done) {
      TRY(Status(detached));
      exporter.out.job.file = file.string();
      exporter.out.job.sample_buckets = request.sample_buckets;
      return std::move(exporter.out);
    }
    if (!is_of_view(done.error()) || exporter.at_view.empty()) return fail(done.error());
    // The error has ended the transaction: again, without what raised.
    const bool is_new = exporter.is_at_predicate ? without_predicates.insert(exporter.at_view).second
                                                 : raising.emplace(exporter.at_view, done.error()).second;
    if (!is_new) return fail(done.error());
    (void)files.remove(file);
    (void)files.remove(io::Path(file.string() + ".wal"));
  }
}

}  // namespace anabranch::quality
