"""Which part and layer of an OpenEXR file is the picture."""

from __future__ import annotations

import re
import struct

from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.io.formats.exr.colour import own_space
from hdrmetrics.io.formats.exr.header import UINT, Part, string
from hdrmetrics.io.source import Source

# Names are case-sensitive; small letters are taken where no capital ones make a picture.
_COLOURS = (("R", "G", "B"), ("Y", "RY", "BY"), ("Y",), ("r", "g", "b"), ("y",))
_VECTOR = {"X", "Z"}  # beside them, Y is the second axis of a position, normal or motion
_BEAUTY = ("combined", "beauty", "rgba", "rgb", "color", "colour")
# Words that say anywhere in a name that it is one of data, and those that say it at its end.
_DATA = ("normal", "normals", "position", "worldposition", "depth", "motion", "motionvector",
         "vector", "vectors", "velocity", "mist", "objectid", "indexob", "indexma")  # fmt: skip
_DATA_LAST = ("n", "p", "z", "uv", "st", "id", "alpha", "mask", "matte")
# "world_Normal", "NormalsPass", "P2": what stands between signs, capitals and digits.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

Layers = dict[str, tuple[str, ...]]


def layers(part: Part) -> Layers:
    """Return the channels of each layer that is a picture; the default layer is ``""``."""
    by_layer: dict[str, dict[str, str]] = {}
    for channel in part.channels:
        layer, _, short = channel.name.rpartition(".")
        by_layer.setdefault(layer, {})[short] = channel.name
    pictures = {}
    for layer, channels in by_layer.items():
        vector = bool(_VECTOR & {short.upper() for short in channels})
        for colours in _COLOURS:
            if all(colour in channels for colour in colours) and not (vector and len(colours) == 1):
                pictures[layer] = tuple(channels[colour] for colour in colours)
                break
    return pictures


def choose(source: Source, parts: list[Part]) -> tuple[Part, str]:
    """Return the part and layer that the caller named, or the one that is the picture.

    Without a name: the part with a picture in its default layer, else the one with one layer that
    is called beauty, combined or RGBA, else the first with exactly one layer. Of several parts that
    have a default layer, one that is called beauty, combined or RGBA, else the first of colours,
    else the first. Parts and layers whose name or colour space says that they hold data (normals,
    depth …) and those of whole numbers must be asked for.

    Raises
    ------
    ImageReadError
        If there is no picture, or more than one to choose from.
    OptionError
        If the name fits no part, view or layer.
    """
    flat = [part for part in parts if not part.deep]
    if not flat:
        raise ImageReadError("deep EXR files hold lists of samples: flatten them first")
    if source.part is not None:
        return _named(source, parts, flat, source.part)
    said = {part.index: own_space(part) or own_space(parts[0]) for part in flat}
    if all(name == "data" for name in said.values()):
        raise ImageReadError(
            f"the EXR file says that it holds data, no colours (colorInteropID); there "
            f"{_listing(flat)}"
        )
    pictures = [part for part in flat if said[part.index] != "data" and not _is_data(part.name)]
    # Whole numbers last: where there is nothing else, they are what the error is about.
    pictures.sort(key=_of_whole_numbers)
    defaults = [(part, layer) for part in pictures if (layer := _default(part)) is not None]
    if defaults:
        return min(defaults, key=_rank)
    for wanted in (_beauty, _single):
        for part in pictures:
            layer = wanted(list(layers(part)))
            if layer is not None:
                return part, layer
    raise ImageReadError(f"no default picture in this EXR file; there {_listing(flat)}")


def _default(part: Part) -> str | None:
    """Return the default layer of a part, if it is a picture; some writers name the first view."""
    names = layers(part)
    return next((layer for layer in ("", *views(part)[:1]) if layer in names), None)


def _rank(choice: tuple[Part, str]) -> tuple[bool, bool, bool]:
    """Return how little a default layer looks like the picture beside those of other parts."""
    part, layer = choice
    return _of_whole_numbers(part), _last(part.name) not in _BEAUTY, len(layers(part)[layer]) == 1


def _of_whole_numbers(part: Part) -> bool:
    kinds = {channel.name: channel.kind for channel in part.channels}
    names = [name for names in layers(part).values() for name in names]
    return bool(names) and all(kinds[name] == UINT for name in names)


def _named(
    source: Source, parts: list[Part], flat: list[Part], wanted: str | int
) -> tuple[Part, str]:
    if isinstance(wanted, int):
        if isinstance(wanted, bool) or not 0 <= wanted < len(parts):
            raise OptionError(
                f"{source.path}: part={wanted}, but the parts are numbered 0 to {len(parts) - 1}"
            )
        return _only(parts[wanted])
    for names in (lambda part: part.name, view):
        for part in parts:
            if names(part) == wanted:
                return _only(part)
    for part in flat:
        if wanted in layers(part):
            return part, wanted
    for part in flat:
        # The default view of a file with several has no name in front of its channels.
        if views(part)[:1] == [wanted] and "" in layers(part):
            return part, ""
    raise OptionError(f"{source.path}: no part or layer {wanted!r}; there {_listing(flat)}")


def _only(part: Part) -> tuple[Part, str]:
    """Return a part with its default layer, or the only one it has."""
    if part.deep:
        raise ImageReadError("this EXR part is deep: it holds lists of samples; flatten it first")
    names = list(layers(part))
    layer = _default(part)
    if layer is None:
        layer = _beauty(names) or _single(names)
    if layer is None and len(names) == 1:
        layer = names[0]  # asked for by name, whatever it may be called
    if layer is None:
        raise ImageReadError(f"no default picture in this EXR part; there {_listing([part])}")
    return part, layer


def _beauty(names: list[str]) -> str | None:
    return _only_one([name for name in names if _last(name) in _BEAUTY])


def _single(names: list[str]) -> str | None:
    return _only_one([name for name in names if not _is_data(name)])


def _only_one(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _last(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _is_data(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or _last(name) in _BEAUTY:
        return False
    known = words[-1] in _DATA_LAST or _last(name) in _DATA
    return known or any(
        word in _DATA or word.startswith("crypto") or word.endswith(("normal", "normals"))
        for word in words
    )


def view(part: Part) -> str:
    """Return the view (``"left"``, ``"right"``) that a part of a multi-part file shows."""
    return string(part.attributes, "view")


def views(part: Part) -> list[str]:
    """Return the views in the channels of one part; the first is the default one."""
    kind, body = part.attributes.get("multiView", ("", b""))
    names, offset = [], 0
    while kind == "stringvector" and offset + 4 <= len(body):
        (length,) = struct.unpack_from("<i", body, offset)
        if not 0 <= length <= len(body) - offset - 4:
            break
        names.append(body[offset + 4 : offset + 4 + length].decode("latin-1"))
        offset += 4 + length
    return names


def _listing(parts: list[Part]) -> str:
    """Say what a caller could choose, to follow the word "there"."""
    words = [part.name for part in parts if part.name and layers(part)]
    words += [layer for part in parts for layer in layers(part) if layer]
    if words:
        return f"are {', '.join(repr(word) for word in dict.fromkeys(words))}: choose with part="
    channels = [channel.name for part in parts for channel in part.channels]
    return f"are only the channels {', '.join(channels[:20])}"
