"""`holysheep check`, `status` and `config`."""

import json
import signal
import unittest

from program import SECONDS_MAX, Mock, Recorder, finish, run, start

MIXED = [{"name": "good"}, {"name": "limited", "then": "last", "replies": [
    {"error": "rate_limit_rpm", "retry_after_ms": 30000}]}, {"name": "gone", "refuse": True}]


class Check(unittest.TestCase):
    def test_all_well(self):
        with Mock(preset="healthy") as mock:
            done = run("check", "--config", mock.config)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            lines = done.stdout.splitlines()
            self.assertEqual([line.split()[:3] for line in lines[1:]],
                             [["primary", "ok", "200"], ["backup-1", "ok", "200"],
                              ["backup-2", "ok", "200"]])
            self.assertEqual(mock.stop(), "requests received: primary 1 backup-1 1 backup-2 1\n")

    def test_one_line_each_and_no_failover(self):
        with Mock(MIXED) as mock:
            done = run("check", "--config", mock.config)
            self.assertEqual(done.returncode, 1)
            rows = [line.split() for line in done.stdout.splitlines()[1:]]
            self.assertEqual([row[:3] for row in rows],
                             [["good", "ok", "200"], ["limited", "failed", "429"],
                              ["gone", "failed", "-"]])
            self.assertEqual(mock.stop(), "requests received: good 1 limited 1 gone 0\n")

    def test_model_of_the_endpoint(self):
        with Mock([{"name": "only", "models": ["tiny"]}]) as mock:
            configuration = dict(mock.configuration)
            configuration["endpoints"][0]["models"] = ["tiny"]
            done = run("check", "--config", "-", text=json.dumps(configuration))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("tiny", done.stdout)

    def test_missing_key(self):
        done = run("check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("HOLYSHEEP_API_KEY", done.stderr)


    def test_ctrl_c(self):
        for words in (["check"], ["status", "--check"]):
            with self.subTest(words), Recorder(answers=0) as server:
                process = start(*words, "--config", server.config)
                self.assertTrue(server.held.wait(SECONDS_MAX))
                process.send_signal(signal.SIGINT)
                _, errors = finish(process)
                self.assertEqual(process.returncode, 130, errors)


class Status(unittest.TestCase):
    def test_a_fresh_pool_is_healthy(self):
        with Mock(preset="healthy") as mock:
            done = run("status", "--config", mock.config)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.count("healthy"), 3)
            self.assertIn("http://127.0.0.1", done.stdout)
            self.assertEqual(mock.stop(), "requests received: primary 0 backup-1 0 backup-2 0\n")

    def test_after_a_check(self):
        with Mock(MIXED) as mock:
            done = run("status", "--check", "--config", mock.config)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stdout, r"limited +rate_limited +(29|30)\.\d s")

    def test_json(self):
        with Mock(preset="healthy") as mock:
            done = run("status", "--check", "--json", "--config", mock.config)
            self.assertEqual(done.returncode, 0, done.stderr)
            endpoints = json.loads(done.stdout)["endpoints"]
            self.assertEqual([(one["name"], one["status"], one["attempts"]) for one in endpoints],
                             [("primary", "healthy", 1), ("backup-1", "healthy", 1),
                              ("backup-2", "healthy", 1)])

    def test_the_documents_pool_is_the_default(self):
        done = run("status", HOLYSHEEP_API_KEY="sk-test")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("configuration: the default", done.stdout)
        self.assertIn("primary: https://api.holysheep.ai/v1", done.stdout)


class Config(unittest.TestCase):
    def test_check(self):
        with Mock(preset="healthy") as mock:
            done = run("config", "check", mock.config)
            self.assertEqual(done.stdout, f"{mock.config}: ok, 3 endpoints\n", done.stderr)
            self.assertEqual(done.returncode, 0)

    def test_one_endpoint_is_no_plural(self):
        done = run("config", "check", "-",
                   text='{"version": 1, "api_key": "k", "endpoints": ["primary"]}')
        self.assertEqual(done.stdout, "standard input: ok, 1 endpoint\n", done.stderr)

    def test_check_where_no_key_is(self):
        for text in ('{"version": 1}', '{"version": 1, "api_key": {"env": "NO_SUCH_VARIABLE"}}'):
            with self.subTest(text):
                done = run("config", "check", "-", text=text)
                self.assertEqual((done.returncode, done.stdout),
                                 (0, "standard input: ok, but there is no key here\n"))
                self.assertRegex(done.stderr, r"^holysheep config: warning: no_key: api_key.*\n$")
        done = run("config", "check", "-", text='{"version": 1}', HOLYSHEEP_API_KEY="sk-test")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "standard input: ok, 3 endpoints\n", ""))

    def test_a_missing_key_hides_no_other_mistake(self):
        done = run("config", "check", "-", text='{"version": 1, "allow": ["primry"]}')
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("allow[0]", done.stderr)

    def test_check_names_the_path_and_the_nearest_key(self):
        done = run("config", "check", "-", text='{"version": 1, "api_key": "k", "polciy": "smart"}')
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("polciy", done.stderr)
        self.assertIn("policy", done.stderr)
        done = run("config", "check", "-",
                   text='{"version": 1, "api_key": "k", "retry": {"max_attempts": "three"}}')
        self.assertEqual(done.returncode, 1)
        self.assertIn("retry.max_attempts", done.stderr)

    def test_show_fills_in_and_hides(self):
        done = run("config", "show", HOLYSHEEP_API_KEY="sk-hidden-key")
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = json.loads(done.stdout)
        self.assertEqual(len(shown["endpoints"]), 3)
        self.assertNotIn("sk-hidden-key", done.stdout)

    def test_schema_and_markdown(self):
        schema = run("config", "schema")
        self.assertEqual(schema.returncode, 0, schema.stderr)
        self.assertIn("properties", json.loads(schema.stdout))
        markdown = run("config", "markdown")
        self.assertEqual(markdown.returncode, 0, markdown.stderr)
        self.assertIn("\n# Configuration\n", markdown.stdout)

    def test_an_empty_file_is_told(self):
        done = run("config", "show", "--config", "-", text="")
        self.assertEqual(done.returncode, 1)
        self.assertIn('{"version": 1}', done.stderr)


if __name__ == "__main__":
    unittest.main()
