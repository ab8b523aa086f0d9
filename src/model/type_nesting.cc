#include "model/type_nesting.h"

#include <algorithm>

namespace anabranch::model {

int nesting_of(const Type& type) {
  int deepest = 0;
  for (const Type& child : type.children) deepest = std::max(deepest, nesting_of(child));
  return type.children.empty() ? 0 : deepest + 1;
}

}  // namespace anabranch::model
