"""The C examples compile as their head says, without a warning, and run against a mock pool."""

import json
import os
import subprocess
import tempfile
import unittest

from program import BUILD, ROOT, Mock, environment

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def example(self, name, mock, *words):
        program = os.path.join(self.folder.name, name)
        library = str(BUILD / "lib")
        subprocess.run(
            [os.environ.get("CC", "cc"), *FLAGS, str(ROOT / "packaging" / "examples" / f"{name}.c"),
             f"-I{ROOT / 'capi'}", f"-L{library}", "-lholysheep", f"-Wl,-rpath,{library}",
             "-o", program], check=True)
        return subprocess.run([program, *words], capture_output=True, encoding="utf-8", timeout=60,
                              env=environment(HOLYSHEEP_CONFIG=mock.config))

    def test_chat(self):
        with Mock(preset="rate-limited") as mock:
            done = self.example("chat", mock, "Say \"hello\"\n")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("choices", json.loads(done.stdout))
            self.assertEqual(json.loads(done.stderr)["endpoint"], "backup-1")

    def test_chat_fails_clearly(self):
        with Mock(preset="bad-key") as mock:
            done = self.example("chat", mock)
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stderr.startswith("authentication: "), done.stderr)

    def test_stream(self):
        with Mock(preset="broken-streams") as mock:
            done = self.example("stream", mock)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = done.stdout.splitlines()
            self.assertIn("delta", json.loads(lines[0])["choices"][0])
            self.assertEqual(json.loads(lines[-1])["choices"][0]["finish_reason"], "stop")

    def test_async(self):
        with Mock(preset="outage") as mock:
            done = self.example("async", mock, "20")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(sorted(int(line.split()[1].rstrip(":"))
                                    for line in done.stdout.splitlines()), list(range(20)))
            self.assertIn("backup-2 20", mock.stop())


if __name__ == "__main__":
    unittest.main()
