#pragma once
// The type that texts without types have in common.

#include <cstdint>
#include <string_view>

#include "ingest/number.h"
#include "model/type.h"

namespace anabranch::ingest {

/// What numbers have in common: a type that keeps every digit of each of them.
class NumberType {
 public:
  void add(const Number& number);
  /// Nothing when no type does.
  std::optional<model::Type> type() const;

 private:
  bool is_bigint_ = true;
  bool has_exponent_ = false;
  bool are_doubles_ = true;  // read as doubles and written again they are the same numbers
  int64_t whole_digits_ = 1;
  int64_t fraction_digits_ = 0;
};

/// Whether an unmarked text can be taken for a number at all: 12, -3.50 and 1e-05 can, 007 and the code 12E5
/// cannot.
bool looks_like_number(const Number& number);

/// The type that fits all of some texts, by the same parsers that will read them. A guess is made only where
/// it cannot be wrong: what could be read in two ways (03/04/2024, no, 12E5) stays text.
class TextType {
 public:
  explicit TextType(bool takes_numbers = true)
      : may_be_number_(takes_numbers), may_be_boolean_(takes_numbers) {}
  void add(std::string_view text);
  bool is_empty() const { return !has_text_; }
  /// VARCHAR when there was no text.
  model::Type type() const;

 private:
  bool has_text_ = false;
  bool may_be_number_;
  bool may_be_boolean_;
  bool may_be_date_ = true;
  bool may_be_time_ = true;
  bool may_be_timestamp_ = true;
  bool may_be_timestamptz_ = true;
  NumberType numbers_;
};

}  // namespace anabranch::ingest
