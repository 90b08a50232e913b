"""A relay on loopback that can freeze: connections that are open then are neither read nor written
any more, but stay open, as behind a dead NAT box; new ones are served."""

import select
import socket
import threading


class Relay:
    def __init__(self, target_port):
        self.target_port = target_port
        self.pairs = []  # (client, server), in the order of arrival
        self.dead = 0  # the first so many are frozen
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target_port))
            with self.lock:
                index = len(self.pairs)
                self.pairs.append((client, server))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self.forward, args=(index, *pair), daemon=True).start()

    def forward(self, index, source, target):
        while True:
            try:
                some = source.recv(65536)
            except OSError:
                some = b""
            with self.lock:
                if index < self.dead:
                    return
            if not some:
                break
            target.sendall(some)
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def freeze(self):
        with self.lock:
            self.dead = len(self.pairs)

    def connections(self):
        with self.lock:
            return len(self.pairs)

    def was_shut(self, index, timeout_s):
        """Whether the client shuts that connection down in this time, though nobody reads it."""
        poll = select.poll()
        poll.register(self.pairs[index][0], select.POLLRDHUP)
        return bool(poll.poll(timeout_s * 1000))

    def stop(self):
        self.listener.close()
        for pair in self.pairs:
            for end in pair:
                end.close()
