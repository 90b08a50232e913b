"""Under the servers that fork and patch: gunicorn (sync, gthread, gevent) and celery (prefork,
gevent). The client is made before the workers are, as most applications do."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pools import OTHERS, SECONDS_MAX, PoolTest, absent, answers, needs

APPLICATION = """
    import os
    from holysheep import HolySheepClient

    client = HolySheepClient()
    client.chat.completions.create(model="m", messages=[])  # the engine runs before any fork

    def application(environ, start_response):
        answer = client.chat.completions.create(model="m", messages=[])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{os.getpid()} {answer.output_text}".encode()]
"""
TASKS = """
    import os
    from celery import Celery
    from holysheep import HolySheepClient

    client = HolySheepClient()
    client.chat.completions.create(model="m", messages=[])
    folder = os.environ["TEST_FOLDER"]
    app = Celery("tasks", broker="filesystem://", backend="file://" + folder)
    app.conf.broker_transport_options = {
        "data_folder_in": folder + "/queue", "data_folder_out": folder + "/queue",
        "control_folder": folder + "/control"}

    @app.task
    def ask():
        return client.chat.completions.create(model="m", messages=[]).output_text
"""


class Servers(PoolTest):
    def environment(self, pool, folder):
        path = [folder, OTHERS, os.environ.get("PYTHONPATH", "")]
        return {**os.environ, "HOLYSHEEP_CONFIG": json.dumps(pool.config), "TEST_FOLDER": folder,
                "PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONWARNINGS": "ignore"}

    def started(self, source, *words):
        """A server in a folder that has `source` as application.py."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name in ("queue", "control"):
            Path(folder.name, name).mkdir()
        Path(folder.name, "application.py").write_text(textwrap.dedent(source), encoding="utf-8")
        pool = self.pool(answers(latency_ms=20))
        log = open(Path(folder.name, "log"), "w+", encoding="utf-8")
        self.addCleanup(log.close)
        environment = self.environment(pool, folder.name)
        process = subprocess.Popen([sys.executable, "-m", *words], cwd=folder.name, env=environment,
                                   stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(self.stopped, process)
        return pool, folder.name, environment, process, log

    def stopped(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(SECONDS_MAX)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                self.fail("the server did not end")

    @needs("gunicorn")
    def test_gunicorn(self):
        for kind in ("sync", "gthread", "gevent"):
            with self.subTest(kind):
                if kind == "gevent" and absent(kind):
                    self.skipTest("no wheel for this Python: gevent")
                with socket.socket() as free:
                    free.bind(("127.0.0.1", 0))
                    port = free.getsockname()[1]
                pool, _, _, process, log = self.started(
                    APPLICATION, "gunicorn", "--workers", "2", "--threads", "2", "--preload",
                    "--worker-class", kind, "--bind", f"127.0.0.1:{port}", "application")
                url = f"http://127.0.0.1:{port}/"
                self.listening(port, process, log)
                with ThreadPoolExecutor(8) as crew:
                    found = list(crew.map(self.get, [url] * 40))
                self.assertEqual({text.split(" ", 1)[1] for text in found}, {"Hello from primary."})
                self.assertEqual(pool.count(), 41)
                self.stopped(process)

    def listening(self, port, process, log):
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                log.seek(0)
                self.assertIsNone(process.poll(), log.read())
                self.assertLess(time.monotonic(), deadline)

    @staticmethod
    def get(url):
        with urllib.request.urlopen(url, timeout=SECONDS_MAX) as answer:
            return answer.read().decode()

    @needs("celery")
    def test_celery(self):
        for kind in ("prefork", "gevent"):
            with self.subTest(kind):
                if kind == "gevent" and absent(kind):
                    self.skipTest("no wheel for this Python: gevent")
                pool, folder, environment, process, log = self.started(
                    TASKS, "celery", "-A", "application", "worker", "--pool", kind,
                    "--concurrency", "2", "--loglevel", "WARNING", "--without-gossip",
                    "--without-mingle", "--without-heartbeat")
                ask = """
                    import application
                    asked = [application.ask.delay() for _ in range(10)]
                    print({each.get(timeout=50) for each in asked})
                """
                done = subprocess.run([sys.executable, "-c", textwrap.dedent(ask)], cwd=folder,
                                      env=environment, capture_output=True, encoding="utf-8",
                                      timeout=SECONDS_MAX)
                log.seek(0)
                self.assertEqual(done.stdout.strip(), "{'Hello from primary.'}",
                                 done.stderr + log.read())
                self.assertGreaterEqual(pool.count(), 11)
                self.stopped(process)
