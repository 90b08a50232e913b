"""The monitor endpoint: what it serves, to whom, and what bad readers cost."""

import http.client
import json
import os
import resource
import socket
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import library

PATIENCE_SECONDS = 20


def get(address, path, headers=None, method="GET"):
    """(status, headers, body)"""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def raw(address, request):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        sender = threading.Thread(target=send_quietly, args=(connection, request))
        sender.start()
        answer = b""
        while got := connection.recv(65536):
            answer += got
        sender.join()
        return answer


def send_quietly(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass  # whoever is refused early is not read to the end


def eventually(condition, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")


def free_ports(count):
    """The first of so many that are free, one after the other."""
    for first in range(20_000, 30_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise AssertionError("no free ports")


class Listening(unittest.TestCase):
    """A pool whose first endpoint answers 429 now and then, with a monitor on a free port."""

    monitor = {"listen": ":0"}

    def setUp(self):
        self.mock = library.Mock([
            {"name": "primary", "replies": [{}, {"status": 429, "headers": {"Retry-After": "30"}}]},
            {"name": "backup-1"},
        ])
        self.addCleanup(self.mock.close)
        self.client = library.Client(self.mock, monitor=self.monitor, prices=library.PRICES)
        self.addCleanup(self.client.close)
        self.address = self.client.address()


class Serves(Listening):
    def test_metrics_status_health(self):
        for _ in range(5):
            self.assertEqual(self.client.call(tag="nightly"), 0)
        status, headers, text = get(self.address, "/metrics")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertIn('holysheep_api_requests_total{endpoint="primary",result="rate_limited"} 1\n',
                      text)
        status, headers, text = get(self.address, "/metrics",
                                    {"Accept": "application/openmetrics-text;version=1.0.0"})
        self.assertTrue(headers["Content-Type"].startswith("application/openmetrics-text"))
        self.assertTrue(text.endswith("# EOF\n"))
        status, headers, text = get(self.address, "/status")
        self.assertEqual(json.loads(text)["costs"]["tags"][0]["name"], "nightly")
        status, _, text = get(self.address, "/health")
        self.assertEqual((status, json.loads(text)["ok"]), (200, True))

    def test_nothing_secret_is_ever_served(self):
        for _ in range(3):
            self.client.call()
        for path in ("/metrics", "/status", "/health", "/"):
            text = get(self.address, path)[2]
            for secret in ("mock-key", "secret prompt", "Hello"):
                self.assertNotIn(secret, text.replace("Hello", "") if path == "/" else text)

    def test_probes(self):
        self.assertEqual(get(self.address, "/livez")[0], 200)
        self.assertEqual(get(self.address, "/readyz")[0], 200)

    def test_livez_is_503_while_the_engine_stands_still(self):
        library.park()
        try:
            eventually(lambda: get(self.address, "/livez")[0] == 503, "a 503")
            self.assertEqual(get(self.address, "/metrics")[0], 200)
        finally:
            library.resume()
        eventually(lambda: get(self.address, "/livez")[0] == 200, "a 200")

    def test_health_is_503_when_no_endpoint_can_take_a_call(self):
        self.mock.set("primary", {"replies": [{"status": 401}], "then": "last"})
        self.mock.set("backup-1", {"replies": [{"status": 401}], "then": "last"})
        for _ in range(2):  # each refuses the key once
            self.assertNotEqual(self.client.call(), 0)
        status, _, text = get(self.address, "/health")
        self.assertEqual(status, 503)
        self.assertEqual(json.loads(text)["reason"], "no endpoint can take a call")
        self.assertEqual(get(self.address, "/livez")[0], 200)
        self.assertEqual(get(self.address, "/readyz")[0], 200)

    def test_head_and_other_methods(self):
        status, headers, text = get(self.address, "/metrics", method="HEAD")
        self.assertEqual((status, text), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 100)
        for method in ("POST", "DELETE", "PUT", "OPTIONS"):
            self.assertEqual(get(self.address, "/status", method=method)[0], 405)
        self.assertEqual(get(self.address, "/nothing")[0], 404)

    def test_the_page_is_one_piece_and_small(self):
        status, headers, text = get(self.address, "/")
        self.assertEqual(status, 200)
        self.assertLess(len(text.encode()), 60_000)
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        for outside in ("http://", "https://", "@import", "<script src", "<link rel=\"stylesheet"):
            self.assertNotIn(outside, text.replace("http://www.w3.org/2000/svg", ""))

    def test_events_come_each_second(self):
        host, port = self.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            text = b""
            while text.count(b"\n\ndata: ") < 3:
                text += connection.recv(65536)
        self.assertIn(b"Content-Type: text/event-stream", text)
        events = [line for line in text.split(b"\n\n") if line.startswith(b"data: ")]
        first = json.loads(events[0][len(b"data: "):])
        second = json.loads(events[1][len(b"data: "):])
        self.assertGreater(second["time_unix_ms"], first["time_unix_ms"])


class Refuses(Listening):
    def test_a_foreign_host_is_refused(self):
        for host in ("evil.example", "evil.example:9464", "localhost.evil.example"):
            self.assertEqual(get(self.address, "/status", {"Host": host})[0], 421)
        for host in ("localhost", "localhost:1", "127.0.0.1", "[::1]:9464"):
            self.assertEqual(get(self.address, "/status", {"Host": host})[0], 200)
        self.assertIn(b" 421 ", raw(self.address, b"GET /status HTTP/1.0\r\n\r\n"))

    def test_what_is_no_request(self):
        for request in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET /status\r\n\r\n",
                        b"GET status HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
                        b"GET / HTTP/1.1\r\nno colon\r\n\r\n"):
            self.assertIn(b"HTTP/1.1 400", raw(self.address, request), request)
        self.assertIn(b"HTTP/1.1 505", raw(self.address, b"GET / HTTP/2.0\r\n\r\n"))
        self.assertIn(b"HTTP/1.1 431", raw(self.address, b"GET / HTTP/1.1\r\nX: " + b"a" * 9000))

    def crowd(self, count, request, receive_buffer=None):
        """So many readers who say this and never read."""
        host, port = self.address.rsplit(":", 1)
        for _ in range(count):
            reader = socket.socket()
            self.addCleanup(reader.close)
            if receive_buffer:
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            reader.connect((host, int(port)))
            try:
                reader.sendall(request)
            except OSError:
                pass  # it has been sent away already

    def test_a_thousand_silent_readers_keep_nobody_out(self):
        self.crowd(1000, b"GET /sta")
        self.assertEqual(get(self.address, "/status")[0], 200)
        self.assertEqual(self.client.call(), 0)

    def test_readers_who_ask_and_never_read_keep_nobody_out(self):
        self.crowd(200, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", receive_buffer=2048)
        for _ in range(5):
            self.assertEqual(get(self.address, "/status")[0], 200)
        self.assertEqual(self.client.call(), 0)

    def test_a_reader_that_sends_without_end_keeps_nobody_out(self):
        host, port = self.address.rsplit(":", 1)
        stop = threading.Event()

        def pour():
            while not stop.is_set():
                try:
                    with socket.create_connection((host, int(port))) as connection:
                        connection.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        while not stop.is_set():
                            connection.sendall(b"x" * 65536)
                except OSError:
                    pass  # it has been sent away
        pouring = threading.Thread(target=pour)
        pouring.start()
        try:
            for _ in range(20):
                self.assertEqual(get(self.address, "/status")[0], 200)
        finally:
            stop.set()
            pouring.join()

    def test_the_17th_reader_of_events_is_told_so_and_comes_in_when_one_has_gone(self):
        host, port = self.address.rsplit(":", 1)
        ask = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
        readers = []
        for _ in range(16):
            readers.append(socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS))
            self.addCleanup(readers[-1].close)
            readers[-1].sendall(ask)
            self.assertIn(b" 200 OK", readers[-1].recv(15 + 2))
        self.assertIn(b" 503 ", raw(self.address, ask))
        self.assertEqual(get(self.address, "/status")[0], 200)
        readers.pop().close()
        deadline = time.monotonic() + PATIENCE_SECONDS
        answer = b""
        while b" 200 OK" not in answer and time.monotonic() < deadline:
            with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as again:
                again.sendall(ask)
                answer = again.recv(17)
        self.assertIn(b" 200 OK", answer)

    def test_what_comes_after_the_request_spoils_no_answer(self):
        ask = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for rest in (ask, ask * 2000, b"x" * 1_000_000):
            answer = raw(self.address, ask + rest)
            self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 1)
            self.assertIn(b"holysheep_build_info", answer)

    def test_a_head_without_end_is_refused_and_the_reader_learns_it(self):
        answer = raw(self.address, b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000)
        self.assertIn(b"HTTP/1.1 431", answer)

    def test_when_there_is_no_descriptor_left_readers_wait_and_are_answered_later(self):
        host, port = self.address.rsplit(":", 1)
        self.assertEqual(get(self.address, "/livez")[0], 200)
        waiting = socket.socket()
        self.addCleanup(waiting.close)
        waiting.settimeout(PATIENCE_SECONDS)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.dup(0)  # the next free one: from here on nobody gets any
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        try:
            waiting.connect((host, int(port)))
            waiting.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
            self.assertEqual(self.client.status()["listen"], self.address)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.assertIn(b" 200 OK", waiting.recv(4096))

    def test_a_reader_that_dribbles_is_cut_off(self):
        host, port = self.address.rsplit(":", 1)
        begun = time.monotonic()
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
            connection.settimeout(0.5)
            try:
                while time.monotonic() - begun < PATIENCE_SECONDS:
                    connection.sendall(b"G")
                    try:
                        if connection.recv(1) == b"":
                            break
                    except TimeoutError:
                        pass
            except OSError:
                pass
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_reader_of_events_that_does_not_read_is_cut_off_or_left_behind(self):
        host, port = self.address.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for _ in range(3):
                self.assertEqual(get(self.address, "/livez")[0], 200)
                self.assertEqual(self.client.call(), 0)


class Token(Listening):
    monitor = {"listen": ":0", "token": "an-example-token"}

    def test_only_who_shows_the_token_may_read(self):
        for path in ("/status", "/metrics", "/health", "/", "/events"):
            self.assertEqual(get(self.address, path)[0], 401)
            self.assertEqual(get(self.address, path, {"Authorization": "Bearer no"})[0], 401)
        good = {"Authorization": "Bearer an-example-token"}
        self.assertEqual(get(self.address, "/status", good)[0], 200)
        self.assertEqual(get(self.address, "/livez")[0], 200)

    def test_a_browser_shows_it_once(self):
        status, headers, _ = get(self.address, "/?token=an-example%2Dtoken")
        self.assertNotIn("an-example-token", str(headers))
        self.assertEqual((status, headers["Location"]), (303, "/"))
        self.assertIn("HttpOnly; SameSite=Strict", headers["Set-Cookie"])
        cookie = headers["Set-Cookie"].split(";")[0]
        self.assertEqual(get(self.address, "/", {"Cookie": cookie})[0], 200)
        self.assertEqual(get(self.address, "/", {"Cookie": cookie + "x"})[0], 401)
        self.assertEqual(get(self.address, "/?token=wrong")[0], 401)

    def test_it_is_in_no_status(self):
        self.assertNotIn("an-example-token", json.dumps(self.client.status()))


class Addresses(unittest.TestCase):
    def setUp(self):
        self.mock = library.Mock([{"name": "primary"}])
        self.addCleanup(self.mock.close)

    def open(self, **monitor):
        client = library.Client(self.mock, monitor=monitor)
        self.addCleanup(client.close)
        return client

    def test_a_port_in_use_is_no_error(self):
        first = self.open(listen="127.0.0.1:0")
        second = self.open(listen=first.address())
        self.assertEqual(second.call(), 0)
        self.assertEqual(second.address(), "")
        self.assertIn("cannot listen on " + first.address(), second.status()["listen_error"])
        address = first.address()
        first.close()
        # A rolling restart: the process that had it has gone.
        self.assertEqual(eventually(second.address, "the address"), address)
        self.assertEqual(get(address, "/livez")[0], 200)
        self.assertIsNone(second.status()["listen_error"])

    def test_workers_with_one_configuration_take_a_port_each(self):
        first = free_ports(4)
        last = first + 3
        listen = f"127.0.0.1:{first}-{last}"
        workers = [self.open(listen=listen) for _ in range(4)]
        ports = [int(each.address().rsplit(":", 1)[1]) for each in workers]
        self.assertEqual(ports, list(range(first, last + 1)))
        one_more = self.open(listen=listen)
        self.assertEqual(one_more.address(), "")
        self.assertIn(f"cannot listen on 127.0.0.1:{last}", one_more.status()["listen_error"])
        workers[1].close()
        self.assertEqual(eventually(one_more.address, "a port"), f"127.0.0.1:{first + 1}")

    def test_other_machines_need_a_token(self):
        with self.assertRaisesRegex(AssertionError, "monitor.listen: .*needs monitor.token"):
            self.open(listen="0.0.0.0:0")
        client = self.open(listen="0.0.0.0:0", token="an-example-token")
        self.assertTrue(client.address().startswith("0.0.0.0:"))

    def test_an_address_that_is_none(self):
        for listen in ("9464", "example.com:9464", "127.0.0.1:99999", "unix:", ":9470-9464",
                       ":0-5", ":1-2000", ":9464-"):
            with self.assertRaisesRegex(AssertionError, "monitor.listen: expected a numeric"):
                self.open(listen=listen)

    def test_a_token_in_a_file_may_change(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "token"
            path.write_text("first-token\n")
            client = self.open(listen=":0", token={"file": str(path)})
            address = client.address()
            show = lambda token: get(address, "/status", {"Authorization": f"Bearer {token}"})[0]
            self.assertEqual(show("first-token"), 200)
            path.write_text("second-token\n")
            self.assertEqual((show("first-token"), show("second-token")), (401, 200))

    def test_a_unix_socket_is_its_owners_and_goes_with_the_client(self):
        with tempfile.TemporaryDirectory() as folder:
            client = library.Client(self.mock, monitor={"listen": f"unix:{folder}/{{pid}}.sock"})
            path = Path(folder) / f"{os.getpid()}.sock"
            self.assertEqual(client.address(), f"unix:{path}")
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(PATIENCE_SECONDS)
                connection.connect(str(path))
                connection.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
                self.assertIn(b" 200 OK", connection.recv(4096))
            client.close()
            self.assertFalse(path.exists())

    def test_a_socket_that_a_dead_process_left_is_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/monitor.sock"
            left = socket.socket(socket.AF_UNIX)
            left.bind(path)
            left.close()
            client = library.Client(self.mock, monitor={"listen": f"unix:{path}"})
            self.assertEqual(client.address(), f"unix:{path}")
            client.close()


class Receiver:
    """A web server that keeps what is posted to it, and answers as it is told."""

    def __init__(self, answers=()):
        self.bodies = []
        self.arrived = threading.Condition()
        answers = list(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = answers.pop(0) if answers else 200
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")
                with receiver.arrived:
                    receiver.bodies.append((self.path, status, json.loads(body)))
                    receiver.arrived.notify_all()

            def do_GET(self):
                body = receiver.page
                self.send_response(receiver.page_status)
                self.send_header("Content-Type", receiver.page_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.page, self.page_status, self.page_type = b"<html></html>", 200, "text/html"
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count):
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.bodies) >= count, PATIENCE_SECONDS)
            return self.bodies

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Webhooks(unittest.TestCase):
    def alert(self, webhook, **monitor):
        mock = library.Mock([{"name": "primary", "replies": [{"status": 401}, {}]}])
        self.addCleanup(mock.close)
        client = library.Client(mock, monitor={"webhook": webhook, **monitor})
        self.addCleanup(client.close)
        self.assertNotEqual(client.call(), 0)
        return client

    def test_an_alert_is_posted_again_until_it_is_taken(self):
        receiver = Receiver(answers=[500, 503])
        self.addCleanup(receiver.close)
        self.alert({"url": receiver.url + "/hook/a-secret-path"})
        taken = [each for each in receiver.wait(4) if each[1] == 200]
        self.assertEqual({each[0] for each in taken}, {"/hook/a-secret-path"})
        causes = {each[2]["cause"]: each[2] for each in taken}
        self.assertEqual(causes["key_refused"]["message"], "primary does not accept its key")
        self.assertTrue(causes["key_refused"]["active"])
        self.assertIn(f"process {os.getpid()}", causes["key_refused"]["name"])

    def test_alerts_come_in_order_however_long_the_first_takes(self):
        receiver = Receiver(answers=[503, 500])
        self.addCleanup(receiver.close)
        client = self.alert({"url": receiver.url + "/hook"})
        client.set_key("another-key")
        self.assertEqual(client.call(), 0)
        taken = [each[2] for each in receiver.wait(6) if each[1] == 200]
        self.assertEqual([each["active"] for each in taken], [True, True, False, False])
        self.assertLessEqual(taken[0]["id"], taken[1]["id"])
        self.assertIn('holysheep_alert_deliveries_total{result="delivered"} 4\n', eventually(
            lambda: 'delivered"} 4' in client.metrics() and client.metrics(), "the count"))

    def test_an_alert_that_is_not_taken_is_one_itself(self):
        receiver = Receiver(answers=[404] * 2)
        self.addCleanup(receiver.close)
        client = self.alert({"url": receiver.url + "/hook"})
        lost = eventually(
            lambda: [each for each in client.alerts() if each["cause"] == "delivery"], "the alert")
        self.assertEqual(lost[0]["message"], "the webhook did not take an alert: HTTP status 404")
        self.assertIn('holysheep_alert_deliveries_total{result="failed"} ', client.metrics())
        client.set_key("another-key")
        self.assertEqual(client.call(), 0)
        eventually(lambda: not any(each["active"] for each in client.alerts()), "its end")

    def test_the_last_alert_before_the_end_is_delivered(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.alert({"url": receiver.url + "/hook"}).close()
        self.assertEqual(len(receiver.bodies), 2)

    def test_slacks_form(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.alert({"url": receiver.url + "/services/T0/B0/x", "format": "slack"},
                   name="checkout & <!here>")
        texts = [each[2]["text"] for each in receiver.wait(2)]
        self.assertIn("HolySheep of checkout &amp; &lt;!here&gt;, critical (key_refused): primary "
                      "does not accept its key", texts)

    def test_an_alert_of_the_very_first_turn_is_told(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        mock = library.Mock([{"name": "primary"}])
        self.addCleanup(mock.close)
        client = library.Client(mock, monitor={"webhook": {"url": receiver.url + "/hook"}},
                                fallback_models=["unheard-of"],
                                budget={"usd_per_day": 1, "action": "stop"})
        self.addCleanup(client.close)
        self.assertEqual(receiver.wait(1)[0][2]["cause"], "price_unknown")

    def test_a_webhook_url_that_is_none_is_an_error_that_names_it(self):
        with self.assertRaisesRegex(AssertionError, "monitor.webhook.url"):
            self.alert({"url": "https://"})
        with self.assertRaisesRegex(AssertionError, "monitor.webhook.url: expected a URL"):
            self.alert({"url": "hooks.example/x"})
        for url, complaint in (("http://hooks.example/x", "plain http"),
                               ("https://hooks.example/a b", "without spaces")):
            with self.assertRaisesRegex(AssertionError, "monitor.webhook.url: .*" + complaint):
                self.alert({"url": url})

    def test_a_webhook_that_is_not_there_holds_nobody_up(self):
        client = self.alert({"url": "http://127.0.0.1:9/hook"})
        self.assertTrue(client.alerts())


class ServiceCheck(unittest.TestCase):
    def setUp(self):
        self.page = Receiver()
        self.addCleanup(self.page.close)

    def test_a_page_that_answers(self):
        found = library.check_service(self.page.url)
        self.assertEqual((found["ok"], found["http_status"], found["error"]), (True, 200, None))

    def test_a_page_that_tells_an_outage(self):
        self.page.page_type = "application/json"
        self.page.page = json.dumps(
            {"status": {"indicator": "major", "description": "Major outage"}}).encode()
        found = library.check_service(self.page.url + "/api/v2/status.json")
        self.assertEqual((found["ok"], found["indicator"], found["description"]),
                         (False, "major", "Major outage"))

    def test_a_page_that_fails_or_is_not_there(self):
        self.page.page_status = 503
        self.assertEqual(library.check_service(self.page.url)["ok"], False)
        found = library.check_service("http://127.0.0.1:9/")
        self.assertEqual((found["ok"], found["http_status"]), (False, 0))
        self.assertIsNotNone(found["error"])

    def out_of_order(self, **monitor):
        mock = library.Mock([{"name": "primary", "replies": [{"status": 500}], "then": "last"}])
        self.addCleanup(mock.close)
        client = library.Client(mock, monitor={"status_page_url": self.page.url, **monitor})
        self.addCleanup(client.close)
        self.assertNotEqual(client.call(), 0)
        return client.message

    def test_where_configured_the_error_says_what_the_page_says(self):
        self.page.page_type = "application/json"
        self.page.page = json.dumps(
            {"status": {"indicator": "major", "description": "Major outage"}}).encode()
        message = self.out_of_order(check_service=True)
        self.assertIn(f"; the status page {self.page.url} says: Major outage (major)", message)
        self.assertNotIn("status page", self.out_of_order())

    def test_a_page_that_is_gone_is_said_so_too(self):
        message = self.out_of_order(check_service=True, status_page_url="http://127.0.0.1:9/")
        self.assertIn("the status page http://127.0.0.1:9/ does not answer", message)

    def test_a_page_whose_url_is_none_is_a_mistake_in_the_configuration(self):
        with self.assertRaisesRegex(AssertionError, "monitor.status_page_url"):
            self.out_of_order(check_service=True, status_page_url="status.holysheep.ai")

    def test_an_url_that_is_none(self):
        with self.assertRaisesRegex(AssertionError, "url: expected a URL"):
            library.check_service("status.holysheep.ai")
