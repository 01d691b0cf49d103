"""Folders of small pairs, and the labelling server in a thread."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdrmetrics.improve.annotation import Annotation
from hdrmetrics.improve.answers import AnswerFile
from hdrmetrics.improve.pairs import find_pairs
from hdrmetrics.improve.server import AnnotationServer

NAMES = ("bridge", "garden", "harbour", "lake", "roof")


def save(path: Path, level: int, size: tuple[int, int] = (48, 32)) -> Path:
    """Write a small picture with a grey ramp about a level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    ramp = np.linspace(-20, 20, width)[None].repeat(height, 0) + level
    PillowImage.fromarray(ramp.clip(0, 255).astype(np.uint8)).convert("RGB").save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with five pairs in ``input`` and ``enhanced``; enhanced ones are bright."""
    for index, name in enumerate(NAMES):
        save(tmp_path / "input" / f"{name}.png", 60 + index)
        save(tmp_path / "enhanced" / f"{name}.jpg", 180 + index)
    return tmp_path


class Client:
    """A server in a thread, and requests to it."""

    def __init__(self, folder: Path, *, seed: int = 1, linger: float = 0.1) -> None:
        self.labels = folder / "labels.csv"
        pairs, _ = find_pairs(folder)
        self.annotation = Annotation(pairs, AnswerFile(self.labels), seed=seed)
        self.server = AnnotationServer(self.annotation, linger=linger)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        token: str | None = None,
        **headers: str,
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Send a request and return its status, body and headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        try:
            whole = f"/{self.server.token if token is None else token}/{path}"
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, whole, body, names)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.msg
        finally:
            connection.close()

    def post(self, path: str, **members: Any) -> tuple[int, dict[str, Any]]:
        """Send a JSON request as the page does."""
        body = json.dumps(members).encode()
        status, answer, _ = self.ask("POST", path, body, Content_Type="application/json")
        return status, json.loads(answer)

    def state(self) -> dict[str, Any]:
        """Return what the page is told."""
        return json.loads(self.ask("GET", "state")[1])

    def ended(self) -> bool:
        """Return whether the server ends within some seconds."""
        self.thread.join(5)
        return not self.thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """Return a function that starts a server for a folder."""
    started: list[Client] = []

    def start(folder: Path, **options: Any) -> Client:
        started.append(Client(folder, **options))
        return started[-1]

    yield start
    for client in started:
        if client.thread.is_alive():
            client.server.end()
            client.thread.join(5)
