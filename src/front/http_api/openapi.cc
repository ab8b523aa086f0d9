#include "front/http_api/api_routes.h"
#include "front/http_api/json_text.h"
#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"

namespace anabranch::front::http_api {
namespace {

// OpenAPI wants the example of a JSON body as a value, any other one as text.
Json body_json(std::string_view type, std::string_view example) {
  const Json value = type == "application/json" ? Json::parse(example) : Json(example);
  return {{type, {{"example", value}}}};
}

Json parameter_json(std::string_view name, std::string_view in, std::string_view description) {
  Json json = {{"name", name},
               {"in", in},
               {"required", in == "path"},
               {"schema", {{"type", name == "limit" ? "integer" : "string"}}}};
  if (!description.empty()) json["description"] = description;
  return json;
}

Json parameters_json(const ApiRoute& route) {
  Json parameters = Json::array();
  if (route.path.find("{name}") != route.path.npos) parameters.push_back(parameter_json("name", "path", ""));
  for (std::string_view rest = route.parameters; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const size_t colon = line.find(": ");
    parameters.push_back(parameter_json(line.substr(0, colon), "query", line.substr(colon + 2)));
  }
  return parameters;
}

Json operation_json(const ApiRoute& route) {
  Json operation = {{"summary", route.summary}, {"parameters", parameters_json(route)}};
  if (!route.request_type.empty()) {
    operation["requestBody"] = {{"content", body_json(route.request_type, route.request_example)}};
  }
  Json content = body_json(route.response_type, route.response_example);
  for (std::string_view rest = route.other_types; !rest.empty();) {
    const std::string_view type = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), type.size() + 1));
    content[std::string(type)] = {{"schema", {{"type", "string"}, {"format", "binary"}}}};
  }
  operation["responses"] = {{"200", {{"description", route.summary}, {"content", std::move(content)}}},
                            {"default", {{"$ref", "#/components/responses/Problem"}}}};
  return operation;
}

Json problem_schema() {
  const Json text = {{"type", "string"}};
  const Json number = {{"type", "integer"}};
  return {{"type", "object"},
          {"required", {"type", "title", "status", "code", "detail"}},
          {"properties",
           {{"type", text},
            {"title", text},
            {"status", number},
            {"code", text},
            {"detail", text},
            {"hint", text},
            {"id", text},
            {"file", text},
            {"line", number},
            {"column", number}}}};
}

std::string lower(std::string_view method) { return method == "GET" ? "get" : "post"; }

}  // namespace

std::string openapi_document(std::string_view version) {
  Json paths = Json::object();
  for (const ApiRoute& route : api_routes())
    paths[std::string(route.path)][lower(route.method)] = operation_json(route);
  const Json problem = {{"schema", {{"$ref", "#/components/schemas/Problem"}}}};
  const Json document = {{"openapi", "3.1.0"},
                         {"info",
                          {{"title", "Anabranch"},
                           {"version", version},
                           {"description", "A Lambda-architecture data platform in one program."}}},
                         {"paths", std::move(paths)},
                         {"components",
                          {{"schemas", {{"Problem", problem_schema()}}},
                           {"responses",
                            {{"Problem",
                              {{"description", "An error, as RFC 9457 says"},
                               {"content", {{"application/problem+json", problem}}}}}}}}}};
  return document.dump(1);
}

void add_openapi_route(RouteList& routes, ApiContext& context) {
  routes.add_always(
      "GET", "/v1/openapi.json", Lane::io,
      [text = openapi_document(context.options.version)](http::Request, http::Responder responder) {
        http::Response response;
        response.body = text;
        responder.answer(std::move(response));
      });
}

}  // namespace anabranch::front::http_api
