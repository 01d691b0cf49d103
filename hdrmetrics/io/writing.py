"""Writing one picture file: OpenEXR, Radiance, PFM or PNG."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import HdrMetricsError, ImageWriteError, OptionError, PixelValueWarning
from hdrmetrics.io.colour import cicp
from hdrmetrics.io.formats import pfm
from hdrmetrics.io.formats.exr import reader as exr
from hdrmetrics.io.formats.png import reader as png
from hdrmetrics.io.formats.radiance import reader as radiance
from hdrmetrics.picture.image import Calibration, Image
from hdrmetrics.text.textfile import draft_of

Depth = Literal["half", "float", 8, 16]

_DEPTHS: dict[str, tuple[Depth, ...]] = {
    ".exr": ("half", "float"), ".hdr": (), ".pic": (), ".pfm": (), ".png": (8, 16),
}  # fmt: skip
_HALF_MAX = float(np.finfo(np.float16).max)
# Nominal peaks of the two HDR transfer functions, BT.2100.
_PEAKS = {"pq": 10000.0, "hlg": 1000.0}


def write_image(
    path: str | os.PathLike[str],
    image: Image | NDArray[Any],
    *,
    depth: Depth | None = None,
    transfer: Literal["pq", "hlg", "linear"] | None = None,
) -> None:
    """Write a picture; the ending of the path chooses the format.

    ``.exr`` (ZIP compression, chromaticities; cd/m² are declared with ``whiteLuminance`` 1),
    ``.hdr``/``.pic`` (Radiance RGBE) and ``.pfm`` hold linear light, ``.png`` code values. The file
    appears complete or not at all.

    Parameters
    ----------
    path
        Where to; an existing file is replaced.
    image
        An :class:`~hdrmetrics.picture.image.Image`, or an array ``(H, W)``, ``(H, W, 1)`` or
        ``(H, W, 3)``. An array is taken for what the format holds, in BT.709: linear light, or
        (PNG) sRGB code values, floating-point ones in [0, 1] or uint8 or uint16.
    depth
        EXR: ``"half"`` (default) or ``"float"``. PNG: 8 (default) or 16 bits; 16 is the default
        for uint16 arrays, PQ and HLG.
    transfer
        PNG of a linear image in cd/m²: encode as PQ (up to 10,000 cd/m²) or HLG (for a display of
        1000 cd/m²), in the image's primaries. Or ``"linear"``, of a linear image in any unit:
        values from 0 to 1 as they are, which the file declares.

    Warns
    -----
    PixelValueWarning
        If values were clipped: negative ones in Radiance files, those outside [0, 1] in PNG.

    Raises
    ------
    ImageWriteError
        If the format cannot hold these pixels (NaN in Radiance and PNG, more than 65504 in half
        floats, linear light in PNG, code values in EXR, …), or the file cannot be written.
    OptionError
        If the options do not go with the format.
    """
    name = os.fspath(path)
    ending = _ending(name, depth, transfer)
    try:
        write = _writer(image, ending, depth, transfer)
        with draft_of(path) as draft:
            write(draft)
    except ImageWriteError as error:
        raise ImageWriteError(f"{name}: {error}") from error
    except HdrMetricsError:
        raise
    except Exception as error:  # OSError, and what the EXR library raises
        raise ImageWriteError(f"{name}: cannot be written ({error})") from error


def _ending(name: str, depth: Depth | None, transfer: str | None) -> str:
    """Return the ending of a file's name, after checking that the options go with it."""
    ending = Path(name).suffix.lower()
    if ending not in _DEPTHS:
        raise ImageWriteError(
            f"{name}: cannot write {ending or 'a file without an ending'}; "
            f"known endings: {', '.join(_DEPTHS)}"
        )
    if depth is not None and depth not in _DEPTHS[ending]:
        allowed = " or ".join(str(word) for word in _DEPTHS[ending]) or "no choice of it"
        raise OptionError(f"{name}: depth {depth!r}; {ending} has {allowed}")
    if transfer is not None and ending != ".png":
        raise OptionError(f"{name}: transfer= is for PNG; {ending} holds linear light")
    return ending


def _writer(
    image: Image | NDArray[Any], ending: str, depth: Depth | None, transfer: str | None
) -> Callable[[Path], object]:
    """Return what writes the file, after everything that can be refused was."""
    if ending == ".png":
        return partial(Path.write_bytes, data=_png(image, depth, transfer))
    linear = _linear(image, ending)
    pixels, primaries = linear.pixels, linear.primaries
    if ending == ".exr":
        samples = _floats(pixels, cast(Any, depth) or "half")
        absolute = linear.calibration.kind in ("absolute", "scaled")
        return lambda path: exr.write(str(path), samples, primaries, absolute)
    if ending == ".pfm":
        if primaries != "bt709":
            raise ImageWriteError("PFM cannot name primaries: convert to BT.709 first")
        return partial(Path.write_bytes, data=pfm.write(_floats(pixels, "float")))
    body = radiance.write(_radiance_pixels(pixels), primaries)
    return partial(Path.write_bytes, data=body)


def _linear(image: Image | NDArray[Any], ending: str) -> Image:
    if isinstance(image, Image):
        if not image.calibration.linear:
            raise ImageWriteError(
                f"{ending} holds linear light, and these pixels are display-encoded: apply a "
                "display model first, or write a PNG"
            )
        return image
    array = np.asarray(image)
    if array.dtype.kind != "f":
        raise ImageWriteError(
            f"{ending} holds linear light as floating-point numbers, not {array.dtype} code values"
        )
    wide = np.float64 if array.dtype == np.float64 else np.float32
    return Image(array.astype(wide), Calibration("relative"))


