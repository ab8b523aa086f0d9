#pragma once
// Lists as text: items with something between them.

#include <concepts>
#include <string>
#include <string_view>

namespace anabranch {

/// Adds an item to a list, with `between` before it when the list has one already. (An item that is empty may
/// only come last: what is empty is no list yet.)
inline void append_item(std::string& list, std::string_view item, std::string_view between = ", ") {
  if (!list.empty()) list += between;
  list += item;
}

/// The text of each item, as `text_of` says it, with `between` between them.
template <typename Items, typename TextOf>
  requires(!std::convertible_to<TextOf, std::string_view>)
std::string join(const Items& items, TextOf text_of, std::string_view between = ", ") {
  std::string list;
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) list += between;
    is_first = false;
    list += text_of(item);
  }
  return list;
}

/// The texts themselves. (What else may stand in a list: fmt::join.)
template <typename Items>
std::string join(const Items& items, std::string_view between = ", ") {
  return join(items, [](const auto& text) -> std::string_view { return text; }, between);
}

}  // namespace anabranch
