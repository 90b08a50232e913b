"""`holysheep chat` against mock pools."""

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

from program import PROGRAM, Mock, Recorder, Terminal, environment, run

ANSWER = "Hello from a fake\n"
HELLO = [{"name": "primary", "default": {"text": "Hello from a fake"}}]


class Answers(unittest.TestCase):
    def test_prompt_as_argument(self):
        with Mock(HELLO) as mock:
            done = run("chat", "--config", mock.config, "Say", "hello")
            self.assertEqual((done.returncode, done.stdout), (0, ANSWER), done.stderr)
            self.assertEqual(done.stderr, "")
            self.assertEqual(mock.stop(), "requests received: primary 1\n")

    def test_configuration_from_the_environment(self):
        with Mock(HELLO) as mock:
            done = run("chat", "hi", HOLYSHEEP_CONFIG=mock.config)
            self.assertEqual((done.returncode, done.stdout), (0, ANSWER), done.stderr)

    def test_prompt_from_standard_input(self):
        with Recorder() as server:
            done = run("chat", "--config", server.config, text="two\nlines \"quoted\" \t é\n")
            self.assertEqual((done.returncode, done.stdout), (0, "kept\n"), done.stderr)
            self.assertEqual(server.bodies[0]["messages"],
                             [{"role": "user", "content": "two\nlines \"quoted\" \t é"}])

    def test_options_reach_the_body(self):
        with Recorder() as server:
            run("chat", "--config", server.config, "--model", "m", "--system", "Be short",
                "--temperature=0.5", "--max-tokens", "7", "hi")
            self.assertEqual(server.bodies[0], {
                "model": "m", "temperature": 0.5, "max_tokens": 7,
                "messages": [{"role": "system", "content": "Be short"},
                             {"role": "user", "content": "hi"}]})

    def test_words_after_two_dashes_are_the_prompt(self):
        with Recorder() as server:
            run("chat", "--config", server.config, "--", "--what", "is it")
            self.assertEqual(server.bodies[0]["messages"][0]["content"], "--what is it")

    def test_json_is_the_provider_body_untouched(self):
        body = '{ "id":"x",  "choices": [{"message":{"content":"hi"},"finish_reason":"stop"}] }'
        with Mock([{"name": "primary", "default": {"body": body}}]) as mock:
            done = run("chat", "--json", "--config", mock.config, "hi")
            self.assertEqual((done.returncode, done.stdout), (0, body), done.stderr)

    def test_stream_into_a_pipe(self):
        with Mock(HELLO) as mock:
            done = run("chat", "--stream", "--config", mock.config, "hi")
            self.assertEqual((done.returncode, done.stdout), (0, ANSWER), done.stderr)

    def test_a_rate_limited_endpoint_is_not_noticed(self):
        with Mock(preset="rate-limited") as mock:
            done = run("chat", "--trace", "--config", mock.config, "hi")
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = done.stderr.splitlines()
            self.assertEqual(len(lines), 3, lines)
            self.assertRegex(lines[0], r"^attempt 1: primary gpt-4\.1 429 rate_limited")
            self.assertRegex(lines[1], r"^attempt 2: backup-1 gpt-4\.1 200 ok, waited \d+ ms, took")
            self.assertRegex(lines[2], r"^call: served by backup-1, 2 attempts")

    def test_endpoint_is_the_only_one_used(self):
        with Mock(preset="healthy") as mock:
            done = run("chat", "--endpoint", "backup-2", "--config", mock.config, "hi")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(mock.stop(), "requests received: primary 0 backup-1 0 backup-2 1\n")


