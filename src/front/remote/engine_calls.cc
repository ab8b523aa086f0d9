#include "front/remote/engine_calls.h"

namespace anabranch::front::remote {
namespace {

Error no_engine() {
  return {Code::unavailable,
          "the engine is being started again: until then nothing is read or ordered",
          "try again in a moment; events are taken all the same",
          {}};
}

Error engine_ended(bool is_order) {
  return {Code::unavailable,
          "the engine ended while it worked on this; it is being started again",
          is_order ? "look whether it was done, then try again" : "try again in a moment",
          {}};
}

}  // namespace

Result<std::string> EngineCalls::call(std::string_view method, const std::string& request,
                                      const CallTerms& terms) const {
  const auto link = current_();
  if (!link || !link->is_open()) return fail(no_engine());
  auto answer = link->call(method, request, terms.sink, terms.cancelled);
  // An engine that is there may be unavailable too, and says why.
  if (!answer && answer.error().code == Code::unavailable && !link->is_open())
    return fail(engine_ended(terms.is_order));
  return answer;
}

}  // namespace anabranch::front::remote
