#pragma once
// One end of a connection between two processes of ours: bytes in order, both ways.

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "io/descriptor.h"

namespace anabranch::io {

/// Owns a connected AF_UNIX stream socket, which no program that is started inherits by itself. One thread
/// may read while another writes; any thread may call shut_down(). A default one is none.
class Socket {
 public:
  Socket() = default;
  explicit Socket(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  /// Two that are connected with each other.
  static Result<std::pair<Socket, Socket>> pair();
  /// The one that whoever started this program has put at this place. bad_input: there is none.
  static Result<Socket> inherited(int place);

  bool is_open() const { return descriptor_.get() >= 0; }

  /// Waits for bytes and gives those that there are, at most so many. 0: the other side has ended.
  Result<size_t> read(char* into, size_t size_max);
  /// Writes what there is room for now, at most `pieces_max` pieces one after the other: how many bytes. 0:
  /// none (the other side has to read first). unavailable: nobody reads any more.
  Result<size_t> write_now(std::span<const std::string_view> pieces);
  static constexpr size_t pieces_max = 64;
  /// Waits until there is room, or the connection has ended.
  Status wait_for_room();
  /// Ends both directions; who waits in read() or wait_for_room(), here or on the other side, goes on. What
  /// has come already can still be read.
  void shut_down();

  /// For who starts a program that shall have it.
  const Descriptor& descriptor() const { return descriptor_; }

 private:
  Descriptor descriptor_;
};

}  // namespace anabranch::io
