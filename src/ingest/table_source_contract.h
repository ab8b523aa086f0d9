#pragma once
// What every TableSource does (law L6). Test-only.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ingest/table_copy.h"
#include "lake/type_mapping.h"
#include "sql/parquet_file.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::ingest {

/// A table with the columns id (whole numbers), name (texts), amount (numbers with a point) and no declared
/// types beyond that, as the source has it.
struct TableSourceForTests {
  using Row = std::vector<std::optional<std::string>>;  // by column, as text; nothing is NULL
  /// A source that has these rows.
  std::function<std::unique_ptr<TableSource>(const std::vector<Row>&, std::vector<TableColumn> declared)>
      make;
};

/// "id BIGINT, …: [[1,"x",…],…]" of a copy, or what is wrong.
inline std::string copied_from(TableSource& source) {
  const test::TemporaryFolder folder;
  TableCopyJob job;
  job.table = "t";
  job.target = (folder / "copied").string();
  const auto result = copy_table(job, source);
  if (!result) {
    EXPECT_FALSE(std::filesystem::exists(job.target)) << "a failure leaves no file";
    EXPECT_FALSE(std::filesystem::exists(job.target + ".tmp")) << "a failure leaves no file";
    return fmt::format("{}: {}", to_string(result.error().code), result.error().describe());
  }
  std::string text;
  for (const auto& column : result->columns)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", column.name, column.type);
  const auto database = sql::Database::open({}).value();
  auto session = database->connect().value();
  const auto rows =
      session
          .query(lake::select_from_parquet(result->columns,
                                           "SELECT * FROM " + sql::read_files("read_parquet", {job.target}))
                     .value())
          .value();
  EXPECT_EQ(static_cast<int64_t>(rows.row_count()), result->rows);
  text += ": ";
  EXPECT_TRUE(rows.append_json(text, sql::Numbers::number));
  return text;
}

inline void check_table_source_contract(const TableSourceForTests& test) {
  using Rows = std::vector<TableSourceForTests::Row>;
  const auto type = [](const char* sql) { return model::Type::parse(sql).value(); };
  const auto copied = [&](const Rows& rows, std::vector<TableColumn> declared = {}) {
    const auto source = test.make(rows, std::move(declared));
    return copied_from(*source);
  };
  const auto starts_with = [](const std::string& text, const std::string& with) {
    EXPECT_EQ(text.substr(0, with.size()), with) << text;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  };
  const Rows some = {{"1", "\xc3\xa4 'q\" x", "1.5"},
                     {"-9223372036854775808", std::nullopt, "0.25"},
                     {"3", "b", std::nullopt}};

  // Values, NULL and order; types that nobody declared keep every value.
  has(copied(some, {{"amount", "", type("DOUBLE")}}),
      R"([[1,"ä 'q\" x",1.5],[-9223372036854775808,null,0.25],[3,"b",null]])");
  starts_with(copied(some, {{"amount", "", type("DOUBLE")}}), "id BIGINT, name VARCHAR, amount DOUBLE: ");
  Rows many;
  for (int i = 0; i < 20'000; ++i) many.push_back({std::to_string(i * 7919 % 20'000), "x", "1"});
  const std::string in_order = copied(many, {{"name", "", type("VARCHAR")}});
  size_t at = in_order.find(": [[");
  for (int i = 0; i < 20'000 && at != std::string::npos; i += 997)
    at = in_order.find(fmt::format("[{},\"x\",", i * 7919 % 20'000), at);
  EXPECT_NE(at, std::string::npos) << "rows come in the source's order";

  // What is declared holds.
  starts_with(copied(some, {{"number", "id", type("HUGEINT")}, {"amount", "", type("DECIMAL(5,2)")}}),
              "number HUGEINT, name VARCHAR, amount DECIMAL(5,2): [[1,");

  // Without loss or not at all, with place, column and value.
  const std::string small = copied(some, {{"id", "", type("INTEGER")}});
  starts_with(small, "bad_input: table t: ");
  has(small, " id: ");
  has(small, "-9223372036854775808");
  const std::string fraction = copied(some, {{"amount", "", type("DECIMAL(5,1)")}});
  starts_with(fraction, "bad_input: table t: ");
  has(fraction, " amount: ");
  has(fraction, "0.25");

  // Columns that are not there, or cannot be.
  const std::string missing = copied(some, {{"n", "nam", std::nullopt}});
  starts_with(missing, "bad_input: table t: ");
  has(missing, "the column nam (did you mean 'name'?)");
  has(copied(some, {{"ID", "name", std::nullopt}}), "are one to SQL");
  has(copied(some, {{"a b", "name", std::nullopt}}), "a column's name");

  // No rows.
  starts_with(
      copied({}, {{"id", "", type("BIGINT")}, {"name", "", type("VARCHAR")}, {"amount", "", type("DOUBLE")}}),
      "id BIGINT, name VARCHAR, amount DOUBLE: []");
}

}  // namespace anabranch::ingest
