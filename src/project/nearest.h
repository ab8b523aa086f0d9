#pragma once
// "Did you mean …?"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace anabranch::project {

/// How many letters must be inserted, removed, replaced or swapped with their neighbour. Case does not count.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that a person most probably meant; nothing when none is near enough. Ties go to the first.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

/// A hint: "did you mean 'x'?" when one is near, else "<else_say> a, b, c" (empty when there are no
/// candidates).
std::string suggest(std::string_view word, const std::vector<std::string>& candidates,
                    std::string_view else_say);

}  // namespace anabranch::project
