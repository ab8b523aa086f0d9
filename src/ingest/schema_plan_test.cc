// What may become of a stream's fields.

#include "ingest/schema_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/ingestor.h"
#include "ingest/round_trip.h"
#include "log/segmented_log.h"
#include "tests/support/stored_log.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

model::Schema declared(std::vector<model::Field> fields) { return {0, std::move(fields)}; }

model::Field was(model::Field field, std::vector<std::string> names) {
  field.was = std::move(names);
  return field;
}

// The versions that declarations make, one after the other.
class Declarations : public ::testing::Test {
 protected:
  SchemaPlan plan(std::vector<model::Field> fields) {
    return plan_schema(latest_ ? &*latest_ : nullptr, declared(std::move(fields)));
  }
  std::vector<std::string> become(std::vector<model::Field> fields) {
    const SchemaPlan planned = plan(fields);
    EXPECT_TRUE(planned.is_compatible()) << planned.check("s").error().describe();
    if (planned.is_new) {
      EXPECT_EQ(planned.next.version, latest_ ? latest_->version + 1 : 1);
      latest_ = planned.next;
    }
    EXPECT_FALSE(plan(fields).is_new) << "the same file again";
    EXPECT_THAT(plan(fields).changes, IsEmpty());
    std::vector<std::string> changes;
    for (const FieldChange& change : planned.changes) changes.push_back(change.describe());
    return changes;
  }
  void find(model::Field field) {
    field.found_at_us = 1;
    latest_->add(std::move(field));
    ++latest_->version;
  }
  std::string columns() const {
    std::string all;
    for (const model::Field& field : latest_->fields) all += field.name + "=" + field.stored_name() + " ";
    return all;
  }

  std::optional<model::Schema> latest_;
};

TEST_F(Declarations, AddRenameWidenDropAndRequire) {
  become(
      {field("page", "varchar", true), field("n", "integer"), field("age", "integer"), field("x", "date")});
  EXPECT_THAT(become({field("x", "date", true), was(field("url", "varchar"), {"page"}), field("n", "bigint"),
                      field("city", "varchar")}),
              ElementsAre(HasSubstr("x is required from now on"), "url is renamed (was page)",
                          "url is no longer required", "n is widened (INTEGER to BIGINT)",
                          HasSubstr("age is dropped"), "city is added (VARCHAR)"));
  EXPECT_EQ(columns(), "url=page n=n x=x city=city ");
  EXPECT_TRUE(latest_->is_dropped("age"));
}

TEST_F(Declarations, ANameThatIsFreeAgainGetsAColumnOfItsOwn) {
  become({field("page", "varchar"), field("n", "integer")});
  become({was(field("url", "varchar"), {"page"}), field("n", "integer")});
  become({field("url", "varchar"), field("n", "integer"), field("page", "integer")});
  EXPECT_EQ(columns(), "url=page n=n page=page~2 ");
  become({was(field("link", "varchar"), {"url"}), field("n", "integer"), field("page", "integer")});
  EXPECT_EQ(columns(), "link=page n=n page=page~2 ");
}

TEST_F(Declarations, AFileThatIsTakenBackTakesItsNamesBack) {
  become({field("page", "varchar"), field("n", "integer")});
  become({was(field("url", "varchar"), {"page"}), field("n", "integer")});
  EXPECT_THAT(become({field("page", "varchar"), field("n", "integer")}),
              ElementsAre("page is renamed (was url)"));
  EXPECT_EQ(columns(), "page=page n=n ");
  EXPECT_THAT(become({was(field("url", "varchar"), {"page"}), field("n", "integer")}),
              ElementsAre("url is renamed (was page)"));
  EXPECT_EQ(columns(), "url=page n=n ");
}

TEST_F(Declarations, WhatWasDroppedComesBackWithItsColumn) {
  become({field("a", "integer"), field("b", "integer")});
  become({field("b", "integer")});
  const SchemaPlan other = plan({field("b", "integer"), field("a", "varchar")});
  ASSERT_FALSE(other.is_compatible());
  EXPECT_THAT(other.changes.at(0).detail, HasSubstr("from INTEGER to VARCHAR"));
  EXPECT_THAT(become({field("b", "integer"), field("a", "bigint")}),
              ElementsAre("a is widened (INTEGER to BIGINT)", HasSubstr("a is declared again")));
  EXPECT_EQ(columns(), "b=b a=a ");
  EXPECT_THAT(latest_->dropped, IsEmpty());
}

TEST_F(Declarations, WhatWasDroppedComesBackUnderAnotherNameToo) {
  become({field("page", "integer"), field("b", "integer")});
  become({field("b", "integer")});
  EXPECT_THAT(become({field("b", "integer"), was(field("url", "integer"), {"page"})}),
              ElementsAre(HasSubstr("url is declared again, with what events brought before")));
  EXPECT_EQ(columns(), "b=b url=page ");
}

