"""What a Python process does to a client: imports, signals, fork, exit, gevent, threads."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from unittest import mock

from holysheep import __main__ as program_module
from holysheep import _log
from pools import FREE_THREADED, PoolTest, absent, answers, chat, needs, output_of, program

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


    @unittest.skipUnless(sys.version_info < (3, 12), "later versions load it, or say so themselves")
    def test_a_sub_interpreter_is_refused_at_once(self):
        out = output_of("""
            import _xxsubinterpreters as interpreters
            made = interpreters.create()
            try:
                interpreters.run_string(made, "import holysheep")
            except interpreters.RunFailedError as error:
                print(error)
            interpreters.destroy(made)
            import holysheep
        """)
        self.assertIn("ImportError", out)
        self.assertIn("WSGIApplicationGroup", out)

    def test_a_python_without_sub_interpreters_will_do(self):
        out = output_of("""
            import sys
            sys.modules["_xxsubinterpreters"] = None  # as in a trimmed one
            import holysheep
            print("imported")
        """)
        self.assertEqual(out, "imported\n")


class Certificates(PoolTest):
    # In a mount namespace of its own, where the distribution's certificates are not there.
    HIDDEN = """
        for folder in /etc/ssl /etc/pki /usr/local/share/certs; do
          [ ! -d $folder ] || mount -t tmpfs none $folder || exit 77
        done
        exec "$@"
    """

    def test_without_the_systems_pythons_are_used(self):
        pool = self.pool({"tls": True})
        config = pool.config
        bundle = config.pop("ca_file", None) or config["endpoints"][0].pop("ca_file")
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "certifi.py"), "w", encoding="utf-8") as file:
                file.write(f"def where(): return {bundle!r}\n")
            call = f"""
                import json, sys
                from holysheep import HolySheepClient, HolySheepError
                # A limit: some libcurls say that a file is missing, which may come back.
                client = HolySheepClient(config=json.loads(sys.argv[1]), max_retries=0, timeout=5)
                try:
                    print(client.chat.completions.create(model="m", messages=[]).output_text)
                except HolySheepError as error:
                    print(error)
            """
            for path, words in ((folder, "Hello from primary."), ("", "certificate|local_files")):
                done = subprocess.run(
                    ["unshare", "-rm", "sh", "-c", textwrap.dedent(self.HIDDEN), "sh",
                     sys.executable, "-c", textwrap.dedent(call), json.dumps(config)],
                    capture_output=True, encoding="utf-8", timeout=60,
                    env={**os.environ, "PYTHONPATH": path, "HOLYSHEEP_API_KEY": "k",
                         "SSL_CERT_FILE": "", "CURL_CA_BUNDLE": ""})
                if done.returncode == 77 or done.stderr.startswith("unshare:"):
                    self.skipTest("no mount namespaces here")
                self.assertRegex(done.stdout, words, done.stderr)


class Program(unittest.TestCase):
    def test_the_package_carries_the_program(self):
        self.assertTrue(os.access(program_module.program(), os.X_OK))
        done = subprocess.run([sys.executable, "-m", "holysheep", "version"], capture_output=True,
                              encoding="utf-8", check=True)
        self.assertIn("libcurl", done.stdout)
        script = os.path.join(os.path.dirname(sys.executable), "holysheep")
        done = subprocess.run([script, "--help"], capture_output=True, encoding="utf-8", check=True)
        self.assertIn("\n  chat ", done.stdout)


class Signals(PoolTest):
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

    def test_ctrl_c_while_closing_and_while_waiting_for_a_mock(self):
        self.interrupted(call="""
                client.close(timeout=60)""", handler="""
            def in_flight():
                try:
                    client.chat.completions.create(model="m", messages=[])
                except BaseException:
                    pass
            threading.Thread(target=in_flight, daemon=True).start()
            pool.wait(1)
            pool.wait = lambda _: [os.sched_yield() for _ in iter(
                lambda: client._engine.closed, True)]""")
        self.interrupted(script="None", call="""
                threading.Thread(target=client.models.list, daemon=True).start()
                pool.wait(2, timeout=60)""")

    def test_the_error_of_another_handler(self):
        self.interrupted(signal="SIGALRM", caught="ZeroDivisionError",
                         handler="signal.signal(signal.SIGALRM, lambda *_: 1 / 0)")

    def test_hooks_are_told_of_a_call_that_a_signal_broke_off(self):
        def interrupt(*_):
            raise ZeroDivisionError

        before = signal.signal(signal.SIGUSR1, interrupt)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        done = []
        pool = self.pool(answers(stall="before_headers"))
        client = pool.client(on_done=done.append)
        self.addCleanup(client.close)
        main = threading.main_thread().ident

        def send():
            pool.wait(1)
            signal.pthread_kill(main, signal.SIGUSR1)

        thread = threading.Thread(target=send)
        thread.start()
        with self.assertRaises(ZeroDivisionError):
            chat(client)
        thread.join()
        self.assertEqual([each.attempts for each in done], [1])

    def test_a_signal_that_comes_just_after_the_call_was_made_ends_it(self):
        def submit(*arguments):
            made(*arguments)
            raise ZeroDivisionError  # as a handler would, before the number is known

        made = _log.submit
        for stream in (False, True):
            with self.subTest(stream=stream):
                done = []
                client = self.client(answers(stall="before_headers"), on_done=done.append)
                with mock.patch.object(_log, "submit", submit):
                    with self.assertRaises(ZeroDivisionError):
                        chat(client, stream=stream)
                self.assertEqual(len(done), 1)
                self.assertEqual(client.pool.status()["calls"]["cancelled"], 1)


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

    def test_a_call_under_way_is_not_sent_again(self):
        out = output_of("""
            import os, signal, threading
            from holysheep import ForkedError, MockPool
            pool = MockPool([{"default": {"stall": "before_headers"}}])
            client = pool.client()
            children = []
            def handler(*_):
                children.append(os.fork())
                if children[-1]:
                    _, status = os.waitpid(children[-1], 0)
                    print("child", status, "requests", pool.count(), flush=True)
                    os._exit(0)
            signal.signal(signal.SIGALRM, handler)
            threading.Thread(target=lambda: (pool.wait(1), os.kill(os.getpid(), signal.SIGALRM)),
                             daemon=True).start()
            try:
                client.chat.completions.create(model="m", messages=[])
            except ForkedError:
                os._exit(0)
            os._exit(1)
        """, options=("-W", "ignore::DeprecationWarning"))
        self.assertEqual(out, "child 0 requests 1\n")

    def test_errors_in_a_child_are_of_the_tree(self):
        self.forked("""
                for call in (lambda: client.chat.completions.create(model=5, messages=[]),
                             lambda: client.request("BAD METHOD", "/x"), lambda: pool.requests,
                             lambda: pool.count() and 1 / 0,
                             lambda: closed.models.list()):
                    try:
                        call()
                        raise AssertionError
                    except HolySheepError:
                        pass
                assert isinstance(closed_error(closed), ClosedError)""", before="""
        closed = pool.client(isolated=True)
        closed.close()
        def closed_error(client):
            try:
                ask(client)
            except HolySheepError as error:
                return error""")

    def test_a_child_knows_the_keys_that_were_set(self):
        out = self.forked("""
                ask()
                other.models.list()
                HolySheepClient(config=config).models.list()""", before="""
        config = pool.config
        other = HolySheepClient(config=config, max_wait_ms=7)
        for each in (client, other):
            each.pool.set_key("vault-key")
        """, after="print([each.key for each in pool.requests][1:])")
        self.assertIn("['vault-key', 'vault-key', 'mock-key', 'vault-key']", out)

    def test_a_monitor_of_the_parent_goes_on_in_the_child(self):
        self.forked("""
                try:
                    monitor.alerts
                    raise AssertionError
                except ForkedError:
                    pass
                for _ in range(2):
                    watched.models.list()
                assert watched.monitor is monitor
                assert monitor.metrics["a"].rate_limited_requests == 1, monitor
                assert [each["endpoint"] for each in told] == ["a"], told""", before="""
        sick = MockPool([{"name": "a", "default": {"status": 429}}, {"name": "b"}])
        watched, told = sick.client(monitor={"alert_threshold": 1}), []
        monitor = watched.monitor
        monitor.on_alert = told.append""", after="sick.close()")

    def test_a_child_logs_too(self):
        self.forked("""
                with unittest.TestCase().assertLogs("holysheep", "INFO") as caught:
                    ask()
                assert "trying primary" in str(caught.output), caught.output""", before="""
        import logging, unittest
        logging.basicConfig(level=logging.INFO, handlers=[logging.NullHandler()])
        ask()""")

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

    # The child waits for ever in libasan's allocator, whose locks another thread had at fork().
    @unittest.skipIf("libasan" in os.environ.get("LD_PRELOAD", ""), "GCC 12's sanitizer cannot")
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

    def test_with_answers_that_wait_for_the_gil(self):
        self.quick("""
            import os, sys, threading
            from holysheep import MockPool
            class Last:
                def __del__(self, file=os.open(os.devnull, os.O_WRONLY), write=os.write):
                    for _ in range(1000):
                        write(file, b"x")  # lets go of the GIL, in the interpreter's last moments
            last = Last()
            pool = MockPool([{"default": {"latency_ms": 100}}])
            client = pool.client()
            for _ in range(8):
                threading.Thread(target=client.models.list, daemon=True).start()
            pool.wait(8)
            sys.setswitchinterval(1000)  # who wants the GIL waits until this thread lets go of it
            while client.pool.status()["calls"]["in_flight"]:
                pass
            sum(range(10_000_000))  # the threads have come as far as that
        """)

    def test_while_others_close_and_wait(self):
        self.quick(f"""
            import os, threading
            from holysheep import MockPool
            pool = MockPool({SILENT})
            client = pool.client()
            for work in (lambda: {Signals.CALL}, lambda: pool.wait(99, timeout=60)):
                threading.Thread(target=work, daemon=True).start()
            pool.wait(1)
            threading.Thread(target=client.close, args=(60,), daemon=True).start()
            while not client._engine.closed:
                os.sched_yield()
        """)

    def test_closing_at_the_end_lets_calls_finish_without_a_thread(self):
        # Python 3.12 and later refuse new threads there; for the earlier ones, this does.
        out = output_of("""
            import atexit, threading
            from holysheep import MockPool, _wait
            pool = MockPool([{"default": {"latency_ms": 600}}])
            client = pool.client(isolated=True)
            def refuse(*_):
                raise RuntimeError("can't create new thread at interpreter shutdown")
            def close():
                _wait.start_new_thread = refuse
                print(client.close(timeout=50))
            atexit.register(close)
            ask = client.chat.completions.create
            threading.Thread(target=lambda: ask(model="m", messages=[]), daemon=True).start()
            pool.wait(1)
        """)
        self.assertEqual(out, "True\n")

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
    @needs("gevent")
    def test_closing_and_waiting_let_others_run(self):
        out = output_of("""
            import gevent.monkey; gevent.monkey.patch_all(); import gevent
            from holysheep import HolySheepError, MockPool
            pool = MockPool([{"default": {"stall": "before_headers"}}])
            client = pool.client()
            def ask():
                try:
                    client.chat.completions.create(model="m", messages=[])
                except HolySheepError as error:
                    print(type(error).__name__)
            asking = gevent.spawn(ask)
            ticks = []
            gevent.spawn(lambda: [ticks.append(gevent.sleep(0.01)) for _ in range(1000)])
            pool.wait(1)
            pool.wait(2, timeout=0.1)
            before = len(ticks)
            client.close(timeout=0.1)
            asking.join()
            print(before > 0, len(ticks) > before)
        """, others=True, options=("-W", "ignore"))
        self.assertEqual(out, "CancelledError\nTrue True\n")

    @needs("gevent")
    @unittest.skipIf(FREE_THREADED, "greenlets lose this Python's locks of objects")
    def test_a_body_may_let_other_greenlets_run(self):
        out = output_of("""
            import gevent.monkey; gevent.monkey.patch_all()
            import gevent
            from holysheep import MockPool
            class Message:
                def model_dump(self, **_):
                    gevent.sleep(0)
                    return {"role": "user", "content": "x"}
            def messages(of):
                gevent.sleep(0.001 * of)
                yield Message()
            with MockPool([{}]) as pool:
                client = pool.client()
                def ask(of):
                    for stream in (False, True) * 5:
                        answer = client.chat.completions.create(
                            model="m", messages=messages(of), stream=stream)
                        list(answer)
                        client.with_options(holysheep={"allow": (each for each in ["primary"])})
                gevent.joinall([gevent.spawn(ask, of) for of in range(3)], raise_error=True)
                print(pool.count(), pool.requests[0].body)
        """, others=True, options=("-W", "ignore"))
        self.assertIn('30 {"model":"m","messages":[{"role":"user","content":"x"}]', out)

    def test_other_greenlets_run_while_one_waits(self):
        for library, patch, spawn in (
            ("gevent", "import gevent.monkey; gevent.monkey.patch_all(); import gevent",
             "gevent.joinall([gevent.spawn(ask) for _ in range(10)])"),
            ("eventlet", "import eventlet; eventlet.monkey_patch()",
             "[each.wait() for each in [eventlet.spawn(ask) for _ in range(10)]]"),
        ):
            with self.subTest(library):
                if absent(library):
                    self.skipTest(f"no wheel for this Python: {library}")
                if FREE_THREADED:  # "".join(generator) crashes without us, with a GIL, too
                    self.skipTest("greenlets lose this Python's locks of objects when they switch")
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
