"""Answers that are not what most providers send: bytes, a byte order mark."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer

from holysheep import HolySheepClient
from pools import PoolTest, answers, chat

EVERY_BYTE = bytes(range(256))


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
            ("text/plain", 12),
        ):
            client = self.client(answers(body="12", content_type=kind))
            self.assertEqual(client.request("GET", "/files/f/content"), expected, kind)
        client = self.client(answers(body="WEBVTT", content_type="text/vtt"))
        self.assertEqual(client.request("POST", "/audio/transcriptions", json={}), "WEBVTT")

    def test_of_an_async_client(self):
        client = self.pool(answers(body="12", content_type="image/png")).async_client()
        self.assertEqual(asyncio.run(client.request("GET", "/x")), b"12")


class Texts(PoolTest):
    def test_a_byte_order_mark_is_no_part_of_the_answer(self):
        body = '\ufeff{"id": "x", "choices": [{"message": {"content": "hi"}}]}'
        client = self.client(answers(body=body, content_type="application/json"))
        self.assertEqual(chat(client).output_text, "hi")
        self.assertEqual(client.request("GET", "/x").id, "x")
