// The same rows, sent by HTTP one way and the other, as CSV, JSON and Parquet in bulk and copied as a table,
// give the same columns and answers: those of plain DuckDB over the values themselves.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "sql/syntax.h"
#include "tests/fuzz/runner.h"
#include "tests/support/seed.h"

namespace anabranch::fuzz {
namespace {

std::vector<Field> fields_of_every_type() {
  std::vector<Field> fields = {{"id", model::Type::parse("bigint").value()}};
  for (const char* type : {"boolean",
                           "tinyint",
                           "smallint",
                           "integer",
                           "bigint",
                           "hugeint",
                           "utinyint",
                           "usmallint",
                           "uinteger",
                           "ubigint",
                           "real",
                           "double",
                           "decimal(4,1)",
                           "decimal(18,4)",
                           "decimal(38,2)",
                           "varchar",
                           "blob",
                           "date",
                           "time",
                           "timestamp",
                           "timestamptz",
                           "interval",
                           "uuid",
                           "json",
                           "varchar[]",
                           "integer[][]",
                           "struct(a integer, b varchar)",
                           "map(varchar, integer)",
                           "struct(p date, q varchar[])[]"}) {
    Field field{fmt::format("f{}", fields.size()), model::Type::parse(type).value()};
    field.is_small = false;
    fields.push_back(std::move(field));
  }
  return fields;
}

View view_of(const std::string& name, const std::string& relation, const std::vector<Field>& fields,
             bool is_star) {
  View view;
  view.name = name;
  view.from = relation;
  view.reads = {relation};
  if (is_star) {
    view.items = {{Sql("*", fmt::format("* EXCLUDE ({})", View::hidden_name(relation, 0)), ""), ""}};
    return view;
  }
  view.items = {{"count(*)", "n"}};
  for (const Field& field : fields) {
    const std::string column = sql::quote_identifier(field.name);
    view.items.push_back({fmt::format("count({})", column), sql::quote_identifier("count_" + field.name)});
    view.items.push_back(
        {fmt::format("min({0}::VARCHAR)", column), sql::quote_identifier("least_" + field.name)});
  }
  return view;
}

class FiveDoors : public ::testing::TestWithParam<bool> {};

TEST_P(FiveDoors, TheSameRowsGiveTheSameAnswersWhicheverWayTheyComeIn) {
  spdlog::set_level(spdlog::level::off);
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  Random random(seed);
  const std::vector<Field> fields = fields_of_every_type();
  std::vector<Event> events;
  Table table{"copied", "parquet", fields, {{}}};
  for (int i = 0; i < 60; ++i) {
    Event event;
    std::vector<Value> row;
    for (const Field& field : fields) {
      Value value = random.chance(15) ? Value{} : random_value(random, field.type, {false, true});
      if (field.name == "id") value = Value::of(fmt::format("{}", i));
      row.push_back(value);
      event.fields[field.name] = std::move(value);
    }
    events.push_back(std::move(event));
    table.versions[0].push_back(std::move(row));
  }
  Case doors;
  doors.seed = seed;
  doors.has_processes = GetParam();
  doors.tables.push_back(std::move(table));
  for (const char* door : {"ndjson", "json", "cloudevents", "csv", "parquet"}) {
    doors.streams.push_back({fmt::format("by_{}", door), fields});
    Step step;
    step.kind = std::string(door) == "parquet" ? Step::Kind::bulk : Step::Kind::events;
    step.stream = doors.streams.back().name;
    step.format = door;
    step.events = events;
    doors.steps.push_back(std::move(step));
  }
  std::vector<std::string> relations = {"bronze.copied"};
  for (const Stream& stream : doors.streams) relations.push_back("bronze." + stream.name);
  for (const std::string& relation : relations) {
    const std::string name = relation.substr(relation.find('.') + 1);
    doors.views.push_back(view_of("silver.all_" + name, relation, fields, true));
    doors.views.push_back(view_of("gold.counts_" + name, relation, fields, false));
  }
  for (const Step::Kind kind : {Step::Kind::build_all, Step::Kind::kill}) {
    Step step;
    step.kind = kind;
    doors.steps.push_back(std::move(step));
  }
  bool invalid = false;
  const auto failure = run(doors, nullptr, invalid);
  EXPECT_FALSE(invalid);
  EXPECT_FALSE(failure) << failure->text;
}

INSTANTIATE_TEST_SUITE_P(InOneProcessAndInSeveral, FiveDoors, ::testing::Bool());

}  // namespace
}  // namespace anabranch::fuzz
