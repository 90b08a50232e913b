"""One client, stream or answer in the hands of many threads, which on a free-threaded Python run at
the same moment."""

import asyncio
import sys
import threading
import unittest
from types import SimpleNamespace

from holysheep import ClosedError, HolySheepError
from pools import FREE_THREADED, SECONDS_MAX, PoolTest, answers, chat, output_of

THREADS = 8
ROUNDS = 25


class FreeThreaded(unittest.TestCase):
    @unittest.skipUnless(FREE_THREADED, "of a free-threaded Python")
    def test_the_package_leaves_the_gil_off(self):
        source = "import sys, holysheep; print(sys._is_gil_enabled())"
        out = output_of(source, options=("-W", "error::RuntimeWarning"), PYTHON_GIL="")
        self.assertEqual(out, "False\n")


class Threads(PoolTest):
    def setUp(self):
        # With a GIL: it is handed on as often as can be.
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)

    def together(self, *works):
        """What each of `works` returns, all begun at once, each in a thread of its own."""
        begin = threading.Barrier(len(works))
        found, failed = [None] * len(works), []

        def run(index, work):
            try:
                begin.wait(SECONDS_MAX)
                found[index] = work()
            except BaseException as error:
                failed.append(error)

        threads = [
            threading.Thread(target=run, args=each, daemon=True) for each in enumerate(works)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS_MAX)
            self.assertFalse(thread.is_alive(), "a thread hangs")
        if failed:
            raise failed[0]
        return found

    def test_calls_streams_and_hooks_of_one_client(self):
        done, attempts = [], []
        client = self.client(on_done=done.append, on_attempt=attempts.append)

        def work():
            for _ in range(ROUNDS):
                self.assertEqual(chat(client).output_text, "Hello from primary.")
                text = "".join(chat(client, stream=True).text_deltas())
                self.assertEqual(text, "Hello from primary.")

        self.together(*[work] * THREADS)
        self.assertEqual((len(done), len(attempts)), (2 * THREADS * ROUNDS,) * 2)

    def test_loops_in_threads(self):
        client = self.pool().async_client()

        async def calls():
            for _ in range(ROUNDS):
                for answer in await asyncio.gather(*[chat(client) for _ in range(4)]):
                    self.assertEqual(answer.output_text, "Hello from primary.")

        self.together(*[lambda: asyncio.run(calls())] * THREADS)

    def test_a_monitor_that_is_asked_for_at_once_is_one(self):
        for _ in range(ROUNDS):
            client = self.client()
            monitors = self.together(*[lambda: client.monitor] * THREADS)
            self.assertEqual(len({id(each) for each in monitors}), 1)

    def test_first_looks_into_one_answer(self):
        client = self.client()
        for _ in range(ROUNDS):
            answer = chat(client)
            looks = [lambda: answer.choices, lambda: answer.holysheep.trace[0].endpoint] * THREADS
            found = self.together(*looks)
            self.assertEqual(len({id(each) for each in found[::2]}), 1)
            self.assertEqual(set(found[1::2]), {"primary"})

    def test_a_body_that_changes_while_it_is_written(self):
        client = self.client()
        body = {f"key{i}": [str(i)] for i in range(50)}
        kept = SimpleNamespace(model_dump=lambda **_: {"a": 1})
        until = threading.Event()

        def change():
            number = 0
            while not until.is_set():
                number += 1
                body["list"] = [kept, "x" * (number % 50)] * 20
                body[f"more{number % 97}"] = {"text": str(number)}
                body["list"].clear()
                body.pop(f"more{(number * 7) % 97}", None)

        def write():
            for _ in range(ROUNDS):
                chat(client, metadata=body)

        def writers():
            try:
                self.together(*[write] * 3)
            finally:
                until.set()

        self.together(change, writers)

    def test_closing_a_client_during_calls(self):
        pool = self.pool(answers(latency_ms=1))
        for _ in range(5):
            client = pool.client(isolated=True)
            begun = threading.Semaphore(0)

            def work(client=client, begun=begun):
                try:
                    while True:
                        chat(client)
                        begun.release()
                except HolySheepError:
                    return

            def close(client=client, begun=begun):
                begun.acquire(timeout=SECONDS_MAX)
                client.close()

            self.together(*[work] * THREADS, close)


class Closing(PoolTest):
    ENDLESS = answers(tokens=50, stall={"at": "after_content", "after_tokens": 2})

    def test_reading_on_after_close(self):
        for hooks in ({}, {"on_done": []}):
            with self.subTest(hooks=list(hooks)):
                told = hooks.get("on_done")
                client = self.client(self.ENDLESS, **{name: told.append for name in hooks})
                stream = chat(client, stream=True)
                next(stream)
                stream.close()
                with self.assertRaisesRegex(ClosedError, "before its end"):
                    list(stream)
                self.assertIn(told and len(told), (None, 1))

    def test_a_reader_of_a_stream_that_another_thread_closes(self):
        for _ in range(5):
            done, ended, first = [], [], threading.Event()
            client = self.client(self.ENDLESS, on_done=done.append)
            stream = chat(client, stream=True)

            def read(stream=stream, ended=ended, first=first):
                try:
                    for _ in stream:
                        first.set()
                except HolySheepError as error:
                    ended.append(error)

            thread = threading.Thread(target=read, daemon=True)
            thread.start()
            self.assertTrue(first.wait(SECONDS_MAX))
            stream.close()
            thread.join(SECONDS_MAX)
            self.assertEqual((len(ended), len(done)), (1, 1))

    def test_closing_a_mock_pool_that_another_thread_waits_for(self):
        pool = self.pool()
        ended, waiting = [], threading.Event()

        def wait():
            try:
                waiting.set()
                pool.wait(1, timeout=SECONDS_MAX)
            except ClosedError as error:
                ended.append(error)

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        self.assertTrue(waiting.wait(SECONDS_MAX))
        pool.close()
        thread.join(SECONDS_MAX)
        self.assertFalse(thread.is_alive())
        self.assertEqual(len(ended), 1)
        with self.assertRaisesRegex(ClosedError, "mock pool"):
            pool.count()

