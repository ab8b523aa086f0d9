#!/usr/bin/env python3
"""L3 under kill -9: the server, or the build's child process alone, ends in the middle of builds; a build is visible whole or not at all."""

import json
import signal
import threading
import time

import program
from program import Case, Client, wait_until

SKUS = program.SKUS


def delta_commits(log_folder):
    """The commits of one Delta table: [(version, actions)], checked to be whole and without gaps."""
    commits = []
    for path in sorted(log_folder.glob("*.json")):
        commits.append((int(path.stem), [json.loads(line) for line in path.read_text().splitlines() if line]))
    versions = [version for version, _ in commits]
    if versions != list(range(len(versions))):
        raise AssertionError(f"{log_folder}: versions {versions}")
    return commits


def delta_state(table_folder):
    """Active files with their rows, and the highest version of each application's transactions."""
    files, transactions = {}, {}
    for version, actions in delta_commits(table_folder / "_delta_log"):
        for action in actions:
            if "add" in action:
                stats = action["add"].get("stats")
                files[action["add"]["path"]] = json.loads(stats)["numRecords"] if stats else None
            if "remove" in action:
                files.pop(action["remove"]["path"], None)
            if "txn" in action:
                app, number = action["txn"]["appId"], action["txn"]["version"]
                if number <= transactions.get(app, -1):
                    raise AssertionError(f"{table_folder}: transaction {number} of {app} after {transactions[app]} in version {version}")
                transactions[app] = number
    for path in files:
        if not (table_folder / path).is_file():
            raise AssertionError(f"{table_folder}: {path} is named, but not there")
    return files, transactions


