#!/usr/bin/env python3
"""A log that has forgotten all that is archived: nothing else is missed. Refused records keep their ids, repeats are known, views come from the archive."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

FORGETFUL = "retention: {log_hours: 0}\n"
OTHER_TOTAL = "SELECT count(id) AS orders, sum(amount + 0) AS amount, sum(worth) AS worth FROM silver.orders\n"


class LogRetentionTest(Case):
    def start(self, settings=FORGETFUL):
        self.project_ = self.shop(settings=settings)
        self.events, self.refused = [], 0
        self.server = self.project_.start()
        return self.server.client()

    def restart(self):
        self.assertEqual(self.server.stop(), 0)
        self.server = self.project_.start()
        return self.server.client()

    def send(self, client, count, key=None):
        events = [program.order(len(self.events) + i, i % 5, self.rng) for i in range(count)]
        body = "\n".join(json.dumps(event) for event in [*events, {"id": f"no number {self.refused}"}])
        headers = {"Content-Type": "application/x-ndjson", **({"Idempotency-Key": key} if key else {})}
        answer = client.request("POST", "/v1/streams/orders/events", body.encode(), headers)
        self.assertEqual(answer.json["accepted"], count, answer)
        self.events += events
        self.refused += 1
        return body, headers, answer

    def build(self, client):
        self.wait_applied(client)
        answer = client.post("/v1/builds", {})
        self.assertEqual((answer.status, answer.json.get("warnings")), (200, []), answer)
        self.assertEqual(client.status()["faults"], [])

    def quarantine(self, client, limit=1000, after=None):
        entries = []
        while True:
            page = client.get(f"/v1/quarantine?stream=orders&limit={limit}" + (f"&after={after}" if after else "")).json
            entries += page["entries"]
            after = page.get("next")
            if not after:
                return entries

    def segments(self):
        return sorted(int(path.stem) for path in self.project_.data("log/orders/0").glob("*.log"))

    def check(self, client):
        self.wait_applied(client)
        amount = sum(event["amount"] for event in self.events)
        program.check_shop_sums(client.query(program.SHOP_SUMS))
        self.assertEqual(client.row("SELECT count(*), sum(amount), max(id) FROM bronze.orders"),
                         [len(self.events), amount, len(self.events) - 1])
        self.assertEqual(client.row("SELECT orders, amount FROM gold.total"), [len(self.events), amount])

    def test_what_is_archived_goes_and_nothing_else(self):
        client = self.start()
        body, headers, first = self.send(client, 300, key="the first")
        self.send(client, 40)
        before = self.quarantine(client)
        self.assertEqual(len(before), 2)
        self.build(client)
        self.assertEqual(self.segments(), [340])
        self.check(client)
        self.assertEqual(self.quarantine(client), before)
        self.send(client, 60)
        self.assertEqual(self.quarantine(client, limit=1)[:2], before)
        self.assertEqual(self.quarantine(client, after=before[0]["id"])[0], before[1], "an id from before is still one")
        client = self.restart()
        self.check(client)
        again = client.request("POST", "/v1/streams/orders/events", body.encode(), headers)
        self.assertEqual((again.status, again.json["accepted"]), (first.status, 300))
        self.assertEqual(again.json["ranges"], first.json["ranges"])
        self.assertEqual(len(self.quarantine(client)), 3)
        self.build(client)
        self.assertEqual(self.segments(), [400])
        self.check_verify(self.project_)

    def test_views_without_a_build_come_from_the_archive(self):
        client = self.start()
        self.send(client, 500)
        self.build(client)
        self.send(client, 30)
        self.assertEqual(self.server.stop(), 0)
        # What was built is of no use: another plan, and states that are gone.
        self.project_.write("models/gold/total.sql", OTHER_TOTAL)
        for states in self.project_.data("serving").glob("*.duckdb"):
            states.unlink()
        self.server = self.project_.start()
        client = self.server.client()
        self.check(client)
        self.check_verify(self.project_)

    def test_a_damaged_archive_is_a_fault_of_what_needs_it(self):
        client = self.start()
        self.send(client, 500)
        self.build(client)
        total = client.row("SELECT orders, amount FROM gold.total")
        self.assertEqual(self.server.stop(), 0)
        (archived,) = self.project_.data("lake/bronze/orders").glob("*.parquet")
        archived.rename(archived.with_suffix(".away"))
        self.server = self.project_.start()
        client = self.server.client()
        self.assertEqual(client.row("SELECT orders, amount FROM gold.total"), total, "its build has all of it")
        refused = client.query("SELECT count(*) FROM bronze.orders")
        self.assertNotEqual(refused.status, 200)
        self.assertIn("no longer in the log", refused.body.decode())
        self.assertIn("restore lake/bronze/orders", refused.body.decode())
        self.assertIn("the archive of bronze.orders", [fault["of"] for fault in client.status()["faults"]])
        self.send(client, 20)
        self.wait_applied(client)
        self.assertEqual(client.row("SELECT orders FROM gold.total"), [520])
        self.assertNotEqual(client.post("/v1/builds", {}).status, 200)
        archived.with_suffix(".away").rename(archived)
        self.build(client)
        self.check(client)

    def test_refused_records_go_by_age_when_asked(self):
        client = self.start("retention: {log_hours: 0, quarantine_days: 0}\n")
        self.send(client, 10)
        self.build(client)
        (stream,) = client.status()["streams"]
        self.assertEqual((stream["quarantined"], self.quarantine(client)), (0, []))
        client = self.restart()
        self.assertEqual(self.quarantine(client), [])
        self.check(client)


if __name__ == "__main__":
    program.main()
