#!/usr/bin/env python3
"""Files that arrive and are larger than what the server may hold: all of each comes in, once, in little memory."""

import gzip
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case, wait_until

INBOX = "kind: arriving_files\nstream: orders\nfolder: inbox\n"
MIB = 1 << 20


class LargeArrivals(Case):
    def setUp(self):
        super().setUp()
        self.next_id = 0

    def begin(self, settings=""):
        self.project = self.shop(settings=settings)
        self.project.write("sources/inbox.yml", INBOX)
        self.inbox = self.project.folder / "inbox"
        self.inbox.mkdir()

    def start(self):
        self.server = self.project.start()
        self.client = self.server.client()

    def ids(self, count):
        first = self.next_id
        self.next_id += count
        return range(first, self.next_id)

    def arrive(self, name, pieces, opened=open):
        with opened(self.inbox / (name + ".tmp"), "wb") as file:
            for piece in pieces:
                file.write(piece)
        (self.inbox / (name + ".tmp")).rename(self.inbox / name)

    def lines(self, count, bytes_each):
        """NDJSON, filled up with spaces: large in a file and in the log, small in every view."""
        for id in self.ids(count):
            event = f'{{"id": {id}, "client": {id % 10}, "sku": "sku0", "amount": 2'
            yield f"{event}{' ' * (bytes_each - len(event) - 2)}}}\n".encode()

    def records(self, count, separator):
        """CSV with line ends in quotes: whoever cuts it there has two halves that are no events."""
        yield separator.join(["id", "client", "sku", "amount"]).encode() + b"\r\n"
        for id in self.ids(count):
            sku = "\n".join(['""sku""', separator] * self.rng.randrange(20, 60))
            yield separator.join([str(id), "1", f'"{sku}"', "2"]).encode() + b"\r\n"

    def wait_done(self, name, seconds=180):
        def is_done():
            reason = self.inbox / "failed" / (name + ".error.txt")
            self.assertFalse(reason.exists(), reason.exists() and reason.read_text())
            return (self.inbox / "done" / name).exists()
        wait_until(is_done, f"{name} is done\n{self.server.log[-2000:]}", seconds)

    def durable(self):
        return sum(self.client.status()["streams"][0]["durable_offsets"])

    def check_all_once(self):
        self.assertEqual(self.client.row("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM bronze.orders", min_offset="latest"),
                         [self.next_id, self.next_id, 0, self.next_id - 1])
        if self.PARTITIONS == 1:
            self.assertEqual(self.client.row("SELECT count(*) FROM bronze.orders WHERE id <> _offset"), [0], "in the order of the file")
        self.assertEqual(self.client.status()["streams"][0]["quarantined"], 0)

    def memory(self, name):
        status = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith(name)]
        return int(line.split()[1]) * 1024


