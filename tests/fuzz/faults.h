#pragma once
// What the program is known to do wrong today. The generator leaves these forms out, until they are mended
// and their line goes.

#include <set>
#include <string>

namespace anabranch::fuzz {

/// Rows of the list below; a set of them says which forms the generator makes all the same.
using Faults = std::set<char>;

struct KnownFault {
  char row;
  bool is_mended;  // the ordinary run makes the form
  const char* form;
};

inline constexpr KnownFault known_faults[] = {
    {'a', true, "texts of more than twelve bytes within lists, structs and maps"},
    {'b', true, "fields and aliases with quotes, comment signs and relation names in them"},
    {'c', true, "text literals that read like the SQL of plans"},
    {'d', true, "fields and columns named like those of states and stages"},
    {'e', true, "DISTINCT above windows, DISTINCT ON above groups, rank() = 1 over everything"},
    {'f', true, "infinities and NaN in sums, averages and quantiles"},
    {'g', true, "an alias that hides a column, used within an expression of ORDER BY"},
    {'h', true, "collations in keys, order, extremes and distinct counts"},
    {'i', true, "unnest among the items of a view that keeps an order"},
    {'j', true, "a cast that fails in a join's condition or within unnest"},
    {'k', true, "order of rows in views that are answered when read"},
    {'l', true, "sums beyond 38 digits"},
    {'m', true, "quantiles at exact ranks, medians of REAL, deviations far from zero, ROWS frames with ties"},
    {'n', true, "minus zero, nanoseconds and BLOBs after a build, in conditions"},
    {'o', true, "GROUP BY () over constants, GROUP BY ALL without keys, age of now"},
    {'p', true, "folders of the project that look like partitions or patterns"},
    {'r', true,
     "distinct counts of tuples, schema-qualified columns, grouping(), LIMIT of a subquery and other forms "
     "that are refused"},
    {'s', true, "bulk files of a stream that no maintained view reads, after a restart"},
    {'u', false, "quoted empty texts in CSV files that are copied as tables"},
    {'v', false,
     "unnest beside an ANTI JOIN, which the engine's optimiser plans wrongly where no row matches"},
    {'t', true, "row_number() <= n without PARTITION BY over no rows"},
};

/// Those that are mended, and those named by ANABRANCH_FUZZ_FAULTS ("abk", or "all").
Faults faults_to_make();

}  // namespace anabranch::fuzz
