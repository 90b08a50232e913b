"""The monitor: alone, with the tutorial's numbers, and a client's own."""

import json
import logging
import re
import socket
import sys

from holysheep import RateLimitMetrics, RateLimitMonitor, RequestError
from pools import SECONDS_MAX, PoolTest, chat, output_of
from test_document import EXAMPLES

LIMITED = {"replies": [{"status": 429, "headers": {"Retry-After": "30"}}]}


class Monitor(PoolTest):
    def test_the_tutorials_example(self):
        out = output_of(f"import runpy; runpy.run_path({str(EXAMPLES / 'monitor.py')!r}, run_name='__main__')")
        summary, prometheus, health, alerts = re.split(r"\n?=== .* ===\n", out)[1:]
        found = json.loads(summary)
        self.assertEqual(found["holysheep_primary_total_requests"], 100)
        self.assertEqual(found["holysheep_primary_avg_latency_ms"], 150.5)
        self.assertEqual(found["holysheep_backup_1_rate_limited_requests"], 8)
        self.assertEqual(found["holysheep_backup_1_total_retries"], 16)
        self.assertEqual(found["holysheep_backup_1_rate_limit_rate"], 100)
        self.assertIn('endpoint="backup-1"', prometheus)
        self.assertEqual(json.loads(health)["overall_status"], "critical")
        self.assertEqual(len(json.loads(alerts)), 1)

    def test_metrics_by_endpoint(self):
        monitor = RateLimitMonitor()
        monitor.record_request("a", True, 200, 10.0)
        monitor.record_request("a", False, 500, 20.0, retry_count=1)
        found = monitor.metrics["a"]
        self.assertIsInstance(found, RateLimitMetrics)
        self.assertEqual((found.total_requests, found.successful_requests, found.failed_requests),
                         (2, 1, 1))
        self.assertEqual((found.total_latency_ms, found.total_retry_count), (30.0, 1))
        self.assertIsNone(found.last_rate_limited_at)
        self.assertEqual(found.rate_limit_recovery_times, [])

    def test_alerts_and_threshold(self):
        monitor = RateLimitMonitor()
        self.assertEqual(monitor.alert_threshold, 5)
        monitor.alert_threshold = 2
        told = []
        monitor.on_alert = told.append
        for _ in range(4):
            monitor.record_request("a", False, 429, 1.0)
        self.assertEqual(len(monitor.alerts), 1)
        self.assertEqual(monitor.alerts[0]["endpoint"], "a")
        self.assertEqual([each["active"] for each in told], [True])

    def test_bad_input_names_the_field(self):
        monitor = RateLimitMonitor()
        with self.assertRaisesRegex(RequestError, "latency"):
            monitor.record_request("a", True, 200, -1.0)
        with self.assertRaisesRegex(RequestError, "float"):
            monitor.record_request("a", True, "200", 1.0)
        with self.assertRaisesRegex(RequestError, "alert_threshold"):
            monitor.alert_threshold = -1

    def test_a_clients_alerts_reach_its_callback(self):
        client = self.client(LIMITED, {}, isolated=True, monitor={"alert_threshold": 1})
        told = []
        self.assertIs(client.monitor, client.monitor)
        client.monitor.on_alert = told.append
        for _ in range(2):  # the second brings what the first has raised, at the latest
            chat(client)
        self.assertEqual([each["endpoint"] for each in told], ["primary"])

    def test_alerts_reach_the_callback_through_streams_and_other_clients(self):
        pool, told = self.pool(LIMITED, {}), []
        first, other = (pool.client(monitor={"alert_threshold": 1}) for _ in range(2))
        first.monitor.on_alert = told.append
        self.assertIsNone(other.monitor.on_alert)
        for _ in range(2):
            list(chat(other, stream=True))
        self.assertEqual([each["endpoint"] for each in told], ["primary"])

    def test_a_callback_outlives_the_client_of_one_request(self):
        pool = self.pool(LIMITED, {})
        told = []
        pool.client(monitor={"alert_threshold": 1}).monitor.on_alert = told.append
        for _ in range(2):
            with pool.client(monitor={"alert_threshold": 1}) as client:
                chat(client)
        self.assertEqual(len(told), 1)

    def test_clients_of_one_engine_are_told_each(self):
        pool = self.pool(LIMITED, {})
        clients = [pool.client(monitor={"alert_threshold": 1}) for _ in range(3)]
        told = [[], [], []]
        for client, its in zip(clients[:2], told):
            client.monitor.on_alert = its.append
        self.assertIsNone(clients[2].monitor.on_alert)
        for _ in range(2):
            chat(clients[2])
        self.assertEqual([len(its) for its in told], [1, 1, 0])
        self.assertEqual(told[0], told[1])
        clients[0].monitor.on_alert = None
        clients[1].monitor.on_alert = told[2].append
        pool.set("primary", **LIMITED)
        pool.advance(clients[0], 3600)
        for _ in range(3):
            chat(clients[0])
        self.assertEqual([len(its) for its in told[:2]], [1, 1])
        self.assertTrue(told[2])

    def test_callbacks_of_clients_that_are_gone_do_not_pile_up(self):
        pool, told = self.pool(LIMITED, {}), []
        for _ in range(5):
            client = pool.client(monitor={"alert_threshold": 1})
            client.monitor.on_alert = told.append
            chat(client)
            del client
        self.assertEqual(len(told), 1)

    def test_a_client_with_another_key_has_another_monitor(self):
        pool = self.pool()
        client = pool.client()
        monitor = client.monitor
        client.pool.set_key("another")
        chat(client)
        self.assertIs(client.monitor, monitor)
        other = pool.client()
        self.assertIsNot(other.monitor, monitor)
        self.assertEqual(other.monitor.metrics["primary"].total_requests, 0)

    def test_what_a_callback_raises_is_shown(self):
        shown, before = [], sys.excepthook
        self.addCleanup(setattr, sys, "excepthook", before)
        sys.excepthook = lambda kind, *_: shown.append(kind)
        monitor = RateLimitMonitor(alert_threshold=1)
        monitor.on_alert = lambda _: 1 / 0
        monitor.record_request("a", False, 429, 1.0)
        self.assertEqual(shown, [ZeroDivisionError])
        with self.assertRaisesRegex(RequestError, "callable"):
            monitor.on_alert = 5

    def test_a_client_has_its_own(self):
        client = self.client(LIMITED, {}, isolated=True)
        chat(client)
        found = client.monitor.metrics
        self.assertEqual(found["primary"].rate_limited_requests, 1)
        self.assertEqual(found["backup-1"].successful_requests, 1)
        self.assertIn("overall_status", client.health())

    def test_what_is_no_line_of_the_tutorial_keeps_its_level(self):
        with self.assertLogs("holysheep", logging.WARNING) as caught:
            client = self.client(LIMITED, {}, isolated=True, monitor={"alert_threshold": 1})
            for _ in range(2):
                chat(client)
        record, = [each for each in caught.records if each.getMessage().startswith("alert")]
        self.assertEqual((record.levelname, record.endpoint), ("WARNING", "primary"))
        self.assertRegex(record.getMessage(), "^alert, warning: .*429.*cause rate_limit, endpoint primary")

    def test_a_monitor_says_where_it_listens(self):
        client = self.client({}, isolated=True, monitor={"listen": "127.0.0.1:0"})
        host, port = client.monitor.listen.rsplit(":", 1)
        with socket.create_connection((host, int(port)), SECONDS_MAX):
            pass
        for monitor in (self.client({}, isolated=True).monitor, RateLimitMonitor()):
            self.assertIsNone(monitor.listen)

    def test_a_monitor_that_does_not_listen_is_a_warning(self):
        with socket.create_server(("127.0.0.1", 0)) as taken, \
                self.assertLogs("holysheep", logging.WARNING) as caught:
            address = "127.0.0.1:{}".format(taken.getsockname()[1])
            for _ in range(2):
                client = self.client({}, monitor={"listen": address})
                chat(client)
        line, = [each.getMessage() for each in caught.records]
        self.assertIn("the monitor does not listen", line)
        self.assertIn(address, line)
