"""`holysheep top`, `metrics` and `health` against a running monitor."""

import json
import tempfile
import unittest
from pathlib import Path

import library
import program
from test_endpoint import Receiver


class Commands(unittest.TestCase):
    def setUp(self):
        self.mock = library.Mock([
            {"name": "primary", "replies": [{"status": 429, "headers": {"Retry-After": "90"}}]},
            {"name": "backup-1"},
        ])
        self.addCleanup(self.mock.close)

    def open(self, **monitor):
        client = library.Client(self.mock, monitor={"listen": ":0", **monitor},
                                prices=library.PRICES)
        self.addCleanup(client.close)
        return client, client.address()

    def test_metrics(self):
        client, address = self.open()
        client.call()
        done = program.run("metrics", address)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('holysheep_calls_total{result="succeeded"} 1\n', done.stdout)

    def test_health_is_an_exit_status(self):
        client, address = self.open()
        client.call()
        done = program.run("health", address)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("ok, endpoints healthy, calls failed 0 of 1\n"))
        self.mock.set("backup-1", {"replies": [{"status": 401}], "then": "last"})
        client.call()
        done = program.run("health", address, "--json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["reason"], "no endpoint can take a call")

    def test_over_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            client, address = self.open(listen=f"unix:{folder}/a.sock", token="an-example-token")
            client.call()
            done = program.run("metrics", address)
            self.assertEqual(done.returncode, 1)
            self.assertIn("wants a token", done.stderr)
            token = Path(folder) / "token"
            token.write_text("an-example-token\n")
            done = program.run("metrics", address, "--token-file", str(token))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn('holysheep_calls_total{result="succeeded"} 1\n', done.stdout)
            self.assertEqual(program.run("health", address, "--token-file", str(token)).returncode, 0)
            done = program.run("top", address, "--token-file", str(token))
            self.assertEqual(done.returncode, 0)
            self.assertIn("primary", done.stdout)
            client.close()
            done = program.run("top", address)
            self.assertEqual(done.returncode, 1)
            self.assertIn("nothing answers at " + address, done.stderr)

    def test_check_asks_the_status_page_too(self):
        page = Receiver()
        self.addCleanup(page.close)
        page.page_type = "application/json"
        page.page = b'{"status": {"indicator": "major", "description": "Major outage"}}'
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "pool.json"
            config.write_text(json.dumps(self.mock.config()))
            done = program.run("check", "--config", str(config), "--status-page", page.url)
            self.assertIn(f"status page {page.url}: Major outage\n", done.stdout)
            done = program.run("check", "--config", str(config), "--status-page", "nowhere")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--status-page: url: expected a URL", done.stderr)

    def test_top_once(self):
        client, address = self.open(alert_threshold=1)
        client.call()
        done = program.run("top", address)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("rate_limited", done.stdout)
        self.assertIn("primary → backup-1", done.stdout)
        self.assertIn("primary answered 1 request with 429 (rate limit)", done.stdout)
        self.assertNotIn("\x1b", done.stdout)

    def test_top_on_a_terminal_ends_with_control_c(self):
        client, address = self.open()
        client.call()
        terminal = program.Terminal("top", address, NO_COLOR="1")
        terminal.read_until("backup-1")
        terminal.type("\x03")
        self.assertEqual(terminal.finish(), 0)

    def test_a_token(self):
        client, address = self.open(token="an-example-token")
        done = program.run("health", address)
        self.assertEqual(done.returncode, 1)
        self.assertIn("wants a token: --token-file PATH", done.stderr)
        self.assertEqual(
            program.run("health", address, HOLYSHEEP_MONITOR_TOKEN="an-example-token").returncode, 0)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "token"
            path.write_text("an-example-token\n")
            done = program.run("health", address, "--token-file", str(path))
            self.assertEqual(done.returncode, 0)

    def test_nothing_there(self):
        for command in ("top", "metrics", "health"):
            done = program.run(command, "127.0.0.1:9")
            self.assertEqual(done.returncode, 1)
            self.assertIn("nothing answers at 127.0.0.1:9", done.stderr)
