"""OpenEXR files, by part and layer."""

from __future__ import annotations

import importlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageDecodeError, ImageReadError, OptionError
from hdrmetrics.io.build import RELATIVE_RULE, coded_image, linear_image
from hdrmetrics.io.colour.coding import Chromaticities
from hdrmetrics.io.formats.exr.chroma import rgb_from_chroma
from hdrmetrics.io.formats.exr.chunks import extract
from hdrmetrics.io.formats.exr.colour import colour_space, undo_curve
from hdrmetrics.io.formats.exr.header import COMPRESSIONS, HALF, UINT, Part, parse, values
from hdrmetrics.io.formats.exr.pick import choose, layers, views
from hdrmetrics.io.formats.exr.window import check_windows, place
from hdrmetrics.io.processes.printed import printed_by_this_thread
from hdrmetrics.io.source import Source
from hdrmetrics.photometry.color import CHROMATICITIES, Primaries, rgb_to_xyz_matrix
from hdrmetrics.picture.image import Image

_WHITE_LUMINANCE = (1e-2, 1e6)
"""cd/m² that a file may credibly give the value 1.0."""


def read(source: Source) -> Image:
    """Read one part and layer of an OpenEXR file.

    Without ``part``, the picture is looked for as :func:`~hdrmetrics.io.formats.exr.pick.choose`
    says.
    ``part`` is the number, name or view of a part, or the name of a layer (``"diffuse"`` for the
    channels ``diffuse.R``, ``diffuse.G``, ``diffuse.B``). A picture is R, G, B; or Y; or Y with the
    chroma planes RY and BY.

    The picture is the display window, black where the file has no data. The colour space is that
    of the ACES flag, ``colorInteropID`` or ``chromaticities``, in this order, and is converted to
    linear BT.709 unless it is that of a display; ``whiteLuminance`` makes the image absolute. Deep
    parts, channels of whole numbers (object numbers) and positions or normals are refused.

    Notes
    -----
    Chunk table, sizes and positions are checked here before the OpenEXR library decodes anything.
    Samples carry no check sums, except in the compressions ZIP, ZIPS and PXR24: elsewhere, changed
    bytes can give a changed picture.
    """
    parts, tables, multi_part = parse(source)
    part, layer = choose(source, parts)
    check_windows(source, part)
    names = layers(part)[layer]
    kinds = {channel.name: channel.kind for channel in part.channels}
    integers = [name for name in names if kinds[name] == UINT]
    if integers:
        raise ImageReadError(f"EXR channels {', '.join(integers)} hold whole numbers, no light")
    space = colour_space(parts, part)
    alpha = f"{layer}.A" if layer else "A"
    extra = tuple(c.name for c in part.channels if c.name == alpha and c.y_sampling == 1)
    planes = _decode(extract(source, parts, part, tables, multi_part), part, (*names, *extra))
    notes = _notes(parts, part, layer, names)
    if extra and not bool((planes.pop() == 1).all()):
        notes += ["the alpha channel was dropped", "colours are those over black (premultiplied)"]
    pixels, placed = place(_joined(planes, names, space.chromaticities), part)
    notes += [*placed, *space.notes]
    details = _details(part, layer, names)
    if space.coding is not None:
        return coded_image(
            source, pixels, bits=None, coding=space.coding, format_name="exr", details=details,
            notes=notes,
        )  # fmt: skip
    white, rule, incredible = _white_luminance(part)
    return linear_image(
        source,
        undo_curve(pixels, space.curve) if space.curve else pixels,
        format_name="exr",
        chromaticities=space.chromaticities,
        white_luminance=white,
        depth="/".join(sorted({"float16" if kinds[one] == HALF else "float32" for one in names})),
        rule=rule,
        notes=[*incredible, *notes],
        details=details,
    )


def _details(part: Part, layer: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "compression": COMPRESSIONS[part.compression][0],
        "channels": list(names),
        "part": part.name or part.index,
        "layer": layer,
        "tiled": part.tile is not None,
        "data_window": list(part.data_window),
        "display_window": list(part.display_window),
    }


