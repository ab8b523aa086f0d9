#pragma once
// SELECTs over relations of ours with the order of rows spelled out, wherever they run as they are written:
// views at read time, views over merged results, users' queries.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/relation_column.h"
#include "sql/order_key.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::views {

/// What an engine says that a SELECT gives.
using Describe = std::function<Result<std::vector<model::RelationColumn>>(const std::string& sql)>;

struct InOrder {
  std::string sql;
  std::vector<sql::OrderKey> order;  // its last columns, hidden: by which its rows are ordered
};

/// A SELECT over `read` of these relations. Nothing where no result in it depends on the order of rows, and
/// nobody asks for its own (`shows_order`); nor where the order cannot be told, or the engine would take it
/// for another SELECT: then it runs as it is written.
std::optional<InOrder> in_order(const sql::Select& select, const Relations& relations,
                                const std::set<std::string>& read, bool shows_order,
                                const Describe& describe);

}  // namespace anabranch::views
