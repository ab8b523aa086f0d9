#pragma once

#include <span>
#include <string>
#include <string_view>

namespace anabranch::front::http_api {

/// One route of the API as programs read it. GET /v1/openapi.json is made of these; a test holds them against
/// the routes that are registered and against docs/api.md.
struct ApiRoute {
  std::string_view method;
  std::string_view path;
  std::string_view summary;
  std::string_view parameters;       // of the URL: "name: what it does" a line
  std::string_view request_type;     // of the body; "" when there is none
  std::string_view request_example;  // as it is sent
  std::string_view response_type;
  std::string_view response_example;  // as it comes; JSON where the type is
  std::string_view other_types = {};  // of the response, by "format": one a line
};

/// In the order of docs/api.md.
std::span<const ApiRoute> api_routes();

/// The OpenAPI 3.1 document.
std::string openapi_document(std::string_view version);

}  // namespace anabranch::front::http_api