class Failures(unittest.TestCase):
    def test_a_missing_key_is_told_before_anything_is_sent(self):
        done = run("chat", "hi")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("HOLYSHEEP_API_KEY", done.stderr)
        self.assertIn("holysheep demo", done.stderr)

    def test_a_refused_key(self):
        with Mock(preset="bad-key") as mock:
            done = run("chat", "--trace", "--config", mock.config, "hi")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("authentication", done.stderr)
            self.assertIn("the key was refused", done.stderr)
            self.assertIn("attempt 1: primary gpt-4.1 401 auth", done.stderr)
            self.assertIn("call: failed, last at primary, 1 attempt,", done.stderr)

    def test_all_limited_says_when_to_come_back(self):
        limited = {"error": "rate_limit_rpm", "retry_after_ms": 30000}
        with Mock([{"name": "primary", "then": "last", "replies": [limited]}]) as mock:
            done = run("chat", "--timeout", "5", "--config", mock.config, "hi")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"rate_limit: .*\(try again in (29|30)\.\d s\)")

    def test_an_interrupted_stream_is_no_success(self):
        cut = {"text": "one two three four", "cut": {"at": "after_content", "after_tokens": 2}}
        with Mock([{"name": "primary", "default": cut}]) as mock:
            done = run("chat", "--stream", "--config", mock.config, "hi")
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stdout.startswith("one"), done.stdout)
            self.assertTrue(done.stdout.endswith("\n"), done.stdout)
            self.assertIn("stream_interrupted", done.stderr)

    def test_no_prompt(self):
        done = run("chat", text="\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no prompt", done.stderr)

    def test_an_unreadable_configuration(self):
        done = run("chat", "--config", "/nonexistent.json", "hi")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot read /nonexistent.json: No such file", done.stderr)

    def test_json_and_stream_exclude_each_other(self):
        self.assertEqual(run("chat", "--json", "--stream", "hi").returncode, 2)


class OnATerminal(unittest.TestCase):
    def test_the_answer_streams(self):
        slow = {"text": "one two three", "token_ms": 300}
        with Mock([{"name": "primary", "default": slow}]) as mock:
            terminal = Terminal("chat", "--config", mock.config, "hi")
            terminal.read_until("one")
            first = time.monotonic()
            self.assertNotIn("three", terminal.text)
            self.assertEqual(terminal.finish(), 0)
            self.assertGreater(time.monotonic() - first, 0.2)
            self.assertIn("one two three\r\n", terminal.text)

    def test_control_characters_of_the_answer_are_dropped(self):
        evil = "a\x1b]0;title\x07b\x9bc\x08d"
        with Mock([{"name": "primary", "default": {"text": evil}}]) as mock:
            terminal = Terminal("chat", "--no-stream", "--config", mock.config, "hi")
            self.assertEqual(terminal.finish(), 0)
            self.assertIn("a]0;titlebcd", terminal.text)
            piped = run("chat", "--config", mock.config, "hi")
            self.assertEqual(piped.stdout, evil + "\n")

    def test_the_prompt_is_read_from_the_keyboard(self):
        with Mock(HELLO) as mock:
            terminal = Terminal("chat", "--config", mock.config)
            terminal.read_until("Ctrl-D")
            terminal.type("Say hello\n\x04")
            self.assertEqual(terminal.finish(), 0)
            self.assertIn("Hello from a fake", terminal.text)

    def test_ctrl_c_cancels(self):
        with Mock(preset="slow") as mock:
            terminal = Terminal("chat", "--config", mock.config, "hi")
            terminal.read_until(" ")
            terminal.type("\x03")
            self.assertEqual(terminal.finish(), 130)
            self.assertIn("cancelled", terminal.text)


class Interrupts(unittest.TestCase):
    def test_sigint_and_sigterm_cancel_in_good_order(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number.name), Mock(preset="slow") as mock:
                process = subprocess.Popen(
                    [PROGRAM, "chat", "--stream", "--config", mock.config, "hi"],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                    env=environment())
                process.stdout.read(1)
                process.send_signal(number)
                _, errors = process.communicate(timeout=20)
                self.assertEqual(process.returncode, 130, errors)
                self.assertIn("cancelled", errors)


class Keys(unittest.TestCase):
    SECRET = "sk-very-secret-1234567890"

    def test_no_command_prints_the_key(self):
        with Mock(preset="bad-key") as mock, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pool.json")
            configuration = dict(mock.configuration, api_key=self.SECRET)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(configuration, file)
            for words in (["chat", "--trace", "hi"], ["chat", "--json", "hi"], ["check"],
                          ["status", "--check"], ["status", "--json"], ["config", "show"],
                          ["bench", "-n", "3"]):
                with self.subTest(" ".join(words)):
                    done = run(*words, "--config", path, HOLYSHEEP_LOG="debug")
                    self.assertNotIn(self.SECRET, done.stdout + done.stderr)
            done = run("config", "check", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn(self.SECRET, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
