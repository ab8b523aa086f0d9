#include "io/standard_input.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

namespace anabranch::io {

Result<std::string> read_standard_input(size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Code::io, fmt::format("cannot read standard input: {}", std::strerror(errno)));
    bytes.resize(static_cast<size_t>(got));
    return bytes;
  }
}

}  // namespace anabranch::io
