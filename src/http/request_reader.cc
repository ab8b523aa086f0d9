#include "http/request_reader.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace anabranch::http {

namespace beast_http = boost::beast::http;

struct RequestReader::Impl {
  beast_http::request_parser<beast_http::string_body> parser;
  size_t header_bytes_max;
};

namespace {

std::unexpected<Error> fail_parse(const boost::system::error_code& error, size_t header_bytes_max) {
  if (error == beast_http::error::header_limit) {
    return fail(Code::too_large,
                fmt::format("the request's header is larger than {} bytes", header_bytes_max),
                "send less in the URL and in header fields");
  }
  return fail(Code::bad_input, fmt::format("this is not a request of HTTP/1.1: {}", error.message()));
}

// What the parser accepts, but two programs could understand differently, or nobody here can decode.
Status check(const beast_http::request_parser<beast_http::string_body>& parser) {
  const auto& fields = parser.get();
  if (fields.version() != 10 && fields.version() != 11) {
    return fail(Code::bad_input, "this version of HTTP is not spoken here", "use HTTP/1.1");
  }
  if (fields.version() == 11 && fields.count(beast_http::field::host) != 1) {
    return fail(Code::bad_input, "a request of HTTP/1.1 needs one Host field");
  }
  const auto encodings = fields.count(beast_http::field::transfer_encoding);
  if (encodings > 0 &&
      (encodings > 1 || fields.count(beast_http::field::content_length) > 0 ||
       !equal_ignoring_case(std::string_view(fields[beast_http::field::transfer_encoding]), "chunked"))) {
    return fail(Code::bad_input,
                "the only Transfer-Encoding understood is 'chunked', without a Content-Length",
                "compress with Content-Encoding instead");
  }
  return {};
}

}  // namespace

RequestReader::RequestReader(size_t header_bytes_max) : impl_(std::make_unique<Impl>()) {
  impl_->header_bytes_max = header_bytes_max;
  impl_->parser.header_limit(static_cast<uint32_t>(header_bytes_max));
  impl_->parser.body_limit(boost::none);  // the caller looks at Content-Length, and after each chunk
}

RequestReader::~RequestReader() = default;

Result<std::optional<RequestHead>> RequestReader::read_head(std::string_view& bytes) {
  auto& parser = impl_->parser;
  boost::system::error_code error;
  const size_t used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  bytes.remove_prefix(used);
  if (error && error != beast_http::error::need_more) return fail_parse(error, impl_->header_bytes_max);
  if (!parser.is_header_done()) return std::nullopt;
  TRY(check(parser));

  const auto& fields = parser.get();
  RequestHead head;
  head.method = std::string(fields.method_string());
  head.target = std::string(fields.target());
  for (const auto& field : fields)
    head.headers.add(std::string(field.name_string()), std::string(field.value()));
  head.is_http_1_0 = fields.version() == 10;
  head.keep_alive = parser.keep_alive();
  head.is_chunked = parser.chunked();
  if (!head.is_chunked) head.content_length = parser.content_length().value_or(0);
  head.expects_continue =
      !head.is_http_1_0 &&
      equal_ignoring_case(std::string_view(fields[beast_http::field::expect]), "100-continue");
  parser.eager(true);
  return head;
}

Result<bool> RequestReader::read_chunks(std::string_view& bytes, std::string& body) {
  auto& parser = impl_->parser;
  while (!bytes.empty() && !parser.is_done()) {
    boost::system::error_code error;
    const size_t used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (error == beast_http::error::need_more) break;
    if (error) return fail_parse(error, impl_->header_bytes_max);
  }
  std::string& decoded = parser.get().body();
  body += decoded;
  decoded.clear();
  return parser.is_done();
}

}  // namespace anabranch::http
