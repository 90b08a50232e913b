"""`api_key` as a callable: the key belongs to the call for which it was given."""

import asyncio
import contextvars
import threading
import unittest

from holysheep import ClosedError, ConfigError, HolySheepError
from holysheep._process import process
from pools import MESSAGES, SECONDS_MAX, PoolTest, answers, chat, output_of

RATE_LIMITED = answers(status=429, headers={"Retry-After": "100"})
KEPT = 8  # engines of one client

key_of_task = contextvars.ContextVar("key_of_task", default="none")


class KeysTest(PoolTest):
    def keyed(self, pool, **settings):
        """A client and a function that calls with a key."""
        keys = []
        client = pool.client(api_key=lambda: keys[-1] if keys else "first", **settings)
        self.addCleanup(client.close)

        def call(key, **more):
            keys.append(key)
            return chat(client, **more)

        return client, call

    def assert_own_keys(self, pool, count):
        self.assertEqual(len(pool.requests), count)
        self.assertEqual([each for each in pool.requests if each.key != each.model], [])

    def test_threads_send_their_own_key(self):
        pool = self.pool(answers(latency_ms=5))
        client = pool.client(api_key=key_of_task.get)
        self.addCleanup(client.close)

        def calls(name):
            key_of_task.set(name)
            for _ in range(10):
                client.chat.completions.create(model=name, messages=MESSAGES)
            list(client.chat.completions.create(model=name, messages=MESSAGES, stream=True))

        threads = [threading.Thread(target=calls, args=(f"t{i}",)) for i in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assert_own_keys(pool, 88)

    def test_clients_that_have_asked_for_no_key_share_one_engine(self):
        out = output_of("""
            import os, holysheep
            async def key():
                return "sk-a"
            def client():
                return holysheep.AsyncHolySheepClient(key, base_url="http://127.0.0.1:9/v1")
            kept = [client()]
            before = len(os.listdir("/proc/self/task"))
            kept += [client() for _ in range(50)]
            print(len(os.listdir("/proc/self/task")) - before)
        """)
        self.assertEqual(out.strip(), "0")

    def test_a_signal_handler_may_call_in_the_middle_of_a_call(self):
        _, call = self.keyed(self.pool())

        def in_the_middle():
            with process.lock:  # where a handler may come
                call("another")
            done.append(True)

        done = []
        thread = threading.Thread(target=in_the_middle, daemon=True)
        thread.start()
        thread.join(SECONDS_MAX)
        self.assertEqual(done, [True])

    def test_a_signal_handlers_call_may_let_an_engine_go_first(self):
        class Interrupted(dict):
            def __iter__(self):
                """As if the handler came just after the oldest one was found."""
                names = list(self.keys())
                self.pop(names[0])
                return iter(names)

        client, call = self.keyed(self.pool())
        for number in range(KEPT):
            call(str(number))
        client._engines._engines = Interrupted(client._engines._engines)
        self.assertEqual(call("another").output_text, "Hello from primary.")

    def test_tasks_send_their_own_key(self):
        pool = self.pool(answers(latency_ms=5))

        async def key():
            await asyncio.sleep(0)
            return key_of_task.get()

        async def call(client, name):
            key_of_task.set(name)
            create = client.chat.completions.create
            await create(model=name, messages=MESSAGES)
            async for _ in await create(model=name, messages=MESSAGES, stream=True):
                pass

        async def main():
            async with pool.async_client(api_key=key) as client:
                await asyncio.gather(*(call(client, f"t{i}") for i in range(30)))

        asyncio.run(main())
        self.assert_own_keys(pool, 60)

    def test_a_view_asks_for_the_key_as_well(self):
        pool = self.pool()
        client = pool.client(api_key=key_of_task.get)
        self.addCleanup(client.close)
        key_of_task.set("of-the-view")
        self.addCleanup(key_of_task.set, "none")
        chat(client.with_options(timeout=9))
        self.assertEqual([each.key for each in pool.requests], ["of-the-view"])

    def test_cooldowns_stay_as_long_as_the_key(self):
        pool = self.pool(RATE_LIMITED, {})
        client, call = self.keyed(pool)
        for key in ("a", "b", "a", "b", "a"):
            call(key)
        self.assertEqual(pool.count("primary"), 2)

    def test_the_least_recently_used_engine_is_let_go(self):
        pool = self.pool(RATE_LIMITED, {})
        client, call = self.keyed(pool, isolated=True)
        for number in range(KEPT):
            call(str(number))
        call("0")
        self.assertEqual(pool.count("primary"), KEPT)
        call("another")
        call("0")
        self.assertEqual(pool.count("primary"), KEPT + 1)
        call("1")
        self.assertEqual(pool.count("primary"), KEPT + 2)

    def test_an_engine_that_was_let_go_ends_its_calls(self):
        pool = self.pool(answers(text="one two three four", token_ms=20))
        client, call = self.keyed(pool, isolated=True)
        stream = call("slow", stream=True)
        next(stream)
        for number in range(KEPT + 1):
            call(str(number)).choices[0].message.content
        text = "".join(each.choices[0].delta.content or "" for each in stream if each.choices)
        self.assertTrue(text.endswith("four"), text)

    def test_closing_closes_the_engines_of_all_keys(self):
        pool = self.pool(answers(stall="after_content"))
        client, call = self.keyed(pool)
        streams = [call(key, stream=True) for key in ("a", "b")]
        self.assertFalse(client.close())
        for each in streams:
            with self.assertRaises(HolySheepError):
                list(each)
        for key in ("a", "b", "c"):
            with self.assertRaises(ClosedError):
                call(key)

    def test_the_pool_is_that_of_the_last_key(self):
        pool = self.pool(RATE_LIMITED, {})
        client, call = self.keyed(pool)
        self.assertEqual(client.pool["primary"].status.value, "healthy")
        call("a")
        self.assertEqual(client.pool["primary"].status.value, "rate_limited")
        pool.set("primary", **answers())
        call("b")
        self.assertEqual(client.pool["primary"].status.value, "healthy")

    def test_on_alert_goes_along_with_the_key(self):
        pool = self.pool(RATE_LIMITED, {})
        client, call = self.keyed(pool, monitor={"alert_threshold": 1})
        told = []
        client.monitor.on_alert = told.append
        for count, key in enumerate(("a", "b"), 1):
            call(key)

            def alerts():
                client.monitor.alerts_pending()
                return len(told) == count

            self.eventually(alerts, key)

    def test_keys_of_single_endpoints_hold_for_every_key(self):
        pool = self.pool(answers(error="overloaded"), {})
        client, call = self.keyed(pool)
        with self.assertRaisesRegex(ConfigError, "callable"):
            client.pool.set_key("other")
        client.pool.set_key("its-own", "backup-1")
        call("a")
        call("b")
        sent = {each.key for each in pool.requests if each.endpoint == "backup-1"}
        self.assertEqual(sent, {"its-own"})

    def test_a_callable_that_gives_no_text(self):
        pool = self.pool()
        client, call = self.keyed(pool)
        with self.assertRaisesRegex(ConfigError, "no string"):
            call(5)
        with self.assertRaisesRegex(ConfigError, "no string"):
            pool.client(api_key=lambda: None)
        self.assertEqual(pool.count(), 0)


if __name__ == "__main__":
    unittest.main()
