#include "project/environment.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/project_for_tests.h"

namespace anabranch::project {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EnvironmentTest : public ::testing::Test {
 protected:
  YamlNode tree(const std::string& yaml, const std::vector<std::string>& secret_keys = {}) {
    const SourceText source{"a.yml", yaml};
    auto root = parse_yaml(source, problems_);
    EXPECT_TRUE(root);
    put_in_environment(
        *root,
        [&](const std::string& name) {
          const auto found = variables_.find(name);
          return found == variables_.end() ? std::nullopt : std::optional(found->second);
        },
        problems_, secret_keys);
    return std::move(*root);
  }
  std::string filled(const std::string& yaml) { return tree(yaml).to_json(); }
  std::vector<std::string> problems() {
    std::vector<std::string> lines;
    for (const Problem& problem : problems_.take_sorted()) lines.push_back(problem.describe_line());
    return lines;
  }

  std::map<std::string, std::string> variables_ = {
      {"HOST", "db.local"}, {"PORT", "1433"}, {"EMPTY", ""}, {"NASTY", "a: [b]\n- ${env:HOST} $${"}};
  Problems problems_;
};

TEST_F(EnvironmentTest, ValuesAreFilledInWhereverTheyStand) {
  EXPECT_EQ(
      filled("url: tcp://${env:HOST}:${env:PORT}/x\nport: ${env:PORT}\nquoted: \"${env:PORT}\"\n"
             "list: [1, '${env:HOST}', {deep: '${env:HOST}'}]\n"),
      R"({"url":"tcp://db.local:1433/x","port":1433,"quoted":"1433","list":[1,"db.local",{"deep":"db.local"}]})");
  EXPECT_THAT(problems(), ElementsAre());
}

TEST_F(EnvironmentTest, AnotherTextWhereThereIsNone) {
  EXPECT_EQ(filled("a: ${env:NONE:-here}\nb: ${env:EMPTY:-there}\nc: ${env:HOST:-nowhere}\nd: ${env:NONE:-}\n"
                   "e: ${env:EMPTY}x\n"),
            R"({"a":"here","b":"there","c":"db.local","d":"","e":"x"})");
  EXPECT_THAT(problems(), ElementsAre());
}

// A name, a type, a description is shown to people: it is no place for what holds secrets.
TEST_F(EnvironmentTest, VariablesOfSecretsCannotBeNamed) {
  variables_["ANABRANCH_SECRETS_KEY"] = "m4rk3r";
  variables_["ANABRANCH_SECRET_PASSWORD"] = "m4rk3r";
  const std::string all =
      filled("a: ${env:ANABRANCH_SECRETS_KEY}\nb: x${env:ANABRANCH_SECRET_PASSWORD:-y}\n");
  EXPECT_EQ(all.find("m4rk3r"), std::string::npos) << all;
  EXPECT_THAT(problems(),
              ElementsAre(HasSubstr("a.yml:1:4: error: ANABRANCH_SECRETS_KEY holds secrets"),
                          HasSubstr("a.yml:2:4: error: ANABRANCH_SECRET_PASSWORD holds secrets")));
}

TEST_F(EnvironmentTest, TheNamesInATextAreFound) {
  EXPECT_THAT(environment_names("a: ${env:HOST}:${env:PORT:-1}\nb: ${env:HOST} ${secret:X} $${env:Y} ${env:"),
              ::testing::UnorderedElementsAre("HOST", "PORT", "Y", ""));
}

TEST_F(EnvironmentTest, WhatAVariableHoldsIsOneValue) {
  EXPECT_EQ(filled("a: ${env:NASTY}\n"), R"({"a":"a: [b]\n- ${env:HOST} $${"})");
  EXPECT_EQ(filled("a: $${env:HOST}\n${env:HOST}: key\nb: ${other} $5 {}\n"),
            R"({"a":"${env:HOST}","${env:HOST}":"key","b":"${other} $5 {}"})");
  EXPECT_THAT(problems(), ElementsAre());
}

TEST_F(EnvironmentTest, MistakesHaveAPlace) {
  filled("a: 1\nb:\n  - x${env:NONE}\n  - ${env:9}\nc: ${env:HOST\nd: ${secret:PASSWORD}\n");
  EXPECT_THAT(
      problems(),
      ElementsAre(
          "a.yml:3:5: error: the environment variable NONE is not set (set it, or write what holds "
          "without it: ${env:NONE:-…})",
          "a.yml:4:5: error: '9' cannot name an environment variable (use letters, digits and _, first "
          "no digit)",
          "a.yml:5:4: error: '${env:HOST' has no closing brace (write ${env:NAME}, or $${ where no "
          "variable is meant)",
          "a.yml:6:4: error: the secret PASSWORD cannot stand here: this value is shown to people (give what "
          "people may see in the environment: ${env:NAME}; or write $${ where none is meant)"));
}

TEST_F(EnvironmentTest, SecretsAreNamedAndNotKnown) {
  const YamlNode root =
      tree("path: a$${/${secret:FOLDER}/${env:HOST}/${secret:FILE}\nlist: {path: ['${secret:FILE}', b]}\n",
           {"path"});
  EXPECT_THAT(problems(), ElementsAre());
  EXPECT_EQ(
      root.to_json(),
      R"({"path":"a${/${secret:FOLDER}/db.local/${secret:FILE}","list":{"path":["${secret:FILE}","b"]}})");
  const Secrets hold = [](const std::string& name) -> Result<std::string> {
    if (name == "FOLDER") return "${secret:FILE}";
    if (name == "FILE") return "x";
    return fail(Code::not_found, "no " + name);
  };
  const SecretText text{root.items[0].text, root.items[0].secrets};
  EXPECT_EQ(text.filled(hold).value(), "a${/${secret:FILE}/db.local/x") << "what a secret holds is no name";
  EXPECT_EQ(SecretText({"a", {}}).filled(hold).value(), "a");
  const YamlNode& list = root.items[1].items[0];
  EXPECT_EQ(SecretText({list.items[0].text, list.items[0].secrets}).filled(hold).value(), "x");
  EXPECT_FALSE(SecretText({"${secret:NONE}", {{"NONE", 0, 14}}}).filled(hold));
}

TEST_F(EnvironmentTest, WhatASecretHoldsIsHiddenInErrors) {
  const SecretText text{"${secret:FILE}", {{"FILE", 0, 14}}};
  const Error error = text.hidden({Code::io, "cannot open /a/x1y, x1y", "look at x1y", Place{"/a/x1y", 1, 2}},
                                  [](const std::string&) -> Result<std::string> { return "x1y"; });
  EXPECT_EQ(error.describe(),
            "/a/${secret:FILE}:1:2: cannot open /a/${secret:FILE}, ${secret:FILE} (look at "
            "${secret:FILE})");
}

TEST_F(EnvironmentTest, MistakesWithSecretsHaveAPlace) {
  tree(
      "path: ${secret:FILE\nb: {path: '${secret:a-b}', c: ['${secret:FILE}']}\npath2: [{c: "
      "'${secret:FILE}'}]\n",
      {"path", "file"});
  EXPECT_THAT(
      problems(),
      ElementsAre(
          "a.yml:1:7: error: '${secret:FILE' has no closing brace (write ${secret:NAME}, or $${ where "
          "no secret is meant)",
          "a.yml:2:11: error: 'a-b' cannot name a secret (use letters, digits and _, first no digit)",
          "a.yml:2:32: error: the secret FILE cannot stand here: this value is shown to people (it can "
          "stand in path and file; what people may see can be ${env:NAME})",
          "a.yml:3:13: error: the secret FILE cannot stand here: this value is shown to people (it can "
          "stand in path and file; what people may see can be ${env:NAME})"));
}

TEST_F(EnvironmentTest, AProjectTakesThem) {
  ASSERT_EQ(setenv("ANABRANCH_TEST_PORT", "9123", 1), 0);
  const TestProject project(
      Files{{"anabranch.yml", "name: shop\nserver: {port: '${env:ANABRANCH_TEST_PORT}'}\n"}});
  const Loaded loaded = project.load();
  EXPECT_EQ(describe(loaded.problems), "");
  EXPECT_EQ(loaded.project.settings.server.port, 9123);
  ASSERT_EQ(unsetenv("ANABRANCH_TEST_PORT"), 0);
  EXPECT_THAT(project.problems()[0], HasSubstr("anabranch.yml:2:16: error: the environment variable"));
}

}  // namespace
}  // namespace anabranch::project
