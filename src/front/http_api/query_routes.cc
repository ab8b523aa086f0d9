#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "front/http_api/answering.h"
#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "serve/reads.h"

namespace anabranch::front::http_api {
namespace {

constexpr size_t query_body_bytes_max = 1 << 20;
constexpr size_t view_rows_max = 1'000'000;

// ---- reading ----

Result<serve::RowFormat> read_format(std::string_view name) {
  if (name == "json") return serve::RowFormat::json;
  if (name == "csv") return serve::RowFormat::csv;
  if (name == "arrow") return serve::RowFormat::arrow;
  if (name == "parquet") return serve::RowFormat::parquet;
  return fail(Code::bad_input, "'format' is none that there is", "it is json, csv, arrow or parquet");
}

Result<sql::Numbers> read_numbers(std::string_view name) {
  if (name == "number") return sql::Numbers::number;
  if (name == "string") return sql::Numbers::string;
  return fail(Code::bad_input, "'numbers' is none that there is", "it is number or string");
}

// A client names the last offset that it wants to see; we say the next one.
Result<model::Offset> next_after(const Json& offset) {
  const bool is_integer =
      offset.is_number_unsigned() ? offset.get<uint64_t>() < uint64_t{INT64_MAX} : offset.is_number_integer();
  if (!is_integer || offset.get<int64_t>() < 0 || offset.get<int64_t>() == INT64_MAX) {
    return fail(Code::bad_input, "'min_offset' has an entry that is not an offset",
                "offsets are whole numbers from 0 on");
  }
  return offset.get<int64_t>() + 1;
}

Result<std::vector<model::Offset>> read_offsets(const Json& wanted, size_t partitions) {
  std::vector<model::Offset> next;
  if (wanted.is_array()) {
    for (const Json& entry : wanted) next.push_back(entry.is_null() ? 0 : TRY(next_after(entry)));
  } else {
    next.push_back(TRY(next_after(wanted)));
  }
  if (next.size() != partitions) {
    return fail(
        Code::bad_input,
        fmt::format("'min_offset' has {} entries for a stream of {} partitions", next.size(), partitions),
        "write one entry a partition; null: any");
  }
  return next;
}

Result<model::Offsets> read_min_offset(const Json& wanted, const Asked& asked) {
  model::Offsets next;
  if (wanted.is_null()) return next;
  if (wanted == "latest") return asked.ports.events().durable_offsets();
  if (!wanted.is_object()) {
    return fail(Code::bad_input, "'min_offset' is not an object",
                R"(write {"min_offset": {"flights": 123}} or "latest")");
  }
  for (const auto& [name, offsets] : wanted.items()) {
    const auto stream = asked.ports.events().state(asked.caller, name);
    if (!stream) return fail(Code::not_found, "'min_offset' names a stream that there is not");
    next[name] = TRY(read_offsets(offsets, stream->durable.size()));
  }
  return next;
}

serve::RowTerms terms_of(const Asked& asked) {
  serve::RowTerms terms;
  terms.caller = asked.caller;
  terms.cancelled = asked.request.cancelled;
  return terms;
}

Result<serve::QueryRead> read_query(const Asked& asked) {
  const http::Request& request = asked.request;
  TRY(check_parameters(request.query, {}));
  if (request.body.size() > query_body_bytes_max) {
    return fail(Code::too_large, fmt::format("a query has at most {} bytes", query_body_bytes_max));
  }
  const Json fields =
      TRY(read_object(request.body, {"sql", "min_offset", "format", "numbers", "timeout_ms"}));
  serve::QueryRead query;
  query.terms = terms_of(asked);
  const auto sql = TRY(read_text(fields, "sql"));
  if (!sql) return fail(Code::bad_input, "'sql' is missing", R"(send {"sql": "SELECT …"})");
  query.sql = *sql;
  query.terms.format = TRY(read_format(TRY(read_text(fields, "format")).value_or("json")));
  query.terms.numbers = TRY(read_numbers(TRY(read_text(fields, "numbers")).value_or("number")));
  if (const auto timeout_ms = TRY(read_integer(fields, "timeout_ms", 1))) {
    query.terms.timeout_us = std::min<int64_t>(*timeout_ms, INT64_MAX / 1'000'000) * 1000;
  }
  if (const auto found = fields.find("min_offset"); found != fields.end()) {
    query.terms.min_offsets = TRY(read_min_offset(*found, asked));
  }
  return query;
}

// "flights:123,weather:5" to {"flights":123,"weather":5}
Result<Json> split_min_offset(std::string_view text) {
  if (text == "latest") return Json(text);
  Json wanted = Json::object();
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), entry.size() + 1));
    const size_t colon = entry.rfind(':');
    const auto offset = colon == entry.npos ? std::nullopt : to_integer(entry.substr(colon + 1));
    if (!offset)
      return fail(Code::bad_input, "'min_offset' is not understood", "write min_offset=flights:123");
    wanted[std::string(entry.substr(0, colon))] = *offset;
  }
  return wanted;
}

