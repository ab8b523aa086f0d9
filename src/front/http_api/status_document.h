#pragma once

#include "front/http_api/api_context.h"
#include "front/http_api/json_text.h"

namespace anabranch::front::http_api {

/// The document of GET /v1/status for this caller. May wait for short reads of disk.
Json status_document(ApiContext& context, const security::Caller& caller);

/// What of it changes only when something happened: not the time, nor what is measured.
std::string status_signature(Json document);

/// Nothing when queries are answered; else why not.
Status check_ready(const Ports& ports);
/// The same of events on their way in.
Status check_takes_events(const Ports& ports);

}  // namespace anabranch::front::http_api
