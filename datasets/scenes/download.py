"""Files from a server: bounded, checked while they arrive, and there completely or not at all."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

from hdrmetrics import __version__
from hdrmetrics.errors import ImageLimitError, ImageReadError, ImageWriteError
from hdrmetrics.text.textfile import draft_of

USER_AGENT = f"hdrmetrics/{__version__} (python -m datasets.scenes.polyhaven)"
"""What servers see; the terms of Poly Haven's API ask for the software's name."""

_BLOCK = 2**16
_RETRIED = (408, 429, 500, 502, 503, 504)
_LONGEST_WAIT = 60.0  # seconds, whatever a server asks for

Result = TypeVar("Result")


class _TransientError(ImageReadError):
    """Something that may be gone at the next attempt."""

    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Client:
    """How files are asked for.

    Parameters
    ----------
    timeout
        Seconds without an answer or further bytes.
    attempts
        How often a file is tried.
    pause
        Seconds before the second attempt; doubled before each further one.
    """

    timeout: float = 30.0
    attempts: int = 4
    pause: float = 1.0

    def read(self, url: str, *, limit: int) -> bytes:
        """Return what a server answers.

        Parameters
        ----------
        url
            ``http`` or ``https``.
        limit
            Largest number of bytes.

        Raises
        ------
        ImageReadError
            If there is no answer, or none that is complete, after all attempts.
        ImageLimitError
            If the answer is larger than ``limit``.
        """

        def once() -> bytes:
            with self._open(url) as answer:
                data = bytearray()
                for block in _blocks(answer, url):
                    data += block
                    if len(data) > limit:
                        raise ImageLimitError(f"{url}: the answer is larger than {limit} bytes")
                return bytes(data)

        return self._tried(once)

    def save(self, url: str, path: Path, *, size: int, md5: str) -> str:
        """Save a file of which size and MD5 are known, and return its SHA-256.

        It is written beside ``path`` and moved there once it is complete and right.

        Raises
        ------
        ImageReadError
            If no attempt gave that file.
        ImageWriteError
            If it cannot be written.
        """
        return self._tried(lambda: self._save(url, path, size, md5))

    def _save(self, url: str, path: Path, size: int, md5: str) -> str:
        check, record = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        received = 0
        try:
            with draft_of(path) as draft:
                with self._open(url) as answer, draft.open("wb") as file:
                    for block in _blocks(answer, url):
                        received += len(block)
                        if received > size:
                            break
                        check.update(block)
                        record.update(block)
                        file.write(block)
                if received != size:
                    more = "more than " if received > size else ""
                    raise _TransientError(
                        f"{url}: {more}{min(received, size)} bytes came instead of {size}"
                    )
                if check.hexdigest() != md5.lower():
                    raise _TransientError(f"{url}: the MD5 is {check.hexdigest()} instead of {md5}")
        except ImageReadError:  # an OSError as well: an interrupted answer
            raise
        except OSError as error:  # a full disk stays full
            raise ImageWriteError(f"cannot write {path}: {error}") from error
        return record.hexdigest()

    def _tried(self, work: Callable[[], Result]) -> Result:
        for attempt in range(1, self.attempts + 1):
            try:
                return work()
            except _TransientError as error:
                if attempt == self.attempts:
                    raise ImageReadError(f"{error} (tried {attempt} times)") from error
                time.sleep(max(error.wait, self.pause * 2 ** (attempt - 1)))
        raise AssertionError("there is at least one attempt")

    def _open(self, url: str) -> IO[bytes]:
        if scheme(url) not in ("http", "https"):
            raise ImageReadError(f"only http and https are asked, not {url!r}")
        request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT})
        try:
            answer: IO[bytes] = _OPENER.open(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            error.close()
            message = f"{url}: the server answers {error.code} {error.reason}"
            if error.code not in _RETRIED:
                raise ImageReadError(message) from error
            transient = _TransientError(message)
            transient.wait = _asked_wait(error.headers)
            raise transient from error
        except ImageReadError:  # an OSError as well: a redirection that is not followed
            raise
        except (http.client.InvalidURL, ValueError) as error:
            raise ImageReadError(f"{url!r} is no address ({error})") from error
        except (OSError, http.client.HTTPException) as error:
            raise _TransientError(f"{url}: no answer ({error})") from error
        return answer


def scheme(url: str) -> str:
    """Return what stands before the colon of an address: ``https``.

    Raises
    ------
    ImageReadError
        If it is no address.
    """
    try:
        return urlsplit(url).scheme
    except ValueError as error:
        raise ImageReadError(f"{url!r} is no address ({error})") from error


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirections to web addresses only, and from encrypted ones to encrypted ones."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
        headers: http.client.HTTPMessage, newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        allowed = ("https",) if scheme(req.full_url) == "https" else ("http", "https")
        if scheme(newurl) not in allowed:
            raise ImageReadError(
                f"{req.full_url}: the redirection to {newurl!r} is not followed; only "
                f"{' and '.join(allowed)} is"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows the web alone: no local files, no FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _WebOnly(),
    ):
        opener.add_handler(handler)
    return opener


_OPENER = _opener()


def _blocks(answer: IO[bytes], url: str) -> Any:
    """Yield the bytes of an answer; an interruption is worth another attempt."""
    try:
        while block := answer.read(_BLOCK):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise _TransientError(f"{url}: the answer breaks off ({error})") from error


def _asked_wait(headers: Message) -> float:
    text = headers.get("Retry-After", "").strip()
    return min(float(text), _LONGEST_WAIT) if text.isdecimal() else 0.0


def file_hashes(path: Path) -> tuple[str, str]:
    """Return the MD5 and the SHA-256 of a file.

    Raises
    ------
    ImageReadError
        If it cannot be read.
    """
    check, record = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                check.update(block)
                record.update(block)
    except OSError as error:
        raise ImageReadError(f"{path} cannot be read ({error})") from error
    return check.hexdigest(), record.hexdigest()
