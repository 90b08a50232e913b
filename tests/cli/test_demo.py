"""`holysheep demo`, piped and on a terminal, and `holysheep simulate`."""

import json
import signal
import subprocess
import unittest

from program import PROGRAM, Terminal, environment, run


class Piped(unittest.TestCase):
    def test_no_call_fails_and_some_move(self):
        done = run("demo", "--seconds", "4")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("\x1b", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^\d+\.\ds primary rate_limited cooldown_left=\d")
        self.assertRegex(done.stdout, r"(?m)^failed calls +0$")
        self.assertRegex(done.stdout, r"(?m)^429s absorbed +[1-9]")
        self.assertRegex(done.stdout, r"(?m)^failovers +[1-9]")
        self.assertRegex(done.stdout, r"(?m)^served by +.*backup-1 \d+.*primary \d+")
        self.assertIn("export HOLYSHEEP_API_KEY", done.stdout)
        self.assertIn(f"{PROGRAM} chat", done.stdout)

    def test_too_few_calls_for_a_failover_is_no_success(self):
        done = run("demo", "--calls", "3")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^calls +3$")
        self.assertIn("No call had to move", done.stdout)

    def test_signal(self):
        process = subprocess.Popen([PROGRAM, "demo", "--seconds", "60"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, encoding="utf-8", env=environment())
        while "primary" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("Interrupted", output)
        self.assertIn("calls ", output)


class OnATerminal(unittest.TestCase):
    def test_a_live_table_and_a_summary(self):
        terminal = Terminal("demo", "--seconds", "3")
        self.assertEqual(terminal.finish(), 0, terminal.text)
        for title in ("endpoint", "status", "cooldown left", "requests", "429s", "latency"):
            self.assertIn(title, terminal.text)
        self.assertIn("\x1b[?25l", terminal.text)
        self.assertIn("\x1b[?25h", terminal.text)
        self.assertIn("\x1b[32mhealthy", terminal.text)
        self.assertIn("429s absorbed", terminal.text)

    def test_no_color(self):
        terminal = Terminal("demo", "--seconds", "2", NO_COLOR="1")
        terminal.finish()
        self.assertNotRegex(terminal.text, "\x1b\\[[0-9;]*m")

    def test_a_dumb_terminal_gets_plain_lines(self):
        terminal = Terminal("demo", "--seconds", "2", TERM="dumb")
        terminal.finish()
        self.assertNotIn("\x1b", terminal.text)
        self.assertIn("requests=", terminal.text)

    def test_ctrl_c_restores_the_cursor(self):
        terminal = Terminal("demo", "--seconds", "60")
        terminal.read_until("healthy")
        terminal.type("\x03")
        self.assertEqual(terminal.finish(), 130)
        self.assertIn("\x1b[?25h", terminal.text)
        self.assertIn("Interrupted", terminal.text)


class Simulate(unittest.TestCase):
    SCENARIO = json.dumps({
        "version": 1, "name": "one limited", "seed": 5, "duration_ms": 60000,
        "config": {"version": 1, "endpoints": [
            {"name": "primary", "url": "https://primary.example/v1", "share_key": True},
            {"name": "backup", "url": "https://backup.example/v1", "share_key": True}]},
        "providers": {"primary": {"limits": {"rpm": 30}}, "backup": {}},
        "load": {"arrivals": {"poisson_per_s": 2}}})

    def test_a_table(self):
        done = run("simulate", "-", text=self.SCENARIO)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^failed +0$")
        self.assertRegex(done.stdout, r"(?m)^took_ms +p50 \d")
        self.assertRegex(done.stdout, r"(?m)^primary +\d+ +\d+")
        self.assertRegex(done.stdout, r"(?m)^backup +\d+ +\d+")

    def test_the_same_seed_gives_the_same_report(self):
        def report(*words):
            done = run("simulate", "-", "--json", *words, text=self.SCENARIO)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)
        first, second, other = report(), report("--seed", "5"), report("--seed", "6")
        self.assertEqual(first["trace_hash"], second["trace_hash"])
        self.assertNotEqual(first["trace_hash"], other["trace_hash"])
        self.assertEqual((first["seed"], other["seed"]), (5, 6))

    def test_a_wrong_scenario_names_its_path(self):
        done = run("simulate", "-", text='{"version": 1, "laod": {}}')
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("laod", done.stderr)
        self.assertIn("load", done.stderr)


if __name__ == "__main__":
    unittest.main()
