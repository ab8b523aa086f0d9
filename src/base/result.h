#pragma once
// Expected failures are values. A function that can fail returns Result<T>; the caller either handles the
// Error or hands it on with TRY. An error code exists because someone acts on it; the detail for people goes
// into the text.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace anabranch {

enum class Code {
  bad_input,        // the caller's mistake: say it and go on
  bad_sql,          // a mistake in SQL; has a place
  refused,          // understood, but not allowed
  not_found,        // no such name
  conflict,         // someone else is at work or came first
  retry,            // try again: it may work
  overloaded,       // try again later: too much at once
  timeout,          // ran longer than its limit
  cancelled,        // asked to stop
  too_large,        // over a limit of size
  disk_full,        // nothing was written
  io,               // the operating system said no
  corrupt,          // bytes on disk are not what we wrote
  unknown_outcome,  // it may have happened: look before trying again
  unavailable,      // not ready, or closed
  internal,         // our mistake
};

std::string_view to_string(Code code);

/// A place in a file that a person wrote. line and column count from 1; 0 means unknown.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const Place&) const = default;
};

/// What went wrong, where, and what to do about it.
struct Error {
  Code code = Code::internal;
  std::string message;
  std::string hint;  // what to do; may be empty
  std::optional<Place> place;

  /// "file:line:column: message (hint)", with the parts that are known.
  std::string describe() const;
};

template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result() = default;
};

template <>
class [[nodiscard]] Result<void> : public std::expected<void, Error> {
 public:
  using std::expected<void, Error>::expected;
  Result() = default;
};

using Status = Result<void>;

inline std::unexpected<Error> fail(Code code, std::string message, std::string hint = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(hint), std::nullopt});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }
inline std::unexpected<Error> fail_at(Place place, Code code, std::string message, std::string hint = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(hint), std::move(place)});
}

/// Hands on an error with words in front that say what was being done.
template <typename T>
std::unexpected<Error> in_context(Result<T>&& result, std::string_view doing) {
  Error error = std::move(result).error();
  error.message = std::string(doing) + ": " + error.message;
  return std::unexpected(std::move(error));
}

namespace detail {
template <typename T>
T take(Result<T>&& result) {
  return std::move(*result);
}
inline void take(Result<void>&&) {}
}  // namespace detail

// The value of a Result, or return its error. In a statement of its own: GCC 12 leaks its siblings in braces
// else.
#define TRY(...)                                                            \
  ({                                                                        \
    auto try_result = (__VA_ARGS__);                                        \
    if (!try_result) return std::unexpected(std::move(try_result).error()); \
    ::anabranch::detail::take(std::move(try_result));                       \
  })

}  // namespace anabranch
