#include "model/type_widening.h"

#include <optional>

#include <fmt/format.h>

namespace anabranch::model {
namespace {

using Kind = Type::Kind;

// What an integer type holds: bits beside the sign, and the decimal digits that they may take.
struct Integer {
  bool is_signed = false;
  int bits = 0;
  int digits = 0;
};

std::optional<Integer> integer_of(Kind kind) {
  switch (kind) {
    case Kind::tinyint:
      return Integer{true, 7, 3};
    case Kind::smallint:
      return Integer{true, 15, 5};
    case Kind::integer:
      return Integer{true, 31, 10};
    case Kind::bigint:
      return Integer{true, 63, 19};
    case Kind::hugeint:
      return Integer{true, 127, 39};
    case Kind::utinyint:
      return Integer{false, 8, 3};
    case Kind::usmallint:
      return Integer{false, 16, 5};
    case Kind::uinteger:
      return Integer{false, 32, 10};
    case Kind::ubigint:
      return Integer{false, 64, 20};
    default:
      return std::nullopt;
  }
}

constexpr int integer_bits_of_double = 53;

}  // namespace

bool widens(const Type& from, const Type& to) {
  if (from == to) return true;
  const auto old_integer = integer_of(from.kind);
  const auto new_integer = integer_of(to.kind);
  if (old_integer && new_integer) {
    return old_integer->bits <= new_integer->bits && (new_integer->is_signed || !old_integer->is_signed);
  }
  if (to.kind == Kind::decimal) {
    const int whole = to.width - to.scale;
    if (old_integer) return old_integer->digits <= whole;
    return from.kind == Kind::decimal && from.scale <= to.scale && from.width - from.scale <= whole;
  }
  if (to.kind != Kind::double_precision) return false;
  return from.kind == Kind::real || (old_integer && old_integer->bits <= integer_bits_of_double);
}

std::string wider_types(const Type& type) {
  std::string names;
  const auto add = [&](std::string_view name) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  };
  for (const Kind kind : {Kind::smallint, Kind::integer, Kind::bigint, Kind::hugeint}) {
    Type wider;
    wider.kind = kind;
    if (kind != type.kind && widens(type, wider)) add(wider.to_sql());
  }
  if (const auto integer = integer_of(type.kind); integer && integer->digits < 38) {
    add(fmt::format("DECIMAL(w,s) with w - s of {} or more", integer->digits));
  } else if (type.kind == Kind::decimal && type.width < 38) {
    add(fmt::format("DECIMAL(w,s) with w - s of {} or more and s of {} or more", type.width - type.scale,
                    type.scale));
  }
  Type real;
  real.kind = Kind::double_precision;
  if (type.kind != Kind::double_precision && widens(type, real)) add("DOUBLE");
  return names;
}

}  // namespace anabranch::model
