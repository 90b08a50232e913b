"""The async client: tasks, cancellation, streams, several loops, and uvloop."""

import asyncio
import threading
import unittest

from holysheep import (
    AsyncHolySheepClient,
    ClosedError,
    HolySheepError,
    InternalServerError,
    StreamInterruptedError,
)
from pools import MODEL, PoolTest, answers, chat, needs, output_of

LIMITED = {"replies": [{"status": 429, "headers": {"Retry-After": "30"}}]}
ENDLESS = answers(tokens=50, stall={"at": "after_content", "after_tokens": 2})
SILENT = answers(stall="before_headers")


class AsyncTest(PoolTest, unittest.IsolatedAsyncioTestCase):
    def client(self, *scripts, **settings):
        self.made = self.pool(*scripts)
        client = self.made.async_client(**settings)
        self.addAsyncCleanup(client.aclose)
        return client

    async def free(self, client):
        async def gone():
            while self.in_flight(client):
                await asyncio.sleep(0)

        await asyncio.wait_for(gone(), 30)


class Calls(AsyncTest):
    async def test_a_429_is_not_seen_by_the_caller(self):
        answer = await chat(self.client(LIMITED, {}))
        self.assertEqual(answer.choices[0].message.content, "Hello from backup-1.")
        self.assertEqual(answer.holysheep.attempts, 2)

    async def test_many_tasks(self):
        client = self.client()
        found = await asyncio.gather(*(chat(client) for _ in range(200)))
        self.assertEqual({each.output_text for each in found}, {"Hello from primary."})

    async def test_cancelling_a_task_cancels_its_call(self):
        client = self.client(SILENT)
        task = asyncio.create_task(chat(client))
        await asyncio.to_thread(self.made.wait, 1)
        self.assertEqual(self.in_flight(client), 1)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await self.free(client)
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(chat(client), 0.05)
        await self.free(client)
        self.assertEqual(client.pool.status()["calls"]["cancelled"], 2)

    async def test_errors(self):
        with self.assertRaises(InternalServerError):
            await chat(self.client(answers(error="server_error"), max_retries=0))

    async def test_other_paths(self):
        client = self.client({}, answers(error="auth"))
        self.assertIn(MODEL, [model.id async for model in client.models.list()])
        self.assertEqual((await client.models.list()).object, "list")
        self.assertEqual((await client.request("GET", "/models")).data[0].object, "model")
        self.assertEqual((await client.embeddings.create(model="e", input="x")).data[0].index, 0)
        answer = await client.responses.create(model=MODEL, input="hi")
        self.assertIn("Hello", answer.output_text)
        raw = await client.chat.completions.with_raw_response.create(model=MODEL, messages=[])
        self.assertEqual(raw.status_code, 200)
        self.assertEqual([bool(each) for each in await client.check()], [True, False])
        self.assertEqual([bool(each) for each in await client.pool.check()], [True, False])
        raw = await client.models.with_raw_response.list()
        self.assertEqual(raw.parse().object, "list")
        raw = await client.with_raw_response.chat.completions.create(
            model=MODEL, messages=[], stream=True)
        self.assertTrue([text async for text in raw.parse().text_deltas()])

    async def test_a_status_page_that_hangs_keeps_no_call_from_its_answer(self):
        page = self.pool(SILENT)
        client = self.client(monitor={"status_page_url": page.urls[0]})
        task = asyncio.create_task(client.check_service())
        await asyncio.to_thread(page.wait, 1)
        await chat(client)
        self.assertFalse(task.done())
        page.close()
        self.assertFalse(await task)
        self.assertTrue(await client.check_service(self.made.urls[0]))

    async def test_hooks_are_called_on_the_loop(self):
        done = []
        client = self.client(
            LIMITED, {}, on_done=lambda found: done.append((asyncio.get_running_loop(), found)))
        await chat(client)
        async for _ in await chat(client, stream=True):
            pass
        self.assertEqual([loop for loop, _ in done], [asyncio.get_running_loop()] * 2)
        self.assertEqual([found.attempts for _, found in done], [2, 1])

    async def test_hooks_are_told_of_what_was_left(self):
        done = []
        client = self.client({}, on_done=done.append)
        async for _ in await chat(client, stream=True):
            break
        async with await chat(client, stream=True) as stream:
            await stream.__anext__()
        task = asyncio.create_task(chat(self.client(SILENT, on_done=done.append)))
        await asyncio.sleep(0)
        self.assertTrue(self.made.wait(1))
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        while len(done) < 3:
            await asyncio.sleep(0)  # the loop brings the ends
        self.assertEqual([each.attempts for each in done], [1] * 3)

    async def test_hooks_of_calls_that_end_together_come_in_one_turn_of_the_loop(self):
        turns, told = [], []
        client = self.client({}, on_done=lambda _: told.append(len(turns)))
        tasks = [asyncio.create_task(chat(client)) for _ in range(20)]
        await asyncio.sleep(0)  # all are sent
        self.eventually(lambda: not self.in_flight(client), "calls hang")  # the loop stands still
        # The status is there a moment before what it counts; whatever comes later, is there after.
        chat(self.made.client())

        def turn():
            turns.append(1)
            asyncio.get_running_loop().call_soon(turn)

        turn()
        await asyncio.gather(*tasks)
        self.assertEqual((len(told), len(set(told))), (20, 1))

    async def test_hooks_may_be_coroutine_functions(self):
        told = asyncio.get_running_loop().create_future()

        async def hook(found):
            told.set_result(found.endpoint)

        await chat(self.client(on_done=hook))
        self.assertEqual(await asyncio.wait_for(told, 30), "primary")

    async def test_the_key_may_be_an_async_function(self):
        pool = self.pool()
        keys = iter(["one", "two"])

        async def key():
            return next(keys)

        async with AsyncHolySheepClient(key, base_url=pool.urls[0]) as client:
            await chat(client)
            await chat(client)
        self.assertEqual([each.key for each in pool.requests], ["one", "two"])

    async def test_closing_lets_calls_finish(self):
        client = self.client(answers(latency_ms=300))
        task = asyncio.create_task(chat(client))
        await asyncio.to_thread(self.made.wait, 1)
        self.assertTrue(await client.aclose(timeout=60))
        self.assertEqual((await task).output_text, "Hello from primary.")

    async def test_closing(self):
        client = self.client(SILENT)
        task = asyncio.create_task(chat(client))
        await asyncio.to_thread(self.made.wait, 1)
        self.assertFalse(await client.close())
        with self.assertRaises(HolySheepError):
            await task
        with self.assertRaises(ClosedError):
            await chat(client)


