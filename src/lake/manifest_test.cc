#include "lake/manifest.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/document.h"
#include "lake/local_store.h"
#include "lake/store_for_tests.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::lake {
namespace {

using ::testing::HasSubstr;

Manifest manifest_of(uint64_t number, const std::string& build_id = "b1") {
  Manifest manifest;
  manifest.number = number;
  manifest.build_id = build_id;
  manifest.published_at_us = 1'700'000'000'000'000;
  manifest.basis.tables = {{"airlines", 3}};
  manifest.basis.schemas = {{"flights", 2}};
  manifest.archived = {{"flights", {8, 9}}};
  ViewBuild view;
  view.view = "gold.delay_by_carrier";
  view.build_id = build_id;
  view.plan_hash = "8f1c";
  view.cutoff = {{"flights", {8, 7}}};
  view.database_file = "serving/b1.duckdb";
  view.row_files = {"serving/b1-rows.parquet"};
  view.part_rows = {{"main", 12}};
  view.rows = 12;
  view.delta = DeltaCopy{"lake/gold/delay_by_carrier",
                         {{"part-00000-b1.parquet", 734, 12}},
                         {{"carrier", "VARCHAR"}, {"delay", "HUGEINT"}},
                         number};
  manifest.views[view.view] = view;
  ViewBuild other;
  other.view = "silver.flights";
  other.build_id = "b0";
  other.plan_hash = "77";
  manifest.views[other.view] = other;
  manifest.failed["gold.top"] = {build_id, "99", "Could not convert string 'x' to INT32"};
  return manifest;
}

class Manifests : public ::testing::Test {
 protected:
  io::Path path_of(uint64_t number) { return folder_ / "lake/manifests" / document_name(number); }
  void overwrite(uint64_t number, const std::string& text) {
    ASSERT_TRUE(io::local_file_system().write_atomically(path_of(number), text));
  }

