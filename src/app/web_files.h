#pragma once
// Files that are part of the program, made by src/front/embed.py when it is built.

#include <span>

#include "front/static_files.h"

namespace anabranch::front {

/// The page: web/dist.
std::span<const EmbeddedFile> web_files();
/// The example projects: examples/, as paths "/flights/anabranch.yml", ….
std::span<const EmbeddedFile> example_files();

}  // namespace anabranch::front
