#include "http/client.h"

#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include "http/problem.h"
#include "http/server_sent_event_parser.h"

namespace anabranch::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using std::chrono::milliseconds;

namespace {

// A host in a URL: an IPv6 address stands in brackets.
std::string authority(std::string_view host, uint16_t port) {
  return host.find(':') == host.npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

// Bytes of an answer's body are read straight into their place, in pieces of up to this many.
constexpr size_t body_piece_bytes = 4 << 20;

}  // namespace

struct Client::Impl {
  using Stream = beast::basic_stream<tcp, asio::io_context::executor_type>;

  std::string host;
  uint16_t port = 0;
  ClientOptions options;
  asio::io_context context{1};
  std::optional<Stream> stream;  // none: not connected
  beast::flat_buffer buffer;

  std::string address() const { return authority(host, port); }

  // Runs one asynchronous operation to its end, so that it can time out.
  template <typename Start>
  ErrorCode run(milliseconds timeout, Start start) {
    if (timeout.count() > 0) {
      stream->expires_after(timeout);
    } else {
      stream->expires_never();
    }
    ErrorCode outcome;
    start([&outcome](ErrorCode error, auto&&...) { outcome = error; });
    context.restart();
    context.run();
    return outcome;
  }

  void disconnect() {
    stream.reset();
    buffer.clear();
  }

  Status connect() {
    disconnect();
    ErrorCode error;
    tcp::resolver resolver(context);
    const auto addresses =
        resolver.resolve(host, std::to_string(port), tcp::resolver::numeric_service, error);
    if (error) {
      return fail(Code::bad_input, fmt::format("cannot find the host '{}': {}", host, error.message()),
                  "check its spelling");
    }
    stream.emplace(context.get_executor());
    error = run(options.connect_timeout,
                [&](auto done) { stream->async_connect(addresses.begin(), addresses.end(), done); });
    if (error) {
      disconnect();
      return fail(Code::unavailable, fmt::format("no server answers at {}", address()),
                  "start it with 'anabranch up', or check host and port");
    }
    stream->socket().set_option(tcp::no_delay(true), error);
    return {};
  }

  // Whether the server has closed a connection that rests between requests, or sent what nobody asked for.
  bool is_stale() {
    ErrorCode error;
    char byte;
    stream->socket().non_blocking(true, error);
    if (error) return true;
    stream->socket().receive(asio::mutable_buffer(&byte, 1), asio::socket_base::message_peek, error);
    return error != asio::error::would_block;
  }

  std::unexpected<Error> fail_broken(const ErrorCode& error) {
    disconnect();
    if (error == beast::error::timeout) {
      return fail(Code::timeout,
                  fmt::format("{} was silent for {} s", address(), options.silence_timeout.count() / 1000.0),
                  "it may still be at work: look before trying again");
    }
    if (error == beast_http::error::body_limit) {
      return fail(Code::too_large,
                  fmt::format("the answer of {} is larger than {} bytes", address(), options.body_bytes_max));
    }
    if (error.category() == beast_http::make_error_code(beast_http::error::bad_version).category() &&
        error != beast_http::error::end_of_stream && error != beast_http::error::partial_message) {
      return fail(Code::unavailable,
                  fmt::format("what answers at {} does not speak HTTP: {}", address(), error.message()),
                  "check host and port");
    }
    return fail(Code::unknown_outcome,
                fmt::format("{} closed the connection before its answer was whole", address()),
                "it may have been done: look before trying again");
  }

  ErrorCode send(std::string_view method, std::string_view target, const Headers& headers,
                 std::string_view body) {
    beast_http::request<beast_http::span_body<const char>> request;
    request.version(11);
    request.method_string(method);
    request.target(target);
    request.set(beast_http::field::host, address());
    request.set(beast_http::field::user_agent, "anabranch");
    for (const auto& [name, value] : headers) request.insert(name, value);
    request.body() = beast::span<const char>(body.data(), body.size());
    if (!body.empty() || (method != "GET" && method != "HEAD")) request.content_length(body.size());
    beast_http::request_serializer<beast_http::span_body<const char>> serializer(request);
    ErrorCode error;
    while (!error && !serializer.is_done()) {
      error = run(options.silence_timeout,
                  [&](auto done) { beast_http::async_write_some(*stream, serializer, done); });
    }
    return error;
  }

