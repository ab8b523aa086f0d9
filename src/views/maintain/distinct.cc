// SELECT DISTINCT a, b is GROUP BY a, b.

#include <algorithm>

#include "views/functions.h"
#include "views/maintain/strategies.h"

namespace anabranch::views {

Status plan_distinct(PlanDraft& draft) {
  if (std::any_of(draft.select.items.begin(), draft.select.items.end(), has_window)) {
    draft.refuse("SELECT", "a window over events needs all of them", draft.position_of_window());
    return {};
  }
  draft.select.group_by = draft.select.items;
  for (sql::Expr& group : draft.select.group_by) group.alias.clear();
  draft.select.is_distinct = false;
  return plan_grouped(draft);
}

}  // namespace anabranch::views
