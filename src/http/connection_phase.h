#pragma once

namespace anabranch::http {

/// What a connection is at.
enum class Phase {
  idle,       // between requests
  head,       // some of a header is here
  body,       // some of a body is yet to come
  busy,       // a handler has the request
  answering,  // a response is being written
  sending,    // a body is being written whose end is yet to come
  streaming,  // an EventStream
  draining,   // answered; throws away what still comes
  closed,
};

}  // namespace anabranch::http
