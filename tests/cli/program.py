"""Drives the real program: runs it, runs it on a pseudo-terminal, runs mock pools with it."""

import json
import os
import pty
import select
import signal
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HOLYSHEEP_BUILD", ROOT / "build" / "release"))
PROGRAM = str(BUILD / "bin" / "holysheep")
SECONDS_MAX = 60  # of one command: a hang, not slowness


def environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    sanitizers = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return {**kept, **sanitizers, "TERM": "xterm", **more}


def run(*words, text="", stdout=subprocess.PIPE, closed=(), **more):
    """The finished process of `holysheep words…` with pipes all around.

    stdout: another place for its output. closed: descriptors that it starts without."""
    return subprocess.run(
        [PROGRAM, *words],
        input=text,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(**more),
        timeout=SECONDS_MAX,
        preexec_fn=closing(closed),
    )


def start(*words, closed=(), **more):
    """`holysheep words…` running, with pipes for its output and errors."""
    return subprocess.Popen(
        [PROGRAM, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(**more),
        preexec_fn=closing(closed),
    )


def finish(process):
    """Its output and errors, when it has ended."""
    try:
        return process.communicate(timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def closing(descriptors):
    """For preexec_fn: closes them in the child."""
    return lambda: [os.close(each) for each in descriptors]


class Terminal:
    """`holysheep words…` on a pseudo-terminal; its output and errors are one text."""

    def __init__(self, *words, **more):
        self.text = ""
        self.status = None
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execve(PROGRAM, [PROGRAM, *words], environment(**more))
        self.pid = pid

    def read_until(self, wanted):
        """Reads on until `wanted` was seen; "" reads to the end."""
        deadline = time.monotonic() + SECONDS_MAX
        while not wanted or wanted not in self.text:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"no {wanted!r} within {SECONDS_MAX} s in {self.text!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # how Linux says that the other side is closed
                data = b""
            if not data:
                if wanted:
                    raise AssertionError(f"ended without {wanted!r}: {self.text!r}")
                return self.text
            self.text += data.decode("utf-8", "replace")
        return self.text

    def type(self, text):
        os.write(self.fd, text.encode())

    def finish(self):
        """Reads to the end and returns the exit status."""
        self.read_until("")
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        self.status = os.waitstatus_to_exitcode(status)
        return self.status


class Mock:
    """A `holysheep mock` process, as a context; `config` is the path of its configuration."""

    def __init__(self, script=None, preset=None, options=()):
        self.words = ["--preset", preset] if preset else ["-"]
        self.words += options
        self.script = "" if preset else json.dumps({"version": 1, "endpoints": script})

    def __enter__(self):
        self.process = subprocess.Popen(
            [PROGRAM, "mock", *self.words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(),
        )
        self.process.stdin.write(self.script)
        self.process.stdin.close()
        self.output = ""
        for line in self.process.stdout:
            self.output += line
            if line.startswith("running until"):
                break
        else:
            raise AssertionError("the mock did not start: " + self.process.stderr.read())
        start = self.output.index("{", self.output.index("configuration ("))
        self.configuration = json.JSONDecoder().raw_decode(self.output[start:])[0]
        self.folder = tempfile.TemporaryDirectory()
        self.config = os.path.join(self.folder.name, "pool.json")
        Path(self.config).write_text(json.dumps(self.configuration), encoding="utf-8")
        return self

    def stop(self, number=signal.SIGTERM):
        """What it prints when it ends."""
        self.process.send_signal(number)
        rest = self.process.stdout.read()
        self.status = self.process.wait(SECONDS_MAX)
        return rest

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()
        self.process.stderr.close()
        self.folder.cleanup()


class Recorder:
    """One endpoint that keeps the bodies and headers that it gets, as a context.

    answers: how many requests are answered; the next one sets `held` and waits for the end."""

    ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "kept"},
                           "finish_reason": "stop"}]}

    def __init__(self, answers=None):
        self.answers = answers
        self.held = threading.Event()
        self.ended = threading.Event()

    def __enter__(self):
        recorder = self
        self.bodies = []
        self.headers = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                recorder.bodies.append(json.loads(self.rfile.read(size)))
                recorder.headers.append(dict(self.headers))
                if recorder.answers is not None and len(recorder.bodies) > recorder.answers:
                    recorder.held.set()
                    recorder.ended.wait()
                    self.close_connection = True
                    return
                answer = json.dumps(recorder.ANSWER).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.folder = tempfile.TemporaryDirectory()
        self.config = os.path.join(self.folder.name, "pool.json")
        Path(self.config).write_text(
            json.dumps({"version": 1, "api_key": "sk-test", "base_url": self.url}),
            encoding="utf-8")
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.folder.cleanup()
