#!/usr/bin/env python3
"""Data folders that older programs wrote: they open, answer what they answered, and go on."""

import pathlib
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scenarios"))
import program
from program import Case

ORDERS = [311, 78795, 311, 310]
LAST = [251, 4267.51]
BY_SKU = [["a", "Apple", 97, 1875.75], ["b", "Pear", 67, 1675.0], ["c", None, 116, 1691.75], ["d", None, 31, 217.51]]


class UpgradeTest(Case):
    def open(self, archive):
        project = self.project(archive.split(".")[0])
        with tarfile.open(ROOT / "upgrade" / archive) as files:
            files.extractall(project.folder, filter="data") if hasattr(tarfile, "data_filter") else files.extractall(project.folder)
        return project

    def check(self, client):
        self.assertEqual(client.row("SELECT count(*), sum(id), count(amount), max(_offset) FROM bronze.orders"), ORDERS)
        self.assertEqual(client.rows("SELECT sku, name, n, amount FROM gold.by_sku ORDER BY sku"), BY_SKU)
        self.assertEqual(client.row("SELECT count(*), sum(amount) FROM gold.last_order"), LAST)
        self.assertEqual(client.rows("FROM gold.clicks"), [["a", 2]])

    def test_shop_1(self):
        project = self.open("shop-1.tar.gz")
        # Only looked at: nothing is built, and the answers are those of then.
        self.assertEqual(project.json("query", "SELECT count(*), sum(amount) FROM gold.last_order")["rows"], [LAST])
        server = project.start()
        client = server.client()
        self.check(client)
        self.check_verify(project)
        quarantine = client.get("/v1/quarantine").json
        self.assertEqual(sorted(entry["raw"] for entry in quarantine["entries"]),
                         ['not json', '{"id": null}', '{"sku":"b","more":1}'])
        self.assertEqual(len(client.get("/v1/builds").json["builds"]), 2)
        # It goes on: events, a build under the newest copy, a start.
        self.assertEqual(client.send("orders", [{"id": 6000, "sku": "c", "amount": 1}]).status, 200)
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.assertEqual(client.rows("SELECT sku, name, n FROM gold.by_sku WHERE sku > 'b' ORDER BY sku", min_offset="latest"), [["c", "Plum", 117], ["d", "Date", 31]])
        self.assertEqual(client.rows("SELECT channel, count(*) FROM bronze.orders GROUP BY ALL ORDER BY ALL NULLS LAST"),
                         [["bulk", 50], ["shop", 30], ["web", 31], [None, 201]])
        self.check_verify(project)
        server.kill()
        server = project.start()
        self.assertEqual(server.client().row("SELECT count(*) FROM bronze.orders"), [312])
        self.check_verify(project)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    program.main()
