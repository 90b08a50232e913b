"""Whose thread, task and context a log record of a call shows: those of whoever made the call."""

import asyncio
import contextvars
import logging
import signal
import sys
import threading
import unittest
from unittest import mock

from holysheep import MockPool, _log
from pools import PoolTest, SECONDS_MAX, chat

LIMITED = {"replies": [{"status": 429}]}
DELAYED = {"policy": "document", "retry": {"base_delay_ms": 3_600_000}}
TOKENS = {"default": {"tokens": 4, "token_ms": 10}}
CALLS = 30  # of another thread or task: enough to meet the records of a call that waits

whose = contextvars.ContextVar("whose", default=None)


def name_of_task():
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return task.get_name() if task else None


class Log(PoolTest):
    """Endpoints have the name of the thread or task that calls them."""

    def setUp(self):
        self.records = []
        self.waits = threading.Event()
        self.handler = handler = logging.Handler()
        handler.emit = self.take
        logger = logging.getLogger("holysheep")
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        self.addCleanup(logger.setLevel, logging.NOTSET)
        self.addCleanup(logger.removeHandler, handler)

    def take(self, record):
        text = record.getMessage()
        task, context = name_of_task(), whose.get()
        self.records.append((record.endpoint, text, record.threadName, task, context, record.call))
        if "3600" in text:
            self.waits.set()

    def named(self, name, script):
        """A pool of one endpoint."""
        pool = MockPool([{"name": name, **script}])
        self.addCleanup(pool.close)
        return pool

    def run_threads(self, *works):
        threads = [threading.Thread(target=work, name=work.__name__) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS_MAX)
            self.assertFalse(thread.is_alive())

    def of_call(self, name):
        """The records of the one call that `name` made, each with who emitted it."""
        calls = {record[5] for record in self.records if record[0] == name}
        self.assertEqual(len(calls), 1, self.records)
        return [record for record in self.records if record[5] in calls]

    def assert_waited(self, name, index):
        """One call that met a 429: all its records, in order, by `name`."""
        found = self.of_call(name)
        self.assertEqual([record[1] for record in found][:-1], [
            f"trying {name} (attempt 1/3)",
            f"429 rate limit: {name} - 429 rate_limited",
            f"endpoint {name} - 429 rate limit, cooldown begins",
            "trying again after 3600.0 s",
            f"trying {name} (attempt 2/3)",
        ])
        self.assertTrue(found[-1][1].startswith(f"succeeded: {name} (attempt 2)"), found)
        self.assertEqual({record[index] for record in found}, {name})

    def assert_each_its_own(self, name, index, calls=CALLS):
        found = [record for record in self.records if record[0] == name]
        self.assertEqual(len(found), 2 * calls)  # "trying", "succeeded"
        self.assertEqual({record[index] for record in found}, {name})
        self.assertFalse(_log.state.calls)


