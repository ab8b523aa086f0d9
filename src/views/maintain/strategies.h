#pragma once
// The ways in which a view is kept up to date, one a file. Which one a SELECT needs is for maintained.cc to
// say.

#include "base/result.h"
#include "views/maintain/draft.h"

namespace anabranch::views {

/// False, with the reasons in the plan, where no strategy maintains the view.
bool can_be_maintained(PlanDraft& draft);

// Each fills the stages and the class of the draft's plan, or adds the reasons why it cannot and leaves the
// class as it is. Errors are our own mistakes.

/// SELECT, WHERE, joins with tables: the state is the rows.
Status plan_linear(PlanDraft& draft);
/// QUALIFY on a rank, DISTINCT ON: the state is the rows that a key may still need.
Status plan_keyed(PlanDraft& draft);
/// GROUP BY and aggregates: the state is one row a group.
Status plan_grouped(PlanDraft& draft);
/// DISTINCT without groups: the state is the rows that differ.
Status plan_distinct(PlanDraft& draft);

}  // namespace anabranch::views
