#pragma once
// A stream of two fields, views over it, and its events in the lake: for tests of one station that want no
// whole platform.

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/file_system.h"
#include "lake/type_mapping.h"
#include "model/schema.h"
#include "sql/database.h"
#include "sql/parquet_file.h"
#include "views/relation.h"
#include "views/world.h"

namespace anabranch::test {

/// bronze.e: k VARCHAR, n BIGINT.
inline model::Schema small_schema() {
  model::Schema schema;
  schema.version = 1;
  schema.fields = {{"k", model::Type::parse("varchar").value()}, {"n", model::Type::parse("bigint").value()}};
  return schema;
}

/// Views over bronze.e, by name and SQL: each after those that it reads.
inline views::World small_world(const std::vector<std::pair<std::string, std::string>>& models) {
  std::vector<views::ModelSource> sources;
  for (const auto& [name, sql] : models) sources.push_back({name, sql, name + ".sql", true});
  auto made = views::make_world(sources, {{"bronze.e", small_schema()}}, {}, {}, 1);
  for (const Error& error : made.errors) ADD_FAILURE() << error.describe();
  return std::move(made.world);
}

/// A file of the archive of a partition of bronze.e, with offsets from 0. `rows`: SQL of k and n in the order
/// of the events, e.g. "VALUES ('a', 1), ('b', 2)".
inline void write_events(const io::Path& file, const std::string& rows, model::Partition partition = 0) {
  const views::Relation relation = views::stream_relation("bronze.e", small_schema());
  auto columns = relation.columns;
  columns.insert(columns.end(), relation.hidden_columns.begin(), relation.hidden_columns.end());
  const std::string events = fmt::format(
      "SELECT k, n, {} AS _partition, row_number() OVER () - 1 AS _offset, TIMESTAMPTZ '2026-01-01 "
      "00:00:00Z' "
      "AS _ingested_at, '{{}}' AS _raw FROM ({}) AS t(k, n)",
      partition, rows);
  const auto database = sql::Database::open({}).value();
  auto session = database->connect().value();
  io::local_file_system().create_folders(file.parent_path()).value();
  const auto written =
      sql::write_parquet(session, lake::select_for_parquet(columns, events).value(), file.string());
  ASSERT_TRUE(written) << written.error().describe();
}

}  // namespace anabranch::test
