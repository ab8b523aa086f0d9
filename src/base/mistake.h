#pragma once
// Mistakes that are planted on purpose, to show who would find each of them. A build for that has them all
// (the preset `mistakes`) and makes one: the one that ANABRANCH_MISTAKE names, in child processes too. In
// every other build there are none, and nothing of them is left in the program. Included by .cc files only;
// tests/mistakes/mistakes.h says what each of them is.

#include <string_view>

namespace anabranch {

#ifdef ANABRANCH_MISTAKES
bool is_planted(std::string_view mistake);
#else
constexpr bool is_planted(std::string_view) { return false; }
#endif

}  // namespace anabranch
