"""OpenEXR files, by part and layer."""

from __future__ import annotations

import importlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.color import CHROMATICITIES, Primaries, rgb_to_xyz_matrix
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.image import Image
from hdrmetrics.io.build import RELATIVE_RULE, Chromaticities, linear_image
from hdrmetrics.io.exr_chroma import rgb_from_chroma
from hdrmetrics.io.exr_chunks import extract
from hdrmetrics.io.exr_header import COMPRESSIONS, HALF, UINT, Part, parse, values
from hdrmetrics.io.printed import printed_by_this_thread
from hdrmetrics.io.source import Source

_COLOURS = (("R", "G", "B"), ("Y", "RY", "BY"), ("Y",))
_WHITE_LUMINANCE = (1e-2, 1e6)
"""cd/m² that a file may credibly give the value 1.0."""


def read(source: Source) -> Image:
    """Read one part and layer of an OpenEXR file.

    Without ``part``, the first part with a picture in its default layer is taken, else the first
    with exactly one named layer. ``part`` is the number or name of a part, or the name of a layer
    (``"diffuse"`` for the channels ``diffuse.R``, ``diffuse.G``, ``diffuse.B``). A picture is
    R, G, B; or Y; or Y with the chroma planes RY and BY.

    The pixels are those of the data window. ``chromaticities`` are converted to BT.709;
    ``whiteLuminance`` makes the image absolute. Deep parts and channels of whole numbers (object
    numbers) are refused.

    Notes
    -----
    Chunk table, sizes and positions are checked here before the OpenEXR library decodes anything.
    Samples carry no check sums, except in the compressions ZIP, ZIPS and PXR24: elsewhere, changed
    bytes can give a changed picture.
    """
    parts, tables, multi_part = parse(source)
    part, layer = _choose(source, parts)
    names = _layers(part)[layer]
    kinds = {channel.name: channel.kind for channel in part.channels}
    integers = [name for name in names if kinds[name] == UINT]
    if integers:
        raise ImageReadError(f"EXR channels {', '.join(integers)} hold whole numbers, no light")
    planes = _decode(extract(source, parts, part, tables, multi_part), part, names)
    chromaticities = _chromaticities(part)
    if len(names) == 3 and _short(names[0]) == "Y":
        try:
            weights = rgb_to_xyz_matrix(chromaticities or CHROMATICITIES["bt709"])[1]
        except OptionError as error:
            raise ImageReadError("corrupt: impossible chromaticities in the header") from error
        luma, red, blue = (plane.astype(np.float32) for plane in planes)
        pixels = rgb_from_chroma(luma, red, blue, weights / weights.sum())
    else:
        pixels = np.empty((*planes[0].shape, len(planes)), np.float32)
        for index, plane in enumerate(planes):
            pixels[..., index] = plane
    white, notes = _white_luminance(part)
    rule = RELATIVE_RULE
    if white is not None:
        rule = f"the file's whiteLuminance: the value 1 is {white:g} cd/m²"
    return linear_image(
        source,
        pixels,
        format_name="exr",
        chromaticities=chromaticities,
        white_luminance=white,
        depth="/".join(sorted({"float16" if kinds[name] == HALF else "float32" for name in names})),
        rule=rule,
        notes=[*notes, *_notes(parts, part, layer)],
        details={
            "compression": COMPRESSIONS[part.compression][0],
            "channels": list(names),
            "part": part.name or part.index,
            "layer": layer,
            "tiled": part.tile is not None,
            "data_window": list(part.data_window),
            "display_window": list(part.display_window),
        },
    )


def _short(name: str) -> str:
    return name.rpartition(".")[2].upper()


def _layers(part: Part) -> dict[str, tuple[str, ...]]:
    """Return the channels of each layer that is a picture; the default layer is ``""``."""
    found: dict[str, dict[str, str]] = {}
    for channel in part.channels:
        layer, _, _ = channel.name.rpartition(".")
        found.setdefault(layer, {})[_short(channel.name)] = channel.name
    layers = {}
    for layer, channels in found.items():
        for colours in _COLOURS:
            if all(colour in channels for colour in colours):
                layers[layer] = tuple(channels[colour] for colour in colours)
                break
    return layers


def _choose(source: Source, parts: list[Part]) -> tuple[Part, str]:
    flat = [part for part in parts if not part.deep]
    if not flat:
        raise ImageReadError("deep EXR files hold lists of samples: flatten them first")
    wanted = source.part
    if isinstance(wanted, int):
        if isinstance(wanted, bool) or not 0 <= wanted < len(parts):
            raise OptionError(
                f"{source.path}: part={wanted}, but the parts are numbered 0 to {len(parts) - 1}"
            )
        return _only(parts[wanted])
    if wanted is not None:
        for part in parts:
            if part.name == wanted:
                return _only(part)
        for part in flat:
            if wanted in _layers(part):
                return part, wanted
        raise OptionError(f"{source.path}: no part or layer {wanted!r}; there {_listing(flat)}")
    for part in flat:
        if "" in _layers(part):
            return part, ""
    for part in flat:
        if len(_layers(part)) == 1:
            return _only(part)
    raise ImageReadError(f"no default picture in this EXR file; there {_listing(flat)}")


def _only(part: Part) -> tuple[Part, str]:
    """Return a part with its default layer, or the only one it has."""
    if part.deep:
        raise ImageReadError("this EXR part is deep: it holds lists of samples; flatten it first")
    layers = _layers(part)
    if "" not in layers and len(layers) != 1:
        raise ImageReadError(f"no default picture in this EXR part; there {_listing([part])}")
    return part, "" if "" in layers else next(iter(layers))


def _listing(parts: list[Part]) -> str:
    """Say what a caller could choose, to follow the word "there"."""
    words = [part.name for part in parts if part.name and _layers(part)]
    words += [layer for part in parts for layer in _layers(part) if layer]
    if words:
        return f"are {', '.join(repr(word) for word in dict.fromkeys(words))}: choose with part="
    channels = [channel.name for part in parts for channel in part.channels]
    return f"are only the channels {', '.join(channels[:20])}"


def _notes(parts: list[Part], part: Part, layer: str) -> list[str]:
    notes = []
    if len(parts) > 1:
        notes.append(f"part {part.name or part.index!r} of {len(parts)} was read")
    if layer:
        notes.append(f"layer {layer!r} was read")
    if any(channel.name == (f"{layer}.A" if layer else "A") for channel in part.channels):
        notes.append("the alpha channel was dropped")
    if part.data_window != part.display_window:
        notes.append("the data window was read; the display window differs from it")
    aspect = values(part.attributes, "pixelAspectRatio", "float", "f")
    if aspect is not None and aspect[0] != 1:
        notes.append(f"pixels are not square (aspect {aspect[0]:g}); taken as if they were")
    return notes


def _chromaticities(part: Part) -> Chromaticities | None:
    fields = values(part.attributes, "chromaticities", "chromaticities", "8f")
    if fields is None:
        return None
    return tuple(zip(fields[0::2], fields[1::2], strict=True))


def _white_luminance(part: Part) -> tuple[float | None, list[str]]:
    fields = values(part.attributes, "whiteLuminance", "float", "f")
    if fields is None:
        return None, []
    low, high = _WHITE_LUMINANCE
    if low <= fields[0] <= high:
        return fields[0], []
    return None, [f"whiteLuminance {fields[0]:g} in the header is not credible and was ignored"]


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
        raise ImageReadError(f"corrupt EXR data ({' '.join(printed).strip()})")
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
