"""In which file an enhanced photograph is written: the original's kind, never over another file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image as Pillow

from hdrmetrics.codecs.samples import to_codes
from hdrmetrics.errors import ImageWriteError
from hdrmetrics.improve.carried import carried
from hdrmetrics.improve.photograph import bits_of
from hdrmetrics.io import write_image
from hdrmetrics.io.kinds import sniff
from hdrmetrics.picture.codes import in_srgb
from hdrmetrics.picture.endings import SUFFIXES
from hdrmetrics.picture.image import Image, pixel_tensor
from hdrmetrics.text.textfile import draft_of

QUALITY = 95
"""Of JPEG and WebP files, which lose little then; JPEG keeps colour at full resolution."""

_PILLOW = {"jpeg": "JPEG", "webp": "WEBP"}
_USUAL = {"jpeg": ".jpg", "webp": ".webp", "png": ".png"}


def ending_for(source: Path) -> str:
    """Return the ending of the enhanced picture of a file.

    JPEG, WebP and PNG files keep theirs; what cannot be written becomes PNG, which loses nothing.

    Examples
    --------
    >>> [ending_for(Path(name)) for name in ("a.JPG", "a.webp", "a.tif", "a.heic")]
    ['.JPG', '.webp', '.png', '.png']
    """
    kind = SUFFIXES.get(source.suffix.lower()) or sniff(source)
    if kind not in _USUAL:
        return ".png"
    known = kind != "png" or source.suffix.lower() == ".png"  # .apng is an animation
    return source.suffix if source.suffix and known else _USUAL[kind]


def names_for(stems: Sequence[str], sources: Sequence[Path], ending: str = "") -> list[str]:
    """Return a name for each file, as like its own as can be without two being the same.

    Parameters
    ----------
    stems
        What the files are called, without their endings.
    sources
        The files.
    ending
        Of all names; by default that of :func:`ending_for` each.

    Examples
    --------
    >>> files = [Path("a.jpg"), Path("b.tif"), Path("c.tif"), Path("c.png")]
    >>> names_for(["a", "b", "c", "c"], files)
    ['a.jpg', 'b.png', 'c.tif.png', 'c.png']
    """
    endings = [ending or ending_for(source) for source in sources]
    names = [stem + end for stem, end in zip(stems, endings, strict=True)]
    taken = [name.casefold() for name in names]
    return [
        name
        if taken.count(name.casefold()) == 1 or source.suffix == end
        else stem + source.suffix + end
        for name, stem, source, end in zip(names, stems, sources, endings, strict=True)
    ]


@contextlib.contextmanager
def written(target: Path, image: Image, source: Path, *, overwrite: bool) -> Iterator[Path]:
    """Write a draft of the enhanced picture, which gets its name when the block ends.

    So it can be looked at as it will be read; whoever rejects it raises an error in the block.

    Parameters
    ----------
    target
        Where to, with an ending of :func:`ending_for`. PNG files have 16 bits where the original
        has more than 8, and any colour coding; JPEG files keep the original's Exif and colour
        profile. Codes that no profile describes are brought to sRGB.
    image
        The enhanced photograph.
    source
        The original.
    overwrite
        Whether a file that is there may be replaced.

    Yields
    ------
    Path
        The draft.

    Raises
    ------
    ImageWriteError
        If the picture cannot be written, or there is such a file already.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageWriteError(f"cannot make the folder {str(target.parent)!r}: {error}") from error
    kind = SUFFIXES[target.suffix.lower()]
    with draft_of(target) as draft:
        if kind == "png":
            write_image(draft, image, depth=bits_of(image))
        else:
            _write_lossy(draft, image, source, _PILLOW[kind])
        yield draft
        if not overwrite and os.path.lexists(target):
            raise ImageWriteError(f"{target} is there already: --overwrite replaces it")


def _write_lossy(draft: Path, image: Image, source: Path, kind: str) -> None:
    more = carried(source, image)
    if more.profile is None:
        image, _ = in_srgb(image)
    options: dict[str, Any] = {"subsampling": "4:4:4"} if kind == "JPEG" else {"method": 4}
    try:
        Pillow.fromarray(to_codes(pixel_tensor(image), 8)).save(
            draft, kind, quality=QUALITY, icc_profile=more.profile, exif=more.exif, **options
        )
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, not the format
            raise ImageWriteError(f"{draft.parent}: {error.strerror}") from error
        raise ImageWriteError(f"{draft.suffix} cannot hold the picture ({error})") from error
