#include "processes/own_link.h"

#include <cstdio>

#include <unistd.h>

#include "io/process_terms.h"
#include "io/spawned_process.h"

namespace anabranch::processes {

Result<std::unique_ptr<OwnLink>> OwnLink::take() {
  const auto terms = TRY(io::ProcessTerms::take());
  TRY(terms.apply());
  auto socket = TRY(io::Socket::inherited(io::SpawnedProcess::socket_place));
  return std::unique_ptr<OwnLink>(new OwnLink(std::move(socket)));
}

OwnLink::~OwnLink() {
  if (link_) link_->close();
}

void OwnLink::begin(Link::Handler handler, Link::TellHandler told, const Link::Options& options) {
  auto on_call = [this, handler = std::move(handler)](IncomingCall& call) {
    begun_.wait();
    return handler(call);
  };
  auto on_tell = [this, told = std::move(told)](std::string_view topic, std::string_view bytes) {
    begun_.wait();
    if (topic == stop_topic) {
      Lock lock(mutex_);
      is_stopping_ = true;
      changed_.notify_all();
    } else if (told) {
      told(topic, bytes);
    }
  };
  link_ = Link::over(std::move(socket_), std::move(on_call), std::move(on_tell), options);
  begun_.count_down();
  link_->on_close([](const Error& why) {
    // What a child does is of use to its parent alone; and what it has written so far is whole or not at all.
    std::fprintf(stderr, "anabranch: the connection to the parent has ended: %s\n", why.message.c_str());
    ::_exit(1);
  });
}

void OwnLink::wait_for_stop() {
  Lock lock(mutex_);
  while (!is_stopping_) lock.wait(changed_);
}

bool OwnLink::is_stopping() {
  Lock lock(mutex_);
  return is_stopping_;
}

}  // namespace anabranch::processes
