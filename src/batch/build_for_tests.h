#pragma once
// Builds of a small world, in a folder of their own.

#include <string>
#include <utility>
#include <vector>

#include "batch/batch_engine.h"
#include "sql/database.h"
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
    (void)io::local_file_system().remove(events);
    test::write_events(events, rows);
    BuildJob job;
    job.build_id = "b1";
    job.data_folder = (folder_ / "data").string();
    job.cutoff = {{"e", {cutoff}}};
    job.archives["bronze.e"] = {std::vector<std::string>{events.string()}};
    job.world = test::small_world(models);
    return job;
  }

  /// Rows of a statement over the build's state file, attached as `build`: "a|1\nb|2\n".
  std::string states(const BuildJob& job, const std::string& select) {
    const auto database = sql::Database::open({}).value();
    auto session = database->connect().value();
    const std::string file = (io::Path(job.data_folder) / "serving" / (job.build_id + ".duckdb")).string();
    if (const Status attached =
            session.run(fmt::format("ATTACH {} AS build (READ_ONLY)", sql::quote_literal(file)));
        !attached)
      return attached.error().describe();
    return rows(session, select);
  }

  /// Rows of a Parquet file below the data folder.
  std::string file_rows(const BuildJob& job, const std::string& file, const std::string& columns) {
    const auto database = sql::Database::open({}).value();
    auto session = database->connect().value();
    return rows(session,
                fmt::format("SELECT {} FROM {} ORDER BY ALL", columns,
                            sql::read_files("read_parquet", {(io::Path(job.data_folder) / file).string()})));
  }

  test::TemporaryFolder folder_;

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
