#include "catalog/migration.h"

#include <array>

#include "catalog/migrations/0001_builds_verdicts_copies.h"
#include "catalog/migrations/0002_build_warnings.h"
#include "catalog/migrations/0003_verdict_definitions.h"
#include "catalog/migrations/0004_keyed_answers.h"

namespace anabranch::catalog {

std::span<const Migration> migrations() {
  static constexpr std::array all{migration_0001, migration_0002, migration_0003, migration_0004};
  static_assert([] {
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].version != static_cast<int>(i) + 1) return false;
    }
    return true;
  }());
  return all;
}

}  // namespace anabranch::catalog