  test::TemporaryFolder folder_;
  LocalStore store_{io::local_file_system(), folder_.path()};
};

TEST_F(Manifests, ComeBackAsTheyWere) {
  ManifestStore manifests(store_);
  EXPECT_FALSE(manifests.latest().value());
  ASSERT_TRUE(manifests.publish(manifest_of(1)));
  ASSERT_TRUE(manifests.publish(manifest_of(2, "b2")));
  EXPECT_EQ(*manifests.latest().value(), manifest_of(2, "b2"));
  EXPECT_EQ(ManifestStore(store_).history(10).value(), (std::vector{manifest_of(2, "b2"), manifest_of(1)}));
  EXPECT_EQ(manifests.history(1).value(), std::vector{manifest_of(2, "b2")});
}

TEST_F(Manifests, NumbersFollowEachOther) {
  ManifestStore manifests(store_);
  EXPECT_EQ(manifests.publish(manifest_of(2)).error().code, Code::bad_input);
  EXPECT_EQ(manifests.publish(manifest_of(0)).error().code, Code::bad_input);
  Manifest wrong = manifest_of(1);
  wrong.views.begin()->second.delta->manifest = 2;
  EXPECT_EQ(manifests.publish(wrong).error().code, Code::bad_input);
  EXPECT_TRUE(manifests.publish(manifest_of(1)));
}

// Law L3: of two publishers one wins, and the loser's views are nowhere to be seen.
TEST_F(Manifests, OneOfTwoPublishersWins) {
  for (uint64_t number = 1; number <= 20; ++number) {
    Status outcomes[2];
    std::vector<std::thread> publishers;
    for (int i = 0; i < 2; ++i) {
      publishers.emplace_back([&, i] {
        ManifestStore manifests(store_);
        outcomes[i] = manifests.publish(manifest_of(number, i == 0 ? "left" : "right"));
      });
    }
    for (std::thread& publisher : publishers) publisher.join();
    ASSERT_NE(outcomes[0].has_value(), outcomes[1].has_value());
    const int loser = outcomes[0] ? 1 : 0;
    EXPECT_EQ(outcomes[loser].error().code, Code::conflict);
    EXPECT_EQ(ManifestStore(store_).latest().value()->build_id, loser == 1 ? "left" : "right");
  }
}

TEST_F(Manifests, PublishingTheSameAgainDoesNothing) {
  ManifestStore manifests(store_);
  ASSERT_TRUE(manifests.publish(manifest_of(1)));
  EXPECT_TRUE(manifests.publish(manifest_of(1)));
  ASSERT_TRUE(manifests.publish(manifest_of(2, "b2")));
  EXPECT_TRUE(manifests.publish(manifest_of(1)));
  EXPECT_EQ(manifests.history(10)->size(), 2u);
}

TEST_F(Manifests, ALostAnswerIsLookedUp) {
  TroubledStore troubled(store_);
  ManifestStore manifests(troubled);
  using enum TroubledStore::Trouble;
  uint64_t number = 0;
  for (const auto trouble : {answer_lost, request_lost, arrives_later}) {
    troubled.trouble(trouble);
    ++number;
    const Status published = manifests.publish(manifest_of(number));
    EXPECT_TRUE(published) << published.error().describe();
    EXPECT_EQ(*manifests.latest().value(), manifest_of(number));
  }
  EXPECT_EQ(manifests.history(10)->size(), 3u);

  troubled.trouble(request_lost);
  troubled.before_put(
      [&] { ASSERT_TRUE(store_.put_if_absent("lake/manifests/" + document_name(4), "stranger")); });
  EXPECT_EQ(manifests.publish(manifest_of(4)).error().code, Code::conflict);
}

TEST_F(Manifests, UnfinishedFilesAreIgnored) {
  ManifestStore manifests(store_);
  ASSERT_TRUE(manifests.publish(manifest_of(1)));
  io::FileSystem& files = io::local_file_system();
  const io::Path folder = path_of(1).parent_path();
  ASSERT_TRUE(files.write_atomically(folder / (document_name(2) + ".0123456789abcdef.tmp"), "{\"form"));
  ASSERT_TRUE(files.write_atomically(folder / "notes.txt", "mine"));
  ASSERT_TRUE(files.write_atomically(folder / "3.json", "mine"));
  EXPECT_EQ(*manifests.latest().value(), manifest_of(1));
  EXPECT_TRUE(manifests.publish(manifest_of(2)));
}

TEST_F(Manifests, ABrokenNewestOneIsNamedNotSkipped) {
  ManifestStore manifests(store_);
  ASSERT_TRUE(manifests.publish(manifest_of(1)));
  const std::string good = manifest_of(2).to_json().value();
  std::string flipped = good;
  flipped.replace(flipped.find("\"rows\": 12"), 10, "\"rows\": 13");
  std::string renumbered = manifest_of(1).to_json().value();
  for (const std::string& text : {std::string(), good.substr(0, good.size() / 2), flipped, renumbered,
                                  std::string("[]"), std::string("{\"format\": 1}")}) {
    overwrite(2, text);
    const auto latest = manifests.latest();
    ASSERT_FALSE(latest) << text;
    EXPECT_EQ(latest.error().code, Code::corrupt);
    EXPECT_THAT(latest.error().message, HasSubstr(document_name(2)));
    EXPECT_FALSE(latest.error().hint.empty());
  }
  overwrite(2, good);
  EXPECT_EQ(*manifests.latest().value(), manifest_of(2));
}

TEST_F(Manifests, UnknownFieldsAreIgnoredAndMissingOnesNamed) {
  auto body = nlohmann::ordered_json::parse(manifest_of(1).to_json().value());
  body.erase("format");
  body.erase("crc32c");
  auto more = body;
  more["later"] = "x";
  more["views"]["gold.delay_by_carrier"]["later"] = 7;
  more["views"]["gold.delay_by_carrier"]["delta"]["files"][0]["later"] = 7;
  EXPECT_EQ(Manifest::from_json("m", seal_document(1, more).value()).value(), manifest_of(1));

  auto less = body;
  less["views"]["gold.delay_by_carrier"]["delta"]["files"][0].erase("size");
  const auto missing = Manifest::from_json("m.json", seal_document(1, less).value());
  EXPECT_EQ(missing.error().code, Code::corrupt);
  EXPECT_EQ(missing.error().message, "m.json: 'views.gold.delay_by_carrier.delta.files[0].size' is missing");

  for (const std::string key : {"number", "build_id", "published_at_us", "basis", "archived", "views"}) {
    auto one_less = body;
    one_less.erase(key);
    const auto read = Manifest::from_json("m.json", seal_document(1, one_less).value());
    EXPECT_EQ(read.error().code, Code::corrupt) << key;
    EXPECT_THAT(read.error().message, HasSubstr("'" + key + "'"));
    auto other_type = body;
    other_type[key] = true;
    EXPECT_FALSE(Manifest::from_json("m.json", seal_document(1, other_type).value())) << key;
  }
  const auto newer = Manifest::from_json("m.json", seal_document(2, body).value());
  EXPECT_EQ(newer.error().code, Code::refused);
  EXPECT_THAT(newer.error().message, HasSubstr("m.json"));
}

TEST_F(Manifests, TextThatIsNotUtf8IsRefused) {
  Manifest manifest = manifest_of(1);
  manifest.build_id = "\xff";
  EXPECT_EQ(ManifestStore(store_).publish(manifest).error().code, Code::bad_input);
}

// Law L3: a power cut at any change leaves the old manifest or the new one, and what publish() promised is
// there.
TEST_F(Manifests, APowerCutLeavesOldOrNew) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    test::FaultyFileSystem files(io::local_file_system(), seed);
    LocalStore store(files, folder_ / std::to_string(seed));
    uint64_t published = 0;
    files.crash_after(seed % 30);
    while (!files.is_off()) {
      ManifestStore manifests(store);
      if (manifests.publish(manifest_of(published + 1))) ++published;
    }
    files.restart();
    ManifestStore manifests(store);
    const auto latest = manifests.latest();
    ASSERT_TRUE(latest) << latest.error().describe();
    const uint64_t found = *latest ? (*latest)->number : 0;
    EXPECT_GE(found, published);
    EXPECT_LE(found, published + 1);
    if (*latest) {
      EXPECT_EQ(**latest, manifest_of(found));
    }
    EXPECT_TRUE(manifests.publish(manifest_of(published + 1))) << "trying again goes on";
  }
}

