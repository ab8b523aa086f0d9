#include "io/socket.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace anabranch::io {
namespace {

// How much may be on its way: as much as a large piece of an answer, so that writer and reader need not wake
// each other for each part of it. The system may allow less.
constexpr int on_its_way_bytes = 2 << 20;

std::unexpected<Error> broken(std::string_view doing) {
  if (errno == EPIPE || errno == ECONNRESET)
    return fail(Code::unavailable, "the other side of a connection has gone");
  return fail(Code::io, fmt::format("cannot {} a connection: {}", doing, std::strerror(errno)));
}

}  // namespace

Result<std::pair<Socket, Socket>> Socket::pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return broken("make");
  for (const int end : ends)
    (void)::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &on_its_way_bytes, sizeof(on_its_way_bytes));
  return std::pair{Socket(Descriptor(ends[0])), Socket(Descriptor(ends[1]))};
}

Result<Socket> Socket::inherited(int place) {
  int type = 0;
  socklen_t size = sizeof(type);
  if (::getsockopt(place, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
    return fail(Code::bad_input, fmt::format("descriptor {} is no connection", place));
  (void)::fcntl(place, F_SETFD, FD_CLOEXEC);
  return Socket(Descriptor(place));
}

Result<size_t> Socket::read(char* into, size_t size_max) {
  while (true) {
    const ssize_t count = ::recv(descriptor_.get(), into, size_max, 0);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) return broken("read");
  }
}

Result<size_t> Socket::write_now(std::span<const std::string_view> pieces) {
  std::array<iovec, pieces_max> parts;
  msghdr message{};
  message.msg_iov = parts.data();
  for (const std::string_view piece : pieces) {
    if (message.msg_iovlen == parts.size()) break;
    parts[message.msg_iovlen++] = {const_cast<char*>(piece.data()), piece.size()};
  }
  while (true) {
    const ssize_t count = ::sendmsg(descriptor_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return size_t{0};
    if (errno != EINTR) return broken("write");
  }
}

Status Socket::wait_for_room() {
  pollfd polled{descriptor_.get(), POLLOUT, 0};
  while (::poll(&polled, 1, -1) < 0) {
    if (errno != EINTR) return broken("wait for");
  }
  return {};
}

void Socket::shut_down() {
  if (is_open()) (void)::shutdown(descriptor_.get(), SHUT_RDWR);
}

}  // namespace anabranch::io
