#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "front/http_api/sender.h"
#include "http/problem.h"
#include "ingest/binary_cloudevent.h"
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
struct Delivery {
  ingest::Ingestor* stream = nullptr;
  ingest::BodyFormat format = ingest::BodyFormat::ndjson;
  ingest::EventAttributes attributes;  // not empty: a CloudEvent in binary mode
  std::string content_type;            // of its data
  Packing packing = Packing::none;
  std::optional<ingest::Sender> sender;
  std::optional<model::Partition> partition;  // all goes there
};

class EventRoutes {
 public:
  explicit EventRoutes(ApiContext& context) : context_(context) {}

  void take_events(http::Request request, http::Responder responder, std::shared_ptr<EventRoutes> self) {
    const auto delivery = delivery_of(request);
    if (!delivery) return refuse(request, responder, delivery.error());
    if (delivery->packing == Packing::none && request.body.size() <= parsed_at_once_bytes_max) {
      return accept(*delivery, request.body, responder);
    }
    const auto later = std::make_shared<const http::Handler>(
        [self, delivery = *delivery](http::Request request, http::Responder responder) {
          self->unpack_and_accept(delivery, std::move(request), responder);
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
    TRY(check_parameters(request.query, {}));
    ingest::Ingestor* stream = TRY(stream_of(request));
    const std::string id = TRY(sender_id("the producer's id", *request.params.find("id")));
    return Json{
        {"stream", stream->stream()}, {"producer", id}, {"next_sequence", stream->log().next_sequence(id)}};
  }

  Result<ingest::Ingestor*> stream_of(const http::Request& request) {
    const std::string name(*request.params.find("name"));
    if (ingest::Ingestor* stream = context_.backend.stream(name)) return stream;
    for (const Fault& fault : context_.backend.faults()) {
      if (fault.of == model::bronze(name).text()) return fail(fault.error);
    }
    const auto names = context_.backend.stream_names();
    return fail(
        Code::not_found, "there is no such stream",
        names.empty() ? "the project has none" : fmt::format("the streams are {}", fmt::join(names, ", ")));
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

  Result<Delivery> delivery_of(const http::Request& request) {
    Delivery delivery;
    delivery.partition = TRY(partition_of(request));
    delivery.stream = TRY(stream_of(request));
    const std::string_view content_type = request.headers.get("Content-Type");
    delivery.attributes = attributes_of(request.headers);
    if (delivery.attributes.empty() || content_type.find("cloudevents") != std::string_view::npos) {
      delivery.attributes.clear();
      delivery.format = TRY(ingest::body_format(content_type));
    }
    delivery.content_type = content_type;
    delivery.packing = TRY(packing_of(request.headers.get("Content-Encoding")));
    delivery.sender = TRY(sender_of(request.headers));
    TRY(context_.backend.may_ingest());
    return delivery;
  }

  void unpack_and_accept(const Delivery& delivery, http::Request request, const http::Responder& responder) {
    if (delivery.packing == Packing::none) return accept(delivery, request.body, responder);
    auto body = ingest::inflate(request.body, context_.options.body_bytes_max);
    if (!body) return refuse(request, responder, body.error());
    request.body = {};
    accept(delivery, *body, responder);
  }

  // The answer comes from the log's own thread, maybe after this object has gone.
  void accept(const Delivery& delivery, std::string_view body, const http::Responder& responder) {
    ingest::BodyFormat format = delivery.format;
    std::string structured;
    if (!delivery.attributes.empty()) {
      auto event = ingest::structured_cloudevent(delivery.attributes, delivery.content_type, body,
                                                 *delivery.stream->schemas().latest());
      if (!event) {
        context_.metrics->count_refused_events(delivery.stream->stream());
        return responder.fail(event.error());
      }
      structured = std::move(*event);
      body = structured;
      format = ingest::BodyFormat::cloudevents;
    }
    std::optional<std::string> numbered;
    if (delivery.sender && delivery.sender->sequence) numbered = delivery.sender->id;
    delivery.stream->accept(format, body, delivery.sender,
                            [responder, metrics = context_.metrics, has_ended = context_.has_ended_log,
                             stream = delivery.stream->stream(), bytes = body.size(), numbered,
                             log = &delivery.stream->log()](Result<ingest::Accepted> accepted) {
                              if (accepted)
                                return responder.answer(taken_in(*metrics, stream, *accepted, bytes));
                              metrics->count_refused_events(stream);
                              const Code code = accepted.error().code;
                              if (code == Code::unavailable || code == Code::unknown_outcome)
                                *has_ended = true;
                              if (!numbered || code != Code::conflict)
                                return responder.fail(accepted.error());
                              http::Response response = http::problem(accepted.error());
                              response.headers.add("X-Expected-Sequence",
                                                   fmt::to_string(log->next_sequence(*numbered)));
                              responder.answer(std::move(response));
                            },
                            delivery.partition);
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
    const bool is_known = context_.backend.stream(name) != nullptr;
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
    ingest::Ingestor* stream = TRY(stream_of(request));
    const Json fields = TRY(read_object(request.body, {"path"}));
    const auto path = TRY(read_text(fields, "path"));
    if (!path || !std::filesystem::path(*path).is_absolute()) {
      return fail(Code::bad_input, "'path' is not the absolute path of a file",
                  R"(send {"path": "/folder/file.parquet"})");
    }
    TRY(context_.backend.may_ingest());
    return context_.backend.ingest_file(stream->stream(), *path, TRY(sender_of(request.headers)),
                                        partition);
  }

  ApiContext& context_;
};

}  // namespace

void add_event_routes(RouteList& routes, ApiContext& context) {
  auto events = std::make_shared<EventRoutes>(context);
  routes.add("POST", "/v1/streams/{name}/events", Lane::io,
             [events](http::Request request, http::Responder responder) {
               events->take_events(std::move(request), std::move(responder), events);
             });
  routes.add("POST", "/v1/streams/{name}/files", Lane::tasks,
             [events](http::Request request, http::Responder responder) {
               events->take_file(std::move(request), std::move(responder));
             });
  routes.add("GET", "/v1/streams/{name}/producers/{id}", Lane::io,
             [events](const http::Request& request, const http::Responder& responder) {
               events->show_producer(request, responder);
             });
}

}  // namespace anabranch::front::http_api
