#include "http/router.h"

#include <gtest/gtest.h>

namespace anabranch::http {
namespace {

class Routes : public ::testing::Test {
 protected:
  void add(const char* method, const char* pattern) { router_.add(method, pattern, nullptr, RunOn::io); }
  std::string match(std::string_view method, std::string_view path) {
    const auto match = router_.match(method, parse_target(path).value().segments);
    if (!match.route) return match.allow.empty() ? "404" : "405 " + match.allow;
    std::string text = match.route->pattern;
    for (const auto& [name, value] : match.params) text += " " + name + "=" + value;
    return text;
  }
  Router router_;
};

TEST_F(Routes, TakeParamsFromThePath) {
  add("GET", "/v1/views/{name}/rows");
  EXPECT_EQ(match("GET", "/v1/views/gold.x/rows?limit=1"), "/v1/views/{name}/rows name=gold.x");
  EXPECT_EQ(match("GET", "/v1/views/gold.x"), "404");
  EXPECT_EQ(match("GET", "/v1/views//rows"), "404");
  EXPECT_EQ(match("GET", "/v1/views/gold.x/rows/"), "404");
}

TEST_F(Routes, LiteralSegmentsWinWhateverTheOrder) {
  add("GET", "/v1/{a}/{b}");
  add("GET", "/v1/{a}/rows");
  add("GET", "/v1/views/{b}");
  EXPECT_EQ(match("GET", "/v1/views/rows"), "/v1/views/{b} b=rows");
  EXPECT_EQ(match("GET", "/v1/x/rows"), "/v1/{a}/rows a=x");
  EXPECT_EQ(match("GET", "/v1/x/y"), "/v1/{a}/{b} a=x b=y");
}

TEST_F(Routes, OtherMethodsAreNamed) {
  add("GET", "/v1/builds");
  add("POST", "/v1/builds");
  EXPECT_EQ(match("PUT", "/v1/builds"), "405 GET, POST, HEAD");
  EXPECT_EQ(match("HEAD", "/v1/builds"), "/v1/builds");
}

TEST(TargetTest, IsDecoded) {
  const Target target = parse_target("http://host:1/a%2Fb/%C3%A4?x=1&y=a+b%3D&flag&x=2#there").value();
  EXPECT_EQ(target.segments, (std::vector<std::string>{"a/b", "ä"}));
  EXPECT_EQ(target.path, "/a/b/ä");
  EXPECT_EQ(target.query.find("x"), "1");
  EXPECT_EQ(target.query.find("y"), "a b=");
  EXPECT_EQ(target.query.find("flag"), "");
  EXPECT_EQ(target.query.find("z"), std::nullopt);
  EXPECT_EQ(target.query.size(), 4u);
}

TEST(TargetTest, MistakesAreBadInput) {
  for (const char* raw : {"", "*", "a", "/%", "/%4", "/%4x", "/%00", "/?a=%g0"}) {
    const auto target = parse_target(raw);
    ASSERT_FALSE(target) << raw;
    EXPECT_EQ(target.error().code, Code::bad_input);
  }
}

}  // namespace
}  // namespace anabranch::http
