"""What a Python process does to a client: imports, signals, fork, exit, gevent, threads."""

import os
import subprocess
import sys
import time
import unittest

from holysheep import __main__ as program_module
from pools import PoolTest, output_of, program

SILENT = '[{"default": {"stall": "before_headers"}}]'
# The parent's client has answered once; `child` is what the child does with it.
FORKED = """
    import os, sys
    from holysheep import *
    with MockPool([{{"default": {{"token_ms": {token_ms}}}}}]) as pool:
        client = pool.client()
        def ask(client=client):
            return client.chat.completions.create(model="m", messages=[]).output_text
        ask()
        {before}
        pid = os.fork()
        if pid == 0:
            try:
                {child}
                os._exit(0)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
        _, status = os.waitpid(pid, 0)
        assert status == 0, status
        print(ask())
        {after}
"""


class Import(unittest.TestCase):
    def test_it_imports_nothing_heavy(self):
        out = output_of("""
            import sys
            import holysheep
            heavy = {"asyncio", "openai", "logging", "json", "typing", "dataclasses", "inspect",
                     "threading", "socket", "ssl", "re", "pydantic", "httpx"}
            print(sorted(heavy & set(sys.modules)))
        """, options=("-I",))
        self.assertEqual(out.strip(), "[]")

    def test_everything_that_is_exported_exists(self):
        out = output_of("""
            import holysheep
            print([name for name in holysheep.__all__ if not hasattr(holysheep, name)])
            from holysheep import *
            print(AsyncHolySheepClient.__name__, MockPool.__name__)
        """)
        self.assertEqual(out.split("\n")[:2], ["[]", "AsyncHolySheepClient MockPool"])


class Program(unittest.TestCase):
    def test_the_package_carries_the_program(self):
        self.assertTrue(os.access(program_module.program(), os.X_OK))
        done = subprocess.run([sys.executable, "-m", "holysheep", "version"], capture_output=True,
                              encoding="utf-8", check=True)
        self.assertIn("libcurl", done.stdout)
        script = os.path.join(os.path.dirname(sys.executable), "holysheep")
        done = subprocess.run([script, "--help"], capture_output=True, encoding="utf-8", check=True)
        self.assertIn("\n  chat ", done.stdout)


class Signals(unittest.TestCase):
    SOURCE = """
        import os, signal, sys, threading, time
        from holysheep import MockPool
        with MockPool({script}) as pool:
            client = pool.client()
            {handler}
            def strike():
                pool.wait(1)
                global struck
                struck = time.monotonic()
                os.kill(os.getpid(), signal.{signal})
            threading.Thread(target=strike).start()
            try:
                {call}
            except {caught} as error:
                late = time.monotonic() - struck
            while client.pool.status()["calls"]["in_flight"]:
                os.sched_yield()
            print(late < 0.2 or late)
    """
    CALL = 'client.chat.completions.create(model="m", messages=[])'
    STREAM = 'list(client.chat.completions.create(model="m", messages=[], stream=True))'

    def interrupted(self, **parts):
        parts = {"script": SILENT, "handler": "", "signal": "SIGINT", "call": self.CALL,
                 "caught": "KeyboardInterrupt", **parts}
        self.assertEqual(output_of(self.SOURCE.format(**parts)).strip(), "True")

    def test_ctrl_c_in_a_call(self):
        self.interrupted()

    def test_ctrl_c_in_a_stream(self):
        self.interrupted(call=self.STREAM)
        self.interrupted(call=self.STREAM, script='[{"default": {"stall": {"at": "after_content", "after_tokens": 2}}}]')

    def test_the_error_of_another_handler(self):
        self.interrupted(signal="SIGALRM", caught="ZeroDivisionError",
                         handler="signal.signal(signal.SIGALRM, lambda *_: 1 / 0)")


