"""A headless Chromium, driven over its own protocol; enough to use the page as a person does."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect
from websockets.sync.connection import Connection

PATIENCE = 30.0


class Browser:
    """One page."""

    def __init__(self, socket: Connection) -> None:
        self._socket = socket
        self._count = 0

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to one command of the Chrome DevTools Protocol, an error included."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE))
            if answer.get("id") == self._count:
                return dict(answer)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of one command."""
        answer = self.ask(method, **parameters)
        assert "error" not in answer, answer
        return dict(answer["result"])

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; None while the page is being exchanged."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return found.get("result", {}).get("result", {}).get("value")

    def wait_for(self, expression: str) -> Any:
        """Wait until an expression is true; its value."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            value = self.evaluate(expression)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(
            f"never true: {expression}: {self.evaluate('document.body.innerText')}"
        )

    def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file in a file field, as a person would."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])


@contextmanager
def browsing(folder: Path, url: str) -> Iterator[Browser]:
    """A browser that shows this address; skips where there is none."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0")
    command = [program, *options, f"--user-data-dir={folder}", url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with connect(_page(folder, url), max_size=None) as socket:
                yield Browser(socket)
        finally:
            process.terminate()


def _page(folder: Path, url: str) -> str:
    """The address of the page's own socket, once the browser has written its port."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        port = folder / "DevToolsActivePort"
        if port.exists() and port.read_text().strip():
            number = port.read_text().split()[0]
            pages = httpx.get(f"http://127.0.0.1:{number}/json/list").json()
            for page in pages:
                if page["type"] == "page" and page["url"].startswith(url):
                    return str(page["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("the browser did not start")


def drop(page: Browser, path: Path, x: float, y: float) -> None:
    """Drag a file from outside over a place of the page, and let it go there."""
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        page.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)


def press(page: Browser, key: str, code: int) -> None:
    """Press and release a key."""
    text = {"Enter": "\r", " ": " "}.get(key)
    more = {} if text is None else {"text": text}
    for kind in ("keyDown", "keyUp"):
        page.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key=key,
            code="Space" if key == " " else key,
            windowsVirtualKeyCode=code,
            **(more if kind == "keyDown" else {}),
        )
