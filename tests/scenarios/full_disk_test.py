#!/usr/bin/env python3
"""L1 on a full disk: events are refused with 507, nothing that was acknowledged is lost, and with space again it goes on.

Needs root, to mount a small file system in memory for the data folder; skipped otherwise.
"""

import os
import subprocess
import unittest

import program
from program import Case, wait_until

DISK = "40m"


class FullDiskTest(Case):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small file system")
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(self.disk)], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(self.unmount)

    def unmount(self):
        for project in self.projects:
            project.end()
        subprocess.run(["umount", str(self.disk)], check=True)

    def fill(self, left=0):
        """Fills the disk but for some bytes."""
        with open(self.disk / "filler", "ab", buffering=0) as filler:
            space = os.statvfs(self.disk).f_bavail * os.statvfs(self.disk).f_frsize - left
            piece = bytes(1 << 20)
            try:
                while space > 0:
                    space -= filler.write(piece[:min(len(piece), space)])
            except OSError:
                pass

    def free(self):
        (self.disk / "filler").unlink()

    def start_on_full_disk(self, project):
        """It comes up and answers what it has, although it may not be able to write down where."""
        port = program.free_port()
        server = project.launch("--port", str(port))
        server.port = port

        def is_ready():
            self.assertTrue(server.is_running(), server.log)
            try:
                return server.client().get("/readyz").status == 200
            except program.Client.GONE:
                return False
        wait_until(is_ready, f"the server is ready on a full disk\n{server.log}", 60)
        return server, server.client()

    def check_stored(self, client, acknowledged, unacknowledged):
        rows = client.rows("SELECT id, _offset FROM bronze.orders ORDER BY _offset", min_offset={"orders": max(acknowledged.values())})
        self.assertEqual([offset for _, offset in rows], list(range(len(rows))))
        stored = {id: offset for id, offset in rows}
        self.assertEqual(len(stored), len(rows), "an event is stored twice")
        self.assertEqual({id: offset for id, offset in stored.items() if id in acknowledged}, acknowledged)
        # 507 says that nothing was acknowledged, and the write was taken back.
        self.assertEqual([id for id in stored if id in unacknowledged], [])

    def test_L1_full_disk_loses_nothing_acknowledged(self):
        project = self.shop(settings=f"data_folder: {self.disk / 'data'}\n")
        project.data_folder = self.disk / "data"
        server = project.start()
        client = server.client()
        acknowledged, unacknowledged, next_id, full = {}, set(), 0, 0

        def send(count, pad=0):
            nonlocal next_id
            ids = list(range(next_id, next_id + count))
            next_id += count
            answer = client.send("orders", [program.order(id, id % 5, self.rng, code="1" + " " * pad) for id in ids])
            if answer.status == 200:
                (part,) = answer.json["ranges"]
                acknowledged.update(zip(ids, range(part["first_offset"], part["last_offset"] + 1)))
            else:
                unacknowledged.update(ids)
            return answer

        def goes_on():
            answer = send(1)
            self.assertIn(answer.status, (200, 503, 507), answer)
            return answer.status == 200

        self.assertEqual(send(500).status, 200)
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        build = client.status()["build"]["id"]
        for round in range(program.rounds(3)):
            self.fill(left=self.rng.choice((0, 10_000, 300_000)))
            refusals = 0
            for _ in range(400):
                answer = send(self.rng.randrange(1, 20), pad=self.rng.choice((0, 2000)))
                if answer.status != 200:
                    self.assertEqual((answer.status, answer.code), (507, "disk_full"), answer)
                    refusals += 1
                    if refusals == 3:
                        break
            self.assertEqual(refusals, 3, "the disk was never full")
            full += refusals
            # Reads go on, and a build fails whole.
            self.check_stored(client, acknowledged, unacknowledged)
            answer = client.post("/v1/builds", {})
            self.assertEqual((answer.status, answer.code), (507, "disk_full"), answer)
            self.assertEqual(client.status()["build"]["id"], build)
            self.assertEqual(program.check_shop_sums(client.query(program.SHOP_SUMS))[0], len(acknowledged))
            if round == 1:
                server.kill()
                self.fill()
                server, client = self.start_on_full_disk(project)
                self.check_stored(client, acknowledged, unacknowledged)
                self.assertIn(send(1, pad=5000).status, (200, 507))
                self.free()
            else:
                self.free()
            wait_until(goes_on, "events are taken in again", 30)
            self.check_stored(client, acknowledged, unacknowledged)
            answer = client.post("/v1/builds", {})
            self.assertEqual(answer.status, 200, answer)
            build = answer.json["id"]
        self.check_verify(project)
        self.assertEqual(server.stop(), 0)
        client = project.start().client()
        self.check_stored(client, acknowledged, unacknowledged)
        print(f"  {len(acknowledged)} acknowledged, {full} times refused")


if __name__ == "__main__":
    program.main()
