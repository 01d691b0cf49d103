"""The process that reads damaged files, with limits on its memory."""

from __future__ import annotations

import hashlib
import os
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

MAX_PIXELS = 2**22
MEMORY = 2 * 2**30


def serve(connection: Connection) -> None:
    """Answer each received file with what became of it, until an empty one arrives.

    An answer is (outcome, what, peak memory in MiB): ``read`` with a digest of the image,
    ``error`` with a typed error, ``memory`` or ``untyped`` with the exception.
    """
    import resource

    # Decoders print to standard error whatever they like.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
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

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        while data := connection.recv_bytes():
            path.write_bytes(data)
            answer = attempt(path)
            connection.send((*answer, _peak_mib()))


def _peak_mib() -> int:
    """Return the largest resident size of this process so far; ``ru_maxrss`` is the parent's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0
