#pragma once
// What the views of a corpus read: streams and tables, made in plain DuckDB by a script of SQL statements. A
// table of its schema `stream` is a stream, one of `reference` a table. Every stream's table has a column _n,
// the place in which its events arrive, from 0.

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/file_system.h"
#include "model/relation_column.h"
#include "model/type.h"
#include "tests/corpus/corpus_file.h"
#include "tests/support/corpus_project.h"
#include "tests/support/plain_engine.h"
#include "views/world.h"

namespace anabranch::test {

/// A plain engine with a scene in it; bronze.<stream> holds the events that arrived so far.
class Scene {
 public:
  struct Stream {
    std::string name;
    std::vector<model::RelationColumn> columns;
    std::vector<std::string> events;  // as JSON, in the order of their arrival
    size_t arrived = 0;
  };
  struct Table {
    std::string name;
    std::vector<model::RelationColumn> columns;
    int64_t rows = 0;
  };

  explicit Scene(const io::Path& script) { fill(statements_of(script)); }
  explicit Scene(const std::vector<std::string>& statements) { fill(statements); }

  std::vector<Stream>& streams() { return streams_; }
  const std::vector<Table>& tables() const { return tables_; }
  sql::Session& session() { return engine_.session(); }

  /// Statements end with a semicolon at the end of a line; one is run at a time.
  static std::vector<std::string> statements_of(const io::Path& script) {
    std::ifstream stream(script);
    EXPECT_TRUE(stream) << script;
    std::vector<std::string> statements;
    std::string statement;
    std::string line;
    while (std::getline(stream, line)) {
      if (line.starts_with("--")) continue;
      statement += line + "\n";
      if (!line.ends_with(";")) continue;
      statement.resize(statement.size() - 2);
      statements.push_back(std::move(statement));
      statement.clear();
    }
    return statements;
  }

  /// The files of a project that reads this scene, with these models. Tables are Parquet files.
  void write_project(const io::Path& folder, const std::vector<CorpusEntry>& models) {
    write_text(folder / "anabranch.yml", "name: corpus\n");
    for (const Stream& stream : streams_) {
      std::string fields = "fields:\n";
      for (const auto& column : stream.columns)
        fields += fmt::format("  - {{name: {}, type: '{}'}}\n", column.name, column.type);
      write_text(folder / "streams" / (stream.name + ".yml"), fields + "on_drift: freeze\n");
    }
    std::string source = "kind: files\ntables:\n";
    std::filesystem::create_directories(folder / "data");
    for (const Table& table : tables_) {
      source += fmt::format("  {0}: {{path: data/{0}.parquet}}\n", table.name);
      engine_.run(fmt::format("COPY bronze.{} TO {} (FORMAT parquet)", table.name,
                              sql::quote_literal((folder / "data" / (table.name + ".parquet")).string())));
    }
    if (!tables_.empty()) write_text(folder / "sources" / "reference.yml", source);
    for (const CorpusEntry& model : models) write_model(folder, model.name, model.sql);
  }

  /// The world of these models: what the compiler makes of them. Needs no data.
  views::WorldResult compile(const std::vector<CorpusEntry>& models) const {
    std::map<std::string, model::Schema> schemas;
    for (const Stream& stream : streams_) {
      model::Schema schema;
      schema.version = 1;
      for (const auto& column : stream.columns) {
        auto type = model::Type::parse(column.type);
        EXPECT_TRUE(type) << column.name << ": " << column.type;
        if (type) schema.fields.push_back({column.name, *type, false, ""});
      }
      schemas["bronze." + stream.name] = std::move(schema);
    }
    std::map<std::string, views::PinnedTable> tables;
    for (const Table& table : tables_)
      tables["bronze." + table.name] = {"bronze." + table.name, 1, "", table.columns, table.rows};
    std::vector<views::ModelSource> sources;
    for (const CorpusEntry& model : models) sources.push_back({model.name, model.sql, model.name, false});
    return views::make_world(sources, schemas, tables, {});
  }

