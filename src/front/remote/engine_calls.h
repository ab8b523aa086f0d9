#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "front/remote/port_methods.h"
#include "processes/link.h"

namespace anabranch::front::remote {

/// The link to the engine's process as it is now; null while there is none. Any thread may call.
using CurrentLink = std::function<std::shared_ptr<processes::Link>()>;

/// Beside what a call asks.
struct CallTerms {
  processes::FrameSink* sink = nullptr;
  std::shared_ptr<const std::atomic<bool>> cancelled = {};
  bool is_order = false;  // it changes something: when its end is not known, one has to look
};

/// Calls of the ports to the engine's process. Without one, and when it ends in the middle of a call, the
/// error is unavailable and says so; other errors are the engine's own. Any thread may call; it blocks until
/// the answer.
class EngineCalls {
 public:
  explicit EngineCalls(CurrentLink current) : current_(std::move(current)) {}

  template <typename Answer, typename... Arguments>
  Result<Answer> ask(const Method<Answer, Arguments...>& method,
                     const std::type_identity_t<Arguments>&... arguments) const {
    return ask_on(CallTerms{}, method, arguments...);
  }
  template <typename Answer, typename... Arguments>
  Result<Answer> order(const Method<Answer, Arguments...>& method,
                       const std::type_identity_t<Arguments>&... arguments) const {
    return ask_on(CallTerms{nullptr, {}, true}, method, arguments...);
  }
  template <typename Answer, typename... Arguments>
  Result<Answer> ask_on(const CallTerms& terms, const Method<Answer, Arguments...>& method,
                        const std::type_identity_t<Arguments>&... arguments) const {
    wire::Writer request;
    request(arguments...);
    const std::string answer = TRY(call(method.name, request.take(), terms));
    if constexpr (std::is_void_v<Answer>) {
      return {};
    } else {
      return wire::decode<Answer>(answer);
    }
  }

 private:
  Result<std::string> call(std::string_view method, const std::string& request, const CallTerms& terms) const;

  const CurrentLink current_;
};

}  // namespace anabranch::front::remote
