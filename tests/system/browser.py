"""A headless Chromium, driven by its DevTools protocol over two pipes: no port, no further library.

Every message that a page prints, every exception and every request that it makes is kept. Bounded: an answer
that does not come in time is an error, and the browser is ended by its own handle.
"""
import base64
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time

BINARY = "/usr/bin/chromium"
SECONDS = 30
HIGH = 64  # file descriptors above those that the browser wants, 3 and 4
LAUNCH = ("import os, sys\n"
          "for own, wanted in zip(sys.argv[1:3], (3, 4)):\n"
          "    os.dup2(int(own), wanted)\n"
          "os.execv(sys.argv[3], sys.argv[3:])\n")
FLAGS = ("--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--disable-extensions", "--no-default-browser-check", "--mute-audio", "--force-device-scale-factor=1",
         "--window-size=1200,900")


class Browser:
    """`with Browser() as browser`: one page of it."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        (to, self.writer), (self.reader, back) = high_pipe(), high_pipe()
        argv = [sys.executable, "-c", LAUNCH, str(to), str(back), BINARY, *FLAGS, f"--user-data-dir={self.folder.name}",
                "about:blank"]
        self.child = subprocess.Popen(argv, pass_fds=(to, back), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      start_new_session=True, env=os.environ | {"HOME": self.folder.name})
        os.close(to)
        os.close(back)
        self.count, self.rest, self.session = 0, b"", None
        self.said, self.requests, self.loaded = [], [], True
        try:
            pages = [one for one in self.ask("Target.getTargets")["targetInfos"] if one["type"] == "page"]
            target = pages[0]["targetId"] if pages else self.ask("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.ask(f"{domain}.enable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        os.killpg(self.child.pid, signal.SIGKILL)  # its helpers are in its own group
        self.child.wait()
        os.close(self.writer)
        os.close(self.reader)
        self.folder.cleanup()

    def ask(self, method, **params):
        """Send a command and return its result."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + SECONDS
        while True:
            answer = self.receive(until)
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def receive(self, until):
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.reader], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser does not answer")
            data = os.read(self.reader, 1 << 16)
            if not data:
                raise EOFError("the browser has ended")
            self.rest += data
        one, self.rest = self.rest.split(b"\0", 1)
        answer = json.loads(one)
        self.keep(answer)
        return answer

    def keep(self, answer):
        params = answer.get("params", {})
        match answer.get("method"):
            case "Runtime.consoleAPICalled":
                self.said.append(" ".join(str(one.get("value", one.get("description"))) for one in params["args"]))
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.said.append(details.get("exception", {}).get("description") or details["text"])
            case "Log.entryAdded":
                self.said.append(params["entry"]["text"])
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Page.loadEventFired":
                self.loaded = True

    def open(self, url):
        """Open a page anew and wait until it has been read."""
        self.said, self.requests, self.loaded = [], [], False
        self.ask("Page.navigate", url=url)
        until = time.monotonic() + SECONDS
        while not self.loaded:
            self.receive(until)

    def run(self, code):
        """Return the value of an expression of JavaScript; a promise is waited for."""
        found = self.ask("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise AssertionError(f"{code}: {details.get('exception', {}).get('description', details['text'])}")
        return found["result"].get("value")

    def wait(self, code):
        """Wait until an expression is true."""
        until = time.monotonic() + SECONDS
        while not self.run(f"Boolean({code})"):  # an element has no value
            if time.monotonic() > until:
                raise TimeoutError(f"never true: {code}")
            time.sleep(0.02)

    def mouse(self, kind, x, y, **more):
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x, y):
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)

    def press(self, key, times=1):
        """Press a key as a keyboard does."""
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 else "")
        code = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowUp": 38, "ArrowDown": 40, "Enter": 13, " ": 32, "Tab": 9,
                "Home": 36, "End": 35, "Escape": 27}.get(key, ord(key[0].upper()))
        for _ in range(times):
            more = {"key": key, "code": key, "windowsVirtualKeyCode": code}
            self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **more)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **more)

    def picture(self, path):
        """Keep a picture of the whole page, for a person."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]))


def high_pipe():
    """Return the two ends of a pipe as file descriptors that stand in nobody's way."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, HIGH) for end in low)
    for end in low:
        os.close(end)
    return high
