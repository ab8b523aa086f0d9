#include "project/yaml_node.h"

#include <random>

#include <gtest/gtest.h>

namespace anabranch::project {
namespace {

struct Parsed {
  std::optional<YamlNode> root;
  std::vector<std::string> problems;
};

Parsed parse(std::string text) {
  Problems problems;
  Parsed parsed;
  if (auto source = to_source_text("f.yml", std::move(text), problems))
    parsed.root = parse_yaml(*source, problems);
  for (const Problem& problem : problems.take_sorted()) parsed.problems.push_back(problem.describe_line());
  return parsed;
}

TEST(YamlNode, KeysAndValuesKnowTheirPlaces) {
  const auto parsed = parse("a: 1\nb:\n  - {c: x, d: 'y'}\n  - z\ne:\n");
  ASSERT_TRUE(parsed.root);
  const YamlNode& root = *parsed.root;
  ASSERT_EQ(root.keys.size(), 3u);
  EXPECT_EQ(root.keys[1].place, (Place{"f.yml", 2, 1}));
  EXPECT_EQ(root.items[0].place, (Place{"f.yml", 1, 4}));
  const YamlNode& map = root.items[1].items[0];
  EXPECT_EQ(map.place, (Place{"f.yml", 3, 5}));
  EXPECT_EQ(map.keys[1].place, (Place{"f.yml", 3, 12}));
  EXPECT_EQ(map.items[1].place, (Place{"f.yml", 3, 15}));
  EXPECT_TRUE(map.items[0].is_plain);
  EXPECT_FALSE(map.items[1].is_plain);
  EXPECT_EQ(root.items[2].kind, YamlNode::Kind::null);
  EXPECT_EQ(root.items[2].place, (Place{"f.yml", 5, 1}))
      << "a value that is left out has the place of its key";
}

TEST(YamlNode, ColumnsCountCharacters) {
  const auto parsed = parse("\xef\xbb\xbf{\"Zürich – café\": a, Ö: b}\r\n");
  ASSERT_TRUE(parsed.root);
  EXPECT_EQ(parsed.root->keys[0].place, (Place{"f.yml", 1, 2}));
  EXPECT_EQ(parsed.root->keys[1].place, (Place{"f.yml", 1, 22}));
  EXPECT_EQ(parsed.root->items[1].place, (Place{"f.yml", 1, 25}));
}

TEST(YamlNode, AliasesAreCopies) {
  const auto parsed = parse("a: &x {k: 1}\nb: *x\nc: [*x, *x]\n");
  ASSERT_TRUE(parsed.root);
  EXPECT_TRUE(parsed.problems.empty());
  EXPECT_EQ(parsed.root->to_json(), R"({"a":{"k":1},"b":{"k":1},"c":[{"k":1},{"k":1}]})");
}

TEST(YamlNode, AliasesOfAliasesCannotEatTheMemory) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  const auto parsed = parse(text);
  EXPECT_FALSE(parsed.root);
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0],
            "f.yml: error: more than 200000 values in one file (split it, or write out the aliases)");
}

TEST(YamlNode, JsonKeepsWhatWasMeant) {
  const auto parsed = parse(
      "[1, 2.50, 12345678901234567890123, true, null, ~, 'true', \"5\", on, 2013-01-01, it's, 007, -0, 1e3]");
  ASSERT_TRUE(parsed.root);
  EXPECT_EQ(
      parsed.root->to_json(),
      R"([1,2.50,12345678901234567890123,true,null,null,"true","5","on","2013-01-01","it's","007",-0,1e3])");
}

TEST(YamlNode, MistakesHaveTheirPlaces) {
  struct Case {
    const char* text;
    std::vector<std::string> problems;
  };
  const Case cases[] = {
      {"a: 1\nb: 2\na: 3\n",
       {"f.yml:3:1: error: the key 'a' stands twice (it stands in line 1 already: keep one)"}},
      {"x: {a: 1, a: {b: 1, b: 2}}\n",
       {"f.yml:1:11: error: the key 'a' stands twice (it stands in line 1 already: keep one)",
        "f.yml:1:21: error: the key 'b' stands twice (it stands in line 1 already: keep one)"}},
      {"a: [1, 2\nb: 3\n",
       {"f.yml:2:2: error: not YAML: end of sequence flow not found (check indentation, colons, quotes and "
        "brackets "
        "here and just above)"}},
      {"a:\n\tb: 1\n",
       {"f.yml:2:3: error: not YAML: illegal map value (YAML wants spaces, not tabs, before a key)"}},
      {"? [a, b]\n: c\n", {"f.yml:1:3: error: a key must be text, not a list (put it in quotes)"}},
      {"a: 1\n---\nb: 2\n",
       {"f.yml:3:1: error: a second YAML document in one file (remove the line '---' and what follows)"}},
      {"a: 1\nb: \xff\n", {"f.yml:2:4: error: byte 0xff is not UTF-8 text (save the file as UTF-8)"}},
      {"a: *nobody\n",
       {"f.yml:1:4: error: not YAML: the referenced anchor is not defined (check "
        "indentation, colons, quotes and brackets here and just above)"}},
      {"a: 1\n  b: 2\n",
       {"f.yml:2:4: error: not YAML: illegal map value (check indentation, colons, quotes and "
        "brackets here and just above)"}},
  };
  for (const Case& each : cases) EXPECT_EQ(parse(each.text).problems, each.problems) << each.text;
}

TEST(YamlNode, DamagedFilesAreReportedNotFatal) {
  const std::string whole =
      "# c\nname: &n shop\nlist:\n  - {a: 1, b: [x, 'y', \"z\\n\"]}\n  - |\n    text\n  - *n\n? k\n: !!str "
      "v\n"
      "folded: >-\n  a\n  b\n";
  std::minstd_rand random(1);
  const std::string_view noise = "\t\n {}[]:,-?&*!|>'\"%@`#\\a\xc3\xa9";
  for (int round = 0; round < 5000; ++round) {
    std::string text = whole.substr(0, random() % (whole.size() + 1));
    for (size_t i = random() % 4; i > 0 && !text.empty(); --i) {
      text[random() % text.size()] = noise[random() % noise.size()];
    }
    const auto parsed = parse(text);
    EXPECT_TRUE(parsed.root || !parsed.problems.empty()) << text;
  }
}

TEST(YamlNode, AnEmptyFileIsNull) {
  for (const char* text : {"", "\n", "# a comment\n", "---\n"}) {
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed.root) << text;
    EXPECT_EQ(parsed.root->kind, YamlNode::Kind::null) << text;
    EXPECT_TRUE(parsed.problems.empty()) << text;
  }
}

}  // namespace
}  // namespace anabranch::project
