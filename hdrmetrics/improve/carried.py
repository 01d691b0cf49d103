"""What an enhanced JPEG file takes over from the original: its colour profile and its Exif."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image as Pillow

from hdrmetrics.errors import HdrMetricsError
from hdrmetrics.io.colour.icc import identify, why_ignored
from hdrmetrics.io.exif import directories
from hdrmetrics.io.formats.jpeg.markers import parse
from hdrmetrics.picture.image import Image

_ORIENTATION, _EXIF, _WIDTH, _HEIGHT = 0x0112, 0x8769, 0xA002, 0xA003
_COLOUR_SPACE, _INTEROPERABILITY, _SRGB = 0xA001, 0xA005, 1
_MOST = 65533 - 6  # bytes that a marker holds after its name
_SPACES = {1: b"GRAY", 3: b"RGB "}


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes into the new file beside the pixels.

    Parameters
    ----------
    profile
        The original's ICC profile, where the codes are still those that it describes; ``None``
        where codes have to be sRGB.
    exif
        A block without orientation (pixels are upright) and thumbnail; empty for none.
    """

    profile: bytes | None = None
    exif: bytes = b""


def carried(source: Path, image: Image) -> Carried:
    """Return what the enhanced picture of a JPEG file takes over; of other files nothing.

    Parameters
    ----------
    source
        The original.
    image
        What was read from it.
    """
    if image.origin.format != "jpeg":
        return Carried()
    try:
        markers = parse(source.read_bytes())
    except (HdrMetricsError, OSError, ValueError):
        return Carried()
    profile = _profile(markers.icc, image)
    return Carried(profile, _exif(markers.exif, image, srgb=profile is None))


def _profile(icc: bytes | None, image: Image) -> bytes | None:
    """Return the profile if reading took the codes as it says; those it converted are others."""
    if not icc or icc[16:20] != _SPACES[image.channels]:
        return None
    coding = identify(icc)
    return None if coding.converts or why_ignored(coding) else icc


def _exif(block: bytes, image: Image, *, srgb: bool) -> bytes:
    if not any(directories(block)):  # none, or damaged: Pillow would warn
        return b""
    exif = Pillow.Exif()
    try:
        exif.load(block if block.startswith(b"Exif\0\0") else b"Exif\0\0" + block)
        exif.pop(_ORIENTATION, None)
        details = exif.get_ifd(_EXIF)
        for tag, size in ((_WIDTH, image.width), (_HEIGHT, image.height)):
            if tag in details:
                details[tag] = size
        if srgb and _COLOUR_SPACE in details:
            details[_COLOUR_SPACE] = _SRGB
            details.pop(_INTEROPERABILITY, None)
        made = exif.tobytes()
    except Exception:  # Exif is often damaged, and Pillow then raises all kinds
        return b""
    return made if len(made) <= _MOST else b""
