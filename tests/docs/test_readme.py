"""README.md and README.ko.md: every snippet runs.

C is compiled as pasted, with warnings as errors; shell lines run in a folder that looks like the
source tree with a finished build; JSON goes through the program. Only addresses are exchanged: the
snippets' pool is a mock pool, since no test leaves this machine.
"""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from program import BUILD, PROGRAM, ROOT, Mock, environment, run

FENCE = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)#]+)\)")
README = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md")}
# Parts of tests/run by themselves, and what this test's own build is.
ELSEWHERE = ("sh packaging/quickstart", "sh tests/run", "cmake --")
CONFIG = '"{\\"version\\": 1}"'
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def snippets(name, language, kind=None):
    return [text for found, purpose, text in FENCE.findall(README[name])
            if found == language and (kind is None or purpose == kind)]


class Snippets(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        root = Path(self.folder.name)
        (root / "build").mkdir()
        (root / "build" / "release").symlink_to(BUILD)
        (root / "capi").symlink_to(ROOT / "capi")

    def text(self, name):
        return (ROOT / name).read_text(encoding="utf-8")

    def shell(self, line, **more):
        path = f"{Path(PROGRAM).parent}:{os.environ['PATH']}"
        return subprocess.run(["sh", "-euc", line], cwd=self.folder.name, capture_output=True,
                              encoding="utf-8", timeout=120, env=environment(PATH=path, **more))

    def test_there_is_something_to_run(self):
        for name in README:
            with self.subTest(name):
                self.assertEqual(len(snippets(name, "c")), 1)
                self.assertGreaterEqual(len(snippets(name, "sh")), 3)
                self.assertGreaterEqual(len(snippets(name, "json", "config")), 1)
        known = {"c", "sh", "json", "python", "js"}  # the last two: tests/python, tests/node
        for name, text in README.items():
            self.assertEqual({found for found, _, _ in FENCE.findall(text)} - known, set(), name)

    def test_c_compiles_as_pasted(self):
        for name in README:
            with self.subTest(name):
                source = Path(self.folder.name, "hello.c")
                source.write_text(snippets(name, "c")[0], encoding="utf-8")
                for standard in ("c99", "c17"):
                    subprocess.run(["cc", f"-std={standard}", *WARNINGS, "-c", "hello.c", "-Icapi"],
                                   cwd=self.folder.name, check=True)

    def test_shell_lines_run(self):
        for name in README:
            with Mock(preset="rate-limited") as mock:
                code = snippets(name, "c")[0]
                self.assertIn(CONFIG, code)
                inline = json.dumps(mock.configuration).replace('"', '\\"')
                Path(self.folder.name, "hello.c").write_text(code.replace(CONFIG, f'"{inline}"'),
                                                             encoding="utf-8")
                for line in "".join(snippets(name, "sh")).splitlines():
                    if line.startswith(ELSEWHERE):
                        continue
                    with self.subTest(f"{name}: {line}"):
                        done = self.shell(line)
                        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                        if line.endswith("./hello"):
                            self.assertIn("choices", json.loads(done.stdout))

    def test_configurations_are_valid(self):
        for name in README:
            for text in snippets(name, "json", "config"):
                with self.subTest(name):
                    key = Path(self.folder.name, "eu.key")
                    key.write_text("sk-eu", encoding="utf-8")
                    done = run("config", "check", "-", HOLYSHEEP_API_KEY="sk-us",
                               text=text.replace("/etc/holysheep/eu.key", str(key)))
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_mock_scripts_open(self):
        for text in snippets("README.md", "json", "mock"):
            with Mock(json.loads(text)["endpoints"]) as mock:
                done = run("chat", "--config", mock.config, "hi")
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_other_documents_json_is_valid_too(self):
        for text in re.findall(r"^```json\n(.*?)^```$", self.text("MOCK.md"), re.M | re.S):
            with self.subTest(text), Mock(json.loads(text)["endpoints"]) as mock:
                self.assertIn("requests received", mock.stop())
        for text in re.findall(r"^```json\n(.*?)^```$", self.text("CONFIGURATION.md"), re.M | re.S):
            with self.subTest(text):
                done = run("config", "check", "-", HOLYSHEEP_API_KEY="sk-us", text=text)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_scenarios_run(self):
        for text in snippets("README.md", "json", "scenario"):
            done = run("simulate", "-", text=text)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_installed_library_is_found_by_pkg_config(self):
        prefix = Path(self.folder.name, "installed")
        subprocess.run(["cmake", "--install", str(BUILD), "--prefix", str(prefix)], check=True,
                       stdout=subprocess.DEVNULL)
        code = snippets("README.md", "c")[0]
        Path(self.folder.name, "hello.c").write_text(code, encoding="utf-8")
        found = next(prefix.rglob("holysheep.pc")).parent
        done = self.shell("gcc hello.c $(pkg-config --cflags --libs holysheep) -o hello && ./hello",
                          PKG_CONFIG_PATH=str(found), LD_LIBRARY_PATH=str(found.parent))
        self.assertIn("HOLYSHEEP_API_KEY", done.stderr)
        self.assertEqual(done.returncode, 1)
        version = subprocess.run([str(prefix / "bin" / "holysheep"), "version"], env=environment(),
                                 capture_output=True, encoding="utf-8")
        self.assertEqual(version.returncode, 0, version.stderr)


class Words(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for name, text in README.items():
            for link in LINK.findall(text):
                with self.subTest(f"{name}: {link}"):
                    self.assertTrue((ROOT / link).exists())

    def test_commands_that_are_named_exist(self):
        overview = run("--help").stdout
        for command in set(re.findall(r"holysheep ([a-z]+)", README["README.md"])):
            if f"`holysheep {command}" in README["README.md"]:
                with self.subTest(command):
                    self.assertIn(f"\n  {command} ", overview)

    def test_generated_documents_are_fresh(self):
        self.assertEqual((ROOT / "CONFIGURATION.md").read_text(encoding="utf-8"),
                         run("config", "markdown").stdout)


if __name__ == "__main__":
    unittest.main()
