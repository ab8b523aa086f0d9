#include "ingest/iso_time.h"

#include <cstddef>
#include <iterator>
#include <limits>

#include <fmt/format.h>

#include "base/mistake.h"

namespace anabranch::ingest {
namespace {

constexpr int64_t us_per_second = 1'000'000;
constexpr int64_t us_per_day = 86'400 * us_per_second;
// What 64 bits of microseconds hold, with room for offsets.
constexpr int year_max = 290'000;
static_assert(int64_t{year_max - 1970} * 366 * us_per_day > 0);

constexpr std::string_view no_date = "expected a date such as 2013-01-31";
constexpr std::string_view no_day = "the calendar has no such day";
constexpr std::string_view no_year = "years run from 0001 to 9999, others need a sign and at most 290000";
constexpr std::string_view no_time = "expected a time such as 05:00:00";
constexpr std::string_view no_time_of_day = "the day has no such time (00:00:00 to 23:59:59.999999)";
constexpr std::string_view too_precise = "more than 6 digits after the point of the second";
constexpr std::string_view no_zone = "expected a zone such as Z or +02:00, or none";
constexpr std::string_view no_timestamp = "expected a time such as 2013-01-31T05:00:00Z";
constexpr std::string_view no_duration = "expected a duration such as P1DT2H30M";
constexpr std::string_view no_room = "out of range";

struct Cursor {
  const char* at;
  const char* end;

