#pragma once
// The rows of a read on their way over a link: the head first, then frames in pieces of which each says in
// its last byte whether its frame goes on, since a Parquet file is one frame and larger than a message may
// be.

#include <optional>
#include <string>
#include <utility>

#include "front/remote/port_fields.h"
#include "processes/link.h"

namespace anabranch::front::remote {

/// The side that reads. A call's send() waits while the other side has not taken enough, and so does the
/// read.
class SentRows final : public serve::RowsSink {
 public:
  explicit SentRows(processes::IncomingCall& call) : call_(call) {}
  Status head(serve::RowsHead head) override;
  Status frame(std::string rows) override;

 private:
  processes::IncomingCall& call_;
};

/// The side that asked: gives a sink what came.
class ReceivedRows final : public processes::FrameSink {
 public:
  explicit ReceivedRows(serve::RowsSink& sink) : sink_(sink) {}
  Status frame(std::string bytes) override;

  /// Why the sink, or what came, ended the call.
  const std::optional<Error>& error() const { return error_; }

 private:
  Status take(std::string bytes);

  serve::RowsSink& sink_;
  bool has_head_ = false;
  std::string begun_;  // of a frame that goes on
  std::optional<Error> error_;
};

}  // namespace anabranch::front::remote
