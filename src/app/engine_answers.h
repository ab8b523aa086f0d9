#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>

#include "app/engine_messages.h"
#include "base/wire.h"
#include "processes/link.h"

namespace anabranch::app {

/// Answers a call if it is of this method: what it asks is decoded (corrupt), given to `work`, and its Result
/// encoded. Nothing: it is another one.
template <typename Answer, typename... Arguments, typename Work>
std::optional<Result<std::string>> answer(const front::remote::Method<Answer, Arguments...>& method,
                                          const processes::IncomingCall& call, Work&& work) {
  if (call.method() != method.name) return std::nullopt;
  const auto arguments = wire::decode<std::tuple<Arguments...>>(call.request());
  if (!arguments) return Result<std::string>(std::unexpected(arguments.error()));
  auto result = std::apply(work, *arguments);
  if (!result) return Result<std::string>(std::unexpected(std::move(result).error()));
  if constexpr (std::is_void_v<Answer>) {
    return Result<std::string>(std::string());
  } else {
    return Result<std::string>(wire::encode(*result));
  }
}

}  // namespace anabranch::app
