"""A headless Chromium driven over its DevTools protocol, through a pipe: no other package needed.

The protocol over two pipes is one JSON message after the other, each ended by a zero byte.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from queue import Queue

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE_S = 90


class Page:
    """One page of the browser; `problems` collects exceptions, console errors and requests."""

    def __init__(self, send, messages):
        self._send, self._messages = send, messages
        self._number, self._session = 0, None
        self.problems = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._send(message | ({"sessionId": self._session} if self._session else {}))
        while True:
            answer = self._messages.get(timeout=PATIENCE_S)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _note(self, message):
        params = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.problems.append(params["exceptionDetails"])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.problems.append(params["args"])
            case "Log.entryAdded":
                self.problems.append(params["entry"])
            case "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("file:", "data:", "about:")):
                    self.problems.append(url)

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def run(self, script):
        """The value of a JavaScript expression, awaited."""
        found = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, script):
        end = time.monotonic() + PATIENCE_S
        while not self.run(script):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.05)

    def key(self, key, text="", modifiers=0):
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, modifiers=modifiers,
                **({"text": text} if text and kind == "keyDown" else {}),
            )  # fmt: skip

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1,
                clickCount=1,
            )  # fmt: skip

    def resize(self, width, height, *, dark=False, media=""):
        """Take this window size, colour scheme and medium, before or after a page is opened."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def pdf(self):
        """The page as it is printed, in bytes."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])

    def screenshot(self, path, width, height, *, dark=False, whole=False, media=""):
        self.resize(width, height, dark=dark, media=media)
        self.run("new Promise((done) => setTimeout(done, 400))")
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser():
    """A fresh page of a browser that ends with the block."""
    to_browser, ours_out = os.pipe()
    ours_in, from_browser = os.pipe()
    messages = Queue()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}"]
        # the browser reads from descriptor 3 and writes to descriptor 4
        wiring = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        child = subprocess.Popen(
            ["bash", "-c", wiring, "bash", *command],
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)

        def listen():
            rest = b""
            while chunk := os.read(ours_in, 1 << 16):
                *whole, rest = (rest + chunk).split(b"\0")
                for message in whole:
                    messages.put(json.loads(message))

        threading.Thread(target=listen, daemon=True).start()
        try:
            yield Page(lambda m: os.write(ours_out, json.dumps(m).encode() + b"\0"), messages)
        finally:
            child.kill()
            child.wait()
            os.close(ours_out)
