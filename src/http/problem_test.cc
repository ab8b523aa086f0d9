#include "http/problem.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace anabranch::http {
namespace {

using nlohmann::json;

TEST(Problem, HasTheFieldsOfTheApi) {
  const Response response =
      problem({Code::bad_sql, "no such column: x", "did you mean y?", Place{"", 1, 15}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(
      response.body,
      R"({"type":"about:blank","title":"Bad SQL","status":400,"code":"bad_sql","detail":"no such column: x",)"
      R"("line":1,"column":15,"hint":"did you mean y?"})");
}

TEST(Problem, CodesHaveTheStatusOfTheTable) {
  const std::pair<Code, std::pair<int, std::string>> table[] = {
      {Code::bad_input, {400, "bad_request"}},
      {Code::bad_sql, {400, "bad_sql"}},
      {Code::refused, {403, "refused_sql"}},
      {Code::not_found, {404, "not_found"}},
      {Code::timeout, {408, "query_timeout"}},
      {Code::conflict, {409, "conflict"}},
      {Code::too_large, {413, "too_large"}},
      {Code::overloaded, {429, "overloaded"}},
      {Code::internal, {500, "internal"}},
      {Code::io, {500, "internal"}},
      {Code::corrupt, {500, "internal"}},
      {Code::unavailable, {503, "unavailable"}},
      {Code::retry, {503, "unavailable"}},
      {Code::cancelled, {503, "unavailable"}},
      {Code::unknown_outcome, {503, "unavailable"}},
      {Code::disk_full, {507, "disk_full"}},
  };
  for (const auto& [code, expected] : table) {
    const Response response = problem({code, "m", {}, std::nullopt});
    EXPECT_EQ(response.status, expected.first) << to_string(code);
    EXPECT_EQ(json::parse(response.body)["code"], expected.second);
    EXPECT_EQ(json::parse(response.body)["status"], expected.first);
    EXPECT_EQ(response.headers.find("Retry-After").has_value(),
              expected.first == 429 || expected.first == 503);
  }
}

TEST(Problem, NameOverridesTheCode) {
  const json fields = json::parse(problem({Code::not_found, "no stream 'x'", {}, {}}, "unknown_stream").body);
  EXPECT_EQ(fields["code"], "unknown_stream");
  EXPECT_EQ(fields["title"], "Unknown stream");
  EXPECT_EQ(fields["status"], 404);
}

TEST(Problem, InternalErrorsTellNothingButAnId) {
  const Response response = problem({Code::corrupt, "secret path", "secret hint", Place{"secret.sql", 1, 1}});
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
  EXPECT_EQ(json::parse(response.body)["id"].get<std::string>().size(), 16u);
}

TEST(Problem, BytesThatAreNotUtf8DoNotBreakIt) {
  EXPECT_FALSE(json::parse(problem({Code::bad_input, "\xff\xfe", {}, {}}).body)["detail"].empty());
}

TEST(Problem, RetryAfterIsRoundedUp) {
  EXPECT_EQ(overloaded("m", std::chrono::milliseconds(1001)).headers.get("Retry-After"), "2");
  EXPECT_EQ(overloaded("m", std::chrono::milliseconds(0)).headers.get("Retry-After"), "1");
}

TEST(Problem, ComesBackAsTheErrorThatItWas) {
  const Error error{Code::bad_sql, "no such column: x", "did you mean y?", Place{"", 1, 15}};
  const Error back = error_of_problem(400, problem(error).body);
  EXPECT_EQ(back.code, Code::bad_sql);
  EXPECT_EQ(back.describe(), error.describe());
  EXPECT_EQ(error_of_problem(404, problem({Code::not_found, "m", {}, {}}, "unknown_view").body).code,
            Code::not_found);
  EXPECT_EQ(error_of_problem(503, "<html>").code, Code::unavailable);
  EXPECT_EQ(error_of_problem(502, "").code, Code::internal);
}

}  // namespace
}  // namespace anabranch::http
