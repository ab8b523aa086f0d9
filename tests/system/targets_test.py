#!/usr/bin/env python3
"""A target changes settings for every command: where the data lies, what may be asked for."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

TARGETS = ("targets:\n"
           "  laptop: {}\n"
           "  office: {data_folder: office-data, limits: {answer_bytes_max: 65536}}\n")


class TargetTest(Case):
    def events(self, project, *arguments):
        return project.json("query", "SELECT count(*) AS n FROM bronze.orders", *arguments)["rows"][0][0]

    def test_data_lies_where_the_target_says(self):
        project = self.shop(settings=TARGETS)
        for target in ("laptop", "office"):
            project.json("copy", "--target", target)
        orders = '{"id": 1, "client": 1, "sku": "sku0", "amount": 2}\n'
        self.assertEqual(project.run("ingest", "orders", "-", "--target", "office", input=orders).returncode, 0)
        self.assertEqual(self.events(project, "--target", "office"), 1)
        self.assertEqual(self.events(project, "--target", "laptop"), 0)
        self.assertEqual(self.events(project), 0)
        self.assertTrue((project.folder / "office-data" / "log" / "orders").is_dir())
        large = project.run("query", "SELECT range FROM range(100000)", "--target", "office")
        self.assertIn("limits.answer_bytes_max", large.stderr)
        self.assertEqual(project.run("query", "SELECT range FROM range(100000)").returncode, 0)
        project.write("anabranch.yml", program.SHOP["anabranch.yml"] + TARGETS + "default_target: office\n")
        self.assertEqual(self.events(project), 1)
        self.assertEqual(self.events(project, "--target", "laptop"), 0)
        server = project.start("--target", "laptop")
        self.assertEqual(server.client().rows("SELECT count(*) FROM bronze.orders"), [[0]])
        self.assertEqual(self.events(project, "--target", "laptop"), 0)
        self.assertEqual(self.events(project), 1)
        self.assertEqual(server.stop(), 0)

    def test_an_unknown_target_is_no_target(self):
        project = self.shop(settings=TARGETS)
        for command in (["check"], ["status"], ["up", "--port", "0"], ["query", "SELECT 1"], ["build"], ["copy"]):
            done = project.run(*command, "--target", "offise")
            self.assertEqual(done.returncode, 2, command)
            self.assertIn("no target 'offise'", done.stderr)
            self.assertIn("office", done.stderr)


if __name__ == "__main__":
    program.main()
