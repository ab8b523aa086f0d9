// What a verify compares with, from the reads of a small platform of real parts.
#include "quality/read_export.h"

#include <gmock/gmock.h>

#include "sql/syntax.h"
#include "tests/support/small_platform.h"

namespace anabranch::quality {
namespace {

using testing::HasSubstr;

const test::SmallPlatform::Models models = {
    {"silver.parsed", "SELECT CAST(k AS INTEGER) AS v, n FROM bronze.e"},
    {"gold.sums", "SELECT v, sum(n) AS s FROM silver.parsed GROUP BY v"},
    {"gold.small", "SELECT CAST(sum(n) AS TINYINT) AS s FROM bronze.e"},
    {"gold.other", "SELECT count(*) AS c FROM bronze.e"}};

class ReadExport : public ::testing::Test {
 protected:
  // Exports these views as they are after all that was posted.
  Result<Export> run(const std::vector<std::string>& views, int64_t sample_buckets = 1) {
    serve::QueryService& queries = platform_.queries();
    queries.query("SELECT 1", platform_.after_all()).value();
    ExportRequest request;
    request.views = views;
    request.sample_buckets = sample_buckets;
    request.file = platform_.folder() / fmt::format("export{}.duckdb", ++exports_);
    request.sources = [this](const views::World&) { return sources_; };
    return export_reads(queries, platform_.database(), request);
  }

  static const VerifyJob::View& view(const Export& of, const std::string& name) {
    for (const auto& view : of.job.views) {
      if (view.name == name) return view;
    }
    ADD_FAILURE() << name << " is not in the job";
    static const VerifyJob::View none;
    return none;
  }

  // Rows of a table in the export's file, in the order of their values: "1|2\n".
  static std::string rows(const Export& of, const std::string& table) {
    const auto database = sql::Database::open({}).value();
    auto session = database->connect().value();
    if (const Status attached =
            session.run(fmt::format("ATTACH {} AS x (READ_ONLY)", sql::quote_literal(of.job.file)));
        !attached)
      return attached.error().describe();
    const auto found = session.query(fmt::format("SELECT * FROM x.main.{} ORDER BY ALL", table));
    if (!found) return found.error().describe();
    std::string text;
    for (size_t row = 0; row < found->row_count(); ++row) {
      for (size_t column = 0; column < found->columns().size(); ++column)
        text += (column ? "|" : "") + found->text(row, column).value_or("NULL");
      text += "\n";
    }
    return text;
  }