class Streams(AsyncTest):
    async def test_pieces_and_text(self):
        client = self.client()
        stream = await chat(client, stream=True)
        text = [chunk.choices[0].delta.content or "" async for chunk in stream]
        self.assertEqual("".join(text), "Hello from primary.")
        self.assertEqual(stream.holysheep.endpoint, "primary")
        stream = await chat(client, stream=True)
        self.assertEqual("".join([text async for text in stream.text_deltas()]), "".join(text))
        self.assertEqual([chunk async for chunk in stream], [])

    async def test_leaving_the_loop_and_dropping_free_the_call(self):
        client = self.client(ENDLESS)
        stream = await chat(client, stream=True)
        async for _ in stream:
            break
        await self.free(client)
        with self.assertRaises(ClosedError):
            async for _ in stream:
                pass
        stream = await chat(client, stream=True)
        del stream
        await self.free(client)
        async with await chat(client, stream=True) as stream:
            await stream.__anext__()
        await self.free(client)

    async def test_cancelling_a_reader_frees_the_call(self):
        client = self.client(ENDLESS)

        async def read():
            async for _ in await chat(client, stream=True):
                pass

        task = asyncio.create_task(read())
        await asyncio.to_thread(self.made.wait, 1)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await self.free(client)

    async def test_a_cancelled_reader_frees_the_call_while_its_exception_lives(self):
        client = self.client(ENDLESS)
        stream = await chat(client, stream=True)

        async def read():
            async for _ in stream:
                pass

        task = asyncio.create_task(read())
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            await self.free(client)
            self.assertTrue(error.__traceback__)

    async def test_a_broken_stream_stays_broken(self):
        client = self.client(answers(text="a b c", cut={"at": "inside_event", "after_tokens": 2}))
        stream = await chat(client, stream=True)
        for _ in range(2):
            with self.assertRaises(StreamInterruptedError):
                async for _ in stream:
                    pass

    async def test_a_broken_stream_carries_the_text_so_far(self):
        client = self.client(answers(text="a b c", cut={"at": "inside_event", "after_tokens": 2}))
        with self.assertRaises(StreamInterruptedError) as caught:
            async for _ in await chat(client, stream=True):
                pass
        self.assertTrue(caught.exception.partial)

    async def test_restart(self):
        client = self.client(
            answers(text="a b c", cut={"at": "inside_event", "after_tokens": 2}), {},
            stream_recovery="restart")
        text = []
        async for chunk in (await chat(client, stream=True)).events(on_restart=text.clear):
            text.append(chunk._text() or "")
        self.assertEqual("".join(text), "Hello from backup-1.")

    async def test_restart_may_be_a_coroutine_function(self):
        client = self.client(
            answers(text="a b c", cut={"at": "inside_event", "after_tokens": 2}), {},
            stream_recovery="restart")
        text = []

        async def clear():
            text.clear()

        stream = await chat(client, stream=True)
        with self.assertRaisesRegex(HolySheepError, "on_restart"):
            stream.events(on_restart=5)
        async for chunk in stream.events(on_restart=clear):
            text.append(chunk._text() or "")
        self.assertEqual("".join(text), "Hello from backup-1.")

    async def test_two_readers_of_one_stream(self):
        client = self.client(ENDLESS)
        stream = await chat(client, stream=True)

        async def read():
            async for _ in stream:
                pass

        first = asyncio.create_task(read())
        second = asyncio.create_task(read())
        with self.assertRaisesRegex(HolySheepError, "two tasks"):
            await second
        first.cancel()
        with self.assertRaises((asyncio.CancelledError, HolySheepError)):
            await first


