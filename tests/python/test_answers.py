"""Answers that are not what most providers send: bytes, a byte order mark, a page, JSON in the place
of a stream."""

import asyncio
import threading
import unittest
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer

from holysheep import AllEndpointsFailedError, APIResponseValidationError, HolySheepClient
from pools import PoolTest, answers, chat

EVERY_BYTE = bytes(range(256))
COMPLETION = {
    "id": "x",
    "object": "chat.completion",
    "choices": [{
        "index": 0,
        "finish_reason": "tool_calls",
        "message": {
            "role": "assistant",
            "content": "Hello",
            "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}],
        },
    }],
}


class Binary(BaseHTTPRequestHandler):
    def do_GET(self):
        """Says of the bytes what stands behind the slash."""
        self.send_response(200)
        if self.path != "/none":
            self.send_header("Content-Type", self.path[1:])
        self.send_header("Content-Length", str(len(EVERY_BYTE)))
        self.end_headers()
        self.wfile.write(EVERY_BYTE)

    def log_message(self, *_):
        pass


class Bytes(PoolTest):
    def test_bytes_come_as_they_are(self):
        server = TCPServer(("127.0.0.1", 0), Binary)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = HolySheepClient("k", base_url=f"http://127.0.0.1:{server.server_address[1]}")
        self.addCleanup(client.close)
        for kind in ("audio/mpeg", "text/plain", "none"):
            self.assertEqual(client.request("GET", f"/{kind}"), EVERY_BYTE)

    def test_the_content_type_says_what_is_text(self):
        for kind, expected in (
            ("audio/pcm", b"12"),
            ("application/vnd.openxmlformats", b"12"),
            ("application/json; charset=utf-8", 12),
            ("application/problem+json", 12),
            ("text/plain", "12"),
            ("application/jsonlines", "12"),
            ("application/x-subrip", "12"),
            ("application/octet-stream", b"12"),
        ):
            client = self.client(answers(body="12", content_type=kind))
            self.assertEqual(client.request("GET", "/files/f/content"), expected, kind)
        client = self.client(answers(body="WEBVTT", content_type="text/vtt"))
        self.assertEqual(client.request("POST", "/audio/transcriptions", json={}), "WEBVTT")

    def test_an_object_or_a_list_is_read_whatever_the_type(self):
        for kind in ("application/octet-stream", "binary/octet-stream", "text/plain"):
            client = self.client(answers(body='{"a": [1]}', content_type=kind))
            self.assertEqual(client.request("GET", "/x").a, [1], kind)
            client = self.client(answers(body=" [1]", content_type=kind))
            self.assertEqual(client.request("GET", "/x"), [1], kind)
        for kind, expected in (("text/plain", "[Music]"), ("application/zip", b"[Music]")):
            client = self.client(answers(body="[Music]", content_type=kind))
            self.assertEqual(client.request("GET", "/x"), expected)

    def test_lines_of_json_are_text_even_if_it_is_one(self):
        for kind in ("application/jsonl", "application/x-ndjson", "text/event-stream"):
            client = self.client(answers(body='{"a":1}', content_type=kind))
            self.assertEqual(client.request("GET", "/x"), '{"a":1}', kind)

    def test_of_an_async_client(self):
        client = self.pool(answers(body="12", content_type="image/png")).async_client()
        self.assertEqual(asyncio.run(client.request("GET", "/x")), b"12")


class Texts(PoolTest):
    def test_a_byte_order_mark_is_no_part_of_the_answer(self):
        body = '\ufeff{"id": "x", "choices": [{"message": {"content": "hi"}}]}'
        client = self.client(answers(body=body, content_type="application/json"))
        self.assertEqual(chat(client).output_text, "hi")
        self.assertEqual(client.request("GET", "/x").id, "x")

    def test_a_page_is_no_answer(self):
        client = self.client(answers(html=True), max_retries=0)
        for stream in (False, True):
            with self.assertRaises(APIResponseValidationError) as caught:
                list(chat(client, stream=stream))
            self.assertIsInstance(caught.exception, AllEndpointsFailedError)
            self.assertEqual(caught.exception.status_code, 200)
            self.assertEqual(caught.exception.response.status_code, 200)
            self.assertNotIn("Error code", str(caught.exception))
            self.assertEqual(caught.exception.trace[-1].rule, "html_in_success")
            self.assertTrue(caught.exception.retryable)


class JsonForAStream(PoolTest, unittest.IsolatedAsyncioTestCase):
    SCRIPT = answers(stream=False, body=COMPLETION)

    def check(self, chunks):
        (chunk,) = chunks
        self.assertEqual(chunk.object, "chat.completion.chunk")
        self.assertEqual(chunk.choices[0].delta.content, "Hello")
        self.assertEqual(chunk.choices[0].delta.tool_calls[0].index, 0)
        self.assertEqual(chunk.choices[0].delta.tool_calls[0].function.name, "f")
        self.assertEqual(chunk.choices[0].finish_reason, "tool_calls")

    def test_it_is_one_chunk(self):
        client = self.client(self.SCRIPT)
        self.check(list(chat(client, stream=True)))
        self.assertEqual(list(chat(client, stream=True).text_deltas()), ["Hello"])

    async def test_of_an_async_client(self):
        client = self.pool(self.SCRIPT).async_client()
        self.check([chunk async for chunk in await chat(client, stream=True)])
        await client.close()
