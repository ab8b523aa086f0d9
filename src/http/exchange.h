#pragma once

#include <atomic>
#include <memory>

#include "http/body_budget.h"
#include "http/connection.h"
#include "http/event_loop.h"
#include "http/responder.h"
#include "http/server_options.h"

namespace anabranch::http {

/// The way from a Responder, on any thread, back to the connection on its loop's thread. Holds the request's
/// share of the memory for bodies until the answer. Outlives the server when a handler keeps its Responder
/// that long.
std::shared_ptr<Exchange> make_exchange(std::shared_ptr<Connection> connection,
                                        std::shared_ptr<EventLoop> loop, BodyLease lease,
                                        std::shared_ptr<const std::atomic<bool>> cancelled,
                                        const ServerOptions& options);

}  // namespace anabranch::http
