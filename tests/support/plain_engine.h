#pragma once
// DuckDB with nothing of ours in it: what a SELECT over all events gives when nobody maintains anything.

#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sql/database.h"
#include "sql/syntax.h"

namespace anabranch::test {

/// Rows as sorted text, a line each, doubles rounded to what partial sums agree in; an error as its text.
inline std::string sorted_rows(sql::Session& session, const sql::Query& select) {
  auto described = session.describe(select);
  if (!described) return "error: " + described.error().describe();
  std::string columns;
  for (const auto& column : *described) {
    const std::string name = sql::quote_identifier(column.name);
    std::string text = fmt::format("coalesce({}::VARCHAR, 'NULL')", name);
    if (column.type == "DOUBLE") {
      text = fmt::format(
          "CASE WHEN {0} IS NULL THEN 'NULL' WHEN isnan({0}) THEN 'nan' WHEN abs({0}) < 1e-6 THEN '0' ELSE "
          "printf('%.8g', {0} + sign({0}) * abs({0}) * 1e-12) END",
          name);
    }
    columns += fmt::format("{}{}", columns.empty() ? "" : " || '|' || ", text);
  }
  auto result = session.query(
      sql::over(fmt::format("SELECT {} AS line FROM anabranch.side ORDER BY 1", columns), "side", select));
  if (!result) return "error: " + result.error().describe();
  std::string text;
  for (size_t i = 0; i < result->row_count(); ++i) text += result->text(i, 0).value_or("NULL") + "\n";
  return text;
}

/// An engine in memory, with the layers as schemas. One thread.
class PlainEngine {
 public:
  PlainEngine()
      : database_(sql::Database::open({}).value()),
        session_(std::make_unique<sql::Session>(database_->connect().value())) {
    for (const char* layer : {"bronze", "silver", "gold"}) run(fmt::format("CREATE SCHEMA {}", layer));
  }

  sql::Session& session() { return *session_; }
  sql::Database& database() { return *database_; }

  /// A statement that must work; ends the test where it does not.
  void run(const std::string& sql) {
    const Status done = session_->run(sql);
    ASSERT_TRUE(done) << done.error().describe() << "\n" << sql;
  }

 private:
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<sql::Session> session_;
};

}  // namespace anabranch::test
