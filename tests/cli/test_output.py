"""Output that cannot be written, and standard descriptors that are closed at the start."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from program import SECONDS_MAX, Mock, finish, run, start

HELLO = [{"name": "primary", "default": {"text": "Hello from a fake"}}]
# Far longer than a test may take; only who stops reading comes to an end.
ENDLESS = [{"name": "primary", "default": {"tokens": 1_000_000, "token_ms": 10}}]


class FullDisk(unittest.TestCase):
    def refused(self, *words, status=1, **more):
        """One line on standard error, and no success."""
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = run(*words, stdout=full, **more)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertRegex(done.stderr, r"^holysheep[ a-z]*: cannot write to standard output: "
                                      r"No space left on device\n$")

    def test_every_command(self):
        with Mock(HELLO) as mock:
            for words in (["chat", "hi"], ["chat", "--json", "hi"], ["chat", "--stream", "hi"],
                          ["status"], ["status", "--json"], ["check"], ["status", "--check"],
                          ["bench", "-n", "3"], ["config", "show"]):
                with self.subTest(" ".join(words)):
                    self.refused(*words, "--config", mock.config)
            self.refused("config", "check", mock.config)

    def test_commands_without_a_pool(self):
        for words in (["version"], ["--help"], ["chat", "--help"], ["config", "schema"], ["mock"],
                      ["demo", "--seconds", "600"]):
            with self.subTest(" ".join(words)):
                self.refused(*words)

    def test_a_stream_that_nobody_can_read_is_cancelled(self):
        with Mock(ENDLESS) as mock:
            self.refused("chat", "--stream", "--config", mock.config, "hi")


class FullPipe(unittest.TestCase):
    def test_a_pipe_that_does_not_block_loses_nothing(self):
        """Some parents share a pipe that says EAGAIN when it is full."""
        text = "x" * 500_000  # more than a pipe holds
        with Mock([{"name": "primary", "default": {"text": text}}]) as mock:
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            code = "import sys; sys.stdout.write(sys.stdin.read())"
            with tempfile.TemporaryFile() as kept, os.fdopen(reading, "rb") as pipe:
                reader = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=kept)
                done = run("chat", "--config", mock.config, "hi", stdout=writing)
                os.close(writing)
                reader.wait(SECONDS_MAX)
                kept.seek(0)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(kept.read().decode(), text + "\n")


class ClosedDescriptors(unittest.TestCase):
    def test_closed_output_is_no_success(self):
        with Mock(HELLO) as mock:
            for words in (["chat", "--config", mock.config, "hi"], ["version"],
                          ["chat", "--stream", "--config", mock.config, "hi"]):
                with self.subTest(" ".join(words)):
                    done = run(*words, closed=[1])
                    self.assertEqual(done.returncode, 1)
                    self.assertRegex(done.stderr, "cannot write to standard output: "
                                                  "Bad file descriptor\n$")

    def test_closed_input_and_closed_errors(self):
        with Mock(HELLO) as mock:
            done = run("chat", "--config", mock.config, "hi", closed=[0, 2])
            self.assertEqual((done.returncode, done.stdout), (0, "Hello from a fake\n"))
            done = run("chat", "--config", mock.config, closed=[0])
            self.assertEqual(done.returncode, 2)
            self.assertIn("cannot read standard input: Bad file descriptor", done.stderr)

    @unittest.skipUnless(os.path.isdir("/proc/self/fd"), "the system has no /proc")
    def test_no_socket_becomes_a_standard_descriptor(self):
        with socket.create_server(("127.0.0.1", 0)) as server, \
                tempfile.TemporaryDirectory() as folder:
            config = os.path.join(folder, "pool.json")
            url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
            with open(config, "w", encoding="utf-8") as file:
                json.dump({"version": 1, "api_key": "sk-test", "base_url": url}, file)
            for closed in ([0], [1], [2], [0, 1], [0, 1, 2]):
                with self.subTest(closed):
                    process = start("chat", "--config", config, "hi", closed=closed)
                    server.settimeout(SECONDS_MAX)
                    connection, _ = server.accept()  # the engine has all its descriptors now
                    names = {each: os.readlink(f"/proc/{process.pid}/fd/{each}") for each in closed}
                    process.send_signal(signal.SIGINT)
                    finish(process)
                    connection.close()
                    self.assertEqual(names, dict.fromkeys(closed, "/dev/null"))
                    self.assertEqual(process.returncode, 130)


if __name__ == "__main__":
    unittest.main()
