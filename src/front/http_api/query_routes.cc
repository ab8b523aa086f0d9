#include <fmt/format.h>

#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "model/names.h"
#include "serve/query_service.h"
#include "sql/syntax.h"

namespace anabranch::front::http_api {
namespace {

constexpr size_t query_body_bytes_max = 1 << 20;
constexpr size_t view_rows_max = 1'000'000;

enum class Format { json, csv, arrow, parquet };

struct Query {
  std::string sql;
  serve::ReadOptions options;
  Format format = Format::json;
  sql::Numbers numbers = sql::Numbers::number;
};

// ---- reading ----

Result<Format> read_format(std::string_view name) {
  if (name == "json") return Format::json;
  if (name == "csv") return Format::csv;
  if (name == "arrow") return Format::arrow;
  if (name == "parquet") return Format::parquet;
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

Result<model::Offsets> read_min_offset(const Json& wanted, Backend& backend) {
  model::Offsets next;
  if (wanted.is_null()) return next;
  if (wanted == "latest") {
    for (const std::string& name : backend.stream_names()) {
      ingest::Ingestor* stream = backend.stream(name);
      if (stream) next[name] = stream->log().durable_offsets();  // else taken out of the project since
    }
    return next;
  }
  if (!wanted.is_object()) {
    return fail(Code::bad_input, "'min_offset' is not an object",
                R"(write {"min_offset": {"flights": 123}} or "latest")");
  }
  for (const auto& [name, offsets] : wanted.items()) {
    ingest::Ingestor* stream = backend.stream(name);
    if (!stream) return fail(Code::not_found, "'min_offset' names a stream that there is not");
    next[name] = TRY(read_offsets(offsets, stream->log().durable_offsets().size()));
  }
  return next;
}

Result<Query> read_query(const http::Request& request, Backend& backend) {
  TRY(check_parameters(request.query, {}));
  if (request.body.size() > query_body_bytes_max) {
    return fail(Code::too_large, fmt::format("a query has at most {} bytes", query_body_bytes_max));
  }
  const Json fields =
      TRY(read_object(request.body, {"sql", "min_offset", "format", "numbers", "timeout_ms"}));
  Query query;
  const auto sql = TRY(read_text(fields, "sql"));
  if (!sql) return fail(Code::bad_input, "'sql' is missing", R"(send {"sql": "SELECT …"})");
  query.sql = *sql;
  query.format = TRY(read_format(TRY(read_text(fields, "format")).value_or("json")));
  query.numbers = TRY(read_numbers(TRY(read_text(fields, "numbers")).value_or("number")));
  if (const auto timeout_ms = TRY(read_integer(fields, "timeout_ms", 1))) {
    query.options.timeout_us = std::min<int64_t>(*timeout_ms, INT64_MAX / 1'000'000) * 1000;
  }
  if (const auto found = fields.find("min_offset"); found != fields.end()) {
    query.options.min_offsets = TRY(read_min_offset(*found, backend));
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

Result<Query> read_view_query(const http::Request& request, Backend& backend) {
  TRY(check_parameters(request.query, {"limit", "min_offset", "format", "numbers"}));
  const std::string view(*request.params.find("name"));
  const auto epoch = backend.speed().epochs().newest();
  if (!epoch->world->plan(view))
    return fail(Code::not_found, "there is no such view", "GET /v1/views lists them");
  const size_t limit = TRY(read_limit(request.query, 1000, view_rows_max));
  Query query;
  const auto relation = model::RelationName::of(view);
  query.sql = fmt::format("SELECT * FROM {}.{} LIMIT {}", sql::quote_identifier(relation.layer),
                          sql::quote_identifier(relation.name), limit);
  query.format = TRY(read_format(request.query.find("format").value_or("json")));
  query.numbers = TRY(read_numbers(request.query.find("numbers").value_or("number")));
  const Json wanted = TRY(split_min_offset(request.query.find("min_offset").value_or("")));
  query.options.min_offsets = TRY(read_min_offset(wanted, backend));
  return query;
}

// ---- answering ----

// Text is appended: a tree of JSON values would take many times the memory of the rows.
Result<http::Response> answer_json(const serve::Answer& answer, sql::Numbers numbers, size_t bytes_max) {
  http::Response response;
  std::string& text = response.body;
  text = R"({"columns":)" + to_text(columns_json(answer.rows.columns())) + R"(,"rows":)";
  TRY(answer.rows.append_json(text, numbers, bytes_max));
  text += fmt::format(R"(,"build":{},"offsets":{},"epoch":{},"elapsed_ms":{}}})",
                      to_text(text_or_null(answer.build_id)), to_text(offsets_json(answer.offsets)),
                      answer.epoch, to_ms(answer.elapsed_us));
  return response;
}

// What JSON says beside the rows stands in headers; for both kinds of answers.
template <typename Answer>
http::Response response_of(std::string_view content_type, const Answer& answer) {
  http::Response response;
  response.content_type = content_type;
  if (!answer.build_id.empty()) response.headers.add("X-Anabranch-Build", answer.build_id);
  response.headers.add("X-Anabranch-Offsets", to_text(offsets_json(answer.offsets)));
  response.headers.add("X-Anabranch-Epoch", std::to_string(answer.epoch));
  return response;
}

Result<http::Response> run_query(serve::QueryService& queries, const Query& query) {
  const size_t bytes_max = queries.answer_bytes_max();
  if (query.format == Format::parquet) {
    std::string body;
    const auto answer = TRY(queries.query_parquet(query.sql, query.options, body));
    http::Response response = response_of("application/vnd.apache.parquet", answer);
    response.body = std::move(body);
    return response;
  }
  serve::ReadOptions options = query.options;
  options.is_for_files = query.format == Format::arrow;
  const serve::Answer answer = TRY(queries.query(query.sql, options));
  if (query.format == Format::json) return answer_json(answer, query.numbers, bytes_max);
  if (query.format == Format::csv) {
    http::Response response = response_of("text/csv; charset=utf-8; header=present", answer);
    TRY(answer.rows.append_csv(response.body, bytes_max));
    return response;
  }
  http::Response response = response_of("application/vnd.apache.arrow.stream", answer);
  TRY(answer.rows.append_arrow(response.body, bytes_max));
  return response;
}

void answer_query(ApiContext& context, const http::Request& request, const http::Responder& responder,
                  Result<Query> query, std::string_view not_found_name) {
  const int64_t started_us = context.clock.monotonic_us();
  const auto count = [&](std::optional<Code> code) {
    context.metrics->count_query(code, context.clock.monotonic_us() - started_us);
  };
  if (!query) {
    count(query.error().code);
    return responder.fail(query.error(), query.error().code == Code::not_found ? not_found_name : "");
  }
  query->options.is_cancelled = [cancelled = request.cancelled] { return cancelled && *cancelled; };
  auto response = run_query(context.backend.queries(), *query);
  count(response ? std::nullopt : std::optional(response.error().code));
  if (!response) return responder.fail(response.error());
  responder.answer(std::move(*response));
}

}  // namespace

void add_query_routes(RouteList& routes, ApiContext& context) {
  routes.add(
      "POST", "/v1/query", Lane::queries, [&context](http::Request request, http::Responder responder) {
        answer_query(context, request, responder, read_query(request, context.backend), "unknown_stream");
      });
  routes.add("GET", "/v1/views/{name}/rows", Lane::queries,
             [&context](http::Request request, http::Responder responder) {
               const bool is_view = context.backend.speed().epochs().newest()->world->plan(
                                        *request.params.find("name")) != nullptr;
               answer_query(context, request, responder, read_view_query(request, context.backend),
                            is_view ? "unknown_stream" : "unknown_view");
             });
}

}  // namespace anabranch::front::http_api
