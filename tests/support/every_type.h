#pragma once
// Fields of every type that a stream can have, with values at which memory and files go wrong: texts of 0,
// 12, 13 and 10,000 bytes, the ends of ranges, NULL at each level.

#include <string>
#include <vector>

namespace anabranch::test {

/// One value, as it comes in and as it is answered. In all of them %12%, %13% and %10k% stand for texts of so
/// many bytes, %b12%, %b13% and %b10k% for the same in base64.
struct TypedValue {
  std::string json;    // in an event
  std::string answer;  // in an answer as JSON, numbers as strings; empty: as `json`
  std::string
      sql;  // as an expression of the plain engine; empty: `json` in quotes, or without where it has none
};

struct TypedField {
  std::string name;
  std::string type;
  std::vector<TypedValue> values;  // NULL is one more
};

inline const std::vector<TypedField>& every_type() {
  static const std::vector<TypedField> fields = {
      {"f_boolean", "boolean", {{"true", "", ""}, {"false", "", ""}}},
      {"f_tinyint", "tinyint", {{"-128", "", ""}, {"127", "", ""}, {"0", "", ""}}},
      {"f_smallint", "smallint", {{"-32768", "", ""}, {"32767", "", ""}}},
      {"f_integer",
       "integer",
       {{"-2147483648", "", ""}, {"2147483647", "", ""}, {"7", "", ""}, {"8", "", ""}}},
      {"f_bigint",
       "bigint",
       {{"-9223372036854775808", R"("-9223372036854775808")", ""},
        {"9223372036854775807", R"("9223372036854775807")", ""},
        {"-1", "", ""}}},
      {"f_hugeint",
       "hugeint",
       {{"99999999999999999999999999999999999999", R"("99999999999999999999999999999999999999")", ""},
        {"-99999999999999999999999999999999999999", R"("-99999999999999999999999999999999999999")", ""}}},
      {"f_utinyint", "utinyint", {{"255", "", ""}, {"0", "", ""}}},
      {"f_usmallint", "usmallint", {{"65535", "", ""}, {"0", "", ""}}},
      {"f_uinteger", "uinteger", {{"4294967295", "", ""}, {"0", "", ""}}},
      {"f_ubigint", "ubigint", {{"18446744073709551615", R"("18446744073709551615")", ""}, {"0", "", ""}}},
      {"f_real", "real", {{"-0.0", "-0", "'-0.0'"}, {"0.0", "0", ""}, {"3.25", "", ""}}},
      {"f_double",
       "double",
       {{"0.0", "0", ""},
        {"-0.0", "-0", "'-0.0'"},
        {"0.1", "", ""},
        {"-1.7976931348623157e308", "-1.7976931348623157e+308", ""}}},
      {"f_decimal", "decimal(10,2)", {{"12345678.90", R"("12345678.90")", ""}, {"-0.01", R"("-0.01")", ""}}},
      {"f_wide",
       "decimal(38,10)",
       {{"1234567890123456789012345678.0123456789", R"("1234567890123456789012345678.0123456789")", ""},
        {"-0.0000000001", R"("-0.0000000001")", ""}}},
      {"f_varchar",
       "varchar",
       {{R"("")", "", ""}, {R"("%12%")", "", ""}, {R"("%13%")", "", ""}, {R"("%10k%")", "", ""}}},
      {"f_blob",
       "blob",
       {{R"("/w==")", "", "'\\xFF'"},
        {R"("")", "", ""},
        {R"("%b12%")", "", "'%12%'"},
        {R"("%b13%")", "", "'%13%'"},
        {R"("%b10k%")", "", "encode('%10k%')"}}},
      {"f_date",
       "date",
       {{R"("0001-01-01")", "", ""}, {R"("2012-02-29")", "", ""}, {R"("9999-12-31")", "", ""}}},
      {"f_time", "time", {{R"("00:00:00")", "", ""}, {R"("23:59:59.999999")", "", ""}}},
      {"f_timestamp",
       "timestamp",
       {{R"("2013-01-01T12:00:00.5")", "", ""}, {R"("1969-12-31T23:59:59.999999")", "", ""}}},
      {"f_timestamptz",
       "timestamptz",
       {{R"("2013-01-01T12:00:00+02:00")", R"("2013-01-01T10:00:00Z")", ""},
        {R"("2013-06-30T23:59:59.000001Z")", "", ""}}},
      {"f_interval",
       "interval",
       {{R"("P1Y2M3DT4H5M6.7S")", "", "'1 year 2 months 3 days 04:05:06.7'"},
        {R"("P-5D")", "", "'-5 days'"}}},
      {"f_uuid", "uuid", {{R"("6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11")", "", ""}}},
      {"f_json",
       "json",
       {{R"({"a":[1,{"b":"%13%"}],"n":1.50})", R"("{\"a\":[1,{\"b\":\"%13%\"}],\"n\":1.50}")", ""},
        {R"("%10k%")", R"("\"%10k%\"")", ""}}},
      {"f_list",
       "varchar[]",
       {{R"(["","%12%","%13%","%10k%",null])", "", "['', '%12%', '%13%', '%10k%', NULL]"},
        {"[]", "", "[]"},
        {R"(["%13%"])", "", "['%13%']"},
        {"[null]", "", "[NULL]"}}},
      {"f_struct",
       "struct(a varchar, c struct(x varchar, y integer))",
       {{R"({"a":"%13%","c":{"x":"%12%","y":5}})", "", "{'a': '%13%', 'c': {'x': '%12%', 'y': 5}}"},
        {R"({"a":"","c":null})", "", "{'a': '', 'c': NULL::STRUCT(x VARCHAR, y INTEGER)}"},
        {R"({"a":"%10k%","c":{"x":null,"y":null}})", "",
         "{'a': '%10k%', 'c': {'x': NULL::VARCHAR, 'y': NULL::INTEGER}}"}}},
      {"f_map",
       "map(varchar, varchar)",
       {{R"({"%13%":"%10k%","%12%":null,"":""})", R"([["%13%","%10k%"],["%12%",null],["",""]])",
         "MAP {'%13%': '%10k%', '%12%': NULL, '': ''}"},
        {"{}", "[]", "MAP {}"},
        {R"({"%10k%":"%13%"})", R"([["%10k%","%13%"]])", "MAP {'%10k%': '%13%'}"}}},
      {"f_deep",
       "struct(l map(varchar, struct(x varchar, e decimal(10,2)[])[])[])[]",
       {{R"([{"l":[{"%13%":[{"x":"%10k%","e":[1.5,null]},null],"%12%":null},null]},{"l":null},null])",
         R"([{"l":[[["%13%",[{"x":"%10k%","e":["1.50",null]},null]],["%12%",null]],null]},{"l":null},null])",
         "[{'l': [MAP {'%13%': [{'x': '%10k%', 'e': [1.5, NULL]::DECIMAL(10,2)[]}, NULL], '%12%': NULL}, "
         "NULL]}, "
         "{'l': NULL}, NULL]"},
        {R"([{"l":[{"%12%":[{"x":"%13%","e":null},{"x":null,"e":[]}]},{}]}])",
         R"([{"l":[[["%12%",[{"x":"%13%","e":null},{"x":null,"e":[]}]]],[]]}])",
         "[{'l': [MAP {'%12%': [{'x': '%13%', 'e': NULL::DECIMAL(10,2)[]}, {'x': NULL, 'e': []}]}, MAP "
         "{}]}]"},
        {"[]", "", "[]"}}},
      {"f_moments",
       "struct(moment timestamptz, day date, span interval, id uuid)[]",
       {{R"([{"moment":"2013-01-01T12:00:00.5Z","day":"2012-02-29","span":"P1D","id":"6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11"}])",
         R"([{"moment":"2013-01-01T12:00:00.5Z","day":"2012-02-29","span":"P1D","id":"6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11"}])",
         "[{'moment': '2013-01-01T12:00:00.5Z'::TIMESTAMPTZ, 'day': DATE '2012-02-29', 'span': INTERVAL '1 "
         "day', "
         "'id': "
         "'6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11'::UUID}]"}}},
      {"f_numbers",
       "map(bigint, hugeint[])",
       {{R"({"7":[99999999999999999999999999999999999999,null],"-9223372036854775808":[]})",
         R"([[7,["99999999999999999999999999999999999999",null]],["-9223372036854775808",[]]])",
         "MAP {7: [99999999999999999999999999999999999999::HUGEINT, NULL], -9223372036854775808: []}"}}},
      {"f_zeros", "double[]", {{"[0.0,-0.0,null]", "[0,-0,null]", "[0.0, '-0.0'::DOUBLE, NULL]"}}},
  };
  return fields;
}

}  // namespace anabranch::test