TEST_F(Declarations, WhatEventsBroughtStaysUntilItIsDeclared) {
  become({field("a", "integer")});
  find(field("b", "bigint"));
  EXPECT_THAT(become({field("a", "integer"), field("c", "date")}), ElementsAre("c is added (DATE)"));
  EXPECT_EQ(columns(), "a=a b=b c=c ");
  become({field("a", "integer"), field("c", "date"), field("b", "bigint")});
  EXPECT_THAT(become({field("a", "integer"), field("c", "date")}), ElementsAre(HasSubstr("b is dropped")));
}

TEST_F(Declarations, NarrowingAndOtherTypesAreRefused) {
  become({field("n", "bigint"), field("t", "varchar"), field("u", "varchar")});
  const SchemaPlan bad = plan({field("n", "integer"), field("t", "json"), was(field("t2", "date"), {"u"})});
  EXPECT_FALSE(bad.is_compatible());
  std::vector<std::string> refused;
  for (const FieldChange& change : bad.changes) {
    if (change.kind == FieldChange::Kind::incompatible) refused.push_back(change.field);
  }
  EXPECT_THAT(refused, ElementsAre("n", "t", "t2"));
  EXPECT_THAT(bad.changes.at(0).hint, HasSubstr("keep BIGINT and cast in a model; or widen it (HUGEINT, "));
  EXPECT_EQ(bad.changes.at(0).declared_at, 0u);
  const auto said = bad.check("s");
  ASSERT_FALSE(said);
  EXPECT_THAT(said.error().message,
              HasSubstr("field n of stream s: its type would go from BIGINT to INTEGER"));
}

TEST_F(Declarations, TwoFieldsWithEventsAreNotOne) {
  become({field("page", "varchar")});
  find(field("url", "varchar"));
  const SchemaPlan bad = plan({was(field("url", "varchar"), {"page"})});
  ASSERT_FALSE(bad.is_compatible());
  EXPECT_THAT(bad.changes.at(0).hint, HasSubstr("coalesce(url, page)"));
}

TEST(ReadsAlike, WhatWentOrChangedCountsAndWhatCameDoesNot) {
  const model::Schema one{1, {field("a", "integer")}};
  model::Schema two{2, {field("a", "integer"), field("b", "integer")}};
  EXPECT_TRUE(reads_alike(one, two));
  EXPECT_FALSE(reads_alike(two, one));
  two.fields[0].stored_as = "a~2";
  EXPECT_FALSE(reads_alike(one, two)) << "another field of that name";
  two.fields[0] = field("a", "bigint");
  EXPECT_FALSE(reads_alike(one, two));
  two.fields[0] = was(field("c", "integer"), {"a"});
  two.fields[0].stored_as = "a";
  EXPECT_FALSE(reads_alike(one, two));
  EXPECT_FALSE(reads_alike(two, one));
}

TEST(Ingestor, TakesAChangeOverOrLeavesTheSchemaAsItWas) {
  test::TemporaryFolder folder;
  auto schemas = log::SchemaStore::open(io::local_file_system(), folder.path() / "schema").value();
  test::StoredLog log;
  Ingestor ingestor("s", log, *schemas);
  ASSERT_TRUE(ingestor.change_schema(declared({field("a", "integer")})));
  const auto planned = ingestor.plan_change(declared({field("a", "bigint")})).value();
  EXPECT_TRUE(planned.is_new);
  EXPECT_EQ(schemas->latest()->version, 1u) << "a plan changes nothing";
  ASSERT_TRUE(ingestor.change_schema(declared({field("a", "bigint")})));
  EXPECT_EQ(*schemas->latest(), planned.next);
  const auto refused = ingestor.change_schema(declared({field("a", "date"), field("b", "date")}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::bad_input);
  EXPECT_EQ(*schemas->latest(), planned.next);
}

class SetClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return now; }
  int64_t monotonic_us() override { return now; }
  io::TimeUs now = int64_t{1'000'000} * 1'000'000;
};

TEST(Ingestor, CountsTheFieldsOfAnHourAcrossBodiesAndRestarts) {
  test::TemporaryFolder folder;
  auto& files = io::local_file_system();
  SetClock clock;
  auto log = log::SegmentedLog::open(files, clock, folder.path(), {}).value();
  const auto quarantined = [&](const std::string& body) {
    auto schemas = log::SchemaStore::open(files, folder.path() / "schema").value();
    Ingestor ingestor("s", *log, *schemas, clock);
    model::Schema schema = declared({field("a", "integer")});
    schema.drift.per_hour = 2;
    EXPECT_TRUE(ingestor.change_schema(schema));
    return ingestor.accept_and_wait(BodyFormat::ndjson, body).value().quarantined;
  };
  EXPECT_EQ(quarantined("{\"a\":1,\"b\":1}"), 0);
  clock.now += int64_t{1800} * 1'000'000;
  EXPECT_EQ(quarantined("{\"a\":1,\"c\":1}"), 0);
  EXPECT_EQ(quarantined("{\"a\":1,\"d\":1}"), 1);
  clock.now += int64_t{1801} * 1'000'000;  // b was found more than an hour ago
  EXPECT_EQ(quarantined("{\"a\":1,\"d\":1}"), 0);
  EXPECT_EQ(quarantined("{\"a\":1,\"e\":1}"), 1);
}

}  // namespace
}  // namespace anabranch::ingest
