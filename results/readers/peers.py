"""Other readers of pictures, as far as they are installed: samples as they are stored.

Each function takes a path and returns ``(H, W)`` or ``(H, W, C)``: whole numbers divided by their
largest value, floating-point ones as they are, upright where the file says how it was held.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Reader = Callable[[Path], np.ndarray]


def unit(array: np.ndarray, bits: int | None = None) -> np.ndarray:
    """Return floating-point samples; whole numbers are divided by their largest value."""
    if array.dtype == bool:
        return array.astype(np.float32)
    if array.dtype.kind in "ui":
        top = 2**bits - 1 if bits else np.iinfo(array.dtype).max
        return array.astype(np.float64) / top
    return array


def upright(picture: np.ndarray, orientation: int) -> np.ndarray:
    """Return a picture turned as Exif's number says."""
    picture = picture.swapaxes(0, 1) if orientation >= 5 else picture
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return picture[::-1] if orientation in (3, 4, 7, 8) else picture


def openimageio(path: Path) -> np.ndarray:
    """OpenImageIO, with the display window of EXR and without premultiplying."""
    import OpenImageIO as Oiio

    config = Oiio.ImageSpec()
    config["oiio:UnassociatedAlpha"] = 1
    opened = Oiio.ImageInput.open(str(path), config)
    if opened is None:
        raise ValueError(Oiio.geterror()[:200])
    spec, part = opened.spec(), 0
    # Not every part of an EXR file is a picture.
    while not _colours(list(spec.channelnames)) and opened.seek_subimage(part + 1, 0):
        part += 1
        spec = opened.spec()
    pixels = opened.read_image(part, 0, 0, spec.nchannels, "float")
    if pixels is None:
        raise ValueError(opened.geterror()[:200])
    chosen = _colours(list(spec.channelnames))
    pixels = pixels[..., chosen] if chosen else pixels
    window = (spec.full_width, spec.full_height, spec.full_x, spec.full_y)
    if window != (spec.width, spec.height, spec.x, spec.y) and path.suffix.lower() == ".exr":
        full = np.zeros((spec.full_height, spec.full_width, pixels.shape[2]), np.float32)
        x, y = spec.x - spec.full_x, spec.y - spec.full_y
        inside = pixels[max(0, -y) :, max(0, -x) :][
            : max(0, spec.full_height - max(0, y)), : max(0, spec.full_width - max(0, x))
        ]
        top, left = max(0, y), max(0, x)
        full[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
        pixels = full
    return upright(pixels, spec.get_int_attribute("Orientation", 1))


def _colours(names: list[str]) -> list[int]:
    """Return where the colours are: without a layer, in that called beauty, or in the only one."""
    layers: dict[str, list[str]] = {}
    for name in names:
        layer, _, short = name.rpartition(".")
        layers.setdefault(layer, []).append(short)
    found = {}
    for layer, shorts in layers.items():
        for wanted in (("R", "G", "B"), ("Y",), ("I",), ("r", "g", "b")):
            if set(wanted) <= set(shorts) and not ("X" in shorts and wanted == ("Y",)):
                found[layer] = [names.index(f"{layer}.{s}" if layer else s) for s in wanted]
                break
    called = [one for one in found if one.lower().rpartition(".")[2] in ("combined", "beauty")]
    for layer in ("", *called, *(found if len(found) == 1 else ())):
        if layer in found:
            return found[layer]
    return []


def tifffile(path: Path) -> np.ndarray:
    """Read with tifffile: the first page that is no reduced copy."""
    import tifffile as library

    with library.TiffFile(path) as file:
        # By number: going through the pages themselves never ends where they form a loop.
        numbered = (file.pages[index] for index in range(len(file.pages)))
        pages: list[Any] = [page for page in numbered if isinstance(page, library.TiffPage)]
        pages += [sub for page in pages if page.pages for sub in page.pages]
        page = next((page for page in pages if not page.subfiletype & 5), pages[0])
        array = page.asarray(maxworkers=1)
        if page.planarconfig == 2 and array.ndim == 3:
            array = np.moveaxis(array, 0, 2)
        bits = page.bitspersample if isinstance(page.bitspersample, int) else None
        photometric = int(page.photometric)
        if photometric == 3:
            array = unit(np.moveaxis(page.colormap[:, array], 0, 2), 16)
        else:
            array = unit(array, bits)
            array = 1 - array if photometric == 0 else array
        orientation = page.tags.get(274)
        return upright(array, int(orientation.value) if orientation else 1)


def pillow(path: Path) -> np.ndarray:
    """Read the first frame with Pillow, turned as Exif says."""
    from PIL import Image, ImageOps

    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened)
        if picture.mode.startswith("I;16") or picture.mode in ("F", "I"):
            array = np.asarray(picture)
            return unit(array, 16) if array.dtype.kind in "ui" else array
        grey = picture.mode in ("1", "L")
        alpha = "A" in picture.mode or "transparency" in picture.info
        return unit(np.asarray(picture.convert("L" if grey else "RGBA" if alpha else "RGB")))


