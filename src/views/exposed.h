#pragma once
// A SELECT as it is written, over relations of ours: for read-time views, merged views and users' queries.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/query.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::views {

struct Exposed {
  sql::Select select;               // over "name" (with hidden columns) or "name!" (without)
  std::string sql;                  // the same as text
  std::set<std::string> relations;  // which
};

/// Replaces the names of streams, tables and views. Hidden columns are there when the SELECT names one, and
/// `*` still leaves them out. bad_sql, with its place in `text`, for a name that is none of the relations; it
/// one of `absent` has that error, a bad_sql where it was not found.
Result<Exposed> expose(const sql::Select& select, const Relations& relations, std::string_view text,
                       const std::map<std::string, Error>& absent = {});

/// What a relation means, under both of its names.
void add_meaning(sql::Meanings& meanings, const Relation& relation, sql::Query query);

/// The place in `text` of the name that an engine's message quotes; line 1, column 1 where it is not there.
/// The engine has seen our printing of the SELECT, so its own place is of no use.
Place place_of_quoted(std::string_view message, std::string_view text);
/// Takes the marks of relations (anabranch."bronze.x!") out of an engine's message.
void hide_marks(std::string& message);

}  // namespace anabranch::views
