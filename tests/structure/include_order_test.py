#!/usr/bin/env python3
"""What must stay true of the source tree, beside the laws of the data.

Each rule is a function from a Tree to a list of findings, "file:line: what is wrong". `TheTree` applies every rule to this
project; `Rules` shows each rule a bad tree in a temporary folder, so that a rule which finds nothing is known to work.

    python3 tests/structure/include_order_test.py
"""

import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

# A folder of src may include those before it, never those after. src/README.md says why; it is the order in which an
# event travels. A folder that is not here yet takes its place from the design, so it is listed already. A station may lie within
# another ("front/http_api"): what is in it is in that one, and other folders within a station are parts of it.
ORDER = ["base", "io", "processes", "http", "model", "sql", "project", "catalog", "security", "log", "lake", "ingest", "views", "history", "batch",
         "speed", "serve", "quality", "schedule", "front", "front/remote", "front/http_api", "front/pg", "connect", "app"]

# Never, whatever the order says: (the folder that includes, what it includes, why).
STRANGERS = [("batch", "speed", "both read views, and meet only in what is served"),
             ("speed", "batch", "both read views, and meet only in what is served"),
             ("front/http_api", "front/pg", "each is a door of its own; what they share is front's"),
             ("front/pg", "front/http_api", "each is a door of its own; what they share is front's")]

# Libraries that are wrapped in one place: the pattern of their headers, and the folders that may see them.
LIBRARIES = [("DuckDB", r"duckdb(\.hpp|\.h|/.*)", {"sql"}),
             ("Boost", r"boost/.*", {"http"}),
             ("simdjson", r"simdjson\.h", {"ingest"}),
             ("yaml-cpp", r"yaml-cpp/.*", {"project"}),
             ("SQLite", r"sqlite3(ext)?\.h", {"catalog", "connect"}),
             ("prometheus-cpp", r"prometheus/.*", {"front"}),
             ("CLI11", r"CLI/.*", {"app"}),
             ("OpenSSL", r"openssl/.*", {"http", "security"})]
# What fills a slot. Everybody but the station that has it knows the port only; tests may open what they like.
ADAPTERS = r"log/segmented_log\.h|lake/local_store\.h|lake/memory_store\.h|batch/(child|in_process)_engine\.h|security/(secret_file|environment_secrets)\.h|ingest/file_table\.h|connect/.*"
WHERE_ADAPTERS_ARE_NAMED = {"src/app/slots.h", "src/app/slots.cc"}
# Headers of ours that may not bring the library in either. simdjson is not among them: the parsers of events have its
# values in their private functions, so who includes them compiles it too.
WRAPPED = {library for library, _, _ in LIBRARIES} - {"simdjson"}

# What these headers are linked as; fmt and threads come to all with base.
TARGETS = [(r"duckdb(\.hpp|\.h|/.*)", "duckdb"), (r"boost/.*", "Boost::headers"), (r"simdjson\.h", "simdjson::simdjson"),
           (r"yaml-cpp/.*", "yaml-cpp"), (r"sqlite3(ext)?\.h", "SQLite::SQLite3"), (r"prometheus/.*", "prometheus-cpp::core"),
           (r"CLI/.*", "CLI11::CLI11"), (r"openssl/.*", "OpenSSL::Crypto"), (r"nlohmann/.*", "nlohmann_json::nlohmann_json"),
           (r"spdlog/.*", "spdlog::spdlog"), (r"zlib\.h", "ZLIB::ZLIB")]
ALWAYS_LINKED = {"fmt::fmt", "Threads::Threads"}

# Where files are touched beside the door: file → why. What only computes with paths is everybody's.
OTHER_DOORS = {}
TOUCHES_FILES = re.compile(r"std::[io]?fstream\b|\bfopen\(|(?<![\w>.)])::(open|rename|unlink|mkdir|stat|remove|truncate)\(|"
                           r"std::filesystem::(?!path\b|absolute\b|current_path\b|filesystem_error\b)\w+")