  /// The next events of a stream arrive in bronze; gives them as NDJSON.
  std::string arrive(Stream& stream, size_t count) {
    const size_t end = std::min(stream.events.size(), stream.arrived + count);
    engine_.run(
        fmt::format("INSERT INTO bronze.{0} SELECT * EXCLUDE (_n) FROM stream.{0} WHERE _n >= {1} AND _n < "
                    "{2} ORDER BY _n",
                    stream.name, stream.arrived, end));
    std::string body;
    for (; stream.arrived < end; ++stream.arrived) body += stream.events[stream.arrived] + "\n";
    return body;
  }

  /// The next events as a Parquet file, for a bulk import.
  void arrive_as_file(Stream& stream, size_t count, const io::Path& file) {
    const size_t end = std::min(stream.events.size(), stream.arrived + count);
    const std::string select =
        fmt::format("SELECT * EXCLUDE (_n) FROM stream.{} WHERE _n >= {} AND _n < {} ORDER BY _n",
                    stream.name, stream.arrived, end);
    engine_.run(fmt::format("COPY ({}) TO {} (FORMAT parquet)", select, sql::quote_literal(file.string())));
    engine_.run(fmt::format("INSERT INTO bronze.{} {}", stream.name, select));
    stream.arrived = end;
  }

  void forget_events() {
    for (Stream& stream : streams_) {
      engine_.run(
          fmt::format("CREATE OR REPLACE TABLE bronze.{0} AS SELECT * EXCLUDE (_n) FROM stream.{0} LIMIT 0",
                      stream.name));
      stream.arrived = 0;
    }
  }

 private:
  void fill(const std::vector<std::string>& statements) {
    engine_.run("CREATE SCHEMA stream");
    engine_.run("CREATE SCHEMA reference");
    for (const std::string& statement : statements) engine_.run(statement);
    const auto tables = session().query(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name IN ('stream', 'reference') "
        "ORDER BY 1, 2");
    ASSERT_TRUE(tables) << tables.error().describe();
    for (size_t i = 0; i < tables->row_count(); ++i) {
      const std::string name = tables->text(i, 1).value();
      if (tables->text(i, 0) == "reference") {
        engine_.run(fmt::format("CREATE TABLE bronze.{0} AS FROM reference.{0}", name));
        const auto count = session().query("SELECT count(*) FROM bronze." + name);
        tables_.push_back(
            {name, session().describe("SELECT * FROM bronze." + name).value(), count->integer(0, 0)});
      } else {
        add_stream(name);
      }
    }
    forget_events();
  }

  void add_stream(const std::string& name) {
    Stream stream;
    stream.name = name;
    const auto columns = session().describe(fmt::format("SELECT * EXCLUDE (_n) FROM stream.{}", name));
    ASSERT_TRUE(columns) << columns.error().describe();
    stream.columns = *columns;
    std::string replaced;
    for (const auto& column : stream.columns) {
      if (column.type != "TIMESTAMP WITH TIME ZONE") continue;
      replaced += fmt::format("{}strftime({} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS {}",
                              replaced.empty() ? "" : ", ", column.name, column.name);
    }
    const auto events = session().query(fmt::format(
        "SELECT to_json(e)::VARCHAR FROM (SELECT * EXCLUDE (_n) {} FROM stream.{} ORDER BY _n) AS e",
        replaced.empty() ? "" : "REPLACE (" + replaced + ")", name));
    ASSERT_TRUE(events) << events.error().describe();
    for (size_t i = 0; i < events->row_count(); ++i) stream.events.push_back(events->text(i, 0).value());
    const auto dense =
        session().query(fmt::format("SELECT min(_n), max(_n), count(DISTINCT _n) FROM stream.{}", name));
    ASSERT_EQ(dense->integer(0, 0), 0) << name;
    ASSERT_EQ(dense->integer(0, 1) + 1, static_cast<int64_t>(stream.events.size())) << name;
    ASSERT_EQ(dense->integer(0, 2), static_cast<int64_t>(stream.events.size())) << name;
    streams_.push_back(std::move(stream));
  }

  PlainEngine engine_;
  std::vector<Stream> streams_;
  std::vector<Table> tables_;
};

}  // namespace anabranch::test
