#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "front/http_api/answering.h"
#include "front/http_api/base64.h"
#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "ingest/excerpt.h"

namespace anabranch::front::http_api {
namespace {

// A page ends early when its records are large: one can be as long as a whole body.
constexpr size_t page_bytes_max = 8 << 20;
constexpr size_t read_at_first = 16;

/// "flights/0/4096/2": stream, partition, position of the batch in the log, index in the batch.
struct EntryId {
  std::string stream;
  log::EventLog::QuarantinePosition position;
};

std::string to_text(const std::string& stream, const log::EventLog::QuarantinePosition& at) {
  return fmt::format("{}/{}/{}/{}", stream, at.partition, at.batch_position, at.index);
}

// Takes the digits before the next slash.
template <typename T>
void take_number(std::string_view& text, T& number) {
  const std::string_view part = text.substr(0, text.find('/'));
  (void)std::from_chars(part.data(), part.data() + part.size(), number);
  text.remove_prefix(std::min(text.size(), part.size() + 1));
}

Result<EntryId> parse_id(std::string_view text) {
  EntryId id;
  id.stream = text.substr(0, text.find('/'));
  std::string_view rest = text.substr(std::min(text.size(), id.stream.size() + 1));
  take_number(rest, id.position.partition);
  take_number(rest, id.position.batch_position);
  take_number(rest, id.position.index);
  if (to_text(id.stream, id.position) == text && id.position.partition >= 0) return id;
  return fail(Code::bad_input, "'after' is not the id of an entry",
              "give back the 'next' of the page before");
}

Json entry_json(const std::string& stream, const log::QuarantineEntry& entry) {
  Json json = {{"id", to_text(stream, {entry.partition, entry.batch_position, entry.index})},
               {"stream", stream},
               {"partition", entry.partition},
               {"at_offset", entry.at_offset},
               {"index", entry.index},
               {"received_at", time_json(entry.received_at_us)},
               {"reason", entry.reject.reason}};
  const std::string& raw = entry.reject.raw;
  if (ingest::is_utf8(raw)) {
    json["raw"] = raw;
  } else {
    json["raw_base64"] = encode_base64(raw);
  }
  return json;
}

// Collects one page over streams in the order of their names.
class Page {
 public:
  Page(const Asked& asked, size_t limit) : asked_(asked), limit_(limit) {}

  Status add(const std::string& stream, std::optional<log::EventLog::QuarantinePosition> after) {
    while (!is_full_) {
      // The log reads a whole batch for each call, so one call shall be enough; but no more than the page may
      // hold.
      const size_t left = limit_ - entries_.size() + 1;
      const size_t likely = entries_.empty() ? read_at_first
                                             : (page_bytes_max - std::min(bytes_, page_bytes_max)) *
                                                   entries_.size() / std::max<size_t>(bytes_, 1);
      auto found =
          asked_.ports.events().quarantine(asked_.caller, stream, after, std::clamp<size_t>(likely, 1, left));
      if (!found && found.error().code == Code::not_found) return {};  // taken out of the project since
      if (!found) return fail(found.error());
      if (found->empty()) return {};
      for (const auto& entry : *found) {
        if (entries_.size() == limit_ || (bytes_ >= page_bytes_max && !entries_.empty())) {
          is_full_ = true;  // and there is at least this one more
          return {};
        }
        entries_.push_back(entry_json(stream, entry));
        bytes_ += entry.reject.raw.size();
        after = {entry.partition, entry.batch_position, entry.index};
      }
    }
    return {};
  }
  bool is_full() const { return is_full_; }

  Json document(uint64_t total) {
    const Json next = is_full_ ? Json(entries_.back()["id"]) : Json();
    return {{"total", total}, {"next", next}, {"entries", std::move(entries_)}};
  }

 private:
  const Asked& asked_;
  const size_t limit_;
  Json entries_ = Json::array();
  size_t bytes_ = 0;
  bool is_full_ = false;
};

Result<Json> quarantine_page(const Asked& asked) {
  const http::Request& request = asked.request;
  Events& events = asked.ports.events();
  TRY(check_parameters(request.query, {"stream", "limit", "after"}));
  const size_t limit = TRY(read_limit(request.query, 100, 1000));
  auto streams = events.streams(asked.caller);
  std::ranges::sort(streams);
  if (const auto stream = request.query.find("stream")) {
    if (std::ranges::find(streams, *stream) == streams.end())
      return fail(Code::not_found, "there is no such stream");
    streams = {std::string(*stream)};
  } else {
    // One that is named is refused; of all, those that can be shown are.
    std::erase_if(streams, [&](const auto& name) { return !events.shows_quarantine(asked.caller, name); });
  }
  std::optional<EntryId> after;
  if (const auto id = request.query.find("after")) {
    after = TRY(parse_id(*id));
    if (std::ranges::find(streams, after->stream) == streams.end()) {
      return fail(Code::bad_input, "'after' is of another stream", "give back the 'next' of the page before");
    }
    const auto state = events.state(asked.caller, after->stream);
    const size_t partitions = state ? state->durable.size() : 0;
    if (static_cast<size_t>(after->position.partition) >= partitions) {
      return fail(Code::bad_input, "'after' is of a partition that there is not",
                  "give back the 'next' of the page before");
    }
  }
  uint64_t total = 0;
  Page page(asked, limit);
  for (const std::string& stream : streams) {
    if (const auto state = events.state(asked.caller, stream)) total += state->quarantined.value_or(0);
    if (page.is_full() || (after && stream < after->stream)) continue;
    const bool is_begun = after && stream == after->stream;
    TRY(page.add(stream, is_begun ? std::optional(after->position) : std::nullopt));
  }
  return page.document(total);
}

}  // namespace

void add_quarantine_routes(RouteList& routes, ApiContext& context) {
  routes.add_for_events("GET", "/v1/quarantine", Lane::reads,
                        answering_read(context, quarantine_page, "unknown_stream"));
}

}  // namespace anabranch::front::http_api
