"""The web server of one person's labelling: on this machine only, behind a secret address."""

from __future__ import annotations

import json
import re
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hdrmetrics.errors import HdrMetricsError, OptionError
from hdrmetrics.improve.annotation import Annotation, NotCurrentError, State
from hdrmetrics.improve.blind import SIDES
from hdrmetrics.improve.page import page
from hdrmetrics.improve.views import Views

HOST = "127.0.0.1"
LARGEST_BODY = 4096
"""Bytes of a request; answers have a few dozen."""

_LINGER = 10.0
_PICTURE = re.compile(rf"picture/([0-9]{{1,9}})/({'|'.join(SIDES)})")


class AnnotationServer(ThreadingHTTPServer):
    """Serves the page, the pictures of the pairs by number, and takes answers.

    Listens once it is made. Whoever does not know :attr:`url` is refused, and so is a request whose
    ``Host`` is another (a web page elsewhere whose name was led to this machine).

    Parameters
    ----------
    annotation
        What is shown and answered.
    port
        Of this machine; 0 for a free one.
    linger
        Seconds for which the server waits when all pairs are labelled, so that the last answer can
        still be taken back.

    Raises
    ------
    OptionError
        If the port is none or taken.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from hdrmetrics.improve.answers import AnswerFile
    >>> answers = AnswerFile(pathlib.Path(tempfile.mkdtemp()) / "labels.csv")
    >>> server = AnnotationServer(Annotation([], answers, seed=0), linger=0.0)
    >>> server.url.startswith(f"http://127.0.0.1:{server.server_port}/")
    True
    >>> server.run()  # returns at once: there is nothing to label
    """

    daemon_threads = True

    def __init__(self, annotation: Annotation, *, port: int = 0, linger: float = _LINGER) -> None:
        self.annotation = annotation
        self.linger = linger
        self.views = Views()
        self.token = secrets.token_urlsafe(24)
        self.ended = False
        """Whether nothing is answered any more: connections may outlive the server."""
        self._timer: threading.Timer | None = None
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OptionError(f"cannot listen at port {port}: {reason}; choose another") from error
        self.hosts = {f"{name}:{self.server_port}" for name in (HOST, "localhost")}

    @property
    def url(self) -> str:
        """The page's address, with the secret."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    def run(self) -> None:
        """Serve until the page ends it, all pairs are labelled, or Ctrl-C."""
        try:
            self.end_if_complete()
            self.serve_forever(poll_interval=0.1)
        finally:
            self.ended = True
            self.server_close()

    def end(self) -> None:
        """Let :meth:`run` return; may be called from any thread."""
        threading.Thread(target=self.shutdown, daemon=True).start()

    def end_if_complete(self) -> None:
        """Let :meth:`run` return in a while if all pairs are labelled, unless one is taken back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.annotation.state().current is None:
            self._timer = threading.Timer(self.linger, self._end_complete)
            self._timer.daemon = True
            self._timer.start()

    def _end_complete(self) -> None:
        if self.annotation.state().current is None:
            self.end()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that close a connection early."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _RefusedError(Exception):
    """A request is answered with an error.

    Parameters
    ----------
    status, reason
        Of the answer.
    """

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: AnnotationServer
    protocol_version = "HTTP/1.1"
    server_version = "hdrmetrics"
    sys_version = ""
    timeout = 60  # seconds that a silent connection keeps its thread

    def do_GET(self) -> None:
        """Send the page, the state or a picture."""
        self._answered(self._get)

    def do_POST(self) -> None:
        """Take an answer, a step back, a pair that cannot be shown, or the end."""
        self._answered(self._post)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server names it
        """Say nothing: the terminal is for what was labelled."""

    def _answered(self, work: Callable[[str], None]) -> None:
        if self.server.ended:
            self.close_connection = True
            return
        try:
            work(self._admitted())
        except _RefusedError as refusal:
            self.close_connection = True  # a body may be left unread
            self._send_json({"error": str(refusal)}, refusal.status)

    def _admitted(self) -> str:
        """Return the path below the secret."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "not the address of this server")
        origin = self.headers.get("Origin")
        if origin is not None and origin.removeprefix("http://") not in self.server.hosts:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "asked for by another page")
        _, token, *rest = f"{self.path}/".split("/", 2)
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise _RefusedError(
                HTTPStatus.FORBIDDEN, "use the whole address that the terminal shows"
            )
        return rest[0].removesuffix("/") if rest else ""

    def _get(self, path: str) -> None:
        if not path:
            self._send(page().html, "text/html; charset=utf-8")
        elif path == "state":
            self._send_json(self._told(self.server.annotation.state()))
        elif path == "icon":  # of the tab: there is none, which browsers ask for all the same
            self._send(b"", "image/png", HTTPStatus.NO_CONTENT)
        elif found := _PICTURE.fullmatch(path):
            self._send_picture(int(found[1]), found[2])
        else:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "no such page")

    def _send_picture(self, number: int, side: str) -> None:
        annotation = self.server.annotation
        if number >= len(annotation.pairs):
            raise _RefusedError(HTTPStatus.NOT_FOUND, "no such pair")
        try:
            before, after = self.server.views.of(annotation.pairs[number])
            kind, content = after if side == annotation.side(number) else before
            data = content if isinstance(content, bytes) else content.read_bytes()
        except (HdrMetricsError, OSError, MemoryError) as error:
            raise _RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, _line(error)) from error
        self._send(data, kind)

    def _post(self, path: str) -> None:
        body = self._body()
        annotation = self.server.annotation
        if path == "end":
            _checked(body, {})
            self._send_json(self._told(annotation.state()))
            self.server.end()
            return
        try:
            state = self._step(path, body)
        except NotCurrentError as error:
            self.server.end_if_complete()  # a second page may have labelled the last pair
            told = self._told(annotation.state()) | {"error": str(error)}
            self._send_json(told, HTTPStatus.CONFLICT)
            return
        except OptionError as error:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, _line(error)) from error
        except HdrMetricsError as error:
            raise _RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, _line(error)) from error
        self.server.end_if_complete()
        self._send_json(self._told(state))

    def _step(self, path: str, body: Mapping[str, Any]) -> State:
        annotation = self.server.annotation
        if path == "answer":
            _checked(body, {"number": (int,), "choice": (int,), "seconds": (int, float)})
            return annotation.answer(body["number"], body["choice"], seconds=body["seconds"])
        if path == "back":
            _checked(body, {})
            return annotation.back()
        if path == "leave-out":
            _checked(body, {"number": (int,)})
            return annotation.leave_out(body["number"], self._reason(body["number"]))
        raise _RefusedError(HTTPStatus.NOT_FOUND, "no such page")

    def _reason(self, number: int) -> str:
        """Return why a browser could not show a pair."""
        annotation = self.server.annotation
        if 0 <= number < len(annotation.pairs):
            try:
                self.server.views.of(annotation.pairs[number])
            except (HdrMetricsError, OSError, MemoryError) as error:
                return _line(error)
        return "the browser cannot show one of its pictures"

    def _body(self) -> Mapping[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _RefusedError(HTTPStatus.LENGTH_REQUIRED, "a request says how long it is")
        if len(length) > 9 or int(length) > LARGEST_BODY:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a request is short")
        if self.headers.get_content_type() != "application/json":
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a request is JSON")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "not JSON") from None
        if not isinstance(body, dict):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "a request is a JSON object")
        return body

    def _told(self, state: State) -> dict[str, Any]:
        name = None
        if state.current is not None:
            name = self.server.annotation.pairs[state.current].name
        return {**state._asdict(), "name": name, "linger": self.server.linger}

    def _send_json(self, document: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(document).encode(), "application/json", status)

    def _send(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._head(status, kind, len(content))
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, length: int) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(length)),
            ("Content-Security-Policy", page().policy),
            ("Cache-Control", "no-store"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Referrer-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()


def _checked(body: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Refuse a request whose members are not exactly those that are expected."""
    right = body.keys() == kinds.keys() and all(
        isinstance(body[name], kind) and not isinstance(body[name], bool)
        for name, kind in kinds.items()
    )
    if not right:
        wanted = ", ".join(kinds) or "nothing"
        raise _RefusedError(HTTPStatus.BAD_REQUEST, f"this request takes {wanted}, as numbers")


def _line(error: BaseException) -> str:
    return " ".join((str(error) or "not enough memory").split())
