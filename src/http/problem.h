#pragma once
// Errors as other programs see them: RFC 9457 problem documents, with the codes of docs/api.md.

#include <chrono>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace anabranch::http {

/// The response for an error. `name` overrides the code in the document where the table of docs/api.md has a
/// finer one with the same status ("unknown_stream" for not_found). What is our mistake (internal, io,
/// corrupt) goes to the log under a random id, and the document carries the id only. Any thread.
Response problem(const Error& error, std::string_view name = {});

/// As problem(), with a status of HTTP's own (405, 408 for a slow request).
Response problem_with_status(int status, const Error& error);

/// 429 `overloaded`, telling when to come back (at least a second).
Response overloaded(std::string_view message,
                    std::chrono::milliseconds retry_after = std::chrono::seconds(1));

/// The way back, for clients: the Error that a problem document, or any other answer of status 400 and more,
/// tells of.
Error error_of_problem(int status, std::string_view body);

}  // namespace anabranch::http