class OfThreads(Log):
    def test_a_call_that_waits_keeps_its_records_from_other_threads(self):
        pool, other = self.named("slow", LIMITED), self.named("fast", {})
        client, others = pool.client(**DELAYED), other.client()

        def slow():
            chat(client)

        def fast():
            for _ in range(CALLS):
                chat(others)
            self.assertTrue(self.waits.wait(SECONDS_MAX))
            pool.advance(client, 3600)
            for _ in range(CALLS):
                chat(others)

        self.run_threads(slow, fast)
        self.assert_waited("slow", 2)
        self.assert_each_its_own("fast", 2, 2 * CALLS)

    def test_a_stream_has_its_records_where_it_is_read(self):
        client, others = self.named("slow", TOKENS).client(), self.named("fast", {}).client()
        begun, called = threading.Event(), threading.Event()

        def slow():
            stream = chat(client, stream=True)
            next(stream)
            begun.set()
            self.assertTrue(called.wait(SECONDS_MAX))
            for _ in stream:
                pass

        def fast():
            self.assertTrue(begun.wait(SECONDS_MAX))
            self.eventually(lambda: not self.in_flight(client), "the stream does not end")
            for _ in range(CALLS):
                chat(others)
            called.set()

        self.run_threads(slow, fast)
        self.assertEqual({record[2] for record in self.of_call("slow")}, {"slow"})
        self.assertEqual(len(self.of_call("slow")), 2)
        self.assert_each_its_own("fast", 2)

    def test_whoever_comes_next_has_the_records_of_a_call_that_was_left(self):
        pool = self.named("slow", LIMITED)
        client = pool.client(**DELAYED)
        held = _log.Records(None)  # as a call that does not look at its records
        self.addCleanup(held.end)
        arguments = ("/chat/completions", None, {"model": "m", "messages": []}, 0, None)
        _log.attach(client._engine)
        queue = _log.Queue()
        number = _log.submit(held, client._engine.native, queue, 0, 0, "POST", arguments)
        self.eventually(lambda: _log.flush() or len(held._own) == 3, "no records")
        self.assertEqual([each[0] for each in self.records if each[0] == "slow"], [])
        client._engine.native.cancel(number)
        held.end()
        _log.flush()
        found = [each[1].split()[0] for each in self.records if each[5] == number]
        self.assertEqual(found, ["trying", "429", "endpoint", "trying"])

    def test_a_body_that_waits_for_another_threads_call_holds_nobody_up(self):
        client, others = self.named("slow", {}).client(), self.named("fast", {}).client()
        written, called = threading.Event(), threading.Event()

        def messages():
            written.set()
            self.assertTrue(called.wait(SECONDS_MAX), "the other thread's call waits for the body")
            yield {"role": "user", "content": "hello"}

        def slow():
            client.chat.completions.create(model="m", messages=messages())

        def fast():
            self.assertTrue(written.wait(SECONDS_MAX))
            for _ in range(CALLS):
                chat(others)
            called.set()

        self.run_threads(slow, fast)
        self.assertEqual({record[2] for record in self.of_call("slow")}, {"slow"})
        self.assert_each_its_own("fast", 2)
        self.assertFalse(_log.state.early)

    def test_a_signal_handler_that_raises_leaves_nothing_behind(self):
        class Interrupted:
            """As if a handler raised where CPython looks for signals: as a lock is left."""

            def __init__(self, lock, count):
                self.lock = lock
                self.count = count

            def __enter__(self):
                self.lock.acquire()

            def __exit__(self, *_):
                self.lock.release()
                self.count -= 1
                if self.count == 0:
                    raise ZeroDivisionError

        client = self.named("one", {}).client()
        self.addCleanup(client.close)
        chat(client)
        state = _log.state
        interrupted = 0
        for count in range(1, 20):
            told = f"of no call {count}"
            state.others.append({"level": "warning", "message": "may be broken off"})
            try:
                with mock.patch.object(state, "lock", Interrupted(state.lock, count)):
                    list(chat(client, stream=True))
            except ZeroDivisionError:
                interrupted += 1
            state.others.append({"level": "warning", "message": told})
            for _ in range(2):
                chat(client)
            self.assertEqual([record[1] for record in self.records].count(told), 1)
            self.assertFalse(state.early)
            self.assertEqual([each() for each in state.calls.values() if each()], [])
        self.assertGreater(interrupted, 5)

    def test_what_a_signal_handler_raises_while_a_record_is_emitted_ends_the_call(self):
        def handler(*_):
            raise ZeroDivisionError

        class Seen(Exception):
            pass

        def emit(record):
            if not sent:
                sent.append(record)
                signal.raise_signal(signal.SIGUSR1)
            raise Seen

        before = signal.signal(signal.SIGUSR1, handler)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        done, sent, shown = [], [], []
        client = self.named("one", {}).client(on_done=done.append)
        self.addCleanup(client.close)
        self.handler.emit = emit
        with mock.patch.object(sys, "excepthook", lambda *error: shown.append(error[0])):
            with self.assertRaises(ZeroDivisionError):
                chat(client)
            self.assertEqual(len(done), 1)
            self.assertEqual(chat(client).output_text, "Hello from one.")
        self.assertEqual(set(shown), {Seen})

    def test_a_handler_may_make_calls_itself(self):
        client, others = self.named("slow", {}).client(), self.named("fast", {}).client()
        handler, answers = logging.Handler(), []
        handler.emit = lambda record: record.endpoint == "slow" and answers.append(chat(others))
        logging.getLogger("holysheep").addHandler(handler)
        self.addCleanup(logging.getLogger("holysheep").removeHandler, handler)
        chat(client)
        self.assertEqual(len(answers), 2)
        if not hasattr(logging.Logger, "_tls"):  # 3.13.4, 3.13.5: what a handler logs is dropped
            self.assertEqual([each[0] for each in self.records].count("fast"), 4)
        self.assertFalse(_log.state.calls)


