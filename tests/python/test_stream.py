"""Streams without an event loop: pieces, ends, breaks, and what leaving early frees."""

from holysheep import (
    APIError,
    CancelledError,
    ClosedError,
    HolySheepError,
    RateLimitError,
    StreamInterruptedError,
)
from pools import MESSAGES, MODEL, PoolTest, answers, chat

ENDLESS = answers(tokens=50, stall={"at": "after_content", "after_tokens": 2})
CUT = answers(text="one two three", cut={"at": "inside_event", "after_tokens": 2})


class Streams(PoolTest):
    def test_pieces_and_text(self):
        client = self.client()
        stream = chat(client, stream=True)
        pieces = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
        self.assertEqual("".join(filter(None, pieces)), "Hello from primary.")
        self.assertEqual(stream.holysheep.endpoint, "primary")
        self.assertEqual(stream.response.status_code, 200)
        self.assertTrue(stream.response.headers["Content-Type"].startswith("text/event-stream"))
        self.assertEqual("".join(chat(client, stream=True).text_deltas()), "Hello from primary.")
        with chat(client, stream=True) as stream:
            first = next(stream)
            self.assertEqual(first.object, "chat.completion.chunk")
            self.assertIsNone(first.usage)
            self.assertEqual(sum(1 for _ in stream), len(pieces) - 1)
        self.assertEqual(list(stream), [])

    def test_responses_stream_events(self):
        stream = self.client().responses.create(model=MODEL, input="hi", stream=True)
        events = list(stream)
        self.assertEqual(events[-1].type, "response.completed")
        self.assertIn("Hello", "".join(event._text() or "" for event in events))

    def test_a_fault_before_the_first_content_is_not_seen(self):
        client = self.client(answers(cut="after_headers"), {})
        self.assertEqual("".join(chat(client, stream=True).text_deltas()), "Hello from backup-1.")

    def test_an_error_comes_from_create(self):
        client = self.client(answers(error="rate_limit_rpm"), max_wait_ms=0)
        with self.assertRaises(RateLimitError):
            chat(client, stream=True)

    def test_a_broken_stream_carries_the_text_so_far(self):
        stream = chat(self.client(CUT), stream=True)
        read = ""
        with self.assertRaises(StreamInterruptedError) as caught:
            for text in stream.text_deltas():
                read += text
        self.assertEqual(caught.exception.partial, read)
        self.assertTrue(read)
        self.assertNotIn(read, str(caught.exception))
        self.assertIsInstance(caught.exception, APIError)

    def test_leaving_the_loop_frees_the_call(self):
        client = self.client(ENDLESS)
        stream = chat(client, stream=True)
        for _ in stream:
            break
        self.eventually(lambda: self.in_flight(client) == 0, "the call is still under way")
        with self.assertRaisesRegex(ClosedError, "before its end"):
            list(stream)

    def test_dropping_and_closing_free_the_call(self):
        client = self.client(ENDLESS)
        stream = chat(client, stream=True)
        self.assertEqual(self.in_flight(client), 1)
        del stream
        self.eventually(lambda: self.in_flight(client) == 0, "the call is still under way")
        with chat(client, stream=True) as stream:
            next(stream)
        self.eventually(lambda: self.in_flight(client) == 0, "the call is still under way")
        stream.close()

    def test_a_broken_stream_stays_broken(self):
        stream = chat(self.client(CUT), stream=True)
        for _ in range(2):
            with self.assertRaises(StreamInterruptedError) as caught:
                list(stream)
            self.assertTrue(caught.exception.partial)

    def test_pieces_of_other_shapes(self):
        first = '{"choices":[{"index":0,"delta":{"content":"hey"},"finish_reason":null}]}'
        odd = ('{"choices":[{"index":0,"content_filter_offsets":{"a":1}}]}', '{"choices":null}',
               '{"choices":[{"index":0,"delta":null}]}', '{"choices":[null]}')
        for piece in odd:
            with self.subTest(piece):
                client = self.client(answers(events=[first, piece], cut="before_done"))
                read = []
                with self.assertRaises(StreamInterruptedError) as caught:
                    for text in chat(client, stream=True).text_deltas():
                        read.append(text)
                self.assertEqual((read, caught.exception.partial), (["hey"], "hey"))

    def test_two_readers_of_one_stream(self):
        stream = chat(self.client(answers(tokens=3)), stream=True)
        first, second = iter(stream), iter(stream)
        next(first)
        with self.assertRaisesRegex(HolySheepError, "two readers"):
            next(second)
        self.assertTrue(list(first))
        self.assertEqual(list(second), [])

    def test_text_goes_on_after_a_first_piece(self):
        stream = chat(self.client(), stream=True)
        next(stream)
        self.assertEqual("".join(stream.text_deltas()), "Hello from primary.")

    def test_credit_comes_back_as_it_is_read(self):
        client = self.client(answers(tokens=3000), stream_credit_bytes=4096)
        self.assertGreaterEqual(sum(1 for _ in chat(client, stream=True)), 3000)

    def test_restart_for_those_who_ask_for_it(self):
        client = self.client(CUT, {}, stream_recovery="restart")
        text = []
        for chunk in chat(client, stream=True).events(on_restart=text.clear):
            text.append(chunk._text() or "")
        self.assertEqual("".join(text), "Hello from backup-1.")

    def test_a_plain_loop_does_not_begin_again(self):
        pool = self.pool(CUT, answers(stall="before_done", tokens=9))
        client = pool.client(stream_recovery="restart")
        with self.assertRaisesRegex(StreamInterruptedError, "events") as caught:
            list(chat(client, stream=True))
        self.assertTrue(caught.exception.partial)
        self.eventually(lambda: self.in_flight(client) == 0, "the call is still under way")

    def test_closing_the_client_ends_its_streams(self):
        client = self.client(ENDLESS)
        stream = chat(client, stream=True)
        next(stream)
        client.close()
        with self.assertRaises(CancelledError):
            list(stream)


class Usage(PoolTest):
    def test_usage_when_asked_for(self):
        client = self.client()
        chunks = list(
            client.chat.completions.create(
                model=MODEL,
                messages=MESSAGES,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        self.assertGreater(chunks[-1].usage.total_tokens, 0)
        self.assertEqual(chunks[-1].choices, [])