class CrashDuringBuildTest(Case):
    def setUp(self):
        super().setUp()
        self.next_id = 0
        self.partitions = 1

    def send(self, client, count):
        events = [program.order(self.next_id + i, self.rng.randrange(20), self.rng) for i in range(count)]
        answer = client.send("orders", events)
        self.assertEqual(answer.status, 200, answer)
        self.next_id += count
        return program.last_offsets(answer.json, self.partitions)

    def build(self, port):
        """One build; its record, or None when the server went away meanwhile."""
        try:
            return Client(port).post("/v1/builds", {})
        except Client.GONE:
            return None

    def build_state(self, client, id):
        states = [run["state"] for run in client.get("/v1/builds?limit=1000").json["builds"] if run["id"] == id]
        return states[0] if states else None

    def measured_build(self, client):
        started = time.monotonic()
        answer = client.post("/v1/builds", {})
        self.assertEqual(answer.status, 200, answer)
        return answer.json["id"], time.monotonic() - started

    def manifests(self, project):
        return len(list(project.data("lake/manifests").glob("*.json")))

    def check_serving(self, project):
        """Nothing lies in serving/ that none of the three newest manifests names, but the running server's slices."""
        named = {"slices"}
        for path in sorted(project.data("lake/manifests").glob("*.json"))[-3:]:
            for view in json.loads(path.read_text())["views"].values():
                named.add(view["build_id"])
        lying = {entry.name.split(".duckdb")[0] for entry in project.data("serving").iterdir()}
        self.assertEqual(lying - named - {"slices", "answers", "verify"}, set(), "left over in serving/")  # the server's own, at its start made anew

    def check_delta(self, project, client):
        """Delta tables say what the newest manifest says."""
        manifest = json.loads(sorted(project.data("lake/manifests").glob("*.json"))[-1].read_text())
        tables = sorted(project.data("lake/gold").iterdir())
        self.assertEqual([table.name for table in tables], sorted(name[5:] for name in manifest["views"] if name.startswith("gold.")))
        for table in tables:
            files, transactions = delta_state(table)
            copy = manifest["views"][f"gold.{table.name}"]["delta"]
            self.assertEqual(files, {file["path"]: file["rows"] for file in copy["files"]}, table.name)
            self.assertEqual(transactions, {f"anabranch/gold.{table.name}": copy["manifest"]}, table.name)
        for log in project.data("lake").glob("*/*/_delta_log"):
            delta_state(log.parent)

    def watch(self, client_of, stopping):
        """Reads all views in one statement, again and again: one world in each answer, and no event is ever gone again."""
        events, answers, port, client = 0, 0, None, None
        while not stopping.is_set():
            try:
                if client is None or client_of() != port:
                    port = client_of()
                    if port is None:
                        stopping.wait(0.005)
                        continue
                    client = Client(port)
                answer = client.query(program.SHOP_SUMS)
            except Client.GONE:
                client = None
                stopping.wait(0.005)
                continue
            if answer.status == 503:  # stopping, or still replaying
                continue
            if answer.status != 200:
                raise AssertionError(repr(answer))
            seen, _, _ = program.check_shop_sums(answer)
            if seen < events:
                raise AssertionError(f"{seen} events after {events} had been seen")
            events, answers = seen, answers + 1
        return answers

    def begin(self):
        self.partitions = 3
        project = self.shop(partitions=self.partitions)
        server = project.start()
        client = server.client()
        for _ in range(5):
            self.send(client, 2000)
        first, seconds = self.measured_build(client)
        return project, server, client, first, seconds

    def test_L3_kill_9_of_the_server_during_builds(self):
        project, server, client, visible, seconds = self.begin()
        stopping, port = threading.Event(), [server.port]
        reader = self.in_thread(self.watch, lambda: port[0], stopping)
        outcomes = {"old": 0, "new": 0}
        try:
            for round in range(program.rounds(6)):
                last = self.send(client, self.rng.randrange(1, 2000))
                before = self.manifests(project)
                building = self.in_thread(self.build, server.port)
                running = wait_until(lambda: (client.status()["running_build"] or {}).get("id") or not building.is_running(), "the build runs")
                if round % 2 == 0:  # at any moment
                    stopping.wait(self.rng.uniform(0, seconds * 1.1))
                else:  # just after the manifest: before the Delta copies, the handover or the catalogue's word of it
                    wait_until(lambda: self.manifests(project) > before or not building.is_running(), "the manifest is there", 60, 0.001)
                    stopping.wait(self.rng.uniform(0, 0.03))
                port[0] = None
                server.kill()
                done = building.join()
                server = project.start()
                port[0] = server.port
                client = server.client()
                status = client.status()
                now_visible = status["build"]["id"]
                is_new = now_visible != visible
                if is_new and running is not True:
                    self.assertEqual(now_visible, running, "neither the old nor the new build")
                if done is not None:
                    self.assertEqual(now_visible, done.json["id"], "a build that was answered for is gone")
                outcomes["new" if is_new else "old"] += 1
                # The list of builds tells the same story.
                self.assertEqual(self.build_state(client, now_visible), "published", f"build {now_visible} is visible")
                if running is not True and not is_new:
                    self.assertIn(self.build_state(client, running), (None, "abandoned"), f"build {running} is not visible")
                visible = now_visible
                self.check_serving(project)
                self.check_delta(project, client)
                seen, _, build = program.check_shop_sums(client.query(program.SHOP_SUMS, min_offset={"orders": last}))
                self.assertEqual((seen, build), (self.next_id, visible))
                self.check_verify(project)
            visible, seconds = self.measured_build(client)  # and a next build works
            self.assertEqual(client.status()["build"]["id"], visible)
        finally:
            stopping.set()
        self.assertGreater(reader.join(), 0)
        self.check_serving(project)
        self.check_delta(project, client)
        self.check_verify(project)
        print(f"  after the crash: {outcomes['old']} times the build before, {outcomes['new']} times the new one")

    def delta_behind(self, project):
        """Names of gold tables whose Delta log has not reached the newest manifest."""
        manifest = json.loads(sorted(project.data("lake/manifests").glob("*.json"))[-1].read_text())
        behind = []
        for name, view in manifest["views"].items():
            if view.get("delta"):
                _, transactions = delta_state(project.data("lake/gold") / name[5:])
                if transactions.get(f"anabranch/{name}") != view["delta"]["manifest"]:
                    behind.append(name)
        return behind

    def delta_versions(self, project, table="*"):
        return {log.parent.name: len(list(log.glob("*.json"))) for log in project.data("lake/gold").glob(f"{table}/_delta_log")}

    def test_L3_kill_9_between_the_manifest_and_the_delta_copies(self):
        project = self.shop()
        for number in range(25):  # more copies to write, so that the moment is long enough to meet
            project.write(f"models/gold/more_{number:02}.sql", f"SELECT client, {number} AS number, count(*) AS n FROM silver.orders GROUP BY client\n")
        server = project.start()
        client = server.client()
        self.send(client, 1000)
        self.measured_build(client)
        copies = len(self.delta_versions(project))
        met = []
        for _ in range(program.rounds(20)):
            # In the order in which copies are written, any of them may be the last one that was.
            table, versions = self.rng.choice(sorted(self.delta_versions(project).items()))
            last = self.send(client, self.rng.randrange(1, 200))
            before = self.manifests(project)
            building = self.in_thread(self.build, server.port)
            wait_until(lambda: self.manifests(project) > before or not building.is_running(), "the manifest is there", 60, 0.0002)
            if met:  # the first time before all of them
                wait_until(lambda: self.delta_versions(project, table)[table] > versions or not building.is_running(), "a copy is written", 60, 0.0002)
            # Stopped, it stays where it is while we look; then it is killed there.
            server.process.send_signal(signal.SIGSTOP)
            behind = self.delta_behind(project)
            server.kill()
            building.join()
            server = project.start()
            client = server.client()
            newest = json.loads(sorted(project.data("lake/manifests").glob("*.json"))[-1].read_text())["build_id"]
            self.assertEqual(client.status()["build"]["id"], newest, "the manifest is there, so its build is visible")
            self.assertEqual(self.delta_behind(project), [], "copies follow at the start")
            self.check_delta(project, client)
            self.check_serving(project)
            self.assertEqual(client.row("SELECT count(*) FROM bronze.orders", min_offset={"orders": last}), [self.next_id])
            self.check_verify(project)
            met.append(len(behind))
            if len([count for count in met if 0 < count < copies]) >= 3:
                break
        self.assertTrue(any(0 < count < copies for count in met), f"never killed between two Delta copies: {met} behind")
        # Copies that are there are not written again.
        versions = self.delta_versions(project)
        server.kill()
        server = project.start()
        self.assertEqual(self.delta_versions(project), versions)
        print(f"  Delta copies behind when it was killed: {met}")

    def test_L3_kill_9_of_the_builds_child_process(self):
        project, server, client, visible, seconds = self.begin()
        stopping = threading.Event()
        reader = self.in_thread(self.watch, lambda: server.port, stopping)
        killed = 0
        try:
            for round in range(program.rounds(5)):
                last = self.send(client, self.rng.randrange(1, 1000))
                building = self.in_thread(self.build, server.port)
                child = wait_until(lambda: server.children() or not building.is_running(), "the build has a child process")
                stopping.wait(self.rng.uniform(0, seconds * 0.6) if round else 0)
                was_killed = child is not True and server.kill_child(child[0])
                done = building.join()
                self.assertTrue(server.is_running(), "the server ended with its child process")
                if done.status == 200:
                    visible = done.json["id"]
                else:
                    self.assertTrue(was_killed, f"the build failed by itself: {done!r}")
                    self.assertEqual(done.status, 500, done)
                    killed += 1
                    failed = client.get("/v1/builds?limit=1").json["builds"][0]
                    self.assertEqual(failed["state"], "failed", failed)
                    self.assertIn("signal 9", failed["error"])
                    self.assertIsNone(client.status()["running_build"])
                self.assertEqual(client.status()["build"]["id"], visible)
                self.check_serving(project)
                self.check_delta(project, client)
                seen, _, build = program.check_shop_sums(client.query(program.SHOP_SUMS, min_offset={"orders": last}))
                self.assertEqual((seen, build), (self.next_id, visible))
            visible, _ = self.measured_build(client)
        finally:
            stopping.set()
        self.assertGreater(reader.join(), 0)
        self.assertGreater(killed, 0, "no child process was ever met")
        self.check_serving(project)
        self.check_delta(project, client)
        self.check_verify(project)
        server.kill()
        client = project.start().client()
        self.assertEqual(client.status()["build"]["id"], visible)
        self.assertEqual(program.check_shop_sums(client.query(program.SHOP_SUMS))[0], self.next_id)
        print(f"  {killed} child processes killed")


if __name__ == "__main__":
    program.main()
