"""`holysheep mock` as a process, and `holysheep bench` against it."""

import glob
import json
import os
import signal
import socket
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

from program import Mock, run

PRESETS = ["demo", "healthy", "rate-limited", "all-limited", "outage", "bad-key", "slow",
           "broken-streams"]


def post(url):
    request = urllib.request.Request(
        url + "/chat/completions", b'{"model":"m","messages":[{"role":"user","content":"hi"}]}',
        {"Content-Type": "application/json", "Authorization": "Bearer mock-key"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def two_free_ports():
    """The first of two neighbours that are both free."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


class Process(unittest.TestCase):
    def test_prints_urls_that_answer_and_a_configuration(self):
        with Mock(preset="rate-limited") as mock:
            urls = [endpoint["url"] for endpoint in mock.configuration["endpoints"]]
            self.assertEqual([post(url)[0] for url in urls], [429, 200, 200])
            for url in urls:
                self.assertIn(url, mock.output.split("configuration (")[0])

    def test_ends_in_good_order_on_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number.name), Mock(preset="healthy") as mock:
                self.assertEqual(mock.stop(number),
                                 "requests received: primary 0 backup-1 0 backup-2 0\n")
                self.assertEqual(mock.status, 0)

    def test_ports(self):
        port = two_free_ports()
        with Mock([{"name": "a"}, {"name": "b"}], options=["--port", str(port)]) as mock:
            urls = [endpoint["url"] for endpoint in mock.configuration["endpoints"]]
            self.assertEqual(urls, [f"http://127.0.0.1:{port}/v1", f"http://127.0.0.1:{port + 1}/v1"])
            self.assertEqual(post(urls[1])[0], 200)

    def test_every_preset_opens(self):
        for preset in PRESETS:
            with self.subTest(preset), Mock(preset=preset) as mock:
                self.assertEqual(mock.stop().startswith("requests received:"), True)

    def test_a_wrong_script_names_its_path(self):
        done = run("mock", "-", text='{"version": 1, "endpoints": [{"name": "a", "repleis": []}]}')
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("endpoints[0].repleis", done.stderr)
        self.assertIn("replies", done.stderr)
        self.assertEqual(run("mock", "/nonexistent.json").returncode, 2)


class WithACommand(unittest.TestCase):
    def test_the_command_gets_the_pool_and_gives_its_status(self):
        script = ("import json,os,sys; c=json.load(open(os.environ['HOLYSHEEP_CONFIG']));"
                  "print(len(c['endpoints'])); sys.exit(7)")
        with tempfile.TemporaryDirectory() as folder:
            done = run("mock", "--preset", "healthy", "--", sys.executable, "-c", script,
                       TMPDIR=folder)
            self.assertEqual(glob.glob(os.path.join(folder, "*")), [])
        self.assertEqual((done.returncode, done.stdout), (7, "3\n"), done.stderr)
        self.assertIn("requests received: primary 0", done.stderr)

    def test_a_killed_or_missing_command(self):
        done = run("mock", "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
        self.assertEqual(done.returncode, 137)
        done = run("mock", "--", "/nonexistent/command")
        self.assertEqual(done.returncode, 127)
        self.assertIn("cannot run /nonexistent/command", done.stderr)
        self.assertEqual(run("mock", "--").returncode, 2)


class Bench(unittest.TestCase):
    KEYS = {"calls", "seconds", "cpu_us_per_call", "p50_us", "p99_us", "failed"}

    def test_one_json_line(self):
        with Mock(preset="healthy") as mock:
            url = mock.configuration["endpoints"][0]["url"]
            done = run("bench", "--url", url, "-n", "200", "-c", "16")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.count("\n"), 1)
            figures = json.loads(done.stdout)
            self.assertEqual(set(figures), self.KEYS)
            self.assertEqual((figures["calls"], figures["failed"]), (200, 0))
            self.assertGreater(figures["cpu_us_per_call"], 0)
            self.assertGreaterEqual(figures["p99_us"], figures["p50_us"])
            self.assertEqual(mock.stop(), "requests received: primary 200 backup-1 0 backup-2 0\n")

    def test_streams(self):
        with Mock([{"name": "primary", "default": {"tokens": 5}}]) as mock:
            done = run("bench", "--config", mock.config, "-n", "20", "-c", "4", "--stream")
            self.assertEqual(done.returncode, 0, done.stderr)
            figures = json.loads(done.stdout)
            self.assertEqual(set(figures), self.KEYS | {"chunks"})
            self.assertGreaterEqual(figures["chunks"], 100)

    def test_failures_are_counted_and_told(self):
        bad = [{"name": "primary", "then": "last", "replies": [{"error": "invalid_request"}]}]
        with Mock(bad) as mock:
            done = run("bench", "--config", mock.config, "-n", "5", "-c", "2")
            self.assertEqual(done.returncode, 1)
            self.assertEqual(json.loads(done.stdout)["failed"], 5)
            self.assertIn("5 calls failed; the first: bad_request", done.stderr)

    def test_a_key_is_sent_only_when_asked(self):
        with Mock([{"name": "primary", "key": "sk-right"}]) as mock:
            url = mock.configuration["endpoints"][0]["url"]
            words = ["bench", "--url", url, "-n", "1"]
            self.assertEqual(run(*words, HOLYSHEEP_API_KEY="sk-right").returncode, 1)
            self.assertEqual(run(*words, "--with-key", HOLYSHEEP_API_KEY="sk-right").returncode, 0)


if __name__ == "__main__":
    unittest.main()
