"""A real headless browser, driven over a pair of pipes: pages, what their scripts say, pictures."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS_MAX = 90  # of everything: a hang, not slowness


class Browser:
    """One process with a profile of its own; a context."""

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        child_in, self.out = os.pipe()
        self.into, child_out = os.pipe()

        def wire():  # it reads commands from descriptor 3 and writes answers to 4
            os.dup2(child_in, 13)
            os.dup2(child_out, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        self.process = subprocess.Popen(
            [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
             f"--user-data-dir={self.profile.name}"],
            preexec_fn=wire, close_fds=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(child_in)
        os.close(child_out)
        self.buffer = b""
        self.last = 0
        self.session = None
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        attached = self.command("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        os.close(self.out)
        os.close(self.into)
        self.profile.cleanup()

    def command(self, method, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self):
        deadline = time.monotonic() + SECONDS_MAX
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.into], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self.into, 65536) if ready else b""
            if not data:
                raise AssertionError("the browser does not answer")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def evaluate(self, expression):
        result = self.command("Runtime.evaluate", expression=expression, returnByValue=True,
                              awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, url, ready, width=1180, height=1400):
        """Opens the page and waits until the JavaScript expression `ready` holds."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1.5, mobile=False)
        self.command("Page.navigate", url=url)
        self.until(ready)

    def until(self, condition):
        deadline = time.monotonic() + SECONDS_MAX
        while not self.evaluate(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise AssertionError(f"never: {condition}")
            # Lets the page go on, and asks again after its next frame.
            self.evaluate("new Promise((done) => setTimeout(done, 50))")

    def dark(self, wanted):
        self.command("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme",
                                "value": "dark" if wanted else "light"}])

    def picture(self):
        """PNG bytes of the whole page."""
        taken = self.command("Page.captureScreenshot", format="png")
        return base64.b64decode(taken["data"])
