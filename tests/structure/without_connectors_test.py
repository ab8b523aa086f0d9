#!/usr/bin/env python3
"""The program can be built without its connectors, works, and says so where a project wants one.

Configures a build with every connector off, and, because that differs in one file only, makes its program from what an ordinary
build has: app/slots.cc compiled without them, linked without their libraries.

    python3 tests/structure/without_connectors_test.py build/dev
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev").resolve()
NAMES = re.findall(r"^connector\((\w+)", (SOURCE / "src/connect/connectors.cmake").read_text(), re.M)
OPTIONS = [f"-DANABRANCH_{name.upper()}=OFF" for name in NAMES]


def run(command, folder, **more):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def slots_command(build):
    """The compiler's command for app/slots.cc, as a list."""
    entries = json.loads((build / "compile_commands.json").read_text())
    (entry,) = [entry for entry in entries if entry["file"].endswith("src/app/slots.cc")]
    return shlex.split(entry["command"])


class WithoutConnectors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.configured = cls.folder / "build"
        run(["cmake", "--preset", "dev", "-B", str(cls.configured), *OPTIONS], SOURCE)
        command = slots_command(cls.configured)
        command[command.index("-o") + 1] = str(cls.folder / "slots.o")
        run(command, BUILD)
        link = run(["ninja", "-t", "commands", "-s", "anabranch"], BUILD).strip().splitlines()[-1]
        link = re.sub(r"\S*libconnect_\w+\.a", "", link)
        link = link.replace("src/libapp.a", f"{cls.folder / 'slots.o'} src/libapp.a", 1)
        cls.program = cls.folder / "anabranch"
        run(re.sub(r"-o anabranch\b", f"-o {cls.program}", link), BUILD, shell=True)

    def test_there_are_connectors(self):
        self.assertEqual(sorted(NAMES), sorted(path.name for path in (SOURCE / "src/connect").iterdir() if path.is_dir()))
        having = " ".join(slots_command(BUILD))
        for name in NAMES:
            self.assertIn(f"-DANABRANCH_HAS_{name.upper()}", having)

    def test_the_option_takes_them_out(self):
        self.assertNotIn("ANABRANCH_HAS_", " ".join(slots_command(self.configured)))
        targets = run(["ninja", "-t", "targets", "all"], self.configured)
        self.assertNotIn("libconnect_", targets)
        self.assertIn("libapp.a", targets)

    def project(self, **files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in {"anabranch.yml": "name: shop\n", "streams/orders.yml": "fields: [{name: id, type: bigint}]\n", **files}.items():
            path = pathlib.Path(folder.name) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder.name

    def command(self, project, *arguments, input=None):
        return subprocess.run([self.program, *arguments, "--project", project], capture_output=True, text=True, input=input)

    def test_everything_else_works(self):
        project = self.project(**{"data/a.csv": "a\n1\n", "sources/a.yml": "kind: files\ntables: {a: {path: data/a.csv}}\n"})
        self.assertEqual(self.command(project, "copy").returncode, 0)
        self.assertEqual(self.command(project, "ingest", "orders", "-", input='{"id": 1}\n').returncode, 0)
        self.assertEqual(self.command(project, "build").returncode, 0)
        answer = self.command(project, "query", "--format", "csv", "SELECT id, a FROM bronze.orders, bronze.a")
        self.assertEqual(answer.stdout.split(), ["id,a", "1,1"], answer.stderr)

    def test_a_project_that_wants_one_is_told(self):
        project = self.project(**{
            "sources/a.yml": "kind: sqlite\nfile: a.db\ntables: {t: {}}\n",
            "sources/b.yml": "kind: arriving_files\nstream: orders\nfolder: in\n"})
        done = self.command(project, "check")
        self.assertEqual(done.returncode, 2)
        for line in ("sources/a.yml:1:7: error: this program was built without sources of kind sqlite (use one that was built with -DANABRANCH_SQLITE=ON)",
                     "sources/b.yml:1:7: error: this program was built without sources of kind arriving_files (use one that was built with -DANABRANCH_ARRIVING_FILES=ON)"):
            self.assertIn(line, done.stderr)


if __name__ == "__main__":
    unittest.main()
