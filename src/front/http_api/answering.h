#pragma once

#include <string_view>

#include "front/http_api/api_context.h"
#include "front/http_api/json_text.h"

namespace anabranch::front::http_api {

/// A request, who sends it, and whom it may ask.
struct Asked {
  const http::Request& request;
  security::Caller caller;
  Ports& ports;
};

/// What a request does and is answered, as a JSON document.
using Work = Result<Json> (*)(const Asked&);

/// Whether a request may be carried out.
using Check = Status (*)(const Asked&);

/// Answers with the document, or with the error as a problem; `not_found_name` is what a not_found is called.
http::Handler answering(ApiContext& context, Work work, std::string_view not_found_name);

/// The same for what is only looked up: an error is told as it is, and not as that of a task.
http::Handler answering_read(ApiContext& context, Work work, std::string_view not_found_name);

/// The same for what writes: with an Idempotency-Key it is carried out once, and a repeat has the first
/// answer as long as `check` lets it be carried out. `route` and `not_found_name` live as long as the
/// program.
http::Handler answering_once(ApiContext& context, std::string_view route, Check check, Work work,
                             std::string_view not_found_name);

}  // namespace anabranch::front::http_api
