"""Where `sh packaging/build native` put the library and the program, and how they are run."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREFIX = ROOT / "build" / "native" / "prefix"
LIBRARY = PREFIX / "lib" / "libholysheep.so.1"
PROGRAM = PREFIX / "bin" / "holysheep"
SECONDS_MAX = 600  # of one command: a hang, not slowness


def run(*command, env=None, **more):
    """The finished process; without `env` it has no environment at all."""
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          capture_output=True, encoding="utf-8", timeout=SECONDS_MAX,
                          env=env or {}, check=False, **more)


def output(*command):
    done = run(*command, env=dict(os.environ))
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def with_mock(script, *command, env=None):
    """Runs a command beside a mock pool; HOLYSHEEP_CONFIG names the file that points at it."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(script, file)
        file.flush()
        return run(PROGRAM, "mock", file.name, "--", *command, env=env)
