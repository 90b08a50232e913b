"""TLS of our own library, and the suites of the C ABI, of processes and of the program again, with
the self-contained files: other versions of every library inside than the system has."""

import json
import os
import sys
import tempfile
import unittest

from shipped import LIBRARY, PREFIX, PROGRAM, ROOT, output, run, with_mock

TLS = {"version": 1, "endpoints": [{"name": "primary", "tls": True}]}
LIBRARY_PATH = {**os.environ, "LD_LIBRARY_PATH": str(LIBRARY.parent)}

# Copies the mock's configuration without its ca_file, and runs a command with it.
WITHOUT_CA_FILE = """
import json, os, sys
config = json.load(open(os.environ["HOLYSHEEP_CONFIG"]))
found = [config.pop("ca_file", None)] + [e.pop("ca_file", None) for e in config["endpoints"]]
authority = next(file for file in found if file)
json.dump(config, open(sys.argv[1], "w"))
os.environ.update(HOLYSHEEP_CONFIG=sys.argv[1], SSL_CERT_FILE=sys.argv[2] or authority)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Tls(unittest.TestCase):
    def call(self, authority):
        """A call whose trusted certificates come from SSL_CERT_FILE; "" is the mock's own CA."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            return with_mock(TLS, sys.executable, "-c", WITHOUT_CA_FILE, file.name, authority,
                             PROGRAM, "chat", "--json", "--trace", "hello")

    def test_a_file_from_the_configuration(self):
        done = with_mock(TLS, PROGRAM, "chat", "--json", "hello")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("choices", json.loads(done.stdout))

    def test_a_file_from_the_environment(self):
        done = self.call("")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("choices", json.loads(done.stdout))

    def test_a_stranger_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            nobody = os.path.join(folder, "nobody.pem")
            output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=Somebody else",
                   "-keyout", os.path.join(folder, "nobody.key"), "-out", nobody)
            done = self.call(nobody)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("certificate", done.stderr)


class Suites(unittest.TestCase):
    def suite(self, *command, **more):
        done = run(*command, env={**LIBRARY_PATH, **more}, cwd=ROOT)
        self.assertEqual(done.returncode, 0, done.stdout[-20000:] + done.stderr[-20000:])

    def test_the_c_abi(self):
        program = ROOT / "build" / "release" / "bin" / "test_capi"
        loaded = run("ldd", program, env=LIBRARY_PATH).stdout
        self.assertIn(str(LIBRARY), loaded)  # else this would show nothing
        self.suite(program, "--colour-mode", "none")

    def test_processes_and_nginx(self):
        self.suite(ROOT / "tests" / "e2e" / "run")

    def test_the_program(self):
        self.suite(ROOT / "tests" / "cli" / "run", HOLYSHEEP_BUILD=str(PREFIX))


if __name__ == "__main__":
    unittest.main()