  template <typename Parser>
  ErrorCode receive_header(Parser& parser) {
    return run(options.silence_timeout,
               [&](auto done) { beast_http::async_read_header(*stream, buffer, parser, done); });
  }

  // A body whose length is known, past the parser: what came with the header, then straight from the socket.
  ErrorCode receive_sized(std::string& body, uint64_t size) {
    const size_t here = std::min<uint64_t>(buffer.size(), size);
    body.assign(static_cast<const char*>(buffer.data().data()), here);
    buffer.consume(here);
    body.reserve(size);
    ErrorCode error;
    while (!error && body.size() < size) {
      const size_t filled = body.size();
      const size_t piece = std::min<size_t>(size - filled, body_piece_bytes);
      body.resize_and_overwrite(filled + piece, [&](char*, size_t) { return filled + piece; });
      size_t got = 0;
      error = run(options.silence_timeout, [&](auto done) {
        stream->async_read_some(asio::mutable_buffer(body.data() + filled, piece),
                                [done, &got](ErrorCode outcome, size_t count) {
                                  got = count;
                                  done(outcome);
                                });
      });
      body.resize(filled + got);
    }
    return error;
  }

  Result<ClientResponse> receive(bool is_head) {
    beast_http::response_parser<beast_http::string_body> parser;
    parser.body_limit(options.body_bytes_max);
    parser.skip(is_head);
    ErrorCode error = receive_header(parser);
    if (error) return fail_broken(error);
    const bool keep_alive = parser.keep_alive();
    ClientResponse response;
    const auto length = parser.content_length();
    const bool is_sized = length && *length > 0 && !parser.is_done();
    if (is_sized) {
      error = receive_sized(response.body, *length);
    }
    while (!is_sized && !error && !parser.is_done()) {
      error = run(options.silence_timeout,
                  [&](auto done) { beast_http::async_read_some(*stream, buffer, parser, done); });
    }
    if (error) return fail_broken(error);
    if (!is_sized) response.body = std::move(parser.get().body());
    response.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) {
      response.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    if (!keep_alive) disconnect();
    return response;
  }

  Status ensure_connected() {
    if (stream && !is_stale()) return {};
    return connect();
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(std::string host, uint16_t port, ClientOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->host = std::move(host);
  impl->port = port;
  impl->options = options;
  TRY(impl->connect());
  return Client(std::move(impl));
}

Result<ClientResponse> Client::request(std::string_view method, std::string_view target,
                                       const Headers& headers, std::string_view body) {
  TRY(impl_->ensure_connected());
  const ErrorCode error = impl_->send(method, target, headers, body);
  if (error == beast::error::timeout) return impl_->fail_broken(error);
  // A server that refuses a body says so and closes before it has read all: its answer may be here
  // nevertheless.
  return impl_->receive(method == "HEAD");
}

Status Client::events(std::string_view target, const Headers& headers, const OnEvent& on_event) {
  TRY(impl_->ensure_connected());
  if (const ErrorCode error = impl_->send("GET", target, headers, {})) return impl_->fail_broken(error);
  beast_http::response_parser<beast_http::string_body> parser;
  parser.body_limit(boost::none);
  ErrorCode error = impl_->receive_header(parser);
  if (error) return impl_->fail_broken(error);
  const bool is_stream = parser.get().result_int() == 200 &&
                         parser.get()[beast_http::field::content_type].starts_with("text/event-stream");
  ServerSentEventParser events;
  bool goes_on = true;
  while (!error && goes_on && !parser.is_done()) {
    error = impl_->run(impl_->options.silence_timeout, [&](auto done) {
      beast_http::async_read_some(*impl_->stream, impl_->buffer, parser, done);
    });
    if (!is_stream && parser.get().body().size() < impl_->options.body_bytes_max) continue;
    if (!is_stream) break;
    goes_on = events.feed(parser.get().body(), on_event);
    parser.get().body().clear();
  }
  if (error) return impl_->fail_broken(error);
  impl_->disconnect();
  if (!is_stream)
    return fail(error_of_problem(static_cast<int>(parser.get().result_int()), parser.get().body()));
  return {};
}

}  // namespace anabranch::http
