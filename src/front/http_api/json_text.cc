#include "front/http_api/json_text.h"

#include "http/problem.h"
#include "io/clock.h"

namespace anabranch::front::http_api {

std::string to_text(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response json_response(const Json& document) {
  http::Response response;
  response.body = to_text(document);
  return response;
}

Json offsets_json(const model::Offsets& offsets) {
  Json json = Json::object();
  for (const auto& [stream, ends] : offsets) json[stream] = ends;
  return json;
}

Json time_json(int64_t time_us) { return time_us == 0 ? Json() : Json(io::to_iso8601(time_us)); }

Json columns_json(const std::vector<model::RelationColumn>& columns) {
  Json json = Json::array();
  for (const auto& column : columns) json.push_back({{"name", column.name}, {"type", column.type}});
  return json;
}

double to_ms(int64_t time_us) { return static_cast<double>(time_us) / 1000; }

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

std::string public_message(const Error& error) {
  const http::Response document = http::problem(error);
  return http::error_of_problem(document.status, document.body).message;
}

}  // namespace anabranch::front::http_api
