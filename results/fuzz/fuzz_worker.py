"""The process that reads damaged files, with limits on its memory."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from results.common.confined import confine
from results.common.costs import resident

MAX_PIXELS = 2**22
MEMORY = 2 * 2**30


def serve(connection: Connection) -> None:
    """Answer each received file with what became of it, until no more can come.

    An answer is (outcome, what, peak memory in MiB): ``read`` with a digest of the image,
    ``error`` with a typed error, ``memory`` or ``untyped`` with the exception.
    """
    confine(MEMORY)
    from hdrmetrics import read_image
    from hdrmetrics.errors import ImageReadError

    def attempt(path: Path) -> tuple[str, str]:
        try:
            # Here, so that crashes are seen; but that of JPEG XR is known.
            known = path.read_bytes().startswith(b"II\xbc")
            image = read_image(path, max_pixels=MAX_PIXELS, isolate=known)
        except ImageReadError as error:
            text = str(error).removeprefix(f"{path}: ")
            return ("memory" if "not enough memory" in text else "error"), text
        except MemoryError as error:
            return "memory", repr(error)
        except BaseException as error:
            return "untyped", repr(error)
        digest = hashlib.sha256(image.pixels.tobytes())
        digest.update(repr((image.pixels.shape, image.calibration, image.primaries)).encode())
        return "read", digest.hexdigest()

    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(EOFError):
        path = Path(folder) / "picture"
        while True:
            path.write_bytes(connection.recv())
            answer = attempt(path)
            connection.send((*answer, resident() // 1024))
