#pragma once
// A JSON file of a table, object by object.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/text_file.h"

namespace anabranch::ingest {

/// Cuts by brackets and quotes only: one array of objects, or objects one after the other (NDJSON is that).
/// Whether an element is JSON is for its reader to say. One thread at a time.
class JsonFile {
 public:
  static Result<std::unique_ptr<JsonFile>> open(const TableInput& input);

  /// The next object, good until the one after it; false after the last one. bad_input, with the place, for
  /// what is no object and where the file breaks off.
  Result<bool> next(std::string_view& object);
  /// How many bytes may be read behind the object.
  size_t readable_after() const { return window_.rest().size(); }
  /// bad_input at the object.
  std::unexpected<Error> wrong(std::string_view problem) const { return wrong_at(input_, line_, 0, problem); }

 private:
  JsonFile(TableInput input, std::unique_ptr<TextFile> text)
      : input_(std::move(input)), window_(std::move(text)) {}
  Result<char> peek();  // the next character that is not space; 0 at the end
  void pass(size_t bytes);
  Status pass_comma();

  TableInput input_;
  TextWindow window_;
  size_t line_ = 1;   // where the object begins
  size_t lines_ = 0;  // passed so far
  bool is_array_ = false;
  bool is_begun_ = false;
  bool has_element_ = false;
};

}  // namespace anabranch::ingest
