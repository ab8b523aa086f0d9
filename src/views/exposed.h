#pragma once
// A SELECT as it is written, over "@relations": for read-time views, merged views and users' queries.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::views {

struct Exposed {
  std::string sql;                  // over "@name" (with hidden columns) or "@name!" (without)
  std::set<std::string> relations;  // which
};

/// Replaces the names of streams, tables and views. Hidden columns are there when the SELECT names one, and
/// `*` still leaves them out. bad_sql, with its place in `text`, for a name that is none of the relations.
Result<Exposed> expose(const sql::Select& select, const Relations& relations, std::string_view text);

/// Meanings for a relation under both tokens, see views::bind_relations.
void add_meaning(std::map<std::string, std::string>& meanings, const Relation& relation,
                 const std::string& sql);

}  // namespace anabranch::views
