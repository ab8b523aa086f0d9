#pragma once

#include "front/http_api/api_context.h"
#include "front/http_api/json_text.h"

namespace anabranch::front::http_api {

/// The document of GET /v1/status. May wait for short reads of disk.
Json status_document(ApiContext& context);

/// What of it changes only when something happened: not the time, nor what is measured.
std::string status_signature(Json document);

/// Nothing when queries are answered; else why not.
Status check_ready(Backend& backend);

}  // namespace anabranch::front::http_api
