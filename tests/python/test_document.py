"""The tutorial: its class, its examples as written, and its recorded runs."""

import json
import logging
import random
import sys
import threading
from pathlib import Path

from holysheep import (
    AllEndpointsFailedError,
    ConfigError,
    Endpoint,
    EndpointStatus,
    HolySheepFailoverClient,
    InternalServerError,
    RateLimitError,
)
from pools import MESSAGES, MODEL, ROOT, PoolTest, answers, needs, output_of

EXAMPLES = Path(__file__).parent / "document"
RECORDED = json.loads(Path(ROOT, "tests/vectors/document.json").read_text(encoding="utf-8"))
SEED = 20261126
LIMITED = answers(status=429)
BROKEN = answers(status=500)


def failover(pool, **attributes):
    """The tutorial's class with its URLs pointed at a pool."""
    config = pool.config
    endpoints = [Endpoint(url=each["url"] + "/chat/completions", name=each["name"])
                 for each in config["endpoints"]]
    return type("Mine", (HolySheepFailoverClient,), {"ENDPOINTS": endpoints, **attributes})


class Failover(PoolTest):
    def client(self, *scripts, key="YOUR_HOLYSHEEP_API_KEY", **attributes):
        attributes.setdefault("RETRY_DELAY_BASE", 0.001)
        self.made = self.pool(*scripts)
        client = failover(self.made, **attributes)(key, isolated=True)
        self.addCleanup(client.close)
        return client

    def ask(self, client, **more):
        return client.chat_completion_with_failover(MODEL, MESSAGES, **more)

    def test_the_answer_is_a_plain_dict(self):
        client = self.client({}, {}, {})
        answer = self.ask(client, max_tokens=5)
        self.assertIs(type(answer), dict)
        self.assertIs(type(answer["choices"][0]["message"]), dict)
        self.assertIsNone(answer["choices"][0]["message"]["tool_calls"])
        self.ask(client)
        bodies = [json.loads(each.body) for each in self.made.requests]
        self.assertEqual(bodies[0]["max_tokens"], 5)
        self.assertNotIn("max_tokens", bodies[1])
        self.assertEqual(bodies[1]["temperature"], 0.7)

    def test_status_of_the_endpoints(self):
        client = self.client(LIMITED, BROKEN, {})
        self.assertEqual(client.current_endpoint_index, 0)
        self.ask(client)
        self.assertEqual([each.status for each in client.endpoints],
                         [EndpointStatus.RATE_LIMITED, EndpointStatus.DEGRADED,
                          EndpointStatus.HEALTHY])
        self.assertEqual(client.current_endpoint_index, 2)
        self.assertGreater(client.endpoints[0].cooldown_until, 1.7e9)
        self.assertIn("429", client.endpoints[0].last_error)
        self.assertTrue(client.endpoints[0].url.endswith("/chat/completions"))
        self.assertEqual([each.status for each in client.ENDPOINTS], [EndpointStatus.HEALTHY] * 3)

    def test_class_attributes_are_read_when_a_client_is_made(self):
        client = self.client(LIMITED, LIMITED, MAX_RETRIES=5, COOLDOWN_PERIOD=7.5,
                             RETRY_DELAY_BASE=0.002)
        config = client._client.pool.config()
        self.assertEqual(config["policy"], "document")
        self.assertEqual(config["retry"]["base_delay_ms"], 2)
        self.assertEqual((config["cooldown_ms"], config["cooldown_base_ms"]), (7500, 7500))
        with self.assertRaises(AllEndpointsFailedError) as caught:
            self.ask(client)
        self.assertEqual(caught.exception.attempts, 5)

    def test_class_attributes_at_their_edges(self):
        client = self.client({}, COOLDOWN_PERIOD=0)
        self.assertEqual(client._client.pool.config()["cooldown_ms"], 1)
        urls = [{"url": self.made.urls[0] + "/chat/completions", "name": "mine"}]
        self.assertEqual(self.client({}, ENDPOINTS=urls).endpoints[0].name, "mine")
        for name, value in (("MAX_RETRIES", 0), ("MAX_RETRIES", "3"), ("COOLDOWN_PERIOD", "x"),
                            ("RETRY_DELAY_BASE", None), ("ENDPOINTS", [{"url": "x"}])):
            with self.assertRaisesRegex(ConfigError, name):
                self.client({}, **{name: value})

    def test_the_last_error_counts_and_carries_its_cause(self):
        with self.assertRaises(AllEndpointsFailedError) as caught:
            self.ask(self.client(BROKEN, LIMITED, BROKEN))
        self.assertIn("3 attempts", str(caught.exception))
        self.assertIsInstance(caught.exception, InternalServerError)
        self.assertIsInstance(caught.exception.__cause__, InternalServerError)
        with self.assertRaises(RateLimitError):
            self.ask(self.client(LIMITED, LIMITED, LIMITED))

    def test_recorded_runs_of_the_tutorials_class(self):
        runs = [run for run in RECORDED["runs"] if run[0] == "python" and run[1] == 0]
        for _, _, script, calls, _ in random.Random(SEED).sample(runs, 40):
            with self.subTest(script):
                self.replay(script, calls)

    def replay(self, script, calls):
        statuses = {"4": 429, "5": 500, "2": 200}
        requests = [request for call in calls for request in call[3]]
        script = script.ljust(len(requests), "2")
        replies = [[], [], []]
        for (_, endpoint), answer in zip(requests, script):
            replies[endpoint].append({"status": statuses[answer]})
        client = self.client(*({"replies": each} for each in replies))
        for result, _, after, attempts in calls:
            try:
                self.ask(client)
                found = "ok"
            except AllEndpointsFailedError as error:
                found = "failed"
                self.assertEqual(error.attempts, len(attempts))
            self.assertEqual(found, result)
            self.assertEqual("".join(each.status.value[0] for each in client.endpoints), after)
        names = RECORDED["endpoints"]
        self.assertEqual([each.endpoint for each in self.made.requests],
                         [names[endpoint] for _, endpoint in requests])

    def test_the_status_page(self):
        page = self.pool({"replies": [{"status": 503}]})
        client = self.client({})
        found = [bool(client.check_service(page.urls[0])) for _ in range(2)]
        self.assertEqual(found, [False, True])

    def test_log_lines(self):
        client = self.client(LIMITED, BROKEN, LIMITED)
        with self.assertLogs("holysheep", logging.INFO) as caught:
            with self.assertRaises(AllEndpointsFailedError):
                self.ask(client)
        lines = [f"{each.levelname} {each.getMessage()}" for each in caught.records]
        self.assertEqual(lines, [
            "INFO trying primary (attempt 1/3)",
            "ERROR 429 rate limit: primary - 429 rate_limited",
            "WARNING endpoint primary - 429 rate limit, cooldown begins",
            "INFO trying again after 0.001 s",
            "INFO trying backup-1 (attempt 2/3)",
            "ERROR attempt failed: backup-1 - 500 server_error",
            "INFO trying backup-2 (attempt 3/3)",
            "ERROR 429 rate limit: backup-2 - 429 rate_limited",
            "WARNING endpoint backup-2 - 429 rate limit, cooldown begins",
        ])
        record = caught.records[1]
        self.assertEqual((record.endpoint, record.attempt, record.verdict),
                         ("primary", 1, "rate_limited"))
        self.assertTrue(record.request_id)

    def test_a_log_handler_that_raises_takes_no_answer_away(self):
        class Broken(logging.Handler):
            def emit(self, record):
                raise ZeroDivisionError

        shown, before = [], sys.excepthook
        self.addCleanup(setattr, sys, "excepthook", before)
        sys.excepthook = lambda kind, *_: shown.append(kind)
        logger, handler = logging.getLogger("holysheep"), Broken()
        logger.setLevel(logging.INFO)
        self.addCleanup(logger.setLevel, logging.NOTSET)
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        self.assertTrue(self.ask(self.client({})))
        self.assertEqual(set(shown), {ZeroDivisionError})

    def test_log_lines_come_while_the_call_waits(self):
        client = self.client({"replies": [{"status": 429}]}, {}, {}, RETRY_DELAY_BASE=3600)
        waiting = threading.Event()

        class Handler(logging.Handler):
            def emit(self, record):
                if "3600" in record.getMessage():
                    waiting.set()

        logger = logging.getLogger("holysheep")
        handler = Handler()
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        logger.setLevel(logging.INFO)
        self.addCleanup(logger.setLevel, logging.NOTSET)
        thread = threading.Thread(target=self.ask, args=(client,))
        thread.start()
        self.assertTrue(waiting.wait(30))
        self.made.advance(client, 3600)
        thread.join(30)
        self.assertFalse(thread.is_alive())

    def test_nothing_is_printed_without_logging(self):
        out = output_of("""
            import logging
            from holysheep import MockPool
            with MockPool([{"replies": [{"status": 429}]}, {}]) as pool:
                pool.client(policy="document", retry={"base_delay_ms": 0}).chat.completions.create(
                    model="m", messages=[])
        """)
        self.assertEqual(out, "")


