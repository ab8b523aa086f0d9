#!/usr/bin/env python3
"""Builds, copies, imports and verifies: each can be cancelled and has a limit, stopped or not, and none holds up the others."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case, wait_until


class TasksTest(Case):
    def up(self, limits=""):
        project = self.shop(settings=f"limits: {{{limits}}}\n" if limits else "")
        server = project.start()
        client = server.client()
        self.sent = 0
        self.send(client, 300)
        return project, server, client

    def send(self, client, count):
        self.assertEqual(client.send("orders", [program.order(self.sent + i, i % 5, self.rng) for i in range(count)]).status, 200)
        self.sent += count
        self.wait_applied(client)

    def check_sums(self, client, factor=1):
        self.assertEqual(program.check_shop_sums(client.query(program.SHOP_SUMS))[:2], (self.sent, factor))

    def stopped(self, server, kind, path, document):
        """A request whose child is stopped before it does anything: the request's thread, and the task."""
        before = server.children()
        request = self.in_thread(lambda: server.client().post(path, document))

        def stop_child():
            for pid in server.children():
                if pid in before:
                    continue
                try:
                    os.kill(pid, signal.SIGSTOP)
                except ProcessLookupError:
                    continue
                return pid
            return None
        pid = wait_until(stop_child, f"the child of the {kind} runs", interval=0.0005)
        (task,) = [task for task in server.client().get("/v1/tasks").json["tasks"] if task["kind"] == kind]
        return request, task, pid

    def cancel(self, server, request, task):
        answer = server.client().post(f"/v1/tasks/{task['id']}/cancel", {})
        self.assertEqual((answer.status, answer.json), (200, {"id": task["id"], "cancelled": True}))
        answer = request.join(20)
        self.assertEqual((answer.status, answer.code), (409, "cancelled"), answer)
        self.assertIn(task["kind"], answer.json["detail"])
        self.assertEqual(server.client().get("/v1/tasks").json, {"tasks": []})
        again = server.client().post(f"/v1/tasks/{task['id']}/cancel", {})
        self.assertEqual((again.status, again.code), (404, "unknown_task"), again)

    def files(self, project):
        return sorted(str(path) for folder in ("lake/bronze/prices", "lake/tables", "log/orders/0/bulk") for path in project.data(folder).rglob("*") if path.is_file())

    def parquet(self, client, project):
        """Events as a Parquet file to import."""
        path = project.folder / "events.parquet"
        answer = client.query("SELECT id + 100000 AS id, client, sku, amount, code, happened_at FROM bronze.orders", format="parquet")
        self.assertEqual(answer.status, 200, answer)
        path.write_bytes(answer.body)
        return {"path": str(path)}

    def test_a_copy(self):
        project, server, client = self.up()
        before = self.files(project)
        (project.folder / "data" / "prices.csv").write_text(program.prices_csv(2))
        request, task, pid = self.stopped(server, "copy", "/v1/copy", {"sources": ["prices"]})
        self.assertEqual((task["of"], task["limit_ms"], task["ending"]), ("prices", 3_600_000, False))
        self.assertIn(task["id"], project.run("tasks").stdout)
        # Nothing waits for it: neither builds nor verify nor events.
        build = client.post("/v1/builds", {})
        self.assertEqual(build.status, 200, build)
        self.send(client, 20)
        self.check_sums(client)
        self.check_verify(project)
        self.cancel(server, request, task)
        self.assertFalse(program.is_program(pid))
        self.assertEqual(self.files(project), before)
        self.assertEqual(client.status()["tables"][0]["version"], 1)
        self.assertEqual(client.post("/v1/copy", {}).json["tables"][0]["version"], 2)
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.check_sums(client, 2)

    def test_a_copy_behind_another(self):
        project, server, client = self.up()
        request, task, _ = self.stopped(server, "copy", "/v1/copy", {})
        second = self.in_thread(lambda: server.client().post("/v1/copy", {}))

        def others():
            return [each for each in client.get("/v1/tasks").json["tasks"] if each["id"] != task["id"]]
        (waiting,) = wait_until(others, "the second copy is a task")
        self.cancel_one_of_two(client, second, waiting)
        third = self.in_thread(lambda: server.client().post("/v1/copy", {}))
        wait_until(others, "the third copy is a task")
        self.cancel_one_of_two(client, request, task)
        self.assertEqual(third.join(30).status, 200)

    def cancel_one_of_two(self, client, request, task):
        self.assertEqual(client.post(f"/v1/tasks/{task['id']}/cancel", {}).status, 200)
        self.assertEqual(request.join(20).code, "cancelled")

    def test_an_import(self):
        project, server, client = self.up()
        document = self.parquet(client, project)
        request, task, _ = self.stopped(server, "import", "/v1/streams/orders/files", document)
        self.assertEqual(task["of"], "orders")
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.send(client, 5)
        before = self.files(project)
        self.cancel(server, request, task)
        self.assertEqual([path for path in self.files(project) if "bulk" in path], [])
        self.assertLessEqual(set(self.files(project)), set(before))
        self.check_sums(client)
        self.assertEqual(client.post("/v1/streams/orders/files", document).json["accepted"], self.sent - 5)

    def test_a_build(self):
        project, server, client = self.up()
        request, task, _ = self.stopped(server, "build", "/v1/builds", {})
        self.assertEqual(task["id"], client.status()["running_build"]["id"])
        # A copy is there at once, its views when the build has ended.
        (project.folder / "data" / "prices.csv").write_text(program.prices_csv(2))
        self.assertEqual(client.post("/v1/copy", {}).status, 200)
        self.send(client, 20)
        self.check_sums(client)
        self.assertEqual(project.run("cancel", task["id"]).returncode, 0)
        answer = request.join(20)
        self.assertEqual((answer.status, answer.code), (409, "cancelled"), answer)
        (build,) = client.get("/v1/builds").json["builds"]
        self.assertEqual((build["id"], build["state"]), (task["id"], "abandoned"))
        self.assertEqual(list(project.data("serving").glob(f"{task['id']}*")), [])
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.check_sums(client, 2)

    def test_a_first_copy_during_a_build(self):
        """The views that waited for it come to life when the build ends, without anybody asking."""
        project = program.write_shop(self.project())
        server = project.start()
        client = server.client()
        self.sent = 0
        self.send(client, 50)
        request, task, _ = self.stopped(server, "build", "/v1/builds", {})
        self.assertEqual(client.post("/v1/copy", {}).status, 200)
        self.cancel(server, request, task)
        wait_until(lambda: client.query("SELECT * FROM gold.by_sku").status == 200, "the views are there")
        self.check_sums(client)

    def test_a_verify(self):
        project, server, client = self.up()
        request, task, _ = self.stopped(server, "verify", "/v1/verify", {})
        second = self.in_thread(lambda: server.client().post("/v1/verify", {}))
        wait_until(lambda: len(client.get("/v1/tasks").json["tasks"]) == 2, "a second verify waits")
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.cancel_one_of_two(client, request, task)
        self.assertEqual([result["result"] for result in second.join(60).json["results"] if result["result"] != "equal"], [])

    def test_limits_of_time(self):
        project, server, client = self.up("copy_timeout_ms: 1500, build_timeout_ms: 2000, verify_timeout_ms: 1500")
        document = self.parquet(client, project)
        for kind, path, body in (("copy", "/v1/copy", {}), ("import", "/v1/streams/orders/files", document), ("build", "/v1/builds", {})):
            request, task, pid = self.stopped(server, kind, path, body)
            answer = request.join(30)
            self.assertEqual((answer.status, answer.code), (408, "task_timeout"), answer)
            self.assertIn(f"the {kind} took longer than", answer.json["detail"])
            self.assertIn("limits." + ("build" if kind == "build" else "copy") + "_timeout_ms", answer.json["hint"])
            self.assertFalse(program.is_program(pid))
        self.assertEqual(client.get("/v1/builds").json["builds"][0]["state"], "failed")
        request, _, _ = self.stopped(server, "verify", "/v1/verify", {})
        results = request.join(30).json["results"]
        self.assertEqual({result["result"] for result in results}, {"failed"})
        self.assertIn("ran longer", results[0]["note"])
        self.check_sums(client)
        self.assertEqual(server.stop(), 0)

    def test_more_stopped_than_there_are_threads(self):
        project, server, client = self.up()
        document = self.parquet(client, project)
        stopped = [self.stopped_import(server, document) for _ in range(6)]
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        for task in client.get("/v1/tasks").json["tasks"]:
            self.assertEqual(client.post(f"/v1/tasks/{task['id']}/cancel", {}).status, 200)
        for request in stopped:
            self.assertEqual(request.join(20).code, "cancelled")
        self.check_sums(client)

    def stopped_import(self, server, document):
        before = server.children()
        request = self.in_thread(lambda: server.client().post("/v1/streams/orders/files", document))

        def stop_child():
            for pid in set(server.children()) - set(before):
                os.kill(pid, signal.SIGSTOP)
                return True
            return False
        wait_until(stop_child, "the child runs", interval=0.0005)
        return request

    def test_a_refused_copy_leaves_nothing(self):
        project, server, client = self.up()
        before = self.files(project)
        copies = client.status()["tables"]
        path = project.folder / "data" / "prices.csv"
        for text in ("sku,factor\nsku0,many\n", "sku\nx\n", "sku,factor\nsku0,1,2\n", "\0\xff"):
            path.write_text(text, encoding="latin-1")
            answer = client.post("/v1/copy", {})
            self.assertIn(answer.status, (400, 404), answer)
            self.assertEqual(self.files(project), before)
        request, _, pid = self.stopped(server, "copy", "/v1/copy", {})
        self.assertTrue(server.kill_child(pid))
        self.assertEqual(request.join(20).status, 503)
        self.assertEqual(self.files(project), before)
        self.assertEqual(client.status()["tables"], copies)


if __name__ == "__main__":
    program.main()
