#include <filesystem>

#include <fmt/format.h>

#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "front/http_api/sender.h"
#include "http/problem.h"
#include "ingest/gzip.h"
#include "model/names.h"

namespace anabranch::front::http_api {
namespace {

// Parsing takes about a millisecond for so many bytes: less than what a change of threads and a turn in a
// queue cost small bodies, and short enough for the other connections of the io thread.
constexpr size_t parsed_at_once_bytes_max = 64 << 10;

std::string accepted_json(const std::string& stream, const ingest::Accepted& accepted) {
  std::string text = fmt::format(R"({{"stream":{},"accepted":{},"quarantined":{},"ranges":[)",
                                 Json(stream).dump(), accepted.accepted, accepted.quarantined);
  for (size_t i = 0; i < accepted.ranges.size(); ++i) {
    const auto& range = accepted.ranges[i];
    text += fmt::format(R"({}{{"partition":{},"first_offset":{},"last_offset":{}}})", i == 0 ? "" : ",",
                        range.partition, range.first_offset, range.last_offset);
  }
  return text + "]}";
}

enum class Packing { none, deflate };

Result<Packing> packing_of(std::string_view encoding) {
  for (const char* name : {"", "identity"}) {
    if (http::equal_ignoring_case(encoding, name)) return Packing::none;
  }
  for (const char* name : {"gzip", "x-gzip", "deflate"}) {
    if (http::equal_ignoring_case(encoding, name)) return Packing::deflate;
  }
  return fail(Code::bad_input, "this Content-Encoding is not understood",
              "send gzip, deflate, or the bytes as they are");
}

// The attributes of a CloudEvent in binary mode; none when the request is something else.
ingest::EventAttributes attributes_of(const http::Headers& headers) {
  ingest::EventAttributes attributes;
  bool is_binary = false;
  constexpr std::string_view prefix = "ce-";
  for (const auto& [name, value] : headers) {
    if (name.size() <= prefix.size() || !http::equal_ignoring_case(name.substr(0, prefix.size()), prefix))
      continue;
    attributes.emplace_back(name.substr(prefix.size()), value);
    for (const char* needed : {"specversion", "id", "source", "type"}) {
      is_binary = is_binary || http::equal_ignoring_case(attributes.back().first, needed);
    }
  }
  if (!is_binary) attributes.clear();
  return attributes;
}

// What is known of a request before its body is looked at.
struct Parcel {
  security::Caller caller;
  std::string stream;
  Delivery delivery;
  Packing packing = Packing::none;
};

class EventRoutes {
 public:
  explicit EventRoutes(ApiContext& context) : context_(context) {}

  void take_events(http::Request request, http::Responder responder, std::shared_ptr<EventRoutes> self) {
    const auto parcel = parcel_of(request);
    if (!parcel) return refuse(request, responder, parcel.error());
    if (parcel->packing == Packing::none && request.body.size() <= parsed_at_once_bytes_max) {
      return accept(*parcel, request.body, responder);
    }
    const auto later = std::make_shared<const http::Handler>(
        [self, parcel = *parcel](http::Request request, http::Responder responder) {
          self->unpack_and_accept(parcel, std::move(request), responder);
        });
    run_on(context_.intake, std::move(request), std::move(responder), later);
  }

  void take_file(http::Request request, http::Responder responder) {
    if (!is_from_here(request)) {
      return responder.fail({Code::refused, "files are taken in only from the server's own machine",
                             "run the command there, or send the events to …/events", std::nullopt},
                            "refused");
    }
    const auto taken = take_file(request);
    if (!taken) return refuse(request, responder, taken.error());
    responder.answer(taken_in(*context_.metrics, std::string(*request.params.find("name")), *taken, 0));
  }

  // Where a producer goes on that does not know (any more) what has arrived.
  void show_producer(const http::Request& request, const http::Responder& responder) {
    const auto shown = producer(request);
    if (!shown) return refuse(request, responder, shown.error());
    http::Response response;
    response.body = shown->dump();
    responder.answer(std::move(response));
  }

 private:
  Result<Json> producer(const http::Request& request) {
    const auto chosen = TRY(partition_of(request));
    const std::string stream = TRY(stream_of(request));
    const std::string id = TRY(sender_id("the producer's id", *request.params.find("id")));
    const uint64_t due = TRY(events().next_sequence(context_.caller_of(request), stream, id, chosen));
    return Json{{"stream", stream}, {"producer", id}, {"next_sequence", due}};
  }

  Events& events() { return context_.ports.events(); }

  Result<std::string> stream_of(const http::Request& request) {
    std::string name(*request.params.find("name"));
    TRY(events().check_ingest(context_.caller_of(request), name));
    return name;
  }

  static Result<std::optional<model::Partition>> partition_of(const http::Request& request) {
    TRY(check_parameters(request.query, {"partition"}));
    const auto text = request.query.find("partition");
    if (!text) return std::nullopt;
    const auto number = to_integer(*text);
    if (number && *number >= 0 && *number <= INT32_MAX) return static_cast<model::Partition>(*number);
    return fail(Code::bad_input, "'partition' is not the number of a partition",
                "partitions are numbered from 0; leave it out, and the key or the turn decides");
  }

