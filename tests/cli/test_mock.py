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

from program import SECONDS_MAX, Mock, Recorder, Terminal, finish, run, start

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


    def signalled(self, number, script):
        """The ended wrapper and its output, when `number` was sent to it and to nobody else."""
        with tempfile.TemporaryDirectory() as folder:
            process = start("mock", "--preset", "healthy", "--", sys.executable, "-c", script,
                            TMPDIR=folder)
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.send_signal(number)
            output, errors = finish(process)
            self.assertEqual(glob.glob(os.path.join(folder, "*")), [])
        self.assertIn("requests received: primary 0", errors)
        return process, output

    def test_signals_end_the_command(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number.name):
                script = ("import signal\n"
                          f"signal.signal({int(number)}, signal.SIG_DFL)\n"
                          "print('ready', flush=True)\nsignal.pause()\n")
                process, _ = self.signalled(number, script)
                self.assertEqual(process.returncode, 128 + number)

    def test_a_command_may_end_in_its_own_way(self):
        script = ("import signal\n"
                  "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
                  "print('ready', flush=True)\n"
                  "signal.sigwait({signal.SIGTERM})\n"
                  "print('got it')\n")
        process, output = self.signalled(signal.SIGTERM, script)
        self.assertEqual((process.returncode, output), (143, "got it\n"))

    def test_ctrl_c_reaches_the_command_once_and_its_status_counts(self):
        script = ("import signal,sys\n"
                  "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
                  "print('ready', flush=True)\n"
                  "signal.sigwait({signal.SIGINT})\n"
                  "again = signal.sigtimedwait({signal.SIGINT}, 0.5)\n"
                  "sys.exit(7 if again is None else 8)\n")
        terminal = Terminal("mock", "--", sys.executable, "-c", script)
        terminal.read_until("ready")
        terminal.type("\x03")
        self.assertEqual(terminal.finish(), 7, terminal.text)
        self.assertIn("requests received:", terminal.text)


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

    def test_one_failure_is_no_plural(self):
        bad = [{"name": "primary", "then": "last", "replies": [{"error": "invalid_request"}]}]
        with Mock(bad) as mock:
            done = run("bench", "--config", mock.config, "-n", "1")
            self.assertIn("bench: 1 call failed; the first: bad_request", done.stderr)

    def test_ctrl_c_ends_with_the_figures_until_then(self):
        with Recorder(answers=2) as server:
            process = start("bench", "--config", server.config, "-n", "10", "-c", "1")
            self.assertTrue(server.held.wait(SECONDS_MAX))
            process.send_signal(signal.SIGINT)
            output, errors = finish(process)
            self.assertEqual(process.returncode, 130, errors)
            figures = json.loads(output)
            self.assertEqual((figures["calls"], figures["failed"]), (2, 0))
            self.assertEqual(errors, "holysheep bench: interrupted after 2 of 10 calls\n")

    def test_a_key_is_sent_only_when_asked(self):
        with Mock([{"name": "primary", "key": "sk-right"}]) as mock:
            url = mock.configuration["endpoints"][0]["url"]
            words = ["bench", "--url", url, "-n", "1"]
            self.assertEqual(run(*words, HOLYSHEEP_API_KEY="sk-right").returncode, 1)
            self.assertEqual(run(*words, "--with-key", HOLYSHEEP_API_KEY="sk-right").returncode, 0)


if __name__ == "__main__":
    unittest.main()