  explicit Cursor(std::string_view text) : at(text.data()), end(text.data() + text.size()) {}
  bool is_at_end() const { return at == end; }
  bool accept(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }
  // Exactly `count` digits.
  bool digits(int count, int& value) {
    if (end - at < count) return false;
    value = 0;
    for (int i = 0; i < count; ++i) {
      const unsigned digit = static_cast<unsigned char>(at[i]) - '0';
      if (digit > 9) return false;
      value = value * 10 + static_cast<int>(digit);
    }
    at += count;
    return true;
  }
};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

// Howard Hinnant, "chrono-compatible low-level date algorithms".
int32_t days_from_civil(int year, int month, int day) {
  year -= month <= 2;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

struct Civil {
  int year;
  int month;
  int day;
};

Civil civil_from_days(int32_t days) {
  const int64_t shifted = int64_t{days} + 719468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const auto day_of_era = static_cast<int>(shifted - era * 146097);
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int shifted_month = (5 * day_of_year + 2) / 153;
  const int month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {static_cast<int>(year_of_era + era * 400) + (month <= 2), month,
          day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

std::string_view read_date(Cursor& cursor, int32_t& days) {
  int year = 0;
  int month = 0;
  int day = 0;
  const bool is_negative = cursor.accept('-');
  const bool is_signed = is_negative || cursor.accept('+');
  if (is_signed) {
    int count = 0;
    while (count < 7 && cursor.end - cursor.at > count && cursor.at[count] >= '0' && cursor.at[count] <= '9')
      ++count;
    if (count < 4 || count > 6 || !cursor.digits(count, year)) return no_date;
    if (year > year_max) return no_year;
    if (is_negative) year = -year;
  } else if (!cursor.digits(4, year)) {
    return no_date;
  } else if (year == 0) {
    return no_year;
  }
  if (!cursor.accept('-') || !cursor.digits(2, month) || !cursor.accept('-') || !cursor.digits(2, day))
    return no_date;
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return no_day;
  days = days_from_civil(year, month, day);
  return {};
}

std::string_view read_time(Cursor& cursor, int64_t& microseconds) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int64_t fraction = 0;
  if (!cursor.digits(2, hour) || !cursor.accept(':') || !cursor.digits(2, minute)) return no_time;
  if (cursor.accept(':')) {
    if (!cursor.digits(2, second)) return no_time;
    if (cursor.accept('.')) {
      int count = 0;
      for (; !cursor.is_at_end() && *cursor.at >= '0' && *cursor.at <= '9'; ++cursor.at, ++count) {
        if (count < 6) {
          fraction = fraction * 10 + (*cursor.at - '0');
        } else if (*cursor.at != '0') {
          return too_precise;
        }
      }
      if (count == 0) return no_time;
      for (; count < 6; ++count) fraction *= 10;
      if (is_planted("times end at the millisecond")) fraction -= fraction % 1000;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return no_time_of_day;
  microseconds = (int64_t{hour} * 3600 + minute * 60 + second) * us_per_second + fraction;
  return {};
}

// Minutes east of UTC.
std::string_view read_zone(Cursor& cursor, int& minutes) {
  minutes = 0;
  if (cursor.is_at_end() || cursor.accept('Z') || cursor.accept('z')) return {};
  const bool is_west = cursor.accept('-');
  if (!is_west && !cursor.accept('+')) return no_zone;
  int hour = 0;
  int minute = 0;
  if (!cursor.digits(2, hour)) return no_zone;
  if (!cursor.is_at_end()) {
    cursor.accept(':');
    if (!cursor.digits(2, minute)) return no_zone;
  }
  if (hour > 15 || minute > 59) return no_zone;
  minutes = (hour * 60 + minute) * (is_west ? -1 : 1);
  return {};
}

void append_civil(std::string& out, int32_t days, bool& is_bc) {
  const Civil civil = civil_from_days(days);
  is_bc = civil.year <= 0;
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", is_bc ? 1 - civil.year : civil.year,
                 civil.month, civil.day);
}

}  // namespace

std::string_view parse_timestamp(std::string_view text, int64_t& microseconds) {
  Cursor cursor(text);
  int32_t days = 0;
  int64_t time = 0;
  int zone = 0;
  if (const auto problem = read_date(cursor, days); !problem.empty()) {
    return problem == no_date ? no_timestamp : problem;
  }
  if (!cursor.is_at_end()) {
    if (!cursor.accept('T') && !cursor.accept(' ') && !cursor.accept('t')) return no_timestamp;
    if (const auto problem = read_time(cursor, time); !problem.empty()) {
      return problem == no_time ? no_timestamp : problem;
    }
    if (const auto problem = read_zone(cursor, zone); !problem.empty()) return problem;
    if (!cursor.is_at_end()) return no_timestamp;
  }
  if (is_planted("zones are ignored")) zone = 0;
  microseconds = int64_t{days} * us_per_day + time - int64_t{zone} * 60 * us_per_second;
  return {};
}

std::string_view parse_date(std::string_view text, int32_t& days) {
  Cursor cursor(text);
  if (const auto problem = read_date(cursor, days); !problem.empty()) return problem;
  if (cursor.is_at_end()) return {};
  int64_t microseconds = 0;
  if (!parse_timestamp(text, microseconds).empty()) return no_date;
  if (microseconds % us_per_day != 0) return "a date has no time of day";
  days = static_cast<int32_t>(microseconds / us_per_day);
  return {};
}

std::string_view parse_time(std::string_view text, int64_t& microseconds) {
  Cursor cursor(text);
  if (const auto problem = read_time(cursor, microseconds); !problem.empty()) return problem;
  if (cursor.is_at_end() || ((cursor.accept('Z') || cursor.accept('z')) && cursor.is_at_end())) return {};
  return no_time;
}

std::string_view parse_duration(std::string_view text, std::string& sql) {
  Cursor cursor(text);
  const bool is_all_negative = cursor.accept('-');
  if (!is_all_negative) cursor.accept('+');
  if (!cursor.accept('P')) return no_duration;
  __int128 months = 0;
  __int128 days = 0;
  __int128 microseconds = 0;
  constexpr std::string_view date_units = "YMWD";
  constexpr std::string_view time_units = "HMS";
  bool is_time = false;
  size_t next_unit = 0;  // units come in this order, each once
  int parts = 0;
  while (!cursor.is_at_end()) {
    if (cursor.accept('T')) {
      if (is_time || cursor.is_at_end()) return no_duration;
      is_time = true;
      next_unit = 0;
      continue;
    }
    const bool is_negative = cursor.accept('-') != is_all_negative;
    __int128 value = 0;
    int digits = 0;
    for (; !cursor.is_at_end() && *cursor.at >= '0' && *cursor.at <= '9'; ++cursor.at, ++digits) {
      if (digits == 19) return no_room;
      value = value * 10 + (*cursor.at - '0');
    }
    if (digits == 0) return no_duration;
    int64_t fraction = 0;
    const bool has_fraction = cursor.accept('.');
    if (has_fraction) {
      int count = 0;
      for (; !cursor.is_at_end() && *cursor.at >= '0' && *cursor.at <= '9'; ++cursor.at, ++count) {
        if (count < 6) {
          fraction = fraction * 10 + (*cursor.at - '0');
        } else if (*cursor.at != '0') {
          return too_precise;
        }
      }
      if (count == 0) return no_duration;
      for (; count < 6; ++count) fraction *= 10;
    }
    if (cursor.is_at_end()) return no_duration;
    const char unit = *cursor.at++;
    const size_t place = (is_time ? time_units : date_units).find(unit, next_unit);
    if (place == std::string_view::npos) return no_duration;
    if (has_fraction && unit != 'S') return "only the seconds of a duration may have a point";
    next_unit = place + 1;
    ++parts;
    if (is_negative) {
      value = -value;
      fraction = -fraction;
    }
    if (is_time) {
      microseconds += value * (unit == 'H' ? 3600 : unit == 'M' ? 60 : 1) * us_per_second + fraction;
    } else if (unit == 'Y' || unit == 'M') {
      months += value * (unit == 'Y' ? 12 : 1);
    } else {
      days += value * (unit == 'W' ? 7 : 1);
    }
  }
  if (parts == 0) return no_duration;
  const auto fits = [](__int128 value, int64_t limit) { return value >= -limit && value <= limit; };
  if (!fits(months, std::numeric_limits<int32_t>::max()) ||
      !fits(days, std::numeric_limits<int32_t>::max()) ||
      !fits(microseconds, std::numeric_limits<int64_t>::max())) {
    return no_room;
  }
  sql = fmt::format("{} months {} days {} microseconds", static_cast<int64_t>(months),
                    static_cast<int64_t>(days), static_cast<int64_t>(microseconds));
  return {};
}

void append_date(std::string& out, int32_t days) {
  bool is_bc = false;
  append_civil(out, days, is_bc);
  if (is_bc) out += " (BC)";
}

void append_time(std::string& out, int64_t microseconds) {
  const int64_t seconds = microseconds / us_per_second;
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  if (microseconds % us_per_second != 0) {
    fmt::format_to(std::back_inserter(out), ".{:06}", microseconds % us_per_second);
  }
}

void append_timestamp(std::string& out, int64_t microseconds) {
  int64_t days = microseconds / us_per_day;
  int64_t time = microseconds % us_per_day;
  if (time < 0) {
    time += us_per_day;
    --days;
  }
  bool is_bc = false;
  append_civil(out, static_cast<int32_t>(days), is_bc);
  if (is_bc) out += " (BC)";
  out += ' ';
  append_time(out, time);
}

}  // namespace anabranch::ingest