LINES_MAX = 700
FUNCTION_LINES_MAX = 70  # advice only
# Longer for a reason: file → reason. A reason names why a split would help nobody.
LONG_FILES = {}

# What is cut at a dot and is not the name of a relation: file → what it is.
DOTS = {"src/views/maintain/aggregate_values.cc": "a decimal number",
        "src/ingest/text_type.cc": "a decimal number",
        "src/lake/delta_log_folder.cc": "a file's name",
        "src/project/source_reader.cc": "a file's name",
        "tests/fuzz/expressions.cc": "a decimal number",
        "tests/fuzz/view_groups.cc": "a column with its table before it"}
CUTS_AT_DOT = re.compile(r"""find(_first_of|_last_of)?\(\s*('\.'|"\.")""")
GLUED_NAME = re.compile(r'"(bronze|silver|gold)\."\s*\+|starts_with\("(bronze|silver|gold)\.')

CODE = {".h", ".cc", ".inc"}
SOURCES = CODE | {".py", ".ts", ".tsx", ".mjs", ".css"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
SLEEPS = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b")
# Folders of the machine on which something was built. What stands in a URL or a longer path is none.
BUILD_PATHS = re.compile(r"(?<![\w.~}-])/(?:work|root|home)(?:/|(?=[\s\"'`:,;)]|$))")


class Tree:
    """The files of a project: what git tracks or would track, or every file where there is no git."""

    def __init__(self, root, files=None):
        self.root = Path(root)
        self.files = sorted(files if files is not None else self._list())
        self._texts = {}

    def _list(self):
        try:
            listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=self.root,
                                    capture_output=True, check=True).stdout.decode()
            names = [name for name in listed.split("\0") if name]
            if names:
                return [name for name in names if (self.root / name).is_file()]
        except (OSError, subprocess.CalledProcessError):
            pass
        left_out = {".git", ".deps", "build", "node_modules", "dist", "__pycache__", ".venv", ".anabranch"}
        return [str(path.relative_to(self.root)) for path in self.root.rglob("*")
                if path.is_file() and not left_out & set(path.relative_to(self.root).parts)]

    def text(self, name):
        """The file's text; nothing for what is not text."""
        if name not in self._texts:
            try:
                self._texts[name] = (self.root / name).read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                self._texts[name] = ""
        return self._texts[name]

    def lines(self, name):
        return enumerate(self.text(name).splitlines(), 1)

    def code(self, *tops):
        return [name for name in self.files if Path(name).suffix in CODE and Path(name).parts[0] in tops]

    def includes(self, name):
        """(line, is_system, path) of each include."""
        for number, line in self.lines(name):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(1) == "<", found.group(2)

    def station(self, name):
        """"views" for "src/views/plan.h", "front/pg" for "src/front/pg/x.h"; nothing outside of src or directly in it."""
        parts = Path(name).parts
        return station_of("/".join(parts[1:])) if parts[0] == "src" and len(parts) > 2 else None


def station_of(path):
    """The innermost station in which a path of src lies; its first folder where that has no place in the order."""
    parents = [str(parent) for parent in Path(path).parents][:-1]
    return next((parent for parent in parents if parent in ORDER), parents[-1])


def include_order(tree):
    found = []
    for name in tree.code("src"):
        folder = tree.station(name)
        if folder is None:
            continue
        if folder not in ORDER:
            found.append(f"{name}:1: the folder src/{folder} has no place in the order; give it one in {Path(__file__).name}")
            continue
        for number, is_system, path in tree.includes(name):
            target = station_of(path) if "/" in path else None
            if is_system or target not in ORDER:
                continue
            if ORDER.index(target) > ORDER.index(folder):
                found.append(f"{name}:{number}: {folder} includes {path}, but {target} comes after {folder}")
            for stranger, other, why in STRANGERS:
                if (folder, target) == (stranger, other):
                    found.append(f"{name}:{number}: {folder} never includes {target}: {why}")
            if target == "connect" and folder not in ("connect", "app"):
                found.append(f"{name}:{number}: only app includes connect")
    return found


