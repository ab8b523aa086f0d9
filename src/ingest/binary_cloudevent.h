#pragma once
// A CloudEvent as HTTP's binary mode has it: attributes in header fields, the data in the body.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/schema.h"

namespace anabranch::ingest {

/// Attributes as they came, without "ce-": name, value.
using EventAttributes = std::vector<std::pair<std::string, std::string>>;

/// The structured CloudEvent that means the same, for BodyFormat::cloudevents. An attribute's value is text
/// in header fields; where the stream's field of that name is a number or a boolean, it becomes one if it
/// can. bad_input: the content is not JSON, or the body no JSON object; an attribute's value is no text.
Result<std::string> structured_cloudevent(const EventAttributes& attributes, std::string_view content_type,
                                          std::string_view body, const model::Schema& schema);

}  // namespace anabranch::ingest
