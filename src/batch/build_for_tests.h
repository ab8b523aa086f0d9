#pragma once
// Builds of a small world, in a folder of their own.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "batch/batch_engine.h"
#include "lake/local_store.h"
#include "sql/database.h"
#include "sql/object_urls.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"
#include "tests/support/small_world.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::batch {

class BuildTest : public ::testing::Test {
 protected:
  using Models = std::vector<std::pair<std::string, std::string>>;

  /// A build of these views over all events that `rows` gives (see test::write_events).
  BuildJob job_of(const Models& models, const std::string& rows, model::Offset cutoff) {
    const io::Path events = folder_ / "events.parquet";
    test::write_events(events, rows);
    EXPECT_TRUE(store_.adopt("lake/bronze/e/events.parquet", events));
    BuildJob job;
    job.build_id = "b1";
    job.work_folder = (folder_ / "work").string();
    job.cutoff = {{"e", {cutoff}}};
    job.archives["bronze.e"] = {std::vector<std::string>{sql::object_url("lake/bronze/e/events.parquet")}};
    job.world = test::small_world(models);
    return job;
  }

  /// Rows of a statement over the build's state file, attached as `build`: "a|1\nb|2\n".
  std::string states(const BuildJob& job, const std::string& select) {
    const auto database = database_of_lake();
    auto session = database->connect().value();
    const std::string file = sql::object_url(fmt::format("serving/{}.duckdb", job.build_id));
    if (const Status attached =
            session.run(fmt::format("ATTACH {} AS build (READ_ONLY)", sql::quote_literal(file)));
        !attached)
      return attached.error().describe();
    return rows(session, select);
  }

  /// Rows of a Parquet file in the lake.
  std::string file_rows(const std::string& key, const std::string& columns) {
    const auto database = database_of_lake();
    auto session = database->connect().value();
    return rows(session, fmt::format("SELECT {} FROM {} ORDER BY ALL", columns,
                                     sql::read_files("read_parquet", {sql::object_url(key)})));
  }

  std::unique_ptr<sql::Database> database_of_lake() {
    auto database = sql::Database::open({}).value();
    EXPECT_TRUE(sql::give_objects(*database, store_));
    return database;
  }

  test::TemporaryFolder folder_;
  lake::LocalStore store_{io::local_file_system(), folder_ / "data"};

 private:
  static std::string rows(sql::Session& session, const std::string& select) {
    const auto found = session.query(select);
    if (!found) return found.error().describe();
    std::string text;
    for (size_t row = 0; row < found->row_count(); ++row) {
      for (size_t column = 0; column < found->columns().size(); ++column)
        text += (column ? "|" : "") + found->text(row, column).value_or("NULL");
      text += "\n";
    }
    return text;
  }
};

}  // namespace anabranch::batch