TEST_F(Manifests, TheNewestThatCanBeReadIsFoundBelowDamagedOnes) {
  ManifestStore manifests(store_);
  std::vector<Error> damaged;
  EXPECT_FALSE(manifests.newest_readable(damaged).value());
  for (uint64_t number = 1; number <= 3; ++number) {
    ASSERT_TRUE(manifests.publish(manifest_of(number, "b" + std::to_string(number))));
  }
  EXPECT_EQ(manifests.newest_readable(damaged).value(), manifest_of(3, "b3"));
  EXPECT_TRUE(damaged.empty());
  overwrite(3, "{");
  auto newest = manifests.newest_readable(damaged).value();
  EXPECT_EQ(newest->build_id, "b2");
  EXPECT_EQ(newest->number, 3U) << "the next one comes after the damaged one";
  ASSERT_EQ(damaged.size(), 1U);
  EXPECT_THAT(damaged[0].message, HasSubstr(document_name(3)));
  damaged.clear();
  overwrite(2, "");
  overwrite(1, "[]");
  newest = manifests.newest_readable(damaged).value();
  EXPECT_EQ(newest->number, 3U);
  EXPECT_EQ(newest->build_id, "");
  EXPECT_TRUE(newest->views.empty());
  EXPECT_EQ(damaged.size(), 3U);
  ASSERT_TRUE(manifests.publish(manifest_of(4, "b4")));
  damaged.clear();
  EXPECT_EQ(manifests.newest_readable(damaged).value(), manifest_of(4, "b4"));
  EXPECT_TRUE(damaged.empty());
}

}  // namespace
}  // namespace anabranch::lake