def is_of_tests(tree, name):
    """A test, or what only tests include."""
    return bool(re.search(r"_(test|for_tests|contract)\.", name)) or any(path.startswith(("gtest/", "gmock/")) for _, _, path in tree.includes(name))


def linked(tree):
    """Station → (what it is linked to, what its tests are linked to beyond that)."""
    found = {}
    for name, arguments in re.findall(r"^station\(([\w/]+)([^)]*)\)", tree.text("src/CMakeLists.txt"), re.M):
        lists = {"LINKS": [], "TEST_LINKS": [], "PARTS": []}
        into = None
        for word in arguments.replace("${CONNECTORS}", "connect").split():
            into = lists[word] if word in lists else into
            if word not in lists:
                into.append(word)
        found[name] = (set(lists["LINKS"]), set(lists["TEST_LINKS"]))
    return found


def links_are_includes(tree):
    """What a station is linked to is what its files include: no more, or the order is a lie; no less, or it builds by luck."""
    def target(path):
        station = station_of(path) if "/" in path else None
        if station in ORDER:
            return station.replace("/", "_")
        return next((target for pattern, target in TARGETS if re.fullmatch(pattern, path)), None)

    included = {}  # station → (by its code, by its tests)
    for name in tree.code("src"):
        if tree.station(name) in ORDER and tree.station(name) != "connect":  # a connector is a target of its own
            sets = included.setdefault(tree.station(name), (set(), set()))
            sets[is_of_tests(tree, name)].update(target(path) for _, _, path in tree.includes(name))
    found = []
    links = linked(tree)
    for station, (by_code, by_tests) in included.items():
        if station not in links:
            found.append(f"src/CMakeLists.txt: the station {station} is not built")
            continue
        own = {None, station.replace("/", "_")}
        for kind, is_there, needed in (("LINKS", links[station][0] - ALWAYS_LINKED, by_code - own),
                                       ("TEST_LINKS", links[station][1], by_tests - by_code - own)):
            found += [f"src/CMakeLists.txt: {station} includes {other} and does not name it in {kind}" for other in sorted(needed - is_there)]
            found += [f"src/CMakeLists.txt: {station} names {other} in {kind} and does not include it" for other in sorted(is_there - needed)]
    return found


def files_through_io(tree):
    """Else no test can make them fail."""
    found = []
    for name in tree.code("src"):
        if tree.station(name) == "io" or is_of_tests(tree, name) or name in OTHER_DOORS:
            continue
        for number, line in tree.lines(name):
            touch = TOUCHES_FILES.search(line.split("//")[0])
            if touch:
                found.append(f"{name}:{number}: {touch.group(0)} touches files; io/file_system.h is the door to them")
    return found


def long_functions(tree):
    """Advice: (lines, where) of functions that are long, the longest first."""
    found = []
    for name in tree.code("src"):
        for first, last in functions(tree.text(name)) if not is_of_tests(tree, name) else ():
            if last - first + 1 > FUNCTION_LINES_MAX:
                found.append((last - first + 1, f"{name}:{first}"))
    return sorted(found, reverse=True)


# What braces may stand in without being any.
NO_CODE = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/|^\s*#[^\n]*', re.S | re.M)


def functions(text):
    """(first line, last line) of each function with a body; lambdas and inner classes belong to theirs."""
    text = NO_CODE.sub(lambda found: "\n" * found.group(0).count("\n") or " ", text)
    line, begin = 1, None  # begin: (line, where) at which the statement began
    outer = []             # what the open braces are: True for one that holds declarations
    for at, char in enumerate(text):
        if char == "{":
            head = text[begin[1]:at] if begin else ""
            is_outer = all(outer) and (not head or bool(re.match(r"(template\s*<.*>\s*)?(inline\s+)?(namespace|class|struct|union|enum|extern)\b", head, re.S)))
            if all(outer) and not is_outer and "(" in head and not re.search(r"=\s*$", head):
                function = (begin[0], len(outer))
            elif all(outer):
                function = None
            outer.append(is_outer)
            begin = None if is_outer else begin
        elif char == "}" and outer:
            was_outer = outer.pop()
            if not was_outer and all(outer):
                if function and function[1] == len(outer):
                    yield function[0], line
                    begin = None
            elif was_outer:
                begin = None
        elif char == ";" and all(outer):
            begin = None
        elif char == "\n":
            line += 1
        elif not char.isspace() and begin is None and all(outer):
            begin = (line, at)


