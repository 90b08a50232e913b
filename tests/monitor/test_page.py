"""The monitor page in a real browser: what it shows, in both languages, and what it must not run."""

import contextlib
import re
import socket
import unittest

import browser
import library

SHOWN = "document.querySelectorAll('.endpoint').length"


@unittest.skipUnless(browser.PROGRAM, "this release has no chromium package")
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = library.Mock([
            {"name": "primary", "replies": [{}, {"status": 429, "headers": {"Retry-After": "60"}}]},
            {"name": "backup-1", "replies": [{"status": 500}]},
            {"name": "backup-2", "limits": {"rpm": 50, "tpm": 1000000}},
        ])
        cls.addClassCleanup(cls.mock.close)
        cls.client = library.Client(cls.mock, monitor={"listen": ":0", "alert_threshold": 1},
                                    routing="sequential", prices=library.PRICES,
                                    budget={"usd_per_day": "5"})
        cls.addClassCleanup(cls.client.close)
        for _ in range(3):
            cls.client.call(tag="nightly")
        cls.client.call(model="<img src=x onerror=document.title='broken-into'>")
        cls.url = f"http://{cls.client.address()}/"
        cls.browser = browser.Browser()
        cls.browser.__enter__()
        cls.addClassCleanup(cls.browser.__exit__)

    def page(self, language):
        self.browser.open(f"{self.url}?lang={language}", SHOWN)
        return self.browser.evaluate("document.documentElement.outerHTML")

    def test_endpoints_and_their_status(self):
        page = self.page("en")
        names = re.findall(r'<span class="name">([^<]*)</span>', page)
        self.assertEqual(names, ["primary", "backup-1", "backup-2"])
        self.assertIn("Rate limited", page)
        # Of one model; the other is served.
        self.assertRegex(page, r"gpt-4.1: takes calls again in \d+ s")

    def test_traces_alerts_and_cost(self):
        page = self.page("en")
        self.assertIn("primary → backup-1 → backup-2", page)
        self.assertIn("#nightly", page)
        self.assertIn("primary answered 1 request with 429", page)
        self.assertIn("<td>gpt-4.1</td>", page.replace(' class=""', ""))
        self.assertIn("of $5.00", page)
        self.assertGreater(page.count("<rect "), 3 * 59)

    def test_what_is_left_of_the_limits(self):
        page = self.page("en")
        self.assertIn("Left of the limits", page)
        self.assertRegex(page, r"<b[^>]*>4\d / 50</b>")
        self.assertIn("남은 한도", self.page("ko"))

    def test_it_comes_back_after_a_refusal(self):
        with contextlib.ExitStack() as readers:
            host, port = self.client.address().rsplit(":", 1)
            self.browser.command("Page.navigate", url="about:blank")
            listening = 0
            while listening < 16:  # the page before may leave its place a little later
                reader = readers.enter_context(socket.create_connection((host, int(port))))
                reader.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                listening += reader.recv(17).endswith(b"OK\r\n")
            # There are as many as may listen: the page is refused, and its browser gives up.
            self.browser.open(
                self.url, "document.body && document.body.classList.contains('stale')")
        self.browser.until(SHOWN)
        self.assertFalse(
            self.browser.evaluate("document.body.classList.contains('stale')"))

    def test_what_a_person_has_opened_or_marked_stays(self):
        self.page("en")
        self.browser.evaluate("document.querySelector('details summary').focus()")
        clock = self.browser.evaluate("document.getElementById('clock').textContent")
        self.browser.until(f"document.getElementById('clock').textContent !== '{clock}'")
        self.assertEqual(self.browser.evaluate("document.activeElement.tagName"), "SUMMARY")
        self.browser.evaluate("getSelection().selectAllChildren(document.querySelector('.url'))")
        marked = self.browser.evaluate("getSelection().toString()")
        self.client.call()
        before = self.browser.evaluate("latest.time_unix_ms")
        self.browser.until(f"latest.time_unix_ms > {before}")
        self.assertEqual(self.browser.evaluate("getSelection().toString()"), marked)
        self.browser.evaluate("getSelection().removeAllRanges()")

    def test_it_is_live(self):
        self.page("en")
        answered = lambda: self.browser.evaluate("latest.pool.calls.succeeded")
        before = answered()
        self.client.call()
        self.browser.until(f"latest.pool.calls.succeeded === {before + 1}")
        clock = self.browser.evaluate("document.getElementById('clock').textContent")
        self.browser.until(f"document.getElementById('clock').textContent !== '{clock}'")

    def test_korean(self):
        page = self.page("ko")
        for word in ("엔드포인트", "요청 제한", "최근 호출", "알림", "비용"):
            self.assertIn(word, page)
        self.assertIn('lang="ko"', page)
        self.browser.evaluate("document.getElementById('language').click()")
        self.assertIn("Endpoints", self.browser.evaluate("document.body.textContent"))

    def test_names_are_text_and_never_markup(self):
        page = self.page("en")
        self.assertNotIn("<img", page)
        self.assertIn("&lt;img src=x", page)
        self.assertEqual(self.browser.evaluate("document.title"), "HolySheep monitor")

    def test_nothing_is_loaded_from_elsewhere(self):
        self.page("en")
        loaded = self.browser.evaluate(
            "performance.getEntriesByType('resource').map((each) => each.name)")
        self.assertTrue(all(each.startswith((self.url, "data:")) for each in loaded), loaded)

    def test_nothing_is_wider_than_a_phone(self):
        self.browser.open(self.url + "?lang=ko", SHOWN, width=390, height=800)
        self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), 390)

    def test_light_and_dark(self):
        self.page("en")
        colours = []
        for dark in (False, True):
            self.browser.dark(dark)
            self.assertEqual(self.browser.picture()[:4], b"\x89PNG")
            colours.append(self.browser.evaluate("getComputedStyle(document.body).backgroundColor"))
        self.browser.dark(False)
        self.assertEqual(colours, ["rgb(245, 246, 248)", "rgb(15, 18, 24)"])
