#pragma once
// What every BatchEngine does (law L6). Test-only.

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/batch_engine.h"
#include "batch/build_for_tests.h"
#include "lake/type_mapping.h"
#include "sql/object_urls.h"
#include "sql/parquet_file.h"
#include "sql/parquet_relation.h"
#include "tests/support/plain_engine.h"
#include "views/plan.h"

namespace anabranch::batch {

namespace contract {

using Models = std::vector<std::pair<std::string, std::string>>;

// Each stands for a way in which views become states, rows and results.
inline const Models views = {
    {"silver.big", "SELECT k, n * 10 AS tens, n FROM bronze.e WHERE n > 1"},
    {"gold.sums", "SELECT k, count(*) AS c, sum(n) AS s, avg(n) AS a FROM bronze.e GROUP BY k"},
    {"gold.whole", "SELECT count(*) AS c, max(n) AS m, min(k) AS k FROM bronze.e"},
    {"gold.counts", "SELECT k, count(DISTINCT n) AS d, median(n) AS m FROM bronze.e GROUP BY k"},
    {"gold.newest", "SELECT DISTINCT ON (k) k, n FROM bronze.e ORDER BY k, n DESC"},
    {"gold.above", "SELECT k, sum(tens) AS s FROM silver.big GROUP BY k HAVING count(*) > 1"},
    {"gold.top", "SELECT k, s FROM gold.sums WHERE c > 1 ORDER BY s DESC LIMIT 3"},
    {"gold.ranked", "SELECT k, n, row_number() OVER (ORDER BY n, k) AS r FROM bronze.e"},
};

inline const std::string sums = "SELECT k, sum(n) AS s FROM bronze.e GROUP BY k";
inline const std::string endless =
    "SELECT count(*) AS c FROM bronze.e AS a, bronze.e AS b, bronze.e AS c WHERE a.n + b.n < c.n";

/// Events of one partition, by k and n; every n of all partitions is another one, and some k are NULL.
inline std::string events_of(model::Partition partition, int64_t count) {
  return fmt::format(
      "SELECT CASE WHEN i % 7 <> 0 THEN 'k' || (i % 5) END AS k, i * 10 + {} AS n FROM range({}) AS r(i)",
      partition, count);
}

class Builds {
 public:
  explicit Builds(lake::ObjectStore& store) : store_(store) {
    const auto before = store.list("").value();
    for (const auto& object : before) EXPECT_TRUE(store.remove(object.key));
  }

  /// A job over all partitions, of which each has so many events before the cut-off, and some after it.
  BuildJob job_of(const Models& models, const std::vector<int64_t>& cutoffs, const std::string& id = "b1") {
    BuildJob job;
    job.build_id = id;
    job.work_folder = work().string();
    job.world = test::small_world(models);
    for (size_t i = 0; i < cutoffs.size(); ++i) {
      const auto partition = static_cast<model::Partition>(i);
      const io::Path file = folder_ / "events.parquet";
      test::write_events(file, events_of(partition, cutoffs[i] + 50), partition);
      EXPECT_TRUE(store_.adopt(archive(partition), file));
      job.archives["bronze.e"].push_back({sql::object_url(archive(partition))});
      job.cutoff["e"].push_back(cutoffs[i]);
    }
    return job;
  }
  static std::string archive(model::Partition partition) {
    return fmt::format("lake/bronze/e/{}.parquet", partition);
  }
  io::Path work() const { return folder_ / "work"; }
  lake::ObjectStore& store() { return store_; }

  /// What a build has put into the lake.
  std::set<std::string> objects() {
    std::set<std::string> keys;
    const auto all = store_.list("").value();
    for (const auto& object : all) {
      if (!object.key.starts_with("lake/bronze/")) keys.insert(object.key);
    }
    return keys;
  }
  /// What lies in the folder of the test beside the lake.
  std::vector<std::string> strays() const {
    std::vector<std::string> names;
    const auto entries = io::local_file_system().list(folder_.path()).value();
    for (const auto& entry : entries) names.push_back(entry.name);
    return names;
  }

