// Many models to one world: each parsed once, and the same plans whatever the number of threads.
#include "views/world.h"

#include <gtest/gtest.h>

#include "sql/parser.h"
#include "tests/support/view_corpus.h"

namespace anabranch::views {
namespace {

struct Sources {
  std::map<std::string, model::Schema> schemas;
  std::map<std::string, PinnedTable> tables;
};

Sources corpus_sources() {
  Sources sources;
  model::Schema& schema = sources.schemas["bronze.events"];
  schema.version = 1;
  for (const auto& [name, type] : std::vector<std::pair<std::string, std::string>>{{"id", "bigint"},
                                                                                   {"k", "varchar"},
                                                                                   {"g", "integer"},
                                                                                   {"x", "integer"},
                                                                                   {"y", "double"},
                                                                                   {"d", "decimal(10,2)"},
                                                                                   {"flag", "boolean"},
                                                                                   {"ts", "timestamp"},
                                                                                   {"s", "varchar"},
                                                                                   {"tags", "varchar[]"}}) {
    schema.fields.push_back({name, model::Type::parse(type).value(), false, ""});
  }
  sources.tables["bronze.dim"] = {
      "bronze.dim", 1, "", {{"k", "VARCHAR"}, {"name", "VARCHAR"}, {"weight", "DOUBLE"}}, 0};
  sources.tables["bronze.lookup"] = {"bronze.lookup", 1, "", {{"g", "INTEGER"}, {"label", "VARCHAR"}}, 0};
  return sources;
}

std::vector<ModelSource> corpus_models() {
  std::vector<ModelSource> models;
  for (const auto& view : test::read_view_corpus(ANABRANCH_SOURCE "/tests/equivalence/views.sql"))
    models.push_back({view.name, view.sql, view.name + ".sql", true});
  return models;
}

// All that a world says: to_json leaves out what only people read.
std::string described(const WorldResult& made) {
  std::string text = made.world.to_json() + "\n";
  for (const Plan& plan : made.world.plans) {
    text += plan.view + " " + std::string(to_string(plan.view_class));
    for (const Reason& reason : plan.reasons)
      text += " | " + reason.clause + ": " + reason.reason + " " + std::to_string(reason.place.line);
    text += "\n";
  }
  for (const auto& [name, relation] : made.world.relations)
    text += name + (relation.is_block ? " is a block\n" : "\n");
  for (const auto& [name, why] : made.world.absent) text += "absent " + name + ": " + why.describe() + "\n";
  for (const Error& error : made.errors) text += error.describe() + "\n";
  return text;
}

TEST(World, PlansDoNotDependOnTheNumberOfThreads) {
  const Sources sources = corpus_sources();
  const auto models = corpus_models();
  const auto alone = make_world(models, sources.schemas, sources.tables, {}, 1);
  ASSERT_TRUE(alone.errors.empty()) << alone.errors.front().describe();
  ASSERT_GT(alone.world.plans.size(), 60U);
  for (const size_t threads : {2, 3, 8}) {
    const auto together = make_world(models, sources.schemas, sources.tables, {}, threads);
    EXPECT_EQ(described(together), described(alone)) << threads << " threads";
  }
}

TEST(World, MistakesComeInTheOrderOfTheModels) {
  const Sources sources = corpus_sources();
  std::vector<ModelSource> models;
  for (int i = 0; i < 24; ++i) {
    const std::string name = "gold.v" + std::to_string(i);
    const std::string below = "gold.v" + std::to_string(i - i % 4);
    // Of each four one is wrong, one reads it, one reads a table that is not there, and one is right.
    const std::string sql = i % 4 == 0   ? "SELECT nothing FROM bronze.events"
                            : i % 4 == 1 ? "SELECT * FROM " + below
                            : i % 4 == 2 ? "SELECT *\nFROM bronze.later"
                                         : "SELECT k, count(*) AS n FROM bronze.events GROUP BY k";
    models.push_back({name, sql, name + ".sql", true});
  }
  models.push_back({"gold.text", "this is no SELECT", "gold.text.sql", true});
  const std::map<std::string, Error> absent = {
      {"bronze.later", {Code::not_found, "later was never copied", "", {}}}};
  const auto alone = make_world(models, sources.schemas, sources.tables, absent, 1);
  ASSERT_EQ(alone.errors.size(), 13U);
  EXPECT_EQ(alone.errors[0].place->file, "gold.v0.sql");
  EXPECT_EQ(alone.errors[1].place->file, "gold.v2.sql");
  EXPECT_EQ(alone.errors[1].place->line, 2);
  EXPECT_EQ(alone.errors[2].place->file, "gold.v4.sql");
  EXPECT_EQ(alone.errors[12].place->file, "gold.text.sql");
  EXPECT_EQ(alone.world.plans.size(), 6U);
  EXPECT_EQ(alone.world.absent.at("gold.v1").message, alone.world.absent.at("gold.v0").message)
      << "it reads gold.v0";
  EXPECT_EQ(alone.world.absent.at("gold.v2").message, "gold.v2 cannot be read: later was never copied");
  for (const size_t threads : {2, 8}) {
    const auto together = make_world(models, sources.schemas, sources.tables, absent, threads);
    EXPECT_EQ(described(together), described(alone)) << threads << " threads";
  }
}

TEST(World, ATreeThatIsGivenIsNotParsedAgain) {
  const Sources sources = corpus_sources();
  // Without those whose aggregates the compiler spells by way of the parser.
  std::vector<ModelSource> models;
  for (ModelSource& model : corpus_models()) {
    if (model.sql.find("WITHIN GROUP") == std::string::npos) models.push_back(std::move(model));
  }
  (void)make_world(models, sources.schemas, sources.tables, {}, 1);  // what is parsed once a process
  const uint64_t before = sql::statements_parsed();
  const auto parsing = make_world(models, sources.schemas, sources.tables, {}, 2);
  EXPECT_EQ(sql::statements_parsed() - before, models.size());
  for (ModelSource& model : models)
    model.select = std::make_shared<const sql::Select>(sql::parse_select(model.sql).value());
  const uint64_t begun = sql::statements_parsed();
  const auto carried = make_world(models, sources.schemas, sources.tables, {}, 2);
  EXPECT_EQ(sql::statements_parsed(), begun);
  EXPECT_EQ(described(carried), described(parsing));
}

}  // namespace
}  // namespace anabranch::views
