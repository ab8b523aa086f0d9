#pragma once
// Dates and times as ISO 8601 writes them, in the proleptic Gregorian calendar. UTC where no zone is given.

#include <cstdint>
#include <string>
#include <string_view>

namespace anabranch::ingest {

// Each parser returns what is wrong, in words; empty when nothing is. The texts are constants.

/// YYYY-MM-DD; a time of day may follow when it is midnight UTC. Years 0001 to 9999, others with a sign.
std::string_view parse_date(std::string_view text, int32_t& days);
/// HH:MM, HH:MM:SS, HH:MM:SS.ffffff, each with or without Z.
std::string_view parse_time(std::string_view text, int64_t& microseconds);
/// A date, or a date, T or a space, and a time with Z, an offset (+02:00, +0200, +02) or no zone.
std::string_view parse_timestamp(std::string_view text, int64_t& microseconds);
/// P1Y2M3W4DT5H6M7.5S; a sign before the P or before a number. Gives text that SQL casts to INTERVAL.
std::string_view parse_duration(std::string_view text, std::string& sql);

/// As SQL reads them: 2013-01-31, 0044-03-15 (BC), 05:00:00.000001, 2013-01-31 05:00:00.
void append_date(std::string& out, int32_t days);
void append_time(std::string& out, int64_t microseconds);
void append_timestamp(std::string& out, int64_t microseconds);

}  // namespace anabranch::ingest
