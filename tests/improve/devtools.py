"""Chromium without a screen, driven through the pipe of its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PATIENCE = 30.0  # seconds

# Codes of Windows, which the protocol calls keys by, and what is typed.
_KEYS = {
    "ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, ""), "ArrowDown": (40, ""),
    "Escape": (27, ""), "Tab": (9, ""), "Enter": (13, "\r"),
}  # fmt: skip
_SHIFT = 8

# The browser reads descriptor 3 and writes descriptor 4.
_LAUNCHER = """
import os, sys
from fcntl import F_DUPFD, fcntl
ends = [fcntl(int(word), F_DUPFD, 10) for word in sys.argv[1:3]]
for end, place in zip(ends, (3, 4)):
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""


def browser() -> str | None:
    """Return the browser of this machine, ``None`` where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Chromium:
    """A browser with one page.

    Parameters
    ----------
    program
        The browser.
    profile
        An empty folder.
    """

    def __init__(self, program: str, profile: Path) -> None:
        reads, self._out = os.pipe()
        self._in, writes = os.pipe()
        words = [
            "--headless", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--disable-gpu",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-quic", "--force-device-scale-factor=1",
            "--hide-scrollbars", "--disable-dev-shm-usage",
        ]  # fmt: skip
        if os.geteuid() == 0:  # who may not have a sandbox
            words.append("--no-sandbox")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, str(reads), str(writes), program, *words],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._rest = b""
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        self._session = ""
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, EOFError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + _PATIENCE
        while True:
            answer = self._message(until)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _message(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise EOFError("the browser has ended")
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def open(self, url: str) -> None:
        """Go to an address."""
        self.events.clear()
        self.call("Page.navigate", url=url)

    def value(self, expression: str) -> Any:
        """Return what an expression of the page's world is."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until an expression is true; one that fails, on a page to come, is not yet."""
        end = time.monotonic() + _PATIENCE
        while not self.value(f"(() => {{ try {{ return {expression}; }} catch {{}} }})()"):
            assert time.monotonic() < end, (
                f"never: {expression}; {self.value('document.body.innerText')}"
            )
            time.sleep(0.02)

    def press(self, key: str, *, repeats: int = 0) -> None:
        """Press and release a key, such as ``1``, ``ArrowLeft`` or ``Shift+ArrowLeft``."""
        name = key.rpartition("+")[2]
        modifiers = _SHIFT if key.startswith("Shift+") or name == "?" else 0
        code, text = _KEYS[name] if name in _KEYS else (ord(name.upper()), name)
        shared = {"key": name, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        for again in range(repeats + 1):
            self.call(
                "Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text,
                autoRepeat=again > 0, **shared,
            )  # fmt: skip
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def look(self, width: int, height: int, *, dark: bool) -> None:
        """Give the page a size and a colour scheme."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self) -> bytes:
        """Return the page as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def complaints(self) -> list[str]:
        """Return what the browser wrote to its console since the page was opened."""
        self.value("0")  # so that what came before is here
        found = []
        for event in self.events:
            if event.get("method") == "Log.entryAdded":
                found.append(event["params"]["entry"]["text"])
            elif event.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                found.append(json.dumps(event["params"]))
        return found
