#pragma once
// The routes of the API by noun; each adds its own. `context` outlives the server's threads.

#include "front/http_api/api_context.h"

namespace anabranch::front::http_api {

void add_event_routes(RouteList& routes, ApiContext& context);    // POST /v1/streams/{name}/events, /files
void add_query_routes(RouteList& routes, ApiContext& context);    // POST /v1/query, GET /v1/views/{name}/rows
void add_status_routes(RouteList& routes, ApiContext& context);   // /v1/status, /healthz, /readyz, /metrics
void add_view_routes(RouteList& routes, ApiContext& context);     // GET /v1/views, …/{name}, …/errors
void add_build_routes(RouteList& routes, ApiContext& context);    // /v1/builds, POST /v1/verify, /v1/copy
void add_project_routes(RouteList& routes, ApiContext& context);  // POST /v1/apply
void add_task_routes(RouteList& routes, ApiContext& context);     // /v1/tasks, …/cancel
void add_quarantine_routes(RouteList& routes, ApiContext& context);  // GET /v1/quarantine
void add_openapi_route(RouteList& routes, ApiContext& context);      // GET /v1/openapi.json

/// The end of a task that its client waited for. One that somebody cancelled is a conflict: not to be tried
/// again, as one is that the server's end has cut off. `name`: of other errors.
void fail_task(const http::Responder& responder, Error error, std::string_view name = {});

}  // namespace anabranch::front::http_api
