#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace anabranch::http {

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds silence_timeout{300'000};  // nothing moved, either way; 0: wait for ever
  size_t body_bytes_max = size_t{4} << 30;             // of an answer
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

/// One connection to one server, kept alive between requests and made anew when the server has closed it
/// meanwhile. One thread at a time. Errors: unavailable: no server answers there; bad_input: no such host;
/// timeout: silence; unknown_outcome: the connection broke after the request went out, so it may have been
/// done; too_large: the answer. After an error the next request connects anew. An answer of status 400 and
/// more is no Error here: error_of_problem() in problem.h makes one.
class Client {
 public:
  static Result<Client> connect(std::string host, uint16_t port, ClientOptions options = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  Result<ClientResponse> request(std::string_view method, std::string_view target,
                                 const Headers& headers = {}, std::string_view body = {});

  /// Gets a stream of server-sent events and calls `on_event` for each, until that returns false or the
  /// server ends the stream. The connection is closed afterwards. An answer that is no stream is an Error.
  using OnEvent = std::function<bool(std::string_view event, std::string_view data)>;
  Status events(std::string_view target, const Headers& headers, const OnEvent& on_event);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace anabranch::http
