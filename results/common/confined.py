"""A process that reads files under limits, and is replaced when it crashes or hangs."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_LOADING = 120.0  # seconds that the first answer may take more: libraries load


class LostError(Exception):
    """The process gave no answer: ``outcome`` is ``hang`` or ``crash``."""

    def __init__(self, outcome: str, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


class Confined:
    """Answers requests one by one.

    Parameters
    ----------
    serve
        Runs in the process: answers what its connection receives until that ends (EOFError).
    """

    def __init__(self, serve: Callable[[Connection], None]) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._serve = serve
        self._start()

    def _start(self) -> None:
        self._connection, other = self._context.Pipe()
        self._process = self._context.Process(target=self._serve, args=(other,), daemon=True)
        self._process.start()
        other.close()
        self._young = True

    def ask(self, request: Any, seconds: float) -> Any:
        """Return the answer to a request.

        Raises
        ------
        LostError
            If there is none in time, or the process ends; another one then takes its place.
        """
        try:
            self._connection.send(request)
            if self._connection.poll(seconds + _LOADING * self._young):
                answer = self._connection.recv()
                self._young = False
                return answer
            lost = LostError("hang", f"no answer within {seconds:g} s")
        except (EOFError, ConnectionError):
            self._process.join(5)
            lost = LostError("crash", f"exit code {self._process.exitcode}")
        self._process.kill()
        self._process.join()
        self._start()
        raise lost

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(10)


def confine(memory: int) -> None:
    """Limit this process to so many bytes of addresses, and silence it.

    Decoders print whatever they like.
    """
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
