#pragma once
// Many objects at once: a disk makes many of them durable in little more time than one.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/object_store.h"

namespace anabranch::lake {

/// When it returns without an error, all these objects and their names are durable. A key may come several
/// times. All are tried; the error is that of the first key that failed.
Status make_all_durable(ObjectStore& store, std::vector<std::string> keys);

/// Does `count` things that wait for the store, several at a time on threads of their own; all are done
/// whatever comes of others. The outcomes, in their order.
std::vector<Status> do_together(size_t count, const std::function<Status(size_t)>& work);

}  // namespace anabranch::lake