class LargeArrivalsTest(LargeArrivals):
    def test_a_file_of_300_mb_takes_little_memory(self):
        self.begin()
        self.start()
        self.arrive("a.ndjson", self.lines(2_000, 4_000))
        self.wait_done("a.ndjson")
        self.client.row("SELECT count(*) FROM gold.by_sku", min_offset="latest")
        pathlib.Path(f"/proc/{self.server.pid}/clear_refs").write_text("5")  # the peak begins anew
        before = self.memory("VmRSS")
        self.arrive("b.ndjson", self.lines(75_000, 4_000))
        self.wait_done("b.ndjson")
        grown = self.memory("VmHWM") - before
        print(f"300 MB arrived: the server's memory grew by {grown / MIB:.0f} MiB", flush=True)
        self.assertLess(grown, 160 * MIB)
        self.check_all_once()

    def test_a_large_file_holds_up_no_other_source(self):
        self.begin()
        self.project.write("sources/other.yml", INBOX.replace("inbox", "other"))
        other = self.project.folder / "other"
        other.mkdir()
        self.arrive("a.ndjson", self.lines(8_000, 4_000))
        (other / "b.ndjson").write_text('{"id": -1, "client": 1, "sku": "sku0", "amount": 2}\n')
        self.start()
        self.wait_done("a.ndjson")
        wait_until((other / "done" / "b.ndjson").exists, "the other one is done")
        place, last = self.client.row("SELECT (SELECT _offset FROM bronze.orders WHERE id = -1), max(_offset) FROM bronze.orders", min_offset="latest")
        self.assertLess(place, last, "it came between the parts of the large one")

    def test_a_document_that_is_too_large_is_refused_and_kept(self):
        self.begin("limits: {body_bytes_max: 64KiB}\n")
        self.start()
        document = json.dumps([{"id": i, "client": 1, "sku": "sku0", "amount": 2} for i in range(2_000)]).encode()
        self.arrive("a.json", [document])
        self.arrive("b.json.gz", [document], gzip.open)
        self.arrive("c.ndjson", self.lines(2_000, 100))
        self.wait_done("c.ndjson")
        for name, opened in (("a.json", open), ("b.json.gz", gzip.open)):
            why = wait_until(lambda: (self.inbox / "failed" / (name + ".error.txt")).exists() and (self.inbox / "failed" / (name + ".error.txt")).read_text(), name)
            self.assertIn(f"{name} is one JSON document of more than 65536 bytes", why)
            self.assertIn("NDJSON", why)
            with opened(self.inbox / "failed" / name, "rb") as file:
                self.assertEqual(file.read(), document)
        self.check_all_once()

    def test_parquet_is_imported_once(self):
        self.begin()
        self.start()
        ids = self.ids(50_000)
        answer = self.client.query(f"SELECT range AS id, 1 AS client, 'sku0' AS sku, 2 AS amount FROM range({len(ids)})", format="parquet")
        self.assertEqual(answer.status, 200, answer)
        self.arrive("a.parquet", [answer.body])
        self.wait_done("a.parquet")
        self.check_all_once()
        self.assertEqual(len(list(self.project.data("log/orders/0/bulk").iterdir())), 1)
        # As after a crash that came before the file was moved.
        (self.inbox / "done" / "a.parquet").rename(self.inbox / "a.parquet")
        self.wait_done("a.parquet")
        self.check_all_once()
        self.arrive("b.parquet", [b"PAR1 and no more"])
        wait_until((self.inbox / "failed" / "b.parquet.error.txt").exists, "what is none is put aside")
        self.check_all_once()

    def test_what_is_no_record_in_the_middle_is_said_with_its_place(self):
        self.begin()
        self.start()
        good = list(self.lines(3_000, 4_000))
        self.arrive("a.ndjson", good + [b"x" * (40 * MIB)])
        why = wait_until(lambda: (self.inbox / "failed" / "a.ndjson.error.txt").exists() and (self.inbox / "failed" / "a.ndjson.error.txt").read_text(), "it is refused")
        self.assertIn("what stands before line 3001 of the file is in the stream", why)
        self.check_all_once()


class CrashesTest(LargeArrivals):
    def kill_in_the_middle(self, name, pieces, opened=open):
        count_before = self.next_id
        self.arrive(name, pieces, opened)
        count = self.next_id - count_before
        crashes = 0
        for _ in range(program.rounds(3)):
            wanted = count_before + self.rng.randrange(1, count)
            wait_until(lambda: self.durable() >= wanted, f"{wanted} events are durable\n{self.server.log[-2000:]}", 120)
            self.server.kill()
            crashes += (self.inbox / name).exists()
            self.start()
        self.wait_done(name)
        self.check_all_once()
        return crashes

    def test_a_crash_in_the_middle_of_a_file_loses_and_doubles_nothing(self):
        self.begin()
        self.start()
        crashes = self.kill_in_the_middle("a.ndjson", self.lines(10_000, 4_000))
        crashes += self.kill_in_the_middle("b.csv", self.records(60_000, ","))
        crashes += self.kill_in_the_middle("c.ndjson.gz", self.lines(10_000, 4_000), gzip.open)
        crashes += self.kill_in_the_middle("d.tsv", self.records(60_000, "\t"))
        self.assertGreater(crashes, 3, "that came while a file was taken in")
        self.check_verify(self.project)


class CrashesOfPartitionsTest(CrashesTest):
    PARTITIONS = 3


if __name__ == "__main__":
    program.main()