def _floats(pixels: NDArray[Any], depth: Literal["half", "float"]) -> NDArray[Any]:
    dtype = np.float16 if depth == "half" else np.float32
    with np.errstate(over="ignore", invalid="ignore"):
        out = pixels.astype(dtype)
    if np.count_nonzero(np.isinf(out)) != np.count_nonzero(np.isinf(pixels)):
        largest = float(np.nanmax(np.abs(pixels[np.isfinite(pixels)])))
        limit = _HALF_MAX if depth == "half" else float(np.finfo(np.float32).max)
        hint = ': use depth="float"' if depth == "half" else ""
        raise ImageWriteError(f"{largest:g} is above {limit:g}, the largest {dtype.__name__}{hint}")
    return out


def _radiance_pixels(pixels: NDArray[Any]) -> NDArray[np.float32]:
    _warn_outside(_finite(pixels, "Radiance"), 0.0, np.inf, "Radiance files")
    out = np.clip(_floats(pixels, "float"), 0, None)
    return np.broadcast_to(out, (*out.shape[:2], 3)) if out.shape[2] == 1 else out


def _warn_outside(pixels: NDArray[Any], low: float, high: float, where: str) -> None:
    outside = int(np.count_nonzero((pixels < low) | (pixels > high)))
    if outside:
        warnings.warn(
            f"{where} hold values from {low:g} to {high:g}: {outside} of {pixels.size} were "
            "clipped",
            PixelValueWarning,
            stacklevel=5,
        )


def _png(image: Image | NDArray[Any], depth: Depth | None, transfer: str | None) -> bytes:
    if not isinstance(image, Image):
        array = np.asarray(image)
        if transfer is not None:
            raise OptionError("transfer= needs an Image in cd/m², not an array")
        if array.dtype in (np.uint8, np.uint16):
            return _png_codes(array, depth)
        image = _as_codes(array)
    elif image.calibration.linear:
        image = _encode(image, transfer)
    elif transfer not in (None, image.calibration.transfer):
        raise OptionError(
            f"these pixels are {image.calibration.transfer} code values already; transfer="
            f"{transfer!r} would need light"
        )
    pixels = _finite(image.pixels, "PNG")
    _warn_outside(pixels, 0.0, 1.0, "PNG files")
    kind = image.calibration.transfer
    bits = depth or (16 if kind in _PEAKS else 8)
    assert isinstance(bits, int)
    top = 2**bits - 1
    codes = np.rint(np.clip(pixels.astype(np.float64), 0, 1) * top)
    plain = kind == "srgb" and image.primaries == "bt709"
    points = None if plain else cicp.to_cicp(image.primaries, cast(Any, kind))  # None: linear
    return png.write(codes.astype(np.uint8 if bits == 8 else np.uint16), points)


def _as_codes(array: NDArray[Any]) -> Image:
    """Return an array of floats as sRGB code values."""
    if array.dtype.kind != "f":
        raise ImageWriteError(f"a PNG is made of uint8, uint16 or floats, not {array.dtype}")
    image = Image(array.astype(np.float32), Calibration("display", transfer="srgb"))
    if image.pixels.max() > 1:
        raise ImageWriteError(
            f"values up to {image.pixels.max():g} are no code values in [0, 1]: "
            "tone-map first, or pass integers"
        )
    return image


def _finite(pixels: NDArray[Any], what: str) -> NDArray[Any]:
    if not np.isfinite(pixels).all():
        raise ImageWriteError(f"{what} files cannot hold NaN or infinity")
    return pixels


def _png_codes(array: NDArray[Any], depth: Depth | None) -> bytes:
    bits = 8 * array.dtype.itemsize
    if depth not in (None, bits):
        raise OptionError(f"{array.dtype} code values need depth={bits}, not {depth}")
    codes = array[..., None] if array.ndim == 2 else array
    if codes.ndim != 3 or codes.shape[2] not in (1, 3) or codes.size == 0:
        raise ImageWriteError(f"a PNG is made of (H, W), (H, W, 1) or (H, W, 3), not {array.shape}")
    return png.write(codes, None)


def _encode(image: Image, transfer: str | None) -> Image:
    """Return a linear image as PQ or HLG code values, or as it is where that is wanted."""
    if transfer is None:
        raise ImageWriteError(
            "a PNG cannot hold linear light: tone-map first, or choose transfer='pq' or 'hlg'"
        )
    if transfer == "linear":
        return image
    if transfer not in _PEAKS:
        known = "'pq', 'hlg' or 'linear'"
        raise OptionError(f"transfer is {known} for linear images, not {transfer!r}")
    if image.calibration.kind == "relative":
        raise ImageWriteError(
            f"{transfer} code values stand for cd/m², and this image is relative: scale it first, "
            "as in read_image(path, peak=1000)"
        )
    _finite(image.pixels, "PNG")
    import torch

    from hdrmetrics.photometry.display import Display

    peak = _PEAKS[transfer]
    _warn_outside(image.pixels, 0.0, peak, f"{transfer} code values")
    display = Display(
        "file", eotf=cast(Any, transfer), peak=peak, contrast=None, primaries=image.primaries
    )
    codes = display.inverse(image.tensor(dtype=torch.float64))
    return image.replace(
        pixels=codes[0].permute(1, 2, 0).numpy(),
        calibration=Calibration("display", transfer=cast(Any, transfer)),
    )