Result<serve::ViewRead> read_view_query(const Asked& asked) {
  const http::Request& request = asked.request;
  TRY(check_parameters(request.query, {"limit", "min_offset", "format", "numbers"}));
  serve::ViewRead query;
  query.terms = terms_of(asked);
  query.view = *request.params.find("name");
  query.limit = TRY(read_limit(request.query, 1000, view_rows_max));
  query.terms.format = TRY(read_format(request.query.find("format").value_or("json")));
  query.terms.numbers = TRY(read_numbers(request.query.find("numbers").value_or("number")));
  const Json wanted = TRY(split_min_offset(request.query.find("min_offset").value_or("")));
  query.terms.min_offsets = TRY(read_min_offset(wanted, asked));
  return query;
}

// ---- answering ----

// The rows are text already: a tree of JSON values would take many times their memory.
http::Response json_answer(const serve::RowsHead& about, std::string rows, serve::RowsEnd end) {
  http::Response response;
  response.body = std::move(rows);
  response.body.insert(0, R"({"columns":)" + to_text(columns_json(about.columns)) + R"(,"rows":)");
  response.body += fmt::format(R"(,"build":{},"offsets":{},"epoch":{},"elapsed_ms":{}}})",
                               to_text(text_or_null(about.build_id)), to_text(offsets_json(about.offsets)),
                               about.epoch, to_ms(end.elapsed_us));
  return response;
}

const char* content_type_of(serve::RowFormat format) {
  switch (format) {
    case serve::RowFormat::csv:
      return "text/csv; charset=utf-8; header=present";
    case serve::RowFormat::arrow:
      return "application/vnd.apache.arrow.stream";
    case serve::RowFormat::parquet:
      return "application/vnd.apache.parquet";
    case serve::RowFormat::json:
      break;
  }
  return "application/json";
}

// What JSON says beside the rows stands in headers.
http::Response head_of(serve::RowFormat format, const serve::RowsHead& about) {
  http::Response response;
  response.content_type = content_type_of(format);
  if (!about.build_id.empty()) response.headers.add("X-Anabranch-Build", about.build_id);
  response.headers.add("X-Anabranch-Offsets", to_text(offsets_json(about.offsets)));
  response.headers.add("X-Anabranch-Epoch", std::to_string(about.epoch));
  return response;
}

// Gives an answer of one frame whole, and from the second one on what comes as it comes. JSON is one
// document, which says at its end what the others have in headers: it is given whole, or refused whole.
class AnsweredRows final : public serve::RowsSink {
 public:
  /// `is_head`: whoever asks wants to know what the answer is like, and no rows.
  AnsweredRows(const http::Responder& responder, serve::RowFormat format, bool is_head)
      : responder_(responder), format_(format), is_head_(is_head) {}

