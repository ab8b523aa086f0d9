#pragma once

#include <string>
#include <utility>

namespace anabranch::fuzz {

/// A piece of SQL in its three spellings. They are built together, so that they cannot drift apart.
struct Sql {
  std::string written;  // as the person writes it
  std::string plain;    // as plain DuckDB gets it: with the order spelled out, and what can fail under TRY
  std::string full;     // as plain, every column with its relation: for places where an alias would be meant

  Sql() = default;
  Sql(const char* text) : written(text), plain(text), full(text) {}
  Sql(const std::string& text) : written(text), plain(text), full(text) {}
  Sql(std::string written_text, std::string plain_text, std::string full_text)
      : written(std::move(written_text)), plain(std::move(plain_text)), full(std::move(full_text)) {}
  bool empty() const { return written.empty() && plain.empty(); }
};

inline Sql operator+(const Sql& a, const Sql& b) {
  return {a.written + b.written, a.plain + b.plain, a.full + b.full};
}
inline Sql& operator+=(Sql& a, const Sql& b) { return a = a + b; }

}  // namespace anabranch::fuzz