class OfTasks(Log):
    def run_tasks(self, *works):
        async def task(work):
            whose.set(work.__name__)
            await work()

        async def all_of_them():
            tasks = [asyncio.create_task(task(work), name=work.__name__) for work in works]
            await asyncio.wait_for(asyncio.gather(*tasks), SECONDS_MAX)

        asyncio.run(all_of_them())

    def assert_in_task(self, name):
        self.assertEqual({record[2:5] for record in self.of_call(name)},
                         {("MainThread", name, name)})

    def test_a_call_that_waits_keeps_its_records_from_other_tasks(self):
        pool, other = self.named("slow", LIMITED), self.named("fast", {})
        client, others = pool.async_client(**DELAYED), other.async_client()

        async def slow():
            await chat(client)

        async def fast():
            while not self.waits.is_set():
                await chat(others)
            pool.advance(client, 3600)
            for _ in range(CALLS):
                await chat(others)

        self.run_tasks(slow, fast)
        self.assert_waited("slow", 3)
        self.assert_in_task("slow")
        self.assert_each_its_own("fast", 4, other.count())

    def test_a_stream_has_its_records_in_the_task_that_reads_it(self):
        client = self.named("slow", TOKENS).async_client()
        others = self.named("fast", {}).async_client()
        begun, called = [], []

        async def slow():
            stream = await chat(client, stream=True)
            begun.append(await stream.__anext__())
            while not called:
                await asyncio.sleep(0)
            async for _ in stream:
                pass

        async def fast():
            while not begun or self.in_flight(client):
                await asyncio.sleep(0)
            for _ in range(CALLS):
                await chat(others)
            called.append(True)

        self.run_tasks(slow, fast)
        self.assertEqual(len(self.of_call("slow")), 2)
        self.assert_in_task("slow")
        self.assert_each_its_own("fast", 3)

    def test_a_thread_leaves_the_records_of_a_task_to_it(self):
        pool, other = self.named("slow", LIMITED), self.named("fast", {})
        client, others = pool.async_client(**DELAYED), other.client()

        async def slow():
            await chat(client)

        def fast():
            while not self.waits.is_set():
                chat(others)
            pool.advance(client, 3600)

        thread = threading.Thread(target=fast, name="fast")
        thread.start()
        self.run_tasks(slow)
        thread.join(SECONDS_MAX)
        self.assert_waited("slow", 3)
        self.assert_in_task("slow")
        self.assert_each_its_own("fast", 2, other.count())

    def test_no_record_of_a_cancelled_call_is_lost(self):
        pool = self.named("slow", LIMITED)
        client = pool.async_client(**DELAYED)

        async def cancelled():
            task = asyncio.create_task(chat(client))
            while not pool.count("slow"):
                await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            await chat(client)

        self.run_tasks(cancelled)
        self.assertEqual([each[1].split(" (")[0] for each in self.records].count("trying slow"), 2)
        self.assertFalse(_log.state.calls)


if __name__ == "__main__":
    unittest.main()
