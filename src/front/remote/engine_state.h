#pragma once

#include <optional>
#include <string_view>

#include "base/mutex.h"
#include "front/remote/port_fields.h"

namespace anabranch::front::remote {

/// How far the engine is, as it tells it by itself some twenty times a second while that changes: for who may
/// not wait for an answer. Owner: the server; any thread may call.
class EngineState {
 public:
  /// The message's topic, and its content.
  static constexpr std::string_view topic = "engine.state";
  struct Told {
    bool is_ready = false;  // reads are answered
    serve::ReadState reads;
  };

  /// A message of the link, of any topic: for Link::TellHandler. What cannot be read is ignored, and the last
  /// one holds.
  void take(std::string_view topic, std::string_view bytes) EXCLUDES(mutex_);
  /// The engine has gone.
  void forget() EXCLUDES(mutex_);

  bool is_ready() const EXCLUDES(mutex_);
  serve::ReadState reads() const EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  Told told_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::front::remote

template <>
struct anabranch::wire::Fields<anabranch::front::remote::EngineState::Told> : anabranch::wire::AllFields<2> {
};