  Status head(serve::RowsHead head) override {
    about_ = std::move(head);
    return {};
  }
  Status frame(std::string rows) override {
    if (stream_) return write(std::move(rows));
    if (rows_.empty()) {
      rows_ = std::move(rows);
    } else if (format_ == serve::RowFormat::json) {
      rows_ += rows;
    } else {
      stream_ = responder_.body(head_of(format_, about_));
      if (is_head_) return fail(Code::cancelled, "the rest of the rows is for nobody");
      TRY(write(std::exchange(rows_, {})));
      return write(std::move(rows));
    }
    return {};
  }

  /// The client has some of it.
  bool has_begun() const { return stream_.has_value(); }
  /// The client has all that it asked for, although there are more rows.
  bool is_complete() const { return has_begun() && is_head_; }
  void end(serve::RowsEnd end) {
    if (stream_) return stream_->end();
    if (format_ == serve::RowFormat::json)
      return responder_.answer(json_answer(about_, std::move(rows_), end));
    http::Response response = head_of(format_, about_);
    response.body = std::move(rows_);
    responder_.answer(std::move(response));
  }

 private:
  Status write(std::string rows) {
    if (stream_->write(std::move(rows))) return {};
    return fail(Code::cancelled, "the client takes no more of the answer");
  }

  const http::Responder& responder_;
  const serve::RowFormat format_;
  const bool is_head_;
  serve::RowsHead about_;
  std::string rows_;  // of the first frame, or of all
  std::optional<http::BodyStream> stream_;
};

Result<serve::RowsEnd> rows_of(serve::Reads& reads, const serve::QueryRead& read, serve::RowsSink& sink) {
  return reads.query(read, sink);
}
Result<serve::RowsEnd> rows_of(serve::Reads& reads, const serve::ViewRead& read, serve::RowsSink& sink) {
  return reads.rows(read, sink);
}

// `not_found_name`: what is not there when the read itself cannot be understood.
template <typename Read>
void answer_read(ApiContext& context, const http::Responder& responder, bool is_head,
                 const Result<Read>& read, std::string_view not_found_name) {
  const int64_t started_us = context.clock.monotonic_us();
  const auto refuse = [&](const Error& error) {
    context.metrics->count_query(error.code, context.clock.monotonic_us() - started_us);
    responder.fail(error, error.code == Code::not_found ? not_found_name : "");
  };
  if (!read) return refuse(read.error());
  AnsweredRows answer(responder, read->terms.format, is_head);
  const auto end = rows_of(context.ports.reads(), *read, answer);
  if (answer.is_complete())
    return context.metrics->count_query(std::nullopt, context.clock.monotonic_us() - started_us);
  if (!end && answer.has_begun()) {
    // There is no other way left to tell the client than an answer without its end.
    spdlog::warn("an answer ended in its middle: {}", end.error().describe());
    return context.metrics->count_query(end.error().code, context.clock.monotonic_us() - started_us);
  }
  if (!end) return refuse(end.error());
  context.metrics->count_query(std::nullopt, context.clock.monotonic_us() - started_us);
  answer.end(*end);
}

}  // namespace

void add_query_routes(RouteList& routes, ApiContext& context) {
  routes.add("POST", "/v1/query", Lane::queries,
             [&context](http::Request request, http::Responder responder) {
               const Asked asked{request, context.caller_of(request), context.ports};
               answer_read(context, responder, false, read_query(asked), "unknown_stream");
             });
  routes.add("GET", "/v1/views/{name}/rows", Lane::queries,
             [&context](http::Request request, http::Responder responder) {
               const Asked asked{request, context.caller_of(request), context.ports};
               const auto views = context.ports.reads().view_names(asked.caller);
               const bool is_view =
                   views && std::ranges::find(*views, *request.params.find("name")) != views->end();
               answer_read(context, responder, request.method == "HEAD", read_view_query(asked),
                           is_view ? "unknown_stream" : "unknown_view");
             });
}

}  // namespace anabranch::front::http_api
