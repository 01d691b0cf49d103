"""From the bytes of a file to a picture, with every failure as a typed error."""

from __future__ import annotations

from hdrmetrics.errors import (
    HdrMetricsError,
    ImageAccessError,
    ImageDecodeError,
    ImageReadError,
    MissingCodecError,
)
from hdrmetrics.io.processes.workers import NoWorkerError
from hdrmetrics.io.signatures import identify, reader
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image
from hdrmetrics.resources.shortage import is_shortage

_PARTED = ("exr", "jpeg")  # the formats that have parts, and look after the option themselves


def decode(source: Source) -> Image:
    """Return the picture in a file, with every failure as a typed error.

    Raises
    ------
    ImageReadError
        If the file is damaged or of an unsupported kind.
    ImageAccessError
        If memory or the system failed: of what the file holds that says nothing.
    HdrMetricsError
        As :func:`hdrmetrics.read_image`, for limits, missing packages and options.
    NoWorkerError
        If a process that was needed cannot be.
    """
    try:
        name = identify(source)
        if name not in _PARTED:
            source.refuse_part()
        return reader(name)(source)
    except (ImageAccessError, MissingCodecError, NoWorkerError):
        raise
    except ImageReadError as error:
        # A reader of ours may have taken a decoder's word for damage.
        if is_shortage(error):
            raise ImageAccessError(str(error)) from error
        if type(error) is ImageReadError and error.__cause__ is not None:
            raise ImageDecodeError(str(error)) from error
        raise
    except HdrMetricsError:
        raise
    except MemoryError as error:
        raise ImageAccessError("not enough memory to decode it") from error
    except Exception as error:
        # Decoders written by others raise whatever they like. Damage is the usual cause, but
        # where memory is short several do not say so ("broken data stream", "JXL_DEC_ERROR").
        kind = ImageAccessError if _is_of_the_system(error) else ImageDecodeError
        raise kind(f"cannot be decoded ({type(error).__name__}: {error})") from error


def _is_of_the_system(error: Exception) -> bool:
    """Return whether an error is not of the file: a full disk, a package that does not load."""
    of_system = isinstance(error, OSError) and error.errno is not None
    return of_system or isinstance(error, ImportError) or is_shortage(error)
