#pragma once
// A statement of ours, with what the relations in it mean.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace anabranch::sql {

/// The schema of relations that have a meaning in a Query only. No user's SQL may name it, and nothing lies
/// in it but the empty tables of the plan compiler.
inline constexpr std::string_view relation_schema = "anabranch";

/// `anabranch."bronze.flights"`: a relation as SQL of ours names it.
std::string relation(std::string_view name);

struct Query;
/// By the name of the relation. Shared, because many queries read the same relations.
using Meanings = std::map<std::string, std::shared_ptr<const Query>, std::less<>>;

/// One statement and the relations that stand in its text, each a SELECT that is a Query itself. They are
/// given to the engine when it binds the name, so a meaning is never put into another text: what is in
/// literals, quoted names or comments stays what it is. A name that is not among them is looked up as any
/// other.
struct Query {
  std::string text;
  Meanings relations;

  Query(std::string sql) : text(std::move(sql)) {}  // NOLINT: implicit, a text is a query without relations
  Query(const char* sql) : text(sql) {}             // NOLINT
  Query(std::string sql, Meanings means) : text(std::move(sql)), relations(std::move(means)) {}
};

/// For Meanings.
std::shared_ptr<const Query> meaning(Query query);

/// `FROM "name"`: the meaning that is a table.
Query table_query(std::string_view name);

/// `SELECT * FROM anabranch.<name>` and the like: text over one relation.
Query over(std::string text, std::string name, Query query);

}  // namespace anabranch::sql