def _joined(
    planes: list[NDArray[Any]], names: tuple[str, ...], chromaticities: Chromaticities | None
) -> NDArray[np.float32]:
    """Return the planes as ``(H, W, 1 or 3)``, colours made of luminance and chroma."""
    if len(names) == 3 and _short(names[0]) == "Y":
        try:
            weights = rgb_to_xyz_matrix(chromaticities or CHROMATICITIES["bt709"])[1]
        except OptionError as error:
            raise ImageReadError("corrupt: impossible chromaticities in the header") from error
        luma, red, blue = (plane.astype(np.float32) for plane in planes)
        return rgb_from_chroma(luma, red, blue, weights / weights.sum())
    pixels = np.empty((*planes[0].shape, len(planes)), np.float32)
    for index, plane in enumerate(planes):
        pixels[..., index] = plane
    return pixels


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _notes(parts: list[Part], part: Part, layer: str, names: tuple[str, ...]) -> list[str]:
    notes = []
    if len(parts) > 1:
        notes.append(f"part {part.name or part.index!r} of {len(parts)} was read")
    if layer:
        notes.append(f"layer {layer!r} was read")
    several = views(part)
    if len(several) > 1 and not layer:
        notes.append(f"view {several[0]!r} of {', '.join(several)} was read")
    if _short(names[0]).islower():
        notes.append(f"the channels {', '.join(names)} were taken as colours")
    aspect = values(part.attributes, "pixelAspectRatio", "float", "f")
    if aspect is not None and aspect[0] != 1:
        notes.append(f"pixels are not square (aspect {aspect[0]:g}); taken as if they were")
    return notes


def _white_luminance(part: Part) -> tuple[float | None, str, list[str]]:
    """Return the cd/m² of the value 1, if the file says so credibly; the rule, and notes."""
    fields = values(part.attributes, "whiteLuminance", "float", "f")
    if fields is None:
        return None, RELATIVE_RULE, []
    low, high = _WHITE_LUMINANCE
    if low <= fields[0] <= high:
        return fields[0], f"the file's whiteLuminance: the value 1 is {fields[0]:g} cd/m²", []
    ignored = f"whiteLuminance {fields[0]:g} in the header is not credible and was ignored"
    return None, RELATIVE_RULE, [ignored]


def _decode(data: bytes, part: Part, names: tuple[str, ...]) -> list[NDArray[Any]]:
    """Return the planes of some channels of a file with one part."""
    library = importlib.import_module("OpenEXR")
    # The library prints what it cannot decode and then leaves the part out.
    with printed_by_this_thread() as printed:
        try:
            parts = library.File(io.BytesIO(data), separate_channels=True).parts
        except Exception as error:  # it raises RuntimeError, ValueError, TypeError …
            raise ImageReadError(f"corrupt EXR data ({error})") from error
    if len(parts) != 1:
        raise ImageDecodeError(f"corrupt EXR data ({' '.join(printed).strip()})")
    width, height = part.size
    planes = [np.asarray(parts[0].channels[name].pixels) for name in names]
    half = (height // 2, width // 2)
    for name, plane in zip(names, planes, strict=True):
        chroma = _short(name) in ("RY", "BY")
        if plane.shape != (height, width) and not (chroma and plane.shape == half):
            raise ImageReadError(
                f"EXR channel {name!r} is subsampled: only 2 × 2 chroma planes are"
            )
    return planes


def write(
    path: str, pixels: NDArray[np.floating[Any]], primaries: Primaries, absolute: bool
) -> None:
    """Write a scanline file with ZIP compression.

    Parameters
    ----------
    path
        Where to.
    pixels
        ``(H, W, 1)`` (channel Y) or ``(H, W, 3)``, float16 or float32.
    primaries
        Written as ``chromaticities``.
    absolute
        Whether values are cd/m²: then ``whiteLuminance`` 1 says so.
    """
    library = importlib.import_module("OpenEXR")
    header = {
        "compression": library.ZIP_COMPRESSION,
        "type": library.scanlineimage,
        "chromaticities": tuple(value for point in CHROMATICITIES[primaries] for value in point),
    }
    if absolute:
        header["whiteLuminance"] = 1.0
    names = ("Y",) if pixels.shape[2] == 1 else ("R", "G", "B")
    planes = {name: np.ascontiguousarray(pixels[..., i]) for i, name in enumerate(names)}
    library.File(header, planes).write(path)
