#pragma once
// For builds that tests run (ANABRANCH_OVERWRITE_FREED_MEMORY): memory that the engine has freed does not go
// on looking right. Never in what is shipped: every freed block is written once more. Included by src/sql
// only.

namespace anabranch::sql {

/// From now on whatever the engine frees is overwritten first, in all databases of the process, so that a
/// value which points into it shows in answers. Any thread, any number of times.
void overwrite_what_is_freed();

}  // namespace anabranch::sql
