"""From the bytes of a file to a picture, with every failure as a typed error."""

from __future__ import annotations

from hdrmetrics.errors import HdrMetricsError, ImageReadError
from hdrmetrics.io.processes.workers import NoWorkerError
from hdrmetrics.io.signatures import identify, reader
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_PARTED = ("exr", "jpeg")  # the formats that have parts, and look after the option themselves


def decode(source: Source) -> Image:
    """Return the picture in a file, with every failure as a typed error."""
    try:
        name = identify(source)
        if name not in _PARTED:
            source.refuse_part()
        return reader(name)(source)
    except (HdrMetricsError, NoWorkerError):
        raise
    except MemoryError as error:
        raise ImageReadError("not enough memory to decode it") from error
    except Exception as error:
        # Decoders written by others raise whatever they like; a damaged file is the usual cause.
        raise ImageReadError(f"cannot be decoded ({type(error).__name__}: {error})") from error
