"""What the tests share: pools that fail in a given way, and programs that run by themselves."""

import os
import subprocess
import sys
import sysconfig
import textwrap
import time
import unittest
from pathlib import Path

from holysheep import MockPool

ROOT = os.environ["HOLYSHEEP_ROOT"]
OTHERS = os.environ["HOLYSHEEP_OTHERS"]
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
SECONDS_MAX = 60  # a hang, not slowness
MODEL = "gpt-4.1"
MESSAGES = [{"role": "user", "content": "a prompt nobody may log"}]


def needs(*names):
    """For a test that uses packages of others, of which some have no wheel for each Python."""
    return unittest.skipIf(absent(*names), f"no wheel for this Python: {absent(*names)}")


def absent(*names):
    """Those of them that are not there, as a text."""
    return ", ".join(name for name in names if not Path(OTHERS, name).exists())


def answers(**default):
    return {"default": default}


class PoolTest(unittest.TestCase):
    """Pools that are closed after the test, and clients of them."""

    def pool(self, *scripts, **more):
        names = ("primary", "backup-1", "backup-2")
        endpoints = [{"name": name, **script} for name, script in zip(names, scripts)]
        made = MockPool(endpoints or [{"name": "primary"}], **more)
        self.addCleanup(made.close)
        return made

    def client(self, *scripts, **settings):
        client = self.pool(*scripts).client(**settings)
        self.addCleanup(client.close)
        return client

    def eventually(self, what, message):
        deadline = time.monotonic() + SECONDS_MAX
        while not what():
            self.assertLess(time.monotonic(), deadline, message)
            os.sched_yield()

    def in_flight(self, client):
        return client.pool.status()["calls"]["in_flight"]


def chat(client, **more):
    return client.chat.completions.create(model=MODEL, messages=MESSAGES, **more)


def program(source, *arguments, others=False, options=(), **environment):
    """The finished process of a Python program under the environment that is tested."""
    kept = {**os.environ, **environment}
    if others:
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (kept.get("PYTHONPATH"), OTHERS)))
    return subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(source), *arguments],
        capture_output=True,
        encoding="utf-8",
        env=kept,
        timeout=SECONDS_MAX,
    )


def output_of(source, *arguments, **more):
    done = program(source, *arguments, **more)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
