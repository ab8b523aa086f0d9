#!/usr/bin/env python3
"""Turns a folder into part of the program: OUT.bin, OUT.S (which includes it) and OUT.cc (the table of its files).

    embed.py web/dist build/web_files --function web_files

gives `std::span<const anabranch::http::EmbeddedFile> anabranch::http::web_files()`. In CMake:

    enable_language(ASM)
    file(GLOB_RECURSE PAGE CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/dist/*)
    set(OUT ${CMAKE_CURRENT_BINARY_DIR}/web_files)
    add_custom_command(OUTPUT ${OUT}.S ${OUT}.cc ${OUT}.bin DEPENDS ${PAGE} ${CMAKE_SOURCE_DIR}/src/http/embed.py
      COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/src/http/embed.py ${CMAKE_SOURCE_DIR}/web/dist ${OUT})
    target_sources(TARGET PRIVATE ${OUT}.S ${OUT}.cc)
    set_source_files_properties(${OUT}.S PROPERTIES OBJECT_DEPENDS ${OUT}.bin)

The same folder always gives the same bytes. Maps for debuggers (*.map) stay out.
"""
import argparse
import gzip
import pathlib
import sys

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}


def literal(text):
    """A C++ string literal: everything but plain ASCII as three octal digits, which no next digit can join."""
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode())
    return '"' + "".join(plain) + '"'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path, help="path of the outputs, without an ending")
    parser.add_argument("--function", default="web_files", help="name of the C++ function that gives the table")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        sys.exit(f"embed.py: there is no folder {arguments.folder}: build the page first")
    if not arguments.function.isidentifier():
        sys.exit(f"embed.py: '{arguments.function}' cannot name a function")

    blob = bytearray()
    rows = []
    files = sorted(f for f in arguments.folder.rglob("*") if f.is_file() and f.suffix != ".map")
    for file in files:
        content = file.read_bytes()
        compressed = gzip.compress(content, 9, mtime=0)
        is_gzip = len(compressed) < len(content) * 0.95
        stored = compressed if is_gzip else content
        path = "/" + file.relative_to(arguments.folder).as_posix()
        content_type = CONTENT_TYPES.get(file.suffix.lower(), "application/octet-stream")
        rows.append(
            f"      {{{literal(path)}, {literal(content_type)}, bytes({len(blob)}, {len(stored)}), {str(is_gzip).lower()}}},"
        )
        blob += stored

    out = arguments.out
    name = arguments.function
    symbol = f"anabranch_{name}_bytes"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_name(out.name + ".bin").write_bytes(bytes(blob) or b"\0")
    binary = (out.parent / (out.name + ".bin")).resolve()
    out.with_name(out.name + ".S").write_text(f"""    .section .rodata
    .global {symbol}
    .type {symbol}, %object
    .balign 16
{symbol}:
    .incbin "{binary}"
    .size {symbol}, . - {symbol}
    .section .note.GNU-stack, "", %progbits
""")
    table = "\n".join(rows)
    out.with_name(out.name + ".cc").write_text(f"""// Made by src/http/embed.py. Do not edit.
#include <array>
#include <span>

#include "http/static_files.h"

extern "C" const char {symbol}[];

namespace anabranch::http {{
namespace {{
[[maybe_unused]] std::string_view bytes(size_t at, size_t size) {{ return {{{symbol} + at, size}}; }}
}}  // namespace

std::span<const EmbeddedFile> {name}();

std::span<const EmbeddedFile> {name}() {{
  static const std::array<EmbeddedFile, {len(rows)}> files = {{{{
{table}
  }}}};
  return files;
}}

}}  // namespace anabranch::http
""")


if __name__ == "__main__":
    main()
