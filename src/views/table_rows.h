#pragma once
// Derived tables, views and scalar subqueries over pinned tables alone. Their rows are the same for every
// event that comes, so a view that joins events with them is maintained as if they were tables.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "sql/database.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::views {

/// The SELECTs of views that read nothing but tables, by lower-case name, each over tables alone.
using TableViews = std::map<std::string, sql::Select>;

/// The SELECT over tables alone, with such views in it written out. Nothing where it reads anything else, or
/// where its rows depend on the moment or on an order that it does not name.
std::optional<sql::Select> over_tables(const sql::Select& select, const Relations& relations,
                                       const TableViews& views);

/// Puts derived tables of ours in the place of what in FROM reads nothing but tables, beside what reads
/// events, and in the place of uncorrelated aggregates over tables in WHERE and in the items. Returns the
/// views that are written out, or nothing where there is nothing to do. `select`: over relations of ours.
std::optional<std::set<std::string>> put_table_rows(sql::Select& select, const Relations& relations,
                                                    const TableViews& views, sql::Session& session);

/// What put_table_rows left in a FROM clause; its columns are the column aliases.
bool is_table_rows(const sql::TableRef& table);
/// The same of exactly one row, whose columns nobody sees but by name.
bool is_table_value(const sql::TableRef& table);

}  // namespace anabranch::views