def library_homes(tree):
    """Also by way of a header of ours: who includes it sees the library too."""
    headers = {name[len("src/"):]: name for name in tree.code("src")}
    seen = {}  # file → library → the header that brings it in

    def libraries(name, path):
        if name in seen:
            return seen[name]
        seen[name] = {}
        for _, _, included in tree.includes(name):
            for library, pattern, _ in LIBRARIES:
                if re.fullmatch(pattern, included):
                    seen[name].setdefault(library, included)
            inner = headers.get(included)
            if inner and inner not in path:
                for library in WRAPPED & set(libraries(inner, path | {inner})):
                    seen[name].setdefault(library, included)
        return seen[name]

    found = []
    for name in tree.code("src", "tests"):
        for library, by in libraries(name, {name}).items():
            homes = next(homes for other, _, homes in LIBRARIES if other == library)
            if tree.station(name) not in homes:
                number = next(number for number, _, included in tree.includes(name) if included == by)
                allowed = " and ".join(f"src/{home}" for home in sorted(homes))
                found.append(f"{name}:{number}: {library} is seen in {allowed} only, here by {by}")
    return found


def adapters(tree):
    """A slot can be filled by another adapter only where nobody knows which one it is."""
    found = []
    for name in tree.code("src"):
        if name in WHERE_ADAPTERS_ARE_NAMED or "_test." in name or "_for_tests." in name:
            continue
        for number, _, path in tree.includes(name):
            if re.fullmatch(ADAPTERS, path) and str(Path(name).parent) != "src/" + str(Path(path).parent):
                found.append(f"{name}:{number}: only app/slots names adapters, and this is one: {path}")
    return found


def readmes(tree):
    folders = {f"src/{tree.station(name)}" for name in tree.code("src") if tree.station(name)} | {"src"}
    folders |= {str(Path(name).parent) for name in tree.code("src") if name.startswith("src/connect/")}
    return [f"{folder}: has no README.md" for folder in sorted(folders) if f"{folder}/README.md" not in tree.files]


def named_files(tree):
    """A README that names a file which is gone misleads more than none."""
    found = []
    for name in tree.files:
        if not name.startswith("src/") or Path(name).suffix != ".md":
            continue
        for number, line in tree.lines(name):
            for named in re.findall(r"`((?![A-Z]+\.cc)[A-Za-z0-9_./-]+\.(?:h|cc|inc|py|md|yml))`", line):
                places = [str(Path(name).parent / named), f"src/{named}", named, f"src/{Path(name).parts[1]}/{named}"]
                if not any(place in tree.files for place in places) and not any(file.endswith("/" + named) for file in tree.files):
                    found.append(f"{name}:{number}: there is no {named}")
    return found


def no_sleeping_tests(tree):
    """A test waits for what it needs, with a limit; one that sleeps is slow or fails now and then."""
    found = []
    for name in tree.code("src", "tests"):
        is_test = name.startswith("tests/") or "_test." in name or "_for_tests." in name
        for number, line in tree.lines(name) if is_test else ():
            if SLEEPS.search(line.split("//")[0]):
                found.append(f"{name}:{number}: a test sleeps; wait for the event itself")
    return found


def planted_mistakes(tree):
    """Their switches are in files of their own build only, and never in the code that has to find them."""
    found = []
    for name in tree.code("src"):
        for number, _, path in tree.includes(name):
            if path != "base/mistake.h" or name == "src/base/mistake.cc":
                continue
            if Path(name).suffix != ".cc":
                found.append(f"{name}:{number}: a header with planted mistakes would bring them into other files")
            if tree.station(name) == "quality" or "_test." in name:
                found.append(f"{name}:{number}: planted mistakes are for others to find; here they would hide themselves")
    return found


