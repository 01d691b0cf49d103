"""Which directory of a TIFF file is the picture: not the thumbnail, not the camera's raw data."""

from __future__ import annotations

import re

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.source import Source
from hdrmetrics.io.tiff_tags import Tags, number, read_directories, read_layout

_NEW_KIND, _KIND, _WIDTH, _HEIGHT, _PHOTOMETRIC, _DNG = 254, 255, 256, 257, 262, 50706
_DESCRIPTION = 270
_REDUCED, _MASK = 1, 4
_OLD_REDUCED = 2
_STACK = re.compile(rb"ImageJ=[^\0]*?\nimages=(\d{1,9})\n", re.DOTALL)
_RAW = (32803, 34892)  # colour filter array, linear raw
_CANON = b"CR"  # behind the header of a CR2 file, whose raw data have no colour space of their own
_RAW_ADVICE = (
    "a camera's raw file: develop it first, for example with rawpy or darktable, to a 16-bit TIFF "
    "or an EXR"
)


def choose(source: Source) -> tuple[Tags, str, list[str]]:
    """Return the tags of the main picture, the byte order, and notes for the user.

    The first directory that is neither a reduced copy nor a mask; sub-directories count as
    standing right behind their owner. Where all are reduced, the first is taken, with a note.

    Raises
    ------
    ImageReadError
        If the file is broken, or a camera's raw file with a preview.

    References
    ----------
    Adobe, TIFF Revision 6.0, 1992, NewSubfileType; Adobe, Digital Negative 1.7, 2023.
    """
    if source.data[8:10] == _CANON:
        raise ImageReadError(_RAW_ADVICE)
    layout = read_layout(source)
    directories = read_directories(source, layout)
    pictures = [tags for tags in directories if _WIDTH in tags and _HEIGHT in tags]
    if not pictures:
        raise ImageReadError("corrupt: no TIFF directory announces a size")
    full = [tags for tags in pictures if not _kind(tags) & (_REDUCED | _MASK)]
    chosen = full[0] if full else pictures[0]
    raw = [tags for tags in pictures if _whole(tags, _PHOTOMETRIC) in _RAW]
    if raw and (chosen in raw or max(map(_area, raw)) > _area(chosen)):
        raise ImageReadError(_RAW_ADVICE)
    notes = []
    if len(full) > 1:
        notes.append("more than one page: the first was read")
    elif not full:
        notes.append("the file calls its only picture a reduced copy of another")
    elif chosen is not directories[0]:
        notes.append("the file begins with a thumbnail: its main picture was read")
    words = chosen.get(_DESCRIPTION)
    stack = _STACK.match(words) if isinstance(words, bytes) else None
    if stack and int(stack[1]) > 1:
        notes.append(f"a stack of {int(stack[1])} pictures: the first was read")
    if _DNG in directories[0]:
        notes.append("a DNG file: the colour matrices of its camera were not applied")
    return chosen, layout.order, notes


def _kind(tags: Tags) -> int:
    if _NEW_KIND in tags:
        return _whole(tags, _NEW_KIND)
    return _REDUCED if _whole(tags, _KIND) == _OLD_REDUCED else 0


def _area(tags: Tags) -> int:
    return _whole(tags, _WIDTH) * _whole(tags, _HEIGHT)


def _whole(tags: Tags, tag: int) -> int:
    """Return a whole number, 0 where there is none: other pages need not be sound."""
    try:
        return number(tags, tag, 0)
    except ImageReadError:
        return 0