  Result<Parcel> parcel_of(const http::Request& request) {
    Parcel parcel;
    parcel.caller = context_.caller_of(request);
    parcel.delivery.partition = TRY(partition_of(request));
    parcel.stream = TRY(stream_of(request));
    const std::string_view content_type = request.headers.get("Content-Type");
    parcel.delivery.attributes = attributes_of(request.headers);
    if (parcel.delivery.attributes.empty() || content_type.find("cloudevents") != std::string_view::npos) {
      parcel.delivery.attributes.clear();
      parcel.delivery.format = TRY(ingest::body_format(content_type));
    }
    parcel.delivery.content_type = content_type;
    parcel.packing = TRY(packing_of(request.headers.get("Content-Encoding")));
    parcel.delivery.sender = TRY(sender_of(request.headers));
    TRY(events().may_ingest());
    return parcel;
  }

  void unpack_and_accept(const Parcel& parcel, http::Request request, const http::Responder& responder) {
    if (parcel.packing == Packing::none) return accept(parcel, request.body, responder);
    auto body = ingest::inflate(request.body, context_.options.body_bytes_max);
    if (!body) return refuse(request, responder, body.error());
    request.body = {};
    accept(parcel, *body, responder);
  }

  // The answer comes from the log's own thread, maybe after this object has gone.
  void accept(const Parcel& parcel, std::string_view body, const http::Responder& responder) {
    events().accept(
        parcel.caller, parcel.stream, parcel.delivery, body,
        [responder, metrics = context_.metrics, has_ended = context_.has_ended_log, stream = parcel.stream,
         bytes = body.size()](Result<ingest::Accepted> accepted, std::optional<uint64_t> next_sequence) {
          if (accepted) return responder.answer(taken_in(*metrics, stream, *accepted, bytes));
          metrics->count_refused_events(stream);
          const Code code = accepted.error().code;
          if (code == Code::unavailable || code == Code::unknown_outcome) *has_ended = true;
          if (!next_sequence) return responder.fail(accepted.error());
          http::Response response = http::problem(accepted.error());
          response.headers.add("X-Expected-Sequence", fmt::to_string(*next_sequence));
          responder.answer(std::move(response));
        });
  }

  // What was stored before is counted once.
  static http::Response taken_in(ApiMetrics& metrics, const std::string& stream,
                                 const ingest::Accepted& accepted, size_t bytes) {
    http::Response response;
    response.body = accepted_json(stream, accepted);
    if (accepted.is_repeat) {
      response.headers.add("Idempotent-Replayed", "true");
    } else {
      metrics.count_events(stream, accepted, bytes);
    }
    return response;
  }

  void refuse(const http::Request& request, const http::Responder& responder, const Error& error) {
    const std::string name(*request.params.find("name"));
    const bool is_known = events().check_stream(context_.caller_of(request), name).has_value();
    if (is_known) context_.metrics->count_refused_events(name);
    fail_task(responder, error, error.code == Code::not_found && !is_known ? "unknown_stream" : "");
  }

  // A proxy on this machine makes everybody look as if they were here.
  static bool is_from_here(const http::Request& request) {
    for (const char* header : {"X-Forwarded-For", "Forwarded", "Via"}) {
      if (request.headers.find(header)) return false;
    }
    return request.remote == "::1" || request.remote.starts_with("127.") ||
           request.remote.starts_with("::ffff:127.");
  }

  Result<ingest::Accepted> take_file(const http::Request& request) {
    const auto partition = TRY(partition_of(request));
    const std::string stream = TRY(stream_of(request));
    const Json fields = TRY(read_object(request.body, {"path"}));
    const auto path = TRY(read_text(fields, "path"));
    if (!path || !std::filesystem::path(*path).is_absolute()) {
      return fail(Code::bad_input, "'path' is not the absolute path of a file",
                  R"(send {"path": "/folder/file.parquet"})");
    }
    TRY(events().may_ingest());
    return events().ingest_file(context_.caller_of(request), stream, *path, TRY(sender_of(request.headers)),
                                partition);
  }

  ApiContext& context_;
};

}  // namespace

void add_event_routes(RouteList& routes, ApiContext& context) {
  auto events = std::make_shared<EventRoutes>(context);
  routes.add_for_events("POST", "/v1/streams/{name}/events", Lane::io,
                        [events](http::Request request, http::Responder responder) {
                          events->take_events(std::move(request), std::move(responder), events);
                        });
  routes.add_for_events("POST", "/v1/streams/{name}/files", Lane::tasks,
                        [events](http::Request request, http::Responder responder) {
                          events->take_file(std::move(request), std::move(responder));
                        });
  routes.add_for_events("GET", "/v1/streams/{name}/producers/{id}", Lane::io,
                        [events](const http::Request& request, const http::Responder& responder) {
                          events->show_producer(request, responder);
                        });
}

}  // namespace anabranch::front::http_api