  test::SmallPlatform platform_{models};
  std::shared_ptr<VerifySources> sources_ = std::make_shared<VerifySources>(
      VerifySources{{models.begin(), models.end()}, {{"e", platform_.stream_folder()}}});
  int exports_ = 0;
};

const std::string events =
    "{\"k\":\"1\",\"n\":10}\n{\"k\":\"2\",\"n\":20}\n{\"k\":\"x\",\"n\":5}\n{\"k\":\"1\",\"n\":7}\n{\"n\":1}"
    "\n";

TEST_F(ReadExport, HasTheRowsOfEachViewThatIsAskedFor) {
  platform_.post(events);
  const auto exported = run({"gold.sums", "gold.other"});
  ASSERT_TRUE(exported) << exported.error().describe();
  EXPECT_EQ(exported->offsets, (model::Offsets{{"e", {5}}}));
  const auto& sums = view(*exported, "gold.sums");
  EXPECT_TRUE(sums.is_asked);
  EXPECT_TRUE(sums.is_maintained);
  EXPECT_EQ(sums.sql, models[1].second);
  EXPECT_EQ(sums.columns, (std::vector<std::string>{"v", "s"}));
  EXPECT_EQ(rows(*exported, sums.read_table), "1|17\n2|20\nNULL|1\n") << "x is no number";
  EXPECT_EQ(rows(*exported, view(*exported, "gold.other").read_table), "5\n");
}

TEST_F(ReadExport, NamesWhatTheViewsAreMadeOf) {
  platform_.post(events);
  const auto exported = run({"gold.sums"}, 64);
  ASSERT_TRUE(exported) << exported.error().describe();
  EXPECT_EQ(exported->job.sample_buckets, 64);
  ASSERT_EQ(exported->job.views.size(), 2u) << "those below it too, and no other";
  EXPECT_EQ(exported->job.views[0].name, "silver.parsed") << "in the order of dependencies";
  EXPECT_FALSE(exported->job.views[0].is_asked);
  EXPECT_EQ(exported->job.views[0].read_table, "");
  ASSERT_EQ(exported->job.streams.size(), 1u);
  EXPECT_EQ(exported->job.streams[0].name, "e");
  EXPECT_EQ(exported->job.streams[0].ends, std::vector<model::Offset>{5});
  EXPECT_EQ(exported->job.streams[0].log_folder, platform_.stream_folder().string());
  EXPECT_EQ(exported->job.streams[0].schema, test::small_schema());
}

TEST_F(ReadExport, HasTheEventsThatAreRecordedBelow) {
  platform_.post(events);
  const auto exported = run({"gold.sums"});
  ASSERT_TRUE(exported) << exported.error().describe();
  const auto& parsed = view(*exported, "silver.parsed");
  EXPECT_EQ(parsed.recorded_stream, "e");
  EXPECT_EQ(rows(*exported, parsed.recorded_table), "0|2\n");
  EXPECT_EQ(view(*exported, "gold.sums").recorded_table, "") << "nothing fails in it that did not before";
}

TEST_F(ReadExport, ReadsWithConditionsSayHowManyRowsTheyGave) {
  platform_.post(events);
  const auto exported = run({"gold.sums"});
  ASSERT_TRUE(exported) << exported.error().describe();
  const auto& predicates = view(*exported, "gold.sums").predicates;
  // Of each of two columns: NULL, two values, and one of them as a limit from below and one from above.
  ASSERT_EQ(predicates.size(), 10u);
  const std::string table = view(*exported, "gold.sums").read_table;
  for (const auto& predicate : predicates) {
    const std::string found = rows(*exported, table + " WHERE " + predicate.where);
    EXPECT_EQ(predicate.rows, std::count(found.begin(), found.end(), '\n')) << predicate.shown;
    EXPECT_EQ(predicate.hashed, (std::vector<size_t>{0, 1})) << predicate.shown;
    EXPECT_EQ(predicate.hash.empty(), predicate.rows == 0) << predicate.shown;
  }
  const auto is_null = std::find_if(predicates.begin(), predicates.end(),
                                    [](const auto& each) { return each.shown == "v IS NULL"; });
  ASSERT_NE(is_null, predicates.end());
  EXPECT_EQ(is_null->rows, 1);
}

TEST_F(ReadExport, AViewWhoseReadRaisesHasItsErrorAndStopsNoOther) {
  platform_.post("{\"k\":\"1\",\"n\":100}\n{\"k\":\"1\",\"n\":100}\n");
  const auto exported = run({"gold.small", "gold.other"});
  ASSERT_TRUE(exported) << exported.error().describe();
  EXPECT_THAT(view(*exported, "gold.small").read_error, HasSubstr("200"));
  EXPECT_EQ(view(*exported, "gold.small").read_table, "");
  EXPECT_EQ(view(*exported, "gold.other").read_error, "");
  EXPECT_EQ(rows(*exported, view(*exported, "gold.other").read_table), "2\n");
}

TEST_F(ReadExport, WhatThereIsNotIsNotFound) {
  const auto no_view = run({"gold.nothing"});
  ASSERT_FALSE(no_view);
  EXPECT_EQ(no_view.error().code, Code::not_found);
  EXPECT_THAT(no_view.error().message, HasSubstr("gold.nothing"));
  sources_->models.erase("silver.parsed");
  const auto no_model = run({"gold.sums"});
  ASSERT_FALSE(no_model);
  EXPECT_EQ(no_model.error().code, Code::not_found);
  EXPECT_THAT(no_model.error().message, HasSubstr("silver.parsed"));
  EXPECT_TRUE(run({"gold.other"})) << "nothing stays of what failed";
}

TEST_F(ReadExport, AJobIsWhatItWasAfterItsWayThere) {
  platform_.post(events);
  const auto exported = run({"gold.sums"}, 64);
  ASSERT_TRUE(exported) << exported.error().describe();
  const auto read = VerifyJob::from_json(exported->job.to_json());
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(read->to_json(), exported->job.to_json());
  EXPECT_EQ(read->views.size(), 2u);
  EXPECT_EQ(read->sample_buckets, 64);
  EXPECT_EQ(read->views[1].predicates.size(), 10u);
  EXPECT_EQ(VerifyJob::from_json("{}").error().code, Code::bad_input);
}

}  // namespace
}  // namespace anabranch::quality
