#!/usr/bin/env python3
"""L1's second half under kill -9: clients send each request until it is answered; every event is there once, and what is asked again later
gets the first answer."""

import threading
import uuid

import program
from program import Client, Case, wait_until

REMEMBERED = 8  # answers of a producer that the log keeps


class Sender:
    """One client that numbers its requests, or gives each a key, and repeats one until it has an answer."""

    def __init__(self, number, rng, server_now, stopping, has_keys):
        self.number = number
        self.rng = rng
        self.server_now = server_now  # the server's port, or None while it is down
        self.stopping = stopping
        self.has_keys = has_keys
        self.requests = []  # (headers, body, number of events, the answer)
        self.repeats = 0    # requests that had to be sent again
        self.wrong = []     # answers that should not have come

    def run(self):
        while not self.stopping.is_set():
            number = len(self.requests)
            ids = [self.number * 1_000_000_000 + number * 1000 + i for i in range(self.rng.choice((1, 1, 5, 50)))]
            body = "".join(program.json.dumps(program.order(id, self.number, self.rng)) + "\n" for id in ids)
            headers = {"Content-Type": "application/x-ndjson"}
            if self.has_keys:
                headers["Idempotency-Key"] = str(uuid.UUID(int=self.rng.getrandbits(128)))
            else:
                headers |= {"X-Producer-Id": f"sender {self.number}", "X-Sequence": str(number)}
            answer = self.send_until_answered(headers, body)
            if answer is None:
                return
            if answer.status != 200 or answer.json["accepted"] != len(ids):
                self.wrong.append(answer)
                return
            self.requests.append((headers, body, len(ids), answer))
            if self.rng.randrange(5) == 0:
                self.repeat_an_old_one()

    def send_until_answered(self, headers, body):
        for attempt in range(10_000):
            port = self.server_now()
            if port is not None:
                try:
                    self.repeats += attempt > 0
                    return Client(port).request("POST", "/v1/streams/orders/events", body, headers)
                except Client.GONE:
                    pass
            if self.stopping.wait(0.005):
                # One that may be stored is asked for at the end.
                self.last = (headers, body)
                return None
        raise AssertionError("no answer")

    def repeat_an_old_one(self):
        headers, body, _, first = self.rng.choice(self.requests[-REMEMBERED + 1:])
        again = self.send_until_answered(headers, body)
        self.last = None  # that one was answered before
        if again is not None and (again.body != first.body or again.headers.get("idempotent-replayed") != "true"):
            self.wrong.append(again)

    last = None


class ExactlyOnceTest(Case):
    def test_L1_what_is_sent_again_is_stored_once_under_kill_9(self):
        project = self.shop()
        server = project.start()
        port = [server.port]
        stopping = threading.Event()
        senders = [Sender(number, program.random.Random(self.seed * 10 + number), lambda: port[0], stopping, number % 2 == 0)
                   for number in range(1, 5)]
        running = [self.in_thread(sender.run) for sender in senders]
        answered = lambda: sum(len(sender.requests) for sender in senders)
        try:
            for round in range(program.rounds(5)):
                before = answered()
                wait_until(lambda: answered() > before + self.rng.randrange(20, 200), "clients get answers")
                if round % 2 == 1:
                    self.assertEqual(server.client().post("/v1/builds", {}).status, 200)
                server.kill()
                port[0] = None
                server = project.start()
                port[0] = server.port
        finally:
            stopping.set()
        for sender in running:
            sender.join()
        self.assertEqual([answer for sender in senders for answer in sender.wrong], [])
        client = server.client()
        for sender in senders:
            if sender.last:
                headers, body = sender.last
                answer = client.request("POST", "/v1/streams/orders/events", body, headers)
                self.assertEqual(answer.status, 200, repr(answer))
                sender.requests.append((headers, body, answer.json["accepted"], answer))
        expected = sum(count for sender in senders for _, _, count, _ in sender.requests)
        count, ids = client.row("SELECT count(*), count(DISTINCT id) FROM bronze.orders", min_offset="latest")
        self.assertEqual((count, ids), (expected, expected), "events stored, and different ones; once each was sent")
        for sender in senders:
            if not sender.has_keys:
                position = client.get(f"/v1/streams/orders/producers/sender%20{sender.number}").json
                self.assertEqual(position["next_sequence"], len(sender.requests))
        self.check_verify(project)
        print(f"  {expected} events in {answered()} requests, {sum(sender.repeats for sender in senders)} sent again")

    def test_L1_an_interrupted_ingest_goes_on(self):
        project = self.shop()
        server = project.start()
        client = server.client()
        events = 100_000  # several parts of 4 MiB
        path = self.folder / "orders.ndjson"
        path.write_text("".join(program.json.dumps(program.order(id, 1, self.rng)) + "\n" for id in range(events)))
        arguments = [program.PROGRAM, "ingest", "orders", str(path), "--json", "--project", str(project.folder)]
        durable = lambda: client.status()["streams"][0]["durable_offsets"][0]
        running = program.subprocess.Popen(arguments, stdout=program.subprocess.DEVNULL, stderr=program.subprocess.DEVNULL)
        wait_until(lambda: durable() > 0 or running.poll() is not None, "a part is taken in", interval=0.001)
        running.kill()
        running.wait()
        server.kill()
        server = project.start()
        client = server.client()

        def run(*more):
            done = program.command(*arguments[1:], *more)
            self.assertEqual(done.returncode, 0, done.stderr)
            return program.json.loads(done.stdout)
        before = durable()
        first = run()
        self.assertEqual(before + first["accepted"], events)
        self.assertGreater(first["parts_taken_before"], 0)
        self.assertEqual(client.row("SELECT count(*), count(DISTINCT id) FROM bronze.orders", min_offset="latest"), [events, events])
        again = run()
        self.assertEqual((again["accepted"], again["ranges"]), (0, []))
        self.assertEqual(run("--again")["accepted"], events)
        self.assertEqual(client.row("SELECT count(*), count(DISTINCT id) FROM bronze.orders", min_offset="latest"),
                         [2 * events, events])
        print(f"  {before} of {events} events were in when it was interrupted")


class OverPartitionsTest(ExactlyOnceTest):
    PARTITIONS = 4
    test_L1_an_interrupted_ingest_goes_on = None


if __name__ == "__main__":
    program.main()
