#pragma once

#include "tests/fuzz/case.h"
#include "tests/fuzz/oracle.h"

namespace anabranch::fuzz {

/// A case's project as files.
Status write_project(const Case& of, const io::Path& folder, Oracle& oracle);
Status write_table(const Table& table, size_t version, const io::Path& folder, Oracle& oracle);
void write_model(const View& view, const io::Path& folder);
/// The body of a request.
std::string body_of(const Stream& stream, const Step& step);

}  // namespace anabranch::fuzz
