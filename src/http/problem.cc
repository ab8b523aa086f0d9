#include "http/problem.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "io/random.h"

namespace anabranch::http {
namespace {

using Json = nlohmann::ordered_json;

struct Kind {
  std::string_view name;
  std::string_view title;
  int status;
};

Kind kind_of(Code code) {
  switch (code) {
    case Code::bad_input:
      return {"bad_request", "Bad request", 400};
    case Code::bad_sql:
      return {"bad_sql", "Bad SQL", 400};
    case Code::refused:
      return {"refused_sql", "Refused SQL", 403};
    case Code::not_found:
      return {"not_found", "Not found", 404};
    case Code::timeout:
      return {"query_timeout", "Query timeout", 408};
    case Code::conflict:
      return {"conflict", "Conflict", 409};
    case Code::too_large:
      return {"too_large", "Too large", 413};
    case Code::overloaded:
      return {"overloaded", "Overloaded", 429};
    case Code::disk_full:
      return {"disk_full", "Disk full", 507};
    case Code::retry:
    case Code::cancelled:
    case Code::unknown_outcome:  // the log refuses writes from then on
    case Code::unavailable:
      return {"unavailable", "Unavailable", 503};
    case Code::io:
    case Code::corrupt:
    case Code::internal:
      return {"internal", "Internal error", 500};
  }
  return {"internal", "Internal error", 500};
}

// "unknown_stream" -> "Unknown stream"
std::string title_of(std::string_view name) {
  std::string title(name);
  std::ranges::replace(title, '_', ' ');
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z')
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

Response document(int status, const Json& fields) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = fields.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (status == 429 || status == 503) response.headers.add("Retry-After", "1");
  return response;
}

Json head(std::string_view title, int status, std::string_view name, std::string_view detail) {
  return Json{
      {"type", "about:blank"}, {"title", title}, {"status", status}, {"code", name}, {"detail", detail}};
}

Response internal_problem(const Error& error) {
  const std::string id = fmt::format("{:016x}", io::random_u64());
  spdlog::error("internal error {}: {}: {}", id, to_string(error.code), error.describe());
  const Kind kind = kind_of(Code::internal);
  Json fields = head(kind.title, kind.status, kind.name, "the server failed to do this");
  fields["id"] = id;
  fields["hint"] = "the server's log tells more under this id";
  return document(kind.status, fields);
}

Code code_named(std::string_view name, int status) {
  for (Code code : {Code::bad_input, Code::bad_sql, Code::refused, Code::not_found, Code::timeout,
                    Code::conflict, Code::too_large, Code::overloaded, Code::disk_full, Code::unavailable}) {
    if (kind_of(code).name == name) return code;
  }
  if (name.starts_with("unknown_")) return Code::not_found;
  for (Code code : {Code::bad_input, Code::refused, Code::not_found, Code::timeout, Code::conflict,
                    Code::too_large, Code::overloaded, Code::disk_full, Code::unavailable}) {
    if (kind_of(code).status == status) return code;
  }
  return status >= 400 && status < 500 ? Code::bad_input : Code::internal;
}

}  // namespace

Response problem(const Error& error, std::string_view name) {
  const Kind kind = kind_of(error.code);
  if (kind.status == 500) return internal_problem(error);
  const std::string title = name.empty() ? std::string(kind.title) : title_of(name);
  Json fields = head(title, kind.status, name.empty() ? kind.name : name, error.message);
  if (error.place && !error.place->file.empty()) fields["file"] = error.place->file;
  if (error.place && error.place->line > 0) fields["line"] = error.place->line;
  if (error.place && error.place->line > 0 && error.place->column > 0) fields["column"] = error.place->column;
  if (!error.hint.empty()) fields["hint"] = error.hint;
  return document(kind.status, fields);
}

Response problem_with_status(int status, const Error& error) {
  const std::string_view title = status == 405   ? "Method not allowed"
                                 : status == 408 ? "Request timeout"
                                                 : kind_of(error.code).title;
  Json fields = head(title, status, kind_of(error.code).name, error.message);
  if (!error.hint.empty()) fields["hint"] = error.hint;
  return document(status, fields);
}

Response overloaded(std::string_view message, std::chrono::milliseconds retry_after) {
  const auto seconds = std::max<int64_t>(1, (retry_after.count() + 999) / 1000);
  const Kind kind = kind_of(Code::overloaded);
  Json fields = head(kind.title, kind.status, kind.name, message);
  fields["hint"] = fmt::format("try again in {} s", seconds);
  Response response = document(kind.status, fields);
  response.headers = {};
  response.headers.add("Retry-After", std::to_string(seconds));
  return response;
}

Error error_of_problem(int status, std::string_view body) {
  const Json fields = Json::parse(body, nullptr, false);
  if (!fields.is_object() || !fields.contains("code") || !fields["code"].is_string()) {
    return {
        code_named({}, status), fmt::format("the server answered with status {}", status), {}, std::nullopt};
  }
  const auto text = [&](const char* name) {
    const auto found = fields.find(name);
    return found != fields.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto number = [&](const char* name) {
    const auto found = fields.find(name);
    return found != fields.end() && found->is_number_integer() ? found->get<int>() : 0;
  };
  Error error{code_named(text("code"), status), text("detail"), text("hint"), std::nullopt};
  if (error.message.empty()) error.message = text("title");
  if (const std::string id = text("id"); !id.empty()) error.message += fmt::format(" (id {})", id);
  if (const int line = number("line"); line > 0) error.place = Place{text("file"), line, number("column")};
  return error;
}

}  // namespace anabranch::http
