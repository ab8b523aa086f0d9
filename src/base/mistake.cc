#include "base/mistake.h"

#include <cstdlib>

namespace anabranch {

#ifdef ANABRANCH_MISTAKES
bool is_planted(std::string_view mistake) {
  static const char* const planted = std::getenv("ANABRANCH_MISTAKE");
  return planted != nullptr && mistake == planted;
}
#endif

}  // namespace anabranch