class Logging(AsyncTest):
    async def test_logging_may_be_set_up_after_the_loop_has_begun(self):
        client = self.client(isolated=True)
        await client.models.list()
        with self.assertLogs("holysheep", "INFO") as caught:
            await chat(client)
        self.assertIn("trying primary", " ".join(caught.output))


class Loops(PoolTest):
    def test_several_loops_in_several_threads(self):
        client = self.pool().async_client()
        found = []

        async def calls():
            await asyncio.gather(*(chat(client) for _ in range(20)))
            found.append(client)

        threads = [threading.Thread(target=asyncio.run, args=(calls(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(found), 4)

    def test_one_loop_after_the_other_leaves_no_descriptor(self):
        out = output_of("""
            import asyncio, os, holysheep
            pool = holysheep.MockPool()
            client = pool.async_client()
            def open_files():
                asyncio.run(client.chat.completions.create(model="m", messages=[]))
                return len(os.listdir("/proc/self/fd"))
            before = open_files()
            print(max(open_files() for _ in range(20)) - before)
        """)
        self.assertEqual(out.strip(), "0")

    def test_loops_begin_in_several_threads_at_the_same_time(self):
        client = self.pool().async_client()
        found = []

        class Loop(asyncio.SelectorEventLoop):
            others = None

            def is_closed(self):
                """Asked of an ended loop: lets another thread begin one before it answers."""
                others, self.others = self.others, None
                if others is not None:
                    others.start()
                    others.join()
                return super().is_closed()

        def call():
            found.append(asyncio.run(client.chat.completions.create(model="m", messages=[])))

        ended = Loop()
        ended.run_until_complete(client.chat.completions.create(model="m", messages=[]))
        ended.close()
        ended.others = threading.Thread(target=call)
        call()
        self.assertEqual(len(found), 2)

    def test_a_stream_belongs_to_its_loop(self):
        client = self.pool(ENDLESS).async_client()

        async def begin():
            return await chat(client, stream=True)

        async def read(stream):
            async for _ in stream:
                pass

        stream = asyncio.run(begin())
        with self.assertRaisesRegex(HolySheepError, "belongs to the event loop"):
            asyncio.run(read(stream))

    def test_without_a_loop_it_says_so(self):
        coroutine = chat(self.pool().async_client())
        with self.assertRaisesRegex(HolySheepError, "running asyncio event loop"):
            coroutine.send(None)

    @needs("uvloop")
    def test_uvloop(self):
        out = output_of("""
            import asyncio, uvloop, holysheep
            async def main():
                with holysheep.MockPool() as pool:
                    client = pool.async_client()
                    calls = (client.chat.completions.create(model="m", messages=[])
                             for _ in range(50))
                    print(len(await asyncio.gather(*calls)))
                    stream = await client.chat.completions.create(
                        model="m", messages=[], stream=True)
                    print("".join([text async for text in stream.text_deltas()]))
            uvloop.run(main())
        """, others=True)
        self.assertEqual(out.split("\n")[:2], ["50", "Hello from primary."])
