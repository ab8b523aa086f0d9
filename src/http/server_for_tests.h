#pragma once
// A server on a free port and a socket without manners, for the tests of this folder only.

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mutex.h"
#include "http/client.h"
#include "http/server.h"

namespace anabranch::http {

/// Sends what it is told to, and reads what comes.
class RawSocket {
 public:
  explicit RawSocket(uint16_t port, int receive_bytes = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr generic;
    static_assert(sizeof(generic) == sizeof(address));
    std::memcpy(&generic, &address, sizeof(generic));
    is_connected_ = ::connect(fd_, &generic, sizeof(generic)) == 0;
  }
  ~RawSocket() { close(); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  bool is_connected() const { return is_connected_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has had enough
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  /// Reads until `text` has come (all that came is returned), or the server closes, or ten seconds are over.
  std::string read_until(std::string_view text) {
    while (text.empty() || seen_.find(text) == seen_.npos) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, 10'000) <= 0) {
        ADD_FAILURE() << "waited in vain for '" << text << "' after '" << seen_ << "'";
        break;
      }
      char chunk[4096];
      const ssize_t got = ::recv(fd_, chunk, sizeof(chunk), 0);
      if (got < 0) was_reset_ = errno == ECONNRESET;
      if (got <= 0) break;
      seen_.append(chunk, static_cast<size_t>(got));
    }
    return seen_;
  }
  std::string read_to_end() { return read_until({}); }
  /// The server has ended the connection without its proper close.
  bool was_reset() const { return was_reset_; }
  /// Reads and forgets what comes next: how many bytes; 0 at the end, or after ten seconds of silence.
  size_t skip() {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, 10'000) <= 0) return 0;
    char chunk[64 << 10];
    const ssize_t got = ::recv(fd_, chunk, sizeof(chunk), 0);
    return got <= 0 ? 0 : static_cast<size_t>(got);
  }

 private:
  int fd_;
  bool is_connected_ = false;
  bool was_reset_ = false;
  std::string seen_;
};

/// A moment that one thread waits for and another one brings about.
class Moment {
 public:
  void come() {
    Lock lock(mutex_);
    has_come_ = true;
    came_.notify_all();
  }
  void wait() {
    Lock lock(mutex_);
    while (!has_come_) lock.wait(came_);
  }

 private:
  Mutex mutex_;
  std::condition_variable came_;
  bool has_come_ GUARDED_BY(mutex_) = false;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.host = "127.0.0.1";
    options_.port = 0;
  }
  /// Makes the server that routes are then added to.
  Server& make() {
    server_ = std::make_unique<Server>(options_);
    return *server_;
  }
  void start() {
    auto started = server_->start();
    ASSERT_TRUE(started) << started.error().describe();
  }
  Client client() { return Client::connect("127.0.0.1", server_->port()).value(); }

  static Response text(std::string body) {
    Response response;
    response.content_type = "text/plain";
    response.body = std::move(body);
    return response;
  }
  static Handler says(std::string body) {
    return [body](Request, Responder responder) { responder.answer(text(body)); };
  }

  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

}  // namespace anabranch::http