def relation_names(tree):
    """A relation's name is taken apart and put together in model/names alone: what may stand in it is known there."""
    found = []
    for name in tree.code("src", "tests"):
        if name.startswith("src/model/names") or name in DOTS or name.endswith("_test.cc"):
            continue
        for number, line in tree.lines(name):
            code = line.split("//")[0]
            if CUTS_AT_DOT.search(code):
                found.append(f"{name}:{number}: a name is cut at a dot; model::RelationName has its parts (or list in DOTS what it is)")
            if name.startswith("src/") and GLUED_NAME.search(code):
                found.append(f"{name}:{number}: a relation's name is put together by hand; see model/names.h")
    return found


def file_sizes(tree):
    found = []
    for name in tree.files:
        if Path(name).suffix in SOURCES and name not in LONG_FILES:
            count = tree.text(name).count("\n")
            if count > LINES_MAX:
                found.append(f"{name}:{LINES_MAX}: {count} lines; split it where you can name the part, or list it with a reason")
    for name in LONG_FILES:
        if name not in tree.files or tree.text(name).count("\n") <= LINES_MAX:
            found.append(f"{name}: is listed as long and is not")
    return found


def no_build_paths(tree):
    found = []
    for name in tree.files:
        for number, line in tree.lines(name):
            if BUILD_PATHS.search(line):
                found.append(f"{name}:{number}: a path of one machine: {line.strip()[:100]}")
    return found


def lock_files(tree):
    """npm writes down the registry that it happened to ask; versions and hashes are enough."""
    found = []

    def walk(value, name):
        if isinstance(value, dict):
            if isinstance(value.get("resolved"), str):
                found.append(f"{name}: names a registry: {value['resolved']}")
            for inner in value.values():
                walk(inner, name)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, name)

    for name in tree.files:
        if Path(name).name == "package-lock.json":
            walk(json.loads(tree.text(name)), name)
    return found


RULES = [include_order, links_are_includes, library_homes, adapters, files_through_io, readmes, named_files, no_sleeping_tests, planted_mistakes, relation_names, file_sizes,
         no_build_paths, lock_files]


class TheTree(unittest.TestCase):
    """Every rule on this project."""

    @classmethod
    def setUpClass(cls):
        cls.tree = Tree(Path(__file__).resolve().parents[2])

    def test_there_is_something_to_look_at(self):
        self.assertGreater(len(self.tree.code("src")), 100, "the rules look at nothing")


def _add(rule):
    def test(self):
        found = rule(self.tree)
        self.assertEqual(found, [], "\n" + "\n".join(found))
    setattr(TheTree, "test_" + rule.__name__, test)


for _rule in RULES:
    _add(_rule)


