#!/usr/bin/env python3
"""L1 under kill -9: clients send while the server is killed again and again; what was acknowledged is there, once, at its offset."""

import threading

import program
from program import Client, Case, wait_until

CLIENTS = 3


class Sender:
    """One client. Remembers what was acknowledged and what was sent without an answer."""

    def __init__(self, number, rng, server_now, stopping):
        self.number = number
        self.rng = rng
        self.server_now = server_now  # the server's port, or None while it is down
        self.stopping = stopping
        self.next_id = number * 1_000_000_000
        self.acknowledged = {}  # id → offset
        self.unanswered = []    # lists of ids, one a request
        self.refused = []       # answers that should not have come

    def run(self):
        client, port = None, None
        while not self.stopping.is_set():
            if self.server_now() != port or client is None:
                port = self.server_now()
                if port is None:
                    self.stopping.wait(0.002)  # until there is a server again
                    client = None
                    continue
                client = Client(port)
            ids = list(range(self.next_id, self.next_id + self.rng.choice((1, 1, 5, 20, 100))))
            self.next_id = ids[-1] + 1
            try:
                answer = client.send("orders", [program.order(id, self.number, self.rng) for id in ids])
            except Client.GONE:
                self.unanswered.append(ids)
                client = None
                self.stopping.wait(0.005)
                continue
            if answer.status != 200:
                self.unanswered.append(ids)
                self.refused.append(answer)
                continue
            self.remember(ids, answer.json)

    def remember(self, ids, answer):
        offsets = [offset for part in answer["ranges"] for offset in range(part["first_offset"], part["last_offset"] + 1)]
        if answer["accepted"] != len(ids) or len(offsets) != len(ids):
            raise AssertionError(f"{len(ids)} events sent: {answer}")
        self.acknowledged.update(zip(ids, offsets))


class CrashUnderLoadTest(Case):
    def test_L1_acknowledged_events_survive_kill_9_under_load(self):
        project = self.shop()
        project_server = project.start()
        port = [project_server.port]
        stopping = threading.Event()
        senders = [Sender(number, program.random.Random(self.seed * 10 + number), lambda: port[0], stopping)
                   for number in range(1, CLIENTS + 1)]
        running = [self.in_thread(sender.run) for sender in senders]
        acknowledged = lambda: sum(len(sender.acknowledged) for sender in senders)
        try:
            for round in range(program.rounds(5)):
                # Load again after the restart, then some more of it, then kill at a random moment.
                before = acknowledged()
                wait_until(lambda: acknowledged() > before + self.rng.randrange(1, 500), "clients get acknowledgements")
                if round % 2 == 1:  # with a build, so that offsets lie in the archive, in slices and in the log
                    self.assertEqual(project_server.client().post("/v1/builds", {}).status, 200)
                stopping.wait(self.rng.uniform(0, 0.5))
                project_server.kill()
                port[0] = None
                project_server = project.start()
                port[0] = project_server.port
                self.check_present(project_server.client(), senders, is_final=False)
        finally:
            stopping.set()
        for sender in running:
            sender.join()
        self.check_present(project_server.client(), senders, is_final=True)
        self.assertEqual([answer for sender in senders for answer in sender.refused], [])
        self.wait_applied(project_server.client())
        self.check_verify(project)
        self.assertEqual(project_server.stop(), 0)
        self.check_verify(project)  # and without a server, after a stop in peace
        unanswered = sum(len(ids) for sender in senders for ids in sender.unanswered)
        print(f"  {acknowledged()} acknowledged, {unanswered} without an answer")

    def check_present(self, client, senders, is_final):
        acknowledged, unanswered = {}, {}
        for sender in senders:
            # What is remembered now must be in an answer that is asked for afterwards.
            acknowledged.update(sender.acknowledged.copy())
        last = max(acknowledged.values(), default=-1)
        rows = client.rows("SELECT id, _offset FROM bronze.orders ORDER BY _offset", min_offset={"orders": max(last, 0)})
        self.assertEqual([offset for _, offset in rows], list(range(len(rows))), "offsets are not dense")
        stored = {}
        for id, offset in rows:
            self.assertNotIn(id, stored, f"event {id} is stored twice")
            stored[id] = offset
        wrong = {id: (offset, stored.get(id)) for id, offset in acknowledged.items() if stored.get(id) != offset}
        self.assertEqual(wrong, {}, "acknowledged events that are not at their offset (acknowledged, stored)")
        if not is_final:
            return
        for sender in senders:
            for ids in sender.unanswered:
                offsets = [stored[id] for id in ids if id in stored]
                # One request is one batch of the log: there as a whole, in its order, or not at all.
                if offsets:
                    self.assertEqual(offsets, list(range(offsets[0], offsets[0] + len(ids))), "half a request is stored")
                unanswered.update(dict.fromkeys(ids))
        strangers = [id for id in stored if id not in acknowledged and id not in unanswered]
        self.assertEqual(strangers, [], "events that nobody sent")


if __name__ == "__main__":
    program.main()
