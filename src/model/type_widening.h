#pragma once
// Which changes of a field's type keep every value that it has.

#include <string>

#include "model/type.h"

namespace anabranch::model {

/// Whether every value of one type is one of the other, and is written there as it was before: an integer of
/// more digits, a decimal that has room for all digits before and after the point, REAL to DOUBLE, integers
/// of up to 32 bits to DOUBLE. The same type widens to itself.
bool widens(const Type& from, const Type& to);

/// The types that values of this one may have later, for messages: "bigint, hugeint, decimal or double".
/// Empty when there are none.
std::string wider_types(const Type& type);

}  // namespace anabranch::model
