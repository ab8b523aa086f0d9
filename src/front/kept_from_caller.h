#pragma once
// What stands in an answer for what its caller may not see.

#include <utility>

#include "base/result.h"

namespace anabranch::front {

inline constexpr const char* kept_from_caller =
    "not shown: the caller does not see all that it is computed from";

/// The error of an order as its caller is told it. Its message may name and quote whatever the order touched,
/// unless its code says that the order was not begun, or was ended, for reasons of its own.
inline Error told(Error error, bool sees_all) {
  switch (error.code) {
    case Code::conflict:
    case Code::cancelled:
    case Code::timeout:
    case Code::overloaded:
      return error;
    default:
      return sees_all ? std::move(error) : Error{error.code, kept_from_caller, "", {}};
  }
}

}  // namespace anabranch::front
