"""The folder beside a page: its pictures are listed in it, and go when no page shows them."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from hdrmetrics.errors import ImageWriteError
from hdrmetrics.jobs.folders import MADE
from hdrmetrics.text.textfile import is_special, remove_drafts, replacing

ENDINGS = (".html", ".htm")
"""What pages are called by, in lower case."""

_NAME = re.compile(r"[0-9a-f]{20}\.(?:jpg|png)|[0-9a-f]{16}-(?:before|after|trace)\.jpg")


def folder_of(page: str | os.PathLike[str]) -> Path:
    """Return the folder beside a page that holds its pictures.

    Examples
    --------
    >>> folder_of("out/page.html").as_posix()
    'out/page_files'
    """
    path = Path(page)
    return path.with_name(f"{path.stem}_files")


def note(picture: Path) -> None:
    """Note that a picture of a page is about to be written, and make its folder if need be.

    A folder that is made here bears the mark :data:`~hdrmetrics.jobs.folders.MADE`, so that nobody
    takes it for a part of the collection it lies in, and the mark lists what was written. In a
    folder that somebody else made, as browsers do for pages they save, nothing is noted.

    Parameters
    ----------
    picture
        Where it will be.

    Raises
    ------
    ImageWriteError
        If the folder cannot be made, or its list not be written.
    """
    folder = picture.parent
    try:
        if not _is_ours(folder):
            return
        with (folder / MADE).open("a", encoding="utf-8") as file:
            # Each in a line of its own, whatever an end in the midst of the one before has left.
            file.write(f"\n{picture.name}")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageWriteError(f"cannot write to {str(folder)!r}: {reason}") from error


def _is_ours(folder: Path) -> bool:
    """Return whether a folder has the mark; one that is not there, or empty, is given it."""
    if _has_mark(folder):
        return True
    if folder.is_symlink() or (folder.exists() and any(folder.iterdir())):
        return _has_mark(folder)  # another thread may have made it since
    if folder.is_dir():  # somebody's, who said whom it is open to
        (folder / MADE).touch()
        return True
    # It appears with its mark, or not at all.
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir(parents=True)
    try:
        (draft / MADE).touch()
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.is_dir():  # else another thread was first
            raise
    return _has_mark(folder)


def _has_mark(folder: Path) -> bool:
    """Return whether a folder has the mark, and both lie here: links may lead to others' files."""
    mark = folder / MADE
    return mark.is_file() and not mark.is_symlink() and not folder.is_symlink()


def remove_unused(page: str | os.PathLike[str]) -> None:
    """Remove pictures beside a page that were made for it, and that it does not show any more.

    Only what the folder's own list names is removed; with the last of it the folder goes, if
    nothing else is in it. What another page that lies beside it shows stays: pages of one name
    (``a.html``, ``a.htm``) share a folder, and a page that was copied, or given another name, shows
    what it did. What cannot be removed stays until the next time: it is litter only.

    Parameters
    ----------
    page
        As it was written; of one that went into a pipe nothing is removed. Nobody else may be
        making it.
    """
    folder = folder_of(page)
    with contextlib.suppress(OSError, ImageWriteError):
        if not is_special(Path(page)):
            _tidy(folder, Path(page))


def _tidy(folder: Path, page: Path) -> None:
    if not _has_mark(folder):
        return
    mark = folder / MADE
    # First: where a page cannot be read, nothing is removed. One that was put by may be called
    # page.html.bak or page.html~.
    beside = [one for one in folder.parent.iterdir() if ".htm" in one.name.lower()]
    shown = _shown({page, *(one for one in beside if folder_of(one) == folder)})
    there = {one for one in os.listdir(folder) if _NAME.fullmatch(one)}
    before = mark.read_text(encoding="utf-8", errors="replace").split()
    listed = {one for one in before if _NAME.fullmatch(one)}
    unused = (listed & there) - shown
    if unused:
        unused -= _shown(beside)
    remove_drafts([mark, *(folder / one for one in listed)])
    for name in unused:
        with contextlib.suppress(OSError):
            (folder / name).unlink()
            there.remove(name)
    # Those that are shown and not listed are of a page that was written before there were lists.
    left = sorted(there & (listed | shown))
    if not left and os.listdir(folder) == [MADE]:
        mark.unlink()
        folder.rmdir()
    elif left != before:
        with replacing(mark) as draft:
            draft.write_text("\n".join(left), encoding="utf-8")


def _shown(pages: Iterable[Path]) -> set[str]:
    """Return the names of pictures that stand in pages."""
    names: set[str] = set()
    for one in pages:
        if one.is_file():
            names.update(_NAME.findall(one.read_text(encoding="utf-8", errors="replace")))
    return names
