"""An HTTP/2 server over TLS that answers, or breaks, each request as a script says, and counts.

A script is a function of the request's number (from 0) and its connection's (from 0) that returns
the names of what to do, in order: see Connection.act. Frames are written by hand, since no library
would send the wrong ones.
"""

import socket
import ssl
import struct
import threading

PREFACE = 24
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4
NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM = 0, 2, 7
# ":status: 200" of the static table, then "content-type" (31) without indexing.
ANSWER_HEADERS = b"\x88\x0f\x10" + bytes([len(b"application/json")]) + b"application/json"


class Http2Server:
    def __init__(self, certificate, key, script, answer):
        self.script, self.answer = script, answer.encode()
        self.requests = self.connections = self.pings = 0
        self.lock = threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                number = self.connections
                self.connections += 1
            threading.Thread(target=Connection(self, peer, number).serve, daemon=True).start()

    def stop(self):
        self.listener.close()


class Connection:
    def __init__(self, server, peer, number):
        self.server, self.peer, self.number = server, peer, number
        self.last_answered = 0

    def frame(self, kind, flags, stream, payload=b""):
        self.peer.sendall(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) +
                          struct.pack(">I", stream) + payload)

    def read(self, size):
        data = b""
        while len(data) < size:
            some = self.peer.recv(size - len(data))
            if not some:
                raise ConnectionError
            data += some
        return data

    def serve(self):
        try:
            self.peer = self.server.context.wrap_socket(self.peer, server_side=True)
            self.read(PREFACE)
            self.frame(SETTINGS, 0, 0)
            while self.serve_frame():
                pass
        except (OSError, ConnectionError):
            pass
        self.peer.close()

    def serve_frame(self):
        head = self.read(9)
        size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        stream = int.from_bytes(head[5:], "big")
        payload = self.read(size)
        if kind == SETTINGS and not flags & ACK:
            self.frame(SETTINGS, ACK, 0)
        elif kind == PING and not flags & ACK:
            self.server.pings += 1
            self.frame(PING, ACK, 0, payload)
        elif kind in (HEADERS, DATA) and flags & END_STREAM:
            with self.server.lock:
                number = self.server.requests
                self.server.requests += 1
            return all([self.act(each, stream) for each in
                        self.server.script(number, self.number)])
        return True

    def act(self, what, stream):
        """False: the connection is over."""
        if what == "answer":
            self.last_answered = stream
            self.frame(HEADERS, END_HEADERS, stream, ANSWER_HEADERS)
            self.frame(DATA, END_STREAM, stream, self.server.answer)
        elif what == "answer later":
            threading.Timer(0.3, self.act, ("answer", stream)).start()
        elif what == "refuse":
            self.frame(RST_STREAM, 0, stream, struct.pack(">I", REFUSED_STREAM))
        elif what == "reset":
            self.frame(RST_STREAM, 0, stream, struct.pack(">I", INTERNAL_ERROR))
        elif what == "goaway":
            self.frame(GOAWAY, 0, 0, struct.pack(">II", self.last_answered, NO_ERROR))
        elif what == "ping":  # a while later: the connection lives, whatever its streams do
            threading.Timer(0.1, self.frame, (PING, 0, 0, bytes(8))).start()
        elif what == "close":
            return False
        elif what != "silence":
            raise ValueError(what)
        return True
