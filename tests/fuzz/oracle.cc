#include "tests/fuzz/oracle.h"

#include <algorithm>

#include <fmt/format.h>

#include "sql/syntax.h"

namespace anabranch::fuzz {

Oracle::Oracle(const Case& of) : case_(of) {
  // This optimiser makes a row of NULLs out of `QUALIFY row_number() OVER (ORDER BY x) <= 1` over no rows.
  // The other loses columns of `a ANTI JOIN b, unnest(…) WITH ORDINALITY` where no row of b can match.
  engine_.run("SET disabled_optimizers = 'top_n_window_elimination,compressed_materialization'");
  engine_.run("CREATE SCHEMA raw");
  for (const Stream& stream : case_.streams) {
    std::string columns;
    for (const Field& field : stream.fields)
      columns += fmt::format(", {} {}", sql::quote_identifier(field.name), field.type.to_sql());
    engine_.run(fmt::format("CREATE TABLE raw.{} (zz_place BIGINT{})", stream.name, columns));
    counts_[stream.name] = 0;
  }
}

void Oracle::add_events(const std::string& name, const std::vector<Event>& events) {
  const auto stream = std::find_if(case_.streams.begin(), case_.streams.end(),
                                   [&](const Stream& s) { return s.name == name; });
  std::string rows;
  for (const Event& event : events) {
    std::string row = fmt::format("{}", counts_[name]++);
    for (const Field& field : stream->fields) {
      const auto found = event.fields.find(field.name);
      const Value value = found == event.fields.end() ? Value{} : found->second;
      if (field.is_drift && !value.is_null) seen_[name].insert(field.name);
      row += ", " + to_sql(field.type, value);
    }
    rows += (rows.empty() ? "(" : ", (") + row + ")";
  }
  if (!rows.empty()) engine_.run(fmt::format("INSERT INTO raw.{} VALUES {}", name, rows));
}

void Oracle::pin_fields() { visible_ = seen_; }

void Oracle::pin_table(const std::string& name, size_t version) {
  const auto table =
      std::find_if(case_.tables.begin(), case_.tables.end(), [&](const Table& t) { return t.name == name; });
  std::string columns;
  for (const Field& field : table->columns)
    columns += fmt::format("{} {}, ", sql::quote_identifier(field.name), field.type.to_sql());
  std::string rows;
  for (size_t i = 0; i < table->versions.at(version).size(); ++i) {
    const auto& row = table->versions[version][i];
    rows += rows.empty() ? "(" : ", (";
    for (size_t j = 0; j < row.size(); ++j) rows += to_sql(table->columns[j].type, row[j]) + ", ";
    rows += fmt::format("{})", i);
  }
  engine_.run(fmt::format("CREATE OR REPLACE TABLE bronze.{} ({}{} BIGINT)", name, columns,
                          View::hidden_name("bronze." + name, 0)));
  if (!rows.empty()) engine_.run(fmt::format("INSERT INTO bronze.{} VALUES {}", name, rows));
}

Status Oracle::set_views(const std::vector<View>& views) {
  views_ = views;
  return remake();
}

Status Oracle::remake() {
  for (const Stream& stream : case_.streams) {
    std::string columns;
    for (const Field& field : stream.fields) {
      if (!field.is_drift || visible_[stream.name].contains(field.name))
        columns += sql::quote_identifier(field.name) + ", ";
    }
    TRY(run(fmt::format("CREATE OR REPLACE VIEW bronze.{} AS SELECT {}zz_place AS {} FROM raw.{}",
                        stream.name, columns, View::hidden_name("bronze." + stream.name, 0), stream.name)));
  }
  // Each after those that it reads.
  std::set<std::string> waiting;
  for (const View& view : views_) waiting.insert(view.name);
  while (!waiting.empty()) {
    const size_t before = waiting.size();
    for (const View& view : views_) {
      if (!waiting.contains(view.name)) continue;
      if (std::any_of(view.reads.begin(), view.reads.end(),
                      [&](const std::string& name) { return waiting.contains(name); }))
        continue;
      TRY(run(fmt::format("CREATE OR REPLACE VIEW {} AS {}", view.name, view.sql(View::Spelling::plain))));
      waiting.erase(view.name);
    }
    if (waiting.size() == before) return fail(Code::bad_sql, "views read each other in a circle");
  }
  return {};
}

Answer Oracle::ask(const std::string& name, bool is_as_text) {
  const auto described = engine_.session().describe("SELECT * FROM " + name);
  if (!described) {
    Answer answer;
    answer.error = described.error().describe();
    return answer;
  }
  std::string columns;
  std::vector<std::string> names;
  std::vector<std::string> types;
  for (const auto& column : *described) {
    if (column.name.starts_with("zz ")) continue;
    const std::string quoted = sql::quote_identifier(column.name);
    columns += fmt::format("{}{}", columns.empty() ? "" : ", ",
                           is_as_text ? fmt::format("CAST({0} AS VARCHAR) AS {0}", quoted) : quoted);
    names.push_back(column.name);
    types.push_back(column.type);
  }
  Answer answer = Answer::of(engine_.session().query(fmt::format("SELECT {} FROM {}", columns, name)));
  answer.names = names;  // also of an error, so that the program is asked for the same
  answer.types = types;
  return answer;
}

Status Oracle::write_parquet(const std::vector<Field>& fields, const std::vector<std::vector<Value>>& rows,
                             const io::Path& file) {
  std::string columns;
  for (const Field& field : fields)
    columns += fmt::format(", {} {}", sql::quote_identifier(field.name), field.type.to_sql());
  TRY(run(fmt::format("CREATE OR REPLACE TABLE raw.file (zz_place BIGINT{})", columns)));
  std::string values;
  for (size_t i = 0; i < rows.size(); ++i) {
    values += fmt::format("{}({}", i ? ", " : "", i);
    for (size_t j = 0; j < fields.size(); ++j) values += ", " + to_sql(fields[j].type, rows[i][j]);
    values += ")";
  }
  if (!values.empty()) TRY(run("INSERT INTO raw.file VALUES " + values));
  // The engine's Parquet writer would make doubles of integers of 128 bits.
  std::string select;
  for (const Field& field : fields) {
    const std::string name = sql::quote_identifier(field.name);
    const bool is_huge = field.type.kind == model::Type::Kind::hugeint;
    select += (select.empty() ? "" : ", ") +
              (is_huge ? fmt::format("CAST({0} AS DECIMAL(38,0)) AS {0}", name) : name);
  }
  return run(fmt::format("COPY (SELECT {} FROM raw.file ORDER BY zz_place) TO {} (FORMAT parquet)", select,
                         sql::quote_literal(file.string())));
}

}  // namespace anabranch::fuzz
