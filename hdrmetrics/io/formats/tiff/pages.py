"""Which directory of a TIFF file is the picture: not the thumbnail, not the camera's raw data."""

from __future__ import annotations

import re

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.formats.tiff.tags import Directory, Tags, number, read_directories, read_layout
from hdrmetrics.io.source import Source

_NEW_KIND, _KIND, _WIDTH, _HEIGHT, _PHOTOMETRIC, _DNG = 254, 255, 256, 257, 262, 50706
_DESCRIPTION, _ORIENTATION, _PROFILE = 270, 274, 34675
_REDUCED, _MASK, _DEPTH = 1, 4, 8
_OLD_REDUCED = 2
_STACK = re.compile(rb"ImageJ=[^\0]*?\nimages=(\d{1,9})\n", re.DOTALL)
_RAW = (32803, 34892)  # colour filter array, linear raw
# Behind the header of a CR2 file, whose raw data have no colour space of their own.
_CANON = b"CR\2\0"
_RAW_FOUND = "a camera's raw file"


class CameraRawError(ImageReadError):
    """A TIFF file is a camera's raw file."""


def choose(source: Source) -> tuple[Tags, str, list[str]]:
    """Return the tags of the main picture, the byte order, and notes for the user.

    The first directory that is no reduced copy, mask or depth map; sub-directories count as
    standing right behind their owner. One that has a larger picture below itself is a thumbnail,
    whatever it says. Where all are reduced, the first is taken, with a note. An orientation holds
    for what is below its directory, too.

    Raises
    ------
    ImageReadError
        If the file is broken.
    CameraRawError
        If its picture is a camera's raw data, whatever preview there may be.

    References
    ----------
    Adobe, TIFF Revision 6.0, 1992, NewSubfileType; Adobe, Digital Negative 1.7, 2023.
    """
    if source.data[8:12] == _CANON:
        raise CameraRawError(_RAW_FOUND)
    layout = read_layout(source)
    directories, broken = read_directories(source, layout)
    pictures = [one for one in directories if _WIDTH in one.tags and _HEIGHT in one.tags]
    if not pictures:
        raise ImageReadError("corrupt: no TIFF directory announces a size")
    full = [one for one in pictures if not _kind(one.tags) & (_REDUCED | _MASK | _DEPTH)]
    if broken and not full:
        raise ImageReadError("truncated or corrupt: only a thumbnail of the TIFF can be found")
    picture = full[0] if full else pictures[0]
    below = [one for one in full if picture in _above(one) and _area(one) > _area(picture)]
    picture = max(below, key=_area) if below else picture
    raw = [one for one in pictures if _whole(one.tags, _PHOTOMETRIC) in _RAW]
    if picture in raw or max(map(_area, raw), default=0) > _area(picture):
        raise CameraRawError(_RAW_FOUND)
    notes = _notes(picture, directories[0], full, broken)
    tags, owners = picture.tags, [one.tags for one in _above(picture)]
    turned = next((one for one in owners if _ORIENTATION in one), {})
    if turned and _ORIENTATION not in tags:
        tags = tags | {_ORIENTATION: turned[_ORIENTATION]}
    if _PROFILE not in tags and any(_PROFILE in one for one in owners):
        notes.append("the ICC profile of the thumbnail was not applied to the picture")
    return tags, layout.order, notes


def _notes(picture: Directory, first: Directory, full: list[Directory], broken: bool) -> list[str]:
    """Return notes on what else a file holds, of whose directories some are ``full`` pictures."""
    notes = []
    if not full:
        notes.append("the file calls its only picture a reduced copy of another")
    elif picture is not first:
        notes.append("the file begins with a thumbnail: its main picture was read")
    if broken:
        notes.append("truncated or corrupt: a directory behind the picture cannot be read")
    others = [one for one in full if one is not picture and one not in _above(picture)]
    if others:
        larger = max(map(_area, others)) > _area(picture)
        notes.append(
            f"more than one page: the first was read{', though another is larger' * larger}"
        )
    words = picture.tags.get(_DESCRIPTION)
    stack = _STACK.match(words) if isinstance(words, bytes) else None
    if stack and int(stack[1]) > 1:
        notes.append(f"a stack of {int(stack[1])} pictures: the first was read")
    if _DNG in first.tags:
        notes.append("a DNG file: the colour matrices of its camera were not applied")
    return notes


def _above(one: Directory) -> list[Directory]:
    """Return the owner of a sub-directory, its owner and so on."""
    owners = []
    while one.owner is not None:
        one = one.owner
        owners.append(one)
    return owners


def _kind(tags: Tags) -> int:
    if _NEW_KIND in tags:
        return _whole(tags, _NEW_KIND)
    return _REDUCED if _whole(tags, _KIND) == _OLD_REDUCED else 0


def _area(one: Directory) -> int:
    return _whole(one.tags, _WIDTH) * _whole(one.tags, _HEIGHT)


def _whole(tags: Tags, tag: int) -> int:
    """Return a whole number, 0 where there is none: other pages need not be sound."""
    try:
        return number(tags, tag, 0)
    except ImageReadError:
        return 0
