#!/usr/bin/env python3
"""L2: a table changes while events arrive. Every answer is of one version of it, in all views, before and after the handover."""

import threading

import program
from program import Case, Client


class TableChangeTest(Case):
    def test_L2_no_answer_mixes_versions_of_a_table(self):
        project = self.shop()
        server = project.start()
        stopping, port = threading.Event(), [server.port]
        next_id = [0]
        seen_factors = set()

        def write(rng=program.random.Random(self.seed + 1)):
            client = None
            while not stopping.is_set():
                events = [program.order(next_id[0] + i, rng.randrange(20), rng) for i in range(rng.randrange(1, 30))]
                try:
                    client = client or Client(port[0])
                    answer = client.send("orders", events)
                except Client.GONE:
                    client = None
                    stopping.wait(0.005)
                    continue
                self.assertEqual(answer.status, 200, answer)
                next_id[0] += len(events)
                stopping.wait(0.002)  # leave the processor to the readers

        def read():
            events, factor, answers, client = 0, 0, 0, None
            while not stopping.is_set():
                try:
                    client = client or Client(port[0])
                    answer = client.query(program.SHOP_SUMS)
                except Client.GONE:
                    client = None
                    stopping.wait(0.005)
                    continue
                if answer.status == 503:
                    continue
                self.assertEqual(answer.status, 200, answer)
                now, now_factor, build = program.check_shop_sums(answer)
                self.assertGreaterEqual(now, events, "events are gone again")
                self.assertGreaterEqual(now_factor, factor, f"an older version of the table came back with build {build}")
                events, factor, answers = now, now_factor, answers + 1
                seen_factors.add(factor)
            return answers

        def visible_factor(client):
            answer = client.query(program.SHOP_SUMS)
            self.assertEqual(answer.status, 200, answer)
            return program.check_shop_sums(answer)[1]

        workers = [self.in_thread(write), self.in_thread(read), self.in_thread(read)]
        factor, pinned = 1, 1
        try:
            for round in range(program.rounds(4)):
                client = server.client()
                program.wait_until(lambda: next_id[0] > 300 * (round + 1), "events arrive", 60)
                factor = 10 ** (round % 6 + 1) if round < 6 else factor + 7
                project.write("data/prices.csv", program.prices_csv(factor))
                # The command goes through the server that runs. A copy alone changes no answer.
                (table,) = project.json("copy")["tables"]
                self.assertEqual((table["name"], table["changed"]), ("prices", True))
                self.assertEqual(visible_factor(client), pinned)
                if round == 1:  # neither does a restart
                    server.kill()
                    server = project.start()
                    port[0] = server.port
                    client = server.client()
                    self.assertEqual(visible_factor(client), pinned)
                if round == 2:  # nor a build of one view
                    project.json("build", "gold.by_sku")
                    self.assertEqual(visible_factor(client), pinned)
                build = project.json("build")
                self.assertEqual(build["state"], "published")
                pinned = factor
                self.assertEqual(visible_factor(client), pinned)
                (state,) = client.status()["tables"]
                self.assertEqual((state["version"], state["pinned_version"]), (table["version"], table["version"]))
                for worker in workers:
                    if not worker.is_running():
                        worker.join()
        finally:
            stopping.set()
        answers = sum(worker.join() or 0 for worker in workers)
        self.assertGreater(answers, 10)
        self.check_verify(project)
        # The same file once more is no new version.
        (table,) = project.json("copy")["tables"]
        self.assertFalse(table["changed"])
        server.kill()
        self.assertEqual(visible_factor(project.start().client()), pinned)
        print(f"  {next_id[0]} events, {answers} answers, factors seen {sorted(seen_factors)}")


if __name__ == "__main__":
    program.main()