class Rules(unittest.TestCase):
    """Every rule on a tree that breaks it, and on one that does not."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def tree(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Tree(self.root, list(files))

    def assert_found(self, rule, files, *parts):
        found = rule(self.tree(files))
        self.assertEqual(len(found), len(parts), found)
        for text, part in zip(found, parts):
            self.assertIn(part, text)

    def test_include_order_finds_a_folder_that_looks_ahead(self):
        self.assert_found(include_order, {"src/io/file.cc": '#include "base/result.h"\n#include "log/event_log.h"\n'},
                          "src/io/file.cc:2: io includes log/event_log.h")

    def test_include_order_finds_batch_and_speed_meeting(self):
        self.assert_found(include_order, {"src/speed/a.cc": '#include "batch/b.h"\n'}, "speed never includes batch")
        self.assert_found(include_order, {"src/batch/a.cc": '  #  include "speed/b.h"\n'}, "comes after", "batch never includes speed")

    def test_include_order_lets_only_app_see_connect(self):
        self.assert_found(include_order, {"src/app/a.cc": '#include "connect/kafka/log.h"\n',
                                          "src/connect/kafka/log.cc": '#include "connect/kafka/log.h"\n#include "log/event_log.h"\n'})
        self.assert_found(include_order, {"src/front/a.cc": '#include "connect/kafka/log.h"\n'}, "comes after", "only app includes connect")

    def test_include_order_knows_stations_within_stations(self):
        self.assert_found(include_order, {"src/front/metrics.h": '#include "front/http_api/api.h"\n', "src/front/http_api/api.h": '#include "front/metrics.h"\n',
                                          "src/front/pg/session.cc": '#include "front/http_api/api.h"\n', "src/app/commands/up.cc": '#include "front/http_api/api.h"\n',
                                          "src/http/server.cc": '#include "model/schema.h"\n'},
                          "front includes front/http_api/api.h, but front/http_api comes after front",
                          "front/pg never includes front/http_api", "http includes model/schema.h")

    def test_include_order_finds_a_folder_without_a_place(self):
        self.assert_found(include_order, {"src/misc/a.cc": ""}, "src/misc has no place in the order")

    def test_include_order_takes_what_comes_before(self):
        self.assert_found(include_order, {"src/ingest/a.cc": '#include <lake/x.h>\n#include "lake/x.h"\n#include "log/y.h"\n#include "ingest/a.h"\n',
                                          "src/CMakeLists.txt": ""})

    def test_links_are_includes_finds_a_link_too_few_and_one_too_many(self):
        cmake = ("# station(io LINKS base sql)\nstation(base LINKS fmt::fmt)\nstation(io LINKS base ZLIB::ZLIB)\nstation(log LINKS base\n        io)\n"
                 "station(front/pg LINKS log)\n")
        files = {"src/CMakeLists.txt": cmake, "src/base/a.h": "#include <fmt/format.h>\n", "src/io/a.h": "#include <string>\n", "src/io/a_test.cc": "#include <zlib.h>\n",
                 "src/log/deep/a.cc": '#include "base/a.h"\n#include "io/a.h"\n#include <nlohmann/json.hpp>\n', "src/front/pg/a.cc": '#include "log/a.h"\n#include "front/pg/b.h"\n',
                 "src/lake/a.h": "", "src/README.md": ""}
        self.assert_found(links_are_includes, files, "io names ZLIB::ZLIB in LINKS and does not", "io names base in LINKS and does not", "io includes ZLIB::ZLIB and does not name it in TEST_LINKS",
                          "the station lake is not built", "log includes nlohmann_json::nlohmann_json and does not name it in LINKS")

    def test_links_are_includes_takes_what_is_named_once(self):
        self.assert_found(links_are_includes, {"src/CMakeLists.txt": "station(front/pg LINKS log TEST_LINKS io)\n", "src/front/pg/a.cc": '#include "log/a.h"\n',
                                               "src/front/pg/b_for_tests.h": '#include "log/a.h"\n#include "io/a.h"\n', "src/front/pg/c.h": "#include <gtest/gtest.h>\n"})

    def test_files_through_io_finds_another_door(self):
        self.assert_found(files_through_io, {"src/log/a.cc": "std::ofstream out(path);\n", "src/lake/b.cc": "x;\nstd::filesystem::remove_all(path);\n",
                                             "src/app/c.cc": "const int fd = ::open(path, 0);\n", "src/io/d.cc": "std::ifstream in(path);\n",
                                             "src/log/e_test.cc": "std::ifstream in(path);\n",
                                             "src/app/f.cc": "std::filesystem::path p = std::filesystem::absolute(q); // std::ifstream\nlog::Log::open(p);\nfiles.rename(a, b);\n"},
                          "src/app/c.cc:1: ::open( touches files", "src/lake/b.cc:2: std::filesystem::remove_all touches files", "src/log/a.cc:1: std::ofstream touches files")

    def test_long_functions_finds_them(self):
        body = "  if (x) {\n  }\n" * 35
        code = ("namespace a {\nstruct B : C {\n  int d() const {\n" + body + "  }\n  int e = 1;\n};\n"
                "const std::map<int, F> table = {\n" + "  {1, f(2)},\n" * 90 + "};\n"
                "// {\nint g(\n    int h) {\n  const char* i = \"{\"; char j = '{'; auto k = R\"({)\";\n" + body + "}\n"
                "int l() {\n" + body[:-16] + "}\n}\n")
        self.assertEqual(long_functions(self.tree({"src/a/long.cc": code, "src/a/long_test.cc": code})), [(74, "src/a/long.cc:170"), (72, "src/a/long.cc:3")])

    def test_library_homes_finds_a_library_abroad(self):
        self.assert_found(library_homes, {"src/views/a.cc": '#include "duckdb/parser/parser.hpp"\n'}, "DuckDB is seen in src/sql only")
        self.assert_found(library_homes, {"tests/system/a.cc": "#include <boost/asio.hpp>\n"}, "Boost is seen in src/http only")
        for header in ("simdjson.h", "yaml-cpp/yaml.h", "sqlite3.h", "prometheus/counter.h", "CLI/CLI.hpp", "openssl/ssl.h"):
            self.assert_found(library_homes, {"src/serve/a.cc": f"\n#include <{header}>\n"}, "src/serve/a.cc:2: ")

    def test_library_homes_finds_a_library_behind_our_own_header(self):
        self.assert_found(library_homes, {"src/sql/rows.h": '#include "duckdb.hpp"\n', "src/sql/deep.h": '#include "sql/rows.h"\n',
                                          "src/serve/a.cc": '\n#include "sql/deep.h"\n'}, "src/serve/a.cc:2: DuckDB is seen in src/sql only, here by sql/deep.h")

    def test_library_homes_takes_a_library_at_home(self):
        self.assert_found(library_homes, {"src/sql/a.h": '#include "sql/b.h"\n#include "duckdb.hpp"\n', "src/sql/b.h": '#include "sql/a.h"\n',
                                          "src/security/a.cc": "#include <openssl/evp.h>\n", "src/http/a.cc": "#include <openssl/evp.h>\n"})

    def test_adapters_finds_one_that_is_named(self):
        self.assert_found(adapters, {"src/app/platform.h": '#include "lake/object_store.h"\n#include "lake/local_store.h"\n',
                                     "src/app/a.cc": '#include "connect/sqlite/sqlite_table.h"\n',
                                     "src/history/a.cc": '#include "log/segmented_log.h"\n'},
                          "src/app/a.cc:1: only app/slots", "src/app/platform.h:2: only app/slots", "src/history/a.cc:1: only app/slots")

    def test_adapters_takes_them_in_slots_at_home_and_in_tests(self):
        self.assert_found(adapters, {"src/app/slots.cc": '#include "connect/sqlite/sqlite_table.h"\n#include "lake/local_store.h"\n',
                                     "src/lake/local_store.cc": '#include "lake/local_store.h"\n',
                                     "src/connect/sqlite/sqlite_table.cc": '#include "connect/sqlite/sqlite_table.h"\n',
                                     "src/history/a_test.cc": '#include "lake/local_store.h"\n', "src/front/api_for_tests.h": '#include "log/segmented_log.h"\n'})

    def test_readmes_finds_a_folder_without_one(self):
        self.assert_found(readmes, {"src/README.md": "", "src/log/log.h": "", "src/log/deep/x.h": "", "src/lake/README.md": "", "src/lake/a.h": "",
                                    "src/connect/README.md": "", "src/connect/kafka/a.h": ""},
                          "src/connect/kafka: has no README.md", "src/log: has no README.md")
        self.assert_found(readmes, {"src/README.md": "", "src/front/README.md": "", "src/front/a.h": "", "src/front/http_api/x.h": ""},
                          "src/front/http_api: has no README.md")

    def test_named_files_finds_one_that_is_gone(self):
        self.assert_found(named_files, {"src/log/README.md": "Enter at\n`event_log.h`, `io/file.h` or `tests/x.py`; see `gone.h` and `*.md`.\n",
                                        "src/log/event_log.h": "", "src/io/file.h": "", "tests/x.py": ""}, "src/log/README.md:2: there is no gone.h")

    def test_no_sleeping_tests_finds_one(self):
        self.assert_found(no_sleeping_tests, {"src/log/log_test.cc": "  std::this_thread::sleep_for(1s);\n", "tests/support/a.h": "usleep(10);\n",
                                              "src/log/log.cc": "std::this_thread::sleep_for(1s);\n", "src/io/b_test.cc": "// no sleep_for here\n"},
                          "src/log/log_test.cc:1", "tests/support/a.h:1")

    def test_planted_mistakes_finds_them_where_they_may_not_be(self):
        line = '#include "base/mistake.h"\n'
        self.assert_found(planted_mistakes, {"src/views/plan.h": line, "src/quality/recompute.cc": line, "src/views/plan_test.cc": line,
                                             "src/views/plan.cc": line, "src/base/mistake.cc": line},
                          "src/quality/recompute.cc:1", "src/views/plan.h:1", "src/views/plan_test.cc:1")

    def test_relation_names_finds_one_that_is_cut(self):
        self.assert_found(relation_names, {"src/speed/a.cc": "x.substr(x.find('.') + 1);\n", "tests/fuzz/b.h": 'n = x.rfind( ".");\n',
                                           "src/app/c.cc": "// not here: x.find('.')\nx.find(',');\n", "src/model/names.cc": "text.find('.');\n",
                                           "src/ingest/text_type.cc": "digits.find('.')\n"},
                          "src/speed/a.cc:1: a name is cut", "tests/fuzz/b.h:1: a name is cut")

    def test_relation_names_finds_one_that_is_glued(self):
        self.assert_found(relation_names, {"src/app/a.cc": '\nf("bronze." + name);\n', "src/app/b.cc": 'if (name.starts_with("gold.")) {}\n',
                                           "src/app/c.cc": 'f("bronze.flights");\n', "tests/fuzz/d.cc": 'f("bronze." + name);\n'},
                          "src/app/a.cc:2: a relation's name is put together", "src/app/b.cc:1: a relation's name is put together")

    def test_file_sizes_finds_a_long_one(self):
        self.assert_found(file_sizes, {"src/a/long.cc": "\n" * (LINES_MAX + 1), "src/a/just.cc": "\n" * LINES_MAX,
                                       "web/package-lock.json": "\n" * 9999}, "src/a/long.cc")

    def test_no_build_paths_finds_them(self):
        # Put together here, so that this file has none itself.
        paths = ["/" + "work/main/x", "/" + "root", "/" + "home/me/project"]
        self.assert_found(no_build_paths, {f"docs/{i}.md": f'see\n"{path}"\n' for i, path in enumerate(paths)},
                          "docs/0.md:2", "docs/1.md:2", "docs/2.md:2")

    def test_no_build_paths_takes_urls_and_longer_names(self):
        slash = "/"
        self.assert_found(no_build_paths, {"a.md": f"https://example.org{slash}home/x a{slash}work/b {slash}homes {slash}rootless ~{slash}work ${{X}}{slash}work\n",
                                           "b.bin": b"\xff\xfe" + b"/" + b"root/x"})

    def test_lock_files_finds_a_registry(self):
        address = "https:" + "//r.example/x.tgz"  # put together here, so that this file has none itself
        self.assert_found(lock_files, {"web/package-lock.json": '{"packages": {"node_modules/x": {"version": "1", "resolved": "%s"}}}' % address}, address)
        self.assert_found(lock_files, {"web/package-lock.json": '{"packages": {"node_modules/x": {"version": "1", "integrity": "sha512-x"}}}'})

    def test_a_folder_without_git_is_read_too(self):
        self.tree({"src/log/log.h": "", "build/x.h": "", "web/node_modules/y.h": ""})
        self.assertEqual(Tree(self.root).files, ["src/log/log.h"])


if __name__ == "__main__":
    if sys.argv[1:] == ["--advice"]:
        for _count, _place in long_functions(Tree(Path(__file__).resolve().parents[2])):
            print(f"{_place}: a function of {_count} lines")
    else:
        unittest.main()
