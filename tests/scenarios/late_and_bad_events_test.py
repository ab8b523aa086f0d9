#!/usr/bin/env python3
"""L4 and L2: late, repeated and broken events. What came in and what was put aside adds up, across kill -9 and builds."""

import collections
import json
import statistics

import program
from program import Case

# (line, what its reason must name); none of them can become an event.
BAD_LINES = [
    ("not json at all", ""),
    ("{\"id\": 1, \"client\": 2", ""),
    ("[1, 2, 3]", ""),
    ("{\"id\": \"1\", \"client\": 1, \"sku\": \"sku0\", \"amount\": 1}", "id"),
    ("{\"id\": 1.5, \"client\": 1, \"sku\": \"sku0\", \"amount\": 1}", "id"),
    ("{\"id\": true, \"client\": 1, \"sku\": \"sku0\", \"amount\": 1}", "id"),
    ("{\"id\": 1, \"client\": 1, \"sku\": 7, \"amount\": 1}", "sku"),
    ("{\"id\": 1, \"client\": 3000000000, \"sku\": \"sku0\", \"amount\": 1}", "client"),
    ("{\"id\": 1, \"client\": 1, \"sku\": \"sku0\"}", "amount"),
    ("{\"id\": 1, \"client\": 1, \"sku\": \"sku0\", \"amount\": null}", "amount"),
    ("{\"id\": 1, \"client\": 1, \"sku\": \"sku0\", \"amount\": 1, \"colour\": \"red\"}", "colour"),
    ("{\"id\": 1, \"client\": 1, \"sku\": \"sku0\", \"amount\": 1, \"happened_at\": \"yesterday\"}", "happened_at"),
    ("{\"id\": 1, \"client\": 1, \"sku\": \"sku0\", \"amount\": 1, \"happened_at\": \"2026-02-30T00:00:00Z\"}", "happened_at"),
]


