#include "front/http_api/sender.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace anabranch::front::http_api {
namespace {

bool is_visible_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

Result<std::string> sender_id(std::string_view what, std::string_view text) {
  if (text.empty() || text.size() > log::Producer::id_bytes_max || !is_visible_text(text)) {
    return fail(Code::bad_input,
                fmt::format("{} is not 1 to {} visible ASCII characters", what, log::Producer::id_bytes_max),
                "a UUID will do");
  }
  return std::string(text);
}

Result<std::optional<ingest::Sender>> sender_of(const http::Headers& headers) {
  const auto key = headers.find("Idempotency-Key");
  const auto producer = headers.find("X-Producer-Id");
  const auto sequence = headers.find("X-Sequence");
  if (!key && !producer && !sequence) return std::nullopt;
  if (key && (producer || sequence)) {
    return fail(Code::bad_input,
                "a request has an Idempotency-Key or an X-Producer-Id with an X-Sequence, not both",
                "leave one of them out");
  }
  if (key) return ingest::Sender{TRY(sender_id("Idempotency-Key", *key)), std::nullopt};
  if (!producer || !sequence) {
    return fail(Code::bad_input,
                fmt::format("the request has no {}", producer ? "X-Sequence" : "X-Producer-Id"),
                "a producer says its id and the number of the request: 0, 1, 2, …");
  }
  ingest::Sender sender{TRY(sender_id("X-Producer-Id", *producer)), 0};
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(sequence->data(), sequence->data() + sequence->size(), number);
  if (error != std::errc() || end != sequence->data() + sequence->size() || number == UINT64_MAX)
    return fail(Code::bad_input, "X-Sequence is not a number", "a producer's requests are 0, 1, 2, …");
  sender.sequence = number;
  return sender;
}

Result<std::optional<std::string>> key_of(const http::Headers& headers) {
  const auto sender = TRY(sender_of(headers));
  if (!sender) return std::nullopt;
  if (!sender->sequence) return sender->id;
  return fail(Code::bad_input, "X-Producer-Id and X-Sequence number requests that take events in",
              "give this one an Idempotency-Key");
}

}  // namespace anabranch::front::http_api
