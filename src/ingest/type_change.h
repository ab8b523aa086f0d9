#pragma once
// Values of files that have types of their own, as values of a declared type: SQL that changes them where
// they fit as they would in an event.

#include <string>

#include "base/result.h"
#include "sql/database.h"

namespace anabranch::ingest {

/// Makes the functions known that the SQL of the others calls.
Status prepare_type_changes(sql::Session& session);

/// The engine's name for the type of a column of nothing but NULL.
inline constexpr std::string_view null_type = "\"NULL\"";

bool is_number_type(const std::string& type);

/// Whether any value of one type can be one of the other: a number is no text, and text no number.
bool may_change(const std::string& from, const std::string& to);

/// An expression for the value of the column (an SQL name) as one of the other type. NULL where it has no
/// place there.
std::string changed(const std::string& column, const std::string& from, const std::string& to);

/// An expression for the text of a value of the engine's type JSON, where NaN and the infinities are texts as
/// in answers: the engine writes them as words that JSON does not have.
std::string json_text(const std::string& value);

/// A condition that is true for values that do not fit without loss, and not for NULL. With `may_round`
/// numbers with a point become the nearest FLOAT or DOUBLE, as the texts of numbers do; integers never.
std::string misfit(const std::string& column, const std::string& from, const std::string& to, bool may_round);

}  // namespace anabranch::ingest