class LateAndBadEventsTest(Case):
    def quarantine(self, client, limit=1000):
        """All entries, page by page, in order."""
        entries, after = [], ""
        while True:
            page = client.get(f"/v1/quarantine?stream=orders&limit={limit}{after}").json
            entries += page["entries"]
            if page["next"] is None:
                self.assertEqual(page["total"], len(entries))
                return entries
            after = f"&after={page['next']}"

    def test_L4_bad_lines_between_good_ones_add_up(self):
        project = self.shop()
        server = project.start()
        client = server.client()
        sent, accepted, bad = 0, [], []
        for round in range(program.rounds(12)):
            lines, good, rejected = [], [], []
            for _ in range(self.rng.randrange(0, 60)):
                if self.rng.random() < 0.4:
                    line, reason = self.rng.choice(BAD_LINES)
                    rejected.append((line, reason))
                else:
                    event = program.order(len(accepted) + len(good), 1, self.rng)
                    good.append(event)
                    line = json.dumps(event)
                lines.append(line)
            answer = client.send("orders", "\n".join(lines) + ("\n" if self.rng.random() < 0.5 else ""))
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual((answer.json["accepted"], answer.json["quarantined"]), (len(good), len(rejected)), "\n".join(lines))
            first = len(accepted)
            self.assertEqual(answer.json["ranges"], [{"partition": 0, "first_offset": first, "last_offset": first + len(good) - 1}] if good else [])
            sent += len(lines)
            accepted += good
            bad += rejected
            if round in (3, 7):
                server.kill()
                server = project.start()
                client = server.client()
            elif round == 5:
                self.assertEqual(client.post("/v1/builds", {}).status, 200)
        server.kill()
        server = project.start()
        client = server.client()
        self.wait_applied(client)
        self.assertEqual(sent, len(accepted) + len(bad))
        rows = client.rows("SELECT id, _offset, amount, sku FROM bronze.orders ORDER BY _offset")
        self.assertEqual(rows, [[event["id"], offset, event["amount"], event["sku"]] for offset, event in enumerate(accepted)])
        (stream,) = client.status()["streams"]
        self.assertEqual((stream["durable_offsets"], stream["quarantined"]), ([len(accepted)], len(bad)))
        for limit in (1000, 7):  # pages of any size tell the same
            entries = self.quarantine(client, limit)
            self.assertEqual([entry["raw"] for entry in entries], [line for line, _ in bad])
        for entry, (line, reason) in zip(entries, bad):
            self.assertIn(reason, entry["reason"], line)
            self.assertNotEqual(entry["reason"], "")
        self.assertEqual(len({entry["id"] for entry in entries}), len(bad))
        self.check_verify(project)
        print(f"  {sent} lines: {len(accepted)} accepted, {len(bad)} put aside")

    def check_views(self, client, events):
        """The views against what they must be, computed here."""
        by_sku, by_day, newest = collections.defaultdict(list), collections.defaultdict(list), {}
        for event in events:
            by_sku[event["sku"]].append(event)
            by_day[event["happened_at"][:10]].append(event["amount"])
            key = (event["happened_at"], event["id"])
            if key > newest.get(event["client"], (("", -1),))[0]:
                newest[event["client"]] = (key, event["id"])
        last = {"orders": len(events) - 1}
        self.assertEqual(sorted(client.rows("SELECT sku, orders, amount, worth FROM gold.by_sku", min_offset=last)),
                         sorted([sku, len(of), sum(e["amount"] for e in of), sum(e["amount"] for e in of)] for sku, of in by_sku.items()))
        self.assertEqual(sorted(client.rows("SELECT CAST(day AS VARCHAR), orders, amount FROM gold.by_day")),
                         sorted([day, len(amounts), sum(amounts)] for day, amounts in by_day.items()))
        self.assertEqual(sorted(client.rows("SELECT sku, ids, median_amount FROM gold.distinct_ids")),
                         sorted([sku, len({e["id"] for e in of}), float(statistics.median(e["amount"] for e in of))] for sku, of in by_sku.items()))
        self.assertEqual(sorted(client.rows("SELECT client, id FROM gold.newest_by_client")), sorted([number, id] for number, (_, id) in newest.items()))

    def test_L2_late_and_repeated_events_count_at_once_and_once_each(self):
        project = self.shop()
        server = project.start()
        client = server.client()
        events, kinds = [], collections.Counter()
        for round in range(program.rounds(8)):
            batch = []
            for _ in range(self.rng.randrange(1, 80)):
                chance = self.rng.random()
                if chance < 0.25 and events:
                    event, kind = dict(self.rng.choice(events)), "the same again"  # an event as any other, at an offset of its own
                elif chance < 0.5:
                    event = program.order(len(events) + len(batch), self.rng.randrange(9), self.rng, happened_at="2001-01-0%dT00:00:00Z" % self.rng.randrange(1, 9))
                    kind = "years late"
                else:
                    event, kind = program.order(len(events) + len(batch), self.rng.randrange(9), self.rng), "on time"
                batch.append(event)
                kinds[kind] += 1
            self.assertEqual(client.send("orders", batch).status, 200)
            events += batch
            self.check_views(client, events)
            if round % 3 == 1:
                self.assertEqual(client.post("/v1/builds", {}).status, 200)
                self.check_views(client, events)
            if round % 4 == 2:
                server.kill()
                server = project.start()
                client = server.client()
                self.check_views(client, events)
        self.check_verify(project)
        print("  " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()))

    def test_L4_events_that_fail_in_one_view_are_recorded_against_it_alone(self):
        project = self.shop()
        server = project.start()
        client = server.client()
        events = []
        for round in range(4):
            batch = [program.order(len(events) + i, 1, self.rng, code=self.rng.choice(["17", "-3", "x", "", "99999999999", "1e2z", None])) for i in range(30)]
            self.assertEqual(client.send("orders", batch).status, 200)
            events += batch
            fails = lambda event: event["code"] is not None and event["code"] not in ("17", "-3")
            if round == 1:
                self.assertEqual(client.post("/v1/builds", {}).status, 200)
            if round == 2:
                server.kill()
                server = project.start()
                client = server.client()
            rows = client.rows("SELECT id, code FROM silver.codes ORDER BY id", min_offset={"orders": len(events) - 1})
            self.assertEqual(rows, [[e["id"], int(e["code"])] for e in events if e["code"] is not None and not fails(e)])
            errors = client.get("/v1/views/silver.codes/errors?limit=1000").json
            self.assertEqual([error["offset"] for error in errors["errors"]], [offset for offset, event in enumerate(events) if fails(event)])
            self.assertEqual(errors["total"], len(errors["errors"]))
            for error in errors["errors"]:
                self.assertEqual(json.loads(error["raw"]), events[error["offset"]])
                self.assertIn("convert", error["message"].lower())
            # The other views have them all.
            self.assertEqual(client.row("SELECT orders FROM gold.total"), [len(events)])
        self.check_verify(project)


if __name__ == "__main__":
    program.main()
