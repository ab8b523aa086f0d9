#pragma once
// UNPIVOT as it is written. It has a meaning where the columns of its rows are known (views/unpivoted.h);
// here it is a table function of a SELECT.

#include <string>
#include <vector>

#include "sql/syntax.h"

namespace anabranch::sql {

/// In a tree it is what FROM takes from: an Expr of the kind `other` with the name "unpivot". Its query is
/// `SELECT entries FROM rows`, an entry of several values a call of `row`; its path the name of the column
/// that takes names, then those that take values; its text "INCLUDE NULLS" or nothing.
bool is_unpivot(const TableRef& table);
bool is_unpivot(const Expr& expr);

std::string unpivot_sql(const Expr& unpivot);

/// What its rows are taken from, `SELECT * FROM rows`: to be changed and given back. Columns that it leaves
/// out then, and that no entry names, are left out of the rows. Returns their alias.
Select unpivoted_rows(const Expr& unpivot);
std::string set_unpivoted_rows(Expr& unpivot, Select rows);

/// A table with one more column, the number of each row as they come.
void number_rows(TableRef& table, const std::string& column);

}  // namespace anabranch::sql
