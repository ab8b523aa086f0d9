#pragma once
// The SQL that a read of a view is: the build's states and the slices' states merged and finalised.

#include <map>
#include <set>
#include <string>

#include "model/offsets.h"
#include "speed/epoch.h"
#include "views/world.h"

namespace anabranch::serve {

/// What the streams mean, as the reader's transaction sees them: by "bronze.<stream>". Made only
/// for the streams in `needed_streams`, because they go back to events.
using StreamRelations = std::map<std::string, sql::Query>;

/// The streams that reading these relations goes back to: none for maintained views.
std::set<std::string> needed_streams(const speed::Epoch& epoch, const std::set<std::string>& relations);

/// What every relation of the world means for a reader, under both names of each.
sql::Meanings relation_meanings(const speed::Epoch& epoch, const std::set<std::string>& relations,
                                const StreamRelations& streams);

/// A part's merged states: for what looks below the finished result (recorded events, verify).
sql::Query merged_part(const speed::Epoch& epoch, const views::Plan& plan, const views::StatePart& part);

/// Whether reads of a view come from its states in this epoch.
bool is_maintained(const speed::Epoch& epoch, const views::Plan& plan);

}  // namespace anabranch::serve