_BY_SUFFIX = {
    ".jxl": "jpegxl", ".avif": "avif", ".jp2": "jpeg2k", ".j2k": "jpeg2k", ".qoi": "qoi",
    ".png": "png", ".webp": "webp", ".jpg": "jpeg8", ".jpeg": "jpeg8", ".jxr": "jpegxr",
    ".bmp": "bmp", ".gif": "gif",
}  # fmt: skip


def imagecodecs(path: Path) -> np.ndarray:
    """Read with imagecodecs, by the ending of the file; ten-bit AVIF is scaled by its own bits."""
    import imagecodecs as library

    name = _BY_SUFFIX.get(path.suffix.lower())
    if name is None:
        raise NotImplementedError(f"no codec for {path.suffix}")
    data = path.read_bytes()
    options: dict[str, Any] = {"index": 0} if name in ("gif",) else {}
    array = getattr(library, f"{name}_decode")(data, **options)
    bits = None
    if array.dtype == np.uint16:
        top = int(array.max())
        bits = next(b for b in (10, 12, 16) if top < 2**b) if name in ("avif", "jpeg2k") else 16
    return unit(array, bits)


def pillow_heif(path: Path) -> np.ndarray:
    """Read HEIC and HEIF with pillow-heif."""
    import pillow_heif as library

    opened = library.open_heif(path, convert_hdr_to_8bit=False)
    return unit(np.asarray(opened))


def openexr(path: Path) -> np.ndarray:
    """Read the first part with colours with the OpenEXR library: its data window."""
    import OpenEXR

    for part in OpenEXR.File(str(path), separate_channels=True).parts:
        names = list(part.channels)
        chosen = _colours(names)
        if chosen:
            return np.stack([part.channels[names[i]].pixels for i in chosen], axis=-1)
    raise ValueError("no colours")


def imageio(path: Path) -> np.ndarray:
    """Read with imageio, which is known to misread EXR and Radiance files in silence."""
    import imageio.v3 as library

    return unit(np.asarray(library.imread(path)))


def _program(name: str, path: Path, ending: str, *options: str) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"out{ending}"
        command = [name, *options, str(path), str(out)]
        done = subprocess.run(command, capture_output=True, timeout=60)
        if done.returncode or not out.exists():
            raise ValueError(done.stderr.decode(errors="replace")[-200:])
        if ending == ".pfm":
            return _pfm(out.read_bytes())
        import imagecodecs as library

        return unit(library.png_decode(out.read_bytes()))


def _pfm(data: bytes) -> np.ndarray:
    kind, size, scale, body = data.split(b"\n", 3)
    width, height = map(int, size.split())
    pixels = np.frombuffer(body, "<f4" if float(scale) < 0 else ">f4")
    return pixels.reshape(height, width, 3 if kind == b"PF" else 1)[::-1]


def djxl(path: Path) -> np.ndarray:
    """Decode with djxl of libjxl."""
    return _program("djxl", path, ".pfm")


def avifdec(path: Path) -> np.ndarray:
    """Decode with avifdec of libavif, to 16 bits."""
    return _program("avifdec", path, ".png", "-d", "16")


_TIFF = (".tif", ".tiff", ".dng")
_ANY: tuple[str, ...] = ()
PEERS: dict[str, tuple[Reader, str, tuple[str, ...]]] = {
    "OpenImageIO": (openimageio, "OpenImageIO", _ANY),
    "tifffile": (tifffile, "tifffile", _TIFF),
    "Pillow": (pillow, "PIL", _ANY),
    "imagecodecs": (imagecodecs, "imagecodecs", tuple(_BY_SUFFIX)),
    "pillow-heif": (pillow_heif, "pillow_heif", (".heic", ".heif", ".hif")),
    "OpenEXR": (openexr, "OpenEXR", (".exr",)),
    "imageio": (imageio, "imageio", _ANY),
    "djxl": (djxl, "djxl", (".jxl",)),
    "avifdec": (avifdec, "avifdec", (".avif",)),
}
"""Function, module or program that it needs, and the endings that it is for (all if empty)."""
UNASKED = ("imageio",)
"""Readers that are tried only by name."""


def installed() -> list[str]:
    """Return the names of the readers that are there."""
    return [
        name
        for name, (_, needs, _) in PEERS.items()
        if (shutil.which(needs) if name in ("djxl", "avifdec") else importlib.util.find_spec(needs))
    ]


def suited(names: list[str], path: Path) -> list[str]:
    """Return those of some readers that are for a file's ending."""
    ending = path.suffix.lower()
    return [name for name in names if not PEERS[name][2] or ending in PEERS[name][2]]