 private:
  lake::ObjectStore& store_;
  const test::TemporaryFolder folder_;
};

inline Result<BuildResult> run(BatchEngine& engine, const BuildJob& job) {
  return engine.run(job, [](const BuildProgress&) {});
}

/// The events before the cut-off as plain DuckDB has them, and the same views over them.
inline void load(test::PlainEngine& plain, const Models& models, const BuildJob& job) {
  std::string all;
  const auto& cutoffs = job.cutoff.at("e");
  for (size_t i = 0; i < cutoffs.size(); ++i) {
    all += fmt::format("{}({})", i ? " UNION ALL " : "",
                       events_of(static_cast<model::Partition>(i), cutoffs[i]));
  }
  plain.run("CREATE TABLE bronze.e AS " + all);
  for (const auto& [name, sql] : models) plain.run(fmt::format("CREATE VIEW {} AS {}", name, sql));
}

/// What a reader finds of a view: its states, finalised; its result, as other readers see it.
inline void expect_as_plain(lake::ObjectStore& store, const BuildJob& job, const BuildResult& built,
                            const Models& models) {
  test::PlainEngine plain;
  load(plain, models, job);
  ASSERT_TRUE(sql::give_objects(plain.database(), store));
  plain.run(fmt::format("ATTACH {} AS build (READ_ONLY)",
                        sql::quote_literal(sql::object_url("serving/" + job.build_id + ".duckdb"))));
  for (const auto& [name, sql] : models) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(built.views.contains(name));
    const lake::ViewBuild& view = built.views.at(name);
    const views::Plan& plan = *job.world.plan(name);
    EXPECT_EQ(view.build_id, job.build_id);
    EXPECT_EQ(view.cutoff, job.cutoff);
    EXPECT_EQ(view.plan_hash, job.world.basis_hashes.at(name));
    const std::string expected = test::sorted_rows(plain.session(), "FROM " + name);
    if (plan.is_maintained()) {
      sql::Meanings states;
      for (const views::StatePart& part : plan.parts) {
        std::vector<std::string> rows;
        for (const std::string& file : view.row_files) rows.push_back(sql::object_url(file));
        const bool is_rows = plan.view_class == views::ViewClass::linear && part.name == "main";
        states[part.name] =
            sql::meaning("FROM " + (is_rows ? sql::parquet_relation(rows, part.columns, "")
                                            : "build.main." + sql::quote_identifier(name + "#" + part.name)));
      }
      EXPECT_EQ(test::sorted_rows(plain.session(), views::finalise_query(plan, std::move(states))), expected)
          << "the states";
    }
    ASSERT_TRUE(view.delta);
    std::vector<std::string> files;
    for (const auto& file : view.delta->files)
      files.push_back(sql::object_url(view.delta->table + "/" + file.path));
    const std::string result =
        lake::select_from_parquet(plan.columns, "SELECT * FROM " + sql::read_files("read_parquet", files))
            .value();
    EXPECT_EQ(test::sorted_rows(plain.session(), result), expected) << "the result";
  }
}

inline void check_states_and_results_are_those_at_the_cutoff(BatchEngine& engine, lake::ObjectStore& store) {
  Builds builds(store);
  for (const auto& cutoffs : {std::vector<int64_t>{100}, {30, 0, 77}}) {
    const BuildJob job = builds.job_of(views, cutoffs, fmt::format("b{}", cutoffs.size()));
    const auto built = run(engine, job);
    ASSERT_TRUE(built) << built.error().describe();
    EXPECT_TRUE(built->failed.empty());
    EXPECT_EQ(built->views.size(), views.size());
    expect_as_plain(store, job, *built, views);
  }
}

inline void check_only_what_is_asked_for_is_built(BatchEngine& engine, lake::ObjectStore& store) {
  Builds builds(store);
  BuildJob job = builds.job_of(views, {40, 40});
  job.views = {"gold.above"};
  const auto built = run(engine, job);
  ASSERT_TRUE(built) << built.error().describe();
  EXPECT_EQ(built->views.size(), 1u);
  EXPECT_TRUE(built->views.contains("gold.above"));
}

inline void check_files_carry_the_builds_id(BatchEngine& engine, lake::ObjectStore& store) {
  Builds builds(store);
  const BuildJob job = builds.job_of(views, {40}, "20260101T000000Z-00ab");
  const auto built = run(engine, job);
  ASSERT_TRUE(built) << built.error().describe();
  std::set<std::string> named;  // what a manifest will name
  for (const auto& [name, view] : built->views) {
    named.insert(view.database_file);
    named.insert(view.row_files.begin(), view.row_files.end());
    for (const auto& file : view.delta->files) named.insert(view.delta->table + "/" + file.path);
  }
  EXPECT_EQ(builds.objects(), named) << "neither more nor less: no log or manifest that a reader looks at";
  for (const std::string& key : named) EXPECT_THAT(key, testing::HasSubstr(job.build_id));
  EXPECT_EQ(builds.strays(), std::vector<std::string>{}) << "the folder of the work is gone, too";
}

inline void check_a_view_that_fails_stops_no_other(BatchEngine& engine, lake::ObjectStore& store) {
  Builds builds(store);
  Models models = {{"gold.small", "SELECT CAST(sum(n) AS TINYINT) AS s FROM bronze.e"}};
  models.insert(models.end(), views.begin(), views.end());
  const BuildJob job = builds.job_of(models, {60, 60});
  const auto built = run(engine, job);
  ASSERT_TRUE(built) << built.error().describe();
  ASSERT_EQ(built->failed.size(), 1u);
  EXPECT_THAT(built->failed.at("gold.small"), testing::HasSubstr("INT8"));
  ASSERT_TRUE(built->views.contains("gold.small")) << "its states are there";
  EXPECT_FALSE(built->views.at("gold.small").delta) << "its result is not";
  EXPECT_FALSE(builds.objects().contains("lake/gold/small/part-00000-b1.parquet"));
  expect_as_plain(store, job, *built, views);
}

inline void check_progress_is_in_order(BatchEngine& engine, lake::ObjectStore& store) {
  Builds builds(store);
  const BuildJob job = builds.job_of(views, {40});
  std::vector<BuildProgress> told;
  ASSERT_TRUE(engine.run(job, [&](const BuildProgress& progress) { told.push_back(progress); }));
  std::vector<std::string> begun;
  int64_t done = 0;
  for (const BuildProgress& progress : told) {
    EXPECT_FALSE(progress.stage.empty());
    EXPECT_EQ(progress.total, static_cast<int64_t>(views.size()));
    EXPECT_GE(progress.done, done);
    done = progress.done;
    if (!progress.view.empty()) begun.push_back(progress.view);
  }
  std::vector<std::string> names;
  for (const auto& [name, sql] : views) names.push_back(name);
  EXPECT_THAT(begun, testing::UnorderedElementsAreArray(names));
  EXPECT_EQ(done, static_cast<int64_t>(views.size())) << "the last says that all are done";
}

inline void check_one_job_after_another(BatchEngine& engine, lake::ObjectStore& store) {
  Builds builds(store);
  const BuildJob first = builds.job_of({{"gold.sums", sums}}, {30}, "b1");
  const auto built = run(engine, first);
  ASSERT_TRUE(built) << built.error().describe();
  const BuildJob second = builds.job_of({{"gold.sums", sums}}, {80}, "b2");
  const auto then = run(engine, second);
  ASSERT_TRUE(then) << then.error().describe();
  expect_as_plain(store, first, *built, {{"gold.sums", sums}});
  expect_as_plain(store, second, *then, {{"gold.sums", sums}});
}

inline void check_files_that_cannot_be_read(BatchEngine& engine, lake::ObjectStore& store) {
  Builds builds(store);
  const auto put = [&](const std::string& key, std::string_view bytes) {
    const auto written = store.create(key).value();
    ASSERT_TRUE(written->append(bytes));
    ASSERT_TRUE(written->finish());
  };
  const std::vector<std::pair<std::string, std::function<void(const std::string&)>>> damages = {
      {"it is gone", [&](const std::string& key) { ASSERT_TRUE(store.remove(key)); }},
      {"it is cut",
       [&](const std::string& key) {
         const std::string bytes = store.get(key).value();
         put(key, std::string_view(bytes).substr(0, bytes.size() / 2));
       }},
      {"its first pages are overwritten", [&](const std::string& key) {
         std::string bytes = store.get(key).value();
         std::fill(bytes.begin() + 4, bytes.begin() + 400, '\xff');
         put(key, bytes);
       }}};
  for (const auto& [name, damage] : damages) {
    for (const bool is_shared : {false, true}) {  // by several views, or read by one alone
      SCOPED_TRACE(fmt::format("{}, {}", name, is_shared));
      Models models = {{"gold.sums", sums}};
      if (is_shared) models.emplace_back("gold.whole", "SELECT count(n) AS c, max(k) AS k FROM bronze.e");
      const BuildJob job = builds.job_of(models, {500, 500});
      damage(builds.archive(1));
      const auto built = run(engine, job);
      ASSERT_FALSE(built);
      EXPECT_THAT(built.error().message, testing::HasSubstr(Builds::archive(1)));
    }
  }
}

inline void check_memory_has_a_limit(BatchEngine& engine, lake::ObjectStore& store) {
  Builds builds(store);
  BuildJob job = builds.job_of(
      {{"gold.sums", sums},
       {"gold.lists",
        "SELECT n % 1000 AS g, list(repeat('x', 200) || n ORDER BY n) AS l FROM bronze.e GROUP BY g"}},
      {400'000});
  job.memory_bytes_max = 24 << 20;
  job.threads = 1;
  const auto built = run(engine, job);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Code::too_large) << built.error().describe();
  EXPECT_THAT(built.error().message, testing::HasSubstr("gold.lists"));
}

inline void check_a_stop_ends_the_build(BatchEngine& engine, lake::ObjectStore& store) {
  Builds builds(store);
  engine.stop();  // of nothing
  const auto first = run(engine, builds.job_of({{"gold.sums", sums}}, {30}, "b1"));
  ASSERT_TRUE(first) << first.error().describe();

  const BuildJob job = builds.job_of({{"gold.endless", endless}}, {50'000}, "b2");
  const auto within = engine.run(job, [&](const BuildProgress& progress) {
    if (progress.stage == "views") engine.stop();
  });
  ASSERT_FALSE(within);
  EXPECT_EQ(within.error().code, Code::cancelled) << within.error().describe();

  // Once, by another thread, while the view is computed.
  std::atomic<bool> has_begun = false;
  std::thread other([&] {
    has_begun.wait(false);
    engine.stop();
  });
  const auto from_outside = engine.run(job, [&](const BuildProgress&) {
    has_begun = true;
    has_begun.notify_one();
  });
  other.join();
  ASSERT_FALSE(from_outside);
  EXPECT_EQ(from_outside.error().code, Code::cancelled) << from_outside.error().describe();

  // By one that does not know whether it has begun.
  std::atomic<bool> has_ended = false;
  std::thread early([&] {
    while (!has_ended) engine.stop();
  });
  const auto at_once = run(engine, job);
  has_ended = true;
  early.join();
  ASSERT_FALSE(at_once);
  EXPECT_EQ(at_once.error().code, Code::cancelled) << at_once.error().describe();
  for (const std::string& key : builds.objects()) {
    EXPECT_TRUE(key.find("b1") != std::string::npos || key.find("b2") != std::string::npos) << key;
  }
  EXPECT_EQ(builds.strays(), std::vector<std::string>{});

  const BuildJob next = builds.job_of({{"gold.sums", sums}}, {30}, "b3");
  const auto after = run(engine, next);
  ASSERT_TRUE(after) << after.error().describe();
  expect_as_plain(store, next, *after, {{"gold.sums", sums}});
}

}  // namespace contract

/// The store is the lake that the engine builds into; what is in it goes.
inline void check_batch_engine_contract(BatchEngine& engine, lake::ObjectStore& store) {
  contract::check_states_and_results_are_those_at_the_cutoff(engine, store);
  contract::check_only_what_is_asked_for_is_built(engine, store);
  contract::check_files_carry_the_builds_id(engine, store);
  contract::check_a_view_that_fails_stops_no_other(engine, store);
  contract::check_progress_is_in_order(engine, store);
  contract::check_one_job_after_another(engine, store);
  contract::check_files_that_cannot_be_read(engine, store);
  contract::check_memory_has_a_limit(engine, store);
  contract::check_a_stop_ends_the_build(engine, store);
}

}  // namespace anabranch::batch