class Examples(PoolTest):
    def example(self, name, *, others=False, main="__main__", **environment):
        preamble = f"""
            import json, os, runpy
            from holysheep import Endpoint, HolySheepFailoverClient
            HolySheepFailoverClient.ENDPOINTS = [
                Endpoint(url=each["url"] + "/chat/completions", name=each["name"])
                for each in json.loads(os.environ["TEST_CONFIG"])["endpoints"]]
            runpy.run_path({str(EXAMPLES / name)!r}, run_name={main!r})
        """
        return output_of(preamble, others=others, **environment)

    def environment(self, pool):
        return {"TEST_CONFIG": json.dumps(pool.config), "HOLYSHEEP_CONFIG": json.dumps(pool.config),
                "TEST_BASE_URL": pool.urls[0]}

    def test_the_failover_client(self):
        pool = self.pool({"replies": [{"status": 500}]}, {}, {})
        self.assertEqual(self.example("failover.py", **self.environment(pool)),
                         "응답 성공: Hello from backup-1....\n")
        self.assertEqual(pool.requests[1].key, "YOUR_HOLYSHEEP_API_KEY")
        pool = self.pool(BROKEN, BROKEN, BROKEN)
        out = self.example("failover.py", **self.environment(pool))
        self.assertTrue(out.startswith("모든 시도 실패: Error code: 500"), out)

    def test_the_client(self):
        pool = self.pool({"replies": [{"status": 429}]}, {})
        self.assertEqual(self.example("client.py", **self.environment(pool)),
                         "Hello from backup-1.\n")

    def test_the_connection_test(self):
        pool = self.pool({"key": "sk-good"})
        environment = self.environment(pool)
        del environment["HOLYSHEEP_CONFIG"]
        out = self.example("connection.py", HOLYSHEEP_API_KEY="sk-good", **environment)
        self.assertEqual(out, "API 연결 성공!\n")
        out = self.example("connection.py", HOLYSHEEP_API_KEY="sk-wrong", **environment)
        self.assertTrue(out.startswith("연결 실패: Error code: 401"), out)
        self.assertNotIn("sk-wrong", out)

    @needs("openai")
    def test_the_recipes(self):
        limited = self.pool({"replies": [{"status": 429}, {"status": 429}]})
        broken = self.pool({"replies": [{"status": 503}, {"status": 503}]})
        out = output_of(f"""
            import json, runpy, sys, time
            from holysheep import HolySheepClient
            time.sleep = lambda seconds: print("sleeps", seconds)
            found = runpy.run_path({str(EXAMPLES / "recipes.py")!r})
            for recipe, url in (("request_with_retry", {limited.urls[0]!r}),
                                ("resilient_request", {broken.urls[0]!r})):
                client = HolySheepClient(api_key="k", base_url=url, policy="document",
                                         max_retries=0)
                print(found[recipe](client, "gpt-4.1", []).choices[0].message.content)
        """, others=True)
        lines = out.splitlines()
        self.assertEqual(lines[1], "sleeps 1")
        self.assertEqual(lines[-1], "Hello from primary.")
        self.assertIn("503 오류, 2초 후 재시도 (1/5)", lines)
        self.assertIn("sleeps 4", lines)
