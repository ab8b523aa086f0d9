#include "front/remote/engine_state.h"

#include <utility>

namespace anabranch::front::remote {

void EngineState::take(std::string_view topic, std::string_view bytes) {
  if (topic != EngineState::topic) return;
  auto told = wire::decode<Told>(bytes);
  if (!told) return;
  Lock lock(mutex_);
  told_ = std::move(*told);
}

void EngineState::forget() {
  Lock lock(mutex_);
  told_ = {};
}

bool EngineState::is_ready() const {
  Lock lock(mutex_);
  return told_.is_ready;
}

serve::ReadState EngineState::reads() const {
  Lock lock(mutex_);
  return told_.reads;
}

}  // namespace anabranch::front::remote
