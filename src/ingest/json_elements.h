#pragma once
// The elements of a JSON array, or the one object, that a body consists of.

#include <cstddef>
#include <string_view>

namespace anabranch::ingest {

/// Cuts by brackets, commas and quotes only: whether an element is JSON is for its reader to say. So one bad
/// element does not hide the ones behind it, and what comes before a break is not lost.
class JsonElements {
 public:
  explicit JsonElements(std::string_view body);

  /// The first character that is not space: '[' for an array, '{' for one object; 0 when there is none.
  char first() const { return first_; }

  struct Element {
    enum class Kind {
      whole,   // from its first to its last byte
      broken,  // the body ends in it, or before the array is closed: all the rest, maybe nothing
      beyond,  // what stands behind the end of the array or object
    };
    std::string_view text;
    Kind kind = Kind::whole;
  };
  /// False after the last one. An element between two commas may be empty.
  bool next(Element& element);

 private:
  enum class State { element, after_comma, beyond, cut_off, end };

  const std::string_view body_;
  size_t at_ = 0;
  char first_ = 0;
  State state_ = State::end;
};

}  // namespace anabranch::ingest