class Fork(unittest.TestCase):
    def forked(self, child, before="", after="", token_ms=0):
        return output_of(
            FORKED.format(child=child, before=before, after=after, token_ms=token_ms))

    def test_a_child_opens_an_engine_of_its_own(self):
        out = self.forked('assert ask() == "Hello from primary."')
        self.assertEqual(out, "Hello from primary.\n")

    def test_no_connection_is_shared(self):
        out = self.forked("ask()", after="""print(
            len({each.connection for each in pool.requests}), pool.count())""")
        self.assertEqual(out, "Hello from primary.\n2 3\n")

    def test_a_stream_of_the_parent_ends_in_the_child(self):
        out = self.forked("""
                try:
                    list(stream)
                    raise AssertionError
                except ForkedError:
                    ask()""",
            before='stream = client.chat.completions.create(model="m", messages=[], stream=True)',
            after='print("".join(stream.text_deltas()))', token_ms=300)
        self.assertEqual(out, "Hello from primary.\nHello from primary.\n")

    def test_async_clients_too(self):
        out = self.forked("asyncio.run(twice())", before="""
        import asyncio
        other = pool.async_client()
        async def twice():
            await other.chat.completions.create(model="m", messages=[])
            stream = await other.chat.completions.create(model="m", messages=[], stream=True)
            assert "".join([text async for text in stream.text_deltas()]) == "Hello from primary."
        asyncio.run(twice())""")
        self.assertEqual(out, "Hello from primary.\n")

    def test_multiprocessing_with_busy_threads(self):
        out = output_of("""
            import multiprocessing, threading
            from holysheep import MockPool
            def work(client):
                return client.chat.completions.create(model="m", messages=[]).output_text
            if __name__ == "__main__":
                with MockPool() as pool:
                    client = pool.client()
                    stop = threading.Event()
                    def busy():
                        while not stop.is_set():
                            work(client)
                    threads = [threading.Thread(target=busy) for _ in range(4)]
                    [thread.start() for thread in threads]
                    context = multiprocessing.get_context("fork")
                    for _ in range(10):
                        child = context.Process(target=work, args=(client,))
                        child.start()
                        child.join(30)
                        assert child.exitcode == 0, child.exitcode
                    stop.set()
                    [thread.join() for thread in threads]
                    print("ok")
        """, options=("-W", "ignore::DeprecationWarning"))
        self.assertEqual(out, "ok\n")


class Exit(unittest.TestCase):
    def quick(self, source, status=0):
        start = time.monotonic()
        done = program(source)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stderr if status == 0 else "", "")
        self.assertLess(time.monotonic() - start, 30)

    def test_with_calls_in_flight(self):
        for daemon_call in (Signals.CALL, Signals.STREAM):
            self.quick(f"""
                import threading
                from holysheep import MockPool
                pool = MockPool({SILENT})
                client = pool.client()
                for _ in range(8):
                    threading.Thread(target=lambda: {daemon_call}, daemon=True).start()
                pool.wait(8)
            """)

    def test_with_tasks_and_streams_in_flight(self):
        self.quick(f"""
            import asyncio
            from holysheep import MockPool
            pool = MockPool({SILENT})
            client = pool.async_client()
            async def main():
                task = asyncio.create_task(
                    client.chat.completions.create(model="m", messages=[]))
                await asyncio.to_thread(pool.wait, 1)
            asyncio.run(main())
        """)

    def test_in_the_middle_of_a_call_of_the_main_thread(self):
        self.quick(f"""
            import os, signal, threading
            from holysheep import MockPool
            pool = MockPool({SILENT})
            client = pool.client()
            signal.signal(signal.SIGTERM, lambda *_: exit(7))
            threading.Thread(target=lambda: (pool.wait(1), os.kill(os.getpid(), signal.SIGTERM)),
                             daemon=True).start()
            {Signals.CALL}
        """, status=7)


class Greenlets(PoolTest):
    def test_other_greenlets_run_while_one_waits(self):
        for library, patch, spawn in (
            ("gevent", "import gevent.monkey; gevent.monkey.patch_all(); import gevent",
             "gevent.joinall([gevent.spawn(ask) for _ in range(10)])"),
            ("eventlet", "import eventlet; eventlet.monkey_patch()",
             "[each.wait() for each in [eventlet.spawn(ask) for _ in range(10)]]"),
        ):
            with self.subTest(library):
                out = output_of(f"""
                    {patch}
                    import time
                    from holysheep import MockPool
                    with MockPool([{{"default": {{"latency_ms": 300, "token_ms": 20}}}}]) as pool:
                        client = pool.client()
                        def ask():
                            client.chat.completions.create(model="m", messages=[])
                            stream = client.chat.completions.create(
                                model="m", messages=[], stream=True)
                            assert "".join(stream.text_deltas()) == "Hello from primary."
                        start = time.monotonic()
                        {spawn}
                        print(pool.count(), time.monotonic() - start < 3)
                """, others=True, options=("-W", "ignore"))
                self.assertEqual(out, "20 True\n")
