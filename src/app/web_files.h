#pragma once
// Files that are part of the program, made by src/http/embed.py when it is built.

#include <span>

#include "http/static_files.h"

namespace anabranch::http {

/// The page: web/dist.
std::span<const EmbeddedFile> web_files();
/// The example projects: examples/, as paths "/flights/anabranch.yml", ….
std::span<const EmbeddedFile> example_files();

}  // namespace anabranch::http
